//! What departments hand in: entries, requests, approvals, tickets, receipts. Each is valid as it
//! stands; a test changes what it is about.

use super::cast::{Centre, digest_of, key_of, row};
use super::chain::Chain;
use gm::domain::{Kind, Salt, commit};
use gm::sm2::Signature;
use ledger::amendment::{CountersignPolicy, DraftPolicy, WithdrawPolicy};
use ledger::catalogue::{
    Condition, DataType, Entry, Item, ItemMask, MaskRule, Mode, ReceiptMode, ShareType, UpdateCycle,
};
use ledger::equivocation::{Equivocation, Message};
use ledger::grant::RevokeGrant;
use ledger::ids::{
    BlockId, Code2, EntryId, GrantId, Height, InspectionId, ItemCode, Nonce, QueryId, RequestId,
};
use ledger::inspection::{CloseInspection, InspectionScope, OpenInspection, RecordLooks, Sight};
use ledger::policy::{Effect, PolicyOwner, PolicyRow, PolicySet};
use ledger::query::{Answer, Details};
use ledger::receipt::{
    Delivery, DeliveryOutcome, Denial, DenialClass, LogHead, PolicyVersions, Receipt, Ticket,
};
use ledger::refusal::Refusal;
use ledger::request::{ApproveRequest, GrantedItem, RefuseRequest, SubmitRequest, WithdrawRequest};
use ledger::role::{Assurance, By, Role};
use ledger::roster::AnchorRoster;
use ledger::text::Words;
use ledger::transaction::Payload;
use ledger::views;
use ledger::wire::to_bytes;

pub(crate) const MINUTE: u64 = 60_000;
pub(crate) const DAY: u64 = 24 * 60 * MINUTE;

pub(crate) fn code(text: &str) -> ItemCode {
    text.parse().unwrap()
}

pub(crate) fn code2(text: &str) -> Code2 {
    text.parse().unwrap()
}

fn words(zh: &str, en: &str) -> Words {
    Words::new(zh, en).unwrap()
}

fn item(name: &str, zh: &str, en: &str, sensitivity: u8, grade: u8, mask: ItemMask) -> Item {
    Item {
        code: code(name),
        label: words(zh, en),
        data_type: DataType::Text,
        sensitivity,
        grade,
        query_key: false,
        returnable: true,
        verify_only: false,
        mask,
    }
}

/// 缴存证明查询, the entry of the story: version 1 of resource 307001/000001.
pub(crate) fn payment_certificate() -> Entry {
    Entry {
        id: EntryId { code: "307001/000001".parse().unwrap(), version: 1 },
        previous: None,
        name: words("缴存证明查询", "Payment certificate"),
        summary: words("职工住房公积金缴存情况", "How an employee pays into the housing fund"),
        region: "510100".parse().unwrap(),
        items: vec![
            Item {
                query_key: true,
                ..item("XingMing", "姓名", "Name", 1, 3, ItemMask::Rule(MaskRule::Name))
            },
            Item {
                query_key: true,
                ..item("ZJHM", "证件号码", "Identity number", 2, 4, ItemMask::Rule(MaskRule::Id))
            },
            item("GRZHZT", "账户状态", "Account status", 1, 3, ItemMask::Clear),
            item("GRZHYE", "账户余额", "Balance", 2, 4, ItemMask::Rule(MaskRule::Amt)),
            Item {
                returnable: false,
                verify_only: true,
                ..item("YJCE", "月缴存额", "Monthly payment", 2, 4, ItemMask::Unsaid)
            },
        ],
        share_type: ShareType::Conditional,
        conditions: vec![
            Condition { code: code2("01"), text: words("仅限异地贷款核查", "Only to check a loan") },
            Condition { code: code2("02"), text: words("须经本人授权", "Only with consent") },
        ],
        modes: [Mode::Query, Mode::Batch].into(),
        update_cycle: UpdateCycle::RealTime,
        grade: 4,
        receipt_mode: ReceiptMode::Each,
        legal_basis: words("《住房公积金管理条例》", "Regulation on the housing fund"),
    }
}

/// An entry like it, of so many bytes.
pub(crate) fn entry_of(bytes: usize) -> Entry {
    let mut entry = payment_certificate();
    entry.id.code = "307001/000016".parse().unwrap();
    let filler = entry.items[2].clone();
    let size = |entry: &Entry| to_bytes(entry).len();
    while size(&entry) + 3_100 < bytes {
        let label = words(&"字".repeat(500), "x");
        entry.items.push(Item { code: code(&format!("F{:03}", entry.items.len())), label, ..filler.clone() });
    }
    // The summary makes up for the rest; from 256 bytes on its heads keep their size.
    let text = |length: usize| "x".repeat(length);
    entry.summary = words(&text(256), &text(256));
    let missing = bytes - size(&entry);
    let first = missing.min(1_200);
    entry.summary = words(&text(256 + first), &text(256 + missing - first));
    assert_eq!(size(&entry), bytes);
    entry
}

/// 网点信息, an entry without persons: unconditional, receipts in batches.
pub(crate) fn branch_list() -> Entry {
    Entry {
        id: EntryId { code: "307001/000002".parse().unwrap(), version: 1 },
        name: words("服务网点", "Branches"),
        items: vec![Item {
            query_key: true, ..item("WDMC", "网点名称", "Branch", 0, 1, ItemMask::Unsaid)
        }],
        share_type: ShareType::Unconditional,
        conditions: vec![],
        grade: 1,
        receipt_mode: ReceiptMode::Batch,
        ..payment_certificate()
    }
}

/// The next version of an entry.
pub(crate) fn next_version(entry: &Entry) -> Entry {
    let mut next = entry.clone();
    next.previous = Some(entry.id.version);
    next.id.version += 1;
    next
}

/// A row that denies what was let pass before.
pub(crate) fn tighten(rows: &mut Vec<PolicyRow>) {
    let id = format!("no-{}", rows.len());
    let purpose = "02".parse().unwrap();
    rows.push(PolicyRow { effect: Effect::Deny, purpose, ..row(&id, "answer", &[]) });
}

/// A row that lets something pass that was not let pass before.
pub(crate) fn loosen(rows: &mut Vec<PolicyRow>) {
    let id = format!("more-{}", rows.len());
    let purpose = format!("{:02}", 10 + rows.len()).parse().unwrap();
    rows.push(PolicyRow { purpose, ..row(&id, "ask", &[]) });
}

impl Chain {
    /// The officer of the requester who handles what stands under the next nonce.
    fn by(&self, centre: Centre, object: &[u8], staff_id: &str, role: Role) -> By {
        self.network.officer(centre, object, staff_id, role)
    }

    /// Guangzhou asks for three items of Chengdu's payment certificate, for a month and three queries.
    pub(crate) fn a_request(&self) -> SubmitRequest {
        let RequestId(object) = self.next_request(Centre::Guangzhou);
        SubmitRequest {
            provider: Centre::Chengdu.id(),
            entry: payment_certificate().id,
            items: ["XingMing", "GRZHZT", "GRZHYE"].map(code).into(),
            purpose: code2("01"),
            basis: code2("02"),
            mode: Mode::Query,
            from: self.now(),
            until: self.now().plus_ms(30 * DAY),
            quota: 3,
            documents: Some(digest_of("documents")),
            by: self.by(Centre::Guangzhou, &object, "liu", Role::ReqOperator),
            second: self.by(Centre::Guangzhou, &object, "gao", Role::DeptLead),
            seals: None,
        }
    }

    /// The approval of a request on the chain, as it was asked.
    pub(crate) fn an_approval(&self, request: &RequestId) -> ApproveRequest {
        let request = views::request(self.state(), request).unwrap().unwrap();
        self.approval_of(&request.id, &request.asked)
    }

    /// The approval of a request that may not be on the chain yet.
    pub(crate) fn approval_of(&self, request: &RequestId, asked: &SubmitRequest) -> ApproveRequest {
        let published = views::entry(self.state(), &asked.entry).unwrap();
        let entry = published.map_or_else(payment_certificate, |published| published.entry);
        let items = asked.items.iter().map(|code| GrantedItem {
            code: code.clone(),
            mask: entry.item(code).and_then(|item| item.mask.rule()),
        });
        ApproveRequest {
            request: *request,
            items: items.collect(),
            purpose: asked.purpose.clone(),
            row_scope: None,
            quota: asked.quota,
            from: asked.from,
            until: asked.until,
            receipt_mode: entry.receipt_mode,
            policy_versions: self.policies_of(Centre::Chengdu),
            by: self.by(Centre::Chengdu, &request.0, "he", Role::ProvApprover),
            second: self.by(Centre::Chengdu, &request.0, "ma", Role::DeptLead),
            seals: None,
        }
    }

    pub(crate) fn a_refusal(&self, request: &RequestId) -> RefuseRequest {
        let by = self.by(Centre::Chengdu, &request.0, "he", Role::ProvApprover);
        RefuseRequest { request: *request, condition: 1, by }
    }

    pub(crate) fn a_withdrawal(&self, request: &RequestId) -> WithdrawRequest {
        let by = self.by(Centre::Guangzhou, &request.0, "liu", Role::ReqOperator);
        WithdrawRequest { request: *request, reason: code2("01"), by }
    }

    pub(crate) fn a_revocation(&self, grant: &GrantId) -> RevokeGrant {
        let by = self.by(Centre::Chengdu, &grant.0, "he", Role::ProvApprover);
        RevokeGrant { grant: *grant, reason: code2("03"), by }
    }

    /// Guangzhou's ticket for one query under a grant.
    pub(crate) fn a_ticket(&self, grant: &GrantId) -> Ticket {
        let tip = self.tip();
        Ticket {
            version: 1,
            chain: self.network.chain,
            requester: Centre::Guangzhou.id(),
            key_id: self.network.keys[&Centre::Guangzhou].online.public().key_id(),
            grant: *grant,
            provider: Centre::Chengdu.id(),
            mode: Mode::Query,
            units: 1,
            seen_height: tip.height,
            seen_block: tip.block,
            valid_until: self.now().plus_ms(5 * MINUTE),
            details_digest: digest_of(&format!("details {}", self.papers())),
        }
    }

    pub(crate) fn sign_ticket(&self, by: Centre, ticket: &Ticket) -> Signature {
        self.network.keys[&by].online.sign(self.network.chain, Kind::Ticket, &to_bytes(ticket)).unwrap()
    }

    /// Chengdu's receipt of an answer, judged at its head.
    pub(crate) fn a_receipt(&self, ticket: &Ticket) -> Receipt {
        Receipt {
            ticket: ticket.clone(),
            ticket_signature: self.sign_ticket(Centre::Guangzhou, ticket),
            answer_digest: digest_of("answer"),
            policy_versions: self.policies_of(Centre::Chengdu),
            judged_height: self.tip().height,
            log_head: LogHead { size: 17, digest: digest_of("log") },
        }
    }

    /// Chengdu's denial, judged at its head.
    pub(crate) fn a_denial(&self, ticket: &Ticket, class: DenialClass) -> Denial {
        Denial {
            ticket: ticket.clone(),
            ticket_signature: self.sign_ticket(Centre::Guangzhou, ticket),
            class,
            decision_commit: digest_of("decision"),
            policy_versions: self.policies_of(Centre::Chengdu),
            judged_height: self.tip().height,
            log_head: LogHead { size: 18, digest: digest_of("log") },
        }
    }

    /// What Guangzhou's ticket hides: two granted items about one person, for one case. The commitments are to
    /// these salts and values.
    pub(crate) fn a_details(&self, subject: (u8, &str), case: (u8, &str)) -> Details {
        let commitment = |(salt, value): (u8, &str)| {
            commit(self.network.chain, &Salt::from_bytes([salt; 32]), value.as_bytes())
        };
        let nonce = Nonce(digest_of("nonce of the details").0);
        let keys = &self.network.keys;
        Details {
            version: 1,
            nonce,
            entry: payment_certificate().id,
            items: ["XingMing", "GRZHYE"].map(code).into(),
            purpose: code2("01"),
            subject_commit: Some(commitment(subject)),
            subjects: None,
            case_commit: commitment(case),
            claims_commit: None,
            actor: self.by(Centre::Guangzhou, &nonce.0, "chen", Role::BizUser).pseudonym,
            assurance: Assurance::Password,
            officer_proof_commit: None,
            asker_commit: digest_of("asker"),
            requester_decision_commit: digest_of("decision of Guangzhou"),
            policy_versions: self.policies_of(Centre::Guangzhou),
            sealing_key_id: keys[&Centre::Chengdu].sealing.public().key_id(),
            reply_key: key_of("reply").public(),
            job: None,
            log_head: LogHead { size: 4, digest: digest_of("log of Guangzhou") },
        }
    }

    /// The header of Chengdu's answer to a ticket.
    pub(crate) fn an_answer(&self, ticket: &Ticket, decision: (u8, &str)) -> Answer {
        let salt = Salt::from_bytes([decision.0; 32]);
        Answer {
            version: 1,
            chain: self.network.chain,
            provider: Centre::Chengdu.id(),
            key_id: self.network.keys[&Centre::Chengdu].online.public().key_id(),
            query_id: ticket.query_id(),
            result_root: digest_of("rows"),
            leaf_count_padded: 4,
            sealed_digest: digest_of("ciphertext"),
            sealed_size: 640,
            seed_commit: digest_of("seed"),
            decision_commit: commit(self.network.chain, &salt, decision.1.as_bytes()),
            snapshot: None,
            prepared_at: self.now(),
            refetch_until: self.now().plus_ms(DAY),
        }
    }

    /// Guangzhou's acknowledgement of opened answers.
    pub(crate) fn a_delivery(&self, queries: &[QueryId]) -> Delivery {
        let mut marks: Vec<_> = queries.iter().map(|query| (*query, DeliveryOutcome::Opened)).collect();
        marks.sort_unstable();
        let log_head = LogHead { size: 5, digest: digest_of("log of Guangzhou") };
        Delivery { marks, marks_root: digest_of("marks"), log_head }
    }

    /// The policies in force for a department; those of genesis where a test took one away.
    pub(crate) fn policies_of(&self, centre: Centre) -> PolicyVersions {
        let in_force = views::policy_versions(self.state(), &centre.id()).unwrap();
        in_force.unwrap_or_else(|| self.network.genesis.policy_versions(&centre.id()).unwrap())
    }

    /// What follows an owner's policy in force, with these rows changed.
    pub(crate) fn next_policy(&self, owner: &PolicyOwner, change: fn(&mut Vec<PolicyRow>)) -> PolicySet {
        let mut set = views::policy(self.state(), owner).unwrap().unwrap();
        set.previous = set.version(self.network.chain);
        set.number += 1;
        change(&mut set.rows);
        set
    }

    /// An officer drafts a set for this department.
    pub(crate) fn a_draft(&self, by: Centre, set: &PolicySet) -> DraftPolicy {
        let by = self.by(by, &set.owner.object(), "wei", Role::SecAdmin);
        DraftPolicy { set: set.clone(), reason: Some(digest_of("reason")), by }
    }

    /// A second officer countersigns it.
    pub(crate) fn a_countersignature(&self, by: Centre, set: &PolicySet) -> CountersignPolicy {
        let by = self.by(by, &set.owner.object(), "sun", Role::SecAdmin);
        CountersignPolicy { owner: set.owner.clone(), version: set.version(self.network.chain), by }
    }

    /// An officer takes it back.
    pub(crate) fn a_policys_withdrawal(&self, by: Centre, set: &PolicySet) -> WithdrawPolicy {
        let by = self.by(by, &set.owner.object(), "sun", Role::SecAdmin);
        WithdrawPolicy { owner: set.owner.clone(), version: set.version(self.network.chain), by }
    }

    /// Two officers change an owner's policy: a block for the draft, one for the countersignature.
    pub(crate) fn amend(
        &mut self,
        by: Centre,
        owner: &PolicyOwner,
        change: fn(&mut Vec<PolicyRow>),
    ) -> Result<PolicySet, Refusal> {
        let set = self.next_policy(owner, change);
        self.submit(by, Payload::DraftPolicy(self.a_draft(by, &set)))?;
        self.submit(by, Payload::CountersignPolicy(self.a_countersignature(by, &set)))?;
        Ok(set)
    }

    /// Two officers of the inspectorate open an inspection of Chengdu's last and next month.
    pub(crate) fn an_inspection(&self) -> OpenInspection {
        let InspectionId(object) = self.next_inspection();
        let by = |staff_id| self.by(Centre::Inspectorate, &object, staff_id, Role::Inspector);
        OpenInspection {
            scope: InspectionScope::Departments([Centre::Chengdu.id()].into()),
            from: self.now().minus_ms(30 * DAY),
            until: self.now().plus_ms(30 * DAY),
            purpose: code2("03"),
            case_commit: digest_of("case of the inspection"),
            warrant_commit: digest_of("warrant"),
            ends: self.now().plus_ms(30 * DAY),
            by: by("shen"),
            second: by("qian"),
        }
    }

    pub(crate) fn a_closing(&self, inspection: &InspectionId) -> CloseInspection {
        let by = self.by(Centre::Inspectorate, &inspection.0, "shen", Role::Inspector);
        CloseInspection { inspection: *inspection, conclusion: code2("01"), by }
    }

    /// What the inspectorate looked at.
    pub(crate) fn looks(&self, inspection: &InspectionId, looks: &[Sight]) -> RecordLooks {
        let mut looks = looks.to_vec();
        looks.sort_unstable();
        let log_head = LogHead { size: 7, digest: digest_of("log of the inspectorate") };
        RecordLooks { inspection: *inspection, looks, log_head }
    }

    /// Nanjing's validator precommitted twice in one round of a height.
    pub(crate) fn an_equivocation(&self, height: u64) -> Equivocation {
        let (height, voter) = (Height(height), Centre::Nanjing);
        let address = self.network.address(voter);
        let said = |block| {
            let message = Message::Vote { round: 0, is_precommit: true, block };
            let digest = message.digest(self.network.chain, height, address);
            (message, self.network.keys[&voter].consensus.sign_digest(&digest).unwrap())
        };
        Equivocation::of(height, address, said(Some(BlockId([1; 32]))), said(None)).unwrap()
    }

    /// The inspectorate opens an inspection.
    pub(crate) fn inspect(&mut self, terms: OpenInspection) -> Result<InspectionId, Refusal> {
        let id = self.next_inspection();
        self.submit(Centre::Inspectorate, Payload::OpenInspection(terms)).map(|_| id)
    }

    /// A department's roster of so many officers.
    pub(crate) fn a_roster(&self, size: u64) -> AnchorRoster {
        let log_head = LogHead { size: 6, digest: digest_of("log of the roster") };
        AnchorRoster { root: digest_of(&format!("roster of {size}")), size, log_head }
    }
}
