//! The read model: rebuilt, it holds the same rows.

use services::{Office, Role, journal};
use sqlx::{Row as _, SqliteConnection};

use crate::town::{Department, Town};
use crate::workflow::{a_request, approve_all, ask_for};

/// Every value of every row of the read model.
async fn dump(department: &Department) -> Vec<String> {
    use sqlx::Connection as _;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&department.database);
    let mut db = SqliteConnection::connect_with(&options).await.unwrap();
    let mut rows = Vec::new();
    for statement in [
        "SELECT hex(code || version || provider || body || latest || at || height) FROM j_entry ORDER BY 1",
        "SELECT hex(id) || number || requester || provider || code || status || hex(tx) || at || height
           || coalesce(decided_at, '-') || coalesce(hex(grant_id), '-') FROM j_request ORDER BY 1",
        "SELECT hex(id) || number || hex(request) || quota || used || uses || from_at || until_at || at
           || coalesce(revoked_at, '-') FROM j_grant ORDER BY 1",
        "SELECT hex(query) || answered || at || day || height || place FROM j_record ORDER BY 1",
        "SELECT count(*) || '' FROM j_entry_text WHERE j_entry_text MATCH '\"缴存证明\"'",
    ] {
        for row in sqlx::query(statement).fetch_all(&mut db).await.unwrap() {
            rows.push(row.get::<String, _>(0));
        }
    }
    db.close().await.unwrap();
    rows
}

async fn settled(office: &Office) {
    let height = office.status().height;
    crate::town::until(|| async { office.projected_height() >= height }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rebuilding_gives_the_same_rows() {
    let town = Town::small().await;
    let operator = town.sz.officer("su", Role::ReqOperator).await;
    let approver = town.gz.officer("lin", Role::ProvApprover).await;
    let input = a_request(&town.sz, &operator).await;
    let request = ask_for(&town.sz, &operator, input).await;
    approve_all(&town, &approver, &request.id).await;
    let input = a_request(&town.sz, &operator).await;
    ask_for(&town.sz, &operator, input).await;
    settled(&town.sz.office).await;
    let live = dump(&town.sz).await;
    assert_eq!(live.len(), 1 + 2 + 1 + 1);
    journal::rebuild(&town.sz.office).await.unwrap();
    assert_eq!(dump(&town.sz).await, live);
    settled(&town.gz.office).await;
    assert_eq!(dump(&town.gz).await, live, "every office has the same chain");
    town.stop().await;
}
