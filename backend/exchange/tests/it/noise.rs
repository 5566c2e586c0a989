//! What another department sends that it should not: no answer; a record where a member signed for it under
//! a grant, and a count otherwise.

use std::time::Duration;

use exchange::protocol::{Call, Envelope, Hold, Refetch, Reply, VERSION};
use exchange::{AnsweredState, Outcome, QueryState};
use gm::domain::Kind;
use gm::sm2::SecretKey;
use ledger::ids::{Height, QueryId};
use ledger::parameters::Parameters;
use ledger::receipt::{DenialClass, RecordKind, Ticket};
use ledger::wire::{Bytes, from_bytes, to_bytes};

use crate::founding::{ASKER, PROVIDER, Terms};
use crate::town::{THIRD as STRANGER, Town, ZHANG, quick};

const WAIT: Duration = Duration::from_secs(30);

async fn send(town: &Town, from: usize, body: Vec<u8>) -> Reply {
    let to = &town.founded.departments[PROVIDER].id;
    from_bytes(&town.handle(from).call(to, body, WAIT).await.unwrap()).unwrap()
}

async fn code(town: &Town, from: usize, call: &Call) -> String {
    match send(town, from, to_bytes(call)).await {
        Reply::Refused { code } => code,
        other => panic!("{other:?}"),
    }
}

fn ticket(town: &Town, grant: ledger::ids::GrantId) -> Ticket {
    let tip = town.handle(ASKER).status().tip;
    Ticket {
        version: VERSION,
        chain: town.founded.genesis.chain(),
        requester: town.founded.departments[ASKER].id.clone(),
        key_id: town.founded.departments[ASKER].online.public().key_id(),
        grant,
        provider: town.founded.departments[PROVIDER].id.clone(),
        mode: ledger::catalogue::Mode::Query,
        units: 1,
        seen_height: tip.height,
        seen_block: tip.block,
        valid_until: tip.time.plus_ms(60_000),
        details_digest: gm::sm3::Digest([1; 32]),
    }
}

fn envelope(ticket: Ticket, key: &SecretKey) -> Call {
    Call::Ask(Box::new(Envelope {
        version: VERSION,
        chain: ticket.chain,
        ticket_signature: key.sign(ticket.chain, Kind::Ticket, &to_bytes(&ticket)).unwrap(),
        ticket,
        wrap: Bytes(vec![4; 129]),
        sealed: Bytes(vec![0; 1040]),
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_that_do_not_hold_are_refused_before_anything_is_opened() {
    let town = Town::start(3, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    let online = &town.founded.departments[ASKER].online;
    let good = || ticket(&town, grant);
    let mut cases = vec![(good(), SecretKey::generate().unwrap(), "ticket.signature")];
    let mut add = |change: &dyn Fn(&mut Ticket), code| {
        let mut ticket = good();
        change(&mut ticket);
        cases.push((ticket, online.clone(), code));
    };
    add(&|t| t.chain = gm::domain::ChainId::ZERO, "chain.other");
    add(&|t| t.provider = town.founded.departments[STRANGER].id.clone(), "ticket.provider");
    add(&|t| t.requester = town.founded.departments[STRANGER].id.clone(), "grant.parties");
    add(&|t| t.key_id = town.founded.departments[ASKER].office.public().key_id(), "key.kind");
    add(&|t| t.key_id = town.founded.departments[STRANGER].online.public().key_id(), "key.owner");
    add(&|t| t.key_id = SecretKey::generate().unwrap().public().key_id(), "key.unknown");
    add(&|t| t.units = 2, "ticket.units");
    add(&|t| t.mode = ledger::catalogue::Mode::Batch, Outcome::TicketMode.code());
    add(&|t| t.seen_height = Height(1_000_000), Outcome::LedgerBehind.code());
    add(&|t| t.seen_block = ledger::ids::BlockId([1; 32]), "chain.other");
    add(
        &|t| t.valid_until = t.valid_until.plus_ms(3_600_000),
        ledger::refusal::Refusal::TicketTooLong.code(),
    );
    add(&|t| t.valid_until = t.valid_until.minus_ms(120_000), "ticket.expired");
    for (ticket, key, expected) in cases {
        assert_eq!(code(&town, ASKER, &envelope(ticket, &key)).await, expected);
    }
    // A ticket of one department sent by another.
    assert_eq!(code(&town, STRANGER, &envelope(good(), online)).await, "grant.parties");
    assert!(
        matches!(send(&town, ASKER, b"noise".to_vec()).await, Reply::Refused { code } if code == Outcome::CallMalformed.code())
    );
    assert!(
        matches!(send(&town, ASKER, vec![0; 100 * 1024]).await, Reply::Refused { code } if code == Outcome::CallMalformed.code())
    );

    assert!(town.answered().await.is_empty());
    assert_eq!(town.handle(PROVIDER).status().tip.receipt_count, 0);
    let counted = town.exchange(PROVIDER).refused_calls().await.unwrap();
    assert!(counted.contains(&("grant.parties".into(), 2)), "{counted:?}");
    assert!(counted.contains(&(Outcome::CallMalformed.code().into(), 2)), "{counted:?}");
    town.stop().await;
}

/// It cannot be opened, so its reason cannot be sealed to anyone; all else is as with any denial. Above the
/// minute's bound only the number is kept, so that nobody can fill the provider's disk.
#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_does_not_open_is_on_record_as_malformed() {
    let town = Town::start(2, &[0], Parameters { denials_per_minute: 2, ..quick() }).await;
    let grant = town.grant(&Terms::new()).await;
    let online = &town.founded.departments[ASKER].online;
    let mut queries = Vec::new();
    for number in 0..5 {
        let ticket = Ticket { details_digest: gm::sm3::Digest([number; 32]), ..ticket(&town, grant) };
        queries.push(ticket.query_id());
        let call = envelope(ticket, online);
        assert_eq!(code(&town, ASKER, &call).await, Outcome::QuestionMalformed.code());
        assert_eq!(code(&town, ASKER, &call).await, Outcome::QuestionMalformed.code());
    }
    let answered = town.answered().await;
    assert_eq!(answered.len(), 2);
    for row in &answered {
        assert!(queries[..2].contains(&row.query));
        assert_eq!((row.state, row.class), (AnsweredState::Denied, Some(DenialClass::Malformed)));
        assert_eq!((row.code, row.grant), (Some(Outcome::QuestionMalformed), grant));
        let record = town.until_on_record(&row.query).await;
        assert!(matches!(record.kind, RecordKind::Denial { class: DenialClass::Malformed, .. }));
    }
    let counted = town.exchange(PROVIDER).refused_calls().await.unwrap();
    // Three questions, each sent twice.
    assert!(counted.contains(&(Outcome::DenialsCounted.code().into(), 6)), "{counted:?}");
    assert_eq!(town.used(grant), 0);
    town.stop().await;
}

/// Who did not ask gets no key, and learns nothing of who did.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_given_to_nobody_else() {
    let town = Town::start(3, &[0], quick()).await;
    let grant = town.grant(&Terms::new()).await;
    let query = town.ask(grant, ZHANG).await;
    assert_eq!(town.until_closed(&query).await.state, QueryState::Closed);
    let header = town.header(&query).await;
    let chain = town.founded.genesis.chain();
    let height = town.handle(PROVIDER).status().tip.height;
    let reply_key = SecretKey::generate().unwrap().public();
    let refetch_at = |query: QueryId, signer: usize, named: usize, seen_height: Height| {
        let key_id = town.founded.departments[named].online.public().key_id();
        let answer_digest = header.digest();
        let reply_key = reply_key.clone();
        let refetch =
            Refetch { version: VERSION, query_id: query, answer_digest, reply_key, key_id, seen_height };
        let signature = refetch.sign(chain, &town.founded.departments[signer].online).unwrap();
        Call::Refetch(refetch, signature)
    };
    let refetch = |query, signer, named| refetch_at(query, signer, named, height);
    assert_eq!(
        code(&town, STRANGER, &refetch(query, STRANGER, STRANGER)).await,
        Outcome::QueryUnknown.code()
    );
    assert_eq!(code(&town, STRANGER, &refetch(query, STRANGER, ASKER)).await, "key.owner");
    assert_eq!(code(&town, ASKER, &refetch(query, STRANGER, ASKER)).await, Outcome::HoldSignature.code());
    assert_eq!(
        code(&town, ASKER, &refetch(QueryId([1; 32]), ASKER, ASKER)).await,
        Outcome::QueryUnknown.code()
    );
    // A height that nobody can have seen is not a fresh one.
    for never in [Height(u64::MAX), Height(height.0 + 100_000)] {
        assert_eq!(
            code(&town, ASKER, &refetch_at(query, ASKER, ASKER, never)).await,
            Outcome::HoldStale.code()
        );
    }
    // Delivered: the seed is destroyed, even for who asked.
    town.until_answered(exchange::AnsweredState::Closed).await;
    assert_eq!(code(&town, ASKER, &refetch(query, ASKER, ASKER)).await, Outcome::RefetchOver.code());
    let hold = Hold {
        version: VERSION,
        query_id: query,
        answer_digest: header.digest(),
        sealed_digest: header.sealed_digest,
        key_id: town.founded.departments[ASKER].online.public().key_id(),
        height,
    };
    let forged = hold.sign(chain, &town.founded.departments[STRANGER].online).unwrap();
    assert_eq!(code(&town, ASKER, &Call::Hold(hold, forged)).await, Outcome::HoldSignature.code());
    town.stop().await;
}
