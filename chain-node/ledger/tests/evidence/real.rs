//! Evidence of what really happened.

use crate::story::Chain;
use crate::told::Told;
use ledger::proof::{EVIDENCE_BYTES_MAX, Evidence, Options, Proven, Step, verify};
use ledger::wire::to_bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

const STEPS: [Step; 9] = [
    Step::Format,
    Step::TrustRoot,
    Step::Genesis,
    Step::Inclusion,
    Step::Certificates,
    Step::Signatures,
    Step::Links,
    Step::Rules,
    Step::Disclosures,
];

#[track_caller]
fn verifies(told: &Told, evidence: &Evidence) {
    let report = told.check(evidence);
    assert_eq!(report.failure(), None);
    assert!(report.verified());
    assert_eq!(report.steps.iter().map(|step| step.step).collect::<Vec<_>>(), STEPS);
    assert_eq!(report.evidence.as_ref(), Some(evidence));
}

#[test]
fn an_answered_and_acknowledged_access_verifies() {
    let told = Told::by_six();
    let evidence = told.evidence();
    verifies(&told, &evidence);
    assert_eq!(evidence.query(), Some(told.query));
    assert_eq!(evidence.proven().count(), 5);
    verifies(&told, &told.full_evidence());
}

#[test]
fn an_answer_not_yet_acknowledged_verifies() {
    let told = Told::by_six();
    verifies(&told, &Evidence { delivery: None, ..told.evidence() });
}

#[test]
fn a_denial_verifies_with_and_without_its_grant() {
    let told = Told::by_six();
    verifies(&told, &told.denial_evidence());
    verifies(&told, &Evidence { basis: None, ..told.denial_evidence() });
}

#[test]
fn details_answer_and_openings_verify_each_alone() {
    let told = Told::by_two();
    let full = told.full_evidence();
    verifies(&told, &Evidence { details: full.details.clone(), ..told.evidence() });
    verifies(&told, &Evidence { answer: full.answer.clone(), ..told.evidence() });
    for opening in &full.openings {
        verifies(&told, &Evidence { openings: vec![opening.clone()], ..full.clone() });
    }
}

#[test]
fn an_unrelated_implementation_agrees() {
    let told = Told::by_six();
    for evidence in [told.full_evidence(), told.denial_evidence()] {
        let report = verify(&to_bytes(&evidence), &told.root(), &Options { second_opinion: true });
        assert_eq!(report.failure(), None);
        let last = report.steps.last().unwrap();
        // Three votes and a signature for each transaction, the ticket's, and in the genesis file the proofs of
        // possession of three keys of six departments and of four validators.
        let transactions = u32::try_from(evidence.proven().count()).unwrap();
        assert_eq!((last.step, last.checked), (Step::SecondOpinion, 4 * transactions + 1 + 22));
    }
}

#[test]
fn every_transaction_of_a_chain_is_proven_by_its_block() {
    let told = Told::by_two();
    for (block, certificate) in &told.chain.decided {
        for (index, signed) in (0u32..).zip(&block.transactions) {
            let proven = Proven::from_block(block, certificate.clone(), index).unwrap();
            assert_eq!((&proven.signed, proven.index), (signed.signed(), index));
        }
        let beyond = u32::try_from(block.transactions.len()).unwrap();
        assert_eq!(Proven::from_block(block, certificate.clone(), beyond), None);
        assert_eq!(Proven::from_block(block, certificate.clone(), u32::MAX), None);
    }
}

#[test]
fn the_evidence_of_one_access_is_the_same_from_every_replica() {
    let chain = || Chain::of(crate::story::Network::founded(), 2);
    let (one, other) = (Told::on(chain()), Told::on(chain()));
    assert_eq!(to_bytes(&one.full_evidence()), to_bytes(&other.full_evidence()));
}

#[test]
fn a_file_beyond_eight_mebibytes_is_not_read() {
    let told = Told::by_two();
    let said = |length: usize| {
        let report = verify(&vec![0; length], &told.root(), &Options::default());
        assert!(!report.verified() && report.evidence.is_none());
        let failure = report.failure().unwrap();
        assert_eq!((failure.step, report.steps.len()), (Step::Format, 1));
        failure.wrong.clone().unwrap()
    };
    // Beyond the bound nothing is decoded; up to it the bytes are read, and said to be no evidence.
    assert!(said(EVIDENCE_BYTES_MAX + 1).contains("8 MiB"));
    assert!(said(EVIDENCE_BYTES_MAX + 2).contains("8 MiB"));
    assert!(said(EVIDENCE_BYTES_MAX).contains("near byte 1"));

    // A true file padded beyond it is refused as it stands, though its beginning is well formed.
    let mut large = told.evidence();
    large.details = Some(ledger::wire::Bytes(vec![0; EVIDENCE_BYTES_MAX]));
    let report = verify(&to_bytes(&large), &told.root(), &Options::default());
    assert!(report.failure().unwrap().wrong.as_ref().unwrap().contains("8 MiB") && report.evidence.is_none());
}

#[test]
fn the_check_says_where_a_file_is_malformed() {
    let told = Told::by_two();
    let real = to_bytes(&told.evidence());
    let said = |bytes: &[u8]| {
        let report = verify(bytes, &told.root(), &Options::default());
        report.failure().unwrap().wrong.clone().unwrap()
    };
    let mut long = real.clone();
    long.push(0);
    assert!(said(&long).contains(&format!("near byte {} of {}", real.len(), long.len())), "{}", said(&long));
    let cut = &real[..real.len() / 2];
    assert!(said(cut).contains(&format!("of {}", cut.len())), "{}", said(cut));
}

#[test]
fn a_mistyped_root_is_told_from_a_forged_file() {
    let told = Told::by_two();
    let mut root = told.root();
    root.0[0] ^= 1;
    let report = verify(&to_bytes(&told.evidence()), &root, &Options::default());
    let failure = report.failure().unwrap();
    let wrong = failure.wrong.as_ref().unwrap();
    assert_eq!(failure.step, Step::TrustRoot);
    assert!(wrong.contains(&root.to_string()) && wrong.contains(&told.root().to_string()), "{wrong}");
}

#[test]
fn the_check_counts_what_it_checked() {
    let told = Told::by_six();
    let counts = |evidence: &Evidence| {
        let report = told.check(evidence);
        report
            .steps
            .iter()
            .map(|step| (step.step, step.checked))
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let full = counts(&told.full_evidence());
    assert_eq!((full[&Step::Links], full[&Step::Rules], full[&Step::Disclosures]), (7, 5, 5));
    assert_eq!((full[&Step::Genesis], full[&Step::Signatures]), (6, 6));
    let bare = counts(&Evidence { basis: None, ..told.denial_evidence() });
    assert_eq!((bare[&Step::Links], bare[&Step::Rules], bare[&Step::Disclosures]), (1, 1, 0));
    assert_eq!((bare[&Step::Inclusion], bare[&Step::Certificates], bare[&Step::Signatures]), (1, 1, 2));
}

#[test]
fn no_bytes_make_the_check_panic() {
    let told = Told::by_two();
    let real = to_bytes(&told.full_evidence());
    let root = told.root();
    let any_bytes = vec(any::<u8>(), 0..400);
    let options = Options { second_opinion: true };
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(400));
    runner
        .run(&any_bytes, |bytes| {
            assert!(!verify(&bytes, &root, &options).verified());
            Ok(())
        })
        .unwrap();
    // Real evidence with a stretch replaced, by another or by noise.
    let change =
        (any::<Index>(), 0usize..80, any::<Index>(), 0usize..80, vec(any::<u8>(), 0..9), any::<bool>());
    runner
        .run(&change, |(at, length, from, taken, noise, is_noise)| {
            let at = at.index(real.len());
            let end = (at + length).min(real.len());
            let from = from.index(real.len());
            let stretch = real[from..(from + taken).min(real.len())].to_vec();
            let mut bytes = real.clone();
            bytes.splice(at..end, if is_noise { noise } else { stretch });
            assert_eq!(verify(&bytes, &root, &options).verified(), bytes == real);
            Ok(())
        })
        .unwrap();
}
