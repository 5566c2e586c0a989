//! `zhenglian audit`: the department's own audit log, checked against the chain and taken out.
//!
//! Both read beside the running process, or without it.

use std::path::PathBuf;
use std::sync::Arc;

use gm::store_key::StoreKey;
use ledger::genesis::Genesis;
use ledger::ids::{Height, QueryId};
use serde::Serialize;
use services::audit::{self, Format};
use services::audit_log::{AuditKey, AuditLog, Event, Note};
use services::signed_heads::{Compared, HeadFault, Witness};
use services::store::{OfficeStore, StoreFault};

use crate::config::{Config, ConfigArgument};
use crate::exit::Failure;
use crate::keys::Keys;
use crate::output::Output;
use crate::{check, private};

/// Commands about the audit log.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Check every entry, and every head of the log that this department signed on the chain. Exit codes: 0
    /// the log holds, 3 it was changed, cut or replaced.
    Verify(VerifyArguments),
    /// Write all entries to standard output or a file, oldest first, as CSV. The export is itself noted.
    Export(ExportArguments),
}

/// Arguments of `zhenglian audit verify`.
#[derive(clap::Args)]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// Arguments of `zhenglian audit export`.
#[derive(clap::Args)]
pub(crate) struct ExportArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Where to; standard output without it.
    #[arg(long)]
    out: Option<PathBuf>,
    /// As JSON instead of CSV.
    #[arg(long)]
    json: bool,
}

/// What `audit verify` found.
#[derive(Serialize)]
struct Told {
    holds: bool,
    entries: u64,
    head: Option<String>,
    compared: Compared,
    wrong: Option<String>,
}

/// Runs one of the commands.
///
/// # Errors
/// Mistakes of the configuration, faults, or a log that does not hold.
pub(crate) fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    crate::assemble::block_on(async {
        match command {
            Command::Verify(arguments) => verify(arguments, output).await,
            Command::Export(arguments) => export(arguments, output).await,
        }
    })
}

/// What both commands need.
struct Opened {
    config: Config,
    store_key: StoreKey,
    store: OfficeStore,
}

async fn opened(argument: &ConfigArgument) -> Result<Opened, Failure> {
    let config = Config::load(&argument.config, std::env::vars()).map_err(Failure::Mistakes)?;
    let keys = Keys::load(&config.store.keys, config.node.validator).map_err(Failure::Mistakes)?;
    private::own(&config.store.data)?;
    let store = OfficeStore::open(&crate::assemble::office_folder(&config))
        .await
        .map_err(|fault| Failure::fault("the office's store cannot be opened", fault))?;
    Ok(Opened { config, store_key: keys.store, store })
}

async fn verify(arguments: &VerifyArguments, output: &Output) -> Result<(), Failure> {
    let opened = opened(&arguments.config).await?;
    let genesis =
        check::genesis(&opened.config.store.genesis).map_err(|mistake| Failure::Mistakes(vec![mistake]))?;
    let told = match AuditLog::open(&opened.store, AuditKey::of(&opened.store_key)).await {
        Ok(log) => compare(&opened, genesis, &log).await?,
        Err(broken @ StoreFault::LogBroken { .. }) => Told {
            holds: false,
            entries: 0,
            head: None,
            compared: Compared::default(),
            wrong: Some(broken.to_string()),
        },
        Err(fault) => return Err(Failure::fault("the audit log cannot be read", fault)),
    };
    opened.store.close().await;
    if arguments.json {
        output.json(&told)?;
    } else {
        tell(&told, output);
    }
    if told.holds { Ok(()) } else { Err(Failure::EvidenceRefused) }
}

fn tell(told: &Told, output: &Output) {
    match &told.wrong {
        None => {
            let Compared { blocks, heads, tickets, tickets_without_details } = told.compared;
            output.line(format_args!("HOLDS: {} entries, each bound to the one before", told.entries));
            output.line(format_args!(
                "{} heads signed in {blocks} blocks stand in it ({heads} in records and acknowledgements, \
                 {tickets} in tickets)",
                heads + tickets
            ));
            if tickets_without_details > 0 {
                output.line(format_args!(
                    "{tickets_without_details} tickets could not be compared: their details are not kept any more"
                ));
            }
        }
        Some(wrong) => output.line(format_args!("DOES NOT HOLD: {wrong}")),
    }
}

async fn compare(opened: &Opened, genesis: Genesis, log: &AuditLog) -> Result<Told, Failure> {
    let cannot = |fault: &dyn std::fmt::Display| Failure::fault("the chain cannot be read", fault);
    let (config, genesis) = (&opened.config, Arc::new(genesis));
    let chain = node::Archive::open(&config.store.data.join("node"), Arc::clone(&genesis))
        .map_err(|fault| cannot(&fault))?;
    let papers = exchange::Archive::open(&config.store.data.join("exchange"), opened.store_key.clone())
        .await
        .map_err(|fault| Failure::fault("the exchange's store cannot be read", fault))?;
    let tip = chain.as_ref().map_or(Height(0), |chain| chain.read(|snapshot| snapshot.tip().height));
    let witness = Witness {
        own: &config.department.id,
        chain: genesis.chain(),
        block: &|height| chain.as_ref()?.read(|snapshot| snapshot.block(height)),
    };
    let kept = async |query: &QueryId| match &papers {
        Some(papers) => papers.papers(query).await,
        None => Ok(None),
    };
    let compared = witness.compare(log, tip, kept).await;
    if let Some(papers) = &papers {
        papers.close().await;
    }
    let head = log.head();
    let told = Told {
        holds: true,
        entries: head.size,
        head: Some(head.digest.to_string()),
        compared: Compared::default(),
        wrong: None,
    };
    match compared {
        Ok(compared) => Ok(Told { compared, ..told }),
        Err(missed @ (HeadFault::Missing { .. } | HeadFault::Details(_))) => {
            Ok(Told { holds: false, wrong: Some(missed.to_string()), ..told })
        }
        Err(fault) => Err(cannot(&fault)),
    }
}

async fn export(arguments: &ExportArguments, output: &Output) -> Result<(), Failure> {
    let opened = opened(&arguments.config).await?;
    let cannot = |fault: &dyn std::fmt::Display| Failure::fault("the audit log cannot be read", fault);
    let log = AuditLog::open(&opened.store, AuditKey::of(&opened.store_key))
        .await
        .map_err(|fault| cannot(&fault))?;
    let at = jiff::Timestamp::now().as_millisecond();
    log.append(Note::of_system(at, Event::AuditExport, "", "ok")).await.map_err(|fault| cannot(&fault))?;
    let format = if arguments.json { Format::Json } else { Format::Csv };
    let entries = log.all().await.map_err(|fault| cannot(&fault))?;
    let text = audit::file(&entries, format).map_err(|fault| cannot(&fault))?;
    opened.store.close().await;
    match &arguments.out {
        Some(path) => std::fs::write(path, text)
            .map_err(|error| Failure::fault(&format!("{} cannot be written", path.display()), error)),
        None => {
            output.line(text.trim_end());
            Ok(())
        }
    }
}
