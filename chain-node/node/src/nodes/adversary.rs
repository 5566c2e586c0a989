//! Strangers, and members that mean harm, against real nodes: reviews N1 to N3, N6, A3.

use std::time::{Duration, Instant};

use futures::AsyncWriteExt;
use libp2p::request_response::{Event, Message};
use libp2p::swarm::SwarmEvent;
use malachitebft_app_channel::app::types::codec::Codec as _;
use malachitebft_sync::{Request, ValueRequest};
use tokio::net::TcpSocket;

use super::at_large::{Adversary, liar};
use super::puppet::{Puppet, TongueEvent};
use super::town::{Town, within};
use crate::engine::codec::Wire;
use crate::engine::context::{Ctx, Height};
use crate::founding::now;
use crate::peers::adversary::{Frame, Line};
use ledger::ids::Time;
use ledger::wire::to_bytes;

/// Finding N1: the engine's own network answered whoever connected and kept silent about itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_gets_no_byte_of_a_block() {
    let mut town = Town::found(1, 1);
    town.start(0).await;
    town.publish(0, 1).await.unwrap();
    let mut stranger = Puppet::dial(&town, gm::random::bytes().unwrap(), 0);
    let request = Request::<Ctx>::ValueRequest(ValueRequest::new(Height(1)..=Height(1)));
    let question = Wire.encode(&request).unwrap();
    let mut asked = false;
    loop {
        match stranger.next().await {
            SwarmEvent::ConnectionEstablished { .. } if !asked => {
                asked = true; // as soon as there is anything to ask on
                stranger.ask(question.to_vec(), true);
            }
            SwarmEvent::Behaviour(TongueEvent::Sync(Event::Message {
                message: Message::Response { response, .. },
                ..
            })) => panic!("a stranger was answered: {response:?}"),
            SwarmEvent::ConnectionClosed { .. } => break,
            SwarmEvent::OutgoingConnectionError { error, .. } => panic!("not even tried: {error}"),
            _ => {}
        }
    }
    assert!(stranger.ends.is_empty(), "a stranger was heard");
    assert_eq!(town.handle(0).status().peers_connected, 0);
    town.stop_all().await;

    // The same question of a member is answered: it is the key that is refused, not the question.
    let mut town = Town::found(2, 1);
    town.start(0).await;
    town.publish(0, 1).await.unwrap();
    town.publish(0, 2).await.unwrap(); // the engine's sync has heard of block 1 when there is a second
    let mut member = Puppet::dial(&town, town.founded.departments[1].seed, 0);
    let _line = member.line(Line::Status).await;
    member.ask(question.to_vec(), true);
    loop {
        if let SwarmEvent::Behaviour(TongueEvent::Sync(Event::Message {
            message: Message::Response { response: Frame::Body(answer), .. },
            ..
        })) = member.next().await
        {
            assert!(answer.len() > 100);
            break;
        }
    }
    town.stop_all().await;
}

/// Finding N6: 64 handshakes under way kept everybody out, and one address could hold them all.
#[tokio::test(flavor = "multi_thread")]
async fn hanging_handshakes_of_one_address_do_not_keep_members_out() {
    let mut town = Town::found(2, 1);
    // It knows nobody's address, so it is the other that has to get in.
    let mut config = town.config(0);
    config.peers.clear();
    town.start_as(0, config).await;
    let mut hanging = Vec::new();
    for _ in 0..128 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        hanging.push(socket.connect(town.address(0).parse().unwrap()).await.unwrap());
    }
    town.start(1).await;
    let since = Instant::now();
    while town.handle(1).status().peers_connected == 0 {
        assert!(since.elapsed() < Duration::from_secs(6), "kept out");
        tokio::time::sleep(Duration::from_millis(20)).await; // no event tells of it outside
    }
    drop(hanging);
    town.stop_all().await;
}

/// Finding N2: whoever sent false signatures as fast as it could silenced everybody's transactions.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_floods_with_false_signatures_holds_nobody_up_and_is_put_out() {
    let mut town = Town::found(3, 1);
    town.start(0).await;
    town.start(1).await;
    town.publish(1, 1).await.unwrap();
    let mut flooder = Puppet::dial(&town, town.founded.departments[2].seed, 0);
    let mut line = flooder.line(Line::Transactions).await;
    // Well formed, of a department's key, and not signed by it.
    let forge = |number: u64| {
        let (mut good, other) =
            (town.founded.publication(2, number), town.founded.publication(2, number + 1));
        good.signature = other.signature;
        to_bytes(&good)
    };
    let forged: Vec<_> = (0..50).map(|number| forge(number * 2)).collect();
    let flood = tokio::spawn(async move {
        for bytes in forged.iter().cycle().take(100_000) {
            let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
            if line.write_all(&length).await.is_err() || line.write_all(bytes).await.is_err() {
                return;
            }
        }
    });
    let since = Instant::now();
    town.publish(1, 2).await.unwrap();
    assert!(since.elapsed() < Duration::from_secs(3), "held up for {:?}", since.elapsed());
    flooder.closed().await;
    within(flood).await.unwrap();
    // For a while it is not let in again.
    let mut again = Puppet::dial(&town, town.founded.departments[2].seed, 0);
    again.closed().await;
    town.publish(1, 3).await.unwrap();
    town.stop_all().await;
}

/// The same with good transactions, more than there is room for: they cost no credit, and take turns.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_floods_with_good_transactions_holds_nobody_up() {
    let mut town = Town::found(3, 1);
    town.start(0).await;
    town.start(1).await;
    town.publish(1, 1).await.unwrap();
    let mut flooder = Puppet::dial(&town, town.founded.departments[2].seed, 0);
    let mut line = flooder.line(Line::Transactions).await;

    let until = Time(now().0 + 60_000);
    let records: Vec<_> = (0..2_000).map(|_| to_bytes(&town.founded.denial(1, 2, until))).collect();
    let flood = tokio::spawn(async move {
        for bytes in &records {
            let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
            if line.write_all(&length).await.is_err() || line.write_all(bytes).await.is_err() {
                return;
            }
        }
        line.flush().await.ok();
    });
    let driven = tokio::spawn(async move {
        loop {
            flooder.next().await;
        }
    });
    let since = Instant::now();
    town.publish(1, 2).await.unwrap();
    assert!(since.elapsed() < Duration::from_secs(3), "held up for {:?}", since.elapsed());
    driven.abort();
    flood.abort();
    town.stop_all().await;
}

/// One validator signs two votes wherever somebody votes, lets its turns pass, and announces blocks that there are not.
#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_votes_twice_costs_its_own_turns_and_is_told_of() {
    let mut town = Town::found(4, 4);
    town.start_these(0..3).await;
    let lies = liar::set_on(&Adversary::in_town(&town, 3, 0..3));
    let is_told = |town: &Town| (0..3).all(|of| !town.handle(of).equivocations().is_empty());
    let mut last = town.publish(0, 1).await.unwrap();
    for number in 2..=60 {
        last = town.publish(number % 3, number as u64).await.unwrap();
        if number >= 6 && is_told(&town) {
            break;
        }
    }
    town.agree(last.height).await;
    assert!(is_told(&town), "it voted twice {} times", last.height);
    let liar = ledger::department::address(&town.founded.departments[3].consensus.public());
    let told: Vec<_> = (0..3).flat_map(|of| town.handle(of).equivocations()).collect();
    assert!(told.iter().all(|proof| proof.validator == liar), "{told:?}");
    lies.iter().for_each(tokio::task::JoinHandle::abort);
    town.stop_all().await;
}

/// Finding N3: a question was read whole, 4 MiB of it, before anybody looked at a bound.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_question_is_refused_before_it_is_read_and_others_are_answered() {
    let mut town = Town::found(3, 1);
    town.start(0).await;
    let _echo = town.echo(0);
    let mut hostile = Puppet::dial(&town, town.founded.departments[2].seed, 0);
    let _line = hostile.line(Line::Status).await;
    for _ in 0..16 {
        hostile.ask(vec![7; crate::limits::ANSWER_BYTES_MAX], false);
    }
    hostile.ask(vec![7; 1_000], false);
    let mut answered = 0;
    let mut ended = 0;
    while ended < 17 {
        match hostile.next().await {
            SwarmEvent::Behaviour(TongueEvent::Calls(Event::Message {
                message: Message::Response { response: Frame::Body(answer), .. },
                ..
            })) => {
                assert!(answer.len() < 2_000, "a large question was answered");
                answered += 1;
                ended += 1;
            }
            SwarmEvent::Behaviour(TongueEvent::Calls(Event::OutboundFailure { .. })) => ended += 1,
            _ => {}
        }
    }
    assert_eq!(answered, 1);
    town.stop_all().await;
}
