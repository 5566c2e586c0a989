//! Nothing on a page is painted: what a page says of the chain and of this access is another thing in
//! another network. Goal: no literal of a drawing was left in a template. Method: the same story in two
//! networks of different seeds, the second with another access before it; the marked elements
//! (`data-live`) of the same pages are compared place by place.

use system_tests::page::Page;

use crate::stage::{Granted, Stage};

/// What the pages of one access say.
struct Told {
    /// The marked texts, page by page.
    pages: Vec<(&'static str, Vec<String>)>,
    /// The people it names: who asked for access, who asked, about whom (masked).
    names: Vec<String>,
}

async fn told(seed: u64, before: bool) -> Told {
    let stage = Stage::set(seed).await;
    if before {
        let other = Granted::by(&stage, "gz", "nj").await;
        let query = other.ask(&stage, &stage.person(other.provider, 1)).await;
        other.answered(&stage, &query).await;
    }
    let granted = Granted::by(&stage, "cd", "su").await;
    let query = granted.ask(&stage, &stage.person(granted.provider, 0)).await;
    let answer = granted.answered(&stage, &query).await;
    let record = granted.clerk.get(&format!("/receipts/{query}")).await.unwrap();
    let grant = granted.clerk.get(granted.form.trim_end_matches("/query")).await.unwrap();
    let request = grant.links().into_iter().map(|(to, _)| to).find(|to| is_request(to)).unwrap();
    let request = granted.clerk.get(&request).await.unwrap();
    let block = answer.link_to("/chain/blocks/").unwrap();
    let block = granted.clerk.get(&block).await.unwrap();
    let name = |account| stage.network.layout.account(granted.requester, account).name;
    let subject = stage.person(granted.provider, 0).name;
    let last: String = subject.chars().skip(subject.chars().count() - 1).collect();
    let masked = "*".repeat(subject.chars().count() - 1) + &last;
    let names = vec![name("operator"), name("clerk"), masked];
    for (name, page) in names.iter().zip([&request, &answer, &answer]) {
        assert!(page.text().contains(name.as_str()), "{name} is not on {}", page.text());
    }
    let pages =
        [("query", answer), ("receipt", record), ("grant", grant), ("request", request), ("block", block)];
    Told { pages: pages.into_iter().map(|(name, page)| (name, live(&page))).collect(), names }
}

fn is_request(address: &str) -> bool {
    address.strip_prefix("/requests/").is_some_and(|id| id.len() == 64)
}

fn live(page: &Page) -> Vec<String> {
    assert_eq!(page.status, 200, "{}", page.text());
    page.live().into_iter().map(|(_, text)| text).collect()
}

/// Whether a text names one thing: a digest, a number for people, a height, a moment.
fn names_one_thing(text: &str) -> bool {
    let has_digest =
        text.contains('…') || text.split(|c: char| !c.is_ascii_hexdigit()).any(|word| word.len() >= 40);
    let has_number = ["SQ-", "SQD-", "HZ-"].iter().any(|prefix| text.starts_with(prefix));
    let has_height = text.starts_with("区块") || text.contains("写入区块");
    let has_moment =
        text.matches(':').count() == 2 && !text.ends_with("00:00:00") && !text.ends_with("23:59:59");
    has_digest || has_number || has_height || has_moment
}

#[tokio::test(flavor = "multi_thread")]
async fn every_digest_number_height_moment_and_person_on_the_pages_is_of_this_network() {
    let (one, other) = (told(11, false).await, told(12, true).await);
    let mut compared = 0;
    for (here, there) in one.names.iter().zip(&other.names) {
        assert_ne!(here, there, "the same person in two networks");
    }
    for ((page, here), (_, there)) in one.pages.iter().zip(&other.pages) {
        assert!(!here.is_empty(), "nothing is marked on the page of a {page}");
        for (here, there) in here.iter().zip(there) {
            if names_one_thing(here) {
                compared += 1;
                assert_ne!(here, there, "the same in two networks, on the page of a {page}");
            }
        }
    }
    assert!(compared > 30, "only {compared} places were compared");
}
