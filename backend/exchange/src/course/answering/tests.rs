use super::*;
use crate::course::asking::tests::record;
use ledger::receipt::DenialClass;

const TIME: Time = Time(7);
const PREPARED: At = At::Prepared { answer: Digest([1; 32]) };
const SUBMITTED: At = At::Submitted { answer: Digest([1; 32]) };

fn over(state: AnsweredState, code: impl Into<Outcome>) -> Step {
    (Some(Write::Over(state, code.into())), Next::Done)
}

const DENIAL_OVER: Step = (Some(Write::DenialOver), Next::Done);
const RECORDED: Step = (Some(Write::Recorded(TIME)), Next::Done);
const NO_MORE: Step = (None, Next::Done);

/// PROTOCOL section 6: what a process that ended in each state does first, for each word of its own ledger.
#[test]
fn after_a_crash_the_same_bytes_are_submitted_unless_the_ledger_has_them() {
    let differs = over(AnsweredState::Refused, Refusal::TicketUsed);
    let table = [
        (PREPARED, Word::Nothing, (Some(Write::Submitted), Next::Submit)),
        (PREPARED, Word::Ours(TIME), RECORDED),
        (PREPARED, Word::Other, differs),
        (SUBMITTED, Word::Nothing, (None, Next::Submit)),
        (SUBMITTED, Word::Ours(TIME), RECORDED),
        (SUBMITTED, Word::Other, differs),
        // the policy moved, and the process ended before the answer was prepared once more
        (At::Unprepared, Word::Nothing, (None, Next::Judge(Refusal::PolicyMoved))),
        (At::Unprepared, Word::Other, differs),
        (At::Denied, Word::Nothing, (None, Next::Submit)),
        (At::Denied, Word::Ours(TIME), DENIAL_OVER),
        (At::Denied, Word::Other, DENIAL_OVER),
        (At::Over, Word::Nothing, NO_MORE),
        (At::Over, Word::Other, NO_MORE),
    ];
    for (at, word, expected) in table {
        assert_eq!(step(at, word, Event::Look), expected, "{at:?} {word:?}");
    }
}

#[test]
fn what_becomes_of_a_submission_decides_what_is_kept() {
    let lapsed = over(AnsweredState::Lapsed, Refusal::TicketExpired);
    let table = [
        (SUBMITTED, Event::Applied(TIME), RECORDED),
        (At::Denied, Event::Applied(TIME), DENIAL_OVER),
        // It is on the chain, and our own node shows it with its next block.
        (SUBMITTED, Event::Refused(Refusal::TxReplayed), (None, Next::Head)),
        (SUBMITTED, Event::Refused(Refusal::TicketUsed), (None, Next::Head)),
        (SUBMITTED, Event::Refused(Refusal::PolicyMoved), (None, Next::Judge(Refusal::PolicyMoved))),
        (SUBMITTED, Event::Refused(Refusal::RecordStale), (None, Next::Judge(Refusal::RecordStale))),
        (At::Denied, Event::Refused(Refusal::PolicyMoved), (None, Next::Judge(Refusal::PolicyMoved))),
        (
            SUBMITTED,
            Event::Refused(Refusal::GrantRevoked),
            over(AnsweredState::Refused, Refusal::GrantRevoked),
        ),
        (At::Denied, Event::Refused(Refusal::GrantRevoked), DENIAL_OVER),
        (SUBMITTED, Event::Lapsed, lapsed),
        (At::Denied, Event::Lapsed, DENIAL_OVER),
    ];
    for (at, event, expected) in table {
        assert_eq!(step(at, Word::Nothing, event), expected, "{at:?} {event:?}");
    }
    // Another's refusal does not matter once the record is here.
    assert_eq!(step(SUBMITTED, Word::Ours(TIME), Event::Refused(Refusal::TicketUsed)), RECORDED);
}

/// An equal decision keeps the answer; any other destroys the seed and reads the source once more, but once only.
#[test]
fn a_policy_that_moved_is_judged_again() {
    let moved = |judged| Event::Judged(judged, Refusal::PolicyMoved);
    let allowed = |same, times| moved(Judged::Allowed { same, times });
    let refused = over(AnsweredState::Refused, Refusal::PolicyMoved);
    let inactive = Outcome::Ledger(Refusal::DepartmentInactive);
    let table = [
        (SUBMITTED, allowed(true, 1), (Some(Write::Renew), Next::Look)),
        (SUBMITTED, allowed(true, 2), (Some(Write::Renew), Next::Look)),
        (SUBMITTED, allowed(false, 1), (Some(Write::Prepare), Next::Look)),
        (SUBMITTED, allowed(false, 2), refused),
        (At::Unprepared, allowed(false, 1), (Some(Write::Prepare), Next::Look)),
        (At::Unprepared, allowed(false, 2), refused),
        (SUBMITTED, moved(Judged::Denied), (Some(Write::Deny), Next::Look)),
        (At::Denied, moved(Judged::Denied), (Some(Write::Deny), Next::Look)),
        // It was told no already and may ask anew.
        (At::Denied, allowed(false, 0), DENIAL_OVER),
        (SUBMITTED, moved(Judged::Impossible(inactive)), over(AnsweredState::Refused, inactive)),
        (SUBMITTED, moved(Judged::Unreadable), refused),
        (At::Denied, moved(Judged::Unreadable), DENIAL_OVER),
    ];
    for (at, event, expected) in table {
        assert_eq!(step(at, Word::Nothing, event), expected, "{at:?} {event:?}");
    }
}

/// Record before release, whatever else holds.
#[test]
fn a_key_is_given_only_for_the_answer_on_record() {
    let (kept, other) = (Digest([1; 32]), Digest([2; 32]));
    let good = Asked { wanted: kept, kept, recorded: Some(kept), too_late: false, live: Ok(()) };
    assert_eq!(release(&good), Release::Give);
    let table = [
        (Asked { recorded: None, ..good }, Release::Refuse(Outcome::RecordPending)),
        (Asked { recorded: Some(other), ..good }, Release::Refuse(Outcome::RecordPending)),
        (Asked { wanted: other, ..good }, Release::Refuse(Outcome::AnswerSuperseded)),
        (Asked { too_late: true, ..good }, Release::Refuse(Outcome::RefetchOver)),
        (Asked { live: Err(Refusal::GrantRevoked), ..good }, Release::Stop(Refusal::GrantRevoked)),
    ];
    for (asked, expected) in table {
        assert_eq!(release(&asked), expected, "{asked:?}");
    }
    // Nothing of the rest makes up for a missing record.
    for wanted in [kept, other] {
        for too_late in [false, true] {
            for live in [Ok(()), Err(Refusal::GrantExpired)] {
                let asked = Asked { wanted, kept, recorded: None, too_late, live };
                assert_eq!(release(&asked), Release::Refuse(Outcome::RecordPending));
            }
        }
    }
}

#[test]
fn a_record_is_ours_when_it_is_what_was_prepared() {
    let of = |answer_digest| record(RecordKind::Answer { answer_digest, use_no: 1 });
    let (ours, other) = (of(Digest([1; 32])), of(Digest([2; 32])));
    let decision_commit = Digest([1; 32]);
    let denial = record(RecordKind::Denial { class: DenialClass::Quota, decision_commit });
    let at = ours.recorded.at;
    let table = [
        (PREPARED, &ours, Word::Ours(at)),
        (SUBMITTED, &ours, Word::Ours(at)),
        (PREPARED, &other, Word::Other),
        (SUBMITTED, &other, Word::Other),
        (SUBMITTED, &denial, Word::Other),
        (At::Denied, &denial, Word::Ours(at)),
        (At::Denied, &ours, Word::Other),
        (At::Unprepared, &ours, Word::Other),
        (At::Unprepared, &denial, Word::Other),
        (At::Over, &ours, Word::Other),
    ];
    for (at, record, expected) in table {
        assert_eq!(Word::of(Some(record), at), expected, "{at:?} {:?}", record.kind);
        assert_eq!(Word::of(None, at), Word::Nothing);
    }
}
