//! Inspections in random histories: what is handed in about them, and the promises that hold after each block.

use crate::histories::Twist;
use crate::story::papers::DAY;
use crate::story::{Centre, Chain};
use ledger::ids::InspectionId;
use ledger::inspection::{Inspection, InspectionScope, InspectionStatus, OpenInspection, RecordLooks, Sight};
use ledger::state::StateRead as _;
use ledger::views;
use proptest::sample::Index;
use std::collections::BTreeMap;

/// An inspection, wrong by a twist.
pub(crate) fn terms(chain: &Chain, twist: Twist) -> OpenInspection {
    let mut terms = chain.an_inspection();
    match twist {
        Twist::Items => terms.scope = InspectionScope::Departments([Centre::Suzhou.id()].into()),
        Twist::Time => terms.until = terms.from,
        Twist::Quota => terms.ends = terms.ends.plus_ms(200 * DAY),
        Twist::Officer => terms.second = terms.by.clone(),
        Twist::Policy => terms.scope = InspectionScope::All,
        Twist::None => {}
    }
    terms
}

/// Looks at a thing that there is, or at one that there is not.
pub(crate) fn looks(chain: &Chain, id: &InspectionId, seen: &Index, twist: Twist) -> RecordLooks {
    let state = chain.state();
    let mut sights: Vec<Sight> = views::requests(state, None, 1_000)
        .unwrap()
        .iter()
        .map(|request| Sight::Request(request.id))
        .collect();
    sights.extend(views::grants(state, None, 1_000).unwrap().iter().map(|grant| Sight::Grant(grant.id)));
    sights.extend(chain.history.records().unwrap().iter().map(|record| Sight::Record(record.query)));
    let sight = match twist {
        _ if sights.is_empty() => Sight::Request(chain.next_request(Centre::Guangzhou)),
        Twist::Items => Sight::Grant(ledger::ids::GrantId([9; 32])),
        _ => *seen.get(&sights),
    };
    chain.looks(id, &[sight])
}

/// Two officers opened each; each look is in its scope, made while it could be, and counted once; those
/// without a conclusion are known.
pub(crate) fn check(chain: &Chain) {
    let state = chain.state();
    let inspections = views::inspections(state, None, 1_000).unwrap();
    let mut counted: BTreeMap<InspectionId, u32> = BTreeMap::new();
    let objects = views::requests(state, None, 1_000).unwrap().into_iter().map(|request| {
        let span = request.span();
        (request.id.0, request.requester, request.asked.provider, span)
    });
    let grants = views::grants(state, None, 1_000).unwrap().into_iter().map(|grant| {
        let span = grant.span();
        (grant.id.0, grant.requester, grant.provider, span)
    });
    let records = chain.history.records().unwrap().into_iter().map(|record| {
        let span = record.span();
        (record.query.0, record.ticket.requester, record.ticket.provider, span)
    });
    // Whether a record is in scope no rule can tell: records are history.
    let records = records.map(|object| (object, false));
    for ((object, requester, provider, (began, _)), is_ruled) in
        objects.chain(grants).map(|object| (object, true)).chain(records)
    {
        for (id, place) in views::looks(state, &object).unwrap() {
            let inspection =
                inspections.iter().find(|inspection| inspection.id == id).expect("a look has its case");
            let Inspection { terms, .. } = inspection;
            assert!(!is_ruled || terms.scope.names(&requester) || terms.scope.names(&provider));
            assert!(
                !is_ruled
                    || began <= terms.until && place.height > inspection.opened.height
                    || place.at >= began
            );
            assert!(place.at <= terms.ends.plus_ms(ledger::limits::LOOKS_GRACE_MS));
            *counted.entry(id).or_default() += 1;
        }
    }
    assert_eq!(state.scan(b"look/", None, usize::MAX).unwrap().len() as u32, counted.values().sum::<u32>());
    let mut running = vec![];
    for inspection in &inspections {
        assert_eq!(inspection.department, Centre::Inspectorate.id(), "nobody else opens one");
        assert_ne!(inspection.terms.by.pseudonym, inspection.terms.second.pseudonym, "two people");
        assert_eq!(inspection.looks, counted.get(&inspection.id).copied().unwrap_or_default());
        let is_closed = inspection.status(chain.tip().time) == InspectionStatus::Closed;
        assert_eq!(is_closed, inspection.closed.is_some());
        running.extend((!is_closed).then_some(inspection.id));
    }
    let mut known = views::inspections_running(state, &Centre::Inspectorate.id()).unwrap();
    known.sort_unstable();
    running.sort_unstable();
    assert_eq!(known, running);
    let mut numbers: Vec<_> = inspections.iter().map(|inspection| inspection.number).collect();
    numbers.sort_unstable();
    assert!((1u64..).zip(&numbers).all(|(expected, number)| expected == *number), "{numbers:?}");
}
