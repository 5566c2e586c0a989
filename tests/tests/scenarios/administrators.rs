//! Administrators at work: a rule written in one portal bites everywhere from its block on; a lock is felt at the
//! next click.

use system_tests::administrators::{Administrators, RULE};
use system_tests::centres::Centre;
use system_tests::story::Story;

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_written_previewed_countersigned_and_bites_and_a_locked_clerk_is_out() {
    let stage = Stage::set(711).await;
    let network = &stage.network;
    let (requester, provider) = (Centre::named("gz"), Centre::named("su"));
    let story = Story::new(network, requester, provider);
    let request = story.request().await.unwrap();
    let grant = story.approve(&request).await.unwrap();
    let person = network.layout.people_of(provider).remove(0);
    let query = story.ask(&grant, &person, "GJJ-2026-000101").await.unwrap();
    story.answered(&query).await.unwrap();

    let administrators = Administrators::of(network, provider);
    assert_eq!(administrators.draft().await.unwrap(), 1, "the one answer given would have been denied");
    // A draft changes nothing.
    let query = story.ask(&grant, &person, "GJJ-2026-000102").await.unwrap();
    story.answered(&query).await.unwrap();
    administrators.countersign().await.unwrap();
    let clerk = network.signed_in(requester, "clerk").await.unwrap();
    let path = format!("/grants/{grant}/query");
    let query = story.ask_as(&clerk, &path, &person, "GJJ-2026-000103").await.unwrap();
    let page = administrators.denied(&clerk, &query).await.unwrap();
    assert!(page.text().contains(RULE));

    let own = Administrators::of(network, requester);
    let next = own.lock("clerk", &clerk).await.unwrap();
    assert!(next.starts_with("/sign-in"), "{next}");
}
