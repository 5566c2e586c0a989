//! Fifty people are asked about; afterwards nothing of them stands in any
//! store or log but their owner's own table.

use system_tests::centres::{CENTRES, Centre};
use system_tests::people::Person;
use system_tests::traces::Search;

use crate::stage::{Granted, Stage};

const PEOPLE_ASKED_ABOUT: usize = 50;
/// Everything that our own code could write about what it does.
const WORDY: &str = "debug,hyper=info,libp2p=info,yamux=info,multistream_select=info";

/// What may be found nowhere. Names of two characters could be part of other words.
fn secrets(person: &Person) -> Vec<String> {
    let mut secrets = vec![person.id_number.clone(), person.account.clone(), person.mobile.clone()];
    if person.name.chars().count() > 2 {
        secrets.push(person.name.clone());
    }
    secrets
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_fifty_people_is_left_outside_their_owners_table() {
    let mut stage = Stage::set_with_log(61, WORDY).await;
    let granted = Granted::by(&stage, "cd", "su").await;
    let people: Vec<Person> =
        stage.network.layout.people_of(granted.provider).into_iter().take(PEOPLE_ASKED_ABOUT).collect();
    let mut values = Vec::new();
    for (number, person) in people.iter().enumerate() {
        let case = format!("GJJ-2026-77{number:04}-Q");
        let story = system_tests::story::Story::new(&stage.network, granted.requester, granted.provider);
        let query = story.ask_as(&granted.clerk, &granted.form, person, &case).await.unwrap();
        let page = granted.answered(&stage, &query).await;
        // The clerk saw an answer, masked: it is not that nothing was asked.
        assert!(page.text().contains(&person.id_number[14..]), "no answer on {}", page.text());
        assert!(!page.html.contains(&person.id_number), "the whole number reached a page");
        values.extend(secrets(person));
        values.push(case);
    }
    // Somebody who is in nobody's table, and somebody with a misspelt name.
    let mut stranger = people[0].clone();
    stranger.name = "慕容不在此".to_owned();
    let query = granted.ask(&stage, &stranger).await;
    granted.answered(&stage, &query).await;
    values.push(stranger.name);
    granted.until_state(&query, &["closed"]).await;
    stage.network.stop().await.unwrap();

    let layout = &stage.network.layout;
    let search = Search::new(values).unwrap();
    let table = layout.table(granted.provider);
    let own = search.look(table.parent().unwrap(), &[]).await.unwrap();
    let found_at_home = own.traces.iter().filter(|trace| trace.place.contains("centre.sqlite")).count();
    assert!(found_at_home >= PEOPLE_ASKED_ABOUT, "the search does not find what is there");

    // The other centres' tables hold other people; no process writes there.
    let tables: Vec<_> = CENTRES.iter().map(|centre| layout.table(centre)).collect();
    let looked = search.look(&layout.dir, &tables).await.unwrap();
    assert!(
        looked.records > 1_000 && looked.files > 100,
        "{} records, {} files",
        looked.records,
        looked.files
    );
    assert!(looked.traces.is_empty(), "found outside: {:#?}", looked.traces);
    assert_eq!(looked.table_files, 0, "deleted values may lie compressed in files that were not searched");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_address_carries_anything_of_a_person() {
    let stage = Stage::set(62).await;
    let granted = Granted::by(&stage, "nj", "gz").await;
    let person = stage.person(Centre::named("gz"), 0);
    let query = granted.ask(&stage, &person).await;
    let page = granted.answered(&stage, &query).await;
    let search = Search::new(secrets(&person).into_iter().chain(["GJJ-2026-000007".to_owned()])).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for address in ["/", "/queries", "/receipts", "/grants"] {
        let listed = granted.clerk.get(address).await.unwrap();
        let links: Vec<String> = listed.links().into_iter().map(|(link, _)| link).collect();
        std::fs::write(folder.path().join(address.replace('/', "_")), links.join("\n")).unwrap();
    }
    let links: Vec<String> = page.links().into_iter().map(|(link, _)| link).collect();
    std::fs::write(folder.path().join("query"), links.join("\n")).unwrap();
    assert!(search.look(folder.path(), &[]).await.unwrap().traces.is_empty());
}
