//! The public ledger: blocks, transactions, validators. Every signed-in officer of a member may look;
//! members of a chain hold all of it anyway.

mod list;
mod proof;
mod show;
mod view;

pub use list::{blocks, overview};
pub(crate) use proof::{certificate_view, proof_of, transaction_signature};
pub use show::{block, transaction};
pub use view::{
    BlockPage, BlockRow, BlockView, CertificateView, ChainOverview, ChainSubject, EquivocationRow, ProofStep,
    ProofView, SignerView, TransactionRow, TransactionSaid, TransactionView,
};
