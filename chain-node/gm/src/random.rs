//! The only place where randomness enters: the operating system's source.
//!
//! Called by key generation, wrapping and sealing at rest. There is no fallback: when the
//! system refuses, the caller gets a fault and makes no key.

use getrandom::SysRng;
use getrandom::rand_core::TryRng;

/// The operating system gave no random bytes: stop, do not go on with a weaker source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system's random source failed; nothing was generated, try again or check the host")]
pub struct RandomFault;

/// Fills `buffer` with random bytes.
///
/// # Errors
/// [`RandomFault`] when the system's source fails; `buffer` is then not to be used.
pub fn fill(buffer: &mut [u8]) -> Result<(), RandomFault> {
    source().try_fill_bytes(buffer).map_err(|_| RandomFault)
}

/// `N` fresh random bytes.
///
/// # Errors
/// [`RandomFault`] when the system's source fails.
pub fn bytes<const N: usize>() -> Result<[u8; N], RandomFault> {
    let mut out = [0; N];
    fill(&mut out)?;
    Ok(out)
}

/// The source itself, for the SM2 encryption that draws its own nonce.
pub(crate) fn source() -> SysRng {
    SysRng
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(bytes::<32>().unwrap(), bytes::<32>().unwrap());
    }

    #[test]
    fn an_empty_buffer_is_filled_without_complaint() {
        assert_eq!(fill(&mut []), Ok(()));
    }
}
