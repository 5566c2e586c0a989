//! Paying for what stays for ever, and forgetting the days that are over.

use super::rule::{BlockContext, Rejection, Rule};
use crate::credit::{Credit, day};
use crate::ids::DepartmentId;
use crate::keys;
use crate::state::{Overlay, ReadFault, StateRead};
use crate::views;

impl Rule<'_> {
    /// Takes one from a department's credit of the block's day.
    pub(super) fn spend(&mut self, who: &DepartmentId, credit: Credit) -> Result<(), Rejection> {
        let key = keys::credit(day(self.context.time), who);
        let mut spent = views::spent(self.reads, who, self.context.time)?;
        spent.take(credit, &views::parameters(self.reads)?)?;
        self.put(key, &spent);
        Ok(())
    }
}

/// Forgets days that are over, oldest first; what is beyond the bound goes with the next block.
pub(crate) fn forget(
    overlay: &mut Overlay<'_>,
    reads: &dyn StateRead,
    context: &BlockContext,
) -> Result<(), ReadFault> {
    let today = day(context.time);
    for (key, _) in reads.scan(keys::CREDIT, None, context.protocol.limits.credits_forgotten_per_block)? {
        if keys::credit_day(&key).is_none_or(|day| day >= today) {
            break;
        }
        overlay.changes.remove(key);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credit::Spent;
    use crate::ids::{Height, Time};
    use crate::limits::CREDITS_FORGOTTEN_PER_BLOCK;
    use crate::protocol::Protocol;
    use crate::state::{Changes, MemoryState};
    use crate::wire::to_bytes;
    use alloc::format;
    use alloc::vec::Vec;
    use gm::domain::ChainId;

    fn forgotten(state: &mut MemoryState, time: Time) -> Vec<u64> {
        let context =
            BlockContext { chain: ChainId::ZERO, height: Height(1), time, protocol: Protocol::NEWEST };
        let mut overlay = Overlay::new(state);
        forget(&mut overlay, state, &context).unwrap();
        let changes = overlay.changes;
        assert!(changes.iter().all(|(_, value)| value.is_none()));
        state.commit(&changes);
        changes.iter().filter_map(|(key, _)| keys::credit_day(key)).collect()
    }

    #[test]
    fn a_day_is_forgotten_when_it_is_over_and_so_many_in_one_block() {
        let mut changes = Changes::default();
        let id = "12440100X00000254F".parse().unwrap();
        changes.put(keys::credit(11, &id), to_bytes(&Spent::default()));
        for number in 0..CREDITS_FORGOTTEN_PER_BLOCK + 3 {
            let mut key = keys::credit(10, &id);
            key.extend(format!("{number:05}").bytes());
            changes.put(key, to_bytes(&Spent::default()));
        }
        let mut state = MemoryState::default();
        state.commit(&changes);
        let on = |day: u64| Time((day * 24 + 4) * 60 * 60 * 1000); // noon
        assert_eq!(forgotten(&mut state, on(10)), Vec::<u64>::new());
        assert_eq!(forgotten(&mut state, on(11)).len(), CREDITS_FORGOTTEN_PER_BLOCK);
        assert_eq!(forgotten(&mut state, on(11)), [10, 10, 10]);
        assert_eq!(forgotten(&mut state, on(11)), Vec::<u64>::new());
        assert_eq!(forgotten(&mut state, on(12)), [11]);
    }
}
