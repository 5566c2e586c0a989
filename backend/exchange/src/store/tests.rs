use super::*;
use tempfile::TempDir;

fn key(byte: u8) -> StoreKey {
    StoreKey::from_bytes([byte; 32])
}

async fn store() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("exchange"), key(1)).await.unwrap();
    (dir, store)
}

#[tokio::test]
async fn a_store_is_opened_again_with_its_key_only() {
    let (dir, store) = store().await;
    let tag = store.subject_tag(2026, "990000199001010017").await.unwrap();
    store.close().await;
    let folder = dir.path().join("exchange");
    let wrong = Store::open(&folder, key(2)).await.err().unwrap();
    assert!(matches!(wrong, ExchangeFault::Damaged("tag_keys.key")), "{wrong}");
    let again = Store::open(&folder, key(1)).await.unwrap();
    assert_eq!(again.subject_tag(2026, "990000199001010017").await.unwrap(), tag);
}

#[tokio::test]
async fn a_person_has_one_tag_a_year() {
    let (_dir, store) = store().await;
    let tag = async |year, number| store.subject_tag(year, number).await.unwrap();
    assert_eq!(tag(2026, "a").await, tag(2026, "a").await);
    assert_ne!(tag(2026, "a").await, tag(2026, "b").await);
    assert_ne!(tag(2026, "a").await, tag(2027, "a").await);
}

#[tokio::test]
async fn the_key_of_a_year_is_destroyed_with_its_records() {
    let (_dir, store) = store().await;
    let old = store.subject_tag(2022, "a").await.unwrap();
    let kept = store.subject_tag(2024, "a").await.unwrap();
    let before = Time(1_704_038_400_000 + 24 * 60 * 60 * 1000); // 2024-01-02
    store.destroy_answer_papers(before).await.unwrap();
    assert_ne!(store.subject_tag(2022, "a").await.unwrap(), old);
    assert_eq!(store.subject_tag(2024, "a").await.unwrap(), kept);
}

#[tokio::test]
async fn what_is_synced_is_synced() {
    let (_dir, store) = store().await;
    let read = async |pragma: &'static str| {
        sqlx::query(pragma).fetch_one(&store.write).await.unwrap().try_get_unchecked::<String, _>(0).unwrap()
    };
    assert_eq!(read("PRAGMA synchronous").await, "2"); // FULL
    assert_eq!(read("PRAGMA journal_mode").await, "wal");
    assert_eq!(read("PRAGMA secure_delete").await, "1");
    assert!(sqlx::query("DELETE FROM queries").execute(&store.read).await.is_err());
}

#[tokio::test]
async fn calls_without_a_record_are_counted() {
    let (_dir, store) = store().await;
    for (day, from, code) in [(1, "a", "x"), (1, "a", "x"), (2, "a", "x"), (2, "b", "y")] {
        store.count_refused(Time(day * 86_400_000), from, code).await.unwrap();
    }
    assert_eq!(store.refused_calls().await.unwrap(), [("x".to_owned(), 3), ("y".to_owned(), 1)]);
    store.destroy_answer_papers(Time(2 * 86_400_000)).await.unwrap();
    assert_eq!(store.refused_calls().await.unwrap(), [("x".to_owned(), 1), ("y".to_owned(), 1)]);
}

#[tokio::test]
async fn a_sealed_value_opens_only_where_it_was_put() {
    let (_dir, store) = store().await;
    let sealed = store.seal("a.b", &[1], b"value").unwrap();
    assert_eq!(store.open_sealed("a.b", &[1], &sealed).unwrap().as_slice(), b"value");
    assert!(store.open_sealed("a.b", &[2], &sealed).is_err());
    assert!(store.open_sealed("a.c", &[1], &sealed).is_err());
}

/// Ten minutes on a page are ten minutes on the disk.
#[tokio::test]
async fn opened_rows_are_destroyed_when_no_page_may_show_them() {
    use crate::limits::ANSWER_SHOWN_MS;
    let (_dir, store) = store().await;
    let query = QueryId([1; 32]);
    sqlx::query(
        "INSERT INTO queries (query, form, state, grant_id, provider, entry, purpose, items, account, role, clearance,
            assurance, actor, case_tag, shown, valid_until, drafted, ticket, opened, body)
         VALUES (?, x'', 'opened', x'', '', x'', '', x'', '', '', 0, '', x'', x'', x'', 0, 0, x'', 1000, x'01')",
    )
    .bind(query.0.as_slice())
    .execute(&store.write)
    .await
    .unwrap();
    let kept = async || {
        let row = sqlx::query("SELECT body FROM queries").fetch_one(&store.read).await.unwrap();
        row.try_get::<Option<Vec<u8>>, _>(0).unwrap().is_some()
    };
    let destroy = async |now: u64| store.destroy_bodies(Time(now).minus_ms(ANSWER_SHOWN_MS)).await.unwrap();
    assert_eq!(destroy(ANSWER_SHOWN_MS + 999).await, Some(Time(1000)));
    assert!(kept().await);
    assert_eq!(destroy(ANSWER_SHOWN_MS + 1000).await, None);
    assert!(!kept().await);
    assert_eq!(store.stamp(&query).await.unwrap(), Some(2));
}
