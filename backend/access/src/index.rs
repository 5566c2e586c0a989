//! Which rows of a set can speak to a question, found without reading the others.
//!
//! First by effect and door, then by kind of entry; within that by one bit a row for each role, purpose,
//! requester, provider and item that some row names. What is left is read by `matching.rs`: the index
//! only leaves out, so a column that it does not know costs time and never an answer.
//!
//! What rows name has a number in the whole set, so that a question's words are compared as texts once
//! and not on every shelf: most shelves are in no cache of the processor when their turn comes.

use crate::matching::Glance;
use crate::question::{Action, Question};
use crate::rule::{Classes, INSPECTORATE, Named, Party, Rule};
use ledger::catalogue::ShareType;
use ledger::policy::Effect;
use std::collections::BTreeMap;

/// What a set's rows said: the places of those that allow, in order, or the first that denies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Spoken {
    /// The rows that allow; none where nobody spoke.
    Allow(Vec<usize>),
    /// A row denies.
    Deny(usize),
}

/// The rows of a set, ready to be found.
#[derive(Debug, Default)]
pub(crate) struct Index {
    glances: Vec<Glance>,
    words: Words,
    allow: BTreeMap<Action, Door>,
    deny: BTreeMap<Action, Door>,
}

/// The rows about one door.
#[derive(Debug, Default)]
struct Door {
    every: Shelf,
    classes: BTreeMap<String, Shelf>,
    shares: BTreeMap<ShareType, Shelf>,
}

impl Index {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        let glances = rules.iter().map(Rule::glance).collect();
        let mut index = Self { glances, ..Self::default() };
        for (place, rule) in rules.iter().enumerate() {
            let cells = Cells::new(rule, &mut index.words);
            let doors = match rule.effect {
                Effect::Allow => &mut index.allow,
                Effect::Deny => &mut index.deny,
            };
            for action in Action::ALL.iter().filter(|action| rule.actions.holds(action)) {
                let door = doors.entry(*action).or_default();
                match &rule.classes {
                    Classes::Named(Named::Every) => door.every.add(place, &cells),
                    Classes::Shared(share) => door.shares.entry(*share).or_default().add(place, &cells),
                    Classes::Named(Named::Only(classes)) => {
                        for class in classes {
                            door.classes.entry(class.clone()).or_default().add(place, &cells);
                        }
                    }
                }
            }
        }
        for door in index.allow.values_mut().chain(index.deny.values_mut()) {
            door.every.seal();
            door.classes.values_mut().chain(door.shares.values_mut()).for_each(Shelf::seal);
        }
        index
    }

    /// Judges a question by these rows, which the index was made of.
    pub(crate) fn judge(&self, rules: &[Rule], question: &Question) -> Spoken {
        let mut places = Vec::new();
        let speaks = |place: usize| {
            let glance = self.glances.get(place).copied().unwrap_or_default();
            glance.is_open() || rules.get(place).is_some_and(|rule| rule.speaks_by(glance, question))
        };
        let (asked, mut room) = (Asked::new(question, &self.words), Room::default());
        for shelf in self.deny.get(&question.action).into_iter().flat_map(|door| door.about(question)) {
            places.extend(shelf.find(&asked, true, &mut room).find(|place| speaks(*place)));
        }
        if let Some(first) = places.iter().min() {
            return Spoken::Deny(*first);
        }
        if question.is_beyond_every_row() {
            return Spoken::Allow(places);
        }
        for shelf in self.allow.get(&question.action).into_iter().flat_map(|door| door.about(question)) {
            places.extend(shelf.find(&asked, false, &mut room).filter(|place| speaks(*place)));
        }
        places.sort_unstable();
        Spoken::Allow(places)
    }

    /// Whether the row at a place brings duties.
    pub(crate) fn has_duties(&self, place: usize) -> bool {
        self.glances.get(place).is_some_and(|glance| glance.has_duties())
    }
}

/// Bits to work with, used again for each shelf of one question.
#[derive(Default)]
struct Room {
    found: Bits,
    column: Bits,
}

impl Door {
    fn about(&self, question: &Question) -> impl Iterator<Item = &Shelf> {
        let class = self.classes.get(&question.entry_class);
        [Some(&self.every), class, self.shares.get(&question.share_type)].into_iter().flatten()
    }
}

/// The rows about one door and kind of entry, in order.
#[derive(Debug, Default)]
struct Shelf {
    places: Vec<usize>,
    roles: Listed,
    purposes: Listed,
    requesters: Listed,
    providers: Listed,
    items: Listed,
}

impl Shelf {
    fn add(&mut self, place: usize, cells: &Cells) {
        let at = self.places.len();
        self.places.push(place);
        self.roles.add(at, cells.roles.as_deref());
        self.purposes.add(at, cells.purposes.as_deref());
        self.requesters.add(at, cells.requesters.as_deref());
        self.providers.add(at, cells.providers.as_deref());
        self.items.add(at, cells.items.as_deref());
    }

    fn seal(&mut self) {
        let rows = self.places.len();
        for column in
            [&mut self.roles, &mut self.purposes, &mut self.requesters, &mut self.providers, &mut self.items]
        {
            column.seal(rows);
        }
    }

    /// The places of the rows that may speak, in order.
    fn find<'a>(
        &'a self,
        asked: &Asked,
        is_deny: bool,
        room: &'a mut Room,
    ) -> impl Iterator<Item = usize> + 'a {
        let Room { found, column: room } = room;
        found.fill(self.places.len());
        // The column that leaves fewest comes first; where it leaves none the others are not asked.
        self.requesters.narrow(found, room, &asked.requester);
        self.providers.narrow(found, room, &asked.provider);
        if is_deny {
            self.items.narrow(found, room, &asked.items);
        } else if found.any() && !self.items.words.is_empty() {
            // A row that allows names every item asked for, also the one that the fewest rows name.
            let rarest = asked.items.iter().min_by_key(|item| self.items.count(**item));
            self.items.narrow(found, room, rarest.map_or(&[], std::slice::from_ref));
        }
        self.purposes.narrow(found, room, &asked.purpose);
        self.roles.narrow(found, room, &[asked.role]);
        found.places().filter_map(|at| self.places.get(at).copied())
    }
}

/// A number for each word that a row of the set names.
#[derive(Debug, Default)]
struct Words(BTreeMap<String, u32>);

/// Of a word that no row names.
const NOBODYS: u32 = u32::MAX;

impl Words {
    fn number(&self, word: &str) -> u32 {
        self.0.get(word).copied().unwrap_or(NOBODYS)
    }

    fn numbers<'a>(&mut self, words: impl Iterator<Item = &'a str>) -> Vec<u32> {
        let number = |word: &'a str| {
            let next = u32::try_from(self.0.len()).unwrap_or(NOBODYS);
            *self.0.entry(word.to_owned()).or_insert(next)
        };
        words.map(number).collect()
    }
}

/// What a row names, column by column; nothing where it names everything.
struct Cells {
    roles: Option<Vec<u32>>,
    purposes: Option<Vec<u32>>,
    requesters: Option<Vec<u32>>,
    providers: Option<Vec<u32>>,
    items: Option<Vec<u32>>,
}

impl Cells {
    fn new(rule: &Rule, words: &mut Words) -> Self {
        Self {
            roles: rule.roles.only().map(|roles| words.numbers(roles.iter().map(|role| role.code()))),
            purposes: rule.purposes.only().map(|codes| words.numbers(codes.iter().map(|code| code.as_str()))),
            requesters: rule.requesters.only().map(|parties| words.numbers(parties.iter().map(key))),
            providers: rule.providers.only().map(|parties| words.numbers(parties.iter().map(key))),
            items: rule.items.only().map(|items| words.numbers(items.iter().map(|item| item.as_str()))),
        }
    }
}

/// The words of a question under which a row may name it.
struct Asked {
    role: u32,
    purpose: Vec<u32>,
    requester: Vec<u32>,
    provider: Vec<u32>,
    items: Vec<u32>,
}

impl Asked {
    fn new(question: &Question, words: &Words) -> Self {
        let number = |word: &str| words.number(word);
        let office = question.requester_inspectorate.then_some(INSPECTORATE);
        let requester = around(question.requester.as_str(), question.requester_region.as_str());
        let provider = around(question.provider.as_str(), question.provider_region.as_str());
        Self {
            role: number(question.role.code()),
            purpose: question.purpose.iter().map(|code| number(code.as_str())).collect(),
            requester: requester.into_iter().flatten().chain(office).map(number).collect(),
            provider: provider.into_iter().flatten().map(number).collect(),
            items: question.items.iter().map(|item| number(item.as_str())).collect(),
        }
    }
}

/// Under which words a department may be named.
fn around<'a>(id: &'a str, region: &'a str) -> [Option<&'a str>; 4] {
    [Some(id), region.get(..2), region.get(..4), region.get(..6)]
}

fn key(party: &Party) -> &str {
    match party {
        Party::Department(id) => id.as_str(),
        Party::Division(within) => within,
        Party::Inspectorate => INSPECTORATE,
    }
}

/// The rows of a shelf by what one column names.
#[derive(Debug, Default)]
struct Listed {
    every: Bits,
    /// Words that rows name, in order, and beside each the rows that do.
    words: Vec<u32>,
    rows: Vec<Rows>,
    /// Words with the rows that name them, until the shelf is sealed.
    added: Vec<(u32, u32)>,
}

/// The rows that name one thing: few as numbers, many as bits.
#[derive(Debug)]
enum Rows {
    Few(Vec<u32>),
    Many(Bits),
}

impl Listed {
    fn add(&mut self, at: usize, named: Option<&[u32]>) {
        let Some(named) = named else { return self.every.insert(at) };
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        self.added.extend(named.iter().map(|word| (*word, at)));
    }

    /// Sorts what was added, and chooses the smaller form for each word's rows; called once, at the end.
    fn seal(&mut self, rows: usize) {
        self.every.0.resize(rows.div_ceil(64), 0);
        let mut added = std::mem::take(&mut self.added);
        added.sort_unstable();
        for of_word in added.chunk_by(|one, next| one.0 == next.0) {
            let few = || of_word.iter().map(|(_, at)| *at);
            self.words.extend(of_word.first().map(|(word, _)| word));
            self.rows.push(if of_word.len() > rows / 64 {
                let mut bits = Bits(vec![0; rows.div_ceil(64)]);
                few().for_each(|at| bits.insert(at as usize));
                Rows::Many(bits)
            } else {
                Rows::Few(few().collect())
            });
        }
    }

    /// The rows that name a word.
    fn naming(&self, word: u32) -> Option<&Rows> {
        self.rows.get(self.words.binary_search(&word).ok()?)
    }

    fn count(&self, word: u32) -> usize {
        match self.naming(word) {
            None => 0,
            Some(Rows::Few(rows)) => rows.len(),
            Some(Rows::Many(bits)) => bits.0.iter().map(|word| word.count_ones() as usize).sum(),
        }
    }

    /// Leaves of `found` the rows that name everything or one of these.
    fn narrow(&self, found: &mut Bits, room: &mut Bits, words: &[u32]) {
        if self.words.is_empty() || !found.any() {
            return;
        }
        room.0.clone_from(&self.every.0);
        for rows in words.iter().filter_map(|word| self.naming(*word)) {
            match rows {
                Rows::Few(few) => few.iter().for_each(|at| room.insert(*at as usize)),
                Rows::Many(bits) => room.0.iter_mut().zip(&bits.0).for_each(|(word, other)| *word |= other),
            }
        }
        found.0.iter_mut().zip(&room.0).for_each(|(word, other)| *word &= other);
    }
}

/// Some of the rows of a shelf, one bit each.
#[derive(Debug, Default)]
struct Bits(Vec<u64>);

impl Bits {
    /// All of so many rows.
    fn fill(&mut self, rows: usize) {
        self.0.clear();
        self.0.resize(rows.div_ceil(64), u64::MAX);
        if let Some(last) = self.0.last_mut().filter(|_| !rows.is_multiple_of(64)) {
            *last = (1 << (rows % 64)) - 1;
        }
    }

    fn any(&self) -> bool {
        self.0.iter().any(|word| *word != 0)
    }

    fn insert(&mut self, at: usize) {
        if at / 64 >= self.0.len() {
            self.0.resize(at / 64 + 1, 0);
        }
        if let Some(word) = self.0.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }

    fn places(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().copied().enumerate().filter(|(_, word)| *word != 0).flat_map(|(at, mut word)| {
            std::iter::from_fn(move || {
                let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
                word &= word - 1;
                Some(at * 64 + bit)
            })
        })
    }
}
