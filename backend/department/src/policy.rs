//! `zhenglian policy`: the next version of a layer of the sharing policies from a file, for scripts. Checked and
//! previewed beside the running process, or without it; published as far as a machine may: it becomes the
//! office's working copy, which an administrator drafts and another countersigns in the portal. No command signs
//! in an officer's name.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use access::Judge;
use gm::store_key::StoreKey;
use ledger::genesis::Genesis;
use ledger::state::{MemoryState, StateRead};
use serde::Serialize;
use services::audit_log::{AuditKey, AuditLog};
use services::policies::{
    Candidate, CandidateError, ChangeView, Comes, Examined, FindingView, LineWrong, Previewed,
};
use services::store::OfficeStore;
use services::{OfficeRefusal, ServiceError};

use crate::config::{Config, ConfigArgument};
use crate::exit::Failure;
use crate::keys::Keys;
use crate::output::Output;
use crate::{check, private};

/// Longest file read; a longer one is told as too large.
const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// Commands about sharing policies.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Check a file as the next version of a layer: what is wrong with it, what differs, and whether it only
    /// narrows. Exit codes: 0 it can be drafted (remarks may stand), 3 it cannot.
    Check(FileArguments),
    /// Judge the department's last decisions again as if the file were in force. Exit codes: 0 done, 3 the file
    /// cannot be judged by.
    Preview(PreviewArguments),
    /// Make the file the working copy of the layer, for an administrator to draft in the portal and another to
    /// countersign; nothing is signed here. Exit codes: 0 done, 3 it cannot be drafted.
    Publish(PublishArguments),
}

/// Which file, as which layer.
#[derive(clap::Args)]
pub(crate) struct FileArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Rows in Casbin's CSV, as the portal exports them.
    file: PathBuf,
    /// `national`, a province's six digits, or a department's code; without it the department's own layer.
    #[arg(long)]
    layer: Option<String>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// Arguments of `zhenglian policy preview`.
#[derive(clap::Args)]
pub(crate) struct PreviewArguments {
    #[command(flatten)]
    file: FileArguments,
    /// How many of the last decisions, 100 to 100000.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(100..=100_000))]
    last: u64,
}

/// Arguments of `zhenglian policy publish`.
#[derive(clap::Args)]
pub(crate) struct PublishArguments {
    #[command(flatten)]
    file: FileArguments,
    /// Put it in the place of a working copy that somebody began.
    #[arg(long)]
    replace: bool,
}

/// A line, row or cell that is wrong or remarkable.
#[derive(Serialize)]
struct Remark {
    /// Line of the file, or place of the row.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<String>,
    code: &'static str,
    error: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
}

/// What a check found.
#[derive(Serialize)]
struct Checked {
    layer: String,
    number: u64,
    rows: u64,
    ours: bool,
    errors: usize,
    /// Comes in force at its countersignature.
    narrows: bool,
    /// Else so long after it.
    wait_ms: Option<u64>,
    added: Vec<String>,
    changed: Vec<String>,
    removed: Vec<String>,
    remarks: Vec<Remark>,
}

/// What a preview found.
#[derive(Serialize)]
struct Told {
    layer: String,
    judged: u64,
    unknown: u64,
    turns: u64,
    loosened: u64,
    by_turn: Vec<(String, u64)>,
    by_row: Vec<(String, u64)>,
    by_requester: Vec<(String, u64)>,
    turned: Vec<Turned>,
    took_ms: u64,
}

/// A decision that comes out otherwise.
#[derive(Serialize)]
struct Turned {
    receipt: String,
    query: String,
    at: i64,
    requester: String,
    action: &'static str,
    purpose: Option<String>,
    turn: &'static str,
    row: Option<String>,
}

/// Runs one of the commands.
///
/// # Errors
/// Mistakes of the configuration or command line, faults, or a file that cannot be drafted.
pub(crate) fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    crate::assemble::block_on(async {
        match command {
            Command::Check(arguments) => {
                let candidate = Opened::load(arguments)?.candidate(arguments, output)?;
                checked(candidate.examined(), arguments.json, output)
            }
            Command::Preview(arguments) => preview(arguments, output).await,
            Command::Publish(arguments) => publish(arguments, output).await,
        }
    })
}

/// What all commands need.
struct Opened {
    config: Config,
    store_key: StoreKey,
    genesis: Arc<Genesis>,
}

impl Opened {
    fn load(arguments: &FileArguments) -> Result<Self, Failure> {
        let config = Config::load(&arguments.config.config, std::env::vars()).map_err(Failure::Mistakes)?;
        let keys = Keys::load(&config.store.keys, config.node.validator).map_err(Failure::Mistakes)?;
        let genesis =
            check::genesis(&config.store.genesis).map_err(|mistake| Failure::Mistakes(vec![mistake]))?;
        private::own(&config.store.data)?;
        Ok(Self { config, store_key: keys.store, genesis: Arc::new(genesis) })
    }

    /// The file on the chain as it stands; before the first start as it is founded.
    fn candidate(&self, arguments: &FileArguments, output: &Output) -> Result<Candidate, Failure> {
        let bytes = bytes(&arguments.file)?;
        let judge = Judge::new().map_err(|fault| Failure::fault("the policy model cannot be read", fault))?;
        let judge = Arc::new(judge);
        let layer = arguments.layer.clone().unwrap_or_else(|| self.config.department.id.to_string());
        let read = |reads: &dyn StateRead| {
            let (chain, own) = (self.genesis.chain(), &self.config.department.id);
            Candidate::read(Arc::clone(&judge), (reads, chain), own, &layer, &bytes)
        };
        let archive = node::Archive::open(&self.config.store.data.join("node"), Arc::clone(&self.genesis))
            .map_err(|fault| Failure::fault("the chain cannot be read", fault))?;
        let candidate = match archive {
            Some(archive) => archive.read(|snapshot| read(snapshot)),
            None => {
                let mut state = MemoryState::default();
                state.commit(&self.genesis.initial().0);
                read(&state)
            }
        };
        candidate.map_err(|error| failed(error, &layer, arguments.json, output))
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes))
        .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", path.display())))?;
    Ok(bytes)
}

/// Why a file is no next version; lines that are wrong are told here.
fn failed(error: CandidateError, layer: &str, json: bool, output: &Output) -> Failure {
    match error {
        CandidateError::NoLayer => Failure::Usage(format!(
            "{layer:?} is no layer that this department stands under or writes: name `national`, the six digits of \
             its province, or its own code"
        )),
        CandidateError::Service(error) => Failure::fault("the file could not be examined", error),
        CandidateError::Wrong(lines) => {
            let remarks: Vec<Remark> = lines.iter().map(line_remark).collect();
            if json {
                if let Err(failure) = output.json(&remarks) {
                    return failure;
                }
            } else {
                remarks.iter().for_each(|remark| output.line(remark.text()));
            }
            Failure::PolicyRefused
        }
    }
}

fn line_remark(wrong: &LineWrong) -> Remark {
    Remark {
        line: Some(wrong.line),
        row: None,
        code: wrong.fault.code(),
        error: true,
        column: wrong.column.map(services::policies::RuleColumn::code),
        about: wrong.cells.map(|cells| format!("{cells} cells")),
    }
}

fn remark(finding: &FindingView) -> Remark {
    let about = [finding.layer.map(|layer| layer.code().to_owned()), finding.other.clone()];
    let about = about.into_iter().chain([finding.item.clone(), finding.named.clone()]);
    let about: Vec<String> = about.flatten().collect();
    Remark {
        line: None,
        row: Some(finding.row.clone()),
        code: finding.code,
        error: finding.is_error,
        column: finding.column.map(services::policies::RuleColumn::code),
        about: (!about.is_empty()).then(|| about.join(" ")),
    }
}

impl Remark {
    fn text(&self) -> String {
        let mut text = if self.error { "ERROR ".to_owned() } else { "remark".to_owned() };
        if let Some(line) = self.line {
            text.push_str(&format!(" line {line}"));
        }
        if let Some(row) = &self.row {
            text.push_str(&format!(" row {row}"));
        }
        text.push_str(&format!(": {}", self.code));
        for more in [self.column, self.about.as_deref()].into_iter().flatten() {
            text.push_str(&format!(" {more}"));
        }
        text
    }
}

fn checked(examined: &Examined, json: bool, output: &Output) -> Result<(), Failure> {
    let named = |kind: services::policies::ChangeKind| -> Vec<String> {
        let of = |change: &&ChangeView| change.kind == kind;
        examined.changes.iter().filter(of).map(|change| change.row.clone()).collect()
    };
    let remarks: Vec<Remark> = examined.findings.iter().map(remark).collect();
    let told = Checked {
        layer: examined.owner.clone(),
        number: examined.number,
        rows: examined.rows,
        ours: examined.is_ours,
        errors: remarks.iter().filter(|remark| remark.error).count(),
        narrows: examined.comes == Comes::AtOnce,
        wait_ms: match examined.comes {
            Comes::AtOnce => None,
            Comes::Later { wait_ms } => Some(wait_ms),
        },
        added: named(services::policies::ChangeKind::Added),
        changed: named(services::policies::ChangeKind::Changed),
        removed: named(services::policies::ChangeKind::Removed),
        remarks,
    };
    if json {
        output.json(&told)?;
    } else {
        tell(&told, output);
    }
    if told.errors == 0 { Ok(()) } else { Err(Failure::PolicyRefused) }
}

fn tell(told: &Checked, output: &Output) {
    output.line(format_args!("version {} of {}: {} rows", told.number, told.layer, told.rows));
    if !told.ours {
        output.line("another department writes this layer");
    }
    for (what, rows) in [("added", &told.added), ("changed", &told.changed), ("removed", &told.removed)] {
        if !rows.is_empty() {
            output.line(format_args!("{what} {}: {}", rows.len(), rows.join(", ")));
        }
    }
    match told.wait_ms {
        None => output.line("it only narrows: in force with its countersignature"),
        Some(wait) => output.line(format_args!(
            "it may let more pass: in force {} minutes after its countersignature",
            wait.div_ceil(60_000)
        )),
    }
    told.remarks.iter().for_each(|remark| output.line(remark.text()));
    output.line(format_args!("{} errors, {} remarks", told.errors, told.remarks.len() - told.errors));
}

async fn preview(arguments: &PreviewArguments, output: &Output) -> Result<(), Failure> {
    let opened = Opened::load(&arguments.file)?;
    let candidate = opened.candidate(&arguments.file, output)?;
    let folder = opened.config.store.data.join("exchange");
    let exchange = exchange::Archive::open(&folder, opened.store_key.clone())
        .await
        .map_err(|fault| Failure::fault("the exchange's store cannot be read", fault))?;
    let Some(exchange) = exchange else {
        return Err(Failure::Usage("no decision was made here yet: there is nothing to preview".to_owned()));
    };
    let found = candidate.preview(&exchange, arguments.last).await;
    exchange.close().await;
    let found = found.map_err(|error| refused(error, output))?;
    let told = told(candidate.examined(), found);
    if arguments.file.json {
        return output.json(&told);
    }
    output.line(format_args!(
        "{} of {} decisions turn, {} of them let more pass ({} could not be judged, {} ms)",
        told.turns, told.judged, told.loosened, told.unknown, told.took_ms
    ));
    for (what, counts) in [("turn", &told.by_turn), ("row", &told.by_row), ("by", &told.by_requester)] {
        for (named, count) in counts {
            output.line(format_args!("{what:<5} {count:>7} {named}"));
        }
    }
    for one in &told.turned {
        let row = one.row.as_deref().unwrap_or("-");
        output.line(format_args!("{} {} {} {row}", one.receipt, one.requester, one.turn));
    }
    Ok(())
}

fn told(examined: &Examined, found: Previewed) -> Told {
    let row = |(by, count): (Option<(services::codes::Layer, String)>, u64)| match by {
        Some((layer, row)) => (format!("{} {row}", layer.code()), count),
        None => ("-".to_owned(), count),
    };
    Told {
        layer: examined.owner.clone(),
        judged: found.judged,
        unknown: found.unknown,
        turns: found.turns,
        loosened: found.loosened,
        by_turn: found.by_turn.into_iter().map(|(turn, count)| (turn.code().to_owned(), count)).collect(),
        by_row: found.by_row.into_iter().map(row).collect(),
        by_requester: found.by_requester.into_iter().map(|(one, count)| (one.id, count)).collect(),
        turned: found
            .turned
            .into_iter()
            .map(|one| Turned {
                receipt: one.number,
                query: one.id,
                at: one.at,
                requester: one.requester.id,
                action: one.action.code(),
                purpose: one.purpose,
                turn: one.turn.code(),
                row: one.row,
            })
            .collect(),
        took_ms: found.took_ms,
    }
}

async fn publish(arguments: &PublishArguments, output: &Output) -> Result<(), Failure> {
    let opened = Opened::load(&arguments.file)?;
    let candidate = opened.candidate(&arguments.file, output)?;
    let store = OfficeStore::open(&crate::assemble::office_folder(&opened.config))
        .await
        .map_err(|fault| Failure::fault("the office's store cannot be opened", fault))?;
    let audit = AuditLog::open(&store, AuditKey::of(&opened.store_key))
        .await
        .map_err(|fault| Failure::fault("the audit log cannot be opened", fault))?;
    let now = jiff::Timestamp::now().as_millisecond();
    let placed = candidate.place(&store, &audit, arguments.replace, now).await;
    store.close().await;
    placed.map_err(|error| refused(error, output))?;
    checked(candidate.examined(), arguments.file.json, output)?;
    // Beside the result, which a program may read.
    output.aside(format_args!(
        "it is the working copy of {} now: a security administrator drafts it in the portal, another countersigns",
        candidate.examined().owner
    ));
    Ok(())
}

fn refused(error: ServiceError, output: &Output) -> Failure {
    let ServiceError::Refused(code) = error else {
        return Failure::fault("it was not done", error);
    };
    if code == OfficeRefusal::PolicyWrite.into() {
        return Failure::Usage("another department writes this layer: hand the file to it".to_owned());
    }
    if code == OfficeRefusal::PolicyCopyMoved.into() {
        return Failure::Usage(
            "somebody has begun a working copy of this layer: look at it in the portal, or name --replace"
                .to_owned(),
        );
    }
    output.line(format_args!("REFUSED: {}", code.code()));
    Failure::PolicyRefused
}
