//! Where a chain stands: what the next block follows.

use crate::ids::{BlockId, Height, Time};
use gm::sm3::Digest;

crate::wire_struct! {
    /// Where the chain stands.
    #[derive(Copy)]
    pub struct Tip {
        /// Height of the last block; 0 for genesis.
        pub height: Height,
        /// The round it was made in.
        pub round: u32,
        /// Its time.
        pub time: Time,
        /// Its id.
        pub block: BlockId,
        /// Root of the receipt log after it.
        pub receipt_root: Digest,
        /// Size of the receipt log after it.
        pub receipt_count: u64,
        /// Digest of the next validators.
        pub validators: Digest,
    }
}
