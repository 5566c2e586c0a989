use super::*;
use crate::cases::{Rows, cases, sets_for, starter};
use crate::rule::tests::a_row;
use crate::{DecisionRecord, RowProblem};
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
        matches!(&fault, AccessFault::MalformedRow { layer: Layer::Department, row, problem: RowProblem::Purpose }
            if row.as_str() == "misspelt"),
        "{fault:?}"
    );
    assert!(fault.to_string().contains("misspelt"));
}

#[test]
fn an_unknown_duty_is_a_fault_even_where_another_layer_denies() {
    let fault = decided(&an_answer(), [none(), all(), with_duties("d", &["watermark"])]).unwrap_err();
    assert!(matches!(fault, AccessFault::MalformedRow { problem: RowProblem::Obligation, .. }));
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
    let items = (0..=ITEMS_ASKED_MAX).map(|n| format!("I{n}").parse().unwrap()).collect();
    let question = Question { items, ..an_answer() };
    let fault = decided(&question, [all(), all(), all()]).unwrap_err();
    assert!(matches!(fault, AccessFault::TooManyItems { items } if items == ITEMS_ASKED_MAX + 1));
}

#[test]
fn the_same_question_has_the_same_bytes_and_another_has_others() {
    let judge = Judge::new().unwrap();
    let question = an_answer();
    let bytes = |question: &Question| judge.decide(&sets_for(question, starter()), question).unwrap().bytes();
    assert_eq!(bytes(&question), bytes(&question));
    let changes: [fn(&mut Question); 6] = [
        |question| question.grade = 3,
        |question| question.items.clear(),
        |question| question.purpose = None,
        |question| question.grant_live = Some(false),
        |question| question.requester_inspectorate = true,
        |question| question.entry_class = "307002".to_owned(),
    ];
    for change in changes {
        let mut other = question.clone();
        change(&mut other);
        assert_ne!(bytes(&other), bytes(&question));
    }
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
    assert_eq!((record.version, record.versions), (1, decision.versions));
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
        // record of 7, version 1; question of 14: BIZ_USER
        "87018e01",
        // Guangzhou, 440100, no inspectorate
        "7231323434303130305830303030303235344666343430313030f4",
        // Nanjing, 320100
        "7231323332303130305830303030303131355266333230313030",
        // conditional, 307001
        "0266333037303031",
        // GRZH, JZNY
        "826447525a48644a5a4e59",
        // grade 4, answer, purpose 01, password, live grant
        "040562303101f5",
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
