//! The ledger that all members share: blocks, transactions, validators.

use actix_web::{HttpResponse, web};
use askama::Template;
use services::chain::{self, BlockPage, BlockView, ChainOverview, ChainSubject, TransactionView};

use crate::address;
use crate::error::PortalError;
use crate::frame::Frame;
use crate::page;
use crate::shell::Shell;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "chain/index.html")]
pub(crate) struct OverviewPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) view: ChainOverview,
}

#[derive(Template)]
#[template(path = "chain/blocks.html")]
pub(crate) struct BlocksPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) view: BlockPage,
}

#[derive(Template)]
#[template(path = "chain/block.html")]
pub(crate) struct OneBlockPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) view: BlockView,
}

#[derive(Template)]
#[template(path = "chain/transaction.html")]
pub(crate) struct TransactionPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) view: TransactionView,
}

/// `GET /chain`
pub(crate) async fn overview(visit: Visit) -> Result<HttpResponse, PortalError> {
    let overview = |office, officer| async move { chain::overview(&office, &officer).await };
    let view = visit.heavy(overview).await?;
    page::ok(&OverviewPage { f: Frame::of(&visit), shell: Shell::of(&visit).await?, view })
}

/// `GET /chain/blocks?before=`
pub(crate) async fn blocks(visit: Visit) -> Result<HttpResponse, PortalError> {
    let before = visit.guest.query().one("before").parse().ok();
    let blocks = move |office, officer| async move { chain::blocks(&office, &officer, before).await };
    let view = visit.heavy(blocks).await?;
    page::ok(&BlocksPage { f: Frame::of(&visit), shell: Shell::of(&visit).await?, view })
}

/// `GET /chain/blocks/{height}`
pub(crate) async fn block(visit: Visit, height: web::Path<u64>) -> Result<HttpResponse, PortalError> {
    let block = move |office, officer| async move { chain::block(&office, &officer, *height).await };
    let view = visit.heavy(block).await?;
    page::ok(&OneBlockPage { f: Frame::of(&visit), shell: Shell::of(&visit).await?, view })
}

/// `GET /chain/tx/{id}`
pub(crate) async fn transaction(visit: Visit, id: web::Path<String>) -> Result<HttpResponse, PortalError> {
    let transaction = |office, officer| async move { chain::transaction(&office, &officer, &id).await };
    let view = visit.heavy(transaction).await?;
    page::ok(&TransactionPage { f: Frame::of(&visit), shell: Shell::of(&visit).await?, view })
}

/// Key, address and shown text of what a transaction is about.
pub(crate) fn subject(subject: &ChainSubject) -> (&'static str, String, String) {
    match subject {
        ChainSubject::Entry(code, version) => ("entry", address::entry(code, *version), code.clone()),
        ChainSubject::Request(id) => ("request", format!("/requests/{id}"), id.clone()),
        ChainSubject::Grant(id) => ("grant", format!("/grants/{id}"), id.clone()),
        ChainSubject::Inspection(id) => ("inspection", format!("/inspections/{id}"), id.clone()),
        ChainSubject::Record(id) => ("receipt", format!("/receipts/{id}"), id.clone()),
    }
}
