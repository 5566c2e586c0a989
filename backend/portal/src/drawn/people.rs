//! Invented people of the department, as their administrators see them.

use askama::Template as _;
use services::Page;
use services::codes::{Assurance, Role};
use services::staff::{
    AccountState, Administrator, AnchoredView, ChangeView, CodeView, KeyView, MemberState, OwnView,
    RoleOffer, RosterMember, RosterView, SessionView, StaffAct, StaffFigures, StaffList, StaffRow, StaffTask,
    StaffView, Which,
};

use super::things::{DAY, NOW, hex};
use crate::frame::Frame;
use crate::mistakes::Mistakes;
use crate::sign_in::oidc::OidcPage;

/// Who comes back from the identity provider: let in, or refused with a code.
pub(super) fn by_provider(f: Frame, refused: Option<&str>) -> String {
    let sentence = refused.map(|code| f.refusal(code));
    let mistakes = Mistakes { fields: Vec::new(), sentence };
    OidcPage { f, mistakes, next: "/".into() }.render().unwrap()
}

fn row(id: i64, account: &str, name: &str, roles: &[Role], state: AccountState) -> StaffRow {
    StaffRow {
        id,
        account: account.into(),
        name: name.into(),
        number: "SZ-0417".into(),
        unit: "\u{8d37}\u{6b3e}\u{79d1}".into(),
        roles: roles.to_vec(),
        clearance: Some(3),
        has_key: id == 1,
        has_code: id == 2,
        signed_in_at: Some(NOW - DAY),
        review_due: Some(NOW + 4 * DAY),
        review_days: 4,
        state,
        task: Some(StaffTask::Review),
        is_demo: true,
    }
}

pub(super) fn list() -> StaffList {
    let rows = vec![
        row(1, "su.yong", "\u{82cf}\u{52c7}", &[Role::ProvApprover], AccountState::Active),
        row(
            2,
            "jiang.yf",
            "\u{6c5f}\u{4e00}\u{5e06}",
            &[Role::BizUser, Role::ReqOperator],
            AccountState::Locked,
        ),
        StaffRow {
            clearance: None,
            signed_in_at: None,
            review_due: None,
            ..row(3, "lin.zx", "\u{6797}\u{77e5}\u{590f}", &[], AccountState::Created)
        },
        StaffRow {
            review_days: -3,
            review_due: Some(NOW - 3 * DAY),
            ..row(4, "qin.lang", "\u{79e6}\u{6717}", &[Role::DataOwnerOps], AccountState::Stopped)
        },
    ];
    let one = |role: Role, name: &str| Administrator {
        role,
        names: if name.is_empty() { Vec::new() } else { vec![name.to_owned()] },
        is_you: role == Role::SecAdmin,
    };
    StaffList {
        figures: StaffFigures {
            total: 86,
            active: 79,
            to_open: 2,
            locked: 1,
            review_over: 1,
            review_due: 5,
            without_key: 9,
            without_factor: 2,
            stopped: 7,
            to_do: 8,
        },
        administrators: vec![
            one(Role::SysAdmin, "\u{8d3a}\u{660e}"),
            one(Role::SecAdmin, "\u{7f57}\u{654f}"),
            one(Role::AuditAdmin, ""),
        ],
        which: Which::All,
        rows: Page { rows, total: 4, page: 1, per_page: 20 },
        may_create: true,
    }
}

fn sessions() -> Vec<SessionView> {
    vec![
        SessionView {
            began_at: NOW - 3_600_000,
            source: "10.8.3.41".into(),
            proven: Assurance::Ukey,
            seen_at: NOW,
            ended: None,
        },
        SessionView {
            began_at: NOW - DAY,
            source: "10.8.3.42".into(),
            proven: Assurance::Otp,
            seen_at: NOW - DAY + 60_000,
            ended: Some((NOW - DAY + 90_000, "account".into())),
        },
    ]
}

/// A person in some state; what may be done is what fits.
pub(super) fn person(state: AccountState) -> StaffView {
    let change = |act: &str, by: Option<&str>, detail: &str, reason: &str| ChangeView {
        at: NOW - DAY,
        act: act.into(),
        by: by.map(str::to_owned),
        detail: detail.into(),
        reason: reason.into(),
    };
    let may = match state {
        AccountState::Created => {
            vec![StaffAct::Authorise, StaffAct::Activate, StaffAct::BindKey, StaffAct::AllowCode]
        }
        AccountState::Active | AccountState::Locked => StaffAct::ALL.to_vec(),
        AccountState::Stopped => Vec::new(),
    };
    StaffView {
        row: row(1, "fang.yu", "\u{65b9}\u{4e88}", &[Role::BizUser], state),
        created_at: NOW - 90 * DAY,
        valid_until: Some(NOW + 90 * DAY),
        valid_until_day: "2027-02-18".into(),
        locked_until: (state == AccountState::Locked).then_some(NOW + 1_800_000),
        password_at: NOW - 72 * DAY,
        password_until: NOW + 18 * DAY,
        is_password_due: false,
        once_until: (state == AccountState::Created).then_some(NOW + 7 * DAY),
        key: Some(KeyView { id: "3a075c91".into(), bound_at: NOW - 30 * DAY, used_at: None }),
        code: Some(CodeView { bound_at: None, allowed_until: NOW + DAY, used_at: None }),
        sessions: sessions(),
        changes: vec![
            change("locked", None, "", ""),
            change(
                "authorise",
                Some("\u{7f57}\u{654f}"),
                "BIZ_USER / 3 / 2027-02-18",
                "\u{5c97}\u{4f4d}\u{8c03}\u{6574}",
            ),
            change("create", Some("\u{8d3a}\u{660e}"), "", ""),
        ],
        roles: Role::ALL
            .iter()
            .map(|role| RoleOffer {
                role: *role,
                held: *role == Role::BizUser,
                apart_from: if role.goes_with(Role::BizUser) { Vec::new() } else { vec![Role::BizUser] },
            })
            .collect(),
        is_own: may.is_empty(),
        may,
    }
}

pub(super) fn own() -> OwnView {
    OwnView {
        account: "zhangsan".into(),
        password_until: NOW + 18 * DAY,
        proven: Assurance::Password,
        clearance: Some(3),
        valid_until: None,
        key: None,
        code: Some(CodeView { bound_at: None, allowed_until: NOW + DAY, used_at: None }),
        sessions: sessions(),
        session_ends_at: NOW + 900_000,
    }
}

/// The roster with a member in each state, or before the first was published.
pub(super) fn roster(published: bool) -> RosterView {
    let member = |state: MemberState| RosterMember {
        staff: 1,
        account: "fang.yu".into(),
        name: "\u{65b9}\u{4e88}".into(),
        officer: "7f3a\u{2026}91".into(),
        roles: vec![Role::BizUser, Role::ReqOperator],
        clearance: 3,
        since: (state != MemberState::Joins).then_some(NOW - 30 * DAY),
        until: (state != MemberState::Joins).then_some(NOW + 335 * DAY),
        state,
    };
    let anchored =
        AnchoredView { root: hex("root"), size: 41, height: 1_104, tx: hex("tx"), at: NOW - 30 * DAY };
    RosterView {
        published,
        anchored: published.then_some(anchored),
        pending: published,
        members: MemberState::ALL
            .iter()
            .filter(|state| published || **state == MemberState::Joins)
            .map(|state| member(*state))
            .collect(),
        without_key: 9,
        may_publish: true,
    }
}
