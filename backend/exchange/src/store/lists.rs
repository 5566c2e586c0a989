//! Lists for the journal: filtered, newest first, without any answer.

use std::collections::BTreeSet;

use ledger::ids::{GrantId, Pseudonym, QueryId, Time};
use ledger::policy::Layer;
use ledger::receipt::DenialClass;
use ledger::wire::Bytes;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite};

use super::queries::{SHOWN, asker, state};
use super::{
    Store, answered_state, bytes32, get, integer, number, object, outcome, parse, query_id, time, unsigned,
};
use crate::fault::ExchangeFault;
use crate::limits::LIST_ROWS_MAX;
use crate::query::{Answered, AnsweredFilter, Listing, QueryFilter, QueryView, Times};

const QUERY_COLUMNS: &str = "query, stamp, state, code, waiting, denied_by, denied_class, denied_layer, denied_row,
    grant_id, provider, entry, purpose, items, account, role, clearance, assurance, zone, actor, shown, valid_until, drafted, asked,
    held, recorded, opened, closed";
const ANSWER_COLUMNS: &str =
    "query, state, code, class, layer, policy_row, requester, grant_id, entry, purpose, found,
    received, changed";

impl Store {
    /// One query, without its answer and its place on the chain.
    pub(crate) async fn view(&self, query: &QueryId) -> Result<Option<QueryView>, ExchangeFault> {
        let mut sql = QueryBuilder::<Sqlite>::new("SELECT ");
        sql.push(QUERY_COLUMNS).push(" FROM queries WHERE query = ").push_bind(query.0.to_vec());
        sql.build().fetch_optional(&self.read).await?.map(|row| self.read_view(&row)).transpose()
    }

    /// The stamp of a query.
    pub(crate) async fn stamp(&self, query: &QueryId) -> Result<Option<u64>, ExchangeFault> {
        let row = sqlx::query("SELECT stamp FROM queries WHERE query = ?")
            .bind(query.0.as_slice())
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| get::<i64>(&row, "stamp").map(unsigned)).transpose()
    }

    /// Queries of this department.
    pub(crate) async fn queries(&self, filter: &QueryFilter) -> Result<Listing<QueryView>, ExchangeFault> {
        let condition = |sql: &mut QueryBuilder<Sqlite>| {
            sql.push(" FROM queries WHERE 1");
            if let Some(grant) = &filter.grant {
                sql.push(" AND grant_id = ").push_bind(grant.0.to_vec());
            }
            if let Some(account) = &filter.account {
                sql.push(" AND account = ").push_bind(account.clone());
            }
            if let Some(case_no) = &filter.case_no {
                sql.push(" AND case_tag = ").push_bind(self.case_tag(case_no).to_vec());
            }
            if let Some(from) = filter.from {
                sql.push(" AND drafted >= ").push_bind(integer(from.0));
            }
            one_of(sql, filter.stages.iter().map(|stage| stage.code()));
        };
        let page = (filter.skip, filter.limit);
        self.page(QUERY_COLUMNS, &condition, " ORDER BY drafted DESC, query", page, |row| self.read_view(row))
            .await
    }

    /// Queries of other departments.
    pub(crate) async fn answered(&self, filter: &AnsweredFilter) -> Result<Listing<Answered>, ExchangeFault> {
        let condition = |sql: &mut QueryBuilder<Sqlite>| {
            sql.push(" FROM answers WHERE 1");
            if let Some(requester) = &filter.requester {
                sql.push(" AND requester = ").push_bind(requester.to_string());
            }
            if let Some(grant) = &filter.grant {
                sql.push(" AND grant_id = ").push_bind(grant.0.to_vec());
            }
            if let Some(from) = filter.from {
                sql.push(" AND received >= ").push_bind(integer(from.0));
            }
            if let Some(until) = filter.until {
                sql.push(" AND received < ").push_bind(integer(until.0));
            }
            one_of(sql, filter.states.iter().map(|state| state.code()));
        };
        let page = (filter.skip, filter.limit);
        self.page(ANSWER_COLUMNS, &condition, " ORDER BY received DESC, query", page, read_answered).await
    }

    /// Some of the rows that fit a condition, and how many fit it in all.
    async fn page<T>(
        &self,
        columns: &'static str,
        condition: &(dyn Fn(&mut QueryBuilder<Sqlite>) + Sync),
        order: &'static str,
        (skip, limit): (u32, u32),
        read: impl Fn(&SqliteRow) -> Result<T, ExchangeFault>,
    ) -> Result<Listing<T>, ExchangeFault> {
        let mut count = QueryBuilder::new("SELECT COUNT(*)");
        condition(&mut count);
        let total = count.build_query_scalar::<i64>().fetch_one(&self.read).await?;
        let mut sql = QueryBuilder::new("SELECT ");
        sql.push(columns);
        condition(&mut sql);
        sql.push(order).push(" LIMIT ").push_bind(limit.min(LIST_ROWS_MAX)).push(" OFFSET ").push_bind(skip);
        let rows = sql.build().fetch_all(&self.read).await?;
        let rows = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Listing { rows, total: unsigned(total) })
    }

    fn read_view(&self, row: &SqliteRow) -> Result<QueryView, ExchangeFault> {
        let query = query_id(row)?;
        let shown: Vec<u8> = get(row, "shown")?;
        let (case_no, subject): (Bytes, Bytes) = if shown.is_empty() {
            (Bytes::default(), Bytes::default()) // its papers were destroyed
        } else {
            super::decode(&self.open_sealed(SHOWN, &query.0, &shown)?, SHOWN)?
        };
        let text = |bytes: Bytes| String::from_utf8(bytes.0).map_err(|_| ExchangeFault::Damaged(SHOWN));
        let at = |column: &str| -> Result<Option<Time>, ExchangeFault> {
            Ok(get::<Option<i64>>(row, column)?.map(time))
        };
        Ok(QueryView {
            query,
            grant: bytes32(row, "grant_id").map(GrantId)?,
            provider: parse(row, "provider")?,
            entry: object(row, "entry")?,
            purpose: parse(row, "purpose")?,
            items: object(row, "items")?,
            asker: asker(row)?,
            actor: bytes32(row, "actor").map(Pseudonym)?,
            case_no: text(case_no)?,
            subject: text(subject)?,
            state: state(row)?,
            waiting: outcome(row, "waiting")?,
            stamp: unsigned(get(row, "stamp")?),
            times: Times {
                drafted: at("drafted")?.unwrap_or_default(),
                asked: at("asked")?,
                held: at("held")?,
                recorded: at("recorded")?,
                opened: at("opened")?,
                closed: at("closed")?,
            },
            valid_until: time(get(row, "valid_until")?),
            record: None,
            answer: None,
        })
    }
}

fn read_answered(row: &SqliteRow) -> Result<Answered, ExchangeFault> {
    Ok(Answered {
        query: query_id(row)?,
        requester: parse(row, "requester")?,
        grant: bytes32(row, "grant_id").map(GrantId)?,
        entry: object(row, "entry")?,
        purpose: parse(row, "purpose")?,
        state: answered_state(row)?,
        class: number(DenialClass::ALL, DenialClass::number, get(row, "class")?),
        layer: number(Layer::ALL, Layer::number, get(row, "layer")?),
        row: get(row, "policy_row")?,
        code: outcome(row, "code")?,
        found: get(row, "found")?,
        received: time(get(row, "received")?),
        changed: time(get(row, "changed")?),
    })
}

/// `AND state IN (…)` of bound values; nothing for an empty set.
fn one_of(sql: &mut QueryBuilder<Sqlite>, states: impl Iterator<Item = &'static str>) {
    let states: BTreeSet<&'static str> = states.collect();
    if states.is_empty() {
        return;
    }
    sql.push(" AND state IN (");
    let mut list = sql.separated(", ");
    for state in states {
        list.push_bind(state);
    }
    sql.push(")");
}
