//! The bars around an officer's page: who is signed in, where one can go, how the chain is.

use services::ServiceError;
use services::codes::Role;
use services::worklist::{self, SideCounts};

use crate::clock;
use crate::language::Say;
use crate::menu::{self, Section};
use crate::number;
use crate::visit::Visit;

/// Top bar and side bar.
pub(crate) struct Shell {
    /// Name of the officer.
    pub(crate) name: String,
    /// First character of the name.
    pub(crate) initial: String,
    /// Role now worked in.
    pub(crate) role: Role,
    /// Roles the officer may change to.
    pub(crate) other_roles: Vec<Role>,
    /// When the officer last signed in before, if ever.
    pub(crate) last_sign_in: Option<i64>,
    /// The side bar.
    pub(crate) sections: Vec<Section>,
    /// State of the chain.
    pub(crate) chain: ChainPill,
    /// When this page was drawn.
    pub(crate) now: i64,
}

/// The chain's state as the top bar says it.
pub(crate) struct ChainPill {
    /// Height with thousands marked.
    pub(crate) height: String,
    /// How long ago the newest block was made.
    pub(crate) age: Say,
    /// Too long ago to work on.
    pub(crate) behind: bool,
}

impl Shell {
    /// Draws the bars for a visit.
    pub(crate) async fn of(visit: &Visit) -> Result<Self, ServiceError> {
        let counts = worklist::counts(visit.office(), &visit.officer).await?;
        Ok(Self::with(visit, &counts))
    }

    /// The bars without counts, for pages that tell of a fault.
    pub(crate) fn plain(visit: &Visit) -> Self {
        Self::with(visit, &SideCounts::default())
    }

    fn with(visit: &Visit, counts: &SideCounts) -> Self {
        let (officer, office) = (&visit.officer, &visit.guest.desk.office);
        let status = office.status();
        let name = officer.name().to_owned();
        Self {
            initial: name.chars().next().map(String::from).unwrap_or_default(),
            name,
            role: officer.role(),
            other_roles: officer.roles().into_iter().filter(|role| *role != officer.role()).collect(),
            last_sign_in: officer.last_sign_in(),
            sections: menu::sections(officer.role(), visit.guest.path(), &visit.guest.query(), counts),
            chain: ChainPill {
                height: number::count(status.height),
                age: clock::span(visit.guest.language, status.behind_ms),
                behind: status.behind,
            },
            now: office.now_ms(),
        }
    }
}
