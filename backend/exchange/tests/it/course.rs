//! The whole course of a query, seen by both sides and by the chain.

use std::collections::BTreeSet;

use exchange::{AnsweredState, QueryFilter, QueryState, Stage};
use ledger::receipt::DeliveryOutcome;
use ledger::role::Role;
use ledger::views;

use crate::founding::{ASKER, PROVIDER, Terms};
use crate::town::{CASE, LIU, NOBODY, Town, ZHANG, quick, values};

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_opened_masked_recorded_and_acknowledged() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    let query = town.ask(grant, ZHANG).await;
    let view = town.until_closed(&query).await;
    assert_eq!(view.state, QueryState::Closed);
    let answer = view.answer.unwrap();
    assert!(answer.found);
    assert_eq!(
        values(&answer),
        [
            ("DWMC", "成都市某某有限公司"),
            ("GRZHYE", "20000-30000"),
            ("GRZHZT", "01"),
            ("SJHM", "100****0001"),
            ("XingMing", "*三"),
            ("ZJHM", "990000********0017"),
        ]
    );
    assert_eq!(answer.masks.len(), 4);
    assert!(answer.dropped.is_empty() && answer.reasons.is_empty());

    // On record on both nodes alike, with its use, and acknowledged.
    town.until_answered(AnsweredState::Closed).await;
    let place = view.record.unwrap();
    assert_eq!((place.use_no, place.delivered), (Some(1), true));
    for of in [ASKER, PROVIDER] {
        let record = town.handle(of).read(|snapshot| views::record(snapshot, &query)).unwrap().unwrap();
        assert_eq!(record.recorded.height, place.height);
        assert_eq!(record.delivery.unwrap().0, DeliveryOutcome::Opened);
        let grant = town.handle(of).read(|snapshot| views::grant(snapshot, &grant)).unwrap().unwrap();
        assert_eq!((grant.used_units, grant.uses), (1, 1));
    }
    let answered = town.answered().await.remove(0);
    assert_eq!((answered.query, answered.found, answered.class), (query, Some(true), None));

    // What a party adds to evidence fits the record.
    let papers = town.exchange(ASKER).papers(&query).await.unwrap().unwrap();
    let record = town.handle(ASKER).read(|snapshot| views::record(snapshot, &query)).unwrap().unwrap();
    assert_eq!(papers.details.digest(town.founded.genesis.chain()), record.ticket.details_digest);
    let ledger::receipt::RecordKind::Answer { answer_digest, .. } = record.kind else { panic!("no answer") };
    assert_eq!(papers.answer.unwrap().digest(), answer_digest);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_such_person_is_an_answer_like_any_other() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    let (found, absent) = (town.ask(grant, ZHANG).await, town.ask(grant, NOBODY).await);
    town.until_closed(&found).await;
    let view = town.until_closed(&absent).await;
    let answer = view.answer.unwrap();
    assert!(!answer.found && answer.rows.is_empty());
    assert_eq!(answer.reasons, ["V02"]);
    assert!(view.record.unwrap().use_no.is_some());
    let (one, other) = (town.header(&found).await, town.header(&absent).await);
    assert_eq!((one.sealed_size, one.leaf_count_padded), (other.sealed_size, other.leaf_count_padded));
    // A name that does not fit the number is nobody.
    let query = town.ask(grant, (NOBODY.0, ZHANG.1)).await;
    assert!(!town.until_closed(&query).await.answer.unwrap().found);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_from_which_rows_were_left_out_says_so_and_is_no_longer() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    let (whole, cut) = (town.ask(grant, ZHANG).await, town.ask(grant, LIU).await);
    assert!(!town.until_closed(&whole).await.answer.unwrap().has_rows_withheld());
    let answer = town.until_closed(&cut).await.answer.unwrap();
    assert_eq!((answer.rows.len(), answer.found), (1, true));
    assert_eq!(answer.reasons, ["V09"]);
    assert!(answer.has_rows_withheld());
    let (one, other) = (town.header(&whole).await, town.header(&cut).await);
    assert_eq!((one.sealed_size, one.leaf_count_padded), (other.sealed_size, other.leaf_count_padded));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_click_is_one_query() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    let form = [9; 32];
    let (one, other) = tokio::join!(
        town.ask_as(grant, ZHANG, Role::BizUser, form),
        town.ask_as(grant, ZHANG, Role::BizUser, form)
    );
    assert_eq!(one, other);
    town.until_closed(&one).await;
    assert_eq!(town.ask_as(grant, ZHANG, Role::BizUser, form).await, one);
    assert_eq!(town.journal().await.len(), 1);
    assert_eq!(town.used(grant), 1);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_finds_by_case_grant_account_and_state() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    let (one, other) = (town.ask(grant, ZHANG).await, town.ask(grant, NOBODY).await);
    town.until_closed(&one).await;
    town.until_closed(&other).await;
    let find = async |filter: QueryFilter| {
        let filter = QueryFilter { limit: 10, ..filter };
        let listing = town.exchange(ASKER).queries(&filter).await.unwrap();
        assert_eq!(listing.total, listing.rows.len() as u64);
        assert!(listing.rows.iter().all(|view| view.answer.is_none()));
        listing.rows.iter().map(|view| view.query).collect::<BTreeSet<_>>()
    };
    let none = QueryFilter::default;
    assert_eq!(find(QueryFilter { case_no: Some(CASE.into()), ..none() }).await, [one, other].into());
    assert_eq!(find(QueryFilter { case_no: Some("贷款".into()), ..none() }).await, [].into());
    assert_eq!(
        find(QueryFilter { grant: Some(grant), account: Some("wang".into()), ..none() }).await.len(),
        2
    );
    assert_eq!(find(QueryFilter { account: Some("li".into()), ..none() }).await, [].into());
    assert_eq!(find(QueryFilter { stages: [Stage::Closed, Stage::Denied].into(), ..none() }).await.len(), 2);
    assert_eq!(find(QueryFilter { stages: [Stage::Lapsed].into(), ..none() }).await, [].into());
    let shown = town.look(&one).await;
    assert_eq!((shown.case_no.as_str(), shown.subject.as_str()), (CASE, "*三 990000********0017"));
    town.stop().await;
}

/// Plants a person and a case, then looks for them in every byte both departments keep.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_about_a_person_lies_open_on_any_disk() {
    let town = Town::start(2, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    let query = town.ask(grant, ZHANG).await;
    town.until_closed(&query).await;
    town.until_answered(AnsweredState::Closed).await;
    let database = town.database();
    let planted = [ZHANG.0, ZHANG.1, CASE, "10000000001", "23456.78", "成都市某某有限公司"];
    let mut files = 0;
    let mut folders = vec![town.folder(ASKER).to_owned(), town.folder(PROVIDER).to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path == database {
                continue; // the owner's own data
            }
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            for text in planted {
                let found = bytes.windows(text.len()).any(|window| window == text.as_bytes());
                assert!(!found, "{text} lies open in {}", path.display());
            }
        }
    }
    assert!(files > 4);
    town.stop().await;
}
