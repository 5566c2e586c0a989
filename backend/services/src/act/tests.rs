//! A form and what it said.

use super::*;
use crate::requests::{ApproveItem, WithdrawInput};
use crate::stage::{a_request, as_asked, said};

/// The digest of what a form said.
fn digest(event: Event, object: &str, input: &impl Serialize) -> Digest {
    Act::new(event, object, &hex::encode([1; 32]), input).unwrap().form.said
}

#[test]
fn whatever_is_changed_in_a_form_is_another_form() {
    type Change = fn(&mut crate::requests::RequestInput);
    let said = |form: &crate::requests::RequestInput| digest(Event::RequestSubmit, "id", form);
    let first = said(&a_request());
    assert_eq!(first, said(&a_request()), "sent again as it was");
    let changes: [Change; 11] = [
        |form| form.entry.push('1'),
        |form| form.version = 2,
        |form| form.items.clear(),
        |form| form.items.swap(0, 1),
        |form| form.purpose = "02".to_owned(),
        |form| form.basis = "02".to_owned(),
        |form| form.mode.clear(),
        |form| form.from = "2026-11-21".to_owned(),
        |form| form.until = "2026-11-21".to_owned(),
        |form| form.quota = "201".to_owned(),
        |form| (form.quota, form.until) = (form.until.clone(), form.quota.clone()),
    ];
    for (place, change) in changes.into_iter().enumerate() {
        let mut form = a_request();
        change(&mut form);
        assert_ne!(said(&form), first, "change {place}");
    }
    let mut masked = as_asked();
    let clear = digest(Event::RequestApprove, "id", &masked);
    masked.items[1] = ApproveItem { mask: "MK-AMT".to_owned(), ..masked.items[1].clone() };
    assert_ne!(digest(Event::RequestApprove, "id", &masked), clear);
}

#[test]
fn the_same_words_about_another_thing_or_for_another_act_are_another_form() {
    let form = WithdrawInput { form_id: String::new(), reason: "01".to_owned() };
    let first = digest(Event::RequestWithdraw, "request 1", &form);
    assert_ne!(digest(Event::RequestWithdraw, "request 2", &form), first);
    assert_ne!(digest(Event::GrantRevoke, "request 1", &form), first);
}

#[test]
fn a_form_bears_the_id_it_was_drawn_with() {
    let drawn = draw().unwrap();
    assert_eq!(hex::encode(parse_id(&drawn).unwrap()), drawn);
    assert_ne!(draw().unwrap(), drawn);
    for wrong in ["", "00", &drawn[..63], &format!("{drawn}00"), &"g".repeat(64)] {
        assert_eq!(said(parse_id(wrong)), "form_id missing", "{wrong}");
        assert_eq!(said(Act::new(Event::GrantRevoke, "", wrong, &a_request()).map(drop)), "form_id missing");
    }
}

#[tokio::test]
async fn a_submission_is_kept_for_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let store = OfficeStore::open(folder.path()).await.unwrap();
    for statement in [
        "INSERT INTO staff (id, staff_id, account, name, roles, password, created_at, used_at)
         VALUES (1, 's1', 'lin', '林知夏', 'BIZ_USER', '-', 0, 0)",
        "INSERT INTO submission VALUES (x'01', 1, x'00', x'00', 1000), (x'02', 1, x'00', x'00', 1001)",
    ] {
        sqlx::query(statement).execute(store.pool()).await.unwrap();
    }
    sweep(&store, 1_001 + limits::SUBMISSION_KEEP_MS).await.unwrap();
    let left: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT form_id FROM submission").fetch_all(store.pool()).await.unwrap();
    assert_eq!(left, [vec![2]]);
}
