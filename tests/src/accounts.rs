//! Staff accounts of the demonstration: one for each role, with passwords that
//! grow from the seed.

use std::path::{Path, PathBuf};

use crate::centres::Centre;
use crate::program;
use crate::seed::Seed;
use crate::trouble::{Outcome, While};

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
    /// The officer's own key, made by `zhenglian officer-key`: who acts in their own name has one.
    pub key: Option<PathBuf>,
}

impl Account {
    /// The answer of the account's own key to a challenge: this plays the bridge to a USB key.
    ///
    /// # Errors
    /// When there is no key, or the text is no challenge.
    pub async fn answer(&self, challenge: &str) -> Outcome<String> {
        let key = self.key.as_ref().during("an own key")?.display().to_string();
        let answer = program::succeed(&["officer-key", "answer", "--key", &key, challenge.trim()]).await?;
        Ok(answer.trim().to_owned())
    }
}

/// The accounts of a centre: those who ask, request and approve; at the inspectorate those who inspect;
/// everywhere the three who manage accounts. Keys lie in `folder`.
#[must_use]
pub fn accounts(seed: Seed, centre: &Centre, folder: &Path) -> Vec<Account> {
    const WORK: [(&str, &[&str], &str); 4] = [
        ("operator", &["REQ_OPERATOR"], "finds entries and requests access"),
        ("approver", &["PROV_APPROVER"], "decides on requests of others"),
        ("clerk", &["BIZ_USER"], "asks under a grant"),
        ("lead", &["DEPT_LEAD"], "countersigns requests and approvals"),
    ];
    const WATCH: [(&str, &[&str], &str); 2] = [
        ("inspector", &["INSPECTOR"], "opens inspections, looks at records, verifies evidence"),
        ("chief", &["INSPECTOR"], "countersigns inspections"),
    ];
    const MANAGE: [(&str, &[&str], &str); 4] = [
        ("sysadmin", &["SYS_ADMIN"], "makes and stops accounts"),
        ("secadmin", &["SEC_ADMIN"], "gives rights, opens and locks accounts, writes rules"),
        ("secadmin2", &["SEC_ADMIN"], "countersigns rules that the other wrote"),
        ("auditor", &["AUDIT_ADMIN"], "watches the other two"),
    ];
    let roles = if centre.inspectorate { WATCH.as_slice() } else { WORK.as_slice() };
    // Last, so that the names and passwords of the others stay.
    const SIGNS: [(&str, &[&str], &str); 1] =
        [("caseworker", &["BIZ_USER"], "asks under a grant and signs with an own key")];
    let signs = if centre.inspectorate { &SIGNS[..0] } else { SIGNS.as_slice() };
    let mut stream = seed.stream(&format!("staff of {}", centre.short));
    roles
        .iter()
        .chain(&MANAGE)
        .chain(signs)
        .map(|(account, roles, task)| Account {
            account,
            name: staff_name(&mut stream),
            roles,
            task,
            password: stream.password(),
            key: (!["operator", "clerk"].contains(account)).then(|| folder.join(format!("{account}.key"))),
        })
        .collect()
}

/// The account of a centre that has this name.
///
/// # Panics
/// When the centre has no such account: a mistake in the caller's text.
#[must_use]
pub fn account(seed: Seed, centre: &Centre, folder: &Path, name: &str) -> Account {
    let found = accounts(seed, centre, folder).into_iter().find(|account| account.account == name);
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
                for account in accounts(seed, centre, Path::new("")) {
                    passwords.insert(account.password);
                    count += 1;
                }
            }
        }
        assert_eq!(passwords.len(), count);
    }
}
