//! One kept decision against the chain: opened, its versions, its attributes, judged again.

use std::sync::Arc;

use access::{Actor, DecisionRecord, Judge, Question};
use ledger::ids::{DepartmentId, Height, PolicyVersion, Time};
use ledger::policy::PolicyOwner;
use ledger::query::Details;
use ledger::receipt::{DenialClass, PolicyVersions, Record, RecordKind};
use ledger::text::Text;
use ledger::views;
use ledger::wire::from_bytes;
use node::Snapshot;

use super::finding::What;
use super::then::{Then, Times};
use super::versions::Versions;
use crate::fault::ExchangeFault;
use crate::judging::no_of;
use crate::outcome::Outcome;
use crate::protocol::{AskerAttributes, Opening, Side};

/// What was looked at, and all that is not as it should be.
pub(super) enum Checked {
    /// A denial that no policy decided.
    Facts(Vec<What>),
    /// A decision.
    Decision(Vec<What>),
}

/// Checks one after the other; remembers versions and times.
pub(super) struct Checker {
    judge: Arc<Judge>,
    versions: Versions,
    times: Times,
}

/// One record as one side kept it.
struct Case<'a> {
    snapshot: &'a Snapshot<'a>,
    record: &'a Record,
    side: Side,
    opening: &'a Opening,
    details: Option<&'a Details>,
}

impl Case<'_> {
    /// Whose decision it is.
    const fn department(&self) -> &DepartmentId {
        match self.side {
            Side::Provider => &self.record.ticket.provider,
            Side::Requester => &self.record.ticket.requester,
        }
    }

    /// The height it was judged at.
    const fn judged_height(&self) -> Height {
        match self.side {
            Side::Provider => self.record.judged_height,
            Side::Requester => self.record.ticket.seen_height,
        }
    }

    /// Whether another officer than who asks confirmed it, as the provider saw it.
    fn is_seconded(&self) -> bool {
        let Some(details) = self.details else { return false };
        let asker = self.opening.asker_of(self.snapshot.chain(), details);
        asker.and_then(|asker| asker.second).is_some_and(|second| second != details.actor)
    }

    /// The versions the record names, or the details behind it.
    fn versions(&self) -> Option<&PolicyVersions> {
        match self.side {
            Side::Provider => Some(&self.record.policy_versions),
            Side::Requester => self.details.map(|details| &details.policy_versions),
        }
    }
}

impl Checker {
    pub(super) fn new(judge: Arc<Judge>) -> Self {
        Self { judge, versions: Versions::default(), times: Times::default() }
    }

    /// Compares what was kept with the chain.
    pub(super) fn check(
        &mut self,
        snapshot: &Snapshot<'_>,
        record: &Record,
        side: Side,
        opening: &Opening,
    ) -> Result<Checked, ExchangeFault> {
        let chain = snapshot.chain();
        let details = opening.details_of(chain, record);
        let mut what = Vec::new();
        // What was only ever a ticket has none: a question that did not open.
        let is_malformed = matches!(record.kind, RecordKind::Denial { class: DenialClass::Malformed, .. });
        if details.is_none() && (opening.details.is_some() || side == Side::Requester || !is_malformed) {
            what.push(What::Details);
        }
        match opening.commitment(record, side, details) {
            Some(commitment) if opening.opens(chain, &commitment) => {}
            Some(_) => what.push(What::Opening),
            None if side == Side::Provider => what.push(What::Header),
            None => {} // the details are missed already
        }
        if side == Side::Provider
            && let RecordKind::Denial { class, .. } = record.kind
            && class != DenialClass::Policy
        {
            what.extend((!is_fact(class, &opening.decision.0)).then_some(What::Facts));
            return Ok(Checked::Facts(what));
        }
        let case = Case { snapshot, record, side, opening, details };
        self.decision(&case, &mut what)?;
        Ok(Checked::Decision(what))
    }

    /// Versions, attributes, and the judgement itself.
    fn decision(&mut self, case: &Case<'_>, what: &mut Vec<What>) -> Result<(), ExchangeFault> {
        let versions = &mut self.versions;
        let set = |owner: &PolicyOwner, version: PolicyVersion| {
            Ok::<_, ExchangeFault>(versions.set(case.snapshot, owner, version)?)
        };
        let replay = self.judge.replay(&case.opening.decision.0, set)?;
        if let Some(decision) = &replay.record {
            self.check_versions(case, decision, what)?;
            self.check_attributes(case, &decision.question, what)?;
        }
        what.extend(replay.differs.into_iter().map(What::Judged));
        // What was sent was allowed at home.
        let is_yes = case.side == Side::Requester || matches!(case.record.kind, RecordKind::Answer { .. });
        let seconded = case.is_seconded();
        if replay.judged.is_some_and(|judged| no_of(&judged, seconded).is_none() != is_yes) {
            what.push(What::Contradicted);
        }
        Ok(())
    }

    /// The versions are those of the record, and were in force at its height.
    fn check_versions(
        &mut self,
        case: &Case<'_>,
        decision: &DecisionRecord,
        what: &mut Vec<What>,
    ) -> Result<(), ExchangeFault> {
        if case.versions().is_some_and(|named| *named != decision.versions) {
            what.push(What::VersionsNamed);
        }
        let Some(department) = views::department(case.snapshot, case.department())? else {
            what.push(What::Unfounded);
            return Ok(());
        };
        let id = department.member.id;
        let owners = [
            (PolicyOwner::Nation, decision.versions.national),
            (PolicyOwner::Region(department.member.region.province()), decision.versions.region),
            (PolicyOwner::Department(id), decision.versions.department),
        ];
        for (owner, version) in owners {
            if self.versions.in_force(case.snapshot, &owner, case.judged_height())? != Some(version) {
                what.push(What::NotInForce(owner.layer()));
            }
        }
        Ok(())
    }

    /// Each attribute is what the chain and the details say: the question is put together once more, as the
    /// door did.
    fn check_attributes(
        &mut self,
        case: &Case<'_>,
        question: &Question,
        what: &mut Vec<What>,
    ) -> Result<(), ExchangeFault> {
        let Some(details) = case.details else { return Ok(()) };
        let Some(asker) = case.opening.asker_of(case.snapshot.chain(), details) else {
            what.push(What::Asker);
            return Ok(());
        };
        let Some(when) = self.when(case, question.at)? else {
            what.push(What::Unfounded);
            return Ok(());
        };
        let Some(then) = Then::read(case.snapshot, &case.record.ticket.grant, when)? else {
            what.push(What::Unfounded);
            return Ok(());
        };
        let actor = actor(asker, details);
        let expected = match case.side {
            Side::Provider => then.sides().answer(&actor, &details.items, &then.grant),
            Side::Requester => then.sides().ask(&actor, &details.items, &then.grant),
        };
        what.extend(expected.differing(question).into_iter().map(What::Attribute));
        Ok(())
    }

    /// The height and time of the ledger that was looked at. A provider that signed its record anew, as the
    /// chain stood still or a policy moved back, keeps a decision it made since the ticket was written; its
    /// time is that of one of the blocks between.
    fn when(&mut self, case: &Case<'_>, at: Time) -> Result<Option<(Height, Time)>, ExchangeFault> {
        let height = case.judged_height();
        let Some(time) = self.times.at(case.snapshot, height)? else { return Ok(None) };
        if case.side == Side::Requester || at == time {
            return Ok(Some((height, time)));
        }
        let between = (case.record.ticket.seen_height, height);
        let found = self.times.find(case.snapshot, between, at)?;
        Ok(Some(found.map_or((height, time), |height| (height, at))))
    }
}

/// The officer as the doors saw them.
fn actor(asker: &AskerAttributes, details: &Details) -> Actor {
    Actor {
        role: asker.role,
        clearance: asker.clearance,
        assurance: details.assurance,
        zone: asker.zone.clone(),
    }
}

/// Whether bytes are the reason of a denial of this class that no policy decided.
fn is_fact(class: DenialClass, bytes: &[u8]) -> bool {
    from_bytes::<(DenialClass, Text<40>)>(bytes)
        .is_ok_and(|(said, code)| said == class && Outcome::from_code(code.as_str()).is_some())
}
