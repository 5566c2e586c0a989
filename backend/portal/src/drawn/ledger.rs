//! Invented views of the chain and its members.

use services::chain::*;
use services::departments::DepartmentRow;

use super::papers::{certificate, proof};
use super::things::*;

pub(super) fn block_row(height: u64) -> BlockRow {
    BlockRow { height, id: hex("block"), at: NOW - 2_000, transactions: 2, proposer: centre(true) }
}

pub(super) fn tx_row(kind: &'static str) -> TransactionRow {
    TransactionRow {
        id: hex("tx"),
        kind,
        department: centre(false),
        height: 1202,
        at: NOW,
        index: 0,
        size: 812,
    }
}

pub(super) fn chain() -> ChainOverview {
    ChainOverview {
        name: "zl-demo".into(),
        trust_root: hex("root"),
        began_at: NOW - 90 * DAY,
        line: services::office::ChainLine {
            height: 1204,
            at: NOW - 2_000,
            behind_ms: 2_000,
            behind: false,
            peers: 5,
            validator: true,
            clock_ahead_ms: Some(-12),
            clock_off: false,
        },
        block: hex("block"),
        state_root: hex("state"),
        receipt_root: hex("receipts"),
        receipts: 1042,
        heartbeat_ms: 10_000,
        departments: 6,
        certificate: Some(certificate()),
        entries: 5,
        requests: 12,
        grants: 9,
        blocks: (1200..1204).rev().map(block_row).collect(),
        transactions: vec![tx_row("record-answer"), tx_row("acknowledge"), tx_row("submit-request")],
        equivocations: 5,
        equivocated: ["announcement", "proposal", "prevote", "precommit"].map(equivocation).into(),
    }
}

fn equivocation(kind: &'static str) -> EquivocationRow {
    EquivocationRow {
        validator: centre(false),
        height: 1_198,
        round: 3,
        kind,
        reporter: centre(true),
        tx: hex("tx"),
        at: NOW - 60_000,
    }
}

pub(super) fn blocks() -> BlockPage {
    BlockPage {
        blocks: (1180..1204).rev().map(block_row).collect(),
        head: 1204,
        older: Some(1180),
        newer: Some(1230),
    }
}

pub(super) fn block() -> BlockView {
    BlockView {
        row: block_row(1202),
        parent: hex("parent"),
        transaction_root: hex("ns2"),
        state_root: hex("state"),
        receipt_root: hex("receipts"),
        receipts: 1042,
        next_validators: hex("validators"),
        waiting: vec![block_row(1202).proposer],
        certificate: Some(certificate()),
        transactions: vec![tx_row("record-answer"), tx_row("publish")],
        has_next: true,
    }
}

pub(super) fn transaction() -> TransactionView {
    TransactionView {
        row: tx_row("approve-request"),
        key: hex("key").chars().take(32).collect(),
        key_kind: "office",
        signature_valid: true,
        valid_until: NOW,
        said: Some(TransactionSaid {
            nonce: hex("nonce"),
            signature: hex("s").repeat(2),
            by: Some(person(None)),
            second: Some(person(None)),
            subjects: vec![
                ChainSubject::Request(hex("req")),
                ChainSubject::Grant(hex("grant")),
                ChainSubject::Entry("307001/000001".into(), 2),
                ChainSubject::Record(hex("query")),
            ],
            bytes: hex("bytes").repeat(6),
        }),
        proof: proof(),
    }
}

pub(super) fn department_rows() -> Vec<DepartmentRow> {
    let row = |own: bool| DepartmentRow {
        department: centre(own),
        active: true,
        inspectorate: !own,
        validator: own,
        keys: [hex("o"), hex("n"), hex("s")],
        entries: u64::from(own),
        asked: 120,
        answered: 33,
    };
    vec![row(true), row(false)]
}
