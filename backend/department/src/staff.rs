//! `zhenglian staff add`: a staff account of this department's portal.

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use serde::Serialize;
use services::ServiceError;
use services::codes::Role;
use services::records::Records;
use services::staff::{self, NewAccount};
use zeroize::Zeroizing;

use crate::config::{Config, ConfigArgument, Mistake};
use crate::exit::Failure;
use crate::output::Output;
use crate::private;

/// Longest password file read.
const PASSWORD_BYTES_MAX: u64 = 1_024;

/// Commands about staff.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Add an account; its password is read from standard input or a file.
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
    /// Role codes: `BIZ_USER`, `REQ_OPERATOR`, `PROV_APPROVER`, `INSPECTOR`.
    #[arg(long = "role", required = true)]
    roles: Vec<String>,
    /// File whose first line is the password; standard input without it.
    #[arg(long)]
    password_file: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// What `staff add` did.
#[derive(Serialize)]
struct Added<'a> {
    account: &'a str,
    roles: &'a [String],
}

/// Adds an account.
///
/// # Errors
/// A mistaken configuration, account, role or password, or records that cannot be written.
pub(crate) fn add(arguments: &AddArguments, output: &Output) -> Result<(), Failure> {
    let config = Config::load(&arguments.config.config, std::env::vars()).map_err(Failure::Mistakes)?;
    let roles = roles(&arguments.roles)?;
    let password = password(arguments.password_file.as_deref())?;
    let new =
        NewAccount { account: arguments.account.clone(), name: arguments.name.clone(), roles, password };
    private::own(&config.store.data)?;
    crate::assemble::block_on(async {
        let records = Records::open(&crate::assemble::records_folder(&config))
            .await
            .map_err(|fault| Failure::fault("the office's records cannot be opened", fault))?;
        let added = staff::add(&records, new).await.map_err(refused);
        records.close().await;
        added
    })?;
    if arguments.json {
        return output.json(&Added { account: &arguments.account, roles: &arguments.roles });
    }
    output.line(format_args!("added {} as {}", arguments.account, arguments.roles.join(", ")));
    Ok(())
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
        other => Failure::fault("the account was not added", other),
    }
}
