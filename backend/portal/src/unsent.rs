//! Forms that could not be taken because their session had ended, kept until their officer signs in
//! again and is offered them filled in.
//!
//! ```text
//!  POST /grants/…/query ──► session over ──► kept under the visitor's random value ──► /sign-in
//!                                                                   │
//!     the form, filled in, not sent ◄── same account signs in ◄─────┤
//!                           wiped ◄── another signs in, time is up ◄┘
//! ```
//!
//! The fields may name a citizen: they stay in this process, are wiped when dropped, and never go into
//! an address, a cookie, a log or the browser. A form proves by its token whose it is (see
//! [`crate::csrf`]), so nobody else can put anything here, and each account has one place. Nothing is
//! ever sent from here: the officer looks and sends again.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use services::codes::Role;
use zeroize::Zeroizing;

use crate::csrf::Whose;
use crate::form::Fields;
use crate::limits;

/// All kept forms, oldest first.
#[derive(Default)]
pub(crate) struct Unsent(Mutex<VecDeque<Kept>>);

/// One form on its way round the sign-in page.
pub(crate) struct Kept {
    /// Whose it is.
    pub(crate) whose: Whose,
    /// Which browser may have it: its visitor's value, after signing in its session.
    pub(crate) key: String,
    /// Where it was sent to.
    pub(crate) action: String,
    /// The page that shows it.
    pub(crate) place: String,
    pub(crate) body: Zeroizing<Vec<u8>>,
    pub(crate) until: i64,
}

/// What an officer finds again after signing in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claimed {
    /// The page that shows the form.
    pub(crate) place: String,
    /// The role it was filled in.
    pub(crate) role: Role,
}

impl Unsent {
    fn all(&self, now: i64) -> MutexGuard<'_, VecDeque<Kept>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|kept| now < kept.until);
        all
    }

    /// Keeps a form in the place of the account's earlier one. The oldest makes room.
    pub(crate) fn keep(&self, kept: Kept, now: i64) {
        if kept.body.len() > limits::UNSENT_FORM_BYTES_MAX {
            return;
        }
        let mut all = self.all(now);
        all.retain(|other| other.whose.account != kept.whose.account);
        while all.len() >= limits::UNSENT_FORMS_MAX {
            all.pop_front();
        }
        all.push_back(kept);
    }

    /// Whether a form waits for this visitor to sign in.
    pub(crate) fn waits_for(&self, visitor: &str, now: i64) -> bool {
        self.all(now).iter().any(|kept| kept.key == visitor)
    }

    /// Someone signed in where a form was kept: its owner goes on with it under the new session,
    /// anyone else makes it vanish.
    pub(crate) fn claim(&self, visitor: &str, account: &str, session: &str, now: i64) -> Option<Claimed> {
        let mut all = self.all(now);
        all.retain(|kept| kept.key != visitor || kept.whose.account == account);
        let kept = all.iter_mut().find(|kept| kept.key == visitor)?;
        session.clone_into(&mut kept.key);
        Some(Claimed { place: kept.place.clone(), role: kept.whose.role })
    }

    /// The kept form of this page, once. Fields and the last part of where it was sent to.
    pub(crate) fn take(&self, session: &str, place: &str, now: i64) -> Option<(String, Fields)> {
        let mut all = self.all(now);
        let found = all.iter().position(|kept| kept.key == session && kept.place == place)?;
        let kept = all.remove(found)?;
        let last = kept.action.rsplit('/').next().unwrap_or_default().to_owned();
        Some((last, Fields::read(&kept.body).ok()?))
    }

    /// Drops what nobody came back for in time.
    pub(crate) fn sweep(&self, now: i64) {
        drop(self.all(now));
    }

    /// Drops what a session has not come back for: its officer signs out.
    pub(crate) fn forget(&self, session: &str) {
        self.all(i64::MIN).retain(|kept| kept.key != session);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000;

    fn kept(account: &str, key: &str, body: &[u8]) -> Kept {
        Kept {
            whose: Whose { account: account.into(), role: Role::BizUser },
            key: key.into(),
            action: "/grants/11/query".into(),
            place: "/grants/11/query".into(),
            body: Zeroizing::new(body.to_vec()),
            until: NOW + limits::UNSENT_KEPT_MS,
        }
    }

    fn count(unsent: &Unsent) -> usize {
        unsent.all(NOW).len()
    }

    #[test]
    fn the_same_officer_finds_the_form_once() {
        let unsent = Unsent::default();
        unsent.keep(kept("anna", "visitor", b"case_no=7"), NOW);
        assert!(unsent.waits_for("visitor", NOW));
        assert_eq!(unsent.take("visitor", "/grants/12/query", NOW).map(|(last, _)| last), None);
        let claimed = unsent.claim("visitor", "anna", "session", NOW).unwrap();
        assert_eq!((claimed.place.as_str(), claimed.role), ("/grants/11/query", Role::BizUser));
        assert!(!unsent.waits_for("visitor", NOW));
        let (last, fields) = unsent.take("session", "/grants/11/query", NOW).unwrap();
        assert_eq!((last.as_str(), fields.one("case_no")), ("query", "7"));
        assert!(unsent.take("session", "/grants/11/query", NOW).is_none());
    }

    #[test]
    fn another_officer_makes_it_vanish() {
        let unsent = Unsent::default();
        unsent.keep(kept("anna", "visitor", b"a=1"), NOW);
        assert_eq!(unsent.claim("visitor", "bert", "session", NOW), None);
        assert_eq!(count(&unsent), 0);
    }

    #[test]
    fn another_browser_does_not_get_it() {
        let unsent = Unsent::default();
        unsent.keep(kept("anna", "visitor", b"a=1"), NOW);
        assert_eq!(unsent.claim("other", "anna", "session", NOW), None);
        assert!(unsent.take("session", "/grants/11/query", NOW).is_none());
        assert_eq!(count(&unsent), 1);
    }

    #[test]
    fn time_number_and_size_are_bounded() {
        let unsent = Unsent::default();
        unsent.keep(kept("anna", "v", b"a=1"), NOW);
        unsent.keep(kept("anna", "w", b"a=2"), NOW);
        assert_eq!(count(&unsent), 1, "one for each account");
        assert!(!unsent.waits_for("w", NOW + limits::UNSENT_KEPT_MS), "gone in time");
        unsent.keep(kept("bert", "x", &vec![b'a'; limits::UNSENT_FORM_BYTES_MAX + 1]), NOW);
        assert_eq!(count(&unsent), 0, "too large");
        for place in 0..=limits::UNSENT_FORMS_MAX {
            unsent.keep(kept(&place.to_string(), &place.to_string(), b"a=1"), NOW);
        }
        assert_eq!(count(&unsent), limits::UNSENT_FORMS_MAX);
        assert!(!unsent.waits_for("0", NOW), "the oldest made room");
    }

    #[test]
    fn signing_out_drops_it() {
        let unsent = Unsent::default();
        unsent.keep(kept("anna", "session", b"a=1"), NOW);
        unsent.forget("session");
        assert_eq!(count(&unsent), 0);
    }
}
