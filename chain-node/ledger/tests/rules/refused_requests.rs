//! Refused entries, requests and decisions.

use crate::refused::{Attempt, Stage};
use crate::story::Centre;
use crate::story::papers::{MINUTE, branch_list, code, code2, entry_of, next_version, payment_certificate};
use ledger::catalogue::{Entry, ItemMask, MaskRule, Mode, ReceiptMode, ShareType};
use ledger::ids::{RequestId, TxId};
use ledger::limits::{CONDITIONS_MAX, ENTRY_BYTES_MAX, ITEMS_MAX, PERIOD_MS_MAX, QUOTA_MAX};
use ledger::policy::PolicyOwner;
use ledger::refusal::Refusal;
use ledger::request::{ApproveRequest, RowScope, SubmitRequest};
use ledger::state::Changes;
use ledger::transaction::Payload;

type Outcome = Result<TxId, Refusal>;

fn publish(stage: &mut Stage, by: Centre, entry: Entry) -> Outcome {
    stage.submit(by, Payload::Publish(entry))
}

/// A first version under another code, changed.
fn malformed(stage: &mut Stage, change: impl FnOnce(&mut Entry)) -> Outcome {
    let mut entry = payment_certificate();
    entry.id.code = "307001/000009".parse().unwrap();
    change(&mut entry);
    publish(stage, Centre::Chengdu, entry)
}

fn ask(stage: &mut Stage, change: impl FnOnce(&mut SubmitRequest)) -> Outcome {
    let mut asked = stage.chain.a_request();
    change(&mut asked);
    stage.submit(Centre::Guangzhou, Payload::SubmitRequest(asked))
}

fn approve(stage: &mut Stage, change: impl FnOnce(&mut ApproveRequest)) -> Outcome {
    let mut approval = stage.chain.an_approval(&stage.request);
    change(&mut approval);
    stage.submit(Centre::Chengdu, Payload::ApproveRequest(approval))
}

fn refuse(stage: &mut Stage, by: Centre, request: RequestId) -> Outcome {
    let refused = stage.chain.a_refusal(&request);
    stage.submit(by, Payload::RefuseRequest(refused))
}

fn withdraw(stage: &mut Stage, by: Centre, request: RequestId) -> Outcome {
    let withdrawn = stage.chain.a_withdrawal(&request);
    stage.submit(by, Payload::WithdrawRequest(withdrawn))
}

/// Takes an owner's policy out of the state.
pub(crate) fn forget_policy(stage: &mut Stage, owner: &PolicyOwner) {
    let mut changes = Changes::default();
    changes.remove(format!("in-force/{owner}").into_bytes());
    stage.chain.operate(&changes);
}

pub(crate) const ENTRIES: &[Attempt] = &[
    (Refusal::EntryMalformed, "version 0", |s| malformed(s, |e| e.id.version = 0)),
    (Refusal::EntryMalformed, "a first version with a predecessor", |s| {
        malformed(s, |e| e.previous = Some(0))
    }),
    (Refusal::EntryMalformed, "a second version without one", |s| malformed(s, |e| e.id.version = 2)),
    (Refusal::EntryMalformed, "a version that skips one", |s| {
        malformed(s, |e| (e.id.version, e.previous) = (3, Some(1)))
    }),
    (Refusal::EntryMalformed, "no items", |s| malformed(s, |e| e.items.clear())),
    (Refusal::EntryMalformed, "too many items", |s| {
        malformed(s, |e| {
            let filler = e.items[2].clone();
            for n in 0..ITEMS_MAX {
                let mut item = filler.clone();
                item.code = code(&format!("F{n}"));
                e.items.push(item);
            }
        })
    }),
    (Refusal::EntryMalformed, "an item twice", |s| malformed(s, |e| e.items.push(e.items[0].clone()))),
    (Refusal::EntryMalformed, "an item of grade 0", |s| malformed(s, |e| e.items[2].grade = 0)),
    (Refusal::EntryMalformed, "an item of grade 5", |s| {
        malformed(s, |e| (e.items[2].grade, e.grade) = (5, 5))
    }),
    (Refusal::EntryMalformed, "an unknown sensitivity", |s| malformed(s, |e| e.items[2].sensitivity = 4)),
    (Refusal::EntryMalformed, "returned though only to be confirmed", |s| {
        malformed(s, |e| e.items[4].returnable = true)
    }),
    (Refusal::EntryMalformed, "nothing to ask by", |s| {
        malformed(s, |e| e.items.iter_mut().for_each(|item| item.query_key = false))
    }),
    (Refusal::EntryUnmasked, "an item of grade 3 with not a word about a mask", |s| {
        malformed(s, |e| e.items[2].mask = ItemMask::Unsaid)
    }),
    (Refusal::EntryUnmasked, "an item of grade 4 without its mask", |s| {
        malformed(s, |e| (e.items[3].sensitivity, e.items[3].mask) = (3, ItemMask::Unsaid))
    }),
    (Refusal::EntryUnmasked, "a sensitive item of grade 1", |s| {
        malformed(s, |e| {
            let item = &mut e.items[2];
            (item.sensitivity, item.grade, item.mask) = (2, 1, ItemMask::Unsaid);
        })
    }),
    (Refusal::EntryMalformed, "a grade below that of its items", |s| malformed(s, |e| e.grade = 3)),
    (Refusal::EntryMalformed, "too many conditions", |s| {
        malformed(s, |e| {
            let filler = e.conditions[0].clone();
            for n in 10..10 + CONDITIONS_MAX {
                let mut condition = filler.clone();
                condition.code = code2(&n.to_string());
                e.conditions.push(condition);
            }
        })
    }),
    (Refusal::EntryMalformed, "a condition twice", |s| {
        malformed(s, |e| e.conditions.push(e.conditions[0].clone()))
    }),
    (Refusal::EntryMalformed, "conditional without a condition", |s| malformed(s, |e| e.conditions.clear())),
    (Refusal::EntryMalformed, "not shared, and yet with a mode", |s| {
        malformed(s, |e| e.share_type = ShareType::NotShared)
    }),
    (Refusal::EntryMalformed, "shared in no mode", |s| malformed(s, |e| e.modes.clear())),
    (Refusal::EntryMalformed, "receipts in batches for grade 4", |s| {
        malformed(s, |e| {
            e.items.iter_mut().for_each(|item| item.sensitivity = 1);
            e.receipt_mode = ReceiptMode::Batch;
        })
    }),
    (Refusal::EntryMalformed, "receipts in batches for sensitive items", |s| {
        malformed(s, |e| {
            e.items.iter_mut().for_each(|item| item.grade = 3);
            (e.grade, e.receipt_mode) = (3, ReceiptMode::Batch);
        })
    }),
    (Refusal::EntryVersion, "the first version again", |s| {
        publish(s, Centre::Chengdu, payment_certificate())
    }),
    (Refusal::EntryVersion, "a version later than the next", |s| {
        publish(s, Centre::Chengdu, next_version(&next_version(&payment_certificate())))
    }),
    (Refusal::EntryVersion, "a second version of what was never published", |s| {
        malformed(s, |e| *e = next_version(e))
    }),
    (Refusal::EntryTooLarge, "an entry of 16 KiB and a byte", |s| {
        publish(s, Centre::Chengdu, entry_of(ENTRY_BYTES_MAX + 1))
    }),
    (Refusal::EntryOwner, "a code of another department under which nothing is published", |s| {
        let mut entry = payment_certificate();
        entry.id.code = "307001/000777".parse().unwrap();
        let refused = publish(s, Centre::Suzhou, entry.clone());
        publish(s, Centre::Chengdu, entry).expect("its own department is not late");
        refused
    }),
    (Refusal::EntryOwner, "a code of nobody", |s| {
        malformed(s, |e| e.id.code = "309001/000001".parse().unwrap())
    }),
    (Refusal::EntryOwner, "the next version by another department", |s| {
        publish(s, Centre::Suzhou, next_version(&payment_certificate()))
    }),
    (Refusal::EntryOwner, "the same version by another department", |s| {
        publish(s, Centre::Suzhou, payment_certificate())
    }),
];

pub(crate) const REQUESTS: &[Attempt] = &[
    (Refusal::EntryUnknown, "an entry nobody published", |s| {
        ask(s, |asked| asked.entry.code = "307001/000009".parse().unwrap())
    }),
    (Refusal::EntryUnknown, "a version nobody published", |s| ask(s, |asked| asked.entry.version = 2)),
    (Refusal::EntryUnknown, "an entry of another department than named", |s| {
        ask(s, |asked| asked.provider = Centre::Suzhou.id())
    }),
    (Refusal::EntryOutdated, "the version before", |s| {
        publish(s, Centre::Chengdu, next_version(&payment_certificate())).unwrap();
        ask(s, |_| ())
    }),
    (Refusal::EntryNotShared, "an entry that is not shared", |s| {
        let mut entry = next_version(&payment_certificate());
        entry.share_type = ShareType::NotShared;
        entry.modes.clear();
        publish(s, Centre::Chengdu, entry).unwrap();
        ask(s, |asked| asked.entry.version = 2)
    }),
    (Refusal::RequestExists, "another request under the same number", |s| {
        let asked = s.chain.a_request();
        let mut body = s.chain.body(Centre::Guangzhou, Payload::SubmitRequest(asked));
        let key = s.chain.network.keys[&Centre::Guangzhou].office.clone();
        s.chain.put(crate::story::Chain::sign_as(body.clone(), &key)).unwrap();
        body.valid_until.0 += 1;
        s.chain.put(crate::story::Chain::sign_as(body, &key))
    }),
    (Refusal::RequestOwnData, "one's own entry", |s| {
        let asked = s.chain.a_request();
        s.submit(Centre::Chengdu, Payload::SubmitRequest(asked))
    }),
    (Refusal::RequestItems, "no item", |s| ask(s, |asked| asked.items.clear())),
    (Refusal::RequestItems, "an item the entry does not have", |s| {
        ask(s, |asked| {
            asked.items.insert(code("DKYE"));
        })
    }),
    (Refusal::RequestItems, "an item that may only be confirmed", |s| {
        ask(s, |asked| {
            asked.items.insert(code("YJCE"));
        })
    }),
    (Refusal::RequestMode, "a mode the entry does not offer", |s| ask(s, |asked| asked.mode = Mode::File)),
    (Refusal::RequestPeriod, "a period that is over", |s| {
        let now = s.chain.now();
        ask(s, |asked| (asked.from, asked.until) = (now.minus_ms(10), now))
    }),
    (Refusal::RequestPeriod, "an empty period", |s| ask(s, |asked| asked.from = asked.until)),
    (Refusal::RequestPeriod, "a period that ends before it begins", |s| {
        ask(s, |asked| asked.from = asked.until.plus_ms(1))
    }),
    (Refusal::RequestPeriod, "a period longer than three years", |s| {
        ask(s, |asked| asked.until = asked.from.plus_ms(PERIOD_MS_MAX + 1))
    }),
    (Refusal::RequestOnePerson, "one officer alone", |s| ask(s, |asked| asked.second = asked.by.clone())),
    (Refusal::RequestOnePerson, "one officer in two roles", |s| {
        ask(s, |asked| asked.second.pseudonym = asked.by.pseudonym)
    }),
    (Refusal::RequestSeals, "unsealed by a department with a roster", |s| {
        let roster = s.chain.a_roster(3);
        s.submit(Centre::Guangzhou, Payload::AnchorRoster(roster)).unwrap();
        ask(s, |_| ())
    }),
    (Refusal::RequestQuota, "no query", |s| ask(s, |asked| asked.quota = 0)),
    (Refusal::RequestQuota, "more than a million", |s| ask(s, |asked| asked.quota = QUOTA_MAX + 1)),
];

pub(crate) const APPROVALS: &[Attempt] = &[
    (Refusal::ApprovalWider, "no item", |s| approve(s, |a| a.items.clear())),
    (Refusal::ApprovalWider, "an item that was not asked", |s| {
        approve(s, |a| {
            a.items[0].code = code("ZJHM");
            a.items[0].mask = Some(MaskRule::Id);
        })
    }),
    (Refusal::ApprovalWider, "an item twice", |s| approve(s, |a| a.items.push(a.items[0].clone()))),
    (Refusal::ApprovalWider, "an item twice, once without its mask", |s| {
        approve(s, |a| {
            let mut bare = a.items.iter().find(|item| item.mask.is_some()).unwrap().clone();
            bare.mask = None;
            a.items.push(bare);
        })
    }),
    (Refusal::ApprovalWider, "another purpose", |s| approve(s, |a| a.purpose = code2("02"))),
    (Refusal::ApprovalWider, "no query", |s| approve(s, |a| a.quota = 0)),
    (Refusal::ApprovalWider, "more queries than asked", |s| approve(s, |a| a.quota += 1)),
    (Refusal::ApprovalWider, "an earlier beginning", |s| approve(s, |a| a.from = a.from.minus_ms(1))),
    (Refusal::ApprovalWider, "a later end", |s| approve(s, |a| a.until = a.until.plus_ms(1))),
    (Refusal::ApprovalWider, "rows by an item that the entry does not have", |s| {
        approve(s, |a| {
            a.row_scope = Some(RowScope { item: code("DKYE"), equals: "1".parse().unwrap() });
        })
    }),
    (Refusal::RequestPeriod, "a grant that is over before it begins", |s| approve(s, |a| a.from = a.until)),
    (Refusal::RequestPeriod, "a grant that is over already", |s| {
        s.chain.wait_ms(10 * MINUTE);
        let now = s.chain.now();
        approve(s, |a| a.until = now)
    }),
    (Refusal::EntryOutdated, "a request for the version before", |s| {
        publish(s, Centre::Chengdu, next_version(&payment_certificate())).unwrap();
        approve(s, |_| ())
    }),
    (Refusal::ApprovalMask, "a mask lifted", |s| {
        approve(s, |a| a.items.iter_mut().for_each(|item| item.mask = None))
    }),
    (Refusal::ApprovalMask, "a mask exchanged", |s| {
        approve(s, |a| a.items.iter_mut().for_each(|item| item.mask = Some(MaskRule::Mob)))
    }),
    (Refusal::ApprovalReceipt, "receipts in batches against the entry", |s| {
        approve(s, |a| a.receipt_mode = ReceiptMode::Batch)
    }),
    (Refusal::PolicyMoved, "judged under other policies", |s| {
        approve(s, |a| a.policy_versions.department.0[0] ^= 1)
    }),
    (Refusal::PolicyNotLive, "a department without a policy", |s| {
        forget_policy(s, &PolicyOwner::Department(Centre::Chengdu.id()));
        approve(s, |_| ())
    }),
    (Refusal::RequestSameOfficer, "the officer who asked", |s| {
        let request = ledger::views::request(s.chain.state(), &s.request).unwrap().unwrap();
        approve(s, |a| a.by.pseudonym = request.submitted.by.pseudonym)
    }),
    (Refusal::RequestSameOfficer, "the officer who asked, as the second", |s| {
        let request = ledger::views::request(s.chain.state(), &s.request).unwrap().unwrap();
        approve(s, |a| a.second.pseudonym = request.submitted.by.pseudonym)
    }),
    (Refusal::RequestSameOfficer, "the second of those who asked", |s| {
        let request = ledger::views::request(s.chain.state(), &s.request).unwrap().unwrap();
        approve(s, |a| a.by.pseudonym = request.asked.second.pseudonym)
    }),
    (Refusal::RequestSameOfficer, "the second of those who asked, as the second", |s| {
        let request = ledger::views::request(s.chain.state(), &s.request).unwrap().unwrap();
        approve(s, |a| a.second.pseudonym = request.asked.second.pseudonym)
    }),
    (Refusal::RequestOnePerson, "one officer alone", |s| approve(s, |a| a.second = a.by.clone())),
    (Refusal::RequestOnePerson, "one officer in two roles", |s| {
        approve(s, |a| a.second.pseudonym = a.by.pseudonym)
    }),
];

pub(crate) const DECISIONS: &[Attempt] = &[
    (Refusal::RequestUnknown, "approving what nobody asked", |s| {
        approve(s, |a| a.request = RequestId([9; 32]))
    }),
    (Refusal::RequestUnknown, "refusing what nobody asked", |s| {
        refuse(s, Centre::Chengdu, RequestId([9; 32]))
    }),
    (Refusal::RequestUnknown, "withdrawing what nobody asked", |s| {
        withdraw(s, Centre::Guangzhou, RequestId([9; 32]))
    }),
    (Refusal::RequestNotYours, "approving another provider's request", |s| {
        let approval = s.chain.an_approval(&s.request);
        s.submit(Centre::Suzhou, Payload::ApproveRequest(approval))
    }),
    (Refusal::RequestNotYours, "approving one's own request", |s| {
        let approval = s.chain.an_approval(&s.request);
        s.submit(Centre::Guangzhou, Payload::ApproveRequest(approval))
    }),
    (Refusal::RequestNotYours, "refusing another provider's request", |s| {
        refuse(s, Centre::Suzhou, s.request)
    }),
    (Refusal::RequestNotYours, "withdrawing another department's request", |s| {
        withdraw(s, Centre::Chengdu, s.request)
    }),
    (Refusal::RequestDecided, "approving twice", |s| {
        approve(s, |_| ()).unwrap();
        approve(s, |_| ())
    }),
    (Refusal::RequestDecided, "refusing what is granted", |s| {
        approve(s, |_| ()).unwrap();
        refuse(s, Centre::Chengdu, s.request)
    }),
    (Refusal::RequestDecided, "withdrawing what is granted", |s| {
        approve(s, |_| ()).unwrap();
        withdraw(s, Centre::Guangzhou, s.request)
    }),
    (Refusal::RequestDecided, "withdrawing what is refused", |s| {
        refuse(s, Centre::Chengdu, s.request).unwrap();
        withdraw(s, Centre::Guangzhou, s.request)
    }),
    (Refusal::RequestDecided, "approving what is withdrawn", |s| {
        withdraw(s, Centre::Guangzhou, s.request).unwrap();
        approve(s, |_| ())
    }),
    (Refusal::RequestDecided, "withdrawing twice", |s| {
        withdraw(s, Centre::Guangzhou, s.request).unwrap();
        withdraw(s, Centre::Guangzhou, s.request)
    }),
    (Refusal::RequestCondition, "a condition the entry does not have", |s| {
        let mut refused = s.chain.a_refusal(&s.request);
        refused.condition = 2;
        s.submit(Centre::Chengdu, Payload::RefuseRequest(refused))
    }),
    (Refusal::RequestCondition, "any condition of an entry without conditions", |s| {
        publish(s, Centre::Chengdu, branch_list()).unwrap();
        let mut asked = s.chain.a_request();
        (asked.entry, asked.items) = (branch_list().id, [code("WDMC")].into());
        let request = s.chain.request(asked).unwrap();
        let mut refused = s.chain.a_refusal(&request);
        refused.condition = 0;
        s.submit(Centre::Chengdu, Payload::RefuseRequest(refused))
    }),
    (Refusal::RequestSameOfficer, "refused by the officer who asked", |s| {
        let request = ledger::views::request(s.chain.state(), &s.request).unwrap().unwrap();
        let mut refused = s.chain.a_refusal(&s.request);
        refused.by.pseudonym = request.submitted.by.pseudonym;
        s.submit(Centre::Chengdu, Payload::RefuseRequest(refused))
    }),
    (Refusal::RequestSameOfficer, "refused by the second of those who asked", |s| {
        let request = ledger::views::request(s.chain.state(), &s.request).unwrap().unwrap();
        let mut refused = s.chain.a_refusal(&s.request);
        refused.by.pseudonym = request.asked.second.pseudonym;
        s.submit(Centre::Chengdu, Payload::RefuseRequest(refused))
    }),
];
