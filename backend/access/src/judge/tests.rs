use super::*;
use crate::cases::{Rows, cases, sets_for, starter};
use crate::rule::tests::a_row;
use crate::{DecisionRecord, RowProblem, SetFault};
use ledger::policy::{Effect, PolicyRow};
use ledger::text::Text;
use ledger::wire::from_bytes;

fn a_question(name: &str) -> Question {
    cases().into_iter().find(|case| case.name == name).unwrap().question
}

fn an_answer() -> Question {
    a_question("the story's query is answered")
}

fn decided(question: &Question, rows: Rows) -> Result<Decision, AccessFault> {
    Judge::new().unwrap().decide(&sets_for(question, rows), question)
}

fn all() -> Vec<PolicyRow> {
    vec![a_row("all")]
}

fn none() -> Vec<PolicyRow> {
    Vec::new()
}

fn with_duties(id: &str, duties: &[&str]) -> Vec<PolicyRow> {
    let mut row = a_row(id);
    row.obligations = duties.iter().map(|duty| Text::new(duty).unwrap()).collect();
    vec![row]
}

#[test]
fn an_empty_layer_denies() {
    let question = an_answer();
    assert!(decided(&question, [all(), all(), all()]).unwrap().allow);
    for (rows, layer) in [
        ([none(), all(), all()], Layer::National),
        ([all(), none(), all()], Layer::Region),
        ([all(), all(), none()], Layer::Department),
        ([none(), none(), none()], Layer::National),
    ] {
        let decision = decided(&question, rows).unwrap();
        assert!(!decision.allow && decision.obligations.is_empty());
        assert_eq!(decision.denied_by(), Some(&(layer, None)));
    }
}

#[test]
fn the_denying_row_is_named_with_its_layer() {
    let mut denied = a_row("no-one");
    denied.effect = Effect::Deny;
    let decision = decided(&an_answer(), [all(), vec![a_row("all"), denied], all()]).unwrap();
    assert_eq!(decision.denied_by(), Some(&(Layer::Region, Some(Text::new("no-one").unwrap()))));
    assert_eq!(
        decision.rows,
        [
            (Layer::National, Some(Text::new("all").unwrap())),
            (Layer::Region, Some(Text::new("no-one").unwrap())),
            (Layer::Department, Some(Text::new("all").unwrap())),
        ]
    );
}

#[test]
fn the_layers_join_to_the_strictest_duties() {
    let decision = decided(
        &an_answer(),
        [
            with_duties(
                "n",
                &["mask:ZJHM=MK-ID", "mask:GRZHYE=MK-AMT", "mask:GRZH=MK-ACCT", "mask:DWMC=MK-NAME"],
            ),
            with_duties("r", &["drop:GRZHYE", "mask:ZJHM=MK-ID", "verify-only"]),
            with_duties("d", &["mask:GRZH=MK-ID", "receipt:each"]),
        ],
    )
    .unwrap();
    let duties: Vec<String> = decision.obligations.iter().map(ToString::to_string).collect();
    // DWMC is not asked for; two masks for GRZH cannot both be the strictest, so it is dropped.
    assert_eq!(duties, ["drop:GRZH", "drop:GRZHYE", "mask:ZJHM=MK-ID", "receipt:each", "verify-only"]);
}

#[test]
fn a_row_that_cannot_be_read_is_a_fault_and_no_decision() {
    let mut misspelt = a_row("misspelt");
    misspelt.purpose = Text::new("1").unwrap();
    let fault = decided(&an_answer(), [all(), all(), vec![a_row("all"), misspelt]]).unwrap_err();
    assert!(
        matches!(&fault, AccessFault::Set(SetFault::MalformedRow { layer: Layer::Department, row, problem: RowProblem::Purpose })
            if row.as_str() == "misspelt"),
        "{fault:?}"
    );
    assert!(fault.to_string().contains("misspelt"));
}

#[test]
fn an_unknown_duty_is_a_fault_even_where_another_layer_denies() {
    let fault = decided(&an_answer(), [none(), all(), with_duties("d", &["watermarks"])]).unwrap_err();
    assert!(matches!(
        fault,
        AccessFault::Set(SetFault::MalformedRow { problem: RowProblem::Obligation, .. })
    ));
}

#[test]
fn the_sets_of_the_other_side_are_refused() {
    let judge = Judge::new().unwrap();
    let (asked, answered) = (a_question("the story's query is asked"), an_answer());
    assert_ne!(asked.action, answered.action);
    let fault = judge.decide(&sets_for(&answered, starter()), &asked).unwrap_err();
    assert!(matches!(fault, AccessFault::WrongOwner { .. }));
    let fault = judge.decide(&sets_for(&asked, starter()), &answered).unwrap_err();
    assert!(matches!(fault, AccessFault::WrongOwner { .. }));
}

#[test]
fn a_question_with_too_many_items_is_a_fault() {
    let question = |count: usize| {
        let items = (0..count).map(|n| format!("I{n}").parse().unwrap()).collect();
        Question { items, ..an_answer() }
    };
    assert!(decided(&question(ITEMS_ASKED_MAX), [all(), all(), all()]).is_ok());
    let fault = decided(&question(ITEMS_ASKED_MAX + 1), [all(), all(), all()]).unwrap_err();
    assert!(matches!(fault, AccessFault::TooManyItems { items } if items == ITEMS_ASKED_MAX + 1));
}

/// More rows than Casbin judges at the door.
fn many() -> Vec<PolicyRow> {
    (0..=CASBIN_ROWS_MAX).map(|n| a_row(&format!("r{n}"))).collect()
}

#[test]
fn of_large_sets_a_bounded_sample_is_judged_again() {
    let (judge, question) = (Judge::new().unwrap(), an_answer());
    let sets = sets_for(&question, [many(), all(), all()]);
    assert_eq!(judge.recheck(10).unwrap(), 0);
    for _ in 0..SAMPLED_EVERY * 3 {
        judge.decide(&sets, &question).unwrap();
    }
    assert_eq!(judge.recheck(2).unwrap(), 2);
    assert_eq!(judge.recheck(10).unwrap(), 1);
    for _ in 0..SAMPLED_EVERY * (SAMPLES_MAX as u64 + 5) {
        judge.decide(&sets, &question).unwrap();
    }
    assert_eq!(judge.recheck(1_000).unwrap(), SAMPLES_MAX);
    judge.decide(&sets, &question).unwrap();
}

#[test]
fn a_difference_found_afterwards_closes_every_door_for_good() {
    let (judge, question) = (Judge::new().unwrap(), an_answer());
    let sets = sets_for(&question, [many(), all(), all()]);
    judge.decide(&sets, &question).unwrap();
    // As if the index had said no where Casbin says yes.
    judge.samples.lock().unwrap()[0].verdict = Verdict::default();
    assert!(matches!(judge.recheck(1), Err(AccessFault::Difference(_))));
    for question in [question, a_question("the story's query is asked")] {
        let fault = judge.decide(&sets_for(&question, starter()), &question).unwrap_err();
        assert!(
            matches!(&fault, AccessFault::Difference(found) if found.layer == Layer::National),
            "{fault}"
        );
    }
    assert!(matches!(judge.try_out(&sets, &an_answer()), Err(AccessFault::Difference(_))));
}

#[test]
fn a_small_set_is_judged_by_casbin_at_the_door() {
    let (judge, question) = (Judge::new().unwrap(), an_answer());
    let sets = sets_for(&question, [all(), all(), all()]);
    let right = sets.national.judge(&question).unwrap();
    assert!(judge.compare(&sets.national, &question, &right).is_ok());
    assert!(judge.compare(&sets.national, &question, &Verdict { row: None, ..right }).is_err());
    let mut small = many();
    small.pop();
    for (rows, samples) in [(small, 0), (many(), 1)] {
        let judge = Judge::new().unwrap();
        judge.decide(&sets_for(&question, [rows, all(), all()]), &question).unwrap();
        assert_eq!(judge.recheck(10).unwrap(), samples);
    }
}

#[test]
fn the_same_question_has_the_same_bytes_and_another_has_others() {
    let judge = Judge::new().unwrap();
    let question = an_answer();
    let bytes = |question: &Question| judge.decide(&sets_for(question, starter()), question).unwrap().bytes();
    assert_eq!(bytes(&question), bytes(&question));
    let changes: [fn(&mut Question); 10] = [
        |question| question.grade = 3,
        |question| question.items.clear(),
        |question| question.purpose = None,
        |question| question.grant_live = Some(false),
        |question| question.requester_inspectorate = true,
        |question| question.entry_class = "307002".to_owned(),
        |question| question.clearance = 3,
        |question| question.zone = Some(Text::new("hall").unwrap()),
        |question| question.at.0 += 1,
        |question| question.sensitivities.clear(),
    ];
    for change in changes {
        let mut other = question.clone();
        change(&mut other);
        assert_ne!(bytes(&other), bytes(&question));
    }
}

#[test]
fn a_decision_made_again_later_says_the_same_while_nothing_else_changes() {
    let question = an_answer();
    let first = decided(&question, starter()).unwrap().bytes();
    let later = Question { at: ledger::ids::Time(question.at.0 + 1), ..question };
    assert!(decided(&later, starter()).unwrap().says_again(&first));
    assert!(!decided(&Question { grade: 3, ..later.clone() }, starter()).unwrap().says_again(&first));
    assert!(!decided(&later, [all(), all(), all()]).unwrap().says_again(&first));
    assert!(!decided(&later, starter()).unwrap().says_again(&[]));
}

#[test]
fn a_decision_read_back_is_judged_alike() {
    let judge = Judge::new().unwrap();
    for case in cases() {
        let decision = judge.decide(&sets_for(&case.question, starter()), &case.question).unwrap();
        let record: DecisionRecord = from_bytes(&decision.bytes()).unwrap();
        assert_eq!(record, decision.record());
        let again = judge.decide(&sets_for(&record.question, starter()), &record.question).unwrap();
        assert_eq!(again.record(), record, "{}", case.name);
    }
}

#[test]
fn the_bytes_name_the_model_and_the_versions() {
    let decision = decided(&an_answer(), starter()).unwrap();
    let record = decision.record();
    assert_eq!(record.model, sm3(&[MODEL.as_bytes()]));
    assert_eq!((record.version, record.versions), (2, decision.versions));
    let mut sorted: Vec<String> = record.obligations.iter().map(ToString::to_string).collect();
    sorted.sort();
    assert_eq!(sorted, record.obligations.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert!(!sorted.is_empty());
}

#[test]
fn the_canonical_bytes_are_frozen() {
    let mut question = an_answer();
    question.items = ["GRZH", "JZNY"].iter().map(|item| item.parse().unwrap()).collect();
    let bytes = decided(&question, starter()).unwrap().bytes();
    // All but the digest of the model, which moves with it.
    let frozen: String = bytes.iter().take(bytes.len() - 32).map(|byte| format!("{byte:02x}")).collect();
    let begin = [
        // record of 7, version 2; question of 18: BIZ_USER cleared for 4, by password, no zone
        "870292010401f6",
        // Guangzhou, 440100, no inspectorate
        "7231323434303130305830303030303235344666343430313030f4",
        // Nanjing, 320100
        "7231323332303130305830303030303131355266333230313030",
        // conditional, 307001
        "0266333037303031",
        // GRZH, JZNY, of every sensitivity
        "826447525a48644a5a4e59",
        "8400010203",
        // grade 4, answer, purpose 01, Wednesday the seventh of January 1970 at 02:00 UTC, live grant
        "04056230311a1f540500f5",
        // allowed
        "f5",
        // national nat-answer, region reg-purposes, department dep-all
        "8382016a6e61742d616e7377657282026c7265672d707572706f7365738203676465702d616c6c",
        // mask:GRZH=MK-ACCT, receipt:each
        "82716d61736b3a47525a483d4d4b2d414343546c726563656970743a65616368",
    ];
    let version = |byte: &str| format!("5820{}", byte.repeat(32));
    let end = format!("83{}{}{}5820", version("01"), version("02"), version("03"));
    assert_eq!(frozen, format!("{}{end}", begin.concat()));
}

#[test]
fn a_judge_is_shown_by_its_model() {
    let judge = Judge::new().unwrap();
    let digest = decided(&an_answer(), [all(), all(), all()]).unwrap().model;
    assert_eq!(format!("{judge:?}"), format!("Judge {{ model: {digest:?}, .. }}"));
}
