use super::*;
use crate::person::{Person, Subject};
use crate::source::Source;
use ledger::ids::Time;
use ledger::request::RowScope;
use ledger::text::Text;
use std::path::Path;
use tempfile::TempDir;

const TABLE: &str = "CREATE TABLE deposits (id_type TEXT, id_number TEXT, name VARCHAR(120), state CHAR(2),
    balance NUMERIC, paid REAL, months INTEGER, unit TEXT, picture BLOB);";
const INDEX: &str = "CREATE INDEX by_number ON deposits (id_number, name);";
const PEOPLE: &str = "INSERT INTO deposits VALUES
    ('01', '990000199001010017', '张三', '01', 12345.6, 300.5, 31, '某某公司', NULL),
    ('01', '990000199001010017', '张三', '02', NULL, 1e3, 2, '另一公司', NULL),
    ('01', '990000199001010033', '李小明', '01', '88.80', 0, 1, NULL, NULL);";

const BINDING: &str = r#"
    entry = "307001/000001@1"
    sqlite = "people.sqlite"
    table = "deposits"
    [keys]
    ZJLX = "id_type"
    ZJHM = "id_number"
    XingMing = "name"
    [items]
    XingMing = "name"
    GRZHZT = "state"
    GRZHYE = "balance"
    YJCE = "paid"
    LXJCYS = "months"
    DWMC = "unit"
"#;

async fn database(statements: &[&'static str]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let options =
        SqliteConnectOptions::new().filename(dir.path().join("people.sqlite")).create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    for statement in statements {
        sqlx::raw_sql(*statement).execute(&pool).await.unwrap();
    }
    pool.close().await;
    dir
}

fn binding(text: &str, dir: &Path) -> Binding {
    Binding::parse(text, dir).unwrap()
}

fn person(name: &str, number: &str) -> Person {
    let subject = Subject { name: name.into(), id_type: "01".into(), id_number: number.into() };
    subject.checked(Time(1_795_190_400_000)).ok().unwrap()
}

async fn read(
    source: &SqliteSource,
    person: &Person,
    items: &[(&str, DataType)],
    scope: Option<&RowScope>,
) -> Vec<Vec<Option<String>>> {
    let items = items.iter().map(|(item, data_type)| (item.parse().unwrap(), *data_type)).collect();
    let rows = source.read(&Reading { person, items, scope }).await.unwrap();
    rows.iter().map(|row| row.plain().into_values().collect()).collect()
}

#[tokio::test]
async fn a_person_is_found_when_all_keys_match() {
    let dir = database(&[TABLE, INDEX, PEOPLE]).await;
    let Source::Sqlite(source) = Source::open(&binding(BINDING, dir.path())).await.unwrap();
    let zhang = person("张三", "990000199001010017");
    let items = [("GRZHYE", DataType::Money), ("LXJCYS", DataType::Integer), ("YJCE", DataType::Money)];
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        read(&source, &zhang, &items, None).await,
        [[text("12345.60"), text("31"), text("300.50")], [None, text("2"), text("1000.00")]]
    );
    for other in [person("张三丰", "990000199001010017"), person("李小明", "990000199001010017")] {
        assert!(read(&source, &other, &items, None).await.is_empty());
    }
}

#[tokio::test]
async fn the_row_scope_narrows() {
    let dir = database(&[TABLE, INDEX, PEOPLE]).await;
    let Source::Sqlite(source) = Source::open(&binding(BINDING, dir.path())).await.unwrap();
    let scope = RowScope { item: "GRZHZT".parse().unwrap(), equals: Text::new("02").unwrap() };
    let rows =
        read(&source, &person("张三", "990000199001010017"), &[("DWMC", DataType::Text)], Some(&scope)).await;
    assert_eq!(rows, [[Some("另一公司".to_owned())]]);
}

#[tokio::test]
async fn whether_there_is_a_person_is_seen_without_any_item() {
    let dir = database(&[TABLE, INDEX, PEOPLE]).await;
    let Source::Sqlite(source) = Source::open(&binding(BINDING, dir.path())).await.unwrap();
    assert_eq!(read(&source, &person("李小明", "990000199001010033"), &[], None).await.len(), 1);
}

#[tokio::test]
async fn text_of_a_request_never_becomes_a_statement() {
    let dir = database(&[TABLE, INDEX, PEOPLE]).await;
    let Source::Sqlite(source) = Source::open(&binding(BINDING, dir.path())).await.unwrap();
    for name in ["' OR '1'='1", "张三' --", "\" OR 1=1 --", "'; DROP TABLE deposits; --", "%", "张_"] {
        let asked = person(name, "990000199001010017");
        assert!(read(&source, &asked, &[("DWMC", DataType::Text)], None).await.is_empty(), "{name}");
    }
    assert_eq!(read(&source, &person("李小明", "990000199001010033"), &[], None).await.len(), 1);
}

#[tokio::test]
async fn the_file_is_opened_read_only() {
    let dir = database(&[TABLE, INDEX, PEOPLE]).await;
    let Source::Sqlite(source) = Source::open(&binding(BINDING, dir.path())).await.unwrap();
    assert!(sqlx::query("DELETE FROM deposits").execute(&source.pool).await.is_err());
    assert!(Source::open(&binding(BINDING, &dir.path().join("elsewhere"))).await.is_err());
}

#[tokio::test]
async fn a_binding_that_does_not_fit_its_table_is_refused() {
    for (statements, from, to, says) in [
        (vec![TABLE, INDEX], "\"deposits\"", "\"people\"", "table people"),
        (vec![TABLE, INDEX], "\"unit\"", "\"office\"", "column office"),
        (vec![TABLE, INDEX], "\"unit\"", "\"picture\"", "bytes"),
        (vec![TABLE, INDEX], "ZJLX = \"id_type\"", "ZJLX = \"months\"", "text type"),
        (vec![TABLE], "", "", "not indexed"),
        (vec![TABLE, "CREATE INDEX by_name ON deposits (name, id_number)"], "", "", "not indexed"),
        (vec![TABLE, "CREATE INDEX some ON deposits (id_number) WHERE state = '01'"], "", "", "not indexed"),
    ] {
        let dir = database(&statements).await;
        let text = BINDING.replace(from, to);
        let error = Source::open(&binding(&text, dir.path())).await.err().unwrap().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_source_that_fails_says_nothing_of_any_value() {
    let dir = database(&[
        "CREATE TABLE deposits (id_type TEXT, id_number TEXT, name TEXT, state TEXT, balance NUMERIC, paid REAL,
            months INTEGER, unit TEXT);",
        INDEX,
        "INSERT INTO deposits VALUES ('01', '990000199001010017', '张三', '01', x'00ff', 1, 1, '公司');",
    ])
    .await;
    let Source::Sqlite(source) = Source::open(&binding(BINDING, dir.path())).await.unwrap();
    let zhang = person("张三", "990000199001010017");
    let items = BTreeMap::from([("GRZHYE".parse().unwrap(), DataType::Money)]);
    let error = source.read(&Reading { person: &zhang, items, scope: None }).await.err().unwrap().to_string();
    assert!(
        error.contains("neither text nor a number") && !error.contains("张三") && !error.contains("9900"),
        "{error}"
    );
}
