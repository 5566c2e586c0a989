//! Departments call each other; strangers are not let in.

use std::time::Duration;

use crate::CallError;
use futures::StreamExt;
use libp2p::swarm::{SwarmEvent, dummy};
use libp2p::{Multiaddr, SwarmBuilder, noise, tcp, yamux};

use super::town::{PATIENCE, Town, within};

#[tokio::test(flavor = "multi_thread")]
async fn departments_call_each_other_and_know_who_calls() {
    let mut town = Town::found(3, 1);
    town.start_all().await;
    let _echoes = (town.echo(0), town.echo(1), town.echo(2));
    let ids: Vec<_> = town.founded.departments.iter().map(|d| d.id.clone()).collect();
    for (from, to) in [(0, 1), (1, 0), (2, 1), (1, 2), (1, 1)] {
        let answer = town.handle(from).call(&ids[to], b"hello".to_vec(), PATIENCE).await.unwrap();
        assert_eq!(answer, format!("{}: hello", ids[from]).into_bytes());
    }
    let large = vec![7; crate::limits::CALL_BYTES_MAX];
    let answer = town.handle(0).call(&ids[2], large.clone(), PATIENCE).await.unwrap();
    assert!(answer.ends_with(&large));
    let beyond = town.handle(0).call(&ids[2], [large, vec![0]].concat(), PATIENCE).await;
    assert!(matches!(beyond, Err(CallError::TooLarge)));
    town.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_answer_ends() {
    let mut town = Town::found(3, 1);
    town.start(0).await;
    town.start(1).await; // takes calls but never answers
    let ids: Vec<_> = town.founded.departments.iter().map(|d| d.id.clone()).collect();
    let outcome = town.handle(0).call(&ids[2], vec![1], PATIENCE).await;
    assert!(matches!(outcome, Err(CallError::Unreachable)), "{outcome:?}");
    let outcome = town.handle(0).call(&ids[1], vec![1], Duration::from_millis(300)).await;
    assert!(matches!(outcome, Err(CallError::TimedOut)), "{outcome:?}");
    let stranger = "12110000X00000019R".parse().unwrap();
    let outcome = town.handle(0).call(&stranger, vec![1], PATIENCE).await;
    assert!(matches!(outcome, Err(CallError::NotAMember)), "{outcome:?}");
    // Reachable as soon as it runs: the connection is made again by itself.
    town.start(2).await;
    let _echo = town.echo(2);
    within(async {
        while town.handle(0).call(&ids[2], vec![1], PATIENCE).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    town.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_disconnected() {
    let mut town = Town::found(1, 1);
    town.start(0).await;
    let address: std::net::SocketAddr = town.address(0).parse().unwrap();
    let address: Multiaddr = format!("/ip4/{}/tcp/{}", address.ip(), address.port()).parse().unwrap();
    let mut stranger = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_| dummy::Behaviour)
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(PATIENCE))
        .build();
    stranger.dial(address).unwrap();
    within(async {
        loop {
            match stranger.select_next_some().await {
                SwarmEvent::ConnectionClosed { .. } => return,
                SwarmEvent::OutgoingConnectionError { error, .. } => panic!("not even tried: {error}"),
                _ => {}
            }
        }
    })
    .await;
    assert_eq!(town.handle(0).status().peers_connected, 0);
    town.stop_all().await;
}
