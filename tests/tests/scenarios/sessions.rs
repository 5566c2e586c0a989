//! A session that ends while a form is filled in loses nothing and tells nobody.

use system_tests::page::Page;

use crate::stage::{Granted, Stage};

/// The values of the query form on a page.
fn filled(page: &Page) -> [String; 3] {
    let form = page.form_to("/query").expect("a query form");
    ["name", "id_number", "case_no"].map(|field| form.value(field).unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_sent_after_the_session_ended_is_offered_again_to_its_own_officer() {
    let stage = Stage::set(81).await;
    let granted = Granted::by(&stage, "cd", "su").await;
    let person = stage.person(granted.provider, 3);
    let typed = [person.name.clone(), person.id_number.clone(), "GJJ-2026-000081".to_owned()];
    for account in ["clerk", "operator"] {
        let first = stage.network.signed_in(granted.requester, "clerk").await.unwrap();
        let form = first.get(&granted.form).await.unwrap().form_to("/query").unwrap();
        let form = form.with("name", &typed[0]).with("id_number", &typed[1]).with("case_no", &typed[2]);
        // The same account elsewhere: this session is over.
        stage.network.signed_in(granted.requester, "clerk").await.unwrap();

        let page = first.submit(&form).await.unwrap();
        assert!(page.url.starts_with("/sign-in"), "{}", page.url);
        for value in &typed {
            assert!(!page.url.contains(value.as_str()) && !page.html.contains(value.as_str()));
        }
        let own = stage.network.layout.account(granted.requester, account);
        let form = page.form_to("/sign-in").unwrap();
        let form = form.with("account", own.account).with("password", &own.password);
        let page = first.submit(&form).await.unwrap();
        if account == "clerk" {
            assert_eq!(filled(&page), typed, "{}", page.text());
            // Once: who opens the page again finds an empty form.
            assert_eq!(filled(&first.get(&granted.form).await.unwrap()), [const { String::new() }; 3]);
        } else {
            assert!(typed.iter().all(|value| !page.html.contains(value.as_str())), "{}", page.text());
        }
    }
    // Of all this nothing was asked, and nothing of it stands in a log.
    let log = std::fs::read_to_string(stage.network.layout.log(granted.requester)).unwrap();
    assert!(typed.iter().all(|value| !log.contains(value.as_str())));
    let clerk = stage.network.signed_in(granted.requester, "clerk").await.unwrap();
    assert!(clerk.get("/queries").await.unwrap().link_to("/queries/").is_none());
}
