use super::*;

/// Peers of a follower, all connected.
struct Country {
    sources: Sources,
    peers: Vec<PeerId>,
    now: Instant,
}

impl Country {
    fn of(count: usize) -> Self {
        let peers: Vec<_> = (0..count).map(|_| PeerId::random()).collect();
        let mut sources = Sources::new(PeerId::random());
        sources.connect(&peers.iter().copied().collect());
        Self { sources, peers, now: Instant::now() }
    }

    fn next(&mut self, head: u64) -> Vec<Ask> {
        self.sources.next(Height(head), self.now)
    }

    /// All have told that they stand here.
    fn at(count: usize, head: u64) -> Self {
        let mut country = Self::of(count);
        for _ in 0..count {
            for ask in country.next(head) {
                assert!(country.told(&ask, head));
            }
        }
        country
    }

    /// A peer tells of its head when its time is over.
    fn told(&mut self, ask: &Ask, head: u64) -> bool {
        let late = ask.at + Duration::from_millis(ask.question.wait_ms.into());
        self.sources.told(ask, Height(head), 0, late)
    }

    fn blocks(asks: &[Ask]) -> Vec<PeerId> {
        asks.iter().filter(|ask| ask.want == Want::Blocks).map(|ask| ask.peer).collect()
    }
}

#[test]
fn one_is_asked_for_blocks_and_some_others_for_news() {
    let mut country = Country::of(5);
    let first = country.next(7);
    assert_eq!((Country::blocks(&first).len(), first.len()), (1, 1 + NEWS_FROM));
    assert!(first.iter().all(|ask| ask.question.after == Height(7) && ask.question.wait_ms == 0));
    assert!(first.iter().all(|ask| (ask.want == Want::News) == (ask.question.bytes_max == 0)));
    let asked: BTreeSet<_> = first.iter().map(|ask| ask.peer).collect();
    assert_eq!(asked.len(), first.len(), "each is another");
    assert!(country.next(7).is_empty());
    // Who has told where it stands may keep the next question until there is news.
    for ask in &first {
        assert!(country.told(ask, 7));
    }
    let again = country.next(7);
    let waits = |ask: &Ask| asked.contains(&ask.peer) == (ask.question.wait_ms > 0);
    assert!(again.len() == 1 + NEWS_FROM && again.iter().all(waits));
}

#[test]
fn not_all_followers_ask_the_same_peer() {
    let peers: BTreeSet<_> = (0..7).map(|_| PeerId::random()).collect();
    let first = |_| {
        let mut sources = Sources::new(PeerId::random());
        sources.connect(&peers);
        Country::blocks(&sources.next(Height(0), Instant::now()))
    };
    assert!((0..60).map(first).collect::<BTreeSet<_>>().len() >= 5);
}

#[test]
fn everybody_is_asked_for_news_in_turn() {
    let mut country = Country::at(8, 3);
    let mut asked = BTreeSet::new();
    for _ in 0..8 {
        let asks = country.next(3);
        for ask in asks.iter().filter(|ask| ask.want == Want::News) {
            asked.insert(ask.peer);
            assert!(country.told(ask, 3));
        }
    }
    assert!(asked.len() >= 7, "all but who is asked for blocks: {}", asked.len());
}

#[test]
fn who_has_news_is_asked_when_the_first_does_not_send_the_blocks() {
    let mut country = Country::at(4, 3);
    let asks = country.next(3);
    let news: Vec<_> = asks.iter().filter(|ask| ask.want == Want::News).copied().collect();
    assert!(country.told(&news[0], 4));
    assert_eq!(country.sources.lead(Height(3)), Some(1));
    assert!(Country::blocks(&country.next(3)).is_empty(), "the first is given its time");
    assert_eq!(country.sources.due(), Some(country.now + SOURCE_PATIENCE));
    country.now += SOURCE_PATIENCE;
    assert_eq!(Country::blocks(&country.next(3)), [news[0].peer]);
    // Nobody else is ahead: no further question, and no turning in a circle.
    country.now += SOURCE_PATIENCE;
    assert!(Country::blocks(&country.next(3)).is_empty());
    assert_eq!(country.sources.due(), Some(country.now + SOURCE_PATIENCE));
}

#[test]
fn questions_for_blocks_have_a_bound_however_many_are_ahead() {
    let mut country = Country::at(9, 3);
    let mut blocks = 0;
    for _ in 0..20 {
        for ask in country.next(3) {
            match ask.want {
                Want::Blocks => blocks += 1,
                Want::News => assert!(country.told(&ask, 9)),
            }
        }
        country.now += SOURCE_PATIENCE;
    }
    assert_eq!(blocks, SOURCES_AT_ONCE);
}

#[test]
fn who_sent_blocks_is_asked_again_first() {
    let mut country = Country::at(6, 3);
    let all = country.peers.clone();
    for peer in all {
        for ask in country.next(3) {
            country.sources.answered(&ask);
        }
        country.sources.gave(peer);
        assert_eq!(Country::blocks(&country.next(3)), [peer]);
        assert_eq!(country.sources.favourite(), Some(peer));
        country.sources.answered(&ask(peer, Want::Blocks, 3, None));
    }
}

fn ask(peer: PeerId, want: Want, after: u64, told: Option<u64>) -> Ask {
    let question = Question { after: Height(after), bytes_max: 9, wait_ms: 0 };
    Ask { peer, want, question, told: told.map(Height), at: Instant::now() }
}

#[test]
fn a_head_that_cannot_be_is_a_lie() {
    let mut country = Country::of(1);
    let peer = country.peers[0];
    let mut told = |want, told, head, blocks| {
        country.sources.told(&ask(peer, want, 5, told), Height(head), blocks, Instant::now())
    };
    assert!(told(Want::Blocks, None, 9, 2));
    assert!(told(Want::Blocks, Some(9), 9, 4));
    assert!(told(Want::News, Some(9), 9, 0));
    assert!(told(Want::Blocks, None, 4, 0), "it may be behind us");
    assert!(!told(Want::News, Some(9), 8, 0), "lower than before");
    assert!(!told(Want::Blocks, Some(9), 9, 0), "it has none of what it told of");
    assert!(!told(Want::Blocks, None, 6, 2), "more than it has");
    assert!(!told(Want::News, None, 6, 1), "it was not asked for blocks");
    // An answer that was passed on its way by a later one of the same peer is none.
    assert!(told(Want::News, Some(7), 12, 0));
    assert!(told(Want::Blocks, Some(7), 11, 1));
    assert_eq!(country.sources.lead(Height(5)), Some(7));
}

#[test]
fn who_lied_rests_and_what_it_said_counts_for_nothing() {
    let mut country = Country::at(2, 3);
    let liar = country.peers[0];
    assert!(country.told(&ask(liar, Want::News, 3, None), 1_000));
    assert_eq!(country.sources.lead(Height(3)), Some(997));
    country.sources.lied(liar, country.now);
    assert_eq!(country.sources.lead(Height(3)), Some(0));
    // Neither going away and coming back nor an answer that is still on its way ends the rest.
    let (other, both) = (country.peers[1], country.peers.iter().copied().collect());
    country.sources.connect(&[other].into());
    country.sources.connect(&both);
    country.sources.silent(&ask(liar, Want::News, 3, None), Unanswered::Unreachable, country.now);
    country.now += LIAR_REST - Duration::from_millis(1);
    for _ in 0..3 {
        for ask in country.next(3) {
            assert_ne!(ask.peer, liar);
            country.sources.answered(&ask);
        }
    }
    assert_eq!(country.sources.due(), Some(country.now + Duration::from_millis(1)));
    country.now += Duration::from_millis(1);
    let asks: Vec<_> = (0..2).flat_map(|_| country.next(3)).collect();
    assert!(asks.iter().any(|ask| ask.peer == liar));
}

#[test]
fn what_a_liar_said_counts_for_nothing_when_it_has_rested() {
    let mut country = Country::at(2, 3);
    let liar = country.peers[0];
    assert!(country.told(&ask(liar, Want::News, 3, None), 1_000));
    country.sources.lied(liar, country.now);
    country.now += LIAR_REST;
    assert!(country.next(3).iter().any(|ask| ask.peer == liar));
    assert_eq!(country.sources.lead(Height(3)), Some(0));
}

#[test]
fn who_is_busy_or_silent_rests_a_while() {
    for (why, rest) in [
        (None, BUSY_REST),
        (Some(Unanswered::Unreachable), BUSY_REST),
        (Some(Unanswered::Silent), SILENT_REST),
    ] {
        let mut country = Country::at(1, 3);
        let asks = country.next(3);
        match why {
            None => country.sources.busy(&asks[0], country.now),
            Some(why) => country.sources.silent(&asks[0], why, country.now),
        }
        assert!(country.next(3).is_empty());
        assert_eq!(country.sources.due(), Some(country.now + rest));
        country.now += rest;
        assert_eq!(country.next(3).len(), 1);
    }
}

#[test]
fn who_has_no_news_and_does_not_wait_for_any_is_asked_later() {
    let mut country = Country::at(1, 3);
    let first = country.next(3)[0];
    assert!(first.question.wait_ms > 0);
    assert!(country.sources.told(&first, Height(3), 0, country.now));
    assert!(country.next(3).is_empty());
    country.now += BUSY_REST;
    assert_eq!(country.next(3).len(), 1);
}
