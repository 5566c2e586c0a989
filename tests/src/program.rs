//! The program under test: the `zhenglian` binary of this build, run as its
//! operators run it.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;

use crate::trouble::{Outcome, Trouble, While};

/// What a finished command left.
#[derive(Debug)]
pub struct Finished {
    /// Its exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// The binary beside the running test or demonstration.
///
/// # Errors
/// When it was not built.
pub fn binary() -> Outcome<PathBuf> {
    let own = std::env::current_exe().during("the running program's own path")?;
    let mut folders = own.ancestors().skip(1).take(2).map(|folder| folder.join("zhenglian"));
    folders
        .find(|path| path.is_file())
        .ok_or_else(|| Trouble::new("the zhenglian binary is not built; run: cargo build --workspace --bins"))
}

/// A command of the binary, not started yet.
///
/// # Errors
/// When the binary was not built.
pub fn command(arguments: &[&str]) -> Outcome<Command> {
    let mut command = Command::new(binary()?);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    Ok(command)
}

/// Runs a command to its end.
///
/// # Errors
/// When it cannot be started.
pub async fn finish(mut command: Command) -> Outcome<Finished> {
    let output = command.output().await.during("zhenglian could not be started")?;
    Ok(Finished {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Runs a command that must succeed; gives its standard output.
///
/// # Errors
/// When it ends with another code than 0; its standard error is quoted.
pub async fn succeed(arguments: &[&str]) -> Outcome<String> {
    let finished = finish(command(arguments)?).await?;
    if finished.code == 0 {
        Ok(finished.out)
    } else {
        Err(Trouble::new(format!(
            "zhenglian {} ended with {}: {}",
            arguments.join(" "),
            finished.code,
            finished.err
        )))
    }
}
