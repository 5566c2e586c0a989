//! Sizes that others may rely on, in bytes unless the name says otherwise.

/// A public key: uncompressed point, `04 ‖ x ‖ y`.
pub const PUBLIC_KEY_BYTES: usize = 65;
/// A signature: `r ‖ s`, 32 bytes each.
pub const SIGNATURE_BYTES: usize = 64;
/// What a 32-byte seed grows to when wrapped: `04 ‖ x ‖ y ‖ C3 ‖ C2`.
pub const WRAP_BYTES: usize = PUBLIC_KEY_BYTES + 32 + 32;
/// The tag behind each SM4-GCM ciphertext.
pub const TAG_BYTES: usize = 16;
/// The nonce of SM4-GCM (RFC 8998).
pub const NONCE_BYTES: usize = 12;
/// The smallest padded plaintext of an envelope.
pub const PADDED_BYTES_MIN: usize = 1 << 10;
/// One chunk of an envelope's plaintext.
pub const CHUNK_BYTES: usize = 64 << 10;
/// Leaves a tree may have; far above what any log reaches, far below overflow.
pub const LEAVES_MAX: u64 = 1 << 56;

const _: () = assert!(CHUNK_BYTES.is_multiple_of(PADDED_BYTES_MIN));
const _: () = assert!((CHUNK_BYTES / PADDED_BYTES_MIN).is_power_of_two());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sizes_are_those_that_others_rely_on() {
        assert_eq!([WRAP_BYTES, PADDED_BYTES_MIN, CHUNK_BYTES], [129, 1_024, 65_536]);
        assert_eq!(LEAVES_MAX, 72_057_594_037_927_936);
    }
}
