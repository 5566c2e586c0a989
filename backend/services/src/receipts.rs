//! Receipts: the record of one access, its row in lists, its facts, its checks and its evidence.
//!
//! A party sees its own records. Others are shown to an inspector of an inspectorate alone, and each
//! look is noted before anything is shown. Nothing here says who the citizen was; the chain does not
//! know. What a party knows of its own query (colleague, case) is added for that party alone.

mod checks;
mod facts;
mod list;
mod show;
mod view;

pub use list::list;
pub(crate) use list::{of_grant, rows};
pub use show::{evidence, show};
pub use view::{
    CheckCode, CheckView, DeliveryView, EvidenceFile, FactKey, Outcome, OwnQuery, RecordGrant, RecordRequest,
    RecordRow, RecordView, RecordWord,
};
