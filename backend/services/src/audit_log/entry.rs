//! One entry: how it is said, what binds it to the one before, how it is read.

use std::borrow::Cow;

use gm::sm3::{Digest, hmac};
use ledger::wire::{Bytes, to_bytes};
use sqlx::Row as _;

use super::Event;
use crate::throttle::Source;

/// Before everything digested here, so that an entry is never taken for another object.
const TAG: &[u8; 16] = b"zl2:audit-entry\0";

/// Texts of an entry, in the order of their columns.
const TEXTS: usize = 9;

/// From where someone acted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// The address (IPv4) or network (IPv6) asked from; empty for the process itself.
    pub address: String,
    /// The beginning of the session's digest; empty without one. The session's id is nowhere.
    pub session: String,
}

/// Digits of a session's digest that stand in an entry: enough to tell sessions apart.
const SESSION_DIGITS: usize = 16;

impl Seen {
    /// From a source, in the session of a digest, as far as both are known.
    pub(crate) fn of(source: Option<Source>, session: Option<&Digest>) -> Self {
        let digits = |digest: &Digest| hex::encode(digest.0).chars().take(SESSION_DIGITS).collect();
        Self {
            address: source.map(|source| source.to_string()).unwrap_or_default(),
            session: session.map(digits).unwrap_or_default(),
        }
    }
}

/// One thing to be noted.
#[derive(Debug, Clone)]
pub struct Note<'a> {
    /// When, ms UTC by the node's clock.
    pub at: i64,
    /// What.
    pub event: Event,
    /// The account; `system` for the process itself.
    pub account: &'a str,
    /// The role it acted in; empty before it has one.
    pub role: &'a str,
    /// From where.
    pub seen: Seen,
    /// The request, grant, query, entry: ids and codes only.
    pub object: &'a str,
    /// Codes of the items it was about, where it was about some.
    pub items: Vec<String>,
    /// Code of the purpose, where there is one.
    pub purpose: &'a str,
    /// `ok`, or the code of the refusal.
    pub outcome: &'a str,
}

impl<'a> Note<'a> {
    /// What the process did by itself, or its command line.
    #[must_use]
    pub fn of_system(at: i64, event: Event, object: &'a str, outcome: &'a str) -> Self {
        Self {
            at,
            event,
            account: "system",
            role: "",
            seen: Seen::default(),
            object,
            items: Vec::new(),
            purpose: "",
            outcome,
        }
    }

    pub(super) fn texts(&self) -> [Cow<'_, str>; TEXTS] {
        [
            self.event.code().into(),
            self.account.into(),
            self.role.into(),
            self.seen.address.as_str().into(),
            self.seen.session.as_str().into(),
            self.object.into(),
            self.items.join(",").into(),
            self.purpose.into(),
            self.outcome.into(),
        ]
    }
}

/// How what was wanted ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditResult {
    /// It was done.
    Done,
    /// A rule or a policy said no.
    Refused,
    /// Something broke.
    Failed,
}

impl AuditResult {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Done, Self::Refused, Self::Failed];

    /// Its code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// The result of a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|result| result.code() == code)
    }
}

/// One entry as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LoggedEvent {
    /// Number, from 1.
    pub seq: u64,
    /// When, ms UTC.
    pub at: i64,
    /// Code of the event.
    pub event: String,
    /// The account.
    pub account: String,
    /// The role.
    pub role: String,
    /// Address or network asked from.
    pub address: String,
    /// Beginning of the session's digest.
    pub session: String,
    /// Ids and codes only.
    pub object: String,
    /// Item codes, between commas.
    pub items: String,
    /// Code of the purpose.
    pub purpose: String,
    /// `ok`, or a code.
    pub outcome: String,
    /// HMAC-SM3 of this entry and the one before, hexadecimal.
    pub digest: String,
}

impl LoggedEvent {
    pub(crate) fn read(row: &sqlx::sqlite::SqliteRow) -> Result<Self, sqlx::Error> {
        let digest: Vec<u8> = row.try_get("digest")?;
        Ok(Self {
            seq: u64::try_from(row.try_get::<i64, _>("seq")?).unwrap_or_default(),
            at: row.try_get("at")?,
            event: row.try_get("event")?,
            account: row.try_get("account")?,
            role: row.try_get("role")?,
            address: row.try_get("address")?,
            session: row.try_get("session")?,
            object: row.try_get("object")?,
            items: row.try_get("items")?,
            purpose: row.try_get("purpose")?,
            outcome: row.try_get("outcome")?,
            digest: hex::encode(digest),
        })
    }

    /// How it ended.
    #[must_use]
    pub fn result(&self) -> AuditResult {
        match self.outcome.as_str() {
            "ok" => AuditResult::Done,
            fault if fault.starts_with("E-") => AuditResult::Failed,
            _ => AuditResult::Refused,
        }
    }

    pub(super) fn bound(&self) -> Bound<'_> {
        let texts = [
            &self.event,
            &self.account,
            &self.role,
            &self.address,
            &self.session,
            &self.object,
            &self.items,
            &self.purpose,
            &self.outcome,
        ];
        Bound { seq: self.seq, at: self.at, texts: texts.map(|text| text.as_str().into()) }
    }
}

/// Everything of an entry that its digest covers.
pub(super) struct Bound<'a> {
    pub(super) seq: u64,
    pub(super) at: i64,
    pub(super) texts: [Cow<'a, str>; TEXTS],
}

impl Bound<'_> {
    /// Lengths stand before the texts, so that no two entries have the same bytes.
    pub(super) fn digest(&self, key: &Digest, previous: Digest) -> Digest {
        let texts: Vec<Bytes> = self.texts.iter().map(|text| Bytes(text.as_bytes().to_vec())).collect();
        hmac(&key.0, &[TAG, &to_bytes(&(self.seq, self.at.unsigned_abs(), texts, previous))])
    }
}
