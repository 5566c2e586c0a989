//! One inspection: for the inspectorate's inspectors in full, for a department looked at what concerns it.

use ledger::ids::InspectionId;
use ledger::inspection::{Inspection, Sight};
use ledger::refusal::Refusal;
use ledger::role::Role;
use ledger::views;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::audit_log::Event;
use crate::catalogue::reference;
use crate::codes::OfficeRefusal;
use crate::error::ServiceError;
use crate::inspections::list::{inspects, may_know, proposed};
use crate::inspections::looks::{self, sight};
use crate::inspections::papers::{self, Paper};
use crate::inspections::standing::row;
use crate::inspections::view::{
    Concluded, InspectionForms, InspectionMay, InspectionPapers, InspectionState, InspectionView, LookRow,
    SightKind,
};
use crate::names::{GrantRef, PlaceView, RequestRef, ms, receipt_number};
use crate::office::Office;
use crate::officer::{Colleagues, Officer, Person};
use crate::page::{Page, Wanted};
use crate::read_model::{self, ReadModel};
use crate::scene::Scene;
use crate::verdict::Verdict;
use crate::{act, limits, purpose};

/// One inspection. Each look at it is noted.
///
/// # Errors
/// Not found, also for who neither inspects in it nor was looked at; refused `role.administers`.
pub async fn show(
    office: &Office,
    officer: &Officer,
    id: &str,
    page: u64,
) -> Result<InspectionView, ServiceError> {
    let id: InspectionId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let decided = read(office, officer, &id, page).await;
    office.note_result(officer, Event::InspectionShow, &id, &decided).await?;
    decided
}

async fn read(
    office: &Office,
    officer: &Officer,
    id: &InspectionId,
    page: u64,
) -> Result<InspectionView, ServiceError> {
    may_know(officer.role())?;
    let found = office.node().read(|snapshot| views::inspection(snapshot, id))?;
    let own = office.department();
    let is_inspector =
        inspects(office, officer) && found.as_ref().is_none_or(|inspection| inspection.department == *own);
    let paper = if is_inspector { papers::find(office, id).await? } else { None };
    let colleagues = Colleagues::within(office, id.as_bytes()).await?;
    let proposer = match &paper {
        Some(paper) => proposer(office, paper).await?,
        None => None,
    };
    let forms = InspectionForms {
        countersign: paper.as_ref().map(|paper| hex::encode(paper.nonce.as_bytes())).unwrap_or_default(),
        close: act::draw()?,
        conclusions: purpose::INSPECTION_CONCLUSIONS.map(str::to_owned).to_vec(),
    };
    let looks = looked_at(office.model(), id, is_inspector, page).await?;
    if found.is_some() && !is_inspector && looks.total == 0 {
        return Err(ServiceError::NotFound);
    }
    let looks_waiting = if is_inspector { looks::waiting_of(office, id).await? } else { 0 };
    let shown = Shown { paper: paper.as_ref(), proposer, colleagues, is_inspector, staff: officer.staff() };
    office.scene(officer, |scene| {
        let view = match &found {
            Some(inspection) => shown.opened(scene, inspection, looks, forms)?,
            None => shown.waiting(scene, looks, forms)?,
        };
        Ok(InspectionView { looks_waiting, ..view })
    })
}

/// The name of who proposed an inspection.
async fn proposer(office: &Office, paper: &Paper) -> Result<Option<String>, ServiceError> {
    let name = sqlx::query_scalar("SELECT name FROM staff WHERE id = ?")
        .bind(paper.staff)
        .fetch_optional(office.pool())
        .await?;
    Ok(name)
}

/// Looks of an inspection: all, or those at what is the own department's; newest first.
async fn looked_at(
    model: ReadModel<'_>,
    id: &InspectionId,
    all: bool,
    page: u64,
) -> Result<Page<SqliteRow>, ServiceError> {
    let wanted = Wanted::new(page, limits::ROWS_PER_PAGE);
    let total: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM j_look WHERE inspection = ?1 AND (?2 OR ?3 IN (requester, provider))",
    )
    .bind(id.as_bytes().as_slice())
    .bind(all)
    .bind(model.own.as_str())
    .fetch_one(model.pool)
    .await?;
    let rows = sqlx::query(
        "SELECT kind, object FROM j_look WHERE inspection = ?1 AND (?2 OR ?3 IN (requester, provider))
         ORDER BY at DESC, object LIMIT ?4 OFFSET ?5",
    )
    .bind(id.as_bytes().as_slice())
    .bind(all)
    .bind(model.own.as_str())
    .bind(wanted.limit())
    .bind(wanted.offset())
    .fetch_all(model.pool)
    .await?;
    Ok(wanted.filled(rows, total.unsigned_abs()))
}

/// What the page is made of beside the inspection itself.
struct Shown<'a> {
    paper: Option<&'a Paper>,
    /// The name of who proposed it.
    proposer: Option<String>,
    colleagues: Colleagues,
    is_inspector: bool,
    staff: i64,
}

impl Shown<'_> {
    fn papers(&self) -> Option<InspectionPapers> {
        self.paper.map(|paper| InspectionPapers {
            case_no: paper.case_no.clone(),
            warrant_no: paper.warrant_no.clone(),
            reason: paper.reason.clone(),
        })
    }

    /// A proposal, waiting or dropped.
    fn waiting(
        &self,
        scene: &Scene<'_>,
        looks: Page<SqliteRow>,
        forms: InspectionForms,
    ) -> Result<InspectionView, ServiceError> {
        let paper = self.paper.ok_or(ServiceError::NotFound)?;
        let row = proposed(scene, paper);
        let waits = row.state == InspectionState::Proposed;
        let department = row.inspectorate.clone();
        let gone = || Verdict::no(OfficeRefusal::InspectionNotProposed);
        let countersign = match () {
            () if !waits => gone(),
            () if paper.staff == self.staff => Verdict::no(Refusal::InspectionSameOfficer),
            () => Verdict::Open,
        };
        Ok(InspectionView {
            row,
            papers: self.papers(),
            by: Some(Person {
                name: self.proposer.clone(),
                pseudonym: String::new(),
                role: Role::Inspector,
                department,
            }),
            opened: None,
            closed: None,
            commitments: None,
            looks: looks.with(Vec::new()),
            looks_waiting: 0,
            shows_looks: false,
            may: InspectionMay {
                countersign,
                withdraw: if waits { Verdict::Open } else { gone() },
                choose: Verdict::no(OfficeRefusal::InspectionNone),
                close: Verdict::no(Refusal::InspectionUnknown),
            },
            forms,
        })
    }

    /// One on the chain.
    fn opened(
        &self,
        scene: &Scene<'_>,
        inspection: &Inspection,
        looks: Page<SqliteRow>,
        forms: InspectionForms,
    ) -> Result<InspectionView, ServiceError> {
        let terms = &inspection.terms;
        let department = scene.names.of(inspection.department.as_str());
        let shows_looks = !scene.officer.role().is_administrator();
        let mut rows = Vec::new();
        for kept in looks.rows.iter().filter(|_| shows_looks) {
            rows.extend(look_row(scene, inspection, kept)?);
        }
        let row = row(scene, inspection);
        let not_ours = || Verdict::no(Refusal::InspectionNotYours);
        let close = match () {
            () if !self.is_inspector => not_ours(),
            () if inspection.closed.is_some() => Verdict::no(Refusal::InspectionClosed),
            () => Verdict::Open,
        };
        let choose = match () {
            () if !self.is_inspector => not_ours(),
            () if row.state != InspectionState::Open => Verdict::no(OfficeRefusal::InspectionNone),
            () => Verdict::Open,
        };
        Ok(InspectionView {
            row: crate::inspections::InspectionRow { looks: looks.total, ..row },
            papers: self.papers(),
            by: Some(self.colleagues.person(&terms.by, department.clone())),
            opened: Some(self.colleagues.step(&inspection.opened, department.clone())),
            closed: inspection.closed.as_ref().map(|closed| Concluded {
                code: closed.code.to_string(),
                step: self.colleagues.step(&closed.step, department),
            }),
            commitments: Some([terms.case_commit, terms.warrant_commit].map(|commit| commit.to_string())),
            looks: looks.with(rows),
            looks_waiting: 0,
            shows_looks,
            may: InspectionMay {
                countersign: Verdict::no(Refusal::InspectionExists),
                withdraw: Verdict::no(OfficeRefusal::InspectionNotProposed),
                choose,
                close,
            },
            forms,
        })
    }
}

/// A look of the read model, completed from the chain.
fn look_row(
    scene: &Scene<'_>,
    inspection: &Inspection,
    kept: &SqliteRow,
) -> Result<Option<LookRow>, ServiceError> {
    let object = read_model::id(kept, "object")?;
    let Some(sight) = sight(kept.try_get("kind")?, object.to_vec()) else { return Ok(None) };
    let Some(place) = views::look(scene.reads, &object, &inspection.id)? else { return Ok(None) };
    let id = hex::encode(object);
    let (number, entry, requester, provider) = match &sight {
        Sight::Record(query) => {
            let Some(record) = views::record(scene.reads, query)? else { return Ok(None) };
            let grant = views::grant(scene.reads, &record.ticket.grant)?;
            let number = receipt_number(ms(record.recorded.at), &id);
            (number, grant.map(|grant| grant.entry), record.ticket.requester, record.ticket.provider)
        }
        Sight::Request(request) => {
            let Some(request) = views::request(scene.reads, request)? else { return Ok(None) };
            let number = RequestRef::of(&request).number;
            (number, Some(request.asked.entry), request.requester, request.asked.provider)
        }
        Sight::Grant(grant) => {
            let Some(grant) = views::grant(scene.reads, grant)? else { return Ok(None) };
            let number = GrantRef::of(&grant).number;
            (number, Some(grant.entry), grant.requester, grant.provider)
        }
    };
    let entry = match entry {
        Some(entry) => views::entry(scene.reads, &entry)?,
        None => None,
    };
    Ok(Some(LookRow {
        kind: SightKind::of(&sight),
        id,
        number,
        entry: entry.as_ref().map(reference),
        requester: scene.names.of(requester.as_str()),
        provider: scene.names.of(provider.as_str()),
        place: PlaceView::from(&place),
    }))
}
