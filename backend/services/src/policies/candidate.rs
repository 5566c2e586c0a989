//! A layer's next version from a file, for the command line: examined and previewed beside the running process,
//! and put where an administrator drafts it. Nothing is signed here: a version has two officers' names.

use std::sync::Arc;

use access::{Judge, PolicySets};
use gm::domain::ChainId;
use ledger::ids::DepartmentId;
use ledger::policy::PolicySet;
use ledger::refusal::Refusal;
use ledger::state::StateRead;

use crate::audit_log::{AuditLog, Event, Note};
use crate::codes::OfficeRefusal;
use crate::error::ServiceError;
use crate::names::Names;
use crate::policies::amend::sound;
use crate::policies::copy::{self, Change, WorkingCopy};
use crate::policies::file;
use crate::policies::layer::{self, LayerState};
use crate::policies::preview::{Kept, Trial};
use crate::policies::rows;
use crate::policies::show::object;
use crate::policies::view::{ChangeView, Comes, FindingView, LineWrong, Previewed, Which};
use crate::store::OfficeStore;

/// What is to be said about a file before it is drafted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// The layer's owner.
    pub owner: String,
    /// The number that the version would get.
    pub number: u64,
    /// Its rows.
    pub rows: u64,
    /// What is found about it, by row.
    pub findings: Vec<FindingView>,
    /// How it differs from what is in force.
    pub changes: Vec<ChangeView>,
    /// When it would be in force.
    pub comes: Comes,
    /// Whether this department writes the layer.
    pub is_ours: bool,
}

/// Why a file is no next version.
#[derive(Debug)]
pub enum CandidateError {
    /// There is no such layer, or it does not concern this department.
    NoLayer,
    /// These lines cannot be taken.
    Wrong(Vec<LineWrong>),
    /// Something else.
    Service(ServiceError),
}

impl From<ServiceError> for CandidateError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::NotFound => Self::NoLayer,
            other => Self::Service(other),
        }
    }
}

/// A next version of a layer, from a file.
pub struct Candidate {
    own: DepartmentId,
    state: LayerState,
    chain: ChainId,
    set: PolicySet,
    in_force: Option<PolicySets>,
    names: Arc<Names>,
    judge: Arc<Judge>,
    examined: Examined,
}

impl std::fmt::Debug for Candidate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Candidate").field("owner", &self.examined.owner).finish_non_exhaustive()
    }
}

impl Candidate {
    /// Reads a file as the next version of a layer that concerns a department, on this state of the chain.
    ///
    /// # Errors
    /// [`CandidateError`].
    pub fn read(
        judge: Arc<Judge>,
        (reads, chain): (&dyn StateRead, ChainId),
        own: &DepartmentId,
        owner: &str,
        bytes: &[u8],
    ) -> Result<Self, CandidateError> {
        let owner = layer::owner(owner).ok_or(CandidateError::NoLayer)?;
        let state = LayerState::read(reads, own, &owner)?;
        let set = state.next(file::read(bytes).map_err(CandidateError::Wrong)?);
        let fault = |fault: ledger::state::ReadFault| CandidateError::Service(fault.into());
        let above = state.above(reads).map_err(fault)?;
        let findings = access::check(&set, &above, &layer::known(reads).map_err(fault)?);
        let examined = Examined {
            owner: owner.to_string(),
            number: set.number,
            rows: set.rows.len() as u64,
            findings: findings.iter().map(rows::finding).collect(),
            changes: rows::changes(&state.in_force.set.rows, &set.rows),
            comes: state.comes(&set),
            is_ours: state.is_written_by(own),
        };
        Ok(Self {
            in_force: judge.in_force(reads, own).map_err(fault)?,
            names: Arc::new(Names::read(reads, own).map_err(fault)?),
            own: own.clone(),
            state,
            chain,
            set,
            judge,
            examined,
        })
    }

    /// What is to be said about it.
    #[must_use]
    pub const fn examined(&self) -> &Examined {
        &self.examined
    }

    /// What it would have made of the last decisions of the department.
    ///
    /// # Errors
    /// Refused `policy.errors`, `policy.too-large`; faults.
    pub async fn preview(
        &self,
        exchange: &exchange::Archive,
        decisions: u64,
    ) -> Result<Previewed, ServiceError> {
        sound(&self.set)?;
        let in_force = self.in_force.clone().ok_or(ServiceError::refused(Refusal::PolicyNotLive))?;
        let then = in_force.with(&layer::ruleset(self.chain, self.set.clone()));
        let trial = Trial {
            judge: Arc::clone(&self.judge),
            own: self.own.clone(),
            sets: (in_force, then),
            names: Arc::clone(&self.names),
        };
        trial.run(&Kept::Beside(exchange), decisions).await
    }

    /// Makes it the office's working copy, so that an administrator looks at it and drafts it in the portal.
    ///
    /// # Errors
    /// Refused `policy.write` where the department does not write the layer, `policy.errors`,
    /// `policy.too-large`, `policy.copy-moved` where there is a working copy and `replaces` does not say that it
    /// may go; what cannot be noted is not done.
    pub async fn place(
        &self,
        store: &OfficeStore,
        audit: &AuditLog,
        replaces: bool,
        now: i64,
    ) -> Result<(), ServiceError> {
        let placed = self.placeable(store, replaces).await;
        let outcome = placed.as_ref().map_or_else(ServiceError::outcome, |()| "ok".to_owned());
        let object = object(&self.state.owner, Which::Copy);
        audit.append(Note::of_system(now, Event::PolicyImport, &object, &outcome)).await?;
        placed?;
        let change = Change { base: self.state.in_force.version, rows: &self.set.rows, by: None, now };
        copy::replace(store.pool(), &self.state.owner, &change).await.map(drop)
    }

    async fn placeable(&self, store: &OfficeStore, replaces: bool) -> Result<(), ServiceError> {
        if !self.examined.is_ours {
            return Err(ServiceError::refused(OfficeRefusal::PolicyWrite));
        }
        sound(&self.set)?;
        if !replaces && WorkingCopy::find(store.pool(), &self.state).await?.is_some() {
            return Err(ServiceError::refused(OfficeRefusal::PolicyCopyMoved));
        }
        Ok(())
    }
}
