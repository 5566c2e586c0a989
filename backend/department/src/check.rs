//! `zhenglian check`: everything `run` would stumble over, all at once.

use std::path::Path;

use exchange::Binding;
use ledger::department::Member;
use ledger::genesis::Genesis;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::config::{Config, ConfigArgument, Mistake};
use crate::exit::Failure;
use crate::keys::{Keys, SECRET_FILE_BYTES_MAX, read_secret};
use crate::output::Output;

/// Arguments of `zhenglian check`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// What was found good.
#[derive(Serialize)]
struct Told {
    department: String,
    root: String,
    validator: bool,
    peers: usize,
    bindings: usize,
}

/// What a configuration names, read and found to fit together.
pub(crate) struct Checked {
    pub(crate) config: Config,
    pub(crate) keys: Keys,
    pub(crate) genesis: Genesis,
    pub(crate) bindings: Vec<Binding>,
    /// What the portal shows the identity provider, where one is named.
    pub(crate) oidc_secret: Option<Zeroizing<String>>,
}

/// Checks configuration, keys, genesis and bindings.
///
/// # Errors
/// Every mistake found.
pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let checked = crate::assemble::block_on(everything(&arguments.config.config))?;
    let told = Told {
        department: checked.config.department.id.to_string(),
        root: checked.genesis.chain().to_string(),
        validator: checked.config.node.validator,
        peers: checked.config.peers.len(),
        bindings: checked.bindings.len(),
    };
    if arguments.json {
        return output.json(&told);
    }
    output.line(format_args!(
        "{}: in order; trust root {}, {} peers, {} bindings",
        told.department, told.root, told.peers, told.bindings
    ));
    Ok(())
}

/// Reads and checks all that `run` needs.
///
/// # Errors
/// Every mistake found.
pub(crate) async fn everything(path: &Path) -> Result<Checked, Failure> {
    let config = Config::load(path, std::env::vars()).map_err(Failure::Mistakes)?;
    let mut mistakes = Vec::new();
    let keys = taken(Keys::load(&config.store.keys, config.node.validator), &mut mistakes);
    let genesis = taken(genesis(&config.store.genesis).map_err(|mistake| vec![mistake]), &mut mistakes);
    let bindings = bindings(&config.exchange.bindings, &mut mistakes).await;
    let oidc_secret = oidc_secret(&config, &mut mistakes);
    if let (Some(keys), Some(genesis)) = (&keys, &genesis) {
        mistakes.extend(membership(&config, keys, genesis)?);
    }
    match (keys, genesis) {
        (Some(keys), Some(genesis)) if mistakes.is_empty() => {
            Ok(Checked { config, keys, genesis, bindings, oidc_secret })
        }
        _ => Err(Failure::Mistakes(mistakes)),
    }
}

/// The secret that the configuration names, if it names an identity provider. The provider itself is not asked:
/// it may be down, and a department starts without it.
fn oidc_secret(config: &Config, mistakes: &mut Vec<Mistake>) -> Option<Zeroizing<String>> {
    let oidc = config.oidc.as_ref()?;
    let mend = "write the client's secret there, for this user alone";
    let key = "sign_in.oidc.client_secret_file";
    let what = match read_secret(&oidc.client_secret_file) {
        Ok(secret) if secret.is_empty() => "names an empty file".to_owned(),
        Ok(secret) if secret.len() as u64 > SECRET_FILE_BYTES_MAX => {
            "names a file that is too long".to_owned()
        }
        Ok(secret) => return Some(secret),
        Err(fault) => fault.to_string(),
    };
    mistakes.push(Mistake::new(key, what, mend));
    None
}

/// The value, or its mistakes beside those already found.
fn taken<T>(read: Result<T, Vec<Mistake>>, mistakes: &mut Vec<Mistake>) -> Option<T> {
    read.map_err(|found| mistakes.extend(found)).ok()
}

/// The genesis file.
///
/// # Errors
/// A file that is missing or is none.
pub(crate) fn genesis(path: &Path) -> Result<Genesis, Mistake> {
    let mistake = |what: String| {
        Mistake::new(
            path.display().to_string(),
            what,
            "take the genesis file of the chain from another member",
        )
    };
    let bytes = std::fs::read(path).map_err(|error| mistake(format!("cannot be read: {error}")))?;
    Genesis::parse(&bytes).map_err(|error| mistake(error.to_string()))
}

/// Every binding of the folder, each compared with its database.
async fn bindings(folder: &Path, mistakes: &mut Vec<Mistake>) -> Vec<Binding> {
    let mut bindings = Vec::new();
    if !folder.exists() {
        return bindings;
    }
    let paths = match binding_files(folder) {
        Ok(paths) => paths,
        Err(error) => {
            mistakes.push(Mistake::new(
                "exchange.bindings",
                error.to_string(),
                "name a folder that can be read",
            ));
            return bindings;
        }
    };
    for path in paths {
        let checked = match Binding::load(&path) {
            Ok(binding) => exchange::check_binding(&binding).await.map(|()| binding),
            Err(fault) => Err(fault),
        };
        match checked {
            Ok(binding) => bindings.push(binding),
            Err(fault) => mistakes.push(Mistake::new(
                path.display().to_string(),
                fault.to_string(),
                "mend the binding, or the table it names",
            )),
        }
    }
    bindings
}

/// `*.toml` without `*.entry.toml`, in the order of their names.
fn binding_files(folder: &Path) -> std::io::Result<Vec<std::path::PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".toml") && !name.ends_with(".entry.toml") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Whether the chain knows this department by the keys it has, and the peers it is to dial.
fn membership(config: &Config, keys: &Keys, genesis: &Genesis) -> Result<Vec<Mistake>, Failure> {
    let mut mistakes = Vec::new();
    let own = crate::init::card(config, keys)?;
    let other_keys = "use the keys and the genesis file that belong together";
    match genesis.member(&config.department.id) {
        None => mistakes.push(Mistake::new("department.id", "is no member of the chain", other_keys)),
        Some(member) => {
            let same =
                member.keys().iter().zip(own.member.keys()).all(|((_, theirs), (_, ours))| *theirs == ours);
            if !same || member.peer != own.member.peer || member.actor_commit != own.member.actor_commit {
                mistakes.push(Mistake::new("store.keys", "are not those of the member card", other_keys));
            }
            let said = |member: &Member| (member.region.clone(), member.inspectorate, member.codes.clone());
            if said(member) != said(&own.member) {
                let mend = "write what stands on the member card";
                mistakes.push(Mistake::new("department", "is not what the chain says", mend));
            }
        }
    }
    let listed = genesis.validators.iter().find(|validator| validator.department == config.department.id);
    match (listed, &own.validator) {
        (None, Some(_)) => {
            mistakes.push(Mistake::new("node.validator", "the chain lists none", "write false"))
        }
        (Some(_), None) => mistakes.push(Mistake::new("node.validator", "the chain lists one", "write true")),
        (Some(theirs), Some(ours)) if theirs.key != ours.key => {
            mistakes.push(Mistake::new("store.keys", "consensus.key is not the chain's", other_keys));
        }
        (None, None) | (Some(_), Some(_)) => {}
    }
    for (index, peer) in config.peers.iter().enumerate() {
        if genesis.member(&peer.department).is_none() {
            let key = format!("peer[{index}].department");
            mistakes.push(Mistake::new(key, "is no member of the chain", "remove the section"));
        }
    }
    Ok(mistakes)
}
