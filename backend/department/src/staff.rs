//! `zhenglian staff add`: a staff account of this department's portal.

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use gm::sm2::PublicKey;
use serde::Serialize;
use services::audit_log::{AuditKey, AuditLog};
use services::codes::Role;
use services::staff::{self, NewAccount};
use services::store::OfficeStore;
use services::{OfficeRefusal, ServiceError};
use zeroize::Zeroizing;

use crate::config::{Config, ConfigArgument, Mistake};
use crate::exit::Failure;
use crate::keys::Keys;
use crate::output::Output;
use crate::private;

/// Longest password file read.
const PASSWORD_BYTES_MAX: u64 = 1_024;

/// Outside a demonstration.
const NO_KEY: &str = "an administrator has a key of their own from the start: run `zhenglian officer-key new`, \
                      and name the file with its public half by --public-key";

/// Commands about staff.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Add an administrator, or anyone in a demonstration.
    Add(AddArguments),
}

/// Arguments of `zhenglian staff add`.
#[derive(clap::Args)]
pub(crate) struct AddArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// What is typed into the sign-in form.
    #[arg(long)]
    account: String,
    /// The person's name.
    #[arg(long)]
    name: String,
    /// `SYS_ADMIN`, `SEC_ADMIN` or `AUDIT_ADMIN`, each once; in a demonstration any role, more than once.
    #[arg(long = "role", required = true)]
    roles: Vec<String>,
    /// In a demonstration: file whose first line is the password; standard input without it.
    #[arg(long)]
    password_file: Option<PathBuf>,
    /// File with the public half of the officer's own key, as `zhenglian officer-key` prints it.
    #[arg(long)]
    public_key: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// What `staff add` did.
#[derive(Serialize)]
struct Added<'a> {
    account: &'a str,
    roles: &'a [String],
    /// To be changed at the first sign-in; nowhere kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    one_time_secret: Option<&'a str>,
}

/// Adds an account: an administrator, who makes the others in the portal; in a demonstration anyone.
///
/// # Errors
/// A mistaken configuration, account, role, key or password, or a store that cannot be written.
pub(crate) fn add(arguments: &AddArguments, output: &Output) -> Result<(), Failure> {
    let config = Config::load(&arguments.config.config, std::env::vars()).map_err(Failure::Mistakes)?;
    let roles = roles(&arguments.roles)?;
    let key = arguments.public_key.as_deref().map(public_key).transpose()?;
    let password =
        if config.portal.demo { Some(password(arguments.password_file.as_deref())?) } else { None };
    let (account, name) = (arguments.account.clone(), arguments.name.clone());
    let keys = Keys::load(&config.store.keys, config.node.validator).map_err(Failure::Mistakes)?;
    private::own(&config.store.data)?;
    let secret = crate::assemble::block_on(async {
        let store = OfficeStore::open(&crate::assemble::office_folder(&config))
            .await
            .map_err(|fault| Failure::fault("the office's store cannot be opened", fault))?;
        let audit = AuditLog::open(&store, AuditKey::of(&keys.store))
            .await
            .map_err(|fault| Failure::fault("the audit log cannot be opened", fault))?;
        let added = match (password, roles.as_slice()) {
            (Some(password), _) => {
                staff::add(&store, &audit, NewAccount { account, name, roles, password, key })
                    .await
                    .map(|()| None)
            }
            (None, [role]) => match key {
                Some(key) => staff::appoint(&store, &audit, &account, &name, *role, key).await.map(Some),
                None => return Err(Failure::Usage(NO_KEY.to_owned())),
            },
            (None, _) => Err(ServiceError::Refused(OfficeRefusal::StaffInPortal.into())),
        };
        store.close().await;
        added.map_err(refused)
    })?;
    let secret = secret.as_ref().map(|secret| secret.as_str());
    if arguments.json {
        return output.json(&Added {
            account: &arguments.account,
            roles: &arguments.roles,
            one_time_secret: secret,
        });
    }
    output.line(format_args!("added {} as {}", arguments.account, arguments.roles.join(", ")));
    if let Some(secret) = secret {
        output.line(format_args!("one-time secret, for seven days and shown only here: {secret}"));
    }
    Ok(())
}

fn public_key(path: &Path) -> Result<PublicKey, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", path.display())))?;
    staff::read_key(&text)
        .ok_or_else(|| Failure::Usage(format!("{} does not hold a public key", path.display())))
}

fn roles(codes: &[String]) -> Result<Vec<Role>, Failure> {
    let known = Role::ALL.iter().map(|role| role.code()).collect::<Vec<_>>().join(", ");
    let mut mistakes = Vec::new();
    let mut roles = Vec::new();
    for code in codes {
        match Role::from_code(code) {
            Some(role) => roles.push(role),
            None => mistakes.push(Mistake::new("--role", format!("{code:?} is no role"), known.clone())),
        }
    }
    if mistakes.is_empty() { Ok(roles) } else { Err(Failure::Mistakes(mistakes)) }
}

/// The first line of the file or of standard input.
fn password(file: Option<&Path>) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    let read = match file {
        Some(path) => std::fs::File::open(path)
            .and_then(|file| file.take(PASSWORD_BYTES_MAX).read_to_string(&mut text))
            .map(|_| ()),
        None => std::io::stdin().lock().take(PASSWORD_BYTES_MAX).read_line(&mut text).map(|_| ()),
    };
    read.map_err(|error| Failure::Usage(format!("the password cannot be read: {error}")))?;
    let first = Zeroizing::new(text.lines().next().unwrap_or_default().to_owned());
    if first.is_empty() { Err(Failure::Usage("the password is empty".to_owned())) } else { Ok(first) }
}

fn refused(error: ServiceError) -> Failure {
    match error {
        ServiceError::Invalid(fields) => Failure::Mistakes(
            fields
                .iter()
                .map(|field| {
                    Mistake::new(format!("--{}", field.field), field.code.code(), "mend it and run again")
                })
                .collect(),
        ),
        ServiceError::Refused(code) if code == OfficeRefusal::StaffInPortal.into() => Failure::Usage(
            "here only one administrator is added at a time, in one role: SYS_ADMIN, SEC_ADMIN or AUDIT_ADMIN; \
             they make and open all other accounts in the portal"
                .to_owned(),
        ),
        ServiceError::Refused(code) if code == OfficeRefusal::StaffHeld.into() => Failure::Usage(
            "somebody holds this role: the system administrator stops their account first, in the portal"
                .to_owned(),
        ),
        other => Failure::fault("the account was not added", other),
    }
}
