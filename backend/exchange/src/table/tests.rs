use super::*;
use proptest::prelude::*;

const CHAIN: ChainId = ChainId(Digest([9; 32]));

fn body(rows: Vec<Vec<(&str, Option<&str>)>>) -> Body {
    let rows: Vec<Row> = rows
        .into_iter()
        .map(|row| {
            Row(row
                .into_iter()
                .map(|(item, value)| (item.parse().unwrap(), value.map(|v| Value::new(v).unwrap())))
                .collect())
        })
        .collect();
    Body {
        found: !rows.is_empty(),
        rows,
        masks: BTreeMap::from([("XingMing".parse().unwrap(), MaskRule::Name)]),
        dropped: BTreeSet::new(),
        reasons: vec![],
        salts_seed: Salt::from_bytes([3; 32]),
        watermark: Text::new("演示").unwrap(),
    }
}

#[test]
fn a_body_reads_back() {
    let one = body(vec![vec![("XingMing", Some("*三")), ("SJHM", None)]]);
    let read = Body::read(&one.sealable(2)).unwrap();
    assert!(read.rows == one.rows && read.found && read.masks == one.masks);
    assert_eq!(read.result_root(CHAIN), one.result_root(CHAIN));
}

#[test]
fn no_such_person_is_as_long_as_a_person() {
    let items = ["CXMC", "XingMing", "ZJHM", "GRZH", "DWMC", "KHRQ", "GRZHZT", "GRJCJS", "SJHM", "GRZHYE"];
    let row = items.iter().map(|item| (*item, Some("广州市某某有限责任公司第一分公司"))).collect();
    let found = body(vec![row]).sealable(items.len());
    let absent = body(vec![]).sealable(items.len());
    let seed = gm::envelope::Seed::from_bytes([1; 32]);
    let length = |plain: &[u8]| gm::envelope::seal(&seed, CHAIN, b"context", plain).len();
    assert_eq!(length(&found), length(&absent));
}

#[test]
fn a_filled_body_has_one_form() {
    let bytes = body(vec![]).sealable(0);
    let mut other = bytes.to_vec();
    *other.last_mut().unwrap() = 1;
    assert!(Body::read(&other).is_err());
    other.pop();
    assert!(Body::read(&other).is_err());
}

#[test]
fn a_body_that_contradicts_itself_is_refused() {
    let mut absent = body(vec![]);
    absent.found = true;
    assert!(Body::read(&absent.sealable(0)).is_err());
    let mut found = body(vec![vec![("SJHM", None)]]);
    found.found = false;
    assert!(Body::read(&found.sealable(0)).is_err());
}

#[test]
fn one_row_can_be_shown_without_the_others() {
    let three = body(vec![vec![("SJHM", Some("1"))], vec![("SJHM", Some("2"))], vec![("SJHM", Some("3"))]]);
    let leaves = three.leaves(CHAIN);
    let (root, size) = three.result_root(CHAIN);
    assert_eq!((leaves.len(), size), (4, 4));
    let path = merkle::path(&leaves, 1).unwrap();
    assert!(merkle::verify(leaves[1], 1, 4, &path, root));
}

#[test]
fn found_and_absent_have_as_many_leaves() {
    assert_eq!(body(vec![]).result_root(CHAIN).1, body(vec![vec![("SJHM", Some("1"))]]).result_root(CHAIN).1);
}

proptest! {
    /// The root changes with every value, every item and the order of rows.
    #[test]
    fn the_root_binds_every_value(
        values in prop::collection::vec("[a-z0-9]{1,6}", 1..6),
        changed in any::<prop::sample::Index>(),
    ) {
        let rows = |values: &[String]| -> Vec<Row> {
            values.iter().map(|v| Row(BTreeMap::from([("SJHM".parse().unwrap(), Value::new(v))]))).collect()
        };
        let mut one = body(vec![]);
        one.rows = rows(&values);
        let mut other = body(vec![]);
        let mut altered = values.clone();
        altered[changed.index(values.len())].push('!');
        other.rows = rows(&altered);
        prop_assert_eq!(one.result_root(CHAIN), { let mut same = body(vec![]); same.rows = rows(&values); same.result_root(CHAIN) });
        prop_assert_ne!(one.result_root(CHAIN).0, other.result_root(CHAIN).0);
        let mut salted = body(vec![]);
        salted.rows = rows(&values);
        salted.salts_seed = Salt::from_bytes([4; 32]);
        prop_assert_ne!(one.result_root(CHAIN).0, salted.result_root(CHAIN).0);
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Body::read(&bytes);
    }

    #[test]
    fn control_characters_never_travel(text in any::<String>()) {
        let value = Value::new(&text).unwrap();
        prop_assert!(!value.as_str().chars().any(char::is_control));
        prop_assert!(ledger::wire::from_bytes::<Value>(&to_bytes(&value)).is_ok());
    }
}
