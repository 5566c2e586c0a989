//! How a chain begins: from each department's keys its member card, from the cards and the first policies
//! the genesis file. `zhenglian init` and `zhenglian genesis` do it for people, tests for themselves.

use crate::amendment::Stewardship;
use crate::department::{Card, KeyKind, Member, ValidatorKey, prove_possession};
use crate::genesis::Genesis;
use crate::ids::{CodeFront, DepartmentId, PeerKey, PolicyVersion, RegionCode, Time};
use crate::parameters::Parameters;
use crate::policy::{PolicyOwner, PolicyRow, PolicySet};
use crate::protocol::Protocol;
use crate::text::{Text, Words};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use gm::domain::{ChainId, Kind, digest};
use gm::sm2::{SecretKey, SignFault};
use gm::sm3::Digest;

/// Voting power of each validator: all are equal.
const VALIDATOR_POWER: u32 = 1;

/// A department that takes part in a founding, with the keys that sign its card.
#[derive(Debug)]
pub struct Founder<'a> {
    /// Its unified social credit code.
    pub id: DepartmentId,
    /// Its name.
    pub name: Words,
    /// Its administrative division.
    pub region: RegionCode,
    /// Whether it may inspect.
    pub inspectorate: bool,
    /// Fronts of the resource codes that are its own, in any order.
    pub codes: Vec<CodeFront>,
    /// Key for requests, grants, catalogue.
    pub office: &'a SecretKey,
    /// Key for tickets, receipts, acknowledgements.
    pub online: &'a SecretKey,
    /// Key that things are sealed to.
    pub sealing: &'a SecretKey,
    /// Key for votes, if it validates.
    pub consensus: Option<&'a SecretKey>,
    /// Its libp2p identity.
    pub peer: PeerKey,
    /// What [`actor_commit`] makes of the key behind its officers' pseudonyms.
    pub actor_commit: Digest,
}

/// The commitment to the key that makes a department's pseudonyms. 32 random bytes hide themselves: it needs
/// no salt.
#[must_use]
pub fn actor_commit(actor: &[u8; 32]) -> Digest {
    digest(ChainId::ZERO, Kind::Commit, actor)
}

impl Founder<'_> {
    /// The public card, with a proof that each key is held.
    ///
    /// # Errors
    /// [`SignFault`] when signing breaks.
    pub fn card(self) -> Result<Card, SignFault> {
        let proof = |kind, key| prove_possession(&self.id, kind, key);
        let proofs = (
            proof(KeyKind::Office, self.office)?,
            proof(KeyKind::Online, self.online)?,
            proof(KeyKind::Sealing, self.sealing)?,
        );
        let validator = match self.consensus {
            Some(key) => Some(ValidatorKey {
                department: self.id.clone(),
                key: key.public(),
                power: VALIDATOR_POWER,
                proof: proof(KeyKind::Consensus, key)?,
            }),
            None => None,
        };
        let mut codes = self.codes;
        codes.sort();
        let member = Member {
            id: self.id,
            name: self.name,
            region: self.region,
            inspectorate: self.inspectorate,
            codes,
            office: self.office.public(),
            online: self.online.public(),
            sealing: self.sealing.public(),
            peer: self.peer,
            actor_commit: self.actor_commit,
            proofs,
        };
        Ok(Card { member, validator })
    }
}

/// Joins cards in any order into the document of a new chain. `rows` gives each owner its first policy: the
/// nation, each province, each department; `stewards`, in any order, says who writes the layers of nation and
/// provinces from then on. Whether the cards fit together says [`Genesis::check`].
///
/// # Errors
/// What `rows` fails with.
pub fn join<E>(
    name: Text<100>,
    time: Time,
    parameters: Parameters,
    mut cards: Vec<Card>,
    mut stewards: Vec<Stewardship>,
    mut rows: impl FnMut(&PolicyOwner) -> Result<Vec<PolicyRow>, E>,
) -> Result<Genesis, E> {
    stewards.sort();
    cards.sort_by(|one, other| one.member.id.cmp(&other.member.id));
    let mut owners = BTreeSet::from([PolicyOwner::Nation]);
    for Card { member, .. } in &cards {
        owners.insert(PolicyOwner::Region(member.region.province()));
        owners.insert(PolicyOwner::Department(member.id.clone()));
    }
    let first = |owner: PolicyOwner| {
        let rows = rows(&owner)?;
        Ok(PolicySet { owner, number: 1, previous: PolicyVersion([0; 32]), rows })
    };
    let policies = owners.into_iter().map(first).collect::<Result<_, E>>()?;
    let (departments, validators): (_, Vec<_>) =
        cards.into_iter().map(|card| (card.member, card.validator)).unzip();
    let validators = validators.into_iter().flatten().collect();
    Ok(Genesis {
        version: Protocol::NEWEST.version,
        name,
        time,
        parameters,
        departments,
        validators,
        policies,
        stewards,
    })
}
