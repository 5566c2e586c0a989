//! Refused inspections, conclusions and looks.

use crate::refused::{Attempt, Stage};
use crate::story::Centre;
use crate::story::papers::DAY;
use ledger::ids::{GrantId, InspectionId, QueryId, RequestId, TxId};
use ledger::inspection::{InspectionScope, OpenInspection, Sight};
use ledger::limits::{
    INSPECTION_MS_MAX, INSPECTION_SCOPE_MAX, INSPECTIONS_OPEN_MAX, LOOKS_GRACE_MS, LOOKS_MAX,
};
use ledger::refusal::Refusal;
use ledger::transaction::Payload;

type Outcome = Result<TxId, Refusal>;

fn open(s: &mut Stage, by: Centre, change: impl FnOnce(&mut OpenInspection)) -> Outcome {
    let mut terms = s.chain.an_inspection();
    change(&mut terms);
    s.submit(by, Payload::OpenInspection(terms))
}

/// An open inspection of the inspectorate's.
fn opened(s: &mut Stage, change: impl FnOnce(&mut OpenInspection)) -> InspectionId {
    let mut terms = s.chain.an_inspection();
    change(&mut terms);
    s.chain.inspect(terms).unwrap()
}

fn close(s: &mut Stage, by: Centre, id: &InspectionId) -> Outcome {
    let closing = s.chain.a_closing(id);
    s.submit(by, Payload::CloseInspection(closing))
}

fn look(s: &mut Stage, by: Centre, id: &InspectionId, sights: &[Sight]) -> Outcome {
    let looks = s.chain.looks(id, sights);
    s.submit(by, Payload::RecordLooks(looks))
}

fn named(count: usize) -> InspectionScope {
    // Codes of 18 characters whose last one fits: sought among those that begin like Chengdu's.
    let characters = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let fits = |n: usize| characters.chars().find_map(|c| format!("12510100X{n:08}{c}").parse().ok());
    InspectionScope::Departments((0..).filter_map(fits).take(count).collect())
}

pub(crate) const INSPECTIONS: &[Attempt] = &[
    (Refusal::InspectionNoInspectorate, "a department that inspects nobody", |s| {
        open(s, Centre::Chengdu, |_| ())
    }),
    (Refusal::InspectionScope, "nobody is looked at", |s| {
        open(s, Centre::Inspectorate, |t| t.scope = named(0))
    }),
    (Refusal::InspectionScope, "a department too many", |s| {
        open(s, Centre::Inspectorate, |t| t.scope = named(INSPECTION_SCOPE_MAX + 1))
    }),
    (Refusal::InspectionScope, "a department that is no member", |s| {
        open(s, Centre::Inspectorate, |t| t.scope = named(1))
    }),
    (Refusal::InspectionScope, "a period that ends before it begins", |s| {
        open(s, Centre::Inspectorate, |t| t.until = t.from.minus_ms(1))
    }),
    (Refusal::InspectionTerm, "over before it begins", |s| {
        let now = s.chain.now();
        open(s, Centre::Inspectorate, |t| t.ends = now)
    }),
    (Refusal::InspectionTerm, "open for 180 days and a millisecond", |s| {
        let now = s.chain.now();
        open(s, Centre::Inspectorate, |t| t.ends = now.plus_ms(INSPECTION_MS_MAX + 1))
    }),
    (Refusal::InspectionSameOfficer, "one officer twice", |s| {
        open(s, Centre::Inspectorate, |t| t.second = t.by.clone())
    }),
    (Refusal::InspectionExists, "opened under the same nonce again", |s| {
        let terms = s.chain.an_inspection();
        let body = s.chain.body(Centre::Inspectorate, Payload::OpenInspection(terms));
        let key = s.chain.network.keys[&Centre::Inspectorate].office.clone();
        s.chain.put(crate::story::Chain::sign_as(body.clone(), &key)).unwrap();
        let later = ledger::transaction::Transaction { valid_until: body.valid_until.plus_ms(1), ..body };
        s.chain.put(crate::story::Chain::sign_as(later, &key))
    }),
    (Refusal::InspectionTooMany, "one more than are open at most", |s| {
        for _ in 0..INSPECTIONS_OPEN_MAX {
            opened(s, |_| ());
        }
        open(s, Centre::Inspectorate, |_| ())
    }),
    (Refusal::InspectionUnknown, "closed without being opened", |s| {
        close(s, Centre::Inspectorate, &InspectionId([9; 32]))
    }),
    (Refusal::InspectionNotYours, "closed by another department", |s| {
        let id = opened(s, |_| ());
        close(s, Centre::Chengdu, &id)
    }),
    (Refusal::InspectionClosed, "closed twice", |s| {
        let id = opened(s, |_| ());
        close(s, Centre::Inspectorate, &id).unwrap();
        close(s, Centre::Inspectorate, &id)
    }),
];

pub(crate) const LOOKS: &[Attempt] = &[
    (Refusal::InspectionUnknown, "a look without a case", |s| {
        let seen = Sight::Record(s.answered);
        look(s, Centre::Inspectorate, &InspectionId([9; 32]), &[seen])
    }),
    (Refusal::InspectionNotYours, "a look in another's case", |s| {
        let (id, seen) = (opened(s, |_| ()), Sight::Record(s.answered));
        look(s, Centre::Chengdu, &id, &[seen])
    }),
    (Refusal::LookEmpty, "a look at nothing", |s| {
        let id = opened(s, |_| ());
        look(s, Centre::Inspectorate, &id, &[])
    }),
    (Refusal::LookEmpty, "a look twice in one transaction", |s| {
        let (id, seen) = (opened(s, |_| ()), Sight::Record(s.answered));
        look(s, Centre::Inspectorate, &id, &[seen, seen])
    }),
    (Refusal::LookEmpty, "a look too many", |s| {
        let id = opened(s, |_| ());
        let many: Vec<_> = (0..=LOOKS_MAX)
            .map(|n| {
                let [high, low] = u16::try_from(n).unwrap().to_be_bytes();
                let mut id = [0; 32];
                (id[0], id[1]) = (high, low);
                Sight::Record(QueryId(id))
            })
            .collect();
        look(s, Centre::Inspectorate, &id, &many)
    }),
    (Refusal::LookUnknown, "a request that there is not", |s| {
        let id = opened(s, |_| ());
        look(s, Centre::Inspectorate, &id, &[Sight::Request(RequestId([9; 32]))])
    }),
    (Refusal::LookUnknown, "a grant that there is not", |s| {
        let id = opened(s, |_| ());
        look(s, Centre::Inspectorate, &id, &[Sight::Grant(GrantId([9; 32]))])
    }),
    (Refusal::LookBeyond, "between departments that are not looked at", |s| {
        let seen = Sight::Grant(s.grant);
        let id = opened(s, |t| t.scope = InspectionScope::Departments([Centre::Suzhou.id()].into()));
        look(s, Centre::Inspectorate, &id, &[seen])
    }),
    (Refusal::LookBeyond, "a grant of after the period", |s| {
        let (at, seen) = (s.chain.grant(&s.grant).approved.at, Sight::Grant(s.grant));
        let id = opened(s, |t| t.until = at.minus_ms(1));
        look(s, Centre::Inspectorate, &id, &[seen])
    }),
    (Refusal::LookBeyond, "a request that was over before the period", |s| {
        let refused = s.chain.a_refusal(&s.request);
        s.submit(Centre::Chengdu, Payload::RefuseRequest(refused)).unwrap();
        let (at, seen) = (s.chain.tip().time, Sight::Request(s.request));
        let id = opened(s, |t| t.from = at.plus_ms(1));
        look(s, Centre::Inspectorate, &id, &[seen])
    }),
    (Refusal::LookBeyond, "a grant that was revoked before the period", |s| {
        let revoked = s.chain.a_revocation(&s.grant);
        s.submit(Centre::Chengdu, Payload::RevokeGrant(revoked)).unwrap();
        let (at, seen) = (s.chain.tip().time, Sight::Grant(s.grant));
        let id = opened(s, |t| t.from = at.plus_ms(1));
        look(s, Centre::Inspectorate, &id, &[seen])
    }),
    (Refusal::LookKnown, "the same look again", |s| {
        let (id, seen) = (opened(s, |_| ()), Sight::Record(s.answered));
        look(s, Centre::Inspectorate, &id, &[seen]).unwrap();
        look(s, Centre::Inspectorate, &id, &[seen])
    }),
    (Refusal::InspectionClosed, "a look long after the end", |s| {
        let (id, seen) = (opened(s, |_| ()), Sight::Record(s.answered));
        s.chain.wait_ms(30 * DAY + LOOKS_GRACE_MS);
        look(s, Centre::Inspectorate, &id, &[seen])
    }),
    (Refusal::InspectionClosed, "a look long after the conclusion", |s| {
        let (id, seen) = (opened(s, |_| ()), Sight::Record(s.answered));
        close(s, Centre::Inspectorate, &id).unwrap();
        s.chain.wait_ms(LOOKS_GRACE_MS);
        look(s, Centre::Inspectorate, &id, &[seen])
    }),
];
