//! What the page of a query shows: its course, why it was denied, its answer for ten minutes.

use std::collections::{BTreeMap, BTreeSet};

use exchange::{Asker, Outcome, RecordPlace, Times};
use ledger::catalogue::MaskRule;
use ledger::ids::{GrantId, Height, ItemCode};
use ledger::policy::Layer;
use ledger::receipt::DenialClass;

use super::*;
use crate::codes::{Role, Stage as Where};
use crate::stage::{CODE, House, NOTHING, Stage, officer};

fn code(text: &str) -> ItemCode {
    text.parse().unwrap()
}

fn codes(texts: &[&str]) -> BTreeSet<ItemCode> {
    texts.iter().map(|text| code(text)).collect()
}

/// What came to be when, of the five states of a course in their order.
fn times(reached: usize, first: Time) -> Times {
    let at = |place: usize| (place < reached).then(|| first.plus_ms(place as u64));
    Times { drafted: first, asked: at(0), held: at(1), recorded: at(2), opened: at(3), closed: at(4) }
}

/// sz's query about two items under a grant, in a state.
fn query(stage: &Stage, grant: GrantId, state: QueryState, reached: usize) -> exchange::QueryView {
    let clerk = officer(House::Sz, Role::BizUser);
    exchange::QueryView {
        query: QueryId(NOTHING),
        grant,
        provider: House::Gz.id(),
        entry: ledger::ids::EntryId { code: CODE.parse().unwrap(), version: 1 },
        purpose: "01".parse().unwrap(),
        items: codes(&["XingMing", "GRZHZT"]),
        asker: Asker {
            account: clerk.account().to_owned(),
            role: clerk.role(),
            clearance: 4,
            assurance: clerk.assurance(),
            zone: None,
        },
        actor: stage.at(House::Sz, Role::BizUser, |scene| scene.by(b"query").pseudonym),
        case_no: "case 1".to_owned(),
        subject: "**明 990000********0017".to_owned(),
        state,
        waiting: None,
        stamp: 7,
        times: times(reached, stage.now),
        valid_until: stage.now.plus_ms(60_000),
        record: (reached > 2).then_some(RecordPlace {
            height: Height(9),
            time: stage.now,
            use_no: Some(1),
            delivered: false,
        }),
        answer: Some(OpenedAnswer {
            found: true,
            rows: vec![BTreeMap::from([(code("XingMing"), Some("**明".to_owned())), (code("GRZHZT"), None)])],
            masks: BTreeMap::from([(code("XingMing"), MaskRule::Name), (code("GRZHZT"), MaskRule::Amt)]),
            dropped: BTreeSet::new(),
            reasons: vec!["V01".to_owned()],
            watermark: "gz 2026-11-20".to_owned(),
            prepared_at: stage.now,
        }),
    }
}

fn seen(stage: &Stage, query: &exchange::QueryView, now: Time) -> QueryView {
    stage.at(House::Sz, Role::BizUser, |scene| shown(scene, query, Vec::new(), now)).unwrap()
}

/// The steps that were reached, and what is waited for.
fn course(view: &QueryView) -> (usize, Option<StepKind>) {
    let reached = view.steps.iter().filter(|step| step.at.is_some()).count();
    let now: Vec<_> = view.steps.iter().filter(|step| step.now).collect();
    assert!(now.len() <= 1, "{now:?}");
    (reached, now.first().map(|step| step.kind))
}

#[test]
fn a_course_names_the_one_thing_that_is_waited_for() {
    let (stage, grant) = Stage::granted();
    let code = Outcome::PolicyDenied;
    let denied = QueryState::Denied {
        by: DeniedBy::Provider,
        class: DenialClass::Policy,
        layer: None,
        row: None,
        code,
    };
    for (state, reached, shown, next) in [
        (QueryState::Drafted, 0, 0, Some(StepKind::Asked)),
        (QueryState::Asked, 1, 1, Some(StepKind::Held)),
        (QueryState::Held, 2, 2, Some(StepKind::Recorded)),
        (QueryState::Recorded, 3, 3, Some(StepKind::Opened)),
        (QueryState::Opened, 4, 4, Some(StepKind::Closed)),
        (QueryState::Closed, 5, 5, None),
        (denied, 1, 1, None),
        (QueryState::Lapsed { code }, 2, 2, None),
        (QueryState::Undelivered { code }, 3, 3, None),
        // It came to its end, and was never closed as one that was delivered is.
        (QueryState::Rejected { code }, 5, 4, None),
        (QueryState::Refused { code }, 0, 0, None),
    ] {
        let view = seen(&stage, &query(&stage, grant, state.clone(), reached), stage.now);
        assert_eq!(course(&view), (shown, next), "{state:?}");
        assert_eq!(
            view.row.is_final,
            !matches!(view.row.state, Where::Drafted | Where::Asked | Where::Held | Where::Recorded)
        );
    }
}

#[test]
fn an_answer_is_shown_for_ten_minutes_to_the_millisecond_and_not_before_it_was_opened() {
    let (stage, grant) = Stage::granted();
    for state in [QueryState::Opened, QueryState::Closed] {
        let query = query(&stage, grant, state, 5);
        let opened = query.times.opened.unwrap();
        for (after, shown) in [(0, true), (599_999, true), (600_000, false), (86_400_000, false)] {
            let view = seen(&stage, &query, opened.plus_ms(after));
            assert_eq!((view.result.is_some(), view.cleared), (shown, !shown), "{after} ms");
            assert_eq!(view.clears_at, Some(ms(opened) + 600_000));
        }
    }
    let code = Outcome::PolicyDenied;
    for state in
        [QueryState::Held, QueryState::Recorded, QueryState::Rejected { code }, QueryState::Lapsed { code }]
    {
        let view = seen(&stage, &query(&stage, grant, state.clone(), 4), stage.now);
        assert_eq!((view.result, view.cleared, view.clears_at), (None, false, None), "{state:?}");
    }
}

#[test]
fn what_an_answer_does_not_show_is_named_with_its_reason() {
    let (stage, grant) = Stage::granted();
    let mut query = query(&stage, grant, QueryState::Opened, 4);
    let withheld = |view: &QueryView| -> Vec<_> {
        let items = &view.result.as_ref().unwrap().withheld;
        items.iter().map(|one| (one.item.code.clone(), one.reason)).collect()
    };
    let (not_granted, not_asked) = (WithheldReason::NotGranted, WithheldReason::NotAsked);
    let of = |texts: &[(&str, WithheldReason)]| -> Vec<_> {
        texts.iter().map(|(code, reason)| ((*code).to_owned(), *reason)).collect()
    };
    let view = seen(&stage, &query, stage.now);
    assert_eq!(withheld(&view), of(&[("ZJHM", not_granted), ("GRZH", not_granted), ("YJCE", not_asked)]));
    let cells = |view: &QueryView| -> Vec<_> {
        view.result.as_ref().unwrap().rows[0].iter().map(|cell| cell.item.clone()).collect()
    };
    assert_eq!(cells(&view), ["XingMing", "GRZHZT"], "in the order of the entry");

    query.answer.as_mut().unwrap().dropped = codes(&["GRZHZT"]);
    let view = seen(&stage, &query, stage.now);
    let dropped = [
        ("ZJHM", not_granted),
        ("GRZH", not_granted),
        ("GRZHZT", WithheldReason::Policy),
        ("YJCE", not_asked),
    ];
    assert_eq!((withheld(&view), cells(&view)), (of(&dropped), vec!["XingMing".to_owned()]));
}

#[test]
fn an_answer_bears_who_looks_and_counts_what_is_masked() {
    let (stage, grant) = Stage::granted();
    let query = query(&stage, grant, QueryState::Opened, 4);
    let result = seen(&stage, &query, stage.now).result.unwrap();
    assert_eq!(result.watermark, "gz 2026-11-20 someone HZ-20261120-090909");
    assert_eq!(result.masked, 1, "what the provider has no value of is not masked");
    assert!(!result.rows_withheld);
    let mut cut = query;
    cut.answer.as_mut().unwrap().reasons.push("V09".to_owned());
    assert!(seen(&stage, &cut, stage.now).result.unwrap().rows_withheld);
    let printed = format!("{result:?}");
    assert!(!printed.contains("**明"), "no value reaches a log: {printed}");
}

#[test]
fn a_denial_says_which_side_which_layer_and_which_row() {
    let (stage, grant) = Stage::granted();
    for (by, by_provider) in [(DeniedBy::Requester, false), (DeniedBy::Provider, true)] {
        let row = Some("reg-purposes".to_owned());
        let (class, layer, code) = (DenialClass::Policy, Some(Layer::Region), Outcome::PolicyDenied);
        let state = QueryState::Denied { by, class, layer, row: row.clone(), code };
        let view = seen(&stage, &query(&stage, grant, state, 1), stage.now);
        let denial = view.denial.unwrap();
        assert_eq!(
            (denial.by_provider, denial.class, denial.layer, denial.row),
            (by_provider, class, layer, row)
        );
        assert_eq!((denial.code.code(), view.row.reason.unwrap().code()), ("policy.denied", "policy.denied"));
    }
    assert_eq!(seen(&stage, &query(&stage, grant, QueryState::Held, 2), stage.now).denial, None);
}

#[test]
fn a_row_bears_its_receipt_and_the_time_it_was_asked() {
    let (mut stage, grant) = Stage::granted();
    let recorded = query(&stage, grant, QueryState::Recorded, 3);
    let row = seen(&stage, &recorded, stage.now).row;
    let receipt = row.receipt.unwrap();
    assert_eq!((receipt.number.as_str(), receipt.height), ("HZ-20261120-090909", 9));
    assert_eq!((row.case_no.as_str(), row.subject.as_str()), ("case 1", "**明 990000********0017"));
    assert_eq!(row.at, ms(stage.now));
    let drafted = query(&stage, grant, QueryState::Drafted, 0);
    assert_eq!(seen(&stage, &drafted, stage.now).row.receipt, None);
    stage.revoke(grant);
    let view = seen(&stage, &recorded, stage.now);
    assert!(!view.ask.is_open(), "nothing more is asked under an ended grant");
}
