//! Opening an inspection, closing it, and putting on record what was looked at in it.

use super::rule::{Rejection, Rule, check_role};
use crate::ids::{DepartmentId, InspectionId};
use crate::inspection::{CloseInspection, Conclusion, Inspection, InspectionScope, OpenInspection};
use crate::inspection::{RecordLooks, Sight, Span};
use crate::keys;
use crate::refusal::Refusal;
use crate::role::Role;
use crate::views;

impl Rule<'_> {
    pub(super) fn open_inspection(&mut self, terms: &OpenInspection) -> Result<(), Rejection> {
        for by in [&terms.by, &terms.second] {
            check_role(by, Role::Inspector)?;
        }
        let own = &self.body.department;
        let department = views::department(self.reads, own)?.ok_or(Refusal::DepartmentUnknown)?;
        if !department.member.inspectorate {
            return Err(Refusal::InspectionNoInspectorate.into());
        }
        terms.check(self.context.time, self.limits())?;
        if let InspectionScope::Departments(named) = &terms.scope {
            for id in named {
                if views::department(self.reads, id)?.is_none() {
                    return Err(Refusal::InspectionScope.into());
                }
            }
        }
        let id = self.body.inspection_id();
        if views::inspection(self.reads, &id)?.is_some() {
            return Err(Refusal::InspectionExists.into());
        }
        let mut running = views::inspections_running(self.reads, own)?;
        if running.len() >= self.limits().inspections_open {
            return Err(Refusal::InspectionTooMany.into());
        }
        running.push(id);
        self.put(keys::inspecting(own), &running);
        let number = self.next_inspection_number()?;
        let inspection = Inspection {
            id,
            number,
            department: own.clone(),
            terms: terms.clone(),
            opened: self.step(&terms.second),
            closed: None,
            looks: 0,
        };
        self.put(keys::inspection(&id), &inspection);
        Ok(())
    }

    /// An inspection of this department.
    fn own_inspection(&self, id: &InspectionId) -> Result<Inspection, Rejection> {
        let inspection = views::inspection(self.reads, id)?.ok_or(Refusal::InspectionUnknown)?;
        if inspection.department != self.body.department {
            return Err(Refusal::InspectionNotYours.into());
        }
        Ok(inspection)
    }

    pub(super) fn close_inspection(&mut self, closing: &CloseInspection) -> Result<(), Rejection> {
        check_role(&closing.by, Role::Inspector)?;
        let mut inspection = self.own_inspection(&closing.inspection)?;
        if inspection.closed.is_some() {
            return Err(Refusal::InspectionClosed.into());
        }
        let own = &self.body.department;
        let mut running = views::inspections_running(self.reads, own)?;
        running.retain(|id| *id != inspection.id);
        self.put(keys::inspecting(own), &running);
        inspection.closed =
            Some(Conclusion { code: closing.conclusion.clone(), step: self.step(&closing.by) });
        self.put(keys::inspection(&inspection.id), &inspection);
        Ok(())
    }

    pub(super) fn record_looks(&mut self, recorded: &RecordLooks) -> Result<(), Rejection> {
        recorded.check(self.limits())?;
        let mut inspection = self.own_inspection(&recorded.inspection)?;
        if !inspection.takes_looks(self.context.time, self.limits()) {
            return Err(Refusal::InspectionClosed.into());
        }
        let mut new = 0u32;
        for sight in &recorded.looks {
            if let Some((requester, provider, span)) = self.seen(sight)?
                && !inspection.overlaps(&requester, &provider, span)
            {
                return Err(Refusal::LookBeyond.into());
            }
            let key = keys::look(sight.object(), &inspection.id);
            if self.reads.get(&key)?.is_none() {
                let place = self.place();
                self.put(key, &place);
                new = new.saturating_add(1);
            }
        }
        if new == 0 {
            return Err(Refusal::LookKnown.into());
        }
        inspection.looks = inspection.looks.saturating_add(new);
        self.put(keys::inspection(&inspection.id), &inspection);
        Ok(())
    }

    /// Between whom that is which was looked at, and when. Nothing of a record: it is history, which no rule reads.
    /// Who opens what an inspection asks about checks it against the record's block, and anybody can afterwards.
    fn seen(&self, sight: &Sight) -> Result<Option<(DepartmentId, DepartmentId, Span)>, Rejection> {
        match sight {
            Sight::Record(_) => Ok(None),
            Sight::Request(id) => {
                let request = views::request(self.reads, id)?.ok_or(Refusal::LookUnknown)?;
                let span = request.span();
                Ok(Some((request.requester, request.asked.provider, span)))
            }
            Sight::Grant(id) => {
                let grant = views::grant(self.reads, id)?.ok_or(Refusal::LookUnknown)?;
                let span = grant.span();
                Ok(Some((grant.requester, grant.provider, span)))
            }
        }
    }
}
