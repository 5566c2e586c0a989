//! `zhenglian replay`: the department's own decisions of a period, judged again under the versions then in
//! force, beside the running process or without it. Writes nothing anywhere.

use std::path::Path;
use std::sync::Arc;

use exchange::replay::{Finding, Period, Progress, Replay, ReplayError, Source, Tally};
use jiff::civil::Date;
use ledger::ids::Time;
use serde::Serialize;

use crate::config::{Config, ConfigArgument};
use crate::exit::Failure;
use crate::keys::Keys;
use crate::output::Output;
use crate::{check, shutdown};

/// Arguments of `zhenglian replay`.
#[derive(clap::Args)]
#[command(after_help = "Exit codes: 0 every decision of the period is the same, 4 something was found, \
                        1 a fault, or ended before its end.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// First day, by the time of blocks in UTC+8.
    #[arg(long)]
    from: Date,
    /// Last day.
    #[arg(long)]
    to: Date,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// The result as JSON.
#[derive(Serialize)]
struct Told<'a> {
    from: String,
    to: String,
    records: u64,
    judged: u64,
    same: u64,
    facts: u64,
    aged: u64,
    unrecorded: u64,
    found: u64,
    findings: Vec<ToldFinding<'a>>,
}

/// One record with all that was found about it.
#[derive(Serialize)]
struct ToldFinding<'a> {
    receipt: String,
    block: u64,
    at: String,
    side: &'static str,
    what: Vec<ToldWhat<'a>>,
}

/// One thing that is not as it should be.
#[derive(Serialize)]
struct ToldWhat<'a> {
    code: &'a str,
    detail: String,
}

/// Judges a period again.
///
/// # Errors
/// Mistakes of the configuration or the period, faults, an end before the end, or findings.
pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let period = period(arguments)?;
    crate::assemble::block_on(async {
        let config = Config::load(&arguments.config.config, std::env::vars()).map_err(Failure::Mistakes)?;
        let (tally, unrecorded) = judged(&config, period, output).await?;
        if arguments.json {
            output.json(&Told::of(arguments, &tally, unrecorded))?;
        } else {
            tell(&tally, unrecorded, output);
        }
        if tally.found == 0 { Ok(()) } else { Err(Failure::Found) }
    })
}

fn period(arguments: &Arguments) -> Result<Period, Failure> {
    let mistaken =
        || Failure::Usage("--from and --to are days like 2026-11-01, --from not after --to".into());
    if arguments.from > arguments.to {
        return Err(mistaken());
    }
    let start = |day: Date| {
        let at = day.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))).ok()?.timestamp();
        u64::try_from(at.as_millisecond()).ok().map(Time)
    };
    let after = arguments.to.tomorrow().ok();
    match (start(arguments.from), after.and_then(start)) {
        (Some(from), Some(until)) => Ok(Period { from, until }),
        _ => Err(mistaken()),
    }
}

async fn judged(config: &Config, period: Period, output: &Output) -> Result<(Tally, u64), Failure> {
    let keys = Keys::load(&config.store.keys, config.node.validator).map_err(Failure::Mistakes)?;
    let genesis =
        check::genesis(&config.store.genesis).map_err(|mistake| Failure::Mistakes(vec![mistake]))?;
    let nothing = |what: &str, folder: &Path| {
        Failure::Usage(format!("there is no {what} in {}: nothing was decided here yet", folder.display()))
    };
    let (node, exchange) = (config.store.data.join("node"), config.store.data.join("exchange"));
    let chain = node::Archive::open(&node, Arc::new(genesis))
        .map_err(|fault| Failure::fault("the chain cannot be read", fault))?
        .ok_or_else(|| nothing("chain", &node))?;
    let cannot = |fault: &dyn std::fmt::Display| Failure::fault("the exchange's store cannot be read", fault);
    let papers = exchange::Archive::open(&exchange, keys.store)
        .await
        .map_err(|fault| cannot(&fault))?
        .ok_or_else(|| nothing("store of an exchange", &exchange))?;
    let replay = Replay::new(config.department.id.clone(), period, Source::Own)
        .map_err(|fault| Failure::fault("the policy model cannot be read", fault))?;
    let judged = tokio::select! {
        biased;
        signal = shutdown::requested() => {
            let signal = signal.map_err(|error| Failure::fault("signals cannot be received", error))?;
            Err(Failure::Fault(format!("ended by {signal} before the end of the period")))
        }
        judged = through(replay, &chain, &papers, output) => judged,
    };
    let unrecorded = match &judged {
        Ok(_) => papers.unrecorded(&chain, period).await.map_err(|fault| cannot(&fault)),
        Err(_) => Ok(0),
    };
    papers.close().await;
    Ok((judged?, unrecorded?))
}

/// Goes through the period, page by page.
async fn through(
    mut replay: Replay,
    chain: &node::Archive,
    papers: &exchange::Archive,
    output: &Output,
) -> Result<Tally, Failure> {
    let mut told = None;
    loop {
        let openings = async |wanted: &[_]| papers.openings(wanted).await.map_err(ReplayError::from);
        let progress = replay
            .page(chain, openings)
            .await
            .map_err(|fault| Failure::fault("the period cannot be judged", fault))?;
        if progress.is_over() {
            return Ok(replay.tally().clone());
        }
        if told != Some(percent(progress)) {
            told = Some(percent(progress));
            output.aside(format_args!(
                "{} % of the blocks, {} decisions",
                percent(progress),
                replay.tally().judged
            ));
        }
        // Between two pages a signal is heard.
        tokio::task::yield_now().await;
    }
}

fn percent(progress: Progress) -> u64 {
    progress.done.saturating_mul(100).checked_div(progress.of).unwrap_or(100)
}

fn tell(tally: &Tally, unrecorded: u64, output: &Output) {
    let Tally { records, judged, same, facts, aged, found, findings } = tally;
    for Finding { query, height, at, side, what } in findings {
        output.line(format_args!("FOUND {query} (block {height}, {}, as {side}):", time(*at)));
        for what in what {
            let detail = what.detail();
            let detail = if detail.is_empty() { detail } else { format!(" ({detail})") };
            output.line(format_args!("    {}: {}{detail}", what.code(), sentence(what.code())));
        }
    }
    if *found > findings.len() as u64 {
        output.line(format_args!("{} more findings are not listed", found - findings.len() as u64));
    }
    output.line(format_args!(
        "{records} records: {judged} decisions judged again, {same} the same; {facts} denials without a policy; \
         {aged} too old to be kept"
    ));
    output.line(format_args!("{unrecorded} decisions were kept that are on no record"));
    let verdict = if *found == 0 { "ALL THE SAME" } else { "FINDINGS" };
    output.line(format_args!("{verdict}: {found} records with findings"));
}

/// What a finding means.
fn sentence(code: &str) -> &'static str {
    match code {
        "missing" => "it stands on the chain, and nothing was kept of it",
        "withheld" => "it stands on the chain, and the department does not open it",
        "details" => "the details are missing, or not those of the ticket",
        "header" => "the answer's header is missing, or not that of the receipt",
        "opening" => "the decision kept is not the one committed to",
        "asker" => "the officer's attributes are missing, or not those committed to",
        "versions-named" => "the decision names other versions than the record",
        "not-in-force" => "a version was not in force when it was judged",
        "attribute" => "an attribute is not what chain and details say",
        "unfounded" => "grant, entry or department were not on the chain by then",
        "contradicted" => "the record says another thing than the decision",
        "facts" => "the denial's reason is of another class or form",
        "unreadable" => "the decision cannot be read",
        "model" => "it was made by another model than this program's",
        "version-unknown" => "its owner never had the version it names in force",
        "unjudged" => "it cannot be judged by what it names",
        "allow" => "judged again it comes out the other way",
        "row" => "judged again another row decides",
        "obligations" => "judged again other duties come with it",
        _ => "a finding",
    }
}

fn time(at: Time) -> String {
    let at = i64::try_from(at.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map(|at| at.to_string()).unwrap_or_default()
}

impl<'a> Told<'a> {
    fn of(arguments: &Arguments, tally: &'a Tally, unrecorded: u64) -> Self {
        let Tally { records, judged, same, facts, aged, found, findings } = tally;
        let findings = findings.iter().map(|finding| ToldFinding {
            receipt: finding.query.to_string(),
            block: finding.height.0,
            at: time(finding.at),
            side: finding.side.code(),
            what: finding
                .what
                .iter()
                .map(|what| ToldWhat { code: what.code(), detail: what.detail() })
                .collect(),
        });
        Self {
            from: arguments.from.to_string(),
            to: arguments.to.to_string(),
            records: *records,
            judged: *judged,
            same: *same,
            facts: *facts,
            aged: *aged,
            unrecorded,
            found: *found,
            findings: findings.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use exchange::replay::What;

    #[test]
    fn every_finding_has_its_sentence() {
        for code in What::CODES {
            assert_ne!(sentence(code), sentence(""), "{code}");
        }
    }
}
