//! `zhenglian genesis`: joins member cards, parameters and the starter policy
//! rows into the file a new chain begins with. Its digest is the chain's trust
//! root: it is to be published where outsiders can find it.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use access::starter_rows;
use ledger::amendment::Stewardship;
use ledger::department::Card;
use ledger::founding;
use ledger::genesis::Genesis;
use ledger::ids::Time;
use ledger::parameters::Parameters;
use ledger::policy::PolicyOwner;
use ledger::text::Text;
use serde::Serialize;

use crate::config::Mistake;
use crate::exit::Failure;
use crate::output::Output;

/// Arguments of `zhenglian genesis`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The chain's name, for people.
    #[arg(long)]
    name: String,
    /// The file to write.
    #[arg(long, default_value = "genesis.bin")]
    out: PathBuf,
    /// Who writes a shared layer of policy: `national=CODE` or `440000=CODE` (a province). A layer that none is named
    /// for stays as it is founded.
    #[arg(long = "steward", value_name = "LAYER=CODE")]
    stewards: Vec<String>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
    /// Member cards, as `zhenglian init` writes them.
    #[arg(required = true)]
    cards: Vec<PathBuf>,
}

/// What `genesis` made.
#[derive(Serialize)]
struct Made {
    name: String,
    file: PathBuf,
    root: String,
    departments: usize,
    validators: usize,
}

/// Joins cards into a genesis file.
///
/// # Errors
/// Cards that cannot be read or do not fit together, or a file that cannot be written.
pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let cards = read_cards(&arguments.cards)?;
    let stewards = read_stewards(&arguments.stewards)?;
    let genesis = join(&arguments.name, cards, stewards, now())?;
    let bytes = ledger::wire::to_bytes(&genesis);
    // What every node will do with it, done once before anyone relies on it.
    Genesis::parse(&bytes).map_err(|error| {
        Failure::Mistakes(vec![Mistake::new(
            "genesis",
            error.to_string(),
            "mend the member cards and join again",
        )])
    })?;
    std::fs::write(&arguments.out, &bytes).map_err(|error| {
        Failure::fault(&format!("{} could not be written", arguments.out.display()), error)
    })?;
    let made = Made {
        name: arguments.name.clone(),
        file: arguments.out.clone(),
        root: genesis.chain().to_string(),
        departments: genesis.departments.len(),
        validators: genesis.validators.len(),
    };
    if arguments.json {
        return output.json(&made);
    }
    output.line(format_args!(
        "{}: {} departments, {} of them validators, in {}",
        made.name,
        made.departments,
        made.validators,
        made.file.display()
    ));
    output.line(format_args!("trust root {}", made.root));
    Ok(())
}

fn read_cards(paths: &[PathBuf]) -> Result<Vec<Card>, Failure> {
    let mut mistakes = Vec::new();
    let mut cards = Vec::new();
    for path in paths {
        match read_card(path) {
            Ok(card) => cards.push(card),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() { Ok(cards) } else { Err(Failure::Mistakes(mistakes)) }
}

fn read_card(path: &Path) -> Result<Card, Mistake> {
    let mistake =
        |what: String| Mistake::new(path.display().to_string(), what, "name a card.bin of `zhenglian init`");
    let bytes = std::fs::read(path).map_err(|error| mistake(format!("cannot be read: {error}")))?;
    ledger::wire::from_bytes(&bytes).map_err(|error| mistake(format!("is not a member card: {error}")))
}

fn read_stewards(texts: &[String]) -> Result<Vec<Stewardship>, Failure> {
    let mut mistakes = Vec::new();
    let mut stewards = Vec::new();
    for text in texts {
        match read_steward(text) {
            Some(steward) => stewards.push(steward),
            None => mistakes.push(Mistake::new(
                "--steward",
                format!("{text:?} names no layer or no department"),
                "write national=CODE or PROVINCE=CODE, with the department's unified social credit code",
            )),
        }
    }
    if mistakes.is_empty() { Ok(stewards) } else { Err(Failure::Mistakes(mistakes)) }
}

fn read_steward(text: &str) -> Option<Stewardship> {
    let (layer, steward) = text.split_once('=')?;
    let owner = match layer {
        "national" => PolicyOwner::Nation,
        province => PolicyOwner::Region(province.parse().ok()?),
    };
    Some(Stewardship { owner, steward: steward.parse().ok()? })
}

fn join(name: &str, cards: Vec<Card>, stewards: Vec<Stewardship>, time: Time) -> Result<Genesis, Failure> {
    let name = Text::new(name).map_err(|error| {
        Failure::Mistakes(vec![Mistake::new("--name", error.to_string(), "give the chain a short name")])
    })?;
    founding::join(name, time, Parameters::DEFAULT, cards, stewards, |owner| {
        starter_rows(owner.layer())
            .map_err(|fault| Failure::fault("the starter policy rows cannot be read", fault))
    })
}

/// This machine's clock; the time a chain begins.
fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
