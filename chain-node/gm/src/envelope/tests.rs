//! Goal: only the reader opens, only what was sealed, and length tells only a step.
//! Method: every byte changed once, chunks moved and cut, lengths around each step.

use super::*;
use alloc::format;
use alloc::vec;
use proptest::prelude::*;

const SEED: Seed = Seed::from_bytes([5; 32]);
const CHAIN: ChainId = ChainId(Digest([9; 32]));

fn sealed_len(plain: usize) -> usize {
    seal(&SEED, CHAIN, b"query", &vec![1; plain]).len()
}

#[test]
fn what_is_sealed_opens_at_every_step() {
    let steps = [1, 2, 4, 8, 16, 32, 64, 128, 192].map(|kib: usize| kib << 10);
    let around = steps.iter().flat_map(|step| [step - 2, step - 1, *step, step + 1]);
    for length in [0, 1].into_iter().chain(around) {
        // Ends in zeros and 80, so that padding must not be mistaken for content.
        let mut plain = vec![0x80; length];
        if let Some(last) = plain.last_mut() {
            *last = 0;
        }
        let sealed = seal(&SEED, CHAIN, b"query", &plain);
        assert_eq!(*open(&SEED, CHAIN, b"query", &sealed).unwrap(), plain, "{length} bytes");
    }
}

#[test]
fn length_does_not_say_found() {
    assert_eq!(sealed_len(0), 1024 + TAG_BYTES);
    assert_eq!(sealed_len(3), sealed_len(900));
    assert_eq!(sealed_len(1023), sealed_len(0));
    assert_eq!(sealed_len(1024), 2048 + TAG_BYTES);
    assert_eq!(sealed_len(CHUNK_BYTES - 1), CHUNK_BYTES + TAG_BYTES);
    assert_eq!(sealed_len(CHUNK_BYTES), 2 * (CHUNK_BYTES + TAG_BYTES));
    assert_eq!(sealed_len(CHUNK_BYTES + 1), sealed_len(2 * CHUNK_BYTES - 1));
    assert_eq!(sealed_len(2 * CHUNK_BYTES), 3 * (CHUNK_BYTES + TAG_BYTES));
}

#[test]
fn another_seed_chain_or_context_does_not_open() {
    let sealed = seal(&SEED, CHAIN, b"query", b"answer");
    assert_eq!(open(&Seed::from_bytes([6; 32]), CHAIN, b"query", &sealed), Err(OpenError::Forged));
    assert_eq!(open(&SEED, ChainId::ZERO, b"query", &sealed), Err(OpenError::Forged));
    assert_eq!(open(&SEED, CHAIN, b"querz", &sealed), Err(OpenError::Forged));
}

#[test]
fn any_changed_byte_is_refused() {
    let sealed = seal(&SEED, CHAIN, b"query", b"answer");
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert_eq!(open(&SEED, CHAIN, b"query", &changed), Err(OpenError::Forged), "byte {at}");
    }
}

#[test]
fn chunks_cannot_be_changed_moved_cut_or_added() {
    let step = CHUNK_BYTES + TAG_BYTES;
    let plain: Vec<u8> = (0..150_000u32).map(|number| number.to_le_bytes()[0]).collect();
    let sealed = seal(&SEED, CHAIN, b"query", &plain);
    assert_eq!(sealed.len(), 3 * step);
    assert_eq!(*open(&SEED, CHAIN, b"query", &sealed).unwrap(), plain);

    for at in [0, step - 1, step, 2 * step - 1, 2 * step, 3 * step - 1] {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert_eq!(open(&SEED, CHAIN, b"query", &changed), Err(OpenError::Forged), "byte {at}");
    }
    let mut moved = sealed.clone();
    moved[..2 * step].rotate_left(step);
    assert_eq!(open(&SEED, CHAIN, b"query", &moved), Err(OpenError::Forged));
    for cut in [step, 2 * step] {
        assert_eq!(open(&SEED, CHAIN, b"query", &sealed[..cut]), Err(OpenError::Forged));
        assert_eq!(open(&SEED, CHAIN, b"query", &sealed[cut..]), Err(OpenError::Forged));
    }
    let twice = [&sealed[..], &sealed[2 * step..]].concat();
    assert_eq!(open(&SEED, CHAIN, b"query", &twice), Err(OpenError::Forged));
    assert_eq!(open(&SEED, CHAIN, b"query", &sealed[..3 * step - 1]), Err(OpenError::Malformed));
}

#[test]
fn lengths_that_sealing_never_gives_are_malformed() {
    let step = CHUNK_BYTES + TAG_BYTES;
    for length in [0, 1, 15, 16, 17, 1024, 1039, 1041, 3072 + 16, step + 16, step + 1040, 2 * step + 1] {
        assert_eq!(
            open(&SEED, CHAIN, b"query", &vec![0; length]),
            Err(OpenError::Malformed),
            "{length} bytes"
        );
    }
}

#[test]
fn padding_has_one_form_only() {
    let cipher = SEED.cipher(CHAIN, b"query");
    let with = |padded: &[u8]| {
        let mut sealed = Vec::new();
        cipher.seal_onto(&nonce(0, true), b"query", padded, &mut sealed);
        open(&SEED, CHAIN, b"query", &sealed)
    };
    let mut good = vec![0; 1024];
    good[6] = 0x80;
    assert_eq!(with(&good).unwrap().len(), 6);
    assert_eq!(with(&vec![0; 1024]), Err(OpenError::Malformed));
    let mut other = good.clone();
    other[1023] = 1;
    assert_eq!(with(&other), Err(OpenError::Malformed));
    good.resize(2048, 0); // longer than need be
    assert_eq!(with(&good), Err(OpenError::Malformed));
}

#[test]
fn a_wrapped_seed_is_unwrapped_by_its_reader_only() {
    let (reader, stranger) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let seed = Seed::generate().unwrap();
    let wrapped = seed.wrap(&reader.public()).unwrap();
    assert_eq!(wrapped.len(), WRAP_BYTES);
    assert_ne!(wrapped, seed.wrap(&reader.public()).unwrap());
    assert_eq!(Seed::unwrap_with(&reader, &wrapped).unwrap().as_bytes(), seed.as_bytes());
    assert!(matches!(Seed::unwrap_with(&stranger, &wrapped), Err(OpenError::Forged)));
    for at in 0..wrapped.len() {
        let mut changed = wrapped.clone();
        changed[at] ^= 1;
        assert!(Seed::unwrap_with(&reader, &changed).is_err(), "byte {at}");
    }
    let mut longer = wrapped.clone();
    longer.push(0);
    for wrong in [&wrapped[..128], &longer, &[]] {
        assert!(matches!(Seed::unwrap_with(&reader, wrong), Err(OpenError::Malformed)));
    }
    // A secret of another length, properly encrypted, is no seed.
    let short = reader.public().encrypt(b"short").unwrap();
    assert!(matches!(Seed::unwrap_with(&reader, &short), Err(OpenError::Malformed)));
}

#[test]
fn a_commitment_binds_the_seed_and_the_chain() {
    assert_eq!(SEED.commitment(CHAIN), domain::digest(CHAIN, Kind::Key, &[5; 32]));
    assert_ne!(SEED.commitment(CHAIN), SEED.commitment(ChainId::ZERO));
    assert_ne!(SEED.commitment(CHAIN), Seed::from_bytes([6; 32]).commitment(CHAIN));
}

#[test]
fn the_seed_is_not_shown() {
    assert_eq!(format!("{SEED:?}"), "Seed(redacted)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn anything_sealed_opens(plain in proptest::collection::vec(any::<u8>(), 0..5000), context: Vec<u8>) {
        let sealed = seal(&SEED, CHAIN, &context, &plain);
        let opened = open(&SEED, CHAIN, &context, &sealed).unwrap();
        prop_assert_eq!(opened.as_slice(), plain.as_slice());
    }

    #[test]
    fn padding_never_shrinks_and_its_length_is_recognised(plain in 0usize..2_000_000) {
        let padded = padded_len(plain);
        prop_assert!(padded > plain && padded >= padded_len(plain.saturating_sub(1)));
        let sealed = padded + padded.div_ceil(CHUNK_BYTES) * TAG_BYTES;
        prop_assert_eq!(opened_len(sealed), Some(padded));
    }
}
