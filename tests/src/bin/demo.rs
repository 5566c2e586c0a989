//! `scripts/demo`: six departments on this machine, with invented people.

#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use system_tests::administrators::Administrators;
use system_tests::centres::{CENTRES, Centre};
use system_tests::layout::Layout;
use system_tests::network::Network;
use system_tests::program;
use system_tests::seed::Seed;
use system_tests::story::Story;
use system_tests::trouble::{Outcome, Trouble, While};
use tokio::signal::unix::{SignalKind, signal};

/// Runs six departments of a demonstration network on this machine.
#[derive(Parser)]
struct Arguments {
    /// Throw away what an earlier run left.
    #[arg(long)]
    fresh: bool,
    /// What people, accounts and passwords grow from; 1 unless the folder holds another.
    #[arg(long)]
    seed: Option<u64>,
    /// Walk through the whole story once, printing each step, then stop.
    #[arg(long)]
    tour: bool,
    /// Where the network lives.
    #[arg(long, default_value = ".demo")]
    dir: PathBuf,
    /// Portals listen on the six ports after this one; 100 above, the nodes; 200 above, for operators.
    #[arg(long, default_value_t = 8100)]
    base_port: u16,
    /// People in each centre's table.
    #[arg(long, default_value_t = 10_000)]
    people: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            println!("demo: {trouble}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Outcome<()> {
    let start = Instant::now();
    // Before anything is done, so that no Ctrl-C is missed.
    let mut interrupt = signal(SignalKind::interrupt()).during("signals")?;
    let mut terminate = signal(SignalKind::terminate()).during("signals")?;
    if arguments.fresh {
        throw_away(&arguments.dir)?;
    }
    let mut layout = Layout {
        dir: arguments.dir,
        seed: Seed(1),
        base_port: arguments.base_port,
        people: arguments.people,
    };
    let on_disk = layout.seed_on_disk();
    if on_disk.is_none() {
        throw_away(&layout.dir)?; // what an earlier run was interrupted at, if anything
    }
    layout.seed = arguments.seed.map(Seed).or(on_disk).unwrap_or(layout.seed);
    match on_disk {
        None => println!("laying out six departments in {} …", layout.dir.display()),
        Some(_) => println!("six departments are in {} already", layout.dir.display()),
    }
    let mut network = tokio::select! {
        started = Network::start(layout) => started?,
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    println!("running after {:.1} s", start.elapsed().as_secs_f64());
    print_doors(&network.layout)?;
    let outcome = if arguments.tour {
        tour(&network).await
    } else {
        println!("\nCtrl-C stops all six; the next start keeps what they did.");
        tokio::select! {
            _ = interrupt.recv() => Ok(()),
            _ = terminate.recv() => Ok(()),
            dead = until_one_ends(&mut network) => Err(dead),
        }
    };
    println!("stopping …");
    network.stop().await?;
    outcome
}

/// Removes the folder of an earlier run, and only such a folder.
fn throw_away(dir: &Path) -> Outcome<()> {
    if !dir.exists() {
        return Ok(());
    }
    let foreign = std::fs::read_dir(dir).during(dir.display())?.filter_map(Result::ok).find(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let files = ["seed", "root", "genesis.bin"];
        !files.contains(&name.as_str()) && !CENTRES.iter().any(|centre| centre.short == name)
    });
    match foreign {
        Some(entry) => Err(Trouble::new(format!(
            "{} is not a demonstration's folder: it holds {}; remove it yourself",
            dir.display(),
            entry.file_name().to_string_lossy()
        ))),
        None => std::fs::remove_dir_all(dir).during(dir.display()),
    }
}

/// Addresses and accounts, as a visitor needs them.
fn print_doors(layout: &Layout) -> Outcome<()> {
    println!("\nseed {}, trust root {}", layout.seed.0, layout.root()?);
    for centre in &CENTRES {
        println!("\nhttp://{}/  {}", layout.host(centre), centre.name_zh);
        for account in layout.accounts(centre) {
            let key = if account.key.is_some() { " [key]" } else { "" };
            println!(
                "  {:<10} {}  {} ({}){key}",
                account.account, account.password, account.task, account.name
            );
        }
    }
    println!("\nwho is marked [key] answers the page's challenge with a key of their own:");
    let folder = layout.dir.display();
    println!(
        "  {} officer-key answer --key {folder}/CENTRE/officers/ACCOUNT.key CHALLENGE",
        program::binary()?.display()
    );
    let provider = Centre::named("su");
    println!("\nto ask about, at {}:", provider.name_zh);
    for person in layout.people_of(provider).iter().take(3) {
        println!("  {} {}", person.name, person.id_number);
    }
    Ok(())
}

async fn tour(network: &Network) -> Outcome<()> {
    println!("\nthe story of one access:");
    let (requester, provider) = (Centre::named("cd"), Centre::named("su"));
    let story = Story::new(network, requester, provider);
    let story = story.telling(|step| println!("  {step}"));
    let grant = story.whole(Centre::named("jd")).await?;

    println!("\nthe administrators' story:");
    let tell = |step: &system_tests::story::Step| println!("  {step}");
    let provider = Administrators::of(network, provider).telling(tell);
    provider.draft().await?;
    provider.countersign().await?;
    let clerk = network.signed_in(requester, "clerk").await?;
    let person = network.layout.people_of(provider.centre).into_iter().next().during("a person")?;
    let query = story.ask_as(&clerk, &format!("/grants/{grant}/query"), &person, "GJJ-2026-000002").await?;
    provider.denied(&clerk, &query).await?;
    let requester = Administrators::of(network, requester).telling(tell);
    requester.lock("clerk", &clerk).await.map(drop)
}

/// Gives the trouble of the first process that ends by itself.
async fn until_one_ends(network: &mut Network) -> Trouble {
    loop {
        for centre in &CENTRES {
            match network.ended(centre) {
                Ok(None) => {}
                Ok(Some(code)) => {
                    let end = network.log_end(centre);
                    network.forget(centre);
                    return Trouble::new(format!("{} ended with {code}; its log ends:\n{end}", centre.short));
                }
                Err(trouble) => return trouble,
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
