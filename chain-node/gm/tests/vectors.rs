//! Promise: what is computed here is what the standards publish.
#![allow(clippy::unwrap_used)] // fixtures outside of test functions

use gm::second_opinion;
use gm::sm2::{KeyError, PublicKey, SecretKey, Signature, SignatureError};
use gm::sm3::{self, Digest};
use gm::sm4;

/// GM/T 0003.5-2012, annex A.2: the key pair on the recommended curve.
const SECRET: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
const PUBLIC: &str = "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020\
                      ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";
const R: &str = "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3";
const S: &str = "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa";
/// The order n of the curve.
const ORDER: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

fn secret() -> SecretKey {
    SecretKey::from_bytes(&unhex(SECRET).try_into().unwrap()).unwrap()
}

fn signature() -> Signature {
    Signature::from_slice(&unhex(&format!("{R}{S}"))).unwrap()
}

#[test]
fn sm2_public_key_of_gmt_0003_5() {
    assert_eq!(secret().public().as_bytes().as_slice(), unhex(PUBLIC));
    assert_eq!(PublicKey::from_bytes(&unhex(PUBLIC)).unwrap(), secret().public());
    assert_eq!(*secret().to_bytes(), *unhex(SECRET));
}

#[test]
fn sm2_signature_of_gmt_0003_5() {
    let key = secret().public();
    assert!(key.verify_raw(b"message digest", &signature()));
    assert!(!key.verify_raw(b"message digesT", &signature()));
    let ours = secret().sign_raw(b"message digest").unwrap();
    assert!(key.verify_raw(b"message digest", &ours));
    assert_eq!(ours, secret().sign_raw(b"message digest").unwrap(), "nonces are deterministic");
}

#[test]
fn sm3_of_gbt_32905() {
    let abc = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
    let sixty_four = "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732";
    let nothing = "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b";
    assert_eq!(sm3::sm3(&[b"abc"]), Digest::from_hex(abc).unwrap());
    assert_eq!(sm3::sm3(&["abcd".repeat(16).as_bytes()]), Digest::from_hex(sixty_four).unwrap());
    assert_eq!(sm3::sm3(&[]), Digest::from_hex(nothing).unwrap());
}

#[test]
fn sm4_block_of_gbt_32907() {
    use ::sm4::cipher::{BlockCipherEncrypt, KeyInit};
    let key: [u8; 16] = unhex("0123456789abcdeffedcba9876543210").try_into().unwrap();
    let cipher = ::sm4::Sm4::new(&key.into());
    let mut block = key.into();
    cipher.encrypt_block(&mut block);
    assert_eq!(block.as_slice(), unhex("681edf34d206965e86b3e94f536e4246"));
    for _ in 1..1_000_000 {
        cipher.encrypt_block(&mut block);
    }
    assert_eq!(block.as_slice(), unhex("595298c7c6fd271f0402f804c33d3f66"));
}

#[test]
fn sm4_gcm_of_rfc_8998() {
    let key = unhex("0123456789abcdeffedcba9876543210").try_into().unwrap();
    let nonce = unhex("00001234567800000000abcd").try_into().unwrap();
    let aad = unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    let plain = unhex(concat!(
        "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd",
        "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa",
    ));
    let sealed = unhex(concat!(
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735",
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d",
        "83de3541e4c2b58177e065a9bf7b62ec",
    ));
    assert_eq!(sm4::seal_raw(&key, &nonce, &aad, &plain), sealed);
    assert_eq!(*sm4::open_raw(&key, &nonce, &aad, &sealed).unwrap(), plain);
}

#[test]
fn signatures_outside_the_range_are_refused_at_the_door() {
    let zero = "00".repeat(32);
    let beyond = "ff".repeat(32);
    for (r, s) in [(&zero[..], S), (R, &zero), (ORDER, S), (R, ORDER), (&beyond, S), (R, &beyond)] {
        let parsed = Signature::from_slice(&unhex(&format!("{r}{s}")));
        assert_eq!(parsed, Err(SignatureError::Range), "r {r} s {s}");
    }
    let whole = signature();
    for length in 0..64 {
        assert_eq!(Signature::from_slice(&whole.as_bytes()[..length]), Err(SignatureError::Length));
    }
    let der = unhex(&format!("3046022100{R}022100{S}"));
    assert_eq!(Signature::from_slice(&der), Err(SignatureError::Length));
}

#[test]
fn keys_outside_the_range_or_off_the_curve_are_refused() {
    let minus_one = format!("{}22", &ORDER[..62]);
    let minus_two = format!("{}21", &ORDER[..62]);
    for number in ["00".repeat(32), "ff".repeat(32), ORDER.to_owned(), minus_one] {
        let parsed = SecretKey::from_bytes(&unhex(&number).try_into().unwrap());
        assert_eq!(parsed.err(), Some(KeyError::SecretKey), "{number}");
    }
    let largest = SecretKey::from_bytes(&unhex(&minus_two).try_into().unwrap()).unwrap();
    assert!(largest.public().verify_raw(b"m", &largest.sign_raw(b"m").unwrap()));

    let good = unhex(PUBLIC);
    let mut off = good.clone();
    off[64] ^= 1;
    let mut compressed = good[..33].to_vec();
    compressed[0] = 3;
    let mut hybrid = good.clone();
    hybrid[0] = 7;
    for wrong in [&off, &compressed, &hybrid, &good[1..].to_vec(), &vec![0], &vec![0; 65], &Vec::new()] {
        assert_eq!(PublicKey::from_bytes(wrong), Err(KeyError::PublicKey));
    }
}

#[test]
fn secrets_are_not_shown() {
    assert_eq!(format!("{:?}", secret()), "SecretKey(redacted)");
}

#[test]
fn the_self_test_passes() {
    assert_eq!(second_opinion::self_test(), Ok(()));
}
