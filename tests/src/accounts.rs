//! Staff accounts of the demonstration: one for each role, with passwords that
//! grow from the seed.

use crate::centres::Centre;
use crate::seed::Seed;

/// An account with which one signs in to one department's portal.
#[derive(Clone, Debug)]
pub struct Account {
    /// What is typed into the sign-in form.
    pub account: &'static str,
    /// The person's name, shown to colleagues only.
    pub name: String,
    /// Role codes, as `zhenglian staff add --role` takes them.
    pub roles: &'static [&'static str],
    /// What the role does, for the printed list.
    pub task: &'static str,
    /// The password.
    pub password: String,
}

/// The accounts of a centre: those who ask, request and approve; at the
/// inspectorate those who inspect.
#[must_use]
pub fn accounts(seed: Seed, centre: &Centre) -> Vec<Account> {
    let roles: &[(&str, &[&str], &str)] = if centre.inspectorate {
        &[("inspector", &["INSPECTOR"], "inspects records and verifies evidence")]
    } else {
        &[
            ("operator", &["REQ_OPERATOR"], "finds entries and requests access"),
            ("approver", &["PROV_APPROVER"], "decides on requests of others"),
            ("clerk", &["BIZ_USER"], "asks under a grant"),
        ]
    };
    let mut stream = seed.stream(&format!("staff of {}", centre.short));
    roles
        .iter()
        .map(|(account, roles, task)| Account {
            account,
            name: staff_name(&mut stream),
            roles,
            task,
            password: stream.password(),
        })
        .collect()
}

/// The account of a centre that has this name.
///
/// # Panics
/// When the centre has no such account: a mistake in the caller's text.
#[must_use]
pub fn account(seed: Seed, centre: &Centre, name: &str) -> Account {
    let found = accounts(seed, centre).into_iter().find(|account| account.account == name);
    assert!(found.is_some(), "{} has no account {name:?}", centre.short);
    found.unwrap_or_else(|| unreachable!())
}

fn staff_name(stream: &mut crate::seed::Stream) -> String {
    const SURNAMES: [&str; 16] =
        ["林", "唐", "苏", "叶", "程", "傅", "顾", "夏", "方", "石", "贺", "龙", "万", "段", "雷", "侯"];
    const GIVEN: [&str; 20] = [
        "敏", "静", "伟", "强", "磊", "洋", "艳", "勇", "杰", "娟", "涛", "超", "霞", "平", "刚", "桂英",
        "建华", "志远", "文博", "若溪",
    ];
    format!("{}{}", stream.pick(&SURNAMES), stream.pick(&GIVEN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::centres::CENTRES;

    #[test]
    fn passwords_differ_between_accounts_and_between_seeds() {
        let mut passwords = std::collections::BTreeSet::new();
        let mut count = 0;
        for seed in [Seed(1), Seed(2)] {
            for centre in &CENTRES {
                for account in accounts(seed, centre) {
                    passwords.insert(account.password);
                    count += 1;
                }
            }
        }
        assert_eq!(passwords.len(), count);
    }
}
