use super::*;
use crate::protocol::tests::answer;
use gm::domain::ChainId;
use gm::sm2::SecretKey;
use ledger::catalogue::Mode;
use ledger::ids::{BlockId, GrantId, Height, PolicyVersion, TxId};
use ledger::receipt::{LogHead, Place, PolicyVersions};

const WAITING: Outcome = Outcome::ProviderSilent;

fn held() -> Digest {
    answer().digest()
}

fn sealed() -> Sealed {
    Sealed { answer: Box::new(answer()), ciphertext: vec![1] }
}

/// Another answer to the same question.
fn other() -> Sealed {
    let mut other = sealed();
    other.answer.leaf_count_padded = 8;
    other
}

fn wrap() -> Wrap {
    Wrap(vec![2])
}

const NOTHING: Word = Word::Nothing;

fn on_record() -> Word {
    Word::Answered(OnRecord { answer: held(), ours: true, too_late: false })
}

fn seen(word: Word) -> Seen {
    Seen { word, behind: false, live: Ok(()), waiting: Some(WAITING) }
}

fn refused(code: impl Into<Outcome>) -> QueryState {
    QueryState::Refused { code: code.into() }
}

fn silent(after: u64, unheard: bool) -> Event {
    Event::NoReply { code: Outcome::ProviderUnreachable, unheard, after: Duration::from_secs(after) }
}

/// What one process does, step by step.
struct Run(Memory);

impl Run {
    /// After a crash nothing is remembered.
    fn crashed() -> Self {
        Self(Memory::default())
    }

    fn step(&mut self, at: At, seen: &Seen, event: Event) -> (Option<Write>, Next) {
        let step = step(self.0, at, seen, event);
        self.0 = step.memory;
        (step.write, step.next)
    }
}

fn ends(state: QueryState) -> (Option<Write>, Next) {
    (Some(Write::Ended(state)), Next::Done)
}

fn waits(code: Outcome) -> (Option<Write>, Next) {
    (Some(Write::Waiting(code)), Next::Pause)
}

const HELD_KEYLESS: fn() -> At = || At::Held { answer: held(), key: false };
const HELD_KEY: fn() -> At = || At::Held { answer: held(), key: true };
const RECORDED: At = At::Recorded { ready: None };

/// PROTOCOL section 6: what a process that ended in each state does first, for each word of its own ledger.
#[test]
fn after_a_crash_each_state_goes_on_from_the_store_and_the_own_ledger() {
    let lapsed = QueryState::Lapsed { code: WAITING };
    let dead = Word::Dead(Refusal::GrantRevoked);
    let revoked = refused(Refusal::GrantRevoked);
    let denial = Word::Denied(DenialClass::Policy);
    let foreign = Word::Answered(OnRecord { answer: held(), ours: false, too_late: false });
    let late = Word::Answered(OnRecord { answer: held(), ours: true, too_late: true });
    let another = Word::Answered(OnRecord { answer: other().answer.digest(), ours: true, too_late: false });
    let differs = QueryState::Rejected { code: Outcome::RecordDiffers };
    let over = QueryState::Undelivered { code: Outcome::RefetchOver };
    let recorded = (Some(Write::Recorded), Next::Look);
    let fetched = (Some(Write::ReplyKey), Next::Refetch);
    let ready = At::Recorded { ready: Some(held()) };
    let table = [
        // before `asked` is synced: nothing was sent
        (At::Drafted, NOTHING, ends(refused(Outcome::QueryUnsent))),
        // asked: sent again, or what the ledger says
        (At::Asked, NOTHING, (None, Next::Ask)),
        (At::Asked, on_record(), recorded.clone()),
        (At::Asked, denial, (None, Next::Ask)),
        (At::Asked, Word::Lapsed, ends(lapsed.clone())),
        (At::Asked, dead, ends(revoked.clone())),
        // held: told again, or what the ledger says
        (HELD_KEYLESS(), NOTHING, (None, Next::Hold)),
        (HELD_KEYLESS(), on_record(), (None, Next::Hold)),
        (HELD_KEYLESS(), another, recorded.clone()),
        (HELD_KEYLESS(), denial, (None, Next::Ask)),
        (HELD_KEYLESS(), Word::Lapsed, ends(lapsed)),
        (HELD_KEYLESS(), dead, ends(revoked)),
        (HELD_KEY(), NOTHING, (None, Next::Listen)),
        (HELD_KEY(), on_record(), recorded),
        // recorded: opened if all is here, fetched under a new key otherwise, never without the record
        (ready, on_record(), (None, Next::Open)),
        (ready, late, (None, Next::Open)),
        (ready, another, fetched.clone()),
        (RECORDED, on_record(), fetched),
        (RECORDED, late, ends(over)),
        (RECORDED, foreign, ends(differs.clone())),
        (RECORDED, denial, ends(differs)),
        (RECORDED, NOTHING, waits(Outcome::LedgerBehind)),
        (ready, NOTHING, waits(Outcome::LedgerBehind)),
        (ready, Word::Lapsed, waits(Outcome::LedgerBehind)),
        (ready, dead, waits(Outcome::LedgerBehind)),
        // over
        (At::Over, NOTHING, (None, Next::Done)),
        (At::Over, on_record(), (None, Next::Done)),
    ];
    for (at, word, expected) in table {
        assert_eq!(Run::crashed().step(at, &seen(word), Event::Look), expected, "{at:?} {word:?}");
    }
    let dead = Seen { live: Err(Refusal::GrantRevoked), ..seen(on_record()) };
    let undelivered = QueryState::Undelivered { code: Refusal::GrantRevoked.into() };
    assert_eq!(Run::crashed().step(RECORDED, &dead, Event::Look), ends(undelivered));
    assert_eq!(Run::crashed().step(ready, &dead, Event::Look), (None, Next::Open));
}

/// Nothing is opened and nothing is called recorded unless the own ledger has an answer on record.
#[test]
fn without_the_record_no_event_opens_anything() {
    let events = [
        Event::Look,
        Event::Head,
        silent(60, true),
        Event::Reply(Reply::Answered(sealed())),
        Event::Reply(Reply::Misfit(Outcome::AnswerHeader)),
        Event::Reply(Reply::Denied(None)),
        Event::Reply(Reply::Released(wrap())),
        Event::Reply(Reply::Again(sealed(), wrap())),
        Event::Reply(Reply::Refused(Outcome::AnswerSuperseded)),
        Event::Reply(Reply::Refused(Outcome::RefetchOver)),
    ];
    let ats = [
        At::Drafted,
        At::Asked,
        HELD_KEYLESS(),
        HELD_KEY(),
        RECORDED,
        At::Recorded { ready: Some(held()) },
        At::Over,
    ];
    let words = [NOTHING, Word::Lapsed, Word::Denied(DenialClass::Grant), Word::Dead(Refusal::GrantQuota)];
    for (at, word, event) in ats.iter().flat_map(|at| {
        let events = events.iter();
        events.flat_map(move |event| words.map(|word| (*at, word, event.clone())))
    }) {
        let (write, next) = Run::crashed().step(at, &seen(word), event.clone());
        assert!(next != Next::Open && next != Next::Refetch, "{at:?} {word:?} {event:?}");
        assert!(write != Some(Write::Recorded), "{at:?} {word:?} {event:?}");
    }
}

#[test]
fn what_the_provider_says_to_a_question_is_written_before_anything_else() {
    let denied = denied(DenialClass::Quota, Refusal::GrantQuota.into());
    let table = [
        (Reply::Answered(sealed()), (Some(Write::Held(sealed())), Next::Look)),
        (Reply::Denied(Some(denied.clone())), ends(denied)),
        (Reply::Denied(None), waits(Outcome::ProviderGarbled)),
        (Reply::Released(wrap()), waits(Outcome::ProviderGarbled)),
        (Reply::Again(sealed(), wrap()), waits(Outcome::ProviderGarbled)),
        (Reply::Misfit(Outcome::AnswerCiphertext), waits(Outcome::AnswerCiphertext)),
        (Reply::Refused(Outcome::ExchangeBusy), waits(Outcome::ExchangeBusy)),
    ];
    for (reply, expected) in table {
        assert_eq!(Run::crashed().step(At::Asked, &seen(NOTHING), Event::Reply(reply)), expected);
    }
    // The record may be there already when the answer comes: it is kept all the same.
    let answered = Event::Reply(Reply::Answered(sealed()));
    let kept = Run::crashed().step(At::Asked, &seen(on_record()), answered);
    assert_eq!(kept, (Some(Write::Held(sealed())), Next::Look));
}

/// A provider that refuses for good may be a block ahead: the own ledger is looked at once more.
#[test]
fn a_refusal_for_good_ends_the_query_only_if_the_own_ledger_is_silent() {
    for (code, end) in [
        (Refusal::GrantQuota.into(), refused(Refusal::GrantQuota)),
        (Outcome::QuestionMalformed, malformed()),
    ] {
        let mut run = Run::crashed();
        let said = Event::Reply(Reply::Refused(code));
        let first = run.step(At::Asked, &seen(NOTHING), said.clone());
        assert_eq!(first, (Some(Write::Waiting(code)), Next::Head));
        assert_eq!(run.step(At::Asked, &seen(NOTHING), Event::Look), ends(end));
        let mut run = Run::crashed();
        run.step(At::Asked, &seen(NOTHING), said);
        let recorded = (Some(Write::Recorded), Next::Look);
        assert_eq!(run.step(At::Asked, &seen(on_record()), Event::Look), recorded);
    }
}

#[test]
fn a_query_that_never_left_ends_and_one_that_may_have_does_not() {
    let gone = ends(refused(Outcome::ProviderUnreachable));
    let waits = waits(Outcome::ProviderUnreachable);
    let limit = UNREACHABLE_WAIT.as_secs();
    let mut new = Run(Memory::of_new());
    assert_eq!(new.step(At::Asked, &seen(NOTHING), silent(limit - 1, true)), waits);
    assert_eq!(new.step(At::Asked, &seen(NOTHING), silent(limit, true)), gone);
    let mut heard = Run(Memory::of_new());
    heard.step(At::Asked, &seen(NOTHING), silent(0, false));
    assert_eq!(heard.step(At::Asked, &seen(NOTHING), silent(limit, true)), waits);
    let mut spoken = Run(Memory::of_new());
    spoken.step(At::Asked, &seen(NOTHING), Event::Reply(Reply::Refused(Outcome::LedgerBehind)));
    assert_eq!(spoken.step(At::Asked, &seen(NOTHING), silent(limit, true)), waits);
    // After a restart somebody may have heard of it.
    assert_eq!(Run::crashed().step(At::Asked, &seen(NOTHING), silent(limit, true)), waits);
}

/// Told, on record, key, opened: in either order of record and key.
#[test]
fn the_key_and_the_record_come_in_either_order() {
    let mut key_first = Run::crashed();
    assert_eq!(key_first.step(HELD_KEYLESS(), &seen(NOTHING), Event::Look), (None, Next::Hold));
    let pending = (Some(Write::Waiting(Outcome::RecordPending)), Next::Listen);
    assert_eq!(key_first.step(HELD_KEYLESS(), &seen(NOTHING), Event::Head), pending);
    let released = Event::Reply(Reply::Released(wrap()));
    let keyed = (Some(Write::Key(wrap())), Next::Look);
    assert_eq!(key_first.step(HELD_KEYLESS(), &seen(NOTHING), released.clone()), keyed);
    assert_eq!(key_first.step(HELD_KEY(), &seen(NOTHING), Event::Look), (None, Next::Listen));
    let recorded = (Some(Write::Recorded), Next::Look);
    assert_eq!(key_first.step(HELD_KEY(), &seen(on_record()), Event::Head), recorded);
    let ready = At::Recorded { ready: Some(held()) };
    assert_eq!(key_first.step(ready, &seen(on_record()), Event::Look), (None, Next::Open));

    let mut record_first = Run::crashed();
    record_first.step(HELD_KEYLESS(), &seen(NOTHING), Event::Look);
    assert_eq!(record_first.step(HELD_KEYLESS(), &seen(on_record()), Event::Head), recorded);
    assert_eq!(record_first.step(RECORDED, &seen(on_record()), Event::Look), (None, Next::Listen));
    assert_eq!(record_first.step(RECORDED, &seen(on_record()), Event::Head), (None, Next::Listen));
    assert_eq!(record_first.step(RECORDED, &seen(on_record()), released), keyed);
    assert_eq!(record_first.step(ready, &seen(on_record()), Event::Look), (None, Next::Open));
}

#[test]
fn a_chain_that_stands_still_is_told_from_one_that_is_awaited() {
    let mut run = Run::crashed();
    run.step(HELD_KEYLESS(), &seen(NOTHING), Event::Look);
    let behind = Seen { behind: true, ..seen(NOTHING) };
    let waiting = (Some(Write::Waiting(Outcome::LedgerBehind)), Next::Listen);
    assert_eq!(run.step(HELD_KEYLESS(), &behind, Event::Head), waiting);
}

/// Whatever a provider says to a Hold, only the ledger ends a query that is held, or a denial that opens.
#[test]
fn a_hold_that_brings_no_key_is_sent_again_or_the_answer_fetched() {
    let table = [
        (Event::Reply(Reply::Refused(Outcome::RecordPending)), waits(Outcome::RecordPending)),
        (Event::Reply(Reply::Refused(Refusal::GrantRevoked.into())), waits(Refusal::GrantRevoked.into())),
        (silent(0, false), waits(Outcome::ProviderUnreachable)),
    ];
    for (event, expected) in table {
        let mut run = Run::crashed();
        run.step(HELD_KEYLESS(), &seen(NOTHING), Event::Look);
        assert_eq!(run.step(HELD_KEYLESS(), &seen(NOTHING), event.clone()), expected);
        assert_eq!(run.step(HELD_KEYLESS(), &seen(NOTHING), Event::Look), (None, Next::Hold));
        // On record meanwhile: it is fetched, not asked to be held.
        let mut run = Run::crashed();
        run.step(HELD_KEYLESS(), &seen(NOTHING), Event::Look);
        let recorded = (Some(Write::Recorded), Next::Look);
        assert_eq!(run.step(HELD_KEYLESS(), &seen(on_record()), event.clone()), recorded);
        let mut run = Run::crashed();
        run.step(HELD_KEYLESS(), &seen(NOTHING), Event::Look);
        assert_eq!(run.step(RECORDED, &seen(on_record()), event), (None, Next::Look));
        let fetched = (Some(Write::ReplyKey), Next::Refetch);
        assert_eq!(run.step(RECORDED, &seen(on_record()), Event::Look), fetched);
    }
    // Another answer will be recorded: its record is waited for.
    let mut run = Run::crashed();
    run.step(HELD_KEYLESS(), &seen(NOTHING), Event::Look);
    let pending = (Some(Write::Waiting(Outcome::RecordPending)), Next::Listen);
    let superseded = Event::Reply(Reply::Refused(Outcome::AnswerSuperseded));
    assert_eq!(run.step(HELD_KEYLESS(), &seen(NOTHING), superseded), pending);
    assert_eq!(run.step(HELD_KEYLESS(), &seen(NOTHING), Event::Head), pending);
    let denied = denied(DenialClass::Policy, Outcome::PolicyDenied);
    let said = Event::Reply(Reply::Denied(Some(denied.clone())));
    assert_eq!(run.step(HELD_KEYLESS(), &seen(NOTHING), said), ends(denied));
}

#[test]
fn a_hold_broken_off_is_sent_again() {
    let mut run = Run::crashed();
    run.step(HELD_KEYLESS(), &seen(NOTHING), Event::Look);
    run.0 = run.0.broken_off();
    assert_eq!(run.step(HELD_KEYLESS(), &seen(NOTHING), Event::Look), (None, Next::Hold));
    // What else is remembered stays: that nobody can have heard of the query yet.
    let mut new = Run(Memory::of_new().broken_off());
    let gone = ends(refused(Outcome::ProviderUnreachable));
    let limit = UNREACHABLE_WAIT.as_secs();
    assert_eq!(new.step(At::Asked, &seen(NOTHING), silent(limit, true)), gone);
}

#[test]
fn an_answer_fetched_again_is_the_one_on_record_or_none() {
    let undelivered = |code| ends(QueryState::Undelivered { code });
    let table = [
        (
            Event::Reply(Reply::Again(sealed(), wrap())),
            (Some(Write::FetchedAgain(sealed(), wrap())), Next::Look),
        ),
        (Event::Reply(Reply::Again(other(), wrap())), waits(Outcome::AnswerHeader)),
        (Event::Reply(Reply::Misfit(Outcome::AnswerCiphertext)), waits(Outcome::AnswerCiphertext)),
        (Event::Reply(Reply::Refused(Outcome::HoldStale)), waits(Outcome::HoldStale)),
        (Event::Reply(Reply::Refused(Outcome::RefetchOver)), undelivered(Outcome::RefetchOver)),
        (Event::Reply(Reply::Answered(sealed())), waits(Outcome::ProviderGarbled)),
        (Event::Reply(Reply::Denied(None)), waits(Outcome::ProviderGarbled)),
        (silent(60, true), waits(Outcome::ProviderUnreachable)),
    ];
    for (event, expected) in table {
        let mut run = Run::crashed();
        assert_eq!(
            run.step(RECORDED, &seen(on_record()), Event::Look),
            (Some(Write::ReplyKey), Next::Refetch)
        );
        assert_eq!(run.step(RECORDED, &seen(on_record()), event), expected);
        // One reply key is enough for one process.
        assert_eq!(run.step(RECORDED, &seen(on_record()), Event::Look), (None, Next::Refetch));
    }
}

#[test]
fn the_reason_of_a_denial_on_record_is_asked_for_three_times() {
    let silence = || silent(0, false);
    let denial = seen(Word::Denied(DenialClass::Policy));
    for at in [At::Asked, HELD_KEYLESS()] {
        let mut run = Run::crashed();
        for _ in 0..2 {
            assert_eq!(run.step(at, &denial, Event::Look), (None, Next::Ask));
            assert_eq!(run.step(at, &denial, silence()), (None, Next::Pause));
        }
        assert_eq!(run.step(at, &denial, Event::Look), (None, Next::Ask));
        let unexplained = denied(DenialClass::Policy, Outcome::DeniedUnexplained);
        assert_eq!(run.step(at, &denial, silence()), ends(unexplained));
        let told = denied(DenialClass::Policy, Outcome::PolicyDenied);
        let reply = Event::Reply(Reply::Denied(Some(told.clone())));
        assert_eq!(Run::crashed().step(at, &denial, reply), ends(told));
    }
    // Where nothing could be sealed there is no reason to wait for.
    let said = Event::Reply(Reply::Refused(Outcome::QuestionMalformed));
    let malformed_on_record = seen(Word::Denied(DenialClass::Malformed));
    assert_eq!(Run::crashed().step(At::Asked, &malformed_on_record, said.clone()), ends(malformed()));
    assert_eq!(Run::crashed().step(At::Asked, &denial, said), (None, Next::Pause));
}

fn signature(of: &[u8]) -> Signature {
    SecretKey::from_bytes(&[7; 32]).unwrap().sign_raw(of).unwrap()
}

fn ticket() -> Ticket {
    Ticket {
        version: 1,
        chain: ChainId::ZERO,
        requester: "12440100X00000254F".parse().unwrap(),
        key_id: SecretKey::from_bytes(&[7; 32]).unwrap().public().key_id(),
        grant: GrantId([3; 32]),
        provider: "12510100X00000318P".parse().unwrap(),
        mode: Mode::Query,
        units: 1,
        seen_height: Height(1),
        seen_block: BlockId([4; 32]),
        valid_until: Time(100),
        details_digest: Digest([5; 32]),
    }
}

/// A record of that ticket in a block of time 50.
pub(in crate::course) fn record(kind: RecordKind) -> Record {
    let version = PolicyVersion([6; 32]);
    Record {
        query: ticket().query_id(),
        kind,
        ticket: ticket(),
        ticket_signature: signature(b"ticket"),
        policy_versions: PolicyVersions { national: version, region: version, department: version },
        judged_height: Height(2),
        log_head: LogHead { size: 1, digest: Digest([8; 32]) },
        log_index: 0,
        recorded: Place { tx: TxId([9; 32]), height: Height(3), at: Time(50) },
        delivery: None,
    }
}

#[test]
fn a_record_is_ours_by_ticket_and_signature_and_can_be_fetched_for_a_while() {
    let answered = record(RecordKind::Answer { answer_digest: held(), use_no: 1 });
    let signed = signature(b"ticket");
    let other_ticket = Ticket { units: 2, ..ticket() };
    let word = |ticket: &Ticket, signature: &Signature, head: u64| {
        Word::of(Some(&answered), (ticket, Some(signature)), Time(head), 10, Ok(()))
    };
    let on_record = |ours, too_late| Word::Answered(OnRecord { answer: held(), ours, too_late });
    assert_eq!(word(&ticket(), &signed, 60), on_record(true, false), "the last moment");
    assert_eq!(word(&ticket(), &signed, 61), on_record(true, true));
    assert_eq!(word(&ticket(), &signed, 59), on_record(true, false));
    assert_eq!(word(&other_ticket, &signed, 60), on_record(false, false));
    assert_eq!(word(&ticket(), &signature(b"another"), 60), on_record(false, false));
    let denied = record(RecordKind::Denial { class: DenialClass::Quota, decision_commit: held() });
    let word = Word::of(Some(&denied), (&ticket(), None), Time(60), 10, Ok(()));
    assert_eq!(word, Word::Denied(DenialClass::Quota));
}

#[test]
fn without_a_record_the_tickets_time_and_the_grant_say_whether_one_can_come() {
    let word = |head, usable| Word::of(None, (&ticket(), None), Time(head), 10, usable);
    let revoked = Err(Refusal::GrantRevoked);
    let table = [
        (99, Ok(()), NOTHING),
        (100, Ok(()), NOTHING),
        (101, Ok(()), Word::Lapsed),
        (101, revoked, Word::Lapsed),
        (100, Err(Refusal::GrantUpcoming), NOTHING),
        (100, revoked, Word::Dead(Refusal::GrantRevoked)),
    ];
    for (head, usable, expected) in table {
        assert_eq!(word(head, usable), expected, "{head} {usable:?}");
    }
}
