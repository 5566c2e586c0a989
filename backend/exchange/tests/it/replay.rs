//! A period judged again: everything that was decided comes out the same, and whatever is altered is found.

mod liar;

use access::{ATTRIBUTES, Action, Assurance, DecisionRecord, Question};
use exchange::protocol::{Opening, Side, Wanted};
use exchange::replay::{Finding, Period, Replay, ReplayError, Source, Tally, What};
use exchange::{Outcome, QueryState};
use gm::sm3::Digest;
use gm::store_key::StoreKey;
use ledger::amendment::{CountersignPolicy, DraftPolicy};
use ledger::catalogue::ShareType;
use ledger::ids::{InspectionId, Pseudonym, QueryId, Time};
use ledger::inspection::{InspectionScope, OpenInspection};
use ledger::policy::{Effect, Layer, PolicyOwner};
use ledger::role::{By, Role};
use ledger::text::Text;
use ledger::transaction::Payload;
use ledger::views;
use ledger::wire::{Bytes, from_bytes, to_bytes};
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::founding::{ASKER, PROVIDER, Terms, now, row};
use crate::town::{THIRD as INSPECTORATE, Town, ZHANG, pseudonym, query, quick, within};

use liar::Liar;

const ALWAYS: Period = Period { from: Time(0), until: Time(u64::MAX) };

/// Judges a department's decisions again on its own node.
async fn replayed(town: &Town, of: usize) -> Tally {
    let exchange = town.exchange(of);
    with(town, of, Source::Own, async |wanted: &[Wanted]| Ok(exchange.openings(wanted).await?)).await.unwrap()
}

/// The same with openings from anywhere.
async fn with(
    town: &Town,
    of: usize,
    source: Source,
    openings: impl AsyncFn(&[Wanted]) -> Result<Vec<Option<Opening>>, ReplayError>,
) -> Result<Tally, ReplayError> {
    caught_up(town, of).await;
    let department = town.founded.departments[of].id.clone();
    let mut replay = Replay::new(department, ALWAYS, source).unwrap();
    while !replay.page(town.handle(of), &openings).await?.is_over() {}
    Ok(replay.tally().clone())
}

/// Waits until a node knows what the validator knows.
async fn caught_up(town: &Town, of: usize) {
    let head = town.handle(ASKER).status().tip.height;
    within(town.handle(of).follow().wait_for(|tip| tip.height >= head)).await.unwrap();
}

fn codes(finding: &Finding) -> Vec<&'static str> {
    finding.what.iter().map(What::code).collect()
}

/// One attribute of a question, changed to another value.
fn alter(q: &mut Question, attribute: &str) {
    fn other<T: Copy + PartialEq>(all: &[T], than: T) -> T {
        *all.iter().find(|value| **value != than).unwrap()
    }
    match attribute {
        "role" => q.role = other(Role::ALL, q.role),
        "clearance" => q.clearance ^= 1,
        "assurance" => q.assurance = other(Assurance::ALL, q.assurance),
        "zone" => q.zone = Some(Text::new("hall").unwrap()),
        "requester" => q.requester = "11510000X00000430L".parse().unwrap(),
        "requester_region" => q.requester_region = "540000".parse().unwrap(),
        "inspectorate" => q.requester_inspectorate ^= true,
        "provider" => q.provider = "11510000X00000430L".parse().unwrap(),
        "provider_region" => q.provider_region = "540000".parse().unwrap(),
        "share" => q.share_type = other(ShareType::ALL, q.share_type),
        "class" => q.entry_class.push('1'),
        "items" => drop(q.items.pop_first().unwrap()),
        "sensitivity" => drop(q.sensitivities.pop_first().unwrap()),
        "grade" => q.grade ^= 1,
        "action" => q.action = other(Action::ALL, q.action),
        "purpose" => q.purpose = Some("09".parse().unwrap()),
        "at" => q.at = Time(q.at.0 ^ 1),
        "grant" => q.grant_live = None,
        unknown => panic!("no alteration for {unknown}"),
    }
}

/// The file of a department's exchange, opened beside it.
struct Kept {
    pool: SqlitePool,
    table: &'static str,
    query: QueryId,
}

impl Kept {
    async fn open(town: &Town, of: usize, table: &'static str, query: QueryId) -> Self {
        let file = town.folder(of).join("exchange").join("exchange.sqlite");
        let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(file)).await.unwrap();
        Self { pool, table, query }
    }

    fn context(&self) -> Vec<u8> {
        [format!("{}.decision", self.table).as_bytes(), &[0], &self.query.0].concat()
    }

    async fn sealed(&self) -> Vec<u8> {
        let select = format!("SELECT decision FROM {} WHERE query = ?", self.table);
        let row = sqlx::query(sqlx::AssertSqlSafe(select)).bind(self.query.0.as_slice());
        row.fetch_one(&self.pool).await.unwrap().get(0)
    }

    async fn put(&self, sealed: Option<Vec<u8>>) {
        let update = format!("UPDATE {} SET decision = ? WHERE query = ?", self.table);
        let row = sqlx::query(sqlx::AssertSqlSafe(update)).bind(sealed).bind(self.query.0.as_slice());
        assert_eq!(row.execute(&self.pool).await.unwrap().rows_affected(), 1);
    }

    /// Changes the decision as who has file and key can.
    async fn change(&self, sealed: &[u8], change: impl Fn(&mut DecisionRecord)) {
        let key = StoreKey::from_bytes([7; 32]);
        let plain = key.open(&self.context(), sealed).unwrap();
        let (decision, salt): (Bytes, [u8; 32]) = from_bytes(&plain).unwrap();
        let mut record = DecisionRecord::read(&decision.0).unwrap();
        change(&mut record);
        let plain = to_bytes(&(Bytes(to_bytes(&record)), salt));
        self.put(Some(key.seal(&self.context(), &plain).unwrap())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_was_decided_comes_out_the_same() {
    let town = Town::start(2, &[0], quick()).await;
    let mut grants = Vec::new();
    for purpose in ["01", "02", "03"] {
        grants.push(town.grant(&Terms { purpose, ..Terms::new() }).await);
    }
    let dice: [u8; 10] = gm::random::bytes().unwrap();
    let (mut sent, mut kept_home) = (Vec::new(), 0);
    // Each kind once at least.
    for die in [0, 1, 2, 3, 4].into_iter().chain(dice.map(|die| die % 5)) {
        let mut form =
            query(grants[usize::from(die % 3)], ZHANG, Role::BizUser, gm::random::bytes().unwrap());
        match die {
            3 => form.asker.role = Role::Inspector,
            4 => form.asker.assurance = Assurance::Otp,
            // No one sees a balance for purpose 03.
            2 => form.items = ["DWMC", "GRZHZT", "SJHM"].map(|item| item.parse().unwrap()).into(),
            _ => drop(form.items.pop_first()),
        }
        let id = within(town.exchange(ASKER).ask(form, pseudonym)).await.unwrap();
        let view = town.until_closed(&id).await;
        if die == 3 {
            assert!(matches!(view.state, QueryState::Denied { .. }));
            kept_home += 1;
        } else {
            town.until_on_record(&id).await;
            sent.push(die);
        }
    }
    let all = sent.len() as u64;
    let provider = replayed(&town, PROVIDER).await;
    assert_eq!(provider.findings, []);
    assert_eq!((provider.records, provider.judged, provider.same), (all, all, all));
    // What is denied for a fact an honest requester does not send.
    assert_eq!((provider.facts, provider.found, provider.aged), (0, 0, 0));
    let asker = replayed(&town, ASKER).await;
    assert_eq!(asker.findings, []);
    assert_eq!((asker.records, asker.judged, asker.same), (all, all, all));
    assert_eq!(town.exchange(ASKER).unrecorded(ALWAYS).await.unwrap(), kept_home);
    assert_eq!(town.exchange(PROVIDER).unrecorded(ALWAYS).await.unwrap(), 0);
    // A period without blocks holds nothing.
    let never = Period { from: Time(0), until: Time(1) };
    let mut replay = Replay::new(town.founded.departments[ASKER].id.clone(), never, Source::Own).unwrap();
    let none = async |_: &[Wanted]| Ok(Vec::new());
    assert!(replay.page(town.handle(ASKER), none).await.unwrap().is_over());
    assert_eq!(replay.tally().records, 0);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_attribute_altered_in_the_kept_bytes_is_found() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    let id = town.ask(grant, ZHANG).await;
    assert_eq!(town.until_closed(&id).await.state, QueryState::Closed);
    for (of, table, side) in [(PROVIDER, "answers", Side::Provider), (ASKER, "queries", Side::Requester)] {
        let kept = Kept::open(&town, of, table, id).await;
        let good = kept.sealed().await;
        for attribute in ATTRIBUTES {
            kept.change(&good, |record| alter(&mut record.question, attribute)).await;
            let tally = replayed(&town, of).await;
            assert_eq!((tally.found, tally.same), (1, 0), "{attribute}");
            let finding = &tally.findings[0];
            assert_eq!((finding.query, finding.side), (id, side));
            assert!(finding.what.contains(&What::Opening), "{attribute}: {:?}", finding.what);
            assert!(finding.what.contains(&What::Attribute(attribute)), "{attribute}: {:?}", finding.what);
        }
        // What was said is found like what was asked.
        kept.change(&good, |record| record.rows[0].1 = None).await;
        assert_eq!(codes(&replayed(&town, of).await.findings[0]), ["opening", "row"]);
        kept.put(None).await;
        assert_eq!(codes(&replayed(&town, of).await.findings[0]), ["missing"]);
        kept.put(Some(good)).await;
        assert_eq!(replayed(&town, of).await.found, 0);
        kept.pool.close().await;
    }
    town.stop().await;
}

/// Whoever commits to a lie is found by what the chain and the details say.
#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_commits_to_an_altered_attribute_is_found() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    let mut liar = Liar::new(&town, grant);
    let honest = liar.tell(&|_| {});
    let lies: Vec<_> = ATTRIBUTES
        .into_iter()
        .map(|attribute| (liar.tell(&|record| alter(&mut record.question, attribute)), attribute))
        .collect();
    let row = liar.tell(&|record| record.rows[1].1 = Some(Text::new("invented").unwrap()));
    let denied = liar.tell(&|record| record.allow = false);
    let denied_in_effect = liar.tell(&|record| {
        record.obligations.push("verify-only".parse().unwrap());
    });
    liar.submit().await;
    let told = liar.openings();
    let source =
        async |wanted: &[Wanted]| Ok(wanted.iter().map(|one| told.get(&one.query).cloned()).collect());
    let tally = with(&town, PROVIDER, Source::Own, source).await.unwrap();
    assert_eq!(tally.records, 22);
    let found = |query: QueryId| tally.findings.iter().find(|finding| finding.query == query);
    assert_eq!(found(honest), None);
    for (query, attribute) in lies {
        let finding = found(query).unwrap_or_else(|| panic!("{attribute} is not found"));
        assert!(finding.what.contains(&What::Attribute(attribute)), "{attribute}: {:?}", finding.what);
        assert!(!finding.what.contains(&What::Opening), "{attribute}: it opens");
    }
    assert_eq!(codes(found(row).unwrap()), ["row"]);
    assert_eq!(codes(found(denied).unwrap()), ["allow"]);
    assert_eq!(codes(found(denied_in_effect).unwrap()), ["obligations"]);
    // The asker never asked any of it, so that it kept nothing.
    let asker = replayed(&town, ASKER).await;
    assert_eq!(asker.found, 22);
    assert!(asker.findings.iter().all(|finding| finding.what == [What::Missing]));
    town.stop().await;
}

/// Tightens the provider's own layer: nobody is answered for a purpose any more.
async fn tighten(town: &Town, purpose: &str) {
    let owner = PolicyOwner::Department(town.founded.departments[PROVIDER].id.clone());
    let mut set = town.handle(PROVIDER).read(|snapshot| views::policy(snapshot, &owner)).unwrap().unwrap();
    set.previous = set.version(town.founded.genesis.chain());
    set.number += 1;
    set.rows.push(row("no-more", "answer", purpose, Effect::Deny, &[]));
    let version = set.version(town.founded.genesis.chain());
    let by = |n| By { pseudonym: Pseudonym([n; 32]), role: Role::SecAdmin };
    let draft = DraftPolicy { set, reason: None, by: by(1) };
    town.submit(PROVIDER, town.founded.office(PROVIDER, Payload::DraftPolicy(draft))).await;
    let signed = CountersignPolicy { owner, version, by: by(2) };
    town.submit(PROVIDER, town.founded.office(PROVIDER, Payload::CountersignPolicy(signed))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_half_of_a_period_is_judged_by_its_own_versions() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    let mut liar = Liar::new(&town, grant);
    let before = town.ask(grant, ZHANG).await;
    assert_eq!(town.until_closed(&before).await.state, QueryState::Closed);
    tighten(&town, "01").await;
    let after = town.ask(grant, ZHANG).await;
    let view = town.until_closed(&after).await;
    assert!(matches!(view.state, QueryState::Denied { .. }), "{:?}", view.state);
    town.until_on_record(&after).await;
    for of in [PROVIDER, ASKER] {
        let tally = replayed(&town, of).await;
        assert_eq!(tally.findings, []);
        assert_eq!((tally.judged, tally.same), (2, 2));
    }
    // Who goes on by the rows of before is found, though these rows do say yes.
    let late = liar.tell(&|_| {});
    liar.submit().await;
    let (told, exchange) = (liar.openings(), town.exchange(PROVIDER));
    let source = async |wanted: &[Wanted]| {
        let kept = exchange.openings(wanted).await?;
        Ok(wanted
            .iter()
            .zip(kept)
            .map(|(one, kept)| kept.or_else(|| told.get(&one.query).cloned()))
            .collect())
    };
    let tally = with(&town, PROVIDER, Source::Own, source).await.unwrap();
    assert_eq!((tally.judged, tally.same), (3, 2));
    assert_eq!(tally.findings[0].query, late);
    assert_eq!(tally.findings[0].what, [What::VersionsNamed, What::NotInForce(Layer::Department)]);
    town.stop().await;
}

/// An inspectorate judges another department's decisions again; each look stands in that department's log.
#[tokio::test(flavor = "multi_thread")]
async fn an_inspectorate_judges_again_what_others_decided_and_nobody_else_does() {
    let mut town = Town::start(3, &[0], quick()).await;
    town.start_exchange(INSPECTORATE).await;
    let grant = town.grant(&Terms::new()).await;
    let refused = town.grant(&Terms { purpose: "02", ..Terms::new() }).await;
    let first = town.ask(grant, ZHANG).await;
    assert_eq!(town.until_closed(&first).await.state, QueryState::Closed);
    let second = town.ask(refused, ZHANG).await;
    town.until_on_record(&second).await;
    let department = |of: usize| town.founded.departments[of].id.clone();
    let inspection = inspect(&town, Time(0)).await;
    caught_up(&town, INSPECTORATE).await;
    for of in [PROVIDER, ASKER] {
        let asked = async |wanted: &[Wanted]| {
            town.exchange(INSPECTORATE).openings_of(&department(of), &inspection, wanted).await
        };
        let mut replay = Replay::new(department(of), ALWAYS, Source::Asked).unwrap();
        while !replay.page(town.handle(INSPECTORATE), asked).await.unwrap().is_over() {}
        let tally = replay.tally();
        assert_eq!((tally.records, tally.judged, tally.same, tally.found), (2, 2, 2, 0));
    }
    let looks = town.looks.looks();
    assert!(looks.iter().all(|look| look.by == department(INSPECTORATE)));
    let mut seen: Vec<QueryId> = looks.into_iter().flat_map(|look| look.queries).collect();
    seen.sort();
    let mut expected = vec![first, first, second, second];
    expected.sort();
    assert_eq!(seen, expected);

    // What is kept back is a finding.
    let kept = Kept::open(&town, PROVIDER, "answers", first).await;
    kept.put(None).await;
    kept.pool.close().await;
    let asked = async |wanted: &[Wanted]| {
        town.exchange(INSPECTORATE).openings_of(&department(PROVIDER), &inspection, wanted).await
    };
    let tally = with(&town, PROVIDER, Source::Asked, asked).await.unwrap();
    assert_eq!(
        tally.findings.iter().map(|f| (f.query, codes(f))).collect::<Vec<_>>(),
        [(first, vec!["withheld"])]
    );

    // No other department is shown anything, and an inspectorate nothing that is not that department's.
    let wanted = [Wanted { query: second, side: Side::Provider }];
    let asker = town.exchange(ASKER).openings_of(&department(PROVIDER), &inspection, &wanted).await;
    assert!(matches!(asker, Err(ReplayError::Refused(Outcome::InspectionNone))), "{asker:?}");
    let wanted = [
        Wanted { query: second, side: Side::Requester },
        Wanted { query: QueryId([1; 32]), side: Side::Provider },
    ];
    let other = town.exchange(INSPECTORATE).openings_of(&department(PROVIDER), &inspection, &wanted).await;
    assert_eq!(other.unwrap(), [None, None]);

    // Nor under an inspection that nobody opened, or that is of another time.
    let wanted = [Wanted { query: second, side: Side::Provider }];
    let later = inspect(&town, Time(now().0 + 60_000)).await;
    caught_up(&town, INSPECTORATE).await;
    for inspection in [InspectionId([9; 32]), later] {
        let none = town.exchange(INSPECTORATE).openings_of(&department(PROVIDER), &inspection, &wanted).await;
        assert!(matches!(none, Err(ReplayError::Refused(Outcome::InspectionNone))), "{none:?}");
    }
    town.stop().await;
}

/// The inspectorate opens an inspection of everybody's records from this time on.
async fn inspect(town: &Town, from: Time) -> InspectionId {
    let by = |officer: u8| By { pseudonym: Pseudonym([officer; 32]), role: Role::Inspector };
    let day = 24 * 60 * 60 * 1000;
    let terms = OpenInspection {
        scope: InspectionScope::All,
        from,
        until: Time(now().0 + day),
        purpose: "03".parse().unwrap(),
        case_commit: Digest([1; 32]),
        warrant_commit: Digest([2; 32]),
        ends: Time(now().0 + day),
        by: by(1),
        second: by(2),
    };
    let opened = town.founded.office(INSPECTORATE, Payload::OpenInspection(terms));
    let id = InspectionId::of(opened.body.chain, &opened.body.department, &opened.body.nonce);
    town.submit(INSPECTORATE, opened).await;
    within(town.handle(PROVIDER).follow().wait_for(|_| {
        town.handle(PROVIDER).read(|snapshot| views::inspection(snapshot, &id)).unwrap().is_some()
    }))
    .await
    .unwrap();
    id
}
