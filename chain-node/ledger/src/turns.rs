//! Whose turn it is to propose, and who waits turns out.
//!
//! A validator whose round passed without a block costs everybody a timeout, and again at each of its turns. So it
//! waits: one turn, then two, four, up to a bound, until a block of its own is decided. It votes meanwhile, and where all
//! others of a height have failed it is its turn again: nobody has to judge whether it failed or was not heard.

use crate::certificate::ValidatorSet;
use crate::ids::{Address, Height};
use alloc::vec::Vec;

crate::wire_struct! {
    /// A validator that let its turn pass.
    pub struct PassedOver {
        /// Who.
        pub validator: Address,
        /// How often since a block of its own was decided.
        pub missed: u8,
        /// Up to this height it waits.
        pub until: Height,
    }
}

/// Whose turn it is among validators in the order of their addresses, of which some wait: height and round count through
/// those who do not, then through those who do. As many rounds as there are validators give each one turn. None where
/// there are none.
#[must_use]
pub fn turn(height: Height, round: u32, waits: &[bool]) -> Option<usize> {
    let of = |waiting: bool| {
        let all = waits.iter().enumerate();
        all.filter(move |(_, waits)| **waits == waiting).map(|(index, _)| index).collect::<Vec<_>>()
    };
    let (ready, waiting) = (of(false), of(true));
    let lap = usize::try_from(round).ok()?.checked_rem(waits.len())?;
    let (among, count) = match lap.checked_sub(ready.len()) {
        None => (ready, lap),
        Some(beyond) => (waiting, beyond),
    };
    let (height, members) = (height.0, u64::try_from(among.len()).ok()?);
    let turn = height.wrapping_add(u64::try_from(count).ok()?).checked_rem(members)?;
    among.get(usize::try_from(turn).ok()?).copied()
}

/// Who of them waits at a height.
#[must_use]
pub fn waiting(passed: &[PassedOver], height: Height) -> Vec<Address> {
    passed.iter().filter(|one| one.until >= height).map(|one| one.validator).collect()
}

/// Who was passed over, after a block that this validator made at this height and round. Those before it at the height
/// let their turns pass; of them and of those before at most one each, so there are never more than validators.
#[must_use]
pub fn after_block(
    passed: &[PassedOver],
    set: &ValidatorSet,
    (height, round, proposer): (Height, u32, &Address),
    turns_max: u32,
) -> Vec<PassedOver> {
    let waits = waiting(passed, height);
    let all = u32::try_from(set.validators().len()).unwrap_or(u32::MAX);
    let missed: Vec<_> = (0..round.min(all))
        .filter_map(|round| set.proposer(height, round, &waits))
        .map(|v| v.address)
        .collect();
    let others = set.validators().iter().filter(|validator| validator.address != *proposer);
    let judged = others.filter_map(|validator| {
        let before = passed.iter().find(|one| one.validator == validator.address);
        if !missed.contains(&validator.address) {
            return before.cloned();
        }
        let missed = before.map_or(0, |before| before.missed).saturating_add(1);
        let turns = 1u32.checked_shl(u32::from(missed) - 1).map_or(turns_max, |turns| turns.min(turns_max));
        let heights = u64::from(turns).saturating_mul(u64::from(all));
        let until = Height(height.0.saturating_add(heights));
        Some(PassedOver { validator: validator.address, missed, until })
    });
    judged.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::Validator;
    use crate::wire::{from_bytes, to_bytes};
    use alloc::vec;
    use gm::sm2::SecretKey;
    use proptest::prelude::*;

    fn set(count: u8) -> ValidatorSet {
        let key = SecretKey::from_bytes(&[7; 32]).unwrap().public();
        let one = |number| Validator { address: Address([number; 20]), key: key.clone(), power: 1 };
        from_bytes(&to_bytes(&(0..count).map(one).collect::<Vec<_>>())).unwrap()
    }

    #[test]
    fn nobody_waits_and_everybody_has_a_turn_in_the_order_of_addresses() {
        let turns: Vec<_> = (0..6).map(|round| turn(Height(3), round, &[false; 4]).unwrap()).collect();
        assert_eq!(turns, [3, 0, 1, 2, 3, 0]);
        assert_eq!(turn(Height(3), 0, &[]), None);
    }

    #[test]
    fn who_lets_turns_pass_waits_longer_each_time_until_its_block_is_decided() {
        let set = set(4);
        let of =
            |height, round, waits: &[Address]| set.proposer(Height(height), round, waits).unwrap().address;
        let silent = of(1, 0, &[]);
        let mut passed = Vec::new();
        let mut rounds_lost = Vec::new();
        for height in 1..200 {
            let waits = waiting(&passed, Height(height));
            let round = (0..4).find(|round| of(height, *round, &waits) != silent).unwrap();
            if round > 0 {
                rounds_lost.push(height);
            }
            passed = after_block(&passed, &set, (Height(height), round, &of(height, round, &waits)), 16);
        }
        let waits: Vec<_> = rounds_lost.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(waits.iter().zip([4, 8, 16, 32, 64]).all(|(waits, least)| *waits > least), "{waits:?}");
        assert_eq!(rounds_lost.len(), 6, "{rounds_lost:?}");
        // Everybody else fails: it is its turn, and with its block all is forgotten.
        let waits = waiting(&passed, Height(200));
        assert_eq!(of(200, 3, &waits), silent);
        let after = after_block(&passed, &set, (Height(200), 3, &silent), 16);
        assert!(after.len() == 3 && after.iter().all(|one| one.validator != silent && one.missed == 1));
    }

    proptest! {
        /// As many rounds as validators give each of them one turn, whoever waits; and who waits comes last.
        #[test]
        fn every_validator_has_its_turn(height in any::<u64>(), waits in prop::collection::vec(any::<bool>(), 1..12)) {
            let rounds = u32::try_from(waits.len()).unwrap();
            let turns: Vec<_> = (0..rounds).map(|round| turn(Height(height), round, &waits).unwrap()).collect();
            let mut sorted = turns.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..waits.len()).collect::<Vec<_>>());
            let order: Vec<_> = turns.iter().map(|turn| waits[*turn]).collect();
            prop_assert!(order.is_sorted());
            prop_assert_eq!(turn(Height(height), rounds, &waits), turns.first().copied());
        }

        /// However rounds pass, nobody is listed twice, nobody waits for longer than the bound, and who proposes is
        /// not listed.
        #[test]
        fn lists_stay_short_and_waits_bounded(rounds in prop::collection::vec(0u32..9, 1..60)) {
            let set = set(4);
            let mut passed = vec![];
            for (height, round) in (1..).zip(rounds) {
                let waits = waiting(&passed, Height(height));
                let proposer = set.proposer(Height(height), round, &waits).unwrap().address;
                passed = after_block(&passed, &set, (Height(height), round, &proposer), 16);
                prop_assert!(passed.is_sorted_by(|a, b| a.validator < b.validator));
                prop_assert!(passed.iter().all(|one| one.validator != proposer && one.until.0 <= height + 64));
            }
        }
    }
}
