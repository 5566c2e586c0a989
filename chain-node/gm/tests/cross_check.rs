//! Promise: the two implementations agree on everything honest, and what `sm-crypto` alone
//! would let through does not get past this crate. Only this test talks to it unguarded.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // fixtures outside of test functions

use gm::domain::{self, ChainId, Kind};
use gm::envelope::{OpenError, Seed};
use gm::second_opinion;
use gm::sm2::{PublicKey, SecretKey, Signature};
use gm::sm3::{Digest, sm3};
use num_bigint::BigUint;
use proptest::prelude::*;
use sm_crypto::sm2 as raw;

const CHAIN: ChainId = ChainId(Digest([4; 32]));

fn order() -> BigUint {
    BigUint::parse_bytes(b"fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123", 16).unwrap()
}

/// The point as `sm-crypto` wants it: 128 digits, no 04.
fn point(key: &PublicKey) -> String {
    hex::encode(&key.as_bytes()[1..])
}

fn thirty_two(number: &BigUint) -> [u8; 32] {
    let bytes = number.to_bytes_be();
    let mut out = [0; 32];
    out[32 - bytes.len()..].copy_from_slice(&bytes);
    out
}

fn numbers(signature: &Signature) -> (BigUint, BigUint) {
    let (r, s) = signature.as_bytes().split_at(32);
    (BigUint::from_bytes_be(r), BigUint::from_bytes_be(s))
}

/// `SM3(ZA ‖ M)` of GB/T 32918.2, written out here from the standard.
fn message_hash(key: &PublicKey, message: &[u8]) -> BigUint {
    let curve = hex::decode(concat!(
        "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc",
        "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93",
        "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7",
        "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0",
    ))
    .unwrap();
    let za = sm3(&[&128u16.to_be_bytes(), b"1234567812345678", &curve, &key.as_bytes()[1..]]);
    BigUint::from_bytes_be(sm3(&[za.as_bytes(), message]).as_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn what_we_sign_both_verify(secret in 1u64.., body: Vec<u8>) {
        let mut bytes = [0x11; 32];
        bytes[..8].copy_from_slice(&secret.to_be_bytes());
        let key = SecretKey::from_bytes(&bytes).unwrap();
        let public = key.public();
        let signature = key.sign(CHAIN, Kind::Tx, &body).unwrap();
        let digest = domain::digest(CHAIN, Kind::Tx, &body);
        prop_assert!(public.verify(CHAIN, Kind::Tx, &body, &signature));
        prop_assert!(public.verify_digest(&digest, &signature));
        prop_assert!(second_opinion::verify_digest(&public, &digest, &signature));
        prop_assert!(raw::Verify::new(&point(&public)).verify(&digest.0, numbers(&signature), true));

        let other = domain::digest(CHAIN, Kind::Vote, &body);
        prop_assert!(!public.verify(CHAIN, Kind::Vote, &body, &signature));
        prop_assert!(!public.verify(ChainId::ZERO, Kind::Tx, &body, &signature));
        prop_assert!(!second_opinion::verify_digest(&public, &other, &signature));
    }

    #[test]
    fn what_sm_crypto_signs_we_verify(digest: [u8; 32]) {
        let key = SecretKey::generate().unwrap();
        let (r, s) = raw::Sign::new(&hex::encode(*key.to_bytes())).sign(&digest, true);
        let signature = Signature::from_slice(&[thirty_two(&r), thirty_two(&s)].concat()).unwrap();
        prop_assert!(key.public().verify_digest(&Digest(digest), &signature));
        prop_assert!(second_opinion::verify_digest(&key.public(), &Digest(digest), &signature));
    }

    #[test]
    fn a_changed_signature_is_refused_by_both(byte in 0usize..64, bit in 0u8..8) {
        let key = SecretKey::from_bytes(&[0x21; 32]).unwrap();
        let digest = sm3(&[b"object"]);
        let mut bytes = *key.sign_digest(&digest).unwrap().as_bytes();
        bytes[byte] ^= 1 << bit;
        if let Ok(changed) = Signature::from_slice(&bytes) {
            prop_assert!(!key.public().verify_digest(&digest, &changed));
            prop_assert!(!second_opinion::verify_digest(&key.public(), &digest, &changed));
        }
    }

    #[test]
    fn wrapped_seeds_are_read_by_both(first in 1u8.., rest: [u8; 31]) {
        // sm-crypto drops leading zeros of what it decrypts, hence the first byte.
        let bytes: [u8; 32] = [&[first], rest.as_slice()].concat().try_into().unwrap();
        let key = SecretKey::generate().unwrap();
        let ours = Seed::from_bytes(bytes).wrap(&key.public()).unwrap();
        prop_assert_eq!(raw::Decrypt::new(&hex::encode(*key.to_bytes())).decrypt(&ours[1..]), bytes);
        let theirs = raw::Encrypt::new(&point(&key.public())).encrypt(&bytes);
        let theirs = [&[4], theirs.as_slice()].concat();
        prop_assert_eq!(*Seed::unwrap_with(&key, &theirs).unwrap().as_bytes(), bytes);
    }
}

#[test]
fn a_changed_ciphertext_is_decrypted_by_sm_crypto_and_refused_here() {
    let key = SecretKey::generate().unwrap();
    let mut wrapped = Seed::from_bytes(*b"amount=00000100 of the housing f").wrap(&key.public()).unwrap();
    let at = wrapped.len() - 25;
    wrapped[at] ^= b'0' ^ b'9';
    let theirs = raw::Decrypt::new(&hex::encode(*key.to_bytes())).decrypt(&wrapped[1..]);
    assert_eq!(theirs, b"amount=90000100 of the housing f");
    assert!(matches!(Seed::unwrap_with(&key, &wrapped), Err(OpenError::Forged)));
}

#[test]
fn public_keys_agree() {
    for byte in 1..16 {
        let key = SecretKey::from_bytes(&[byte; 32]).unwrap();
        assert_eq!(raw::pk_from_sk(&hex::encode([byte; 32])), point(&key.public()));
    }
}

#[test]
fn digests_agree_at_every_length_around_the_block() {
    let message = [0xa5; 300];
    for length in 0..=message.len() {
        let part = &message[..length];
        assert_eq!(second_opinion::digest(part), Some(sm3(&[part])), "{length} bytes");
    }
}

#[test]
fn the_forgery_that_sm_crypto_accepts_is_refused_here() {
    // From the public key alone, for a message of our choice: R = G + P, r = e + x(R),
    // s = 1 + m·2²⁵⁶ with m = −r·2⁻²⁵⁶ mod n. sm-crypto multiplies G by the low 256 bits of s
    // (1) but reduces r + s modulo n (also 1), and so finds exactly R.
    let n = order();
    let victim = SecretKey::generate().unwrap().public();
    let message = domain::digest(CHAIN, Kind::Tx, b"all to the forger").0;
    let x = sum_with_generator(&victim);
    let r = (message_hash(&victim, &message) + x) % &n;
    let two_256 = BigUint::from(1u8) << 256u32;
    let inverse = two_256.modpow(&(&n - 2u8), &n);
    let m = (&n - &r) * inverse % &n;
    let s = BigUint::from(1u8) + m * two_256;

    assert!(
        raw::Verify::new(&point(&victim)).verify(&message, (r.clone(), s.clone()), true),
        "sm-crypto no longer accepts the forgery: look again at what the README says of it"
    );
    // It cannot even be written down as a signature of ours …
    let long = [thirty_two(&r).to_vec(), s.to_bytes_be()].concat();
    assert!(Signature::from_slice(&long).is_err());
    // … and brought into range it is nobody's signature, for either implementation.
    let low = [thirty_two(&r), thirty_two(&(s % &n))].concat();
    let cut = [thirty_two(&r), thirty_two(&BigUint::from(1u8))].concat();
    for bytes in [low, cut] {
        if let Ok(signature) = Signature::from_slice(&bytes) {
            assert!(!victim.verify_digest(&Digest(message), &signature));
            assert!(!second_opinion::verify_digest(&victim, &Digest(message), &signature));
        }
    }
}

/// x(G + P). In affine coordinates, for P ≠ ±G: x = λ² − x(G) − x(P), λ the slope.
fn sum_with_generator(key: &PublicKey) -> BigUint {
    let number = |bytes: &[u8]| BigUint::from_bytes_be(bytes);
    let p = BigUint::parse_bytes(b"fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff", 16)
        .unwrap();
    let one = SecretKey::from_bytes(&thirty_two(&BigUint::from(1u8))).unwrap().public();
    let (gx, gy) = (number(&one.as_bytes()[1..33]), number(&one.as_bytes()[33..]));
    let (px, py) = (number(&key.as_bytes()[1..33]), number(&key.as_bytes()[33..]));
    let rise = (&py + &p - &gy) % &p;
    let run = (&px + &p - &gx) % &p;
    let slope = rise * run.modpow(&(&p - 2u8), &p) % &p;
    (&slope * &slope + &p + &p - gx - px) % &p
}

#[test]
fn a_rewritten_signature_is_accepted_by_sm_crypto_and_refused_here() {
    let key = SecretKey::generate().unwrap();
    let digest = sm3(&[b"transaction"]);
    let signature = key.sign_digest(&digest).unwrap();
    let (r, s) = numbers(&signature);
    let n = order();

    // s + n·2²⁵⁶ has the same low 256 bits and the same remainder: a second id for one deed.
    let rewritten = &s + (&n << 256u32);
    assert!(raw::Verify::new(&point(&key.public())).verify(&digest.0, (r.clone(), rewritten.clone()), true));
    assert!(Signature::from_slice(&[thirty_two(&r).to_vec(), rewritten.to_bytes_be()].concat()).is_err());

    // s + n, too, has no form that parses: 257 bits, or 256 bits that are not below n.
    for rewritten in [&s + &n, &r + &n] {
        let bytes = rewritten.to_bytes_be();
        assert!(Signature::from_slice(&[thirty_two(&r).to_vec(), bytes].concat()).is_err());
    }
    let negated = [thirty_two(&r), thirty_two(&(&n - &s))].concat();
    let negated = Signature::from_slice(&negated).unwrap();
    assert!(!key.public().verify_digest(&digest, &negated));
}

#[test]
fn a_small_s_cannot_be_written_with_n_added() {
    // The only s + n that still has 32 bytes come from s < 2²⁵⁶ − n; the door refuses them all.
    let n = order();
    for small in [1u32, 2, 12_345] {
        let bytes = [[1; 32], thirty_two(&(&n + small))].concat();
        assert!(Signature::from_slice(&bytes).is_err());
    }
}

#[test]
fn raw_messages_cannot_pass_for_digests() {
    let key = SecretKey::generate().unwrap();
    let digest = sm3(&[b"object"]);
    assert!(key.sign_raw(&digest.0).is_err());
    let signature = key.sign_digest(&digest).unwrap();
    assert!(key.public().verify_digest(&digest, &signature));
    assert!(!key.public().verify_raw(&digest.0, &signature));
}

#[test]
fn the_infinity_that_only_a_key_holder_can_make_is_refused_here() {
    // r = e, s = −r·d/(1 + d) gives [s]G + [r+s]P = O, whose x sm-crypto takes for 0. It is no
    // forgery (it needs d), but the two must not be thought equal: ours decides.
    let n = order();
    let key = SecretKey::from_bytes(&[0x31; 32]).unwrap();
    let digest = sm3(&[b"object"]);
    let d = BigUint::from_bytes_be(&*key.to_bytes());
    let r = message_hash(&key.public(), &digest.0) % &n;
    let inverse = (&d + 1u8).modpow(&(&n - 2u8), &n);
    let s = (&n - &r * &d % &n) * inverse % &n;
    let signature = Signature::from_slice(&[thirty_two(&r), thirty_two(&s)].concat()).unwrap();
    assert!(!key.public().verify_digest(&digest, &signature));
    assert!(second_opinion::verify_digest(&key.public(), &digest, &signature));
}
