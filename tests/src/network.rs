//! Six real processes: started, stopped, killed, frozen, and asked how they are.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use crate::centres::{CENTRES, Centre};
use crate::layout::Layout;
use crate::program;
use crate::trouble::{Outcome, Trouble, While};
use crate::visitor::Visitor;
use crate::waiting::until;

/// Longest start of a process, from its first instruction to a portal that answers.
const START_MAX: Duration = Duration::from_secs(60);
/// Longest clean stop.
const STOP_MAX: Duration = Duration::from_secs(30);
/// Longest wait for a height.
const HEIGHT_MAX: Duration = Duration::from_secs(60);

/// The running processes of one layout. Those still running are killed when it is dropped.
pub struct Network {
    /// Where they live.
    pub layout: Layout,
    running: BTreeMap<&'static str, Child>,
    /// `RUST_LOG` of the processes; empty for the program's own default.
    log_filter: String,
}

impl Network {
    /// Lays the network out if need be, starts all six and waits until they agree on a block.
    ///
    /// # Errors
    /// When a process ends or does not answer in time; its log is quoted.
    pub async fn start(layout: Layout) -> Outcome<Self> {
        Self::start_with_log(layout, "").await
    }

    /// The same with a log as wordy as `log_filter` says (`RUST_LOG`).
    ///
    /// # Errors
    /// When a process ends or does not answer in time; its log is quoted.
    pub async fn start_with_log(layout: Layout, log_filter: &str) -> Outcome<Self> {
        layout.prepare().await?;
        let mut network = Self { layout, running: BTreeMap::new(), log_filter: log_filter.to_owned() };
        for centre in &CENTRES {
            network.spawn(centre)?;
        }
        for centre in &CENTRES {
            network.until_up(centre).await?;
        }
        network.until_common_height(1).await?;
        Ok(network)
    }

    /// Starts one department and waits until its portal answers.
    ///
    /// # Errors
    /// When it ends or does not answer in time.
    pub async fn start_one(&mut self, centre: &'static Centre) -> Outcome<()> {
        self.spawn(centre)?;
        self.until_up(centre).await
    }

    /// Starts one process without waiting for it.
    ///
    /// # Errors
    /// When it is running already or cannot be started.
    pub fn spawn(&mut self, centre: &'static Centre) -> Outcome<()> {
        if self.running.contains_key(centre.short) {
            return Err(Trouble::new(format!("{} is running already", centre.short)));
        }
        let path = self.layout.log(centre);
        let log = File::options().create(true).append(true).open(&path).during(path.display())?;
        let config = self.layout.config(centre).display().to_string();
        let mut command = program::command(&["run", "--config", &config])?;
        if !self.log_filter.is_empty() {
            command.env("RUST_LOG", &self.log_filter);
        }
        let child = command
            .stdout(log.try_clone().during(path.display())?)
            .stderr(log)
            .spawn()
            .during("zhenglian run")?;
        self.running.insert(centre.short, child);
        Ok(())
    }

    /// Stops one department as `systemctl stop` does; gives its exit code.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn stop_one(&mut self, centre: &Centre) -> Outcome<i32> {
        self.signal(centre, "TERM").await?;
        let mut child = self.running.remove(centre.short).during(centre.short)?;
        let status = tokio::time::timeout(STOP_MAX, child.wait())
            .await
            .map_err(|_| Trouble::new(format!("{} did not stop within {STOP_MAX:?}", centre.short)))?
            .during(centre.short)?;
        Ok(status.code().unwrap_or(-1))
    }

    /// Stops all that run, in parallel.
    ///
    /// # Errors
    /// When one does not end in time or ends with another code than 0.
    pub async fn stop(&mut self) -> Outcome<()> {
        let centres: Vec<&Centre> =
            CENTRES.iter().filter(|centre| self.running.contains_key(centre.short)).collect();
        for centre in &centres {
            self.signal(centre, "TERM").await?;
        }
        for centre in centres {
            let code = self.stop_one(centre).await?;
            if code != 0 {
                return Err(Trouble::new(format!(
                    "{} ended with {code}: {}",
                    centre.short,
                    self.log_end(centre)
                )));
            }
        }
        Ok(())
    }

    /// Kills one department as a power cut does (SIGKILL).
    ///
    /// # Errors
    /// When it is not running.
    pub async fn kill(&mut self, centre: &Centre) -> Outcome<()> {
        let mut child = self.running.remove(centre.short).during(centre.short)?;
        child.kill().await.during(centre.short)
    }

    /// Freezes one department (SIGSTOP): it holds its ports and says nothing.
    ///
    /// # Errors
    /// When it is not running.
    pub async fn freeze(&self, centre: &Centre) -> Outcome<()> {
        self.signal(centre, "STOP").await
    }

    /// Lets a frozen department go on (SIGCONT).
    ///
    /// # Errors
    /// When it is not running.
    pub async fn thaw(&self, centre: &Centre) -> Outcome<()> {
        self.signal(centre, "CONT").await
    }

    async fn signal(&self, centre: &Centre, signal: &str) -> Outcome<()> {
        let id = self.process(centre)?;
        let status = Command::new("sh")
            .args(["-c", &format!("kill -{signal} {id}")])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await
            .during("kill")?;
        // A process that has just ended by itself cannot be signalled; whoever waits for it sees its code.
        if status.success() || signal == "TERM" {
            Ok(())
        } else {
            Err(Trouble::new(format!("{} could not be sent SIG{signal}", centre.short)))
        }
    }

    /// The process id of a department.
    ///
    /// # Errors
    /// When it is not running.
    pub fn process(&self, centre: &Centre) -> Outcome<u32> {
        self.running
            .get(centre.short)
            .and_then(Child::id)
            .during(format_args!("the process of {}", centre.short))
    }

    /// Whether a department's process has ended by itself, and with which code.
    ///
    /// # Errors
    /// When it was not started.
    pub fn ended(&mut self, centre: &Centre) -> Outcome<Option<i32>> {
        let child = self.running.get_mut(centre.short).during(centre.short)?;
        Ok(child.try_wait().during(centre.short)?.map(|status| status.code().unwrap_or(-1)))
    }

    /// Forgets a process that has ended by itself.
    pub fn forget(&mut self, centre: &Centre) {
        self.running.remove(centre.short);
    }

    /// Waits until a department's portal answers.
    ///
    /// # Errors
    /// When its process ended, or does not answer in time.
    pub async fn until_up(&mut self, centre: &Centre) -> Outcome<()> {
        let visitor = self.visitor(centre)?;
        let start = std::time::Instant::now();
        loop {
            if let Some(code) = self.ended(centre)? {
                return Err(Trouble::new(format!(
                    "{} ended with {code}: {}",
                    centre.short,
                    self.log_end(centre)
                )));
            }
            let seen = match visitor.get("/sign-in").await {
                Ok(page) if page.status == 200 => return Ok(()),
                Ok(page) => format!("status {}", page.status),
                Err(trouble) => trouble.to_string(),
            };
            if start.elapsed() > START_MAX {
                return Err(Trouble::new(format!(
                    "{} does not answer ({seen}); its log ends: {}",
                    centre.short,
                    self.log_end(centre)
                )));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A visitor of a department's portal who has not signed in.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn visitor(&self, centre: &Centre) -> Outcome<Visitor> {
        Visitor::new(&self.layout.host(centre))
    }

    /// A visitor who signed in with an account of the department.
    ///
    /// # Errors
    /// When the portal does not let them in.
    pub async fn signed_in(&self, centre: &Centre, account: &str) -> Outcome<Visitor> {
        let visitor = self.visitor(centre)?;
        visitor.sign_in(&self.layout.account(centre, account)).await?;
        Ok(visitor)
    }

    /// The height of a department's own chain.
    ///
    /// # Errors
    /// When its portal does not say.
    pub async fn height(&self, centre: &Centre) -> Outcome<u64> {
        Ok(self.figure(centre, "zhenglian_block_height").await? as u64)
    }

    /// One figure of a department's `/metrics` (Prometheus text), as its operators read it.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn figure(&self, centre: &Centre, name: &str) -> Outcome<f64> {
        let operator = Visitor::new(&format!("localhost:{}", self.layout.operations_port(centre)))?;
        let (_, bytes) = operator.download("/metrics").await?;
        let text = String::from_utf8_lossy(&bytes);
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .find_map(|line| line.strip_prefix(name)?.split_whitespace().last()?.parse().ok())
            .during(format_args!("{name} in /metrics"))
    }

    /// Waits until a department's chain has this height.
    ///
    /// # Errors
    /// When it has not in time.
    pub async fn until_height(&self, centre: &Centre, height: u64) -> Outcome<u64> {
        until(&format!("{} at height {height}", centre.short), HEIGHT_MAX, || async {
            match self.height(centre).await {
                Ok(own) if own >= height => Ok(own),
                Ok(own) => Err(format!("height {own}")),
                Err(trouble) => Err(trouble.to_string()),
            }
        })
        .await
    }

    /// Waits until every running department's chain has this height.
    ///
    /// # Errors
    /// When one has not in time.
    pub async fn until_common_height(&self, height: u64) -> Outcome<()> {
        for centre in CENTRES.iter().filter(|centre| self.running.contains_key(centre.short)) {
            self.until_height(centre, height).await?;
        }
        Ok(())
    }

    /// The last lines of a department's log.
    #[must_use]
    pub fn log_end(&self, centre: &Centre) -> String {
        let log = std::fs::read_to_string(self.layout.log(centre)).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(12).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}
