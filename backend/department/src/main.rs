//! `zhenglian`: the program of one department.
//!
//! ```text
//!  init ──> card.bin ──> genesis ──> genesis.bin ──> check ──> run
//!                                         │
//!                      evidence.zlproof ──┴──> verify (offline, anywhere)
//! ```
//!
//! This file lists the commands; each has a file of its own. `assemble.rs`
//! joins the floors from bottom to top, `shutdown.rs` stops them from top to
//! bottom. There are no rules of any kind in this crate.
//!
//! Exit codes: 0 done, 1 a fault, 2 the command line or the configuration is
//! mistaken, 3 evidence was refused, the audit log does not hold, or a policy
//! file cannot be drafted, 4 a replay found something.

mod assemble;
mod audit;
mod check;
mod config;
mod exit;
mod genesis;
mod init;
mod keys;
mod log;
mod officer_key;
mod output;
mod panics;
mod policy;
mod private;
mod replay;
mod shutdown;
mod staff;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use config::ConfigArgument;
use exit::Failure;
use output::Output;

/// Government data sharing with proof of who saw what, and why.
#[derive(Parser)]
#[command(
    name = "zhenglian",
    version,
    about,
    after_help = "Exit codes: 0 done, 1 a fault, 2 the command line or the configuration is mistaken, \
                  3 evidence was refused, the audit log does not hold, or a policy file cannot be drafted, \
                  4 a replay found something."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the department's keys and its public member card.
    Init(init::Arguments),
    /// Join member cards into the genesis file of a new chain.
    Genesis(genesis::Arguments),
    /// Run the department until SIGTERM or Ctrl-C.
    Run(ConfigArgument),
    /// Check configuration, keys, genesis and bindings; report every mistake.
    Check(check::Arguments),
    /// Verify an evidence file offline, against a genesis digest.
    Verify(verify::Arguments),
    /// Make an officer's own SM2 key, or answer a sign-in challenge with it.
    OfficerKey {
        #[command(subcommand)]
        command: officer_key::Command,
    },
    /// Judge the department's own decisions of a period again, under the versions then in force. Exit codes: 0
    /// all are the same, 4 something was found, 1 a fault.
    Replay(replay::Arguments),
    /// Check the department's audit log, or take it out.
    Audit {
        #[command(subcommand)]
        command: audit::Command,
    },
    /// Check, preview or hand in the next version of a layer of the sharing policies.
    Policy {
        #[command(subcommand)]
        command: policy::Command,
    },
    /// Manage staff accounts.
    Staff {
        #[command(subcommand)]
        command: staff::Command,
    },
}

fn main() -> ExitCode {
    // Clap itself ends with code 2 on a mistaken command line, 0 for --help.
    let arguments = Arguments::parse();
    let output = Output;
    match run(arguments.command, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            failure.code()
        }
    }
}

fn run(command: Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Init(arguments) => init::run(&arguments, output),
        Command::Genesis(arguments) => genesis::run(&arguments, output),
        Command::Run(arguments) => assemble::run(&arguments.config, output),
        Command::Check(arguments) => check::run(&arguments, output),
        Command::Verify(arguments) => verify::run(&arguments, output),
        Command::OfficerKey { command } => officer_key::run(&command, output),
        Command::Replay(arguments) => replay::run(&arguments, output),
        Command::Audit { command } => audit::run(&command, output),
        Command::Policy { command } => policy::run(&command, output),
        Command::Staff { command: staff::Command::Add(arguments) } => staff::add(&arguments, output),
    }
}
