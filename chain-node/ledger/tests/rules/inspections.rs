//! An inspection's course: opened by two, looked in, found by who was looked at, concluded.

use crate::story::papers::DAY;
use crate::story::{Centre, Chain};
use ledger::ids::{DepartmentId, Time};
use ledger::inspection::{InspectionScope, InspectionStatus, Sight};
use ledger::limits::{INSPECTION_MS_MAX, LOOKS_GRACE_MS, LOOKS_MAX};
use ledger::transaction::Payload;
use ledger::views;

#[test]
fn a_look_is_found_by_the_thing_that_was_looked_at() {
    let (mut chain, grant) = Chain::with_grant(3);
    let (first, second) = (chain.answer(&grant).unwrap(), chain.answer(&grant).unwrap());
    let request = chain.grant(&grant).request;
    let id = chain.inspect(chain.an_inspection()).unwrap();
    let opened = views::inspection(chain.state(), &id).unwrap().unwrap();
    assert_eq!((opened.number, opened.looks, opened.status(chain.now())), (1, 0, InspectionStatus::Open));

    let looks = chain.looks(&id, &[Sight::Record(first), Sight::Request(request), Sight::Grant(grant)]);
    chain.submit(Centre::Inspectorate, Payload::RecordLooks(looks)).unwrap();
    let at = chain.tip();
    // Beside one that is known already a new one counts, and the known one keeps its place.
    let looks = chain.looks(&id, &[Sight::Record(first), Sight::Record(second)]);
    chain.submit(Centre::Inspectorate, Payload::RecordLooks(looks)).unwrap();
    let looks_of = |object: &[u8; 32]| views::looks(chain.state(), object).unwrap();
    for object in [&first.0, &request.0, &grant.0] {
        let found = looks_of(object);
        assert_eq!((found[0].0, found[0].1.height, found.len()), (id, at.height, 1));
    }
    assert_eq!(looks_of(&second.0)[0].1.height, at.height.next());
    assert_eq!(views::inspection(chain.state(), &id).unwrap().unwrap().looks, 4);

    let other = chain.inspect(chain.an_inspection()).unwrap();
    let looks = chain.looks(&other, &[Sight::Record(first)]);
    chain.submit(Centre::Inspectorate, Payload::RecordLooks(looks)).unwrap();
    let by: Vec<_> = views::looks(chain.state(), &first.0).unwrap().into_iter().map(|(id, _)| id).collect();
    assert!(by.len() == 2 && by.contains(&id) && by.contains(&other), "{by:?}");
    assert!(views::look(chain.state(), &second.0, &other).unwrap().is_none());
}

#[test]
fn what_was_looked_at_just_before_the_end_is_put_on_record_after_it() {
    let (mut chain, grant) = Chain::with_grant(3);
    let query = chain.answer(&grant).unwrap();
    let mut terms = chain.an_inspection();
    terms.ends = chain.now().plus_ms(DAY);
    let (ends, id) = (terms.ends, chain.inspect(terms).unwrap());
    assert_eq!(views::inspections_running(chain.state(), &Centre::Inspectorate.id()).unwrap(), [id]);
    let status = |chain: &Chain, at| views::inspection(chain.state(), &id).unwrap().unwrap().status(at);
    assert_eq!(status(&chain, ends), InspectionStatus::Open);
    assert_eq!(status(&chain, ends.plus_ms(1)), InspectionStatus::Ended);
    chain.wait_ms(ends.0 + LOOKS_GRACE_MS - chain.now().0);
    let looks = chain.looks(&id, &[Sight::Record(query)]);
    chain.submit(Centre::Inspectorate, Payload::RecordLooks(looks)).unwrap();
    assert_eq!(chain.tip().time, ends.plus_ms(LOOKS_GRACE_MS));
    // Its time is over; its conclusion may still come.
    chain.submit(Centre::Inspectorate, Payload::CloseInspection(chain.a_closing(&id))).unwrap();
    assert_eq!(status(&chain, ends), InspectionStatus::Closed);
    assert!(views::inspections_running(chain.state(), &Centre::Inspectorate.id()).unwrap().is_empty());
}

#[test]
fn bounds_are_met_exactly() {
    let (mut chain, grant) = Chain::with_grant(u32::try_from(LOOKS_MAX).unwrap());
    let mut terms = chain.an_inspection();
    terms.ends = chain.now().plus_ms(INSPECTION_MS_MAX);
    terms.scope = InspectionScope::All;
    (terms.from, terms.until) = (chain.now(), chain.now().plus_ms(DAY));
    let id = chain.inspect(terms).unwrap();
    let mut receipts = vec![];
    let mut sights = vec![];
    for _ in 0..LOOKS_MAX {
        let ticket = chain.a_ticket(&grant);
        sights.push(Sight::Record(ticket.query_id()));
        let receipt = chain.a_receipt(&ticket);
        receipts.push(chain.sign(Centre::Chengdu, Payload::RecordAnswer(receipt)));
    }
    assert_eq!(chain.block_of(receipts), vec![]);
    let looks = chain.looks(&id, &sights);
    chain.submit(Centre::Inspectorate, Payload::RecordLooks(looks)).unwrap();
    assert_eq!(views::inspection(chain.state(), &id).unwrap().unwrap().looks as usize, LOOKS_MAX);
}

#[test]
fn an_inspection_covers_its_departments_on_either_side_in_its_period() {
    let mut chain = Chain::with_entry();
    let mut terms = chain.an_inspection();
    (terms.from, terms.until) = (Time(100), Time(200));
    let id = chain.inspect(terms).unwrap();
    let inspection = views::inspection(chain.state(), &id).unwrap().unwrap();
    let [gz, sz, cd]: [DepartmentId; 3] =
        [Centre::Guangzhou, Centre::Shenzhen, Centre::Chengdu].map(Centre::id);
    let covers = |a: &DepartmentId, b: &DepartmentId, at| inspection.covers(a, b, Time(at));
    assert!(covers(&gz, &cd, 100) && covers(&cd, &gz, 200));
    assert!(!covers(&gz, &sz, 150) && !covers(&gz, &cd, 99) && !covers(&gz, &cd, 201));
    let overlaps = |from, until| inspection.overlaps(&gz, &cd, (Time(from), Time(until)));
    assert!(overlaps(1, 100) && overlaps(200, 900) && overlaps(1, 900) && overlaps(120, 130));
    assert!(!overlaps(1, 99) && !overlaps(201, 900));
}
