//! Uses raced against revocations: grants that are revoked and policies that are tightened, while a changed
//! requester (`changed.rs`) sends questions to the provider's peer port as fast as it can.
//!
//! The gate runs some hundred uses; `scripts/race` (`benches/race.rs`) as many as one wants.

#![allow(clippy::print_stderr, reason = "a run of half an hour says that it goes on")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ledger::amendment::{CountersignPolicy, DraftPolicy};
use ledger::grant::RevokeGrant;
use ledger::ids::{GrantId, Height, PolicyVersion, Pseudonym};
use ledger::parameters::Parameters;
use ledger::policy::{Effect, PolicyOwner, PolicySet};
use ledger::receipt::{PolicyVersions, RecordKind};
use ledger::role::{By, Role};
use ledger::tip::Tip;
use ledger::transaction::Payload;
use ledger::views;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::changed::{Changed, Said, Use};
use crate::founding::{PROVIDER, Terms, row};
use crate::town::{Town, quick, within};

/// Questions under way at once: fewer than a provider works on for one department.
const AT_ONCE: usize = 32;
/// Answered uses after which the right is taken away, and uses of each worker after it was.
const BEFORE: std::ops::Range<usize> = 20..60;
const AFTER: usize = 2;
/// Rights that are taken away on one chain: a department has a credit of drafts a day, and each second right costs two.
const ROUNDS_PER_CHAIN: usize = 40;

/// What came of a race.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) rounds: usize,
    /// Questions sent.
    pub(crate) uses: usize,
    /// Answers whose key was given.
    pub(crate) answered: usize,
    /// Questions denied or refused.
    pub(crate) denied: usize,
    /// Prepared before the right was taken away, and their key never given.
    pub(crate) crossed: usize,
    /// Answers on record asked for (again) after the grant's end; none is given.
    pub(crate) late: usize,
    /// Uses of any kind in or after the block that took the right away.
    pub(crate) after: usize,
    /// From submitting what takes the right away to the first refusal at the provider's peer port.
    pub(crate) refusals: Vec<Duration>,
    pub(crate) took: Duration,
}

/// How a right ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Revoked,
    Tightened,
}

/// One right, used until it is gone.
struct Round {
    changed: Changed,
    grant: GrantId,
    terms: Terms,
    /// What all its tickets saw: the block in which the right lived.
    seen: Tip,
    before: usize,
    sent: AtomicUsize,
    answered: AtomicUsize,
    cut: Notify,
    is_gone: AtomicBool,
}

/// One use of a round.
struct Done {
    made: Use,
    /// The provider's head when the question was sent.
    asked_at: Height,
    came: Came,
}

enum Came {
    /// Denied or refused, and when that was heard.
    Denied(Instant),
    /// The key was given; the provider's head when it was asked for.
    Given(Height),
    /// Prepared, its key never given.
    Crossed,
    /// On hand, its key not asked for yet.
    Kept(Box<exchange::protocol::Answer>, Vec<u8>),
}

/// Races until so many questions were sent, on one chain after the other.
pub(crate) async fn race(uses: usize) -> Figures {
    let started = Instant::now();
    let mut figures = Figures::default();
    while figures.uses < uses {
        race_on_one_chain(uses, &mut figures).await;
        if figures.rounds.is_multiple_of(10 * ROUNDS_PER_CHAIN) {
            eprintln!("{} uses, {} of them after the end", figures.uses, figures.after);
        }
    }
    figures.took = started.elapsed();
    figures
}

async fn race_on_one_chain(uses: usize, figures: &mut Figures) {
    let parameters = Parameters { loosening_ms: 0, ..quick() };
    let town = Town::start(2, &[0], parameters).await;
    let mut ends = BTreeMap::new();
    for number in 0..ROUNDS_PER_CHAIN {
        let end = if number.is_multiple_of(2) { End::Revoked } else { End::Tightened };
        round(&town, end, figures, &mut ends).await;
        figures.rounds += 1;
        if figures.uses >= uses {
            break;
        }
    }
    figures.after += walk(&town, &ends);
    town.stop().await;
}

/// Where grants were revoked.
type Ends = BTreeMap<GrantId, Height>;

async fn round(town: &Town, end: End, figures: &mut Figures, ends: &mut Ends) {
    let terms = Terms { quota: 100_000, ..Terms::new() };
    let grant = grant(town, &terms).await;
    let before = BEFORE.start + figures.rounds * 7 % (BEFORE.end - BEFORE.start);
    let round = Arc::new(Round {
        changed: Changed::of(town),
        grant,
        terms,
        seen: town.handle(PROVIDER).status().tip,
        before,
        sent: AtomicUsize::new(0),
        answered: AtomicUsize::new(0),
        cut: Notify::new(),
        is_gone: AtomicBool::new(false),
    });
    let mut workers = JoinSet::new();
    for _ in 0..AT_ONCE {
        workers.spawn(work(Arc::clone(&round)));
    }
    within(round.cut.notified()).await;
    let click = Instant::now();
    let gone = match end {
        End::Revoked => revoke(town, grant).await,
        End::Tightened => tighten(town).await,
    };
    if end == End::Revoked {
        ends.insert(grant, gone);
    }
    round.is_gone.store(true, Ordering::SeqCst);
    let (mut first, mut prepared, mut denied) = (None, 0, 0);
    while let Some(done) = workers.join_next().await {
        for done in done.unwrap() {
            figures.uses += 1;
            if let Came::Denied(at) = done.came {
                first = Some(first.map_or(at, |first: Instant| first.min(at)));
            }
            if tell(&round, end, gone, done, figures).await { prepared += 1 } else { denied += 1 }
        }
    }
    assert!(prepared >= round.before && denied >= AT_ONCE, "no race: {prepared} prepared, {denied} denied");
    figures.refusals.extend(first.map(|first| first.duration_since(click)));
    if end == End::Tightened {
        loosen(town).await;
    }
}

/// Uses the right until it is gone, and a little longer.
async fn work(round: Arc<Round>) -> Vec<Done> {
    let (mut done, mut after) = (Vec::new(), 0);
    while after < AFTER {
        after += usize::from(round.is_gone.load(Ordering::SeqCst));
        let number = round.sent.fetch_add(1, Ordering::Relaxed);
        let changed = &round.changed;
        let made = changed.make(round.grant, &round.terms, &round.seen);
        let asked_at = changed.provider_node.status().tip.height;
        let came = match changed.ask(&made).await {
            Said::Denied => Came::Denied(Instant::now()),
            Said::Refused(code) => {
                assert!(["denials.counted", "grant.revoked", "policy.denied"].contains(&&*code), "{code}");
                Came::Denied(Instant::now())
            }
            // Some wait until the grant has ended.
            Said::Answer(answer, sealed) if number.is_multiple_of(4) => Came::Kept(answer, sealed),
            Said::Answer(answer, sealed) => {
                let at = changed.provider_node.status().tip.height;
                if changed.hold(&made, &answer, &sealed).await { Came::Given(at) } else { Came::Crossed }
            }
        };
        if !matches!(came, Came::Denied(_))
            && round.answered.fetch_add(1, Ordering::SeqCst) + 1 == round.before
        {
            round.cut.notify_one();
        }
        done.push(Done { made, asked_at, came });
    }
    done
}

/// Counts what came of a use; whether its answer was prepared.
async fn tell(round: &Round, end: End, gone: Height, done: Done, figures: &mut Figures) -> bool {
    let prepared = !matches!(done.came, Came::Denied(_));
    // The provider judges at its head or later: what was sent after it knew is a use after the end.
    if prepared && done.asked_at >= gone {
        figures.after += 1;
    }
    match done.came {
        Came::Denied(_) => figures.denied += 1,
        Came::Crossed => figures.crossed += 1,
        Came::Given(at) => {
            figures.answered += 1;
            if end == End::Revoked && at >= gone {
                figures.after += 1;
            }
        }
        Came::Kept(answer, sealed) => {
            let changed = &round.changed;
            let given = changed.hold(&done.made, &answer, &sealed).await;
            let again = changed.refetch(&done.made, &answer).await;
            figures.late += 1;
            match end {
                End::Revoked => figures.after += usize::from(given) + usize::from(again),
                // What was on record before the rule was tightened was used before.
                End::Tightened if given => figures.answered += 1,
                End::Tightened => figures.crossed += 1,
            }
        }
    }
    prepared
}

/// Reads every block: records of a grant in or after the block that revoked it, and records judged by other
/// policies than those in force.
fn walk(town: &Town, ends: &Ends) -> usize {
    let (mut after, mut records, mut revoked) = (0, 0, BTreeMap::new());
    let provider = &town.founded.departments[PROVIDER].id;
    town.handle(PROVIDER).read(|snapshot| {
        for height in (1..=snapshot.tip().height.0).map(Height) {
            let block = snapshot.block(height).unwrap();
            let in_force = views::policy_versions_at(snapshot, provider, height).unwrap().unwrap();
            for tx in &block.transactions {
                let (ticket, versions, answered) = match &tx.body.payload {
                    Payload::RevokeGrant(ended) => {
                        revoked.insert(ended.grant, height);
                        continue;
                    }
                    Payload::RecordAnswer(receipt) => (&receipt.ticket, receipt.policy_versions, true),
                    Payload::RecordDenial(denial) => (&denial.ticket, denial.policy_versions, false),
                    _ => continue,
                };
                assert_eq!(versions, in_force, "a record of height {height} was judged by other policies");
                let record = views::record(snapshot, &ticket.query_id()).unwrap().unwrap();
                assert_eq!(matches!(record.kind, RecordKind::Answer { .. }), answered);
                records += 1;
                after += usize::from(answered && revoked.contains_key(&ticket.grant));
            }
        }
    });
    assert_eq!(&revoked, ends, "the chain knows other revocations");
    assert!(records > 0);
    after
}

async fn grant(town: &Town, terms: &Terms) -> GrantId {
    let (request, approval, grant) = town.founded.grant_under(terms, versions(town));
    town.submit(0, request).await;
    town.submit(PROVIDER, approval).await;
    grant
}

fn versions(town: &Town) -> PolicyVersions {
    let provider = &town.founded.departments[PROVIDER].id;
    town.handle(PROVIDER).read(|snapshot| views::policy_versions(snapshot, provider)).unwrap().unwrap()
}

async fn revoke(town: &Town, grant: GrantId) -> Height {
    let by = town.founded.by(Role::ProvApprover);
    let revocation = RevokeGrant { grant, reason: "01".parse().unwrap(), by };
    let tx = town.founded.office(PROVIDER, Payload::RevokeGrant(revocation));
    within(town.handle(PROVIDER).submit(tx)).await.unwrap().height
}

/// The provider's own layer with one row more that denies what is asked here.
async fn tighten(town: &Town) -> Height {
    amend(town, |rows| rows.push(row("raced", "answer", "01", Effect::Deny, &[]))).await
}

/// The same without it: in force with a later block.
async fn loosen(town: &Town) {
    let before = versions(town);
    amend(town, |rows| rows.retain(|row| row.id.as_str() != "raced")).await;
    for of in [0, PROVIDER] {
        let handle = town.handle(of);
        let mut heads = handle.follow();
        let provider = &town.founded.departments[PROVIDER].id;
        let moved = async {
            while handle.read(|snapshot| views::policy_versions(snapshot, provider)).unwrap() == Some(before)
            {
                heads.changed().await.unwrap();
            }
        };
        within(moved).await;
    }
}

/// Drafts and countersigns another version of the provider's rows; the height of the countersignature.
async fn amend(town: &Town, change: impl FnOnce(&mut Vec<ledger::policy::PolicyRow>)) -> Height {
    let owner = PolicyOwner::Department(town.founded.departments[PROVIDER].id.clone());
    let read = |snapshot: &node::Snapshot<'_>| {
        let version: PolicyVersion = views::policy_version(snapshot, &owner).unwrap().unwrap();
        (views::policy(snapshot, &owner).unwrap().unwrap(), version)
    };
    let (mut set, previous): (PolicySet, _) = town.handle(PROVIDER).read(read);
    (set.number, set.previous) = (set.number + 1, previous);
    change(&mut set.rows);
    let version = set.version(town.founded.genesis.chain());
    let by = |number| By { pseudonym: Pseudonym([number; 32]), role: Role::SecAdmin };
    let draft = Payload::DraftPolicy(DraftPolicy { set, reason: None, by: by(1) });
    within(town.handle(PROVIDER).submit(town.founded.office(PROVIDER, draft))).await.unwrap();
    let signed = Payload::CountersignPolicy(CountersignPolicy { owner, version, by: by(2) });
    within(town.handle(PROVIDER).submit(town.founded.office(PROVIDER, signed))).await.unwrap().height
}
