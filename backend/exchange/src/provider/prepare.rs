//! Makes an answer or a denial and puts it on the disk. Nothing of either leaves before.

use std::collections::BTreeMap;

use gm::domain::{Salt, commit};
use gm::envelope::{self, Seed};
use gm::sm2::PublicKey;
use gm::sm3::{Digest, sm3};
use ledger::ids::QueryId;
use ledger::receipt::{self, Receipt};
use ledger::text::Text;
use ledger::transaction::{Payload, Signed};
use ledger::wire::{Bytes, to_bytes};

use super::judge::{Allowed, Denial};
use super::{Provider, refused};
use crate::fault::ExchangeFault;
use crate::judging::limit;
use crate::limits::ANSWER_SEALED_BYTES_MAX;
use crate::outcome::Outcome;
use crate::protocol::{Answer, Asked, Envelope, ReasonBody, Reply, VERSION};
use crate::source::Reading;
use crate::store::answers::{Denied, KeptDecision, Origin, Prepared};
use crate::table::Body;

/// "No such person" (DOMAIN 6.4).
const NO_SUCH_PERSON: &str = "V02";

impl Provider {
    /// Reads, masks, seals; then header, ciphertext, seed and receipt are synced to the disk.
    pub(super) async fn prepare(
        &self,
        origin: &Origin<'_>,
        allowed: &Allowed<'_>,
    ) -> Result<Reply, ExchangeFault> {
        let context = &self.context;
        let query = origin.envelope.query_id();
        let body = self.body(allowed, &query).await?;
        let seed = Seed::generate()?;
        let seed_commit = seed.commitment(context.chain);
        let sealed = envelope::seal(
            &seed,
            context.chain,
            &Answer::context(&query, &seed_commit),
            &body.sealable(allowed.question.details.items.len()),
        );
        if sealed.len() > ANSWER_SEALED_BYTES_MAX {
            return Err(ExchangeFault::Source {
                entry: allowed.grant.entry.to_string(),
                problem: "it has more about one person than an answer may hold".to_owned(),
            });
        }
        let (result_root, leaf_count_padded) = body.result_root(context.chain);
        let (salt, decision) = (Salt::generate()?, allowed.decision.bytes());
        let now = context.now();
        let answer = Answer {
            version: VERSION,
            chain: context.chain,
            provider: context.department.clone(),
            key_id: context.online_id,
            query_id: query,
            result_root,
            leaf_count_padded,
            sealed_digest: sm3(&[&sealed]),
            sealed_size: sealed.len() as u64,
            seed_commit,
            decision_commit: commit(context.chain, &salt, &decision),
            snapshot: None,
            prepared_at: now,
            refetch_until: allowed.judged_at.plus_ms(allowed.refetch_ms),
        };
        let tx = self.receipt(origin.envelope, &answer, allowed)?;
        let prepared = Prepared {
            answer: &answer,
            ciphertext: &sealed,
            seed: &seed,
            tx: &tx,
            decision: KeptDecision { bytes: &decision, salt: salt.as_bytes() },
            found: body.found,
        };
        context.store.prepared(origin, &prepared, now).await?;
        Ok(Reply::Answered { answer: Box::new(answer), sealed: Bytes(sealed) })
    }

    /// The transaction that puts an answer on record. Its time is the ticket's, so that the same bytes
    /// may be submitted again.
    pub(super) fn receipt(
        &self,
        envelope: &Envelope,
        answer: &Answer,
        allowed: &Allowed<'_>,
    ) -> Result<Signed, ExchangeFault> {
        let receipt = Receipt {
            ticket: envelope.ticket.clone(),
            ticket_signature: envelope.ticket_signature,
            answer_digest: answer.digest(),
            policy_versions: allowed.decision.versions,
            judged_height: allowed.judged_height,
            log_head: self.context.log_head(),
        };
        self.context.sign(envelope.ticket.valid_until, Payload::RecordAnswer(receipt))
    }

    async fn body(&self, allowed: &Allowed<'_>, query: &QueryId) -> Result<Body, ExchangeFault> {
        let grant = &allowed.grant;
        let problem = |problem: &str| ExchangeFault::Source {
            entry: grant.entry.to_string(),
            problem: problem.to_owned(),
        };
        let source = self.sources.get(&grant.entry).ok_or_else(|| problem("it is not bound"))?;
        let Asked::One(person, _) = &allowed.question.asked;
        let given = &allowed.selection.given;
        let reading = Reading {
            person,
            items: given.iter().map(|(item, (data_type, _))| (item.clone(), *data_type)).collect(),
            scope: grant.row_scope.as_ref(),
        };
        let masks: BTreeMap<_, _> =
            given.iter().filter_map(|(item, (_, mask))| mask.map(|rule| (item.clone(), rule))).collect();
        let rows = source.read(&reading).await?;
        let found = !rows.is_empty();
        let text = |text: &str| Text::new(text).map_err(|_| problem("its watermark is not a text"));
        let short: String = query.to_string().chars().take(16).collect();
        let mut body = Body {
            found,
            rows,
            masks,
            dropped: allowed.selection.dropped.clone(),
            reasons: if found { vec![] } else { Text::new(NO_SUCH_PERSON).into_iter().collect() },
            salts_seed: Salt::generate()?,
            watermark: text(&format!("{} → {} · {short}", self.context.department, grant.requester))?,
        };
        body.limit(limit(&allowed.decision.obligations));
        body.rows.iter_mut().for_each(|row| row.mask(&body.masks));
        Ok(body)
    }

    /// Writes a denial down with its record. Where this minute has had enough of them it is only told and
    /// counted, so that nobody can fill the chain or this disk.
    pub(super) async fn deny(&self, origin: &Origin<'_>, denial: &Denial) -> Result<Reply, ExchangeFault> {
        let context = &self.context;
        let envelope = origin.envelope;
        let query = envelope.query_id();
        let salt = Salt::generate()?;
        let decision_commit = commit(context.chain, &salt, &denial.decision);
        let now = context.now();
        let tx = if self.denials.take(&envelope.ticket.requester, now, denial.per_minute) {
            Some(self.denial(envelope, denial, decision_commit)?)
        } else {
            self.count(&envelope.ticket.requester, Outcome::DenialsCounted).await;
            None
        };
        // Who sent what does not open has given no key to seal a reason to.
        let reason = match origin.question {
            Some(question) => {
                Some(self.seal_reason(&question.details.reply_key, denial, decision_commit, &query)?)
            }
            None => None,
        };
        let denied = Denied {
            class: denial.class,
            layer: denial.layer,
            row: denial.row.as_deref(),
            code: denial.code,
            decision: KeptDecision { bytes: &denial.decision, salt: salt.as_bytes() },
            reason: reason.as_ref(),
            tx: tx.as_ref(),
        };
        context.store.denied(origin, &denied, now).await?;
        Ok(match reason {
            Some((wrap, sealed)) => Reply::Denied { wrap, sealed },
            None => refused(denial.code),
        })
    }

    fn denial(
        &self,
        envelope: &Envelope,
        denial: &Denial,
        decision_commit: Digest,
    ) -> Result<Signed, ExchangeFault> {
        let record = receipt::Denial {
            ticket: envelope.ticket.clone(),
            ticket_signature: envelope.ticket_signature,
            class: denial.class,
            decision_commit,
            policy_versions: denial.versions,
            judged_height: denial.judged_height,
            log_head: self.context.log_head(),
        };
        self.context.sign(envelope.ticket.valid_until, Payload::RecordDenial(record))
    }

    /// The exact row and reason, for the requester only.
    fn seal_reason(
        &self,
        reply_key: &PublicKey,
        denial: &Denial,
        decision_commit: Digest,
        query: &QueryId,
    ) -> Result<(Bytes, Bytes), ExchangeFault> {
        let body = ReasonBody {
            version: VERSION,
            query_id: *query,
            class: denial.class,
            layer: denial.layer,
            row: denial.row.as_deref().and_then(|row| Text::new(row).ok()),
            code: Text::new(denial.code.code()).map_err(|_| ExchangeFault::Damaged("a code"))?,
            decision_commit,
        };
        let seed = Seed::generate()?;
        let wrap = seed.wrap(reply_key)?;
        let sealed = envelope::seal(&seed, self.context.chain, &ReasonBody::context(query), &to_bytes(&body));
        Ok((Bytes(wrap), Bytes(sealed)))
    }
}
