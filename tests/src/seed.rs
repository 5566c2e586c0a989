//! Everything invented for a demonstration network grows from one number, so
//! that two runs with one seed show the same people and two seeds never do.

/// The number a network is grown from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(pub u64);

/// A stream of numbers for one purpose (SplitMix64; no secrets come from it).
#[derive(Clone, Debug)]
pub struct Stream(u64);

impl Seed {
    /// The stream named `purpose`: other purposes do not shift it.
    #[must_use]
    pub fn stream(self, purpose: &str) -> Stream {
        // FNV-1a over the purpose, started from the seed.
        let start = self.0 ^ 0xcbf2_9ce4_8422_2325;
        let mixed = purpose
            .bytes()
            .fold(start, |state, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let mut stream = Stream(mixed);
        stream.next_number();
        stream
    }
}

impl Stream {
    /// The next number.
    pub fn next_number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next_number() % (high - low + 1)
    }

    /// One of `choices`, which must not be empty.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let index = self.next_number() % choices.len().max(1) as u64;
        &choices[usize::try_from(index).unwrap_or_default()]
    }

    /// `count` decimal digits.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + (self.next_number() % 10) as u8)).collect()
    }

    /// A password of 16 letters and digits that are not mistaken for each other.
    pub fn password(&mut self) -> String {
        const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        let word: String = (0..16).map(|_| char::from(*self.pick(LETTERS))).collect();
        format!("{}-{}-{}-{}", &word[..4], &word[4..8], &word[8..12], &word[12..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_stream_and_another_seed_another() {
        let words = |seed| Seed(seed).stream("people").password();
        assert_eq!(words(7), words(7));
        assert_ne!(words(7), words(8));
        assert_ne!(Seed(7).stream("people").next_number(), Seed(7).stream("accounts").next_number());
    }
}
