//! Gives the key of an answer: only when its record is applied on the own node, the requester holds the
//! ciphertext or asks for it again, and grant and members live at the head.

use std::time::Instant;

use gm::sm2::{KeyId, PublicKey, Signature};
use gm::sm3::Digest;
use ledger::ids::{DepartmentId, GrantId, Height, QueryId};
use ledger::receipt::RecordKind;
use ledger::refusal::Refusal;
use ledger::views;
use ledger::wire::Bytes;

use super::{Provider, refused, where_it_stood};
use crate::course::answering::{Asked, Release, release};
use crate::fault::ExchangeFault;
use crate::limits::{HEADS_AHEAD_MAX, RELEASE_WAIT};
use crate::outcome::Outcome;
use crate::protocol::{Answer, Hold, Refetch, Reply, VERSION};
use crate::standing::{self, Head, Standing};
use crate::store::answers::{AnswerRow, Ready, Stand};

impl Provider {
    pub(super) async fn hold(
        &self,
        from: &DepartmentId,
        hold: Hold,
        signature: Signature,
    ) -> Result<Reply, ExchangeFault> {
        let row = match self.known(from, &hold.query_id, hold.version, &hold.key_id).await? {
            Ok((row, key)) if hold.is_signed(self.context.chain, &key, &signature) => row,
            Ok(_) => return self.noise(from, Outcome::HoldSignature).await,
            Err(code) => return self.noise(from, code).await,
        };
        if !self.is_fresh(hold.height)? {
            return Ok(refused(Outcome::HoldStale));
        }
        match row.stand.ready().map(|ready| &ready.answer) {
            Some(answer)
                if answer.digest() != hold.answer_digest || answer.sealed_digest != hold.sealed_digest =>
            {
                return Ok(refused(Outcome::AnswerSuperseded));
            }
            Some(_) => self.context.store.hold_kept(&hold.query_id, &hold, &signature).await?,
            None => {}
        }
        match self.wait_for_record(&hold.query_id, &hold.answer_digest).await? {
            Ok((ready, reply_key)) => {
                let wrap = Bytes(ready.seed.wrap(&reply_key)?);
                self.context.store.released(&hold.query_id, self.context.now()).await?;
                tracing::info!(receipt.id = %hold.query_id, department.id = %from, "an answer was released");
                Ok(Reply::Released { wrap })
            }
            Err(reply) => Ok(reply),
        }
    }

    pub(super) async fn refetch(
        &self,
        from: &DepartmentId,
        refetch: Refetch,
        signature: Signature,
    ) -> Result<Reply, ExchangeFault> {
        match self.known(from, &refetch.query_id, refetch.version, &refetch.key_id).await? {
            Ok((_, key)) if refetch.is_signed(self.context.chain, &key, &signature) => {}
            Ok(_) => return self.noise(from, Outcome::HoldSignature).await,
            Err(code) => return self.noise(from, code).await,
        }
        if !self.is_fresh(refetch.seen_height)? {
            return Ok(refused(Outcome::HoldStale));
        }
        match self.wait_for_record(&refetch.query_id, &refetch.answer_digest).await? {
            Ok((ready, _)) => {
                let wrap = Bytes(ready.seed.wrap(&refetch.reply_key)?);
                self.context.store.released(&refetch.query_id, self.context.now()).await?;
                tracing::info!(receipt.id = %refetch.query_id, department.id = %from, "an answer was fetched again");
                Ok(Reply::Again { answer: Box::new(ready.answer), sealed: Bytes(ready.ciphertext), wrap })
            }
            Err(reply) => Ok(reply),
        }
    }

    /// The query, if this department asked it, and the key it signs with.
    async fn known(
        &self,
        from: &DepartmentId,
        query: &QueryId,
        version: u16,
        key: &KeyId,
    ) -> Result<Result<(AnswerRow, PublicKey), Outcome>, ExchangeFault> {
        if version != VERSION {
            return Ok(Err(Outcome::CallMalformed));
        }
        let key = match self.online_key(from, key)? {
            Ok(key) => key,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        Ok(match self.context.store.answer_row(query).await? {
            Some(row) if row.requester == *from => Ok((row, key)),
            // Another's query is as unknown as none.
            Some(_) | None => Err(Outcome::QueryUnknown),
        })
    }

    async fn noise(&self, from: &DepartmentId, code: Outcome) -> Result<Reply, ExchangeFault> {
        self.count(from, code).await;
        Ok(refused(code))
    }

    /// A Hold or Refetch counts only while its height is of the last minute, or a little ahead of us.
    fn is_fresh(&self, height: Height) -> Result<bool, ExchangeFault> {
        let fresh = self.context.node.read(|snapshot| {
            let head = Head::of(snapshot)?;
            let seen = views::block_at(snapshot, &head.tip, height)?;
            let ahead = height.0.saturating_sub(head.tip.height.0);
            Ok::<_, ledger::state::ReadFault>(
                (1..=HEADS_AHEAD_MAX).contains(&ahead)
                    || seen.is_some_and(|(time, _)| {
                        time.plus_ms(head.parameters.judged_lag_ms) >= head.tip.time
                    }),
            )
        })?;
        Ok(fresh)
    }

    /// Waits until the answer is on record and may be given: the answer, and the key the question named for it.
    async fn wait_for_record(
        &self,
        query: &QueryId,
        wanted: &Digest,
    ) -> Result<Result<(Box<Ready>, PublicKey), Reply>, ExchangeFault> {
        let until = Instant::now() + RELEASE_WAIT;
        let mut changes = self.context.store.changes();
        loop {
            changes.mark_unchanged();
            let Some(row) = self.context.store.answer_row(query).await? else {
                return Ok(Err(refused(Outcome::QueryUnknown)));
            };
            match (row.stand, row.details) {
                (Stand::Recorded(ready), Some(details)) => {
                    let code = match self.may_open(query, &row.grant, &ready.answer, wanted)? {
                        Release::Give => return Ok(Ok((ready, details.reply_key))),
                        Release::Refuse(code) => code,
                        Release::Stop(refusal) => {
                            self.context.store.stopped(query, refusal.into(), self.context.now()).await?;
                            let code = refusal.code();
                            tracing::warn!(receipt.id = %query, code, "an answer on record is not released");
                            refusal.into()
                        }
                    };
                    return Ok(Err(refused(code)));
                }
                (Stand::Recorded(_), None) => return Ok(Err(refused(Outcome::RefetchOver))),
                (Stand::Prepared(_) | Stand::Unprepared(_), _) => {}
                (stand @ (Stand::Denied { .. } | Stand::Over(..)), _) => {
                    return Ok(Err(where_it_stood(&stand)));
                }
            }
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return Ok(Err(refused(Outcome::RecordPending)));
            }
            // Whether something changed or the wait is over, the store is looked at again.
            let moved = tokio::time::timeout(rest, changes.changed());
            self.context.unless_stopping(moved).await?.ok();
        }
    }

    /// Asks the ledger whether the key may be given.
    fn may_open(
        &self,
        query: &QueryId,
        grant: &GrantId,
        kept: &Answer,
        wanted: &Digest,
    ) -> Result<Release, ExchangeFault> {
        let (tip, record) = standing::record(&self.context.node, query)?;
        let live =
            match Standing::read(&self.context.node, &self.context.judge, grant, &self.context.department)? {
                Some(standing) => standing.is_live(),
                None => Err(Refusal::GrantUnknown),
            };
        Ok(release(&Asked {
            wanted: *wanted,
            kept: kept.digest(),
            recorded: record.and_then(|record| match record.kind {
                RecordKind::Answer { answer_digest, .. } => Some(answer_digest),
                RecordKind::Denial { .. } => None,
            }),
            too_late: tip.time > kept.refetch_until,
            live,
        }))
    }
}
