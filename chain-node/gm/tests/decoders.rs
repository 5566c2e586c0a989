//! Promise: whatever bytes a stranger sends, decoding answers and never panics.
#![allow(clippy::unwrap_used)] // fixtures outside of test functions

use gm::domain::ChainId;
use gm::envelope::{self, OpenError, Seed};
use gm::merkle::Frontier;
use gm::second_opinion;
use gm::sm2::{KeyId, PublicKey, SecretKey, Signature};
use gm::sm3::Digest;
use gm::sm4;
use gm::store_key::StoreKey;
use proptest::collection::vec;
use proptest::prelude::*;

fn reader() -> SecretKey {
    SecretKey::from_bytes(&[7; 32]).unwrap()
}

/// Bytes of any length up to `longest`, every other time of exactly `usual` length, which
/// gets further into a decoder, with the usual first byte of a point.
fn bytes(usual: usize, longest: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..longest),
        vec(any::<u8>(), usual),
        vec(any::<u8>(), usual - 1).prop_map(|tail| [&[4], tail.as_slice()].concat()),
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_a_public_key_or_an_error(bytes in bytes(65, 140)) {
        if let Ok(key) = PublicKey::from_bytes(&bytes) {
            prop_assert_eq!(key.as_bytes().as_slice(), bytes.as_slice());
        }
    }

    #[test]
    fn any_bytes_are_a_secret_key_or_an_error(bytes: [u8; 32]) {
        if let Ok(key) = SecretKey::from_bytes(&bytes) {
            prop_assert_eq!(*key.to_bytes(), bytes);
        }
    }

    #[test]
    fn any_bytes_are_no_signature_of_ours(bytes in bytes(64, 140)) {
        if let Ok(signature) = Signature::from_slice(&bytes) {
            prop_assert_eq!(signature.as_bytes().as_slice(), bytes.as_slice());
            prop_assert!(!reader().public().verify_raw(b"message", &signature));
            prop_assert!(!reader().public().verify_digest(&Digest::ZERO, &signature));
        }
    }

    #[test]
    fn any_bytes_are_no_seed_for_us(bytes in bytes(129, 300)) {
        prop_assert!(Seed::unwrap_with(&reader(), &bytes).is_err());
    }

    #[test]
    fn any_bytes_behind_a_point_on_the_curve_are_no_seed_for_us(tail in vec(any::<u8>(), 64)) {
        let bytes = [reader().public().as_bytes().as_slice(), &tail].concat();
        prop_assert!(matches!(Seed::unwrap_with(&reader(), &bytes), Err(OpenError::Forged)));
    }

    #[test]
    fn any_bytes_are_nothing_sealed_by_us(bytes in bytes(1040, 3000), context in vec(any::<u8>(), 0..40)) {
        let seed = Seed::from_bytes([1; 32]);
        prop_assert!(envelope::open(&seed, ChainId::ZERO, &context, &bytes).is_err());
        prop_assert!(sm4::open_raw(&[1; 16], &[0; 12], &context, &bytes).is_err());
        prop_assert!(StoreKey::from_bytes([1; 32]).open(&context, &bytes).is_err());
    }

    #[test]
    fn any_text_is_a_digest_or_an_error(text in ".{0,80}") {
        if let Ok(digest) = Digest::from_hex(&text) {
            prop_assert_eq!(digest.to_string(), text.to_lowercase());
        }
        prop_assert!(text.parse::<KeyId>().is_err() || text.len() == 32);
    }

    #[test]
    fn any_peaks_are_a_frontier_or_nothing(size: u64, peaks in vec(any::<[u8; 32]>(), 0..70)) {
        let peaks: Vec<Digest> = peaks.into_iter().map(Digest).collect();
        if let Some(mut frontier) = Frontier::from_parts(size, peaks) {
            frontier.push(Digest::ZERO);
            prop_assert_eq!(frontier.size(), size + 1);
            frontier.root();
        }
    }
}

proptest! {
    // The second implementation takes some ten milliseconds each.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_second_opinion_answers_to_any_signature_that_parses(bytes in vec(any::<u8>(), 64), digest: [u8; 32]) {
        if let Ok(signature) = Signature::from_slice(&bytes) {
            prop_assert!(!second_opinion::verify_digest(&reader().public(), &Digest(digest), &signature));
        }
    }
}
