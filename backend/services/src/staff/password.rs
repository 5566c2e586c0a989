//! Passwords: their form (DB-01), their hashes (argon2id, PHC text), one-time secrets.
//!
//! Checking takes a core for some 30 ms and 19 MiB, so it runs off the event loop, a few at a time.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use zeroize::Zeroizing;

use crate::codes::FieldCode;
use crate::error::ServiceError;
use crate::limits;

/// What is wrong with the form of a new password; nothing when it is good.
pub(crate) fn check_form(password: &str, account: &str) -> Result<(), FieldCode> {
    if password.len() > limits::PASSWORD_BYTES_MAX {
        return Err(FieldCode::TooLong);
    }
    if password.chars().count() < limits::PASSWORD_CHARS_MIN {
        return Err(FieldCode::TooShort);
    }
    let classes: [fn(char) -> bool; 4] = [
        |c| c.is_lowercase(),
        |c| c.is_uppercase(),
        |c| c.is_numeric(),
        |c| !c.is_alphanumeric() || (c.is_alphabetic() && !c.is_lowercase() && !c.is_uppercase()),
    ];
    let found = classes.iter().filter(|class| password.chars().any(class)).count();
    // An account of two or three letters is part of many good passwords by chance.
    let names_account = account.chars().count() >= limits::ACCOUNT_IN_PASSWORD_CHARS_MIN
        && password.to_lowercase().contains(&account.to_lowercase());
    if found < limits::PASSWORD_CLASSES_MIN || names_account { Err(FieldCode::TooSimple) } else { Ok(()) }
}

/// Letters and digits that are not taken for one another when they are read out.
const READABLE: &[u8; 55] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ2346789";

/// A secret to be handed to a person: four groups of four, 92 bits. It has the form of a password.
pub(crate) fn one_time() -> Result<Zeroizing<String>, ServiceError> {
    loop {
        let mut text = Zeroizing::new(String::new());
        while text.len() < 19 {
            if text.len() % 5 == 4 {
                text.push('-');
            }
            let [byte] = gm::random::bytes::<1>()?;
            // Others would make the first letters likelier.
            if let Some(letter) = READABLE.get(usize::from(byte % 64)) {
                text.push(char::from(*letter));
            }
        }
        if check_form(&text, "").is_ok() {
            return Ok(text);
        }
    }
}

/// Hashes a new password.
pub(crate) async fn hash(password: &str) -> Result<String, ServiceError> {
    let password = Zeroizing::new(password.to_owned());
    off_loop(move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()))
        .await?
        .map_err(|error| ServiceError::fault("a password could not be hashed", &error))
}

/// Whether the password fits the stored hash.
pub(crate) async fn fits(password: &str, stored: &str) -> Result<bool, ServiceError> {
    let password = Zeroizing::new(password.to_owned());
    let hash = PasswordHash::new(stored)
        .map_err(|error| ServiceError::fault("a stored password hash is damaged", &error))?;
    off_loop(move || Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()).await
}

/// Takes as long as [`fits`], so that an unknown account cannot be told from a wrong password.
pub(crate) async fn pretend(password: &str) -> Result<(), ServiceError> {
    let password = Zeroizing::new(password.to_owned());
    off_loop(move || Argon2::default().hash_password_with_salt(password.as_bytes(), &[0; 16]).is_ok())
        .await
        .map(drop)
}

async fn off_loop<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ServiceError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| ServiceError::fault("a password check was cut off", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_and_mixed() {
        assert_eq!(check_form("Guang-2026-x", "lin"), Ok(()));
        assert_eq!(check_form("公积金-Guang-7", "lin"), Ok(()));
        assert_eq!(check_form("Gu-2026", "lin"), Err(FieldCode::TooShort));
        assert_eq!(check_form("guangzhou2026", "lin"), Err(FieldCode::TooSimple));
        assert_eq!(check_form("Zhixia-2026-xx", "zhixia"), Err(FieldCode::TooSimple));
        assert_eq!(check_form(&"Aa1-".repeat(100), "lin"), Err(FieldCode::TooLong));
    }

    #[test]
    fn a_one_time_secret_is_a_good_password_and_another_one_each_time() {
        let (one, other) = (one_time().unwrap(), one_time().unwrap());
        assert_ne!(one, other);
        for secret in [one, other] {
            assert_eq!((secret.len(), secret.matches('-').count()), (19, 3), "{}", *secret);
            assert_eq!(check_form(&secret, "lin"), Ok(()));
        }
    }

    #[tokio::test]
    async fn only_the_same_password_fits_and_no_two_hashes_are_equal() {
        let stored = hash("Guang-2026-x").await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(fits("Guang-2026-x", &stored).await.unwrap());
        assert!(!fits("Guang-2026-y", &stored).await.unwrap());
        assert_ne!(stored, hash("Guang-2026-x").await.unwrap());
        assert!(fits("x", "not a hash").await.is_err());
    }
}
