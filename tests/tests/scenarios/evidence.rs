//! Evidence against forgers: no byte of it can be changed, and no invented
//! network can make its own.

use gm::sm3::Digest;
use ledger::proof::{Evidence, Options, Step, verify};
use ledger::wire::{from_bytes, to_bytes};
use system_tests::centres::Centre;
use system_tests::program;
use system_tests::story::Story;

use crate::stage::Stage;

/// Positions that go through the command line as well.
const SAMPLE: usize = 12;

/// A network's trust root, and the evidence of one access in it.
async fn told(seed: u64) -> (Stage, Digest, Vec<u8>) {
    let stage = Stage::set(seed).await;
    let story = Story::new(&stage.network, Centre::named("nj"), Centre::named("su"));
    let request = story.request().await.unwrap();
    let grant = story.approve(&request).await.unwrap();
    let query = story.ask(&grant, &stage.person(story.provider, 0), "GJJ-2026-000009").await.unwrap();
    story.answered(&query).await.unwrap();
    let evidence = story.inspect(Centre::named("jd"), &query).await.unwrap();
    drop(story);
    let root = Digest::from_hex(&stage.network.layout.root().unwrap()).unwrap();
    (stage, root, evidence)
}

/// The step that refuses the bytes; none when they verify.
fn refused_at(bytes: &[u8], root: &Digest) -> Option<Step> {
    verify(bytes, root, &Options { second_opinion: false }).failure().map(|failure| failure.step)
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_with_any_byte_changed_is_refused_at_a_named_step() {
    let (mut stage, root, evidence) = told(51).await;
    stage.network.stop().await.unwrap();
    let whole = verify(&evidence, &root, &Options { second_opinion: true });
    assert!(whole.verified(), "{:?}", whole.failure());

    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let accepted: Vec<usize> = std::thread::scope(|scope| {
        let checks: Vec<_> = (0..threads)
            .map(|first| {
                let (evidence, root) = (&evidence, &root);
                scope.spawn(move || {
                    let mut bytes = evidence.clone();
                    let mut accepted = Vec::new();
                    for at in (first..bytes.len()).step_by(threads) {
                        let flip = 1 << (at % 8);
                        bytes[at] ^= flip;
                        if refused_at(&bytes, root).is_none() {
                            accepted.push(at);
                        }
                        bytes[at] ^= flip;
                    }
                    accepted
                })
            })
            .collect();
        checks.into_iter().flat_map(|check| check.join().unwrap()).collect()
    });
    assert!(accepted.is_empty(), "accepted with a byte changed at {accepted:?} of {}", evidence.len());

    for short in [0, 1, evidence.len() / 2, evidence.len() - 1] {
        assert_eq!(refused_at(&evidence[..short], &root), Some(Step::Format));
    }
    let mut long = evidence.clone();
    long.push(0);
    assert_eq!(refused_at(&long, &root), Some(Step::Format));

    let path = stage.network.layout.dir.join("forged.zlproof");
    let root = stage.network.layout.root().unwrap();
    for number in 0..SAMPLE {
        let mut forged = evidence.clone();
        forged[number * evidence.len() / SAMPLE] ^= 0x10;
        std::fs::write(&path, forged).unwrap();
        let arguments = ["verify", "--json", "--root", &root, path.to_str().unwrap()];
        let finished = program::finish(program::command(&arguments).unwrap()).await.unwrap();
        assert_eq!(finished.code, 3, "{}", finished.out);
        let report: serde_json::Value = serde_json::from_str(&finished.out).unwrap();
        assert_eq!(report["verified"], false);
        assert!(report["failed_step"].is_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_of_an_invented_network_is_refused_at_the_trust_root() {
    let (stage, root, evidence) = told(52).await;
    drop(stage);
    // The same departments, the same names, everything signed anew with other keys.
    let (_stage, invented_root, invented) = told(53).await;
    assert_eq!(refused_at(&evidence, &root), None);
    assert_eq!(refused_at(&invented, &invented_root), None);
    assert_eq!(refused_at(&invented, &root), Some(Step::TrustRoot));

    // With the true genesis put in front of the invented record, the rest gives it away.
    let truth: Evidence = from_bytes(&evidence).unwrap();
    let mut mixed: Evidence = from_bytes(&invented).unwrap();
    mixed.genesis = truth.genesis.clone();
    mixed.chain = truth.chain;
    let step = refused_at(&to_bytes(&mixed), &root).unwrap();
    assert!(step > Step::Genesis, "{step:?}");

    // And with the true record on an invented grant.
    let mut mixed = truth;
    mixed.basis = from_bytes::<Evidence>(&invented).unwrap().basis;
    assert!(refused_at(&to_bytes(&mixed), &root).unwrap() > Step::Genesis);
}
