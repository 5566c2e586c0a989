//! The side bar: what people of a role usually do, in the order they do it.
//!
//! It only shows ways; whether one may walk them is decided at each door.

use services::codes::Role;
use services::worklist::SideCounts;

use crate::form::Fields;

/// A heading with its entries.
#[derive(Debug)]
pub(crate) struct Section {
    /// Key of the heading; none for the first entry.
    pub(crate) title: Option<&'static str>,
    /// The entries.
    pub(crate) links: Vec<Link>,
}

/// One entry of the side bar.
#[derive(Debug)]
pub(crate) struct Link {
    /// Where it leads.
    pub(crate) href: &'static str,
    /// Icon of the sprite.
    pub(crate) icon: &'static str,
    /// Key of its text.
    pub(crate) key: &'static str,
    /// Whether this page belongs to it.
    pub(crate) current: bool,
    /// Things waiting there.
    pub(crate) waiting: Option<u64>,
}

/// An entry before it is known where the visitor is.
struct Way {
    href: &'static str,
    icon: &'static str,
    key: &'static str,
    waiting: u64,
}

const fn way(href: &'static str, icon: &'static str, key: &'static str) -> Way {
    Way { href, icon, key, waiting: 0 }
}

const fn counted(way: Way, waiting: u64) -> Way {
    Way { waiting, ..way }
}

const POLICIES: Way = way("/policies", "scale", "nav-policies");

/// The side bar of a role.
pub(crate) fn sections(role: Role, path: &str, query: &Fields, counts: &SideCounts) -> Vec<Section> {
    let home = (None, vec![way("/", "layout-dashboard", "nav-home")]);
    let ledger = (
        Some("nav-ledger"),
        vec![way("/chain", "cube", "nav-chain"), way("/departments", "building-bank", "nav-departments")],
    );
    let middle = match role {
        Role::BizUser | Role::ReqOperator => vec![(
            Some("nav-use"),
            vec![
                way("/catalogue", "books", "nav-catalogue"),
                counted(way("/requests", "file-text", "nav-requests"), counts.requests),
                countersigning(counts),
                way("/grants", "key", "nav-grants"),
                counted(way("/queries", "user-search", "nav-queries"), counts.queries),
                way("/receipts", "receipt", "nav-receipts"),
            ],
        )],
        Role::ProvApprover => vec![(
            Some("nav-provide"),
            vec![
                counted(way("/requests?side=received", "checklist", "nav-approvals"), counts.approvals),
                countersigning(counts),
                way("/grants?side=received", "key", "nav-grants-given"),
                way("/receipts", "receipt", "nav-receipts"),
                way("/catalogue", "books", "nav-catalogue"),
                POLICIES,
            ],
        )],
        Role::DeptLead => vec![(
            Some("nav-lead"),
            vec![
                countersigning(counts),
                way("/requests", "file-text", "nav-requests"),
                way("/requests?side=received", "checklist", "nav-approvals"),
                way("/grants", "key", "nav-grants"),
                way("/grants?side=received", "key", "nav-grants-given"),
                way("/receipts", "receipt", "nav-receipts"),
                way("/inspections", "file-search", "nav-inspected"),
                way("/catalogue", "books", "nav-catalogue"),
                POLICIES,
            ],
        )],
        Role::Inspector => vec![(
            Some("nav-inspect"),
            vec![
                counted(way("/inspections", "checklist", "nav-inspections"), counts.inspections),
                way("/log", "list-search", "nav-log"),
                way("/replay", "refresh", "nav-replay"),
                way("/catalogue", "books", "nav-catalogue"),
                POLICIES,
            ],
        )],
        Role::CompReviewer => {
            vec![(Some("nav-use"), vec![way("/catalogue", "books", "nav-catalogue"), POLICIES])]
        }
        Role::CatalogEditor
        | Role::CatalogReviewer
        | Role::DataOwnerOps
        | Role::CompMediator
        | Role::Reader => vec![(Some("nav-use"), vec![way("/catalogue", "books", "nav-catalogue")])],
        Role::SysAdmin => vec![managing(counts)],
        Role::SecAdmin | Role::AuditAdmin => {
            let watched = vec![
                way("/audit", "shield-check", "nav-audit"),
                way("/inspections", "file-search", "nav-inspected"),
                way("/replay", "refresh", "nav-replay"),
            ];
            vec![
                (Some("nav-rules"), vec![counted(POLICIES, counts.policies)]),
                managing(counts),
                (Some("nav-watch"), watched),
            ]
        }
    };
    std::iter::once(home)
        .chain(middle)
        .chain(std::iter::once(ledger))
        .map(|(title, ways)| Section {
            title,
            links: ways.into_iter().map(|way| way.seen_from(role, path, query)).collect(),
        })
        .collect()
}

/// The steps that take a second officer.
const fn countersigning(counts: &SideCounts) -> Way {
    counted(way("/countersign", "users", "nav-countersign"), counts.countersign)
}

/// The heading of who keeps accounts.
fn managing(counts: &SideCounts) -> (Option<&'static str>, Vec<Way>) {
    (Some("nav-manage"), vec![counted(way("/staff", "users", "nav-staff"), counts.staff)])
}

impl Way {
    fn seen_from(self, role: Role, path: &str, query: &Fields) -> Link {
        Link {
            current: leads_to(self.href, role, path, query),
            href: self.href,
            icon: self.icon,
            key: self.key,
            waiting: Some(self.waiting).filter(|waiting| *waiting > 0),
        }
    }
}

/// Whether a page lies under an entry: `/requests/8c…` under `/requests`; a record that an
/// inspector opens under the log.
fn leads_to(href: &str, role: Role, path: &str, query: &Fields) -> bool {
    let (base, question) = href.split_once('?').unwrap_or((href, ""));
    if role == Role::Inspector && base == "/log" && path.starts_with("/receipts/") {
        return true;
    }
    if base == "/" {
        return path == "/";
    }
    if path != base {
        return path.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'));
    }
    match question.split_once('=') {
        None => query.some("side").is_none_or(|side| side == "sent"),
        Some((name, value)) => query.has(name, value) || query.some(name).is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn current(role: Role, path: &str, query: &str) -> Vec<&'static str> {
        let query = Fields::read(query.as_bytes()).unwrap();
        sections(role, path, &query, &SideCounts::default())
            .into_iter()
            .flat_map(|section| section.links)
            .filter(|link| link.current)
            .map(|link| link.key)
            .collect()
    }

    #[test]
    fn every_page_lies_under_one_entry() {
        assert_eq!(current(Role::ReqOperator, "/", ""), ["nav-home"]);
        assert_eq!(current(Role::ReqOperator, "/requests/8c41", ""), ["nav-requests"]);
        assert_eq!(current(Role::ReqOperator, "/catalogue/entry", "code=1"), ["nav-catalogue"]);
        assert_eq!(current(Role::ProvApprover, "/requests", "side=received"), ["nav-approvals"]);
        assert_eq!(current(Role::DeptLead, "/countersign/8c41", ""), ["nav-countersign"]);
        assert_eq!(current(Role::ProvApprover, "/grants/11", ""), ["nav-grants-given"]);
        assert_eq!(current(Role::Inspector, "/receipts/8c41", ""), ["nav-log"]);
        assert_eq!(current(Role::Inspector, "/inspections/8c41", ""), ["nav-inspections"]);
        assert_eq!(current(Role::AuditAdmin, "/inspections", ""), ["nav-inspected"]);
        assert_eq!(current(Role::Inspector, "/chain/blocks/4", ""), ["nav-chain"]);
        assert_eq!(current(Role::AuditAdmin, "/replay/7f3a", ""), ["nav-replay"]);
        assert_eq!(current(Role::AuditAdmin, "/staff/7", ""), ["nav-staff"]);
        assert_eq!(current(Role::SecAdmin, "/policies/national/diff", "version=copy"), ["nav-policies"]);
        assert_eq!(current(Role::ProvApprover, "/policies", ""), ["nav-policies"]);
    }
}
