//! A network of its own for each scenario, and one scenario at a time: six
//! processes are enough for a small machine.

use std::path::Path;
use std::sync::Arc;

use system_tests::centres::{CENTRES, Centre};
use system_tests::layout::Layout;
use system_tests::network::Network;
use system_tests::page::Page;
use system_tests::people::Person;
use system_tests::seed::Seed;
use system_tests::story::{ANSWER_MAX, Story};
use system_tests::visitor::Visitor;
use system_tests::waiting::until;
use tempfile::TempDir;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// People in each table: as many as a scenario can tell apart.
const PEOPLE: usize = 200;
/// Where free ports are looked for; a demonstration may run beside the tests.
pub(crate) const PORTS_FROM: u16 = 21_000;

static TURN: std::sync::LazyLock<Arc<Mutex<()>>> = std::sync::LazyLock::new(Arc::default);

/// The turn to run six processes.
pub(crate) async fn turn() -> OwnedMutexGuard<()> {
    Arc::clone(&TURN).lock_owned().await
}

/// A running network, gone with its processes and files when dropped.
pub(crate) struct Stage {
    pub(crate) network: Network,
    // Dropped after the network, in this order.
    _dir: TempDir,
    _turn: OwnedMutexGuard<()>,
}

impl Stage {
    /// Six departments grown from a seed.
    pub(crate) async fn set(seed: u64) -> Self {
        Self::set_with_log(seed, "").await
    }

    /// The same with a log as wordy as `log` says (`RUST_LOG`).
    pub(crate) async fn set_with_log(seed: u64, log: &str) -> Self {
        let turn = turn().await;
        let dir = tempfile::tempdir().unwrap();
        let base_port = Layout::free_base_port(PORTS_FROM).unwrap();
        let layout = Layout { dir: dir.path().join("network"), seed: Seed(seed), base_port, people: PEOPLE };
        let network = Network::start_with_log(layout, log).await.unwrap();
        Self { network, _dir: dir, _turn: turn }
    }

    /// One of the provider's people.
    pub(crate) fn person(&self, provider: &Centre, number: usize) -> Person {
        self.network.layout.people_of(provider).swap_remove(number)
    }
}

impl Drop for Stage {
    /// A scenario that failed leaves the logs of its processes: the folder itself goes.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let Layout { seed, base_port, .. } = self.network.layout;
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("failed-{}-{base_port}", seed.0));
        std::fs::create_dir_all(&kept).ok(); // without a place there is nothing to keep them in
        for centre in &CENTRES {
            std::fs::copy(self.network.layout.log(centre), kept.join(format!("{}.log", centre.short))).ok();
        }
        eprintln!("the logs of the six processes are kept in {}", kept.display());
    }
}

/// A requester with a grant, and its clerk at the portal.
pub(crate) struct Granted {
    pub(crate) requester: &'static Centre,
    pub(crate) provider: &'static Centre,
    /// The query form's page.
    pub(crate) form: String,
    pub(crate) clerk: Visitor,
}

impl Granted {
    pub(crate) async fn by(stage: &Stage, requester: &'static str, provider: &'static str) -> Self {
        let (requester, provider) = (Centre::named(requester), Centre::named(provider));
        let story = Story::new(&stage.network, requester, provider);
        let request = story.request().await.unwrap();
        let grant = story.approve(&request).await.unwrap();
        let clerk = stage.network.signed_in(requester, "clerk").await.unwrap();
        Self { requester, provider, form: format!("/grants/{grant}/query"), clerk }
    }

    /// Asks about a person; gives the query's id.
    pub(crate) async fn ask(&self, stage: &Stage, person: &Person) -> String {
        let story = Story::new(&stage.network, self.requester, self.provider);
        story.ask_as(&self.clerk, &self.form, person, "GJJ-2026-000007").await.unwrap()
    }

    /// Waits for the answer.
    pub(crate) async fn answered(&self, stage: &Stage, query: &str) -> Page {
        let story = Story::new(&stage.network, self.requester, self.provider);
        story.answered_to(&self.clerk, query).await.unwrap()
    }

    /// Signs the clerk in again, after the requester's process was started anew.
    pub(crate) async fn sign_in_again(&mut self, stage: &Stage) {
        self.clerk = stage.network.signed_in(self.requester, "clerk").await.unwrap();
    }

    /// Waits until the query stands in one of these states at its requester.
    pub(crate) async fn until_state(&self, query: &str, states: &[&str]) -> String {
        until(&format!("the query in {states:?}"), ANSWER_MAX, || async {
            let page =
                self.clerk.get(&format!("/queries/{query}")).await.map_err(|error| error.to_string())?;
            match state(&page) {
                Some(state) if states.contains(&state.as_str()) => Ok(state),
                other => Err(format!("{other:?} {}", page.text())),
            }
        })
        .await
        .unwrap()
    }
}

/// The state that a query's page names.
pub(crate) fn state(page: &Page) -> Option<String> {
    let marked = page.all(|element| element.attributes.contains_key("data-state"));
    Some(marked.first()?.attribute("data-state")?.to_owned())
}

/// Waits until a record stands on a department's own chain, as its log shows.
pub(crate) async fn until_recorded_at(visitor: &Visitor, query: &str) -> Page {
    until("the record on the chain", ANSWER_MAX, || async {
        let page = visitor.get(&format!("/receipts/{query}")).await.map_err(|error| error.to_string())?;
        if page.status == 200 { Ok(page) } else { Err(format!("{}", page.status)) }
    })
    .await
    .unwrap()
}
