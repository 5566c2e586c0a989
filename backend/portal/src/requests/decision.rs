//! The approval form: what was asked for, narrowed by policy and by hand, never widened.

use services::catalogue::ItemView;
use services::codes::MaskRule;
use services::requests::{ApproveInput, ApproveItem, RequestView};

use crate::form::Fields;
use crate::frame::Frame;

/// The form with its defaults, or with what was typed.
pub(crate) struct Decision {
    pub(crate) form_id: String,
    pub(crate) rows: Vec<Row>,
    pub(crate) quota: String,
    pub(crate) from: String,
    pub(crate) until: String,
    pub(crate) receipt_mode: String,
    /// Items that the defaults narrow or leave out.
    pub(crate) narrowed: usize,
    pub(crate) dropped: usize,
}

/// One item of the form.
pub(crate) struct Row {
    pub(crate) item: ItemView,
    pub(crate) checked: bool,
    pub(crate) masks: Vec<Mask>,
    pub(crate) policy_drops: bool,
    pub(crate) policy_mask: Option<MaskRule>,
    pub(crate) beyond_need: bool,
}

/// One way an item may leave.
pub(crate) struct Mask {
    /// Empty: as kept.
    pub(crate) code: &'static str,
    pub(crate) label: String,
    pub(crate) chosen: bool,
}

impl Row {
    /// Entry or policy demand a mask.
    fn is_masked(&self) -> bool {
        self.item.mask.is_some() || self.policy_mask.is_some()
    }
}

impl Decision {
    /// Names of items that lie outside what the purpose needs.
    pub(crate) fn beyond_need(&self, f: &Frame) -> Vec<String> {
        let beyond = self.rows.iter().filter(|row| row.beyond_need);
        beyond.map(|row| f.w(&row.item.label).to_owned()).collect()
    }

    /// The form of a request.
    pub(crate) fn of(f: &Frame, view: &RequestView, typed: Option<&Fields>) -> Self {
        let rows: Vec<Row> = view
            .items
            .iter()
            .map(|asked| {
                let chosen = typed.map(|fields| fields.one(&mask_field(&asked.item.code)));
                Row {
                    checked: typed
                        .map_or(!asked.policy_drops, |fields| fields.has("items", &asked.item.code)),
                    masks: masks(f, &asked.masks_offered, chosen),
                    policy_drops: asked.policy_drops,
                    policy_mask: asked.policy_mask,
                    beyond_need: asked.beyond_need,
                    item: asked.item.clone(),
                }
            })
            .collect();
        let field = |name: &str, default: String| typed.map_or(default, |fields| fields.text(name));
        Self {
            form_id: field("form_id", view.forms.approve.clone()),
            quota: field("quota", view.quota.to_string()),
            from: field("from", view.from_day.clone()),
            until: field("until", view.until_day.clone()),
            receipt_mode: view
                .forms
                .receipt_modes
                .first()
                .map(|mode| mode.code().to_owned())
                .unwrap_or_default(),
            narrowed: rows.iter().filter(|row| !row.policy_drops && row.is_masked()).count(),
            dropped: rows.iter().filter(|row| row.policy_drops).count(),
            rows,
        }
    }
}

fn masks(f: &Frame, offered: &[Option<MaskRule>], chosen: Option<&str>) -> Vec<Mask> {
    offered
        .iter()
        .enumerate()
        .map(|(place, mask)| {
            let code = mask.map_or("", MaskRule::code);
            Mask {
                code,
                label: match mask {
                    Some(mask) => f.c("mask", mask.code()).to_string(),
                    None => f.t("mask-none").to_string(),
                },
                chosen: chosen.map_or(place == 0, |chosen| chosen == code),
            }
        })
        .collect()
}

/// What the form says.
pub(crate) fn input_of(fields: &Fields) -> ApproveInput {
    let items = fields.all("items").into_iter();
    ApproveInput {
        form_id: fields.text("form_id"),
        items: items.map(|code| ApproveItem { mask: fields.text(&mask_field(&code)), code }).collect(),
        quota: fields.text("quota"),
        from: fields.text("from"),
        until: fields.text("until"),
        receipt_mode: fields.text("receipt_mode"),
    }
}

fn mask_field(item: &str) -> String {
    format!("mask.{item}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ticked_items_are_granted_each_with_its_mask() {
        let fields =
            Fields::read(b"form_id=ab&items=XingMing&items=ZJHM&mask.XingMing=MK-NAME&mask.ZJHM=MK-ID&mask.SJHM=MK-MOB&quota=20")
                .unwrap();
        let input = input_of(&fields);
        let items: Vec<_> = input.items.iter().map(|item| (item.code.as_str(), item.mask.as_str())).collect();
        assert_eq!(items, [("XingMing", "MK-NAME"), ("ZJHM", "MK-ID")]);
        assert_eq!(input.quota, "20");
    }
}
