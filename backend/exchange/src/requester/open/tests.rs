use super::*;
use crate::table::{Row, Value};
use gm::domain::Salt;
use ledger::catalogue::MaskRule;
use ledger::ids::Time;
use ledger::text::Text;

const CHAIN: ChainId = ChainId(Digest([9; 32]));
const QUERY: QueryId = QueryId([5; 32]);

fn provider() -> DepartmentId {
    "12510100X00000318P".parse().unwrap()
}

fn items() -> BTreeSet<ItemCode> {
    ["XingMing", "GRZHZT"].iter().map(|code| code.parse().unwrap()).collect()
}

fn grant() -> Grant {
    crate::judging::tests::grant(&[("GRZHZT", None), ("XingMing", Some(MaskRule::Name)), ("ZJHM", None)])
}

fn body() -> Body {
    let row = [("XingMing", "*三"), ("GRZHZT", "01")];
    let row = row.into_iter().map(|(item, value)| (item.parse().unwrap(), Value::new(value))).collect();
    Body {
        found: true,
        rows: vec![Row(row)],
        masks: BTreeMap::from([("XingMing".parse().unwrap(), MaskRule::Name)]),
        dropped: BTreeSet::new(),
        reasons: vec![],
        salts_seed: Salt::from_bytes([3; 32]),
        watermark: Text::new("演示").unwrap(),
    }
}

/// A sealed answer as an honest provider makes it.
struct Sealed {
    answer: Answer,
    sealed: Vec<u8>,
    seed: Seed,
    reply_key: SecretKey,
}

fn seal(body: &Body) -> Sealed {
    let seed = Seed::from_bytes([7; 32]);
    let seed_commit = seed.commitment(CHAIN);
    let sealed = envelope::seal(&seed, CHAIN, &Answer::context(&QUERY, &seed_commit), &body.sealable(2));
    let (result_root, leaf_count_padded) = body.result_root(CHAIN);
    let answer = Answer {
        version: VERSION,
        chain: CHAIN,
        provider: provider(),
        key_id: SecretKey::from_bytes(&[8; 32]).unwrap().public().key_id(),
        query_id: QUERY,
        result_root,
        leaf_count_padded,
        sealed_digest: sm3(&[&sealed]),
        sealed_size: sealed.len() as u64,
        seed_commit,
        decision_commit: Digest([3; 32]),
        snapshot: None,
        prepared_at: Time(1),
        refetch_until: Time(2),
    };
    Sealed { answer, sealed, seed, reply_key: SecretKey::from_bytes(&[6; 32]).unwrap() }
}

impl Sealed {
    fn open(&self) -> Result<Body, Rejection> {
        self.open_with(&self.seed.wrap(&self.reply_key.public()).unwrap(), self.answer.digest())
    }

    fn open_with(&self, wrap: &[u8], recorded: Digest) -> Result<Body, Rejection> {
        let (provider, items) = (provider(), items());
        let expected = Expected { chain: CHAIN, query: &QUERY, provider: &provider, items: &items };
        expected.open(&self.answer, &self.sealed, &recorded, &grant(), (&self.reply_key, wrap))
    }
}

fn code(opened: Result<Body, Rejection>) -> Outcome {
    opened.err().unwrap().code
}

#[test]
fn an_honest_answer_opens() {
    let opened = seal(&body()).open().ok().unwrap();
    assert!(opened.rows == body().rows);
}

#[test]
fn nobody_found_opens_too() {
    let mut absent = body();
    (absent.found, absent.rows) = (false, vec![]);
    assert!(!seal(&absent).open().ok().unwrap().found);
}

#[test]
fn an_answer_that_is_not_the_recorded_one_is_rejected() {
    let sealed = seal(&body());
    let wrap = sealed.seed.wrap(&sealed.reply_key.public()).unwrap();
    assert_eq!(code(sealed.open_with(&wrap, Digest([1; 32]))), Outcome::AnswerHeader);
}

#[test]
fn another_key_is_rejected_as_a_key() {
    let sealed = seal(&body());
    let other = Seed::from_bytes([1; 32]).wrap(&sealed.reply_key.public()).unwrap();
    let stranger = sealed.seed.wrap(&SecretKey::from_bytes(&[2; 32]).unwrap().public()).unwrap();
    for wrap in [other, stranger, vec![], vec![4; 129]] {
        let rejection = sealed.open_with(&wrap, sealed.answer.digest()).err().unwrap();
        assert_eq!(rejection, KEY);
    }
}

#[test]
fn a_changed_ciphertext_is_rejected() {
    let mut changed = seal(&body());
    changed.sealed[100] ^= 1;
    assert_eq!(code(changed.open()), Outcome::AnswerCiphertext);
    // Even when the header was made for the changed bytes.
    changed.answer.sealed_digest = sm3(&[&changed.sealed]);
    assert_eq!(code(changed.open()), Outcome::AnswerCiphertext);
}

#[test]
fn rows_other_than_those_the_header_binds_are_rejected() {
    let mut other = seal(&body());
    other.answer.result_root = Digest([1; 32]);
    assert_eq!(code(other.open()), Outcome::AnswerContent);
    let mut longer = seal(&body());
    longer.answer.leaf_count_padded = 2;
    assert_eq!(code(longer.open()), Outcome::AnswerContent);
}

#[test]
fn more_or_less_than_was_asked_is_rejected() {
    let mut more = body();
    more.rows[0].0.insert("ZJHM".parse().unwrap(), Value::new("990000199001010017"));
    let mut less = body();
    less.rows[0].0.remove(&"GRZHZT".parse().unwrap());
    let mut both = body();
    both.dropped.insert("GRZHZT".parse().unwrap());
    for wrong in [more, less, both] {
        assert_eq!(code(seal(&wrong).open()), Outcome::AnswerContent);
    }
    let mut withheld = body();
    withheld.rows[0].0.remove(&"GRZHZT".parse().unwrap());
    withheld.dropped.insert("GRZHZT".parse().unwrap());
    assert!(seal(&withheld).open().is_ok());
}

#[test]
fn what_the_grant_masks_must_be_masked() {
    let name: ItemCode = "XingMing".parse().unwrap();
    let mut clear = body();
    clear.rows[0].0.insert(name.clone(), Value::new("张三"));
    let mut unsaid = body();
    unsaid.masks.clear();
    let mut other = body();
    other.masks.insert(name, MaskRule::Acct);
    for wrong in [clear, unsaid, other] {
        assert_eq!(code(seal(&wrong).open()), Outcome::AnswerContent);
    }
}

#[test]
fn an_answer_of_another_question_is_rejected() {
    let mut other = seal(&body());
    other.answer.query_id = QueryId([1; 32]);
    assert_eq!(code(other.open()), Outcome::AnswerHeader);
}

/// The rows, masks and withheld items of a body, as texts.
fn shown(body: &Body) -> (Vec<String>, Vec<String>, Vec<String>) {
    let values = body.rows.iter().flat_map(|row| &row.0);
    let values = values.map(|(item, value)| format!("{item}={}", value.as_ref().map_or("", Value::as_str)));
    let masks = body.masks.iter().map(|(item, rule)| format!("{item}={}", rule.code()));
    (values.collect(), masks.collect(), body.dropped.iter().map(ToString::to_string).collect())
}

#[test]
fn the_own_policies_mask_and_withhold_but_never_unmask() {
    let narrowed = |duties: &[&str]| {
        let duties = duties.iter().map(|duty| duty.parse().unwrap()).collect();
        shown(&narrow(body(), &duties))
    };
    let as_given = shown(&body());
    assert_eq!(narrowed(&["receipt:each"]), as_given);
    assert_eq!(narrowed(&["mask:XingMing=MK-NAME"]), as_given);
    let text = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        narrowed(&["mask:GRZHZT=MK-ACCT"]),
        (text(&["GRZHZT=**", "XingMing=*三"]), text(&["GRZHZT=MK-ACCT", "XingMing=MK-NAME"]), text(&[]))
    );
    assert_eq!(
        narrowed(&["drop:GRZHZT", "mask:XingMing=MK-ACCT"]),
        (text(&[]), text(&[]), text(&["GRZHZT", "XingMing"]))
    );
    // What the provider withheld stays so.
    let mut withheld = body();
    withheld.rows[0].0.remove(&"GRZHZT".parse().unwrap());
    withheld.dropped.insert("GRZHZT".parse().unwrap());
    let duties = ["mask:GRZHZT=MK-ACCT".parse().unwrap()].into();
    assert_eq!(shown(&narrow(withheld, &duties)).2, ["GRZHZT"]);
}

#[test]
fn rows_that_the_own_policies_leave_out_are_told() {
    let reasons = |mut body: Body, duties: &[&str]| {
        let second = body.rows[0].clone();
        body.rows.push(second);
        let narrowed = narrow(body, &duties.iter().map(|duty| duty.parse().unwrap()).collect());
        (narrowed.rows.len(), narrowed.reasons.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let told = vec!["V09".to_owned()];
    assert_eq!(reasons(body(), &["limit:2"]), (2, vec![]));
    assert_eq!(reasons(body(), &["limit:2", "limit:1"]), (1, told.clone()));
    // The provider left some out already.
    let mut cut = body();
    cut.reasons = vec![ledger::text::Text::new("V09").unwrap()];
    assert_eq!(reasons(cut, &["limit:1"]), (1, told));
}
