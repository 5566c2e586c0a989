//! `zhenglian verify`: checks an evidence file offline against a trust root.
//!
//! Needs no configuration, no node and no network: an auditor runs it on a
//! machine of their own. What a verified file says stands in `verify/statement.rs`.

mod statement;

use std::io::Read;
use std::path::PathBuf;

use gm::sm3::Digest;
use ledger::proof::{self, EVIDENCE_BYTES_MAX, Options, Report};
use serde::Serialize;

use crate::exit::Failure;
use crate::output::Output;
use statement::Statement;

/// Arguments of `zhenglian verify`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit codes: 0 verified, an answer or a denial: read which; 1 a fault of this program; \
    2 wrong usage, or the file cannot be read; 3 refused: the file proves nothing."
)]
pub(crate) struct Arguments {
    /// The chain's trust root: the digest that `zhenglian genesis` printed, 64 hexadecimal digits.
    #[arg(long)]
    root: String,
    /// Check every signature a second time with an unrelated implementation.
    #[arg(long)]
    second_opinion: bool,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    /// The evidence file (`*.zlproof`).
    file: PathBuf,
}

/// The report as JSON.
#[derive(Serialize)]
struct Told {
    verified: bool,
    failed_step: Option<&'static str>,
    /// What the file proves; none when it was refused: then nothing in it is proven.
    proven: Option<Statement>,
    steps: Vec<ToldStep>,
}

/// One step of it.
#[derive(Serialize)]
struct ToldStep {
    step: &'static str,
    passed: bool,
    checked: u32,
    wrong: Option<String>,
}

/// Verifies a file.
///
/// # Errors
/// [`Failure::EvidenceRefused`] when a step failed; it was printed.
pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let root = Digest::from_hex(&arguments.root)
        .map_err(|_| Failure::Usage("--root takes 64 hexadecimal digits".to_owned()))?;
    // A build that computes wrongly must not judge anything.
    gm::second_opinion::self_test().map_err(|fault| Failure::Fault(fault.to_string()))?;
    let mut bytes = Vec::new();
    // One byte more than allowed is enough to see that it is too large.
    std::fs::File::open(&arguments.file)
        .and_then(|file| file.take(EVIDENCE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", arguments.file.display())))?;
    let report = proof::verify(&bytes, &root, &Options { second_opinion: arguments.second_opinion });
    let told = tell(&report);
    if arguments.json {
        output.json(&told)?;
    } else {
        print(&told, output);
    }
    if told.verified { Ok(()) } else { Err(Failure::EvidenceRefused) }
}

fn tell(report: &Report) -> Told {
    Told {
        verified: report.verified(),
        failed_step: report.failure().map(|step| step.step.code()),
        proven: report.evidence.as_ref().filter(|_| report.verified()).and_then(Statement::of),
        steps: report
            .steps
            .iter()
            .map(|step| ToldStep {
                step: step.step.code(),
                passed: step.wrong.is_none(),
                checked: step.checked,
                wrong: step.wrong.clone(),
            })
            .collect(),
    }
}

fn print(told: &Told, output: &Output) {
    if let (true, Some(proven)) = (told.verified, &told.proven) {
        proven.lines().iter().for_each(|line| output.line(line));
        let steps = told.steps.iter().map(|step| format!("{} {}", step.step, step.checked));
        output.line(format_args!("passed: {}", steps.collect::<Vec<_>>().join(", ")));
        return;
    }
    for step in &told.steps {
        match &step.wrong {
            None => output.line(format_args!("passed  {:<15} {} checked", step.step, step.checked)),
            Some(wrong) => output.line(format_args!("FAILED  {:<15} {wrong}", step.step)),
        }
    }
    let step = told.failed_step.unwrap_or_default();
    output.line(format_args!("REFUSED at step {step}: this file proves nothing"));
}
