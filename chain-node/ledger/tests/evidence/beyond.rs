//! Real transactions, decided by all validators, that do not make an access: they do not belong together, go
//! beyond the grant, or disclose what nobody committed to.

use crate::conspiracy::{approval, basis, conspire, publication, receipt, refused, request, rewrite, ticket};
use crate::story::cast::Centre;
use crate::story::papers::{DAY, branch_list, code, code2};
use crate::told::Told;
use ledger::catalogue::{ItemMask, MaskRule, Mode, ReceiptMode};
use ledger::ids::{GrantId, Height, QueryId, RequestId};
use ledger::proof::{Evidence, Field, Step};
use ledger::role::Role;
use ledger::transaction::Payload;
use ledger::wire::Bytes;

#[test]
fn steps_that_do_not_belong_together_are_refused() {
    let told = Told::by_six();
    let real = told.evidence();
    refused(
        &told,
        &real,
        &[
            (Step::Links, "an answer without a grant", |_, e| e.basis = None),
            (Step::Links, "a ticket under another grant", |n, e| {
                ticket(n, e, |t| t.grant = GrantId([9; 32]))
            }),
            (Step::Links, "a receipt by another than the ticket's provider", |n, e| {
                ticket(n, e, |t| t.provider = Centre::Suzhou.id());
            }),
            (Step::Links, "a receipt by another department than the ticket asks", |n, e| {
                let id = n.keys[&Centre::Suzhou].online.public().key_id();
                rewrite(n, &mut e.record, Centre::Suzhou, |body| {
                    (body.department, body.key_id) = (Centre::Suzhou.id(), id);
                });
                e.delivery = None;
            }),
            (Step::Links, "an entry of another department", |n, e| {
                let id = n.keys[&Centre::Suzhou].office.public().key_id();
                rewrite(n, &mut basis(e).publication, Centre::Suzhou, |body| {
                    (body.department, body.key_id) = (Centre::Suzhou.id(), id);
                });
            }),
            (Step::Links, "another entry", |n, e| publication(n, e, |entry| *entry = branch_list())),
            (Step::Links, "another version of the entry", |n, e| {
                publication(n, e, |entry| entry.id.version = 2)
            }),
            (Step::Links, "a request to another provider", |n, e| {
                request(n, e, |asked| asked.provider = Centre::Suzhou.id());
            }),
            (Step::Links, "a request by another department", |n, e| {
                let id = n.keys[&Centre::Suzhou].office.public().key_id();
                rewrite(n, &mut basis(e).request, Centre::Suzhou, |body| {
                    (body.department, body.key_id) = (Centre::Suzhou.id(), id);
                });
            }),
            (Step::Links, "the approval of another request", |n, e| {
                approval(n, e, |approval| approval.request = RequestId([9; 32]));
            }),
            (Step::Links, "an approval by the requester", |n, e| {
                let id = n.keys[&Centre::Guangzhou].office.public().key_id();
                rewrite(n, &mut basis(e).approval, Centre::Guangzhou, |body| {
                    (body.department, body.key_id) = (Centre::Guangzhou.id(), id);
                });
                let grant = basis(e).approval.signed.id().into();
                ticket(n, e, |t| t.grant = grant);
            }),
            (Step::Links, "a request in the place of its approval", |_, e| {
                basis(e).approval = basis(e).request.clone();
            }),
            (Step::Links, "an approval in the place of its request", |_, e| {
                basis(e).request = basis(e).approval.clone();
            }),
            (Step::Links, "an approval in the place of the entry", |_, e| {
                basis(e).publication = basis(e).approval.clone();
            }),
            (Step::Links, "a receipt in the place of its acknowledgement", |_, e| {
                e.delivery = Some(e.record.clone());
            }),
            (Step::Links, "the acknowledgement of another answer", |n, e| {
                rewrite(n, e.delivery.as_mut().unwrap(), Centre::Guangzhou, |body| {
                    let Payload::Acknowledge(delivery) = &mut body.payload else { panic!() };
                    delivery.marks[0].0 = QueryId([9; 32]);
                });
            }),
            (Step::Links, "an acknowledgement by the provider", |n, e| {
                let id = n.keys[&Centre::Chengdu].online.public().key_id();
                rewrite(n, e.delivery.as_mut().unwrap(), Centre::Chengdu, |body| {
                    (body.department, body.key_id) = (Centre::Chengdu.id(), id);
                });
            }),
        ],
    );

    // A denial is no answer: nobody acknowledges it.
    let mut denial = told.denial_evidence();
    denial.delivery = real.delivery;
    let query = denial.query().unwrap();
    rewrite(told.network(), denial.delivery.as_mut().unwrap(), Centre::Guangzhou, |body| {
        let Payload::Acknowledge(delivery) = &mut body.payload else { panic!() };
        delivery.marks[0].0 = query;
    });
    assert_eq!(told.failure(&denial).map(|f| f.0), Some(Step::Links));
}

#[test]
fn an_access_beyond_its_grant_or_time_is_refused() {
    let told = Told::by_six();
    refused(
        &told,
        &told.evidence(),
        &[
            (Step::Rules, "a record before its grant", |n, e| {
                e.record.header.height = Height(1);
                conspire(n, &mut e.record);
            }),
            (Step::Rules, "a record in the block and place of its grant", |n, e| {
                let approved = &basis(e).approval.header;
                (e.record.header.height, e.record.header.time) = (approved.height, approved.time);
                conspire(n, &mut e.record);
            }),
            (Step::Rules, "a request after its time", |n, e| {
                basis(e).request.header.time = basis(e).request.signed.body.valid_until.plus_ms(1);
                conspire(n, &mut basis(e).request);
            }),
            (Step::Rules, "a ticket after its time", |n, e| {
                let time = e.record.header.time;
                ticket(n, e, |t| t.valid_until = time.minus_ms(1));
            }),
            (Step::Rules, "an entry under another department's code", |n, e| {
                let code = "307002/000001";
                publication(n, e, |entry| entry.id.code = code.parse().unwrap());
                request(n, e, |asked| asked.entry.code = code.parse().unwrap());
            }),
            (Step::Rules, "a ticket for longer than tickets are valid", |n, e| {
                let too_long = e.record.header.time.plus_ms(n.genesis.parameters.ticket_ms + 1);
                ticket(n, e, |t| t.valid_until = too_long);
            }),
            (Step::Rules, "judged under the requester's policies", |n, e| {
                let other = n.genesis.policy_versions(&Centre::Guangzhou.id()).unwrap();
                receipt(n, e, |r| r.policy_versions = other);
            }),
            (Step::Rules, "judged under a policy nobody knows", |n, e| {
                receipt(n, e, |r| r.policy_versions.national.0[0] ^= 1);
            }),
            (Step::Rules, "granted under a policy nobody knows", |n, e| {
                approval(n, e, |a| a.policy_versions.department.0[0] ^= 1);
            }),
            (Step::Rules, "judged later than it was recorded", |n, e| {
                let height = e.record.header.height;
                receipt(n, e, |r| r.judged_height = height);
            }),
            (Step::Rules, "more queries than asked", |n, e| approval(n, e, |a| a.quota = 4)),
            (Step::Rules, "a grant of nothing", |n, e| approval(n, e, |a| a.quota = 0)),
            (Step::Rules, "no item", |n, e| approval(n, e, |a| a.items.clear())),
            (Step::Rules, "an item that was not asked", |n, e| {
                approval(n, e, |a| a.items[0].code = code("ZJHM"));
            }),
            (Step::Rules, "an item the entry does not have", |n, e| {
                request(n, e, |asked| {
                    asked.items.insert(code("DKYE"));
                });
                let request = basis(e).request.signed.body.request_id();
                approval(n, e, |a| {
                    a.request = request;
                    (a.items[0].code, a.items[0].mask) = (code("DKYE"), None);
                });
            }),
            (Step::Rules, "a mask lifted", |n, e| {
                approval(n, e, |a| a.items.iter_mut().for_each(|item| item.mask = None));
            }),
            (Step::Rules, "a mask exchanged", |n, e| {
                approval(n, e, |a| a.items.iter_mut().for_each(|item| item.mask = Some(MaskRule::Mob)));
            }),
            (Step::Rules, "an item granted a second time without its mask", |n, e| {
                approval(n, e, |a| {
                    let mut bare = a.items.iter().find(|item| item.mask.is_some()).unwrap().clone();
                    bare.mask = None;
                    a.items.push(bare);
                });
            }),
            (Step::Rules, "an earlier beginning", |n, e| approval(n, e, |a| a.from.0 -= 1)),
            (Step::Rules, "a later end", |n, e| approval(n, e, |a| a.until.0 += 1)),
            (Step::Rules, "another purpose", |n, e| approval(n, e, |a| a.purpose = code2("02"))),
            (Step::Rules, "receipts in batches against the entry", |n, e| {
                approval(n, e, |a| a.receipt_mode = ReceiptMode::Batch);
            }),
            (Step::Rules, "approved by the officer who asked", |n, e| {
                let Payload::SubmitRequest(asked) = basis(e).request.signed.body.payload.clone() else {
                    panic!()
                };
                approval(n, e, |a| a.by.pseudonym = asked.by.pseudonym);
            }),
            (Step::Rules, "approved in another role", |n, e| approval(n, e, |a| a.by.role = Role::BizUser)),
            (Step::Rules, "approved with the second of those who asked", |n, e| {
                let Payload::SubmitRequest(asked) = basis(e).request.signed.body.payload.clone() else {
                    panic!()
                };
                approval(n, e, |a| a.second.pseudonym = asked.second.pseudonym);
            }),
            (Step::Rules, "approved by one officer alone", |n, e| {
                approval(n, e, |a| a.second.pseudonym = a.by.pseudonym)
            }),
            (Step::Rules, "asked by one officer alone", |n, e| {
                request(n, e, |asked| asked.second.pseudonym = asked.by.pseudonym)
            }),
            (Step::Rules, "asked with a second in another role", |n, e| {
                request(n, e, |asked| asked.second.role = Role::BizUser)
            }),
            (Step::Rules, "asked in another role", |n, e| {
                request(n, e, |asked| asked.by.role = Role::BizUser)
            }),
            (Step::Rules, "a grant that had expired", |n, e| {
                let time = e.record.header.time;
                approval(n, e, |a| a.until = time.minus_ms(1));
            }),
            (Step::Rules, "a grant that had not begun", |n, e| {
                let time = e.record.header.time;
                approval(n, e, |a| a.from = time.plus_ms(1));
            }),
            (Step::Rules, "an answer a month later", |n, e| {
                let later = e.record.header.time.plus_ms(30 * DAY);
                e.record.signed.body.valid_until = later;
                e.record.header.time = later;
                ticket(n, e, |t| t.valid_until = later);
            }),
            (Step::Rules, "another mode than asked", |n, e| ticket(n, e, |t| t.mode = Mode::Batch)),
            (Step::Rules, "no unit", |n, e| ticket(n, e, |t| t.units = 0)),
            (Step::Rules, "two subjects in one query", |n, e| ticket(n, e, |t| t.units = 2)),
            (Step::Rules, "more units than granted", |n, e| {
                request(n, e, |asked| asked.mode = Mode::Batch);
                let request = basis(e).request.signed.body.request_id();
                approval(n, e, |a| a.request = request);
                ticket(n, e, |t| (t.mode, t.units) = (Mode::Batch, 4));
            }),
            (Step::Rules, "an entry that contradicts itself", |n, e| {
                publication(n, e, |entry| entry.grade = 1);
            }),
            (Step::Rules, "an entry that gives sensitive items in clear by omission", |n, e| {
                publication(n, e, |entry| entry.items.iter_mut().for_each(|i| i.mask = ItemMask::Unsaid));
            }),
            (Step::Rules, "an entry that returns nothing of what was granted", |n, e| {
                publication(n, e, |entry| entry.items.iter_mut().for_each(|item| item.returnable = false));
            }),
        ],
    );
}

#[test]
fn disclosures_that_were_not_committed_to_are_refused() {
    let told = Told::by_six();
    let real = told.full_evidence();
    refused(
        &told,
        &real,
        &[
            (Step::Disclosures, "other details", |_, e| e.details.as_mut().unwrap().0[0] ^= 1),
            (Step::Disclosures, "no details", |_, e| e.details = Some(Bytes(vec![]))),
            (Step::Disclosures, "another answer", |_, e| e.answer.as_mut().unwrap().0.push(0)),
            (Step::Disclosures, "the answer as details", |_, e| e.details = e.answer.clone()),
            (Step::Disclosures, "another value", |_, e| e.openings[0].value.0[17] ^= 1),
            (Step::Disclosures, "another salt", |_, e| e.openings[0].salt[0] ^= 1),
            (Step::Disclosures, "openings exchanged", |_, e| {
                let values = (e.openings[1].value.clone(), e.openings[1].salt);
                (e.openings[0].value, e.openings[0].salt) = values;
            }),
            (Step::Disclosures, "an opening of what was not disclosed", |_, e| e.details = None),
            (Step::Disclosures, "a commitment nobody made", |_, e| e.openings[0].field = Field::Claims),
        ],
    );
    let denial = Evidence { answer: real.answer, ..told.denial_evidence() };
    assert_eq!(told.failure(&denial).map(|f| f.0), Some(Step::Disclosures));
}
