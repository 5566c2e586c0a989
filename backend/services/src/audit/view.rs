//! What pages and files of the audit log show.

use ledger::role::Role;
use serde::Serialize;

use crate::audit_log::{AuditResult, LoggedEvent};
use crate::error::ServiceError;
use crate::facets::FacetValue;
use crate::page::Page;

/// Which entries someone may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// What everybody but the two other administrators did.
    Users,
    /// What system and security administrators did.
    Administrators,
    /// Everything: the command line, for who holds the machine.
    All,
}

impl Scope {
    /// What someone in this role reads; none for who reads nothing of it.
    #[must_use]
    pub const fn of(role: Role) -> Option<Self> {
        match role {
            Role::SecAdmin => Some(Self::Users),
            Role::AuditAdmin => Some(Self::Administrators),
            Role::BizUser
            | Role::ReqOperator
            | Role::ProvApprover
            | Role::Inspector
            | Role::SysAdmin
            | Role::CatalogEditor
            | Role::CatalogReviewer
            | Role::DeptLead
            | Role::DataOwnerOps
            | Role::CompReviewer
            | Role::CompMediator
            | Role::Reader => None,
        }
    }

    /// Its code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Administrators => "administrators",
            Self::All => "all",
        }
    }
}

/// What is searched for. Empty fields do not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditSearch {
    /// From this time on, ms UTC.
    pub from: Option<i64>,
    /// Up to this time.
    pub until: Option<i64>,
    /// Code of an event.
    pub event: Option<String>,
    /// An account.
    pub account: Option<String>,
    /// How it ended.
    pub result: Option<AuditResult>,
    /// Page, from 1.
    pub page: u64,
}

/// By what a search can be narrowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFacets {
    /// Events.
    pub event: Vec<FacetValue>,
    /// Accounts.
    pub account: Vec<FacetValue>,
    /// Results.
    pub result: Vec<FacetValue>,
}

/// A page of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPage {
    /// What the reader may read.
    pub scope: Scope,
    /// Entries, newest first.
    pub entries: Page<LoggedEvent>,
    /// Facets.
    pub facets: AuditFacets,
    /// Number of the entry that notes this look.
    pub noted_as: u64,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a head line.
    Csv,
    /// A JSON list.
    Json,
}

impl Format {
    /// The ending of its files.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// The format of an ending.
    #[must_use]
    pub fn from_ending(ending: &str) -> Option<Self> {
        [Self::Csv, Self::Json].into_iter().find(|format| format.ending() == ending)
    }
}

/// The log as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFile {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// An entry as it is written out: the log's own fields, the result in a word.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    entry: &'a LoggedEvent,
    time: String,
    result: &'static str,
}

/// The head line of a file; the same names as in JSON.
const HEAD: &str =
    "seq,at,time,event,account,role,address,session,object,items,purpose,result,outcome,digest";

/// Writes entries out.
///
/// # Errors
/// A fault when JSON cannot hold them.
pub fn file(entries: &[LoggedEvent], format: Format) -> Result<String, ServiceError> {
    match format {
        Format::Json => {
            let lines: Vec<Line<'_>> = entries.iter().map(Line::of).collect();
            serde_json::to_string_pretty(&lines)
                .map_err(|error| ServiceError::fault("the audit log could not be written as JSON", &error))
        }
        Format::Csv => {
            let mut text = format!("{HEAD}\r\n");
            for line in entries.iter().map(Line::of) {
                text.push_str(&line.csv());
            }
            Ok(text)
        }
    }
}

impl<'a> Line<'a> {
    fn of(entry: &'a LoggedEvent) -> Self {
        let time = jiff::Timestamp::from_millisecond(entry.at).map(|time| time.to_string());
        Self { entry, time: time.unwrap_or_default(), result: entry.result().code() }
    }

    /// RFC 4180, every field in quotes.
    fn csv(&self) -> String {
        let entry = self.entry;
        let (seq, at) = (entry.seq.to_string(), entry.at.to_string());
        let fields = [
            &*seq,
            &*at,
            &*self.time,
            &*entry.event,
            &*entry.account,
            &*entry.role,
            &*entry.address,
            &*entry.session,
            &*entry.object,
            &*entry.items,
            &*entry.purpose,
            self.result,
            &*entry.outcome,
            &*entry.digest,
        ];
        let quoted: Vec<String> =
            fields.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
        format!("{}\r\n", quoted.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> LoggedEvent {
        LoggedEvent {
            seq: 7,
            at: 1_763_000_000_000,
            event: "query.ask".into(),
            account: "lin".into(),
            role: "BIZ_USER".into(),
            address: "192.0.2.7".into(),
            session: "0f0f".into(),
            object: "a \"b\", c".into(),
            items: "GRZHYE,XingMing".into(),
            purpose: "01".into(),
            outcome: "denied national -".into(),
            digest: "ab".into(),
        }
    }

    #[test]
    fn a_file_holds_every_field_and_nothing_breaks_its_columns() {
        let csv = file(&[entry()], Format::Csv).unwrap();
        let lines: Vec<&str> = csv.split("\r\n").collect();
        assert_eq!(lines[0], HEAD);
        assert_eq!(
            lines[1],
            "\"7\",\"1763000000000\",\"2025-11-13T02:13:20Z\",\"query.ask\",\"lin\",\"BIZ_USER\",\"192.0.2.7\",\
             \"0f0f\",\"a \"\"b\"\", c\",\"GRZHYE,XingMing\",\"01\",\"refused\",\"denied national -\",\"ab\""
        );
        let json: serde_json::Value = serde_json::from_str(&file(&[entry()], Format::Json).unwrap()).unwrap();
        for name in HEAD.split(',') {
            assert!(!json[0][name].is_null(), "{name}");
        }
    }

    #[test]
    fn no_administrator_reads_their_own_doings() {
        assert_eq!(Scope::of(Role::AuditAdmin), Some(Scope::Administrators));
        assert_eq!(Scope::of(Role::SecAdmin), Some(Scope::Users));
        let others = Role::ALL.iter().filter(|role| Scope::of(**role).is_some()).count();
        assert_eq!(others, 2);
    }
}
