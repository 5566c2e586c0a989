//! Who may do what to whose account, and in which state of it. Pure: every act asks here, and so does
//! every page that offers one.
//!
//! ```text
//!  SYS_ADMIN          SEC_ADMIN                               AUDIT_ADMIN
//!  create ─► created ─ authorise, activate ─► active ◄─► locked     looks on
//!  stop   ─► stopped ◄───────────────────────── any
//! ```
//!
//! None of the three can do another's part, and nobody does anything to themselves.

use ledger::role::Role;

use crate::codes::{OfficeRefusal, codes};
use crate::limits;

codes! {
    /// Where an account is in its life.
    pub enum AccountState {
        /// Made, without rights: nobody can sign in.
        Created => "created",
        /// In use.
        Active => "active",
        /// Closed for now, by hand or after wrong passwords.
        Locked => "locked",
        /// Closed for good.
        Stopped => "stopped",
    }

    /// What administrators do to accounts.
    pub enum StaffAct {
        /// Make it, without rights.
        Create => "create",
        /// Close it for good.
        Stop => "stop",
        /// Say which roles, which clearance and until when.
        Authorise => "authorise",
        /// Open it, with a one-time secret.
        Activate => "activate",
        /// Close it for now.
        Lock => "lock",
        /// Open it again; the password is to be changed.
        Unlock => "unlock",
        /// Have the password changed at the next sign-in.
        DemandPassword => "demand-password",
        /// Give a one-time secret for a forgotten password.
        ResetPassword => "reset-password",
        /// Register the officer's public key.
        BindKey => "bind-key",
        /// Forget it.
        UnbindKey => "unbind-key",
        /// Let the officer bind time-based codes.
        AllowCode => "allow-code",
        /// Forget them.
        UnbindCode => "unbind-code",
        /// Find the rights still needed.
        Review => "review",
        /// Publish the roster of officers.
        Publish => "publish",
        /// Look at it.
        Look => "look",
    }
}

impl StaffAct {
    /// Whose part it is; none: all three administrators'.
    #[must_use]
    pub const fn part_of(self) -> Option<Role> {
        match self {
            Self::Create | Self::Stop => Some(Role::SysAdmin),
            Self::Authorise
            | Self::Activate
            | Self::Lock
            | Self::Unlock
            | Self::DemandPassword
            | Self::ResetPassword
            | Self::BindKey
            | Self::UnbindKey
            | Self::AllowCode
            | Self::UnbindCode
            | Self::Review
            | Self::Publish => Some(Role::SecAdmin),
            Self::Look => None,
        }
    }

    /// In which states it makes sense.
    const fn states(self) -> &'static [AccountState] {
        use AccountState::{Active, Created, Locked, Stopped};
        match self {
            // There is no account yet, or it is about all of them.
            Self::Create | Self::Publish => &[],
            Self::Stop | Self::Authorise | Self::BindKey | Self::UnbindKey | Self::AllowCode => {
                &[Created, Active, Locked]
            }
            Self::UnbindCode => &[Created, Active, Locked],
            Self::Activate => &[Created],
            Self::Lock => &[Active],
            Self::Unlock => &[Locked],
            Self::DemandPassword | Self::ResetPassword | Self::Review => &[Active, Locked],
            Self::Look => &[Created, Active, Locked, Stopped],
        }
    }

    /// Whether it touches what others are recognised by: it wants the administrator's own factor shown just
    /// before.
    #[must_use]
    pub(crate) const fn wants_factor(self) -> bool {
        match self {
            Self::Activate
            | Self::ResetPassword
            | Self::BindKey
            | Self::UnbindKey
            | Self::AllowCode
            | Self::UnbindCode
            | Self::Publish => true,
            Self::Create
            | Self::Stop
            | Self::Authorise
            | Self::Lock
            | Self::Unlock
            | Self::DemandPassword
            | Self::Review
            | Self::Look => false,
        }
    }

    /// Whether other departments recognise other officers by their keys afterwards.
    #[must_use]
    pub(crate) const fn moves_roster(self) -> bool {
        match self {
            Self::Stop
            | Self::Authorise
            | Self::Activate
            | Self::Lock
            | Self::Unlock
            | Self::BindKey
            | Self::UnbindKey => true,
            Self::Create
            | Self::DemandPassword
            | Self::ResetPassword
            | Self::AllowCode
            | Self::UnbindCode
            | Self::Review
            | Self::Publish
            | Self::Look => false,
        }
    }

    /// The name of its event in the audit log.
    #[must_use]
    pub const fn event(self) -> &'static str {
        match self {
            Self::Create => "staff.create",
            Self::Stop => "staff.stop",
            Self::Authorise => "staff.authorise",
            Self::Activate => "staff.activate",
            Self::Lock => "staff.lock",
            Self::Unlock => "staff.unlock",
            Self::DemandPassword => "staff.demand-password",
            Self::ResetPassword => "staff.reset-password",
            Self::BindKey => "staff.bind-key",
            Self::UnbindKey => "staff.unbind-key",
            Self::AllowCode => "staff.allow-code",
            Self::UnbindCode => "staff.unbind-code",
            Self::Review => "staff.review",
            Self::Publish => "roster.publish",
            Self::Look => "staff.look",
        }
    }
}

/// Whether someone acting in `role` may do this to an account: their own, or one in this state (none: one
/// that is not made yet).
///
/// # Errors
/// `staff.not-yours` for another's part, `staff.self` for oneself, `staff.state` when it cannot be done now.
pub(crate) fn may(
    role: Role,
    act: StaffAct,
    is_own: bool,
    state: Option<AccountState>,
) -> Result<(), OfficeRefusal> {
    let is_theirs = act.part_of().map_or(role.is_administrator(), |doer| doer == role);
    if !is_theirs {
        return Err(OfficeRefusal::StaffNotYours);
    }
    if is_own && act != StaffAct::Look {
        return Err(OfficeRefusal::StaffSelf);
    }
    if state.is_some_and(|state| !act.states().contains(&state)) {
        return Err(OfficeRefusal::StaffState);
    }
    Ok(())
}

/// What stands between a running session and the officer's work.
///
/// # Errors
/// `session.factor-due` until the bound factor was shown, `session.password-due` until the password is
/// changed.
pub(crate) const fn standing(
    has_factor: bool,
    is_proven: bool,
    is_password_due: bool,
    password_age_ms: i64,
) -> Result<(), OfficeRefusal> {
    if has_factor && !is_proven {
        return Err(OfficeRefusal::SessionFactorDue);
    }
    if is_password_due || password_age_ms > limits::PASSWORD_AGE_MS {
        return Err(OfficeRefusal::SessionPasswordDue);
    }
    Ok(())
}

/// Whether the second factor was shown lately enough for what is done in a person's own name: approving,
/// taking evidence out, steering policy and keys.
///
/// # Errors
/// `step-up.none` for who has no factor, `step-up.due` when it is too long ago.
pub(crate) fn stepped_up(has_factor: bool, proven_at: Option<i64>, now: i64) -> Result<(), OfficeRefusal> {
    match proven_at {
        _ if !has_factor => Err(OfficeRefusal::StepUpNone),
        Some(at) if (0..limits::STEP_UP_MS).contains(&(now - at)) => Ok(()),
        Some(_) | None => Err(OfficeRefusal::StepUpDue),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYS: &[StaffAct] = &[StaffAct::Create, StaffAct::Stop];

    /// The table of DOMAIN 4.1: who does what, in one place and by hand.
    fn part(role: Role) -> Vec<StaffAct> {
        let theirs = |act: &&StaffAct| match role {
            Role::SysAdmin => SYS.contains(act) || **act == StaffAct::Look,
            Role::SecAdmin => !SYS.contains(act),
            Role::AuditAdmin => **act == StaffAct::Look,
            _ => false,
        };
        StaffAct::ALL.iter().filter(theirs).copied().collect()
    }

    #[test]
    fn each_administrator_does_their_part_and_no_other_role_does_any() {
        for role in Role::ALL {
            let theirs = part(*role);
            for act in StaffAct::ALL {
                let expected = if theirs.contains(act) { Ok(()) } else { Err(OfficeRefusal::StaffNotYours) };
                assert_eq!(may(*role, *act, false, None), expected, "{role} {}", act.code());
            }
        }
    }

    #[test]
    fn nobody_acts_on_themselves() {
        for role in [Role::SysAdmin, Role::SecAdmin, Role::AuditAdmin] {
            for act in part(role) {
                let expected = if act == StaffAct::Look { Ok(()) } else { Err(OfficeRefusal::StaffSelf) };
                assert_eq!(may(role, act, true, Some(AccountState::Active)), expected, "{}", act.code());
            }
        }
    }

    #[test]
    fn an_act_fits_some_states_only() {
        let table: [(StaffAct, [bool; 4]); 13] = [
            (StaffAct::Stop, [true, true, true, false]),
            (StaffAct::Authorise, [true, true, true, false]),
            (StaffAct::Activate, [true, false, false, false]),
            (StaffAct::Lock, [false, true, false, false]),
            (StaffAct::Unlock, [false, false, true, false]),
            (StaffAct::DemandPassword, [false, true, true, false]),
            (StaffAct::ResetPassword, [false, true, true, false]),
            (StaffAct::BindKey, [true, true, true, false]),
            (StaffAct::UnbindKey, [true, true, true, false]),
            (StaffAct::AllowCode, [true, true, true, false]),
            (StaffAct::UnbindCode, [true, true, true, false]),
            (StaffAct::Review, [false, true, true, false]),
            (StaffAct::Look, [true, true, true, true]),
        ];
        for (act, row) in table {
            let doer = act.part_of().unwrap_or(Role::AuditAdmin);
            for (state, fits) in AccountState::ALL.iter().zip(row) {
                let expected = if fits { Ok(()) } else { Err(OfficeRefusal::StaffState) };
                assert_eq!(may(doer, act, false, Some(*state)), expected, "{} {}", act.code(), state.code());
            }
        }
    }

    #[test]
    fn a_session_goes_on_when_its_factor_was_shown_and_its_password_is_fresh() {
        let (day, factor, password) =
            (limits::DAY_MS, OfficeRefusal::SessionFactorDue, OfficeRefusal::SessionPasswordDue);
        for (has_factor, is_proven, is_due, age, expected) in [
            (false, false, false, 0, Ok(())),
            (true, true, false, 90 * day, Ok(())),
            (true, false, false, 0, Err(factor)),
            (true, false, true, 0, Err(factor)),
            (true, true, true, 0, Err(password)),
            (false, false, false, 90 * day + 1, Err(password)),
        ] {
            assert_eq!(standing(has_factor, is_proven, is_due, age), expected, "{has_factor} {is_proven}");
        }
    }

    #[test]
    fn a_factor_is_fresh_for_five_minutes() {
        let (due, none) = (OfficeRefusal::StepUpDue, OfficeRefusal::StepUpNone);
        for (has_factor, proven_at, expected) in [
            (true, Some(0), Ok(())),
            (true, Some(299_999), Ok(())),
            (true, Some(300_000), Err(due)),
            (true, Some(-1), Err(due)),
            (true, None, Err(due)),
            (false, None, Err(none)),
            // Taken away meanwhile.
            (false, Some(1_000), Err(none)),
        ] {
            let proven_at = proven_at.map(|ago: i64| 1_000_000 - ago);
            assert_eq!(stepped_up(has_factor, proven_at, 1_000_000), expected, "{has_factor} {proven_at:?}");
        }
    }
}
