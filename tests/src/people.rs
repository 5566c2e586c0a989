//! Fictional people with provident fund accounts, and the SQLite file in which
//! a centre keeps them.
//!
//! No real person can match: identity numbers start with 990000, a division
//! that was never assigned, and mobile numbers with 100.

use std::collections::BTreeSet;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions, Connection, QueryBuilder, Sqlite};

use crate::centres::Centre;
use crate::seed::{Seed, Stream};

/// People per `INSERT`: 18 values each, below SQLite's 32,766 variables.
const ROWS_PER_INSERT: usize = 1_000;

/// One person's account, as the centre's own table holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Kind of document; always `01`, the identity card.
    pub id_type: String,
    /// Citizen number with a valid check digit (GB 11643).
    pub id_number: String,
    /// Name.
    pub name: String,
    /// Name of the centre.
    pub centre: String,
    /// Personal account, 20 digits.
    pub account: String,
    /// Employer.
    pub employer: String,
    /// Day the account was opened, `YYYY-MM-DD`.
    pub opened_on: String,
    /// 01 normal, 02 sealed.
    pub status: String,
    /// Contribution base a month, yuan with two decimals.
    pub base: String,
    /// The employer's rate, `0.05` to `0.12`.
    pub employer_rate: String,
    /// The employee's rate.
    pub employee_rate: String,
    /// Contribution a month (both shares), yuan with two decimals.
    pub monthly: String,
    /// Balance, yuan with two decimals.
    pub balance: String,
    /// First month of the unbroken contributions, `YYYY-MM`.
    pub unbroken_from: String,
    /// Last month of them.
    pub unbroken_until: String,
    /// Number of those months.
    pub unbroken_months: u64,
    /// Month up to which contributions are paid.
    pub paid_until: String,
    /// Mobile number.
    pub mobile: String,
}

impl Person {
    /// Values that must be found nowhere but in the owner's table and, sealed,
    /// on the way to who asked for them.
    #[must_use]
    pub fn secrets(&self) -> [&str; 5] {
        [&self.id_number, &self.name, &self.account, &self.mobile, &self.balance]
    }
}

/// The people of one centre: always the same for one seed.
#[must_use]
pub fn people(seed: Seed, centre: &Centre, count: usize) -> Vec<Person> {
    let mut stream = seed.stream(&format!("people of {}", centre.short));
    let mut taken = BTreeSet::new();
    let mut people = Vec::with_capacity(count);
    while people.len() < count {
        let person = person(&mut stream, centre);
        if taken.insert(person.id_number.clone()) {
            people.push(person);
        }
    }
    people
}

fn person(stream: &mut Stream, centre: &Centre) -> Person {
    let base_cents = stream.between(300_000, 3_800_000);
    let (employer_percent, employee_percent) = (stream.between(5, 12), stream.between(5, 12));
    let monthly_cents = base_cents * (employer_percent + employee_percent) / 100;
    let months = stream.between(1, 180);
    // Contributions are paid up to October 2026 in every account that is not sealed.
    let sealed = stream.between(0, 19) == 0;
    let until = 2026 * 12 + 9 - if sealed { stream.between(2, 40) } else { 0 };
    let from = until - (months - 1);
    let opened = from - stream.between(0, 24);
    Person {
        id_type: "01".to_owned(),
        id_number: id_number(stream),
        name: name(stream),
        centre: centre.name_zh.to_owned(),
        account: format!("000000{}", stream.digits(14)),
        employer: employer(stream),
        opened_on: format!("{}-{:02}", month(opened), stream.between(1, 28)),
        status: if sealed { "02" } else { "01" }.to_owned(),
        base: yuan(base_cents),
        employer_rate: format!("0.{employer_percent:02}"),
        employee_rate: format!("0.{employee_percent:02}"),
        monthly: yuan(monthly_cents),
        balance: yuan(monthly_cents * months * stream.between(40, 99) / 100 + stream.between(1, 99)),
        unbroken_from: month(from),
        unbroken_until: month(until),
        unbroken_months: months,
        paid_until: month(until),
        mobile: format!("100{}", stream.digits(8)),
    }
}

fn yuan(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// Months counted from year 0 as `YYYY-MM`.
fn month(months: u64) -> String {
    format!("{:04}-{:02}", months / 12, months % 12 + 1)
}

/// A citizen number of the never assigned division 990000 (GB 11643).
fn id_number(stream: &mut Stream) -> String {
    let (year, month, day) = (stream.between(1962, 2005), stream.between(1, 12), stream.between(1, 28));
    let body = format!("990000{year}{month:02}{day:02}{}", stream.digits(3));
    let check = id_check_digit(&body);
    format!("{body}{check}")
}

/// The check digit of the first 17 digits of a citizen number.
#[must_use]
pub fn id_check_digit(body: &str) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const DIGITS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let sum: u32 = body
        .chars()
        .filter_map(|digit| digit.to_digit(10))
        .zip(WEIGHTS)
        .map(|(digit, weight)| digit * weight)
        .sum();
    DIGITS[sum as usize % 11]
}

fn name(stream: &mut Stream) -> String {
    const SURNAMES: [&str; 40] = [
        "赵", "钱", "孙", "李", "周", "吴", "郑", "王", "冯", "陈", "褚", "卫", "蒋", "沈", "韩", "杨", "朱",
        "秦", "许", "何", "吕", "施", "张", "孔", "曹", "严", "华", "金", "魏", "陶", "姜", "戚", "谢", "邹",
        "喻", "欧阳", "司马", "上官", "诸葛", "慕容",
    ];
    const GIVEN: [&str; 48] = [
        "云", "山", "江", "海", "星", "月", "晨", "曦", "松", "柏", "竹", "兰", "梅", "荷", "枫", "桐", "文",
        "思", "明", "远", "知", "行", "书", "画", "琴", "棋", "安", "宁", "康", "乐", "和", "平", "嘉", "瑞",
        "祥", "泽", "润", "清", "澄", "澈", "雨", "雪", "霜", "露", "风", "岚", "霁", "虹",
    ];
    let surname = *stream.pick(&SURNAMES);
    // Three given characters would be rare; one or two are the rule.
    let second = if stream.between(0, 3) == 0 { "" } else { *stream.pick(&GIVEN) };
    format!("{surname}{}{second}", stream.pick(&GIVEN))
}

fn employer(stream: &mut Stream) -> String {
    const PLACES: [&str; 12] =
        ["望岭", "临川湾", "云桥", "石浦", "青河", "南栅", "白鹭", "长汀口", "松坪", "泉山", "月湖", "柳堤"];
    const TRADES: [&str; 12] =
        ["机械", "纺织", "软件", "物流", "食品", "建材", "医药", "印务", "环保", "电子", "园林", "商贸"];
    format!("{}{}有限公司（演示）", stream.pick(&PLACES), stream.pick(&TRADES))
}

/// Writes the people into a new SQLite file, indexed by what is asked for.
///
/// # Errors
/// What SQLite says.
pub async fn write(path: &Path, people: &[Person]) -> Result<(), sqlx::Error> {
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Delete)
        .connect()
        .await?;
    sqlx::query(
        "CREATE TABLE deposit (
            id_type TEXT NOT NULL, id_number TEXT NOT NULL, name TEXT NOT NULL, centre TEXT NOT NULL,
            account TEXT NOT NULL, employer TEXT NOT NULL, opened_on TEXT NOT NULL, status TEXT NOT NULL,
            base TEXT NOT NULL, employer_rate TEXT NOT NULL, employee_rate TEXT NOT NULL,
            monthly TEXT NOT NULL, balance TEXT NOT NULL, unbroken_from TEXT NOT NULL,
            unbroken_until TEXT NOT NULL, unbroken_months INTEGER NOT NULL, paid_until TEXT NOT NULL,
            mobile TEXT NOT NULL) STRICT",
    )
    .execute(&mut connection)
    .await?;
    let mut transaction = connection.begin().await?;
    for some in people.chunks(ROWS_PER_INSERT) {
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO deposit ");
        insert.push_values(some, |mut row, person| {
            row.push_bind(&person.id_type)
                .push_bind(&person.id_number)
                .push_bind(&person.name)
                .push_bind(&person.centre)
                .push_bind(&person.account)
                .push_bind(&person.employer)
                .push_bind(&person.opened_on)
                .push_bind(&person.status)
                .push_bind(&person.base)
                .push_bind(&person.employer_rate)
                .push_bind(&person.employee_rate)
                .push_bind(&person.monthly)
                .push_bind(&person.balance)
                .push_bind(&person.unbroken_from)
                .push_bind(&person.unbroken_until)
                .push_bind(i64::try_from(person.unbroken_months).unwrap_or(i64::MAX))
                .push_bind(&person.paid_until)
                .push_bind(&person.mobile);
        });
        insert.build().execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    for column in ["id_type", "id_number", "name"] {
        let index = format!("CREATE INDEX deposit_{column} ON deposit ({column})");
        sqlx::query(sqlx::AssertSqlSafe(index)).execute(&mut connection).await?;
    }
    connection.close().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_those_of_the_standard() {
        // The standard's own example and DOMAIN's fictional one.
        assert_eq!(id_check_digit("34052419800101001"), 'X');
        assert_eq!(id_check_digit("99000019900101001"), '7');
    }

    #[test]
    fn people_are_fictional_distinct_and_the_same_for_one_seed() {
        let centre = Centre::named("su");
        let some = people(Seed(1), centre, 300);
        assert_eq!(some, people(Seed(1), centre, 300));
        assert_ne!(some, people(Seed(2), centre, 300));
        let numbers: BTreeSet<&str> = some.iter().map(|person| person.id_number.as_str()).collect();
        assert_eq!(numbers.len(), 300);
        for person in &some {
            assert!(person.id_number.starts_with("990000") && person.id_number.len() == 18);
            assert!(person.id_number.ends_with(id_check_digit(&person.id_number[..17])));
            assert!(person.mobile.starts_with("100") && person.mobile.len() == 11);
            assert_eq!(person.account.len(), 20);
        }
    }

    #[tokio::test]
    async fn a_written_file_holds_everybody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("centre.sqlite");
        write(&path, &people(Seed(3), Centre::named("gz"), 1_500)).await.unwrap();
        let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM deposit").fetch_one(&mut connection).await.unwrap();
        assert_eq!(count, 1_500);
    }
}
