//! The catalogue entry that every centre publishes, and its binding: DS-1,
//! the proof of contributions (缴存证明查询), with the mobile number added and
//! the identity number returnable under its mask.

use std::fmt::Write;

use crate::centres::Centre;

/// The purpose for which the story asks: reviewing a loan.
pub const PURPOSE: &str = "01";
/// The legal basis it names: a statutory duty.
pub const BASIS: &str = "01";

/// One item: code, labels, type, sensitivity, mask, column; what may be done with it.
struct Item {
    code: &'static str,
    zh: &'static str,
    en: &'static str,
    data_type: &'static str,
    sensitivity: u8,
    mask: Option<&'static str>,
    column: &'static str,
    key: bool,
    returnable: bool,
}

const fn item(code: &'static str, zh: &'static str, en: &'static str, column: &'static str) -> Item {
    Item { code, zh, en, data_type: "C", sensitivity: 1, mask: None, column, key: false, returnable: true }
}

/// DS-1 with its identifiers as in JGJ/T 320-2014.
const ITEMS: [Item; 18] = [
    Item { sensitivity: 0, ..item("CXMC", "缴存中心名称", "Name of the centre", "centre") },
    Item { mask: Some("MK-NAME"), key: true, ..item("XingMing", "姓名", "Name", "name") },
    Item {
        sensitivity: 0,
        key: true,
        returnable: false,
        ..item("ZJLX", "证件类型", "Kind of document", "id_type")
    },
    Item {
        sensitivity: 2,
        mask: Some("MK-ID"),
        key: true,
        ..item("ZJHM", "证件号码", "Document number", "id_number")
    },
    Item {
        sensitivity: 2, mask: Some("MK-ACCT"), ..item("GRZH", "个人账号", "Personal account", "account")
    },
    item("DWMC", "单位名称", "Employer", "employer"),
    Item { data_type: "D", ..item("KHRQ", "开户日期", "Account opened on", "opened_on") },
    item("GRZHZT", "账户状态", "Account status", "status"),
    Item {
        data_type: "Y",
        sensitivity: 2,
        mask: Some("MK-AMT"),
        ..item("GRJCJS", "缴存基数", "Contribution base", "base")
    },
    Item { data_type: "N", ..item("DWJCBL", "单位缴存比例", "Employer's rate", "employer_rate") },
    Item { data_type: "N", ..item("GRJCBL", "个人缴存比例", "Employee's rate", "employee_rate") },
    Item {
        data_type: "Y",
        sensitivity: 2,
        mask: Some("MK-AMT"),
        ..item("YJCE", "月缴存额", "Monthly contribution", "monthly")
    },
    Item {
        data_type: "Y",
        sensitivity: 2,
        mask: Some("MK-AMT"),
        ..item("GRZHYE", "账户余额", "Balance", "balance")
    },
    Item { data_type: "D", ..item("LXJCKS", "连续缴存起始年月", "Unbroken since", "unbroken_from") },
    Item { data_type: "D", ..item("LXJCJZ", "连续缴存截止年月", "Unbroken until", "unbroken_until") },
    Item { data_type: "I", ..item("LXJCYS", "连续缴存月数", "Unbroken months", "unbroken_months") },
    Item { data_type: "D", ..item("JZNY", "缴至年月", "Paid until", "paid_until") },
    Item { sensitivity: 2, mask: Some("MK-MOB"), ..item("SJHM", "手机号码", "Mobile number", "mobile") },
];

/// Grade of sensitive personal items, and so of the entry (GB/T 43697).
const GRADE_SENSITIVE: u8 = 4;
/// Grade of the other items.
const GRADE_OTHER: u8 = 3;

/// The resource code: department's resources (3), below the province (07), fund deposits.
#[must_use]
pub fn resource_code(centre: &Centre) -> String {
    format!("307001/{:06}", centre.slot)
}

/// The binding file: entry to table, items to columns.
#[must_use]
pub fn binding(centre: &Centre) -> String {
    let mut toml = format!(
        "# Which table answers for the entry; names come only from here, never from a request.\n\
         entry = \"{}@1\"\nsqlite = \"../centre.sqlite\"\ntable = \"deposit\"\n",
        resource_code(centre)
    );
    toml.push_str("\n# All three must match.\n[keys]\n");
    for item in ITEMS.iter().filter(|item| item.key) {
        writeln!(toml, "{} = \"{}\"", item.code, item.column).unwrap();
    }
    toml.push_str("\n[items]\n");
    for item in ITEMS.iter().filter(|item| item.returnable) {
        writeln!(toml, "{} = \"{}\"", item.code, item.column).unwrap();
    }
    toml
}

/// The entry file, published at the department's first start.
#[must_use]
pub fn entry(centre: &Centre) -> String {
    let city = centre.name_zh.trim_end_matches("住房公积金管理中心（演示）");
    let city_en = centre.name_en.trim_end_matches(" Housing Provident Fund Centre (demo)");
    let mut toml = format!(
        r#"code = "{code}"
version = 1
region = "{region}"
share_type = "conditional"
modes = ["query"]
update_cycle = "real-time"
receipt_mode = "each"

[name]
zh = "{city}住房公积金缴存证明查询"
en = "{city_en}: proof of provident fund contributions"

[summary]
zh = "{city}缴存职工的账户状态、缴存基数、月缴存额、连续缴存月数等，按姓名、证件类型、证件号码逐笔查询，三项须全部一致。演示数据，人员均为虚构。"
en = "Account status, contribution base, monthly contribution and unbroken months of contributors in {city_en}, one person at a time by name, kind and number of document, which must all match. Demonstration data: everybody is fictional."

[legal_basis]
zh = "《住房公积金管理条例》"
en = "Regulations on the Administration of Housing Provident Funds"

[[condition]]
code = "01"
zh = "仅限住房公积金贷款、提取、转移接续业务，一事一查，附办件编号。"
en = "Only for provident fund loans, withdrawals and transfers: one query for one case, with its case number."

[[condition]]
code = "02"
zh = "查询结果不得转交第三方，不得用于办件以外的目的。"
en = "Answers are not passed on and are used for nothing but the case."

[[condition]]
code = "03"
zh = "申请的信息项应为办件所必需；超出部分不予提供。"
en = "Only items the case needs are requested; others are not given."
"#,
        code = resource_code(centre),
        region = centre.region,
    );
    for item in &ITEMS {
        let grade = if item.sensitivity == 2 { GRADE_SENSITIVE } else { GRADE_OTHER };
        // What no law wants hidden is said to be clear: at grade 3 nothing is clear by omission.
        let mask = item.mask.unwrap_or("clear");
        write!(
            toml,
            "\n[[item]]\ncode = \"{}\"\nzh = \"{}\"\nen = \"{}\"\ntype = \"{}\"\nsensitivity = {}\n\
             grade = {grade}\nkey = {}\nreturnable = {}\nmask = \"{mask}\"\n",
            item.code, item.zh, item.en, item.data_type, item.sensitivity, item.key, item.returnable,
        )
        .unwrap();
    }
    toml
}
