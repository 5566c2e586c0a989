//! What all invented views are made of. No person, number or digest here exists.

use services::Words;
use services::catalogue::{ConditionView, EntryRef, ItemView};
use services::codes::{DataType, MaskRule, Role};
use services::deadline::{Deadline, Light};
use services::facets::FacetValue;
use services::inspection::DayCount;
use services::names::{DepartmentRef, PlaceView};
use services::officer::{Person, StepView};

/// 2026-11-20 14:58:20 in Chinese time.
pub(super) const NOW: i64 = 1_795_157_900_000;

pub(super) const DAY: i64 = 86_400_000;

/// Words with a hyphen, and ids of policy rows, duties and commands.
pub(super) const HYPHENATED: [&str; 18] = [
    "yes-no",
    "sign-in",
    "de-identified",
    "officer-key",
    "one-time",
    "nat-inspect",
    "nat-answer",
    "nat-ask",
    "nat-not-shared",
    "dep-no-balance",
    "dep-all",
    "dep-not-shared",
    "dep-verify",
    "zl-demo",
    "verify-only",
    "second-person",
    "not-shared",
    "two-digit",
];

pub(super) fn hex(seed: &str) -> String {
    seed.bytes().cycle().take(32).map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn words(zh: &str, en: &str) -> Words {
    Words::new(zh, en)
}

pub(super) fn centre(own: bool) -> DepartmentRef {
    let (id, zh, en, region) = if own {
        (
            "12440100455344021J",
            "广州市住房公积金管理中心（演示）",
            "Guangzhou Housing Fund Centre (demo)",
            "440100",
        )
    } else {
        (
            "12510100450711023E",
            "成都市住房公积金管理中心（演示）",
            "Chengdu Housing Fund Centre (demo)",
            "510100",
        )
    };
    DepartmentRef { id: id.into(), name: words(zh, en), region: region.into(), own }
}

pub(super) fn entry_ref() -> EntryRef {
    EntryRef {
        code: "307001/000001".into(),
        version: 2,
        name: words("个人住房公积金缴存信息", "Housing fund contributions of a person"),
    }
}

pub(super) fn item(code: &str, zh: &str, en: &str, grade: u8, mask: Option<MaskRule>) -> ItemView {
    ItemView {
        code: code.into(),
        label: words(zh, en),
        data_type: DataType::Text,
        sensitivity: if grade >= 4 { 2 } else { 1 },
        grade,
        query_key: code == "ZJHM",
        returnable: code != "GRZHYE",
        verify_only: code == "GRZHYE",
        mask,
    }
}

pub(super) fn items() -> Vec<ItemView> {
    vec![
        item("XingMing", "姓名", "Name", 3, Some(MaskRule::Name)),
        item("ZJHM", "证件号码", "Identity number", 4, Some(MaskRule::Id)),
        item("SJHM", "手机号码", "Mobile number", 4, Some(MaskRule::Mob)),
        item("GRJCJS", "个人缴存基数", "Contribution base", 3, None),
        item("GRZHZT", "账户状态", "Account status", 2, None),
        item("GRZHYE", "账户余额", "Balance", 4, Some(MaskRule::Amt)),
    ]
}

pub(super) fn person(name: Option<&str>) -> Person {
    Person {
        name: name.map(str::to_owned),
        pseudonym: "7f3a…91".into(),
        role: Role::ReqOperator,
        department: centre(name.is_some()),
    }
}

pub(super) fn place(height: u64, at: i64) -> PlaceView {
    PlaceView { tx: hex("tx"), height, at }
}

pub(super) fn step_of(name: Option<&str>, height: u64, at: i64) -> StepView {
    let second = Person { role: Role::DeptLead, ..person(name.map(|_| "李四")) };
    StepView { by: person(name), second: Some(second), place: place(height, at) }
}

pub(super) fn limit() -> Deadline {
    Deadline {
        due_at: NOW + 9 * 3_600_000,
        working_days: 10,
        working_days_left: 0,
        due_today: true,
        light: Light::Yellow,
        provisional: false,
    }
}

pub(super) fn conditions() -> Vec<ConditionView> {
    vec![
        ConditionView {
            index: 0,
            code: "01".into(),
            text: words("仅用于公积金业务审核", "Only to review business of the housing fund"),
        },
        ConditionView {
            index: 1,
            code: "02".into(),
            text: words("须有本人授权或法定职责依据", "Consent or a statutory duty is needed"),
        },
    ]
}

pub(super) fn days() -> Vec<DayCount> {
    (7..21)
        .map(|day| DayCount { day: format!("2026-11-{day:02}"), answered: (day * 37) % 90, denied: day % 4 })
        .collect()
}

pub(super) fn facet(value: &str, count: u64, on: bool) -> FacetValue {
    FacetValue { value: value.into(), label: None, count, on }
}
