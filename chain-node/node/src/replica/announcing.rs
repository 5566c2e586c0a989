//! How a block of ours goes out under our signature, and how any block goes out once more.

use ledger::ids::Height;
use malachitebft_core_types::{Round, Validity};

use super::{Announced, Replica, announcement};
use crate::engine::context::{Address, Announcement, BlockId};
use crate::fault::NodeFault;
use crate::store::columns::Undecided;

impl Replica {
    /// A block that goes out once more: ours in a later round, or another's as it was signed.
    pub(crate) fn again(
        &self,
        height: Height,
        round: Round,
        valid_round: Round,
        proposer: Address,
        id: BlockId,
    ) -> Result<Option<Announced>, NodeFault> {
        let known = self.store.undecided_at(height)?;
        let of_round = known.iter().find(|undecided| {
            let announcement = &undecided.announcement;
            announcement.id == id && announcement.round == round && announcement.proposer == proposer
        });
        if let Some(Undecided { announcement, signature: Some(signature), .. }) = of_round {
            let (announcement, signature) = (announcement.clone(), *signature);
            let backing = self.backings.get(&id).cloned();
            let bytes = self.store.body(&announcement)?;
            return Ok(bytes.map(|bytes| Announced { announcement, signature, backing, bytes }));
        }
        let valid = known.iter().find(|u| u.announcement.id == id && u.validity == Some(Validity::Valid));
        match valid {
            Some(valid) if proposer == self.me => match self.store.body(&valid.announcement)? {
                Some(bytes) => {
                    let announcement = announcement(height, (round, valid_round), proposer, id, &bytes);
                    let backing = self.backings.get(&id).cloned();
                    let announced = self.announce(announcement, bytes)?;
                    Ok(announced.map(|announced| Announced { backing, ..announced }))
                }
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// Nothing if another block was announced in its place: then the round passes without one.
    pub(super) fn announce(
        &self,
        announcement: Announcement,
        bytes: Vec<u8>,
    ) -> Result<Option<Announced>, NodeFault> {
        let signer = self.signer.as_ref().ok_or(NodeFault::Signing)?;
        let Some(signature) = signer.announce(&announcement)? else {
            tracing::warn!(
                block.height = announcement.height.0,
                "another block was announced in this round before"
            );
            return Ok(None);
        };
        let validity = Some(Validity::Valid);
        let undecided = Undecided { announcement, signature: Some(signature), validity };
        self.store.put_undecided(&undecided, &bytes)?;
        let announcement = undecided.announcement;
        self.let_out(&announcement)?;
        Ok(Some(Announced { announcement, signature, backing: None, bytes }))
    }

    /// An announcement of ours leaves, for the first time or again.
    pub(super) fn let_out(&self, announcement: &Announcement) -> Result<(), NodeFault> {
        self.signer.as_ref().ok_or(NodeFault::Signing)?.let_out(announcement)
    }
}
