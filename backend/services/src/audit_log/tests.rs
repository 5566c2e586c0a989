use super::*;

fn note(at: i64, object: &str) -> Note<'_> {
    Note {
        account: "shen",
        role: "INSPECTOR",
        seen: Seen { address: "192.0.2.7".into(), session: "0f0f0f0f0f0f0f0f".into() },
        items: vec!["GRZHYE".into(), "XingMing".into()],
        purpose: "01",
        ..Note::of_system(at, Event::RecordShow, object, "ok")
    }
}

fn key(byte: u8) -> AuditKey {
    AuditKey::of(&StoreKey::from_bytes([byte; 32]))
}

async fn a_log() -> (tempfile::TempDir, OfficeStore, AuditLog) {
    let folder = tempfile::tempdir().unwrap();
    let store = OfficeStore::open(folder.path()).await.unwrap();
    let log = AuditLog::open(&store, key(1)).await.unwrap();
    (folder, store, log)
}

/// Three entries, and no triggers: as for someone who writes to the file by other means.
async fn three_without_triggers() -> (tempfile::TempDir, OfficeStore, AuditLog) {
    let (folder, store, log) = a_log().await;
    for at in 1..=3 {
        log.append(note(at, "record")).await.unwrap();
    }
    for trigger in ["audit_log_is_not_changed", "audit_log_is_not_deleted"] {
        let drop = format!("DROP TRIGGER {trigger}");
        sqlx::query(sqlx::AssertSqlSafe(drop)).execute(store.pool()).await.unwrap();
    }
    (folder, store, log)
}

async fn does(store: &OfficeStore, statement: &'static str) {
    sqlx::query(statement).execute(store.pool()).await.unwrap();
}

#[tokio::test]
async fn the_head_moves_with_each_entry_and_survives_opening() {
    let (_folder, store, log) = a_log().await;
    assert_eq!(log.head().size, 0);
    let first = log.append(note(1, "a")).await.unwrap();
    let second = log.append(note(2, "b")).await.unwrap();
    assert_eq!((first.size, second.size), (1, 2));
    assert_ne!(first.digest, second.digest);
    assert_eq!(AuditLog::open(&store, key(1)).await.unwrap().head(), second);
    assert!(log.contains(&first).await.unwrap());
    assert!(!log.contains(&LogHead { size: 1, digest: second.digest }).await.unwrap());
}

#[tokio::test]
async fn an_entry_says_from_where_about_which_items_and_for_which_purpose() {
    let (_folder, _records, log) = a_log().await;
    log.append(note(1, "a")).await.unwrap();
    let entry = log.newest(1).await.unwrap().remove(0);
    assert_eq!((&*entry.address, &*entry.session), ("192.0.2.7", "0f0f0f0f0f0f0f0f"));
    assert_eq!((&*entry.items, &*entry.purpose), ("GRZHYE,XingMing", "01"));
    assert_eq!(entry.result(), AuditResult::Done);
}

#[tokio::test]
async fn an_entry_cannot_be_changed_or_deleted_by_a_statement() {
    let (_folder, store, log) = a_log().await;
    log.append(note(1, "a")).await.unwrap();
    assert!(sqlx::query("UPDATE audit_log SET object = 'b'").execute(store.pool()).await.is_err());
    assert!(sqlx::query("DELETE FROM audit_log").execute(store.pool()).await.is_err());
}

#[tokio::test]
async fn a_change_of_any_column_is_found_even_when_the_triggers_were_removed() {
    for change in [
        "UPDATE audit_log SET at = 7 WHERE seq = 2",
        "UPDATE audit_log SET event = 'sign-in' WHERE seq = 2",
        "UPDATE audit_log SET account = 'lin' WHERE seq = 2",
        "UPDATE audit_log SET role = '' WHERE seq = 2",
        "UPDATE audit_log SET address = '192.0.2.8' WHERE seq = 2",
        "UPDATE audit_log SET session = '' WHERE seq = 2",
        "UPDATE audit_log SET object = 'other' WHERE seq = 2",
        "UPDATE audit_log SET items = 'GRZHYE' WHERE seq = 2",
        "UPDATE audit_log SET purpose = '02' WHERE seq = 2",
        "UPDATE audit_log SET outcome = 'denied' WHERE seq = 2",
        "UPDATE audit_log SET digest = previous WHERE seq = 2",
        "UPDATE audit_log SET previous = digest WHERE seq = 2",
    ] {
        let (_folder, store, log) = three_without_triggers().await;
        does(&store, change).await;
        assert!(matches!(log.verify().await, Err(StoreFault::LogBroken { seq: 2 })), "{change}");
        let opened = AuditLog::open(&store, key(1)).await;
        assert!(matches!(opened, Err(StoreFault::LogBroken { seq: 2 })), "{change}");
    }
}

#[tokio::test]
async fn a_removed_or_exchanged_entry_is_found() {
    let (_folder, store, log) = three_without_triggers().await;
    does(&store, "DELETE FROM audit_log WHERE seq = 2").await;
    assert!(matches!(log.verify().await, Err(StoreFault::LogBroken { seq: 2 })));

    let (_folder, store, log) = three_without_triggers().await;
    for step in [
        "UPDATE audit_log SET seq = 9 WHERE seq = 2",
        "UPDATE audit_log SET seq = 2 WHERE seq = 3",
        "UPDATE audit_log SET seq = 3 WHERE seq = 9",
    ] {
        does(&store, step).await;
    }
    assert!(matches!(log.verify().await, Err(StoreFault::LogBroken { seq: 2 })));
}

#[tokio::test]
async fn who_has_the_file_but_not_the_key_cannot_write_a_log_that_fits() {
    let (_folder, store, log) = a_log().await;
    log.append(note(1, "a")).await.unwrap();
    // A whole log written anew under another key.
    let folder = tempfile::tempdir().unwrap();
    let forged = OfficeStore::open(folder.path()).await.unwrap();
    AuditLog::open(&forged, key(2)).await.unwrap().append(note(1, "b")).await.unwrap();
    assert!(matches!(AuditLog::open(&forged, key(1)).await, Err(StoreFault::LogBroken { seq: 1 })));
    assert!(AuditLog::open(&store, key(1)).await.is_ok());
}

#[tokio::test]
async fn nothing_is_added_to_a_log_that_was_cut_or_exchanged_under_our_hands() {
    for change in
        ["DELETE FROM audit_log WHERE seq = 3", "UPDATE audit_log SET digest = previous WHERE seq = 3"]
    {
        let (_folder, store, log) = three_without_triggers().await;
        does(&store, change).await;
        let added = log.append(note(4, "d")).await;
        assert!(matches!(added, Err(StoreFault::LogBroken { seq: 3 })), "{change}");
    }
    // Longer than ours, and another.
    let (_folder, store, log) = three_without_triggers().await;
    does(&store, "UPDATE audit_log SET digest = previous WHERE seq = 3").await;
    does(
        &store,
        "INSERT INTO audit_log (seq, at, event, account, role, address, session, object, items, purpose, outcome, previous, digest)
         SELECT 4, at, event, account, role, address, session, object, items, purpose, outcome, digest, previous
         FROM audit_log WHERE seq = 3",
    )
    .await;
    assert!(matches!(log.append(note(5, "e")).await, Err(StoreFault::LogBroken { seq: 3 })));
    // The command line writes beside the process.
    let (_folder, store, log) = a_log().await;
    log.append(note(1, "a")).await.unwrap();
    AuditLog::open(&store, key(1)).await.unwrap().append(note(2, "b")).await.unwrap();
    assert_eq!(log.append(note(3, "c")).await.unwrap().size, 3);
}

#[tokio::test]
async fn the_newest_entries_stand_first_and_say_what_was_noted() {
    let (_folder, _records, log) = a_log().await;
    for at in 1..=5 {
        log.append(note(at, &format!("record {at}"))).await.unwrap();
    }
    let newest = log.newest(2).await.unwrap();
    let said: Vec<_> = newest.iter().map(|entry| (entry.seq, entry.at, entry.object.as_str())).collect();
    assert_eq!(said, [(5, 5, "record 5"), (4, 4, "record 4")]);
    let first = &newest[0];
    assert_eq!(
        (first.event.as_str(), first.account.as_str(), first.outcome.as_str()),
        ("record.show", "shen", "ok")
    );
    assert_eq!(first.digest, hex::encode(log.head().digest.0));
    assert!(log.newest(0).await.unwrap().is_empty());
}

#[tokio::test]
async fn two_writers_keep_one_chain() {
    let (_folder, store, log) = a_log().await;
    let other = AuditLog::open(&store, key(1)).await.unwrap();
    for at in 0..10 {
        let (one, two) = tokio::join!(log.append(note(at, "one")), other.append(note(at, "two")));
        assert_ne!(one.unwrap().size, two.unwrap().size);
    }
    assert_eq!(log.verify().await.unwrap().size, 20);
    let head = if log.head().size == 20 { log.head() } else { other.head() };
    assert!(log.contains(&head).await.unwrap());
}

#[tokio::test]
async fn a_log_that_was_cut_is_whole_and_no_longer_holds_its_head() {
    let (_folder, store, log) = a_log().await;
    assert!(log.contains(&LogHead { size: 0, digest: Digest::ZERO }).await.unwrap());
    for at in 1..=3 {
        log.append(note(at, "record")).await.unwrap();
    }
    let head = log.head();
    sqlx::query("DROP TRIGGER audit_log_is_not_deleted").execute(store.pool()).await.unwrap();
    sqlx::query("DELETE FROM audit_log WHERE seq = 3").execute(store.pool()).await.unwrap();
    assert_eq!(log.verify().await.unwrap().size, 2);
    assert!(!log.contains(&head).await.unwrap());
    let forged = LogHead { size: 0, digest: head.digest };
    assert!(!log.contains(&forged).await.unwrap());
}

#[test]
fn no_two_entries_have_the_same_digest() {
    let first = Note { account: "ab", role: "c", ..note(1, "x") };
    let digest = digest_of;
    let one = digest(1, &first, Digest::ZERO);
    for (what, other) in [
        (
            "a letter moved to the next field",
            digest(1, &Note { account: "a", role: "bc", ..first.clone() }, Digest::ZERO),
        ),
        ("an empty field", digest(1, &Note { account: "", role: "abc", ..first.clone() }, Digest::ZERO)),
        ("another number", digest(2, &first, Digest::ZERO)),
        ("another time", digest(1, &Note { at: 2, ..first.clone() }, Digest::ZERO)),
        ("another event", digest(1, &Note { event: Event::SignIn, ..first.clone() }, Digest::ZERO)),
        ("another outcome", digest(1, &Note { outcome: "no", ..first.clone() }, Digest::ZERO)),
        ("another before it", digest(1, &first, one)),
    ] {
        assert_ne!(one, other, "{what}");
    }
    assert_eq!(one, digest(1, &first, Digest::ZERO));
}

#[tokio::test]
async fn a_log_longer_than_a_portion_is_checked_to_its_end() {
    let (_folder, store, log) = a_log().await;
    let mut head = LogHead { size: 0, digest: Digest::ZERO };
    let mut db = store.pool().begin().await.unwrap();
    for seq in 1..=1_001 {
        let entry = note(seq, "record");
        let digest = digest_of(seq.unsigned_abs(), &entry, head.digest);
        sqlx::query("INSERT INTO audit_log VALUES (?, ?, 'record.show', 'shen', 'INSPECTOR', '192.0.2.7', '0f0f0f0f0f0f0f0f', 'record', 'GRZHYE,XingMing', '01', 'ok', ?, ?)")
            .bind(seq)
            .bind(seq)
            .bind(head.digest.0.as_slice())
            .bind(digest.0.as_slice())
            .execute(&mut *db)
            .await
            .unwrap();
        head = LogHead { size: seq.unsigned_abs(), digest };
    }
    db.commit().await.unwrap();
    assert_eq!(log.verify().await.unwrap(), head);
    sqlx::query("DROP TRIGGER audit_log_is_not_changed").execute(store.pool()).await.unwrap();
    sqlx::query("UPDATE audit_log SET outcome = 'no' WHERE seq = 1001").execute(store.pool()).await.unwrap();
    assert!(matches!(log.verify().await, Err(StoreFault::LogBroken { seq: 1001 })));
}

fn digest_of(seq: u64, note: &Note<'_>, previous: Digest) -> Digest {
    Bound { seq, at: note.at, texts: note.texts() }.digest(&key(1).0, previous)
}
