//! `zhenglian officer-key`: an officer's own SM2 key in a file, for those without a USB key, and the answer to
//! a sign-in challenge, or to the word of a query or of a step of two officers. What a bridge to a USB key does is
//! the same with another place for the key: see docs/sign-in-challenge.md.

use std::path::PathBuf;

use ledger::roster::OfficerWord;
use ledger::seal::StepWord;
use serde::Serialize;
use services::staff::challenge;

use crate::exit::Failure;
use crate::keys;
use crate::output::Output;

/// Commands about an officer's own key.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Make a key; its public half is for the security administrator.
    New(NewArguments),
    /// Print the public half of a key.
    Public(PublicArguments),
    /// Answer the text that the portal shows at sign-in, or before a query or a step of two officers is signed.
    Answer(AnswerArguments),
}

/// Arguments of `zhenglian officer-key new`.
#[derive(clap::Args)]
pub(crate) struct NewArguments {
    /// The file to be made; never overwritten.
    #[arg(long)]
    out: PathBuf,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// Arguments of `zhenglian officer-key public`.
#[derive(clap::Args)]
pub(crate) struct PublicArguments {
    /// The key's file.
    #[arg(long)]
    key: PathBuf,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// Arguments of `zhenglian officer-key answer`.
#[derive(clap::Args)]
pub(crate) struct AnswerArguments {
    /// The key's file.
    #[arg(long)]
    key: PathBuf,
    /// The text on the page, from `zl1-` to its end.
    challenge: String,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// A key's public half.
#[derive(Serialize)]
struct Public {
    public: String,
    key_id: String,
}

/// What was answered, for whom.
#[derive(Serialize)]
struct Answered {
    host: String,
    account: String,
    answer: String,
}

/// What was signed of a query.
#[derive(Serialize)]
struct Asked {
    department: String,
    role: &'static str,
    entry: String,
    items: Vec<String>,
    purpose: String,
    answer: String,
}

/// What was signed of a step of two officers.
#[derive(Serialize)]
struct Sealed {
    department: String,
    role: &'static str,
    request: String,
    step: String,
    answer: String,
}

/// Does one of the commands.
///
/// # Errors
/// A key file that cannot be made or read; a text that is no challenge.
pub(crate) fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::New(arguments) => {
            let key = keys::make_own(&arguments.out).map_err(usage)?;
            told(&key, arguments.json, output)
        }
        Command::Public(arguments) => {
            let key = keys::read_own(&arguments.key).map_err(usage)?;
            told(&key, arguments.json, output)
        }
        Command::Answer(arguments) => answer(arguments, output),
    }
}

fn told(key: &gm::sm2::SecretKey, json: bool, output: &Output) -> Result<(), Failure> {
    let public =
        Public { public: hex::encode(key.public().as_bytes()), key_id: key.public().key_id().to_string() };
    if json {
        return output.json(&public);
    }
    output.line(format_args!("{}", public.public));
    Ok(())
}

fn answer(arguments: &AnswerArguments, output: &Output) -> Result<(), Failure> {
    if challenge::is_word::<OfficerWord>(&arguments.challenge) {
        return sign(arguments, output);
    }
    if challenge::is_word::<StepWord>(&arguments.challenge) {
        return seal(arguments, output);
    }
    let (_, asked) = challenge::read(&arguments.challenge).map_err(usage)?;
    let key = keys::read_own(&arguments.key).map_err(usage)?;
    let answer = challenge::answer(&arguments.challenge, &key).map_err(usage)?;
    if arguments.json {
        let (host, account) = (asked.host.to_string(), asked.account.to_string());
        return output.json(&Answered { host, account, answer });
    }
    // Who signs sees for what, and the answer alone can be taken on by a program.
    output.aside(format_args!("signing in to {} as {}", asked.host, asked.account));
    output.line(answer);
    Ok(())
}

/// Signs a query. The word names no portal: it is good for one query of this department, wherever it was shown.
fn sign(arguments: &AnswerArguments, output: &Output) -> Result<(), Failure> {
    let said: OfficerWord = challenge::read_word(&arguments.challenge).map_err(usage)?;
    let key = keys::read_own(&arguments.key).map_err(usage)?;
    let answer = challenge::answer_word::<OfficerWord>(&arguments.challenge, &key).map_err(usage)?;
    let asked = Asked {
        department: said.department.to_string(),
        role: said.role.code(),
        entry: said.entry.to_string(),
        items: said.items.iter().map(ToString::to_string).collect(),
        purpose: said.purpose.to_string(),
        answer,
    };
    if arguments.json {
        return output.json(&asked);
    }
    let Asked { department, role, entry, items, purpose, answer } = asked;
    output.aside(format_args!("asking as {role} of {department} for purpose {purpose}"));
    output.aside(format_args!("entry {entry}, items {}", items.join(", ")));
    output.line(answer);
    Ok(())
}

/// Signs a step of two officers. The word is good for this one step, wherever it was shown.
fn seal(arguments: &AnswerArguments, output: &Output) -> Result<(), Failure> {
    let said: StepWord = challenge::read_word(&arguments.challenge).map_err(usage)?;
    let key = keys::read_own(&arguments.key).map_err(usage)?;
    let answer = challenge::answer_word::<StepWord>(&arguments.challenge, &key).map_err(usage)?;
    let sealed = Sealed {
        department: said.department.to_string(),
        role: said.role.code(),
        request: said.request.to_string(),
        step: said.step.to_string(),
        answer,
    };
    if arguments.json {
        return output.json(&sealed);
    }
    let Sealed { department, role, request, step, answer } = sealed;
    output.aside(format_args!("signing as {role} of {department} for request {request}"));
    output.aside(format_args!("step {step}"));
    output.line(answer);
    Ok(())
}

fn usage(error: impl std::fmt::Display) -> Failure {
    Failure::Usage(error.to_string())
}
