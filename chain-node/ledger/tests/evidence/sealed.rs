//! A request under two officers' seals: what a file can check of them.

use crate::conspiracy::{basis, refused, rewrite, sealed_request};
use crate::story::cast::Centre::{Chengdu, Guangzhou};
use crate::told::Told;
use ledger::ids::OfficerId;
use ledger::proof::Step;
use ledger::role::Role;
use ledger::transaction::Payload;

#[test]
fn seals_are_checked_as_far_as_a_file_shows_what_they_need() {
    let told = Told::by_six();
    let mut real = told.evidence();
    sealed_request(told.network(), &mut real, Guangzhou, [1, 2], |_| ());
    refused(
        &told,
        &real,
        &[
            (Step::Signatures, "certificates of another department's key", |n, e| {
                sealed_request(n, e, Chengdu, [1, 2], |_| ());
            }),
            (Step::Signatures, "seals under another request", |n, e| {
                rewrite(n, &mut basis(e).request, Guangzhou, |body| {
                    let Payload::SubmitRequest(asked) = &mut body.payload else { panic!() };
                    asked.documents = None;
                });
            }),
            (Step::Signatures, "the seal of another key than the certificate's", |n, e| {
                sealed_request(n, e, Guangzhou, [1, 2], |entry| {
                    entry.key = crate::story::cast::key_of("officer 9").public();
                });
            }),
            (Step::Rules, "one officer twice", |n, e| sealed_request(n, e, Guangzhou, [1, 1], |_| ())),
            (Step::Rules, "one officer under two keys", |n, e| {
                sealed_request(n, e, Guangzhou, [1, 2], |entry| entry.officer = OfficerId([3; 16]));
            }),
            (Step::Rules, "an officer in another role", |n, e| {
                sealed_request(n, e, Guangzhou, [1, 2], |entry| entry.roles = [Role::BizUser].into());
            }),
            (Step::Rules, "a certificate whose time is over", |n, e| {
                sealed_request(n, e, Guangzhou, [1, 2], |entry| {
                    (entry.from, entry.until) = (entry.from.minus_ms(9), entry.until.minus_ms(1));
                });
            }),
            (Step::Rules, "an officer of another department", |n, e| {
                sealed_request(n, e, Guangzhou, [1, 2], |entry| entry.department = Chengdu.id());
            }),
        ],
    );
}
