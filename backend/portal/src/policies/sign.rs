//! Forms that move a version on: sign it as a draft, countersign it, withdraw it; and drop a working copy.
//! Signing asks for the second factor (`step-up.due`): the form waits meanwhile, see [`crate::unsent`].

use actix_web::{HttpResponse, web};
use services::ServiceError;
use services::policies::{self, DraftInput, LayerView, PolicyView, VersionInput, Which};

use crate::error::PortalError;
use crate::form::Fields;
use crate::page;
use crate::visit::{Sent, Visit};

use super::PATH;
use super::head::Tab;
use super::version;

/// The forms of a version's page: the last part of where each is sent to.
const FORMS: [&str; 5] = ["draft", "countersign", "withdraw", "discard", "keep"];

/// What was typed into one of them.
#[derive(Default)]
pub(crate) struct Typed {
    /// Which; empty: none.
    pub(crate) form: &'static str,
    pub(crate) fields: Fields,
}

impl Typed {
    pub(super) fn of(sent_to: &str, fields: Fields) -> Option<Self> {
        let form = FORMS.into_iter().find(|form| *form == sent_to)?;
        Some(Self { form, fields })
    }

    pub(super) fn is_none(&self) -> bool {
        self.form.is_empty()
    }

    /// The version the form was about.
    pub(super) fn about(&self, layer: &LayerView) -> Option<Which> {
        match self.form {
            "draft" | "discard" | "keep" => layer.copy.as_ref().map(|_| Which::Copy),
            "countersign" => layer.draft.as_ref().map(|_| Which::Draft),
            "withdraw" if layer.draft.is_some() => Some(Which::Draft),
            "withdraw" => layer.pending.as_ref().map(|_| Which::Pending),
            _ => None,
        }
    }

    /// The reason typed.
    pub(crate) fn reason(&self) -> &str {
        self.fields.one("reason")
    }
}

/// A form that the officer may send.
pub(crate) struct SignForm {
    /// Which: the last part of where it is sent to, and of its keys.
    pub(crate) code: &'static str,
    /// What it says: `sign-{note}-note`.
    pub(crate) note: &'static str,
    /// Its hidden fields.
    pub(crate) hidden: Vec<(&'static str, String)>,
    /// Whether a reason is asked for.
    pub(crate) wants_reason: bool,
    /// Whether it is signed and goes on the chain.
    pub(crate) is_signed: bool,
    /// Whether it takes something away.
    pub(crate) is_grave: bool,
}

impl SignForm {
    /// Those that the version shown and the officer's part leave open.
    pub(super) fn all(view: &PolicyView) -> Vec<Self> {
        let may = &view.layer.may;
        let mut forms = Vec::new();
        match (view.which, &view.layer.copy) {
            (Which::Copy, Some(copy)) => {
                let stamp = || ("stamp", copy.stamp.clone());
                if may.draft.is_open() && view.errors == 0 && copy.changes > 0 && !copy.outdated {
                    let hidden = vec![("form_id", view.forms.draft.clone()), stamp()];
                    forms.push(Self { hidden, wants_reason: true, ..Self::signed("draft", "draft") });
                }
                if may.edit.is_open() {
                    if copy.outdated {
                        let hidden = vec![stamp()];
                        forms.push(Self { hidden, is_signed: false, ..Self::signed("keep", "keep") });
                    }
                    let hidden = vec![stamp()];
                    let discard = Self::signed("discard", "discard");
                    forms.push(Self { hidden, is_signed: false, is_grave: true, ..discard });
                }
            }
            (Which::Draft, _) => {
                if may.countersign.is_open() {
                    let hidden = of_version(&view.forms.countersign, &view.version.version);
                    forms.push(Self { hidden, ..Self::signed("countersign", "countersign") });
                }
                if may.withdraw.is_open() {
                    let hidden = of_version(&view.forms.withdraw, &view.version.version);
                    let withdraw = Self::signed("withdraw", "withdraw-draft");
                    forms.push(Self { hidden, is_grave: true, ..withdraw });
                }
            }
            (Which::Pending, _) if may.withdraw.is_open() => {
                let hidden = of_version(&view.forms.withdraw, &view.version.version);
                let withdraw = Self::signed("withdraw", "withdraw-pending");
                forms.push(Self { hidden, is_grave: true, ..withdraw });
            }
            _ => {}
        }
        forms
    }

    const fn signed(code: &'static str, note: &'static str) -> Self {
        Self { code, note, hidden: Vec::new(), wants_reason: false, is_signed: true, is_grave: false }
    }
}

fn of_version(form_id: &str, version: &str) -> Vec<(&'static str, String)> {
    vec![("form_id", form_id.to_owned()), ("version", version.to_owned())]
}

/// `POST /policies/{owner}/draft`
pub(crate) async fn draft(
    visit: Visit,
    owner: web::Path<String>,
    sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let field = |name: &str| sent.0.text(name);
    let input = DraftInput { form_id: field("form_id"), stamp: field("stamp"), reason: field("reason") };
    let done = policies::draft(visit.office(), &visit.officer, &owner, input).await;
    done_with(&visit, &owner, "draft", sent, done).await
}

/// `POST /policies/{owner}/countersign`
pub(crate) async fn countersign(
    visit: Visit,
    owner: web::Path<String>,
    sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let done = policies::countersign(visit.office(), &visit.officer, &owner, version_of(&sent.0)).await;
    done_with(&visit, &owner, "countersign", sent, done).await
}

/// `POST /policies/{owner}/withdraw`
pub(crate) async fn withdraw(
    visit: Visit,
    owner: web::Path<String>,
    sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let done = policies::withdraw(visit.office(), &visit.officer, &owner, version_of(&sent.0)).await;
    done_with(&visit, &owner, "withdraw", sent, done).await
}

/// `POST /policies/{owner}/discard`
pub(crate) async fn discard(
    visit: Visit,
    owner: web::Path<String>,
    sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let stamp = sent.0.text("stamp");
    let done = policies::discard(visit.office(), &visit.officer, &owner, &stamp).await;
    done_with(&visit, &owner, "discard", sent, done).await
}

/// `POST /policies/{owner}/begin`: a working copy of what is in force.
pub(crate) async fn begin(
    visit: Visit,
    owner: web::Path<String>,
    _: Sent,
) -> Result<HttpResponse, PortalError> {
    let begun = policies::begin(visit.office(), &visit.officer, &owner).await;
    done_with(&visit, &owner, "begin", Sent(Fields::default()), begun).await
}

/// `POST /policies/{owner}/keep`: an outdated working copy stands upon what is in force now.
pub(crate) async fn keep(
    visit: Visit,
    owner: web::Path<String>,
    sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let stamp = sent.0.text("stamp");
    let done = policies::keep(visit.office(), &visit.officer, &owner, &stamp).await;
    done_with(&visit, &owner, "keep", sent, done).await
}

fn version_of(fields: &Fields) -> VersionInput {
    VersionInput { form_id: fields.text("form_id"), version: fields.text("version") }
}

/// After one of the forms: the layer as it stands now, or the form again.
async fn done_with<T>(
    visit: &Visit,
    owner: &str,
    form: &'static str,
    sent: Sent,
    done: Result<T, ServiceError>,
) -> Result<HttpResponse, PortalError> {
    let typed = Typed { form, fields: sent.0 };
    let again = async |mistakes| version::drawn(visit, owner, Tab::Rules, typed, mistakes).await;
    page::answer(visit, done, |_| format!("{PATH}/{owner}"), again).await
}

#[cfg(test)]
mod tests {
    use services::policies::Which;

    use super::*;
    use crate::drawn::policy_views;

    fn open(which: Which) -> Vec<&'static str> {
        SignForm::all(&policy_views::policy(which)).into_iter().map(|form| form.code).collect()
    }

    #[test]
    fn a_version_offers_what_moves_it_on_and_nothing_else() {
        assert_eq!(open(Which::Copy), ["draft", "discard"]);
        assert_eq!(open(Which::Draft), ["countersign", "withdraw"]);
        assert_eq!(open(Which::Pending), ["withdraw"]);
        assert_eq!(open(Which::InForce), [""; 0]);
    }

    #[test]
    fn what_cannot_be_judged_or_is_outdated_cannot_be_signed() {
        let mut wrong = policy_views::policy(Which::Copy);
        wrong.errors = 1;
        assert!(SignForm::all(&wrong).iter().all(|form| form.code != "draft"));
        let mut old = policy_views::policy(Which::Copy);
        old.layer.copy.as_mut().unwrap().outdated = true;
        let open: Vec<&str> = SignForm::all(&old).iter().map(|form| form.code).collect();
        assert_eq!(open, ["keep", "discard"]);
    }

    #[test]
    fn a_form_that_waited_is_shown_with_the_version_it_was_about() {
        let layer = policy_views::policy(Which::Copy).layer;
        let about = |form: &str| Typed::of(form, Fields::default()).unwrap().about(&layer);
        assert_eq!(about("draft"), Some(Which::Copy));
        assert_eq!(about("countersign"), Some(Which::Draft));
        assert_eq!(about("withdraw"), Some(Which::Draft));
        assert!(Typed::of("row", Fields::default()).is_none());
    }
}
