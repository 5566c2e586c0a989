//! Catalogue entries (政务数据目录条目): what a department offers, item by item, on which conditions.

use crate::ids::{Code2, DepartmentId, EntryId, Height, ItemCode, RegionCode, Time, TxId};
use crate::protocol::Limits;
use crate::refusal::Refusal;
use crate::text::Words;
use crate::wire::{In, Out, Wire, WireError, to_bytes};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

crate::wire_code! {
    /// 共享属性, Decree 809 chapter III.
    pub enum ShareType {
        /// 无条件共享.
        Unconditional = 1 => "unconditional",
        /// 有条件共享.
        Conditional = 2 => "conditional",
        /// 不予共享.
        NotShared = 3 => "not-shared",
    }
}

crate::wire_code! {
    /// How data are used.
    pub enum Mode {
        /// 核验: claims in, yes or no out.
        Verify = 1 => "verify",
        /// 查询: one subject.
        Query = 2 => "query",
        /// 批量: a file of subjects.
        Batch = 3 => "batch",
        /// 文件: chunks of a file.
        File = 4 => "file",
        /// 接口: the requester's own system.
        Interface = 5 => "interface",
    }
}

crate::wire_code! {
    /// When an answer's receipt enters the chain.
    pub enum ReceiptMode {
        /// Before release, one by one.
        Each = 1 => "each",
        /// Promised, then anchored within a bound.
        Batch = 2 => "batch",
    }
}

crate::wire_code! {
    /// Masking rules of the platform (DOMAIN 3.4).
    pub enum MaskRule {
        /// Name: the last character stays.
        Name = 1 => "MK-NAME",
        /// Identity number: first six and last four stay.
        Id = 2 => "MK-ID",
        /// Mobile number: first three and last four stay.
        Mob = 3 => "MK-MOB",
        /// Account: last four stay.
        Acct = 4 => "MK-ACCT",
        /// Amount: a band.
        Amt = 5 => "MK-AMT",
    }
}

/// Under which mask an item leaves, as its entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemMask {
    /// Nothing is said: in clear, as far as grant and policies say nothing either. Not enough for what is
    /// [guarded](Item::is_guarded).
    Unsaid,
    /// In clear, and the provider says so.
    Clear,
    /// Masked, and no approval may lift it.
    Rule(MaskRule),
}

impl ItemMask {
    /// The code of [`ItemMask::Clear`], beside those of the rules.
    pub const CLEAR: &'static str = "clear";

    /// The rule, if there is one.
    #[must_use]
    pub const fn rule(self) -> Option<MaskRule> {
        match self {
            Self::Rule(rule) => Some(rule),
            Self::Unsaid | Self::Clear => None,
        }
    }

    /// What a code says: `clear`, or a rule's.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        if code == Self::CLEAR { Some(Self::Clear) } else { MaskRule::from_code(code).map(Self::Rule) }
    }
}

impl From<Option<MaskRule>> for ItemMask {
    fn from(rule: Option<MaskRule>) -> Self {
        rule.map_or(Self::Unsaid, Self::Rule)
    }
}

impl Wire for ItemMask {
    fn put(&self, out: &mut Out) {
        match self {
            Self::Unsaid => out.null(),
            Self::Clear => out.number(0),
            Self::Rule(rule) => rule.put(out),
        }
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        if input.null()? {
            return Ok(Self::Unsaid);
        }
        match u8::take(input)? {
            0 => Ok(Self::Clear),
            number => MaskRule::from_number(number).map(Self::Rule).ok_or(WireError::Range),
        }
    }
}

crate::wire_code! {
    /// 数据类型 of the 1272 guide.
    pub enum DataType {
        /// 字符型.
        Text = 1 => "C",
        /// 数值型.
        Number = 2 => "N",
        /// 货币型.
        Money = 3 => "Y",
        /// 日期型.
        Date = 4 => "D",
        /// 整型.
        Integer = 5 => "I",
    }
}

crate::wire_code! {
    /// 更新周期.
    pub enum UpdateCycle {
        /// 实时.
        RealTime = 1 => "real-time",
        /// 每日.
        Daily = 2 => "daily",
        /// 每周.
        Weekly = 3 => "weekly",
        /// 每月.
        Monthly = 4 => "monthly",
        /// 每季度.
        Quarterly = 5 => "quarterly",
        /// 每年.
        Yearly = 6 => "yearly",
    }
}

crate::wire_struct! {
    /// An information item (信息项).
    pub struct Item {
        /// Its identifier.
        pub code: ItemCode,
        /// Its name.
        pub label: Words,
        /// Its data type.
        pub data_type: DataType,
        /// 0 not personal, 1 personal, 2 sensitive personal, 3 trade secret.
        pub sensitivity: u8,
        /// 1 to 4 (GB/T 43697, general data).
        pub grade: u8,
        /// May be asked by.
        pub query_key: bool,
        /// May be answered.
        pub returnable: bool,
        /// May only be confirmed, never shown.
        pub verify_only: bool,
        /// Its mask.
        pub mask: ItemMask,
    }
}

impl Item {
    /// Whether it may leave only under a mask, or in clear because somebody said so: it is sensitive, or of
    /// grade 3 or 4.
    #[must_use]
    pub const fn is_guarded(&self) -> bool {
        self.sensitivity == 2 || self.grade >= 3
    }
}

crate::wire_struct! {
    /// A published condition; a refusal cites one.
    pub struct Condition {
        /// Its code.
        pub code: Code2,
        /// What it says.
        pub text: Words,
    }
}

crate::wire_struct! {
    /// One version of a catalogue entry; payload of `Publish`.
    pub struct Entry {
        /// Resource code and version.
        pub id: EntryId,
        /// The version before, none for the first.
        pub previous: Option<u32>,
        /// 信息资源名称.
        pub name: Words,
        /// 信息资源摘要.
        pub summary: Words,
        /// Administrative division the data are about.
        pub region: RegionCode,
        /// 信息项.
        pub items: Vec<Item>,
        /// 共享属性.
        pub share_type: ShareType,
        /// 共享条件.
        pub conditions: Vec<Condition>,
        /// 共享方式.
        pub modes: BTreeSet<Mode>,
        /// 更新周期.
        pub update_cycle: UpdateCycle,
        /// Highest grade of its items.
        pub grade: u8,
        /// Receipt mode.
        pub receipt_mode: ReceiptMode,
        /// 采集依据: the law that lets the provider collect it.
        pub legal_basis: Words,
    }
}

crate::wire_struct! {
    /// An entry as the state knows it.
    pub struct PublishedEntry {
        /// The entry.
        pub entry: Entry,
        /// Who publishes it.
        pub provider: DepartmentId,
        /// When.
        pub at: Time,
        /// In which block.
        pub height: Height,
        /// By which transaction.
        pub tx: TxId,
    }
}

impl Entry {
    /// The item of this code.
    #[must_use]
    pub fn item(&self, code: &ItemCode) -> Option<&Item> {
        self.items.iter().find(|item| &item.code == code)
    }

    /// Whether the entry is not too large and agrees with itself: unique items, grade and modes that fit, a condition to cite,
    /// and a receipt for each answer where an item is of grade 4 or sensitive. What is guarded and may leave
    /// has a mask or is said to be clear.
    ///
    /// # Errors
    /// [`Refusal::EntryTooLarge`], [`Refusal::EntryMalformed`], [`Refusal::EntryUnmasked`].
    pub fn check(&self, limits: &Limits) -> Result<(), Refusal> {
        if to_bytes(self).len() > limits.entry_bytes {
            return Err(Refusal::EntryTooLarge);
        }
        let codes: BTreeSet<_> = self.items.iter().map(|item| &item.code).collect();
        let conditions: BTreeSet<_> = self.conditions.iter().map(|condition| &condition.code).collect();
        let grade = self.items.iter().map(|item| item.grade).max().unwrap_or_default();
        let strict = grade >= 4 || self.items.iter().any(|item| item.sensitivity == 2);
        let sound = self.id.version > 0
            && self.previous == self.id.version.checked_sub(1).filter(|v| *v > 0)
            && (1..=limits.items).contains(&self.items.len())
            && codes.len() == self.items.len()
            && self.items.iter().all(|item| {
                (1..=4).contains(&item.grade)
                    && item.sensitivity <= 3
                    && !(item.returnable && item.verify_only)
            })
            && self.items.iter().any(|item| item.query_key)
            && self.grade == grade
            && self.conditions.len() <= limits.conditions
            && conditions.len() == self.conditions.len()
            && (self.share_type == ShareType::Unconditional || !self.conditions.is_empty())
            && (self.share_type == ShareType::NotShared) == self.modes.is_empty()
            && (!strict || self.receipt_mode == ReceiptMode::Each);
        if !sound {
            return Err(Refusal::EntryMalformed);
        }
        let clear_by_omission =
            |item: &Item| item.returnable && item.is_guarded() && item.mask == ItemMask::Unsaid;
        if self.items.iter().any(clear_by_omission) { Err(Refusal::EntryUnmasked) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_found_by_its_code() {
        assert_eq!(ItemMask::from_code("clear"), Some(ItemMask::Clear));
        for rule in MaskRule::ALL {
            assert_eq!(ItemMask::from_code(rule.code()), Some(ItemMask::Rule(*rule)));
            assert_eq!(ItemMask::from(Some(*rule)).rule(), Some(*rule));
        }
        assert_eq!((ItemMask::from_code(""), ItemMask::from_code("Clear")), (None, None));
    }
}
