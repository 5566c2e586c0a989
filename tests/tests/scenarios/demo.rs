//! What `scripts/demo` promises: it stops cleanly, keeps its data, and begins anew when told to.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use system_tests::centres::Centre;
use system_tests::layout::Layout;
use system_tests::page::Page;
use system_tests::seed::Seed;
use system_tests::visitor::Visitor;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::stage::{PORTS_FROM, turn};

/// Longest wait for a line or an end.
const WAIT_MAX: Duration = Duration::from_secs(120);
const SEED: &str = "91";

/// A demonstration under way.
struct Demo {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Demo {
    fn start(dir: &Path, base_port: u16, more: &[&str]) -> Self {
        let port = base_port.to_string();
        let mut process = Command::new(env!("CARGO_BIN_EXE_demo"))
            .args(["--people", "50", "--seed", SEED, "--base-port", &port, "--dir"])
            .arg(dir)
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// What it printed until a line that holds `words`.
    async fn until(&mut self, words: &str) -> Vec<String> {
        let mut printed = Vec::new();
        let look = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                printed.push(line);
                if printed.last().unwrap().contains(words) {
                    return true;
                }
            }
            false
        };
        let found = tokio::time::timeout(WAIT_MAX, look).await;
        assert_eq!(found, Ok(true), "{words:?} is not in {printed:#?}");
        printed
    }

    /// Sends a signal, as Ctrl-C does.
    async fn signal(&self, signal: &str) {
        let id = self.process.id().unwrap();
        let status = Command::new("sh").args(["-c", &format!("kill -{signal} {id}")]).status().await.unwrap();
        assert!(status.success());
    }

    /// Its exit code and the rest of what it printed.
    async fn end(mut self) -> (i32, String) {
        let rest = async {
            let mut rest = String::new();
            while let Some(line) = self.lines.next_line().await.unwrap() {
                rest += &line;
                rest.push('\n');
            }
            (self.process.wait().await.unwrap().code().unwrap_or(-1), rest)
        };
        tokio::time::timeout(WAIT_MAX, rest).await.unwrap()
    }
}

/// The records that an inspector of this network finds.
async fn records(layout: &Layout) -> Vec<String> {
    let inspectorate = Centre::named("jd");
    let inspector = Visitor::new(&layout.host(inspectorate)).unwrap();
    inspector.sign_in(&layout.account(inspectorate, "inspector")).await.unwrap();
    let log: Page = inspector.get("/log").await.unwrap();
    assert_eq!(log.status, 200);
    log.links().into_iter().map(|(to, _)| to).filter(|to| to.starts_with("/receipts/")).collect()
}

fn root(printed: &[String]) -> &str {
    printed.iter().find_map(|line| Some(line.split_once("trust root ")?.1)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demonstration_keeps_its_data_until_told_to_begin_anew() {
    let (_turn, folder) = (turn().await, tempfile::tempdir().unwrap());
    let (dir, base_port) = (folder.path().join("demo"), Layout::free_base_port(PORTS_FROM).unwrap());
    let layout = Layout { dir: dir.clone(), seed: Seed(SEED.parse().unwrap()), base_port, people: 50 };

    // Interrupted while it lays its departments out.
    let mut first = Demo::start(&dir, base_port, &[]);
    first.until("laying out").await;
    first.signal("INT").await;
    assert_eq!(first.end().await.0, 0);

    // The tour leaves an answer and a denial on record.
    let mut tour = Demo::start(&dir, base_port, &["--tour"]);
    let printed = tour.until("the story of one access").await;
    let first_root = root(&printed).to_owned();
    let (code, rest) = tour.end().await;
    assert_eq!(code, 0, "{rest}");
    assert!(rest.contains("stopping"), "{rest}");

    let mut second = Demo::start(&dir, base_port, &[]);
    let printed = second.until("Ctrl-C stops").await;
    assert!(printed.iter().any(|line| line.contains("already")), "{printed:#?}");
    assert_eq!(root(&printed), first_root);
    assert_eq!(records(&layout).await.len(), 2);
    second.signal("INT").await;
    assert_eq!(second.end().await.0, 0);
    assert_eq!(Layout::free_base_port(base_port).unwrap(), base_port, "a process is still there");

    let mut fresh = Demo::start(&dir, base_port, &["--fresh"]);
    let printed = fresh.until("Ctrl-C stops").await;
    assert_ne!(root(&printed), first_root);
    assert!(records(&layout).await.is_empty());
    fresh.signal("TERM").await;
    assert_eq!(fresh.end().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_somebody_else_is_not_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let thesis = folder.path().join("thesis.txt");
    std::fs::write(&thesis, "years of work").unwrap();
    for more in [&["--fresh"][..], &[]] {
        let (code, said) = Demo::start(folder.path(), PORTS_FROM, more).end().await;
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("thesis.txt"), "{said}");
    }
    assert_eq!(std::fs::read_to_string(thesis).unwrap(), "years of work");
}
