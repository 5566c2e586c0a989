use super::*;
use access::Assurance;
use gm::domain::{ChainId, Kind, Salt, commit};
use gm::sm2::{SecretKey, Signature};
use gm::sm3::{Digest, sm3};
use ledger::catalogue::Mode;
use ledger::ids::{BlockId, GrantId, Height, Nonce, PolicyVersion, Pseudonym, QueryId, Time};
use ledger::receipt::{DenialClass, LogHead, PolicyVersions, Ticket};
use ledger::role::Role;
use ledger::text::Text;
use ledger::wire::{Bytes, Wire, from_bytes, to_bytes};
use proptest::prelude::*;
use zeroize::Zeroizing;

use crate::person::Subject;

const CHAIN: ChainId = ChainId(Digest([9; 32]));

fn key() -> SecretKey {
    SecretKey::from_bytes(&[7; 32]).unwrap()
}

fn signature() -> Signature {
    key().sign(CHAIN, Kind::Ticket, b"x").unwrap()
}

fn question() -> Question {
    let salt = |n| Salt::from_bytes([n; 32]);
    let person =
        Subject { name: "张三".into(), id_type: "01".into(), id_number: "990000199001010017".into() }
            .checked(Time(1_795_190_400_000))
            .ok()
            .unwrap();
    let asker = AskerAttributes { role: Role::BizUser, clearance: 0, zone: None, second: None };
    let version = PolicyVersion([1; 32]);
    let details = Details {
        version: VERSION,
        nonce: Nonce([2; 32]),
        entry: ledger::ids::EntryId { code: "307001/000001".parse().unwrap(), version: 1 },
        items: ["GRZHZT", "XingMing"].iter().map(|code| code.parse().unwrap()).collect(),
        purpose: "01".parse().unwrap(),
        subject_commit: Some(commit(CHAIN, &salt(1), &to_bytes(&person))),
        subjects: None,
        case_commit: commit(CHAIN, &salt(2), "贷款-1".as_bytes()),
        claims_commit: None,
        actor: Pseudonym([3; 32]),
        assurance: Assurance::Password,
        officer_proof_commit: None,
        asker_commit: commit(CHAIN, &salt(3), &to_bytes(&asker)),
        requester_decision_commit: Digest([4; 32]),
        policy_versions: PolicyVersions { national: version, region: version, department: version },
        sealing_key_id: key().public().key_id(),
        reply_key: key().public(),
        job: None,
        log_head: LogHead { size: 1, digest: Digest([5; 32]) },
    };
    Question {
        details,
        asked: Asked::One(person, salt(1)),
        case_no: Zeroizing::new("贷款-1".into()),
        case_salt: salt(2),
        asker,
        asker_salt: salt(3),
        officer: None,
    }
}

fn envelope() -> Envelope {
    let ticket = Ticket {
        version: VERSION,
        chain: CHAIN,
        requester: "12440100X00000254F".parse().unwrap(),
        key_id: key().public().key_id(),
        grant: GrantId([1; 32]),
        provider: "12510100X00000318P".parse().unwrap(),
        mode: Mode::Query,
        units: 1,
        seen_height: Height(3),
        seen_block: BlockId([2; 32]),
        valid_until: Time(9),
        details_digest: question().details.digest(CHAIN),
    };
    Envelope {
        version: VERSION,
        chain: CHAIN,
        ticket,
        ticket_signature: signature(),
        wrap: Bytes(vec![1; 129]),
        sealed: Bytes(vec![2; 1040]),
    }
}

pub(crate) fn answer() -> Answer {
    Answer {
        version: VERSION,
        chain: CHAIN,
        provider: "12510100X00000318P".parse().unwrap(),
        key_id: key().public().key_id(),
        query_id: QueryId([1; 32]),
        result_root: Digest([1; 32]),
        leaf_count_padded: 1,
        sealed_digest: sm3(&[b"x"]),
        sealed_size: 1,
        seed_commit: Digest([2; 32]),
        decision_commit: Digest([3; 32]),
        snapshot: None,
        prepared_at: Time(1),
        refetch_until: Time(2),
    }
}

fn hold() -> Hold {
    Hold {
        version: VERSION,
        query_id: QueryId([1; 32]),
        answer_digest: answer().digest(),
        sealed_digest: sm3(&[b"x"]),
        key_id: key().public().key_id(),
        height: Height(5),
    }
}

fn refetch() -> Refetch {
    Refetch {
        version: VERSION,
        query_id: QueryId([1; 32]),
        answer_digest: answer().digest(),
        reply_key: key().public(),
        key_id: key().public().key_id(),
        seen_height: Height(5),
    }
}

fn calls() -> Vec<Vec<u8>> {
    let disclose = Disclose {
        version: VERSION,
        inspection: ledger::ids::InspectionId([3; 32]),
        wanted: vec![Wanted { query: QueryId([1; 32]), side: Side::Requester }],
    };
    [
        Call::Ask(Box::new(envelope())),
        Call::Hold(hold(), signature()),
        Call::Refetch(refetch(), signature()),
        Call::Disclose(disclose),
    ]
    .iter()
    .map(to_bytes)
    .collect()
}

fn replies() -> Vec<Vec<u8>> {
    let (answer, sealed, wrap) = (Box::new(answer()), Bytes(vec![1; 40]), Bytes(vec![2; 129]));
    [
        Reply::Answered { answer: answer.clone(), sealed: sealed.clone() },
        Reply::Denied { wrap: wrap.clone(), sealed: sealed.clone() },
        Reply::Released { wrap: wrap.clone() },
        Reply::Again { answer, sealed: sealed.clone(), wrap: wrap.clone() },
        Reply::Disclosed { wrap, sealed },
        Reply::Refused { code: "ledger.behind".into() },
    ]
    .iter()
    .map(to_bytes)
    .collect()
}

/// Everything that is not the one form of an object is refused.
fn is_strict<T: Wire>(bytes: &[u8]) {
    assert!(from_bytes::<T>(bytes).is_ok());
    let mut longer = bytes.to_vec();
    longer.push(0);
    assert!(from_bytes::<T>(&longer).is_err());
    for cut in 0..bytes.len() {
        assert!(from_bytes::<T>(&bytes[..cut]).is_err());
    }
}

#[test]
fn objects_decode_in_one_form_only() {
    for call in calls() {
        is_strict::<Call>(&call);
    }
    for reply in replies() {
        is_strict::<Reply>(&reply);
    }
    is_strict::<Question>(&question().sealable());
    is_strict::<Answer>(&to_bytes(&answer()));
}

#[test]
fn a_question_opens_its_commitments_and_no_other() {
    assert!(question().opens(CHAIN));
    assert!(!question().opens(ChainId::ZERO));
    let opens = |change: &dyn Fn(&mut Question)| {
        let mut other = question();
        change(&mut other);
        other.opens(CHAIN)
    };
    assert!(!opens(&|other| other.case_no = Zeroizing::new("贷款-2".into())));
    assert!(!opens(&|other| other.asker.role = Role::Inspector));
    assert!(!opens(&|other| other.case_salt = Salt::from_bytes([9; 32])));
    assert!(!opens(&|other| {
        let Asked::One(_, salt) = &mut other.asked;
        *salt = Salt::from_bytes([9; 32]);
    }));
    // What is kept opens the officer's attributes still …
    let kept: super::KeptSecret = from_bytes(&question().kept_secret()).unwrap();
    assert_eq!((kept.asker, &kept.salts[2]), (question().asker, &question().asker_salt));
    // … and says nothing of the person.
    assert!(!question().kept_secret().windows(18).any(|part| part == b"990000199001010017"));
}

#[test]
fn a_question_of_another_kind_is_not_one_of_this_mode() {
    let changes: [&dyn Fn(&mut Question); 6] = [
        &|other| other.details.items.clear(),
        &|other| other.details.subject_commit = None,
        &|other| other.details.subjects = Some((Digest([1; 32]), 2)),
        &|other| other.details.claims_commit = Some(Digest([1; 32])),
        &|other| other.details.officer_proof_commit = Some(Digest([1; 32])),
        &|other| other.details.job = Some((Nonce([1; 32]), 1)),
    ];
    for change in changes {
        let mut other = question();
        change(&mut other);
        assert!(from_bytes::<Question>(&other.sealable()).is_err());
    }
}

#[test]
fn a_signature_on_one_kind_is_none_on_another() {
    let signed = hold().sign(CHAIN, &key()).unwrap();
    assert!(hold().is_signed(CHAIN, &key().public(), &signed));
    assert!(!hold().is_signed(ChainId::ZERO, &key().public(), &signed));
    assert!(!refetch().is_signed(CHAIN, &key().public(), &signed));
    let signed = refetch().sign(CHAIN, &key()).unwrap();
    assert!(refetch().is_signed(CHAIN, &key().public(), &signed));
}

#[test]
fn a_reason_says_what_the_denial_says() {
    let reason = ReasonBody {
        version: VERSION,
        query_id: QueryId([1; 32]),
        class: DenialClass::Policy,
        layer: Some(ledger::policy::Layer::Department),
        row: Some(Text::new("dep-no-balance").unwrap()),
        code: Text::new("policy.denied").unwrap(),
        decision_commit: Digest([1; 32]),
    };
    is_strict::<ReasonBody>(&to_bytes(&reason));
    assert_eq!(&ReasonBody::context(&QueryId([1; 32]))[..32], &[1; 32]);
}

proptest! {
    /// Flipping any byte gives an error or another object, never the same one and never a panic.
    #[test]
    fn a_flipped_byte_is_noticed(which in 0usize..8, at in any::<prop::sample::Index>(), flip in 1u8..=255) {
        let all: Vec<(bool, Vec<u8>)> =
            calls().into_iter().map(|c| (true, c)).chain(replies().into_iter().map(|r| (false, r))).collect();
        let (is_call, bytes) = &all[which % all.len()];
        let mut flipped = bytes.clone();
        let at = at.index(flipped.len());
        flipped[at] ^= flip;
        if *is_call {
            if let Ok(call) = from_bytes::<Call>(&flipped) { prop_assert_eq!(to_bytes(&call), flipped); }
        } else if let Ok(reply) = from_bytes::<Reply>(&flipped) {
            prop_assert_eq!(to_bytes(&reply), flipped);
        }
    }

    #[test]
    fn no_bytes_make_the_decoders_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = from_bytes::<Call>(&bytes);
        let _ = from_bytes::<Reply>(&bytes);
        let _ = from_bytes::<Question>(&bytes);
    }
}
