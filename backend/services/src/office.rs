//! The office of one department: everything a use case needs, joined once by the department.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use access::Judge;
use exchange::{Bound, Exchange};
use gm::domain::ChainId;
use gm::sm2::SecretKey;
use gm::store_key::StoreKey;
use ledger::catalogue::Entry;
use ledger::ids::{Address, DepartmentId, EntryId, Height};
use ledger::state::ReadFault;
use ledger::views;
use node::{NodeHandle, Snapshot};
use sqlx::SqlitePool;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, watch};
use zeroize::Zeroizing;

use crate::audit_log::AuditLog;
use crate::bureau::Bureau;
use crate::error::ServiceError;
use crate::fault::OfficeFault;
use crate::identity::IdentityProvider;
use crate::limits;
use crate::names::{Names, ms};
use crate::read_model::ReadModel;
use crate::replay::Runs;
use crate::store::OfficeStore;
use crate::throttle::Throttle;
use crate::words::Words;
use crate::zones::Zones;

/// What the department joins into an office.
pub struct OfficeParts {
    /// The own node.
    pub node: NodeHandle,
    /// The own exchange.
    pub exchange: Exchange,
    /// Judges policies.
    pub judge: Arc<Judge>,
    /// Which department this is.
    pub department: DepartmentId,
    /// Signs requests, grants, catalogue entries.
    pub office_key: SecretKey,
    /// Signs what an inspection looked at.
    pub online_key: SecretKey,
    /// What pseudonyms are made with.
    pub actor_key: Zeroizing<[u8; 32]>,
    /// The office's own database.
    pub store: OfficeStore,
    /// The local log; its head is also the exchange's.
    pub audit: AuditLog,
    /// Seals what the office keeps secret: what codes are made from.
    pub store_key: StoreKey,
    /// The portal's host as browsers name it; a key signs for it and for no other.
    pub host: String,
    /// Accounts of a demonstration are good here.
    pub demo: bool,
    /// Who else recognises officers, where the department has such a provider.
    pub identity_provider: Option<Arc<dyn IdentityProvider>>,
    /// How the department's network is divided.
    pub zones: Zones,
    /// Folder with `*.entry.toml` files to publish; none publishes nothing.
    pub entries: Option<PathBuf>,
}

/// The own department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnDepartment {
    /// Unified social credit code.
    pub id: String,
    /// Its name.
    pub name: Words,
    /// Its division, six digits.
    pub region: String,
    /// May inspect.
    pub inspectorate: bool,
}

/// The chain in one line, for every page's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainLine {
    /// Height of the last block here.
    pub height: u64,
    /// Its time, ms UTC.
    pub at: i64,
    /// How long ago that is by the own clock.
    pub behind_ms: i64,
    /// Whether that is more than three heartbeats.
    pub behind: bool,
    /// Departments connected.
    pub peers: u64,
    /// Whether this node votes.
    pub validator: bool,
    /// How far this machine's clock is ahead of the other validators', in ms; none until they were heard.
    pub clock_ahead_ms: Option<i64>,
    /// Whether that is too far.
    pub clock_off: bool,
}

struct Inside {
    parts: OfficeParts,
    bureau: Bureau,
    own: OwnDepartment,
    heartbeat_ms: u64,
    validators: Vec<(DepartmentId, Address)>,
    password_turns: Semaphore,
    throttle: Throttle,
    looks: Notify,
    entries: Vec<Entry>,
    /// Height up to which the read model is filled.
    projected: watch::Sender<u64>,
    /// Names of all departments at one height: they are many, and a page needs two.
    names: Mutex<Option<(Height, Arc<Names>)>>,
    replays: Runs,
    /// One roster is made at a time.
    roster_turn: tokio::sync::Mutex<()>,
}

/// The office. A clone is the same office.
#[derive(Clone)]
pub struct Office(Arc<Inside>);

impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Holds keys: only the name.
        f.debug_struct("Office").field("department", &self.0.own.id).finish_non_exhaustive()
    }
}

impl Office {
    /// Joins the parts; the department must be a member of the chain.
    pub(crate) fn join(parts: OfficeParts, entries: Vec<Entry>) -> Result<Self, OfficeFault> {
        let id = parts.department.clone();
        let (member, parameters, validators, chain) =
            parts.node.read(|snapshot| -> Result<_, ReadFault> {
                let genesis = snapshot.genesis();
                let validators =
                    genesis.validators.iter().map(|v| (v.department.clone(), v.address())).collect();
                Ok((
                    views::department(snapshot, &id)?,
                    views::parameters(snapshot)?,
                    validators,
                    snapshot.chain(),
                ))
            })?;
        let member = member.ok_or_else(|| OfficeFault::NotAMember(parts.department.clone()))?.member;
        let own = OwnDepartment {
            id: member.id.to_string(),
            name: Words::from(&member.name),
            region: member.region.to_string(),
            inspectorate: member.inspectorate,
        };
        let bureau = Bureau {
            chain,
            department: member.id,
            judge: Arc::clone(&parts.judge),
            actor_key: parts.actor_key.clone(),
            zones: parts.zones.clone(),
        };
        Ok(Self(Arc::new(Inside {
            entries,
            own,
            bureau,
            heartbeat_ms: parameters.heartbeat_ms,
            validators,
            password_turns: Semaphore::new(limits::PASSWORD_CHECKS_MAX),
            throttle: Throttle::default(),
            looks: Notify::new(),
            projected: watch::Sender::new(0),
            names: Mutex::new(None),
            replays: Runs::default(),
            roster_turn: tokio::sync::Mutex::new(()),
            parts,
        })))
    }

    /// Who else recognises officers.
    pub(crate) fn identity_provider(&self) -> Option<&dyn IdentityProvider> {
        self.0.parts.identity_provider.as_deref()
    }

    /// The own department.
    #[must_use]
    pub fn own(&self) -> &OwnDepartment {
        &self.0.own
    }

    /// The office's clock, ms since 1970 UTC.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        ms(self.node().now())
    }

    /// The chain in one line.
    #[must_use]
    pub fn status(&self) -> ChainLine {
        let status = self.node().status();
        let behind_ms = (self.now_ms() - ms(status.tip.time)).max(0);
        ChainLine {
            height: status.tip.height.0,
            at: ms(status.tip.time),
            behind_ms,
            behind: behind_ms.unsigned_abs() > self.0.heartbeat_ms.saturating_mul(3),
            peers: status.peers_connected as u64,
            validator: status.validator,
            clock_ahead_ms: status.clock_ahead_ms,
            clock_off: status.is_clock_off(),
        }
    }

    /// The node's figures in the text format of Prometheus.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.node().metrics()
    }

    /// How many queries each bound of what one officer may ask turned away, of those still remembered.
    ///
    /// # Errors
    /// Faults of the exchange.
    pub async fn turned_away(&self) -> Result<Vec<(Bound, u64)>, ServiceError> {
        Ok(self.exchange().turned_away().await?)
    }

    /// Height up to which lists and search know the chain.
    #[must_use]
    pub fn projected_height(&self) -> u64 {
        *self.0.projected.borrow()
    }

    pub(crate) fn node(&self) -> &NodeHandle {
        &self.0.parts.node
    }

    pub(crate) fn exchange(&self) -> &Exchange {
        &self.0.parts.exchange
    }

    /// What never changes about it.
    pub(crate) fn bureau(&self) -> &Bureau {
        &self.0.bureau
    }

    pub(crate) fn department(&self) -> &DepartmentId {
        &self.0.bureau.department
    }

    /// Names of all departments at the height of a snapshot.
    pub(crate) fn names(&self, snapshot: &Snapshot<'_>) -> Result<Arc<Names>, ServiceError> {
        let height = snapshot.tip().height;
        let mut kept = self.0.names.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.as_ref() {
            Some((known, names)) if *known == height => Ok(Arc::clone(names)),
            _ => {
                let names = Arc::new(Names::read(snapshot, self.department())?);
                *kept = Some((height, Arc::clone(&names)));
                Ok(names)
            }
        }
    }

    pub(crate) fn office_key(&self) -> &SecretKey {
        &self.0.parts.office_key
    }

    pub(crate) fn online_key(&self) -> &SecretKey {
        &self.0.parts.online_key
    }

    /// Wakes who puts looks on record.
    pub(crate) fn looks(&self) -> &Notify {
        &self.0.looks
    }

    pub(crate) fn store_key(&self) -> &StoreKey {
        &self.0.parts.store_key
    }

    pub(crate) fn host(&self) -> &str {
        &self.0.parts.host
    }

    /// Whether accounts of a demonstration are good here.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.0.parts.demo
    }

    pub(crate) fn store(&self) -> &OfficeStore {
        &self.0.parts.store
    }

    pub(crate) fn pool(&self) -> &SqlitePool {
        self.0.parts.store.pool()
    }

    /// The read model at this moment.
    pub(crate) fn model(&self) -> ReadModel<'_> {
        ReadModel { pool: self.pool(), own: self.department(), now: self.now_ms() }
    }

    pub(crate) fn audit(&self) -> &AuditLog {
        &self.0.parts.audit
    }

    /// What the department's entry files say.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.0.entries
    }

    /// The chain on which grants of an entry are kept. There is one in this version.
    pub(crate) fn chain_of(&self, _entry: &EntryId) -> ChainId {
        self.0.bureau.chain
    }

    pub(crate) fn chain(&self) -> ChainId {
        self.0.bureau.chain
    }

    /// Which department votes under which address.
    pub(crate) fn validator_departments(&self) -> &[(DepartmentId, Address)] {
        &self.0.validators
    }

    pub(crate) fn projected(&self) -> &watch::Sender<u64> {
        &self.0.projected
    }

    /// Whether the own department may start anything.
    pub(crate) fn is_active(&self) -> Result<bool, ServiceError> {
        let department = self.node().read(|snapshot| views::department(snapshot, self.department()))?;
        Ok(department.is_some_and(|department| department.active))
    }

    /// Nothing is started on old knowledge: refuses while the own ledger is behind.
    pub(crate) fn not_behind(&self) -> Result<(), ServiceError> {
        if self.status().behind { Err(ServiceError::Behind) } else { Ok(()) }
    }

    /// Periods that are judged again, and those that were lately.
    pub(crate) fn replays(&self) -> &Runs {
        &self.0.replays
    }

    /// How often one may fail to sign in.
    pub(crate) fn throttle(&self) -> &Throttle {
        &self.0.throttle
    }

    /// The turn to make the roster anew and anchor it; waits for it.
    pub(crate) async fn roster_turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.roster_turn.lock().await
    }

    /// One of few turns to check a password; waits for it.
    pub(crate) async fn password_turn(&self) -> Result<SemaphorePermit<'_>, ServiceError> {
        self.0
            .password_turns
            .acquire()
            .await
            .map_err(|error| ServiceError::fault("the office is stopping", &error))
    }

    /// Waits, for a moment only, until lists show what stands at this height.
    pub(crate) async fn wait_projected(&self, height: Height) {
        let mut projected = self.0.projected.subscribe();
        let reached = projected.wait_for(|done| *done >= height.0);
        // A list that is late shows the row at the next look; nothing depends on it.
        tokio::time::timeout(Duration::from_millis(limits::JOURNAL_WAIT_MS), reached).await.ok();
    }
}
