//! Canonical bytes taken apart, to be put together again in every way that is not canonical.

/// One data item in canonical CBOR.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    /// Where its head begins.
    pub(crate) at: usize,
    /// Where what follows the head begins.
    pub(crate) body: usize,
    /// Where the item with all inside ends.
    pub(crate) end: usize,
    /// Its major type.
    pub(crate) major: u8,
    /// The number in its head.
    pub(crate) number: u64,
}

pub(crate) const UNSIGNED: u8 = 0;
pub(crate) const BYTES: u8 = 2;
pub(crate) const TEXT: u8 = 3;
pub(crate) const ARRAY: u8 = 4;
pub(crate) const SIMPLE: u8 = 7;

/// Every item, those inside arrays too, in the order of the bytes.
pub(crate) fn items(bytes: &[u8]) -> Vec<Item> {
    let mut found = vec![];
    let end = walk(bytes, 0, &mut found);
    assert_eq!(end, bytes.len());
    found
}

fn walk(bytes: &[u8], at: usize, found: &mut Vec<Item>) -> usize {
    let (major, short) = (bytes[at] >> 5, bytes[at] & 31);
    let width = match short {
        0..=23 => 0,
        24..=27 => 1 << (short - 24),
        _ => panic!("not canonical"),
    };
    let body = at + 1 + width;
    let number = match width {
        0 => u64::from(short),
        _ => bytes[at + 1..body].iter().fold(0, |n, byte| n << 8 | u64::from(*byte)),
    };
    let place = found.len();
    found.push(Item { at, body, end: body, major, number });
    let end = match major {
        UNSIGNED | SIMPLE => body,
        BYTES | TEXT => body + usize::try_from(number).unwrap(),
        ARRAY => (0..number).fold(body, |at, _| walk(bytes, at, found)),
        _ => panic!("the ledger writes no item of major type {major}"),
    };
    found[place].end = end;
    end
}

/// A head of this major type with its number in 0 (shortest possible), 1, 2, 4 or 8 further bytes.
pub(crate) fn head(major: u8, number: u64, width: usize) -> Vec<u8> {
    let short = match width {
        0 => u8::try_from(number).unwrap(),
        1 => 24,
        2 => 25,
        4 => 26,
        _ => 27,
    };
    [&[major << 5 | short], &number.to_be_bytes()[8 - width..]].concat()
}

/// The bytes with `range` replaced.
pub(crate) fn spliced(bytes: &[u8], from: usize, to: usize, with: &[u8]) -> Vec<u8> {
    [&bytes[..from], with, &bytes[to..]].concat()
}
