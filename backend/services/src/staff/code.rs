//! Time-based codes (RFC 6238: SHA-1, six digits, thirty seconds, as every authenticator app has them). For
//! those without a key of their own: GM/T 0021 has the same with SM3, which no such app computes.

use gm::store_key::StoreKey;
use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

use crate::error::ServiceError;
use crate::limits;

/// A secret as it is drawn.
pub(crate) type Secret = Zeroizing<[u8; 20]>;

/// Who shows in the officer's app.
const ISSUER: &str = "Zhenglian";

/// A fresh secret.
pub(crate) fn draw() -> Result<Secret, ServiceError> {
    Ok(Zeroizing::new(gm::random::bytes()?))
}

/// The secret as it is kept: readable for this department, for this officer only.
pub(crate) fn seal(key: &StoreKey, staff_id: &str, secret: &Secret) -> Result<Vec<u8>, ServiceError> {
    Ok(key.seal(&context(staff_id), secret.as_slice())?)
}

/// What [`seal`] made.
pub(crate) fn open(key: &StoreKey, staff_id: &str, sealed: &[u8]) -> Result<Secret, ServiceError> {
    let damaged =
        |error: &dyn std::fmt::Display| ServiceError::fault("an officer's code secret is damaged", error);
    let opened = key.open(&context(staff_id), sealed).map_err(|error| damaged(&error))?;
    let mut secret = Zeroizing::new([0; 20]);
    if opened.len() != secret.len() {
        return Err(damaged(&"its length"));
    }
    secret.copy_from_slice(&opened);
    Ok(secret)
}

fn context(staff_id: &str) -> Vec<u8> {
    [b"officer_code.sealed:".as_slice(), staff_id.as_bytes()].concat()
}

/// The secret as an app takes it: its text, and the address that holds it.
pub(crate) fn shown(
    secret: &Secret,
    account: &str,
) -> Result<(Zeroizing<String>, Zeroizing<String>), ServiceError> {
    let code = codes(secret, account)?;
    let address = code.to_url().map_err(|error| ServiceError::fault("a code has no address", &error))?;
    let text = address.split("secret=").nth(1).and_then(|rest| rest.split('&').next()).unwrap_or_default();
    Ok((Zeroizing::new(text.to_owned()), Zeroizing::new(address)))
}

/// The step of thirty seconds that a code belongs to, if it is the secret's now, one step before or one
/// after; whether it was taken before is for the caller to see.
pub(crate) fn step_of(secret: &Secret, code: &str, now_ms: i64) -> Result<Option<i64>, ServiceError> {
    let typed: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    if typed.len() != limits::CODE_DIGITS || !typed.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    let step = codes(secret, "-")?.check(&typed, now_ms.unsigned_abs() / 1_000);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

fn codes(secret: &Secret, account: &str) -> Result<Totp, ServiceError> {
    Builder::new()
        .with_secret(secret.as_slice())
        .with_account_name(account)
        .with_issuer(Some(ISSUER))
        .build()
        .map_err(|error| ServiceError::fault("a code secret is unfit", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B.
    fn rfc() -> Secret {
        Zeroizing::new(*b"12345678901234567890")
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // The standard's eight digits, the last six of them.
        for (seconds, code) in [(59_i64, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924")] {
            assert_eq!(step_of(&rfc(), code, seconds * 1_000).unwrap(), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_one_step_before_and_after_its_own_and_no_further() {
        let step = 1_234_567_890 / 30;
        for (away, expected) in [(-2, None), (-1, Some(step)), (0, Some(step)), (1, Some(step)), (2, None)] {
            let now = (step + away) * 30_000 + 5_000;
            assert_eq!(step_of(&rfc(), " 005 924 ", now).unwrap(), expected, "{away}");
        }
        for wrong in ["", "005925", "5924", "0059245", "００５９２４", "abcdef"] {
            assert_eq!(step_of(&rfc(), wrong, step * 30_000).unwrap(), None, "{wrong}");
        }
    }

    #[test]
    fn a_kept_secret_opens_for_its_officer_only() {
        let key = StoreKey::from_bytes([3; 32]);
        let secret = draw().unwrap();
        let sealed = seal(&key, "s1", &secret).unwrap();
        assert!(!sealed.windows(20).any(|part| part == secret.as_slice()));
        assert_eq!(open(&key, "s1", &sealed).unwrap(), secret);
        assert!(open(&key, "s2", &sealed).is_err());
    }

    #[test]
    fn an_app_takes_the_text_or_the_address() {
        let (text, address) = shown(&rfc(), "lin").unwrap();
        assert_eq!(text.as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(address.starts_with("otpauth://totp/Zhenglian:lin?secret=GEZDGNBVGY3TQOJQ"), "{}", *address);
    }
}
