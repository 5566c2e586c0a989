//! `zhenglian init`: makes the keys of a new department and its member card.
//!
//! The card is public. It goes to whoever joins the cards into a genesis file;
//! the keys never leave the folder.

use std::path::{Path, PathBuf};

use ledger::department::Card;
use ledger::founding::{Founder, actor_commit};
use ledger::text::Words;
use node::Node;
use serde::Serialize;

use crate::config::{Config, ConfigArgument, Mistake};
use crate::exit::Failure;
use crate::keys::{KeyFault, Keys};
use crate::output::Output;

/// The card's file, beside the configuration.
const CARD_FILE: &str = "card.bin";

/// Arguments of `zhenglian init`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Print what was made as JSON.
    #[arg(long)]
    json: bool,
}

/// What `init` made.
#[derive(Serialize)]
struct Made {
    department: String,
    card: PathBuf,
    keys: PathBuf,
    validator: bool,
}

/// Makes keys and card.
///
/// # Errors
/// A mistaken configuration, keys that are already there, or a folder that cannot be written.
pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let path = &arguments.config.config;
    let config = Config::load(path, std::env::vars()).map_err(Failure::Mistakes)?;
    Keys::make(&config.store.keys, config.node.validator).map_err(|fault| match fault {
        KeyFault::Exists { .. } => Failure::Usage(fault.to_string()),
        KeyFault::Io { .. } | KeyFault::Mode { .. } | KeyFault::Content { .. } | KeyFault::Random => {
            Failure::fault("keys could not be made", fault)
        }
    })?;
    let keys = Keys::load(&config.store.keys, config.node.validator).map_err(Failure::Mistakes)?;
    let card = card(&config, &keys)?;
    let card_path = path.parent().unwrap_or(Path::new(".")).join(CARD_FILE);
    std::fs::write(&card_path, ledger::wire::to_bytes(&card))
        .map_err(|error| Failure::fault(&format!("{} could not be written", card_path.display()), error))?;
    let made = Made {
        department: config.department.id.to_string(),
        card: card_path,
        keys: config.store.keys,
        validator: config.node.validator,
    };
    if arguments.json {
        return output.json(&made);
    }
    output.line(format_args!("made the keys of {} in {}", made.department, made.keys.display()));
    output.line(format_args!("made its member card {}", made.card.display()));
    Ok(())
}

/// The public card of these keys.
///
/// # Errors
/// A name that cannot stand on the chain, or signing that breaks.
pub(crate) fn card(config: &Config, keys: &Keys) -> Result<Card, Failure> {
    let department = &config.department;
    let name = Words::new(&department.name_zh, &department.name_en).map_err(|error| {
        Failure::Mistakes(vec![Mistake::new(
            "department.name_zh, name_en",
            error.to_string(),
            "shorten or mend",
        )])
    })?;
    let founder = Founder {
        id: department.id.clone(),
        name,
        region: department.region.clone(),
        inspectorate: department.inspectorate,
        codes: department.codes.clone(),
        office: &keys.office,
        online: &keys.online,
        sealing: &keys.sealing,
        consensus: keys.consensus.as_ref(),
        peer: Node::peer_key(&keys.peer)
            .map_err(|error| Failure::fault("the peer key cannot be used", error))?,
        actor_commit: actor_commit(&keys.actor),
    };
    founder.card().map_err(|error| Failure::fault("a proof of possession could not be signed", error))
}
