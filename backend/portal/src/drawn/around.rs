//! What is around a drawn page: side bar, counts, the pill of the chain.

use services::codes::Role;
use services::worklist::SideCounts;

use super::things;
use crate::clock;
use crate::form::Fields;
use crate::language::Language;
use crate::menu;
use crate::pager::Pager;
use crate::shell::{ChainPill, Shell};

pub(super) fn shell(language: Language, role: Role, here: &str) -> Shell {
    let (path, question) = here.split_once('?').unwrap_or((here, ""));
    let query = Fields::read(question.as_bytes()).unwrap();
    let counts = SideCounts {
        approvals: 3,
        requests: 2,
        queries: 0,
        staff: 8,
        inspections: 1,
        countersign: 1,
        policies: 1,
    };
    Shell {
        name: "\u{5f20}\u{4e09}".into(),
        initial: "\u{5f20}".into(),
        role,
        other_roles: vec![Role::ProvApprover]
            .into_iter()
            .filter(|other| *other != role && role.goes_with(*other))
            .collect(),
        last_sign_in: Some(things::NOW - 86_400_000),
        sections: menu::sections(role, path, &query, &counts),
        chain: ChainPill { height: "1,204".into(), age: clock::span(language, 2_000), behind: false },
        now: things::NOW,
    }
}

pub(super) fn pager(page: u64, total: u64) -> Pager {
    let page = services::Page { rows: vec![0; 2], total, page, per_page: 2 };
    Pager::of(&page, &Fields::default(), "/requests")
}
