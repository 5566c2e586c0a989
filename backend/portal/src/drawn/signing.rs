//! The pages of officers' own signatures: the roster, the form that offers to sign, the text to be signed.

use std::collections::BTreeMap;

use askama::Template;
use services::codes::Role;
use services::queries::{QueryForm, Signing};

use super::{frame, papers, people, shell};
use crate::language::Language;
use crate::mistakes::Mistakes;
use crate::{queries, roster};

pub(super) fn add(language: Language, drawn: &mut BTreeMap<&'static str, String>) {
    let form_page = |form: QueryForm, hindrance| queries::FormPage {
        f: frame(language, "/grants/11/query"),
        shell: shell(language, Role::BizUser, "/grants/11/query"),
        input: queries::blank(&form),
        hindrance,
        mistakes: Mistakes::default(),
        form,
    };
    let only = QueryForm { only_signed: true, ..papers::query_form() };
    drawn.insert("query-only-signed", form_page(only.clone(), None).render().unwrap());
    let denied = Some(frame(language, "/").refusal("policy.denied"));
    let without = QueryForm { signing: Signing::NoKey, ..only };
    drawn.insert("query-no-key", form_page(without, denied).render().unwrap());
    let to_sign = papers::to_sign();
    let page = queries::SignPage {
        f: frame(language, "/grants/11/query"),
        shell: shell(language, Role::BizUser, "/grants/11/query"),
        input: papers::query_input(&to_sign.form),
        mistakes: Mistakes { fields: vec![("answer", "wrong")], sentence: None },
        to_sign,
    };
    drawn.insert("query-sign", page.render().unwrap());
    for (name, published) in [("roster", true), ("roster-unpublished", false)] {
        let page = roster::RosterPage {
            f: frame(language, "/staff/roster"),
            shell: shell(language, Role::SecAdmin, "/staff/roster"),
            view: people::roster(published),
            mistakes: Mistakes::default(),
        };
        drawn.insert(name, page.render().unwrap());
    }
}
