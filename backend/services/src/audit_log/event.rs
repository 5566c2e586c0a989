//! What can happen, as a closed list of stable codes.

use crate::staff::StaffAct;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// An account signed in, or tried to.
    SignIn,
    /// An officer signed out.
    SignOut,
    /// An officer went on in another role.
    SwitchRole,
    /// An officer showed a second factor, or tried to.
    FactorShow,
    /// An officer bound time-based codes, or tried to.
    CodeBind,
    /// An officer changed their password, or tried to.
    PasswordChange,
    /// An administrator did something to an account.
    Staff(StaffAct),
    /// A request was drafted for a second officer.
    RequestDraft,
    /// Access was requested: a second officer countersigned.
    RequestSubmit,
    /// An approval was drafted for a second officer.
    ApprovalDraft,
    /// A request was approved: a second officer countersigned.
    RequestApprove,
    /// What was drafted was taken back.
    StepTakeBack,
    /// What was drafted was sent back.
    StepSendBack,
    /// Who drafted it signed it with their own key.
    StepSeal,
    /// A request was refused.
    RequestRefuse,
    /// A request was taken back.
    RequestWithdraw,
    /// A grant was revoked.
    GrantRevoke,
    /// A query was drafted for a second officer.
    QueryDraft,
    /// A query was asked; where it takes two, a second officer confirmed it.
    QueryAsk,
    /// An officer came to a bound of what one may ask.
    BoundReach,
    /// An answer was looked at.
    QueryShow,
    /// The access log was searched.
    LogSearch,
    /// A list of what is between departments was looked at.
    ListShow,
    /// A record was looked at.
    RecordShow,
    /// Evidence was taken out.
    EvidenceExport,
    /// An inspection was proposed.
    InspectionPropose,
    /// A proposal was taken back.
    InspectionWithdraw,
    /// A second officer opened an inspection.
    InspectionOpen,
    /// An inspection was closed.
    InspectionClose,
    /// An inspector chose in which inspection to go on.
    InspectionChoose,
    /// An inspection was looked at.
    InspectionShow,
    /// An entry was published.
    EntryPublish,
    /// This log was looked at.
    AuditShow,
    /// This log was taken out as a file.
    AuditExport,
    /// Decisions of a period were judged again.
    ReplayRun,
    /// Judging again was ended.
    ReplayStop,
    /// Decisions of this department were opened to another, which inspects.
    DecisionDisclose,
    /// Policies were looked at.
    PolicyShow,
    /// The working copy of a policy was changed.
    PolicyEdit,
    /// A working copy was brought in from a file.
    PolicyImport,
    /// A policy was taken out as a file.
    PolicyExport,
    /// A version of a policy was drafted.
    PolicyDraft,
    /// A draft was countersigned.
    PolicyCountersign,
    /// A draft, or what waited for its time, was withdrawn.
    PolicyWithdraw,
    /// A question was tried, or who reaches an item.
    PolicyTry,
    /// Past decisions were judged again under a draft.
    PolicyPreview,
}

impl Event {
    /// `area.verb`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::SignOut => "sign-out",
            Self::SwitchRole => "role.switch",
            Self::FactorShow => "factor.show",
            Self::CodeBind => "code.bind",
            Self::PasswordChange => "password.change",
            Self::Staff(act) => act.event(),
            Self::RequestDraft => "request.draft",
            Self::RequestSubmit => "request.submit",
            Self::ApprovalDraft => "approval.draft",
            Self::RequestApprove => "request.approve",
            Self::StepTakeBack => "step.take-back",
            Self::StepSendBack => "step.send-back",
            Self::StepSeal => "step.seal",
            Self::RequestRefuse => "request.refuse",
            Self::RequestWithdraw => "request.withdraw",
            Self::GrantRevoke => "grant.revoke",
            Self::QueryDraft => "query.draft",
            Self::QueryAsk => "query.ask",
            Self::BoundReach => "bound.reach",
            Self::QueryShow => "query.show",
            Self::LogSearch => "log.search",
            Self::ListShow => "list.show",
            Self::RecordShow => "record.show",
            Self::EvidenceExport => "evidence.export",
            Self::InspectionPropose => "inspection.propose",
            Self::InspectionWithdraw => "inspection.withdraw",
            Self::InspectionOpen => "inspection.open",
            Self::InspectionClose => "inspection.close",
            Self::InspectionChoose => "inspection.choose",
            Self::InspectionShow => "inspection.show",
            Self::EntryPublish => "entry.publish",
            Self::AuditShow => "audit.show",
            Self::AuditExport => "audit.export",
            Self::ReplayRun => "replay.run",
            Self::ReplayStop => "replay.stop",
            Self::DecisionDisclose => "decision.disclose",
            Self::PolicyShow => "policy.show",
            Self::PolicyEdit => "policy.edit",
            Self::PolicyImport => "policy.import",
            Self::PolicyExport => "policy.export",
            Self::PolicyDraft => "policy.draft",
            Self::PolicyCountersign => "policy.countersign",
            Self::PolicyWithdraw => "policy.withdraw",
            Self::PolicyTry => "policy.try",
            Self::PolicyPreview => "policy.preview",
        }
    }
}
