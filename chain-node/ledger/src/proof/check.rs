//! The steps of a check, cheapest first: bytes, blocks, votes and signatures. What the transactions say is
//! judged in `rules.rs`, what was disclosed in `disclosures.rs`.

use super::case::{Case, Outcome, count, ensure};
use super::disclosures::disclosures;
use super::officers::officer;
use super::rules::{judged, links, rules};
use super::trusted::Trusted;
use super::{EVIDENCE_BYTES_MAX, Evidence, Proven, Report, Step, StepResult};
use crate::certificate::ValidatorSet;
use crate::department::KeyKind;
use crate::ids::{DepartmentId, Height};
use crate::pair::{Pair, Sealed};
use crate::wire::{from_bytes_at, to_bytes};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gm::domain::ChainId;
use gm::merkle;
use gm::sm2::{Direct, KeyId, PublicKey, Signature, Signatures};
use gm::sm3::{Digest, digest_eq};

/// How to check.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Check every signature a second time with an unrelated implementation.
    pub second_opinion: bool,
}

/// Checks an evidence file against a trust root.
#[must_use]
pub fn verify(bytes: &[u8], root: &Digest, options: &Options) -> Report {
    if bytes.len() > EVIDENCE_BYTES_MAX {
        return Report { steps: alloc::vec![failed("the file is larger than 8 MiB")], evidence: None };
    }
    match from_bytes_at::<Evidence>(bytes) {
        Ok(evidence) => {
            let mut steps = alloc::vec![StepResult { step: Step::Format, wrong: None, checked: 1 }];
            run(&evidence, root, options, &mut steps);
            Report { steps, evidence: Some(evidence) }
        }
        Err((error, at)) => {
            let wrong = alloc::format!("{error}, near byte {at} of {}", bytes.len());
            Report { steps: alloc::vec![failed(&wrong)], evidence: None }
        }
    }
}

fn failed(wrong: &str) -> StepResult {
    StepResult { step: Step::Format, wrong: Some(wrong.into()), checked: 0 }
}

fn run(evidence: &Evidence, root: &Digest, options: &Options, steps: &mut Vec<StepResult>) {
    type Check = fn(&Case<'_>) -> Outcome;
    let mut checks: Vec<(Step, Check)> = alloc::vec![
        (Step::TrustRoot, trust_root),
        (Step::Genesis, genesis),
        (Step::Inclusion, inclusion),
        (Step::Certificates, certificates),
        (Step::Signatures, signatures),
        (Step::Links, links),
        (Step::Rules, rules),
        (Step::Disclosures, disclosed),
    ];
    if options.second_opinion {
        checks.push((Step::SecondOpinion, second_opinion));
    }
    let case = Case { evidence, trusted: Trusted::founded_by(&evidence.genesis), root };
    for (step, check) in checks {
        let (wrong, checked) = match check(&case) {
            Ok(checked) => (None, checked),
            Err(wrong) => (Some(wrong), 0),
        };
        let stop = wrong.is_some();
        steps.push(StepResult { step, wrong, checked });
        if stop {
            return;
        }
    }
}

fn trust_root(case: &Case<'_>) -> Outcome {
    let (computed, root) = (case.trusted.chain(), case.root);
    if !digest_eq(&computed.0, root) {
        return Err(format!(
            "the genesis file in the evidence has the digest {computed}, the trust root given is {root}: \
             evidence of another network, or a mistyped root"
        ));
    }
    ensure(case.evidence.version == 1, "the evidence has another format version")?;
    ensure(case.evidence.chain == computed, "the chain named is not the genesis file's")?;
    Ok(1)
}

fn genesis(case: &Case<'_>) -> Outcome {
    let genesis = &case.evidence.genesis;
    genesis.check().map_err(|error| error.to_string())?;
    count(genesis.departments.len())
}

fn inclusion(case: &Case<'_>) -> Outcome {
    let mut checked = 0;
    for proven in case.evidence.proven() {
        let Proven { header, certificate, .. } = proven;
        let name = proven.signed.body.payload.name();
        ensure(header.chain == case.trusted.chain(), "a header is of another chain")?;
        ensure(
            header.version == case.trusted.protocol_at(header.height)?.version,
            "a header names another version of the protocol than holds at its height",
        )?;
        ensure(
            certificate.block == header.id() && certificate.height == header.height,
            &format!("the certificate of {name} is of another block"),
        )?;
        let leaf = merkle::leaf_hash(&to_bytes(&proven.signed));
        let (index, size) = (u64::from(proven.index), u64::from(header.transaction_count));
        let included = proven.count == header.transaction_count
            && merkle::verify(leaf, index, size, &proven.path, header.transaction_root);
        ensure(included, &format!("{name} is not in its block"))?;
        checked += 1;
    }
    Ok(checked)
}

fn certificates(case: &Case<'_>) -> Outcome {
    for Proven { header, certificate, .. } in case.evidence.proven() {
        ensure(certificate.round >= header.round, "a block was decided in a round before it was made")?;
        let trusted = [header.height, header.height.next()].map(|height| case.trusted.validators_at(height));
        ensure(
            [header.validators, header.next_validators] == trusted.map(ValidatorSet::digest),
            "a block names validators that the genesis file does not",
        )?;
    }
    decided(case, &Direct)?;
    count(case.evidence.proven().count())
}

/// Whether each block was decided, and how many votes say so.
fn decided(case: &Case<'_>, signatures: &dyn Signatures) -> Outcome {
    let mut votes = 0;
    for Proven { header, certificate, .. } in case.evidence.proven() {
        let validators = case.trusted.validators_at(header.height);
        certificate.check(validators, case.trusted.chain(), signatures).map_err(|error| error.to_string())?;
        votes += certificate.signatures.len();
    }
    count(votes)
}

/// A signature to check: by whom, under what, with which key, over which digest.
struct Claim {
    who: DepartmentId,
    what: &'static str,
    key: PublicKey,
    digest: Digest,
    signature: Signature,
}

/// What says who signed it, before the signature is looked at.
struct Signer<'a> {
    what: &'static str,
    version: u16,
    chain: ChainId,
    who: &'a DepartmentId,
    kind: KeyKind,
    key_id: KeyId,
}

impl Signer<'_> {
    /// The member's key, if it is the one named, for this chain and version.
    fn key(&self, case: &Case<'_>, height: Height) -> Result<PublicKey, String> {
        let Self { what, who, kind, .. } = self;
        let protocol = case.trusted.protocol_at(height)?;
        ensure(self.version == protocol.version, &format!("{what} has another protocol version"))?;
        ensure(self.chain == case.trusted.chain(), &format!("{what} is of another chain"))?;
        ensure(case.trusted.member(who).is_some(), &format!("{who} is not a member"))?;
        let key = case.trusted.key_at(who, *kind, height).filter(|key| key.key_id() == self.key_id);
        key.cloned().ok_or_else(|| format!("{what} names a key that is not the {kind} key of {who}"))
    }
}

/// The departments' signatures: one a transaction, and the ticket's; and the officers' under steps that they sealed.
fn claims(case: &Case<'_>) -> Result<Vec<Claim>, String> {
    let mut claims = Vec::new();
    for proven in case.evidence.proven() {
        let body = &proven.signed.body;
        let signer = Signer {
            what: body.payload.name(),
            version: body.version,
            chain: body.chain,
            who: &body.department,
            kind: body.payload.key_kind(),
            key_id: body.key_id,
        };
        let key = signer.key(case, proven.header.height)?;
        for seal in Pair::of(body).into_iter().flat_map(|pair| pair.signatures(&key)) {
            let Sealed { key, digest, signature } = seal;
            let (who, what) = (body.department.clone(), "an officer's seal");
            claims.push(Claim { who, what, key, digest, signature: *signature });
        }
        claims.push(Claim {
            who: body.department.clone(),
            what: signer.what,
            key,
            digest: body.id().into(),
            signature: proven.signed.signature,
        });
    }
    let record = &case.evidence.record;
    let said = judged(&record.signed.body)?;
    let ticket = said.ticket;
    let signer = Signer {
        what: "the ticket",
        version: ticket.version,
        chain: ticket.chain,
        who: &ticket.requester,
        kind: KeyKind::Online,
        key_id: ticket.key_id,
    };
    claims.push(Claim {
        who: ticket.requester.clone(),
        what: signer.what,
        key: signer.key(case, record.header.height)?,
        digest: ticket.query_id().into(),
        signature: *said.signature,
    });
    Ok(claims)
}

fn signatures(case: &Case<'_>) -> Outcome {
    signed(case, &Direct)
}

/// What was laid open, and the officer's own signature among it.
fn disclosed(case: &Case<'_>) -> Outcome {
    Ok(disclosures(case)?.saturating_add(officer(case, &Direct)?))
}

/// Whether each department signed what it is said to have signed.
fn signed(case: &Case<'_>, signatures: &dyn Signatures) -> Outcome {
    let claims = claims(case)?;
    for Claim { who, what, key, digest, signature } in &claims {
        ensure(
            signatures.holds(key, digest, signature),
            &format!("the signature of {who} under {what} does not fit"),
        )?;
    }
    count(claims.len())
}

/// The unrelated implementation of SM2.
struct SecondOpinion;

impl Signatures for SecondOpinion {
    fn holds(&self, key: &PublicKey, digest: &Digest, signature: &Signature) -> bool {
        gm::second_opinion::verify_digest(key, digest, signature)
    }
}

/// Every signature of the file once more: proofs of possession in the genesis file, votes, departments, the officer.
fn second_opinion(case: &Case<'_>) -> Outcome {
    let other = |error: String| format!("the second implementation of SM2 disagrees: {error}");
    let possessions = case.evidence.genesis.possessions();
    for (key, digest, signature) in &possessions {
        let holds = SecondOpinion.holds(key, digest, signature);
        ensure(holds, "a proof of possession in the genesis file does not fit").map_err(other)?;
    }
    let votes = decided(case, &SecondOpinion).map_err(other)?;
    let claims = signed(case, &SecondOpinion).map_err(other)?;
    let officers = officer(case, &SecondOpinion).map_err(other)?;
    Ok(count(possessions.len())?.saturating_add(votes).saturating_add(claims).saturating_add(officers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gm::domain::{Kind, digest};
    use gm::sm2::SecretKey;

    #[test]
    fn the_second_opinion_can_say_no() {
        let key = SecretKey::from_bytes(&[7; 32]).unwrap();
        let signature = key.sign(ChainId::ZERO, Kind::Tx, b"body").unwrap();
        let holds = |body: &[u8]| {
            SecondOpinion.holds(&key.public(), &digest(ChainId::ZERO, Kind::Tx, body), &signature)
        };
        assert!(holds(b"body") && !holds(b"another"));
    }
}
