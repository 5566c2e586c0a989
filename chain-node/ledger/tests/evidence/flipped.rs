//! Every byte of the file counts. Goal: no position of an evidence file can be changed unnoticed, and the
//! check says at which step it noticed. Method: flip each byte in turn. Two founders keep the file small and
//! the check of genesis cheap; the file of six is sampled.

use crate::told::Told;
use ledger::proof::{Evidence, Options, Step, verify};
use ledger::wire::to_bytes;
use std::collections::BTreeMap;

/// Flips these bits at every `stride`-th position; how often each step noticed.
fn noticed(told: &Told, evidence: &Evidence, mask: u8, first: usize, stride: usize) -> BTreeMap<Step, u32> {
    let real = to_bytes(evidence);
    let mut steps = BTreeMap::new();
    for at in (first..real.len()).step_by(stride) {
        let mut bytes = real.clone();
        bytes[at] ^= mask;
        let report = verify(&bytes, &told.root(), &Options::default());
        assert!(!report.verified(), "byte {at} of {} flipped by {mask:#x}", real.len());
        let failure = report.failure().expect("a step is named");
        assert_eq!(report.steps.last(), Some(failure), "and no later one is tried");
        *steps.entry(failure.step).or_default() += 1;
    }
    steps
}

#[test]
fn every_flipped_byte_of_an_answers_evidence_is_noticed() {
    let told = Told::by_two();
    let evidence = told.full_evidence();
    assert!(told.check(&evidence).verified());
    let seen = noticed(&told, &evidence, 0x01, 0, 1);
    // No single step, such as a checksum over the file, does all the work.
    for step in [Step::Format, Step::TrustRoot, Step::Inclusion, Step::Certificates, Step::Disclosures] {
        assert!(seen.contains_key(&step), "{step} never noticed anything: {seen:?}");
    }
}

#[test]
fn sampled_bytes_flipped_in_other_bits_are_noticed() {
    let told = Told::by_two();
    for bit in 1..8 {
        noticed(&told, &told.full_evidence(), 1 << bit, bit, 14);
    }
}

#[test]
fn every_flipped_byte_of_a_denials_evidence_is_noticed() {
    let told = Told::by_two();
    let evidence = Evidence { basis: None, ..told.denial_evidence() };
    assert!(told.check(&evidence).verified());
    for mask in [0x01, 0x80] {
        noticed(&told, &evidence, mask, 0, 1);
    }
}

#[test]
fn sampled_bytes_of_a_larger_networks_evidence_are_noticed() {
    let told = Told::by_six();
    for (first, mask) in [(0, 0x01), (5, 0xff), (11, 0x10)] {
        noticed(&told, &told.full_evidence(), mask, first, 61);
    }
}

#[test]
fn no_other_place_or_size_of_the_tree_passes() {
    // A path of RFC 9162 alone does not tell the size of its tree: place 0 with three siblings holds in
    // trees of 5, 6, 7 and 8.
    let told = Told::by_two();
    let real = told.evidence();
    assert_eq!((real.record.index, real.record.count, real.record.path.len()), (0, 5, 3));
    for count in 0..40 {
        for index in 0..10 {
            let mut evidence = real.clone();
            (evidence.record.index, evidence.record.count) = (index, count);
            assert_eq!(told.check(&evidence).verified(), (index, count) == (0, 5), "{index} of {count}");
        }
    }
}
