//! The people of the department: the list, one person, a new account, a list of new ones. What may be done
//! is decided below; a page offers what its view says.

use actix_web::{HttpResponse, web};
use askama::Template;
use services::staff::{
    self, AuthoriseInput, CreateInput, Imported, LineMistake, StaffAct, StaffFilter, StaffList, StaffView,
    Which,
};
use zeroize::Zeroizing;

use crate::address;
use crate::error::PortalError;
use crate::form::Fields;
use crate::frame::Frame;
use crate::mistakes::Mistakes;
use crate::page;
use crate::pager::Pager;
use crate::shell::Shell;
use crate::visit::{Sent, Visit};

const PATH: &str = "/staff";

/// The forms of a person's page: the last part of where each is sent to.
const FORMS: [&str; 3] = ["rights", "key", "act"];

/// Acts that need a reason only, in the order the page offers them.
const SIMPLE: [StaffAct; 9] = [
    StaffAct::Unlock,
    StaffAct::Review,
    StaffAct::DemandPassword,
    StaffAct::ResetPassword,
    StaffAct::AllowCode,
    StaffAct::UnbindCode,
    StaffAct::UnbindKey,
    StaffAct::Lock,
    StaffAct::Stop,
];

#[derive(Template)]
#[template(path = "staff/index.html")]
pub(crate) struct ListPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) list: StaffList,
    pub(crate) text: String,
    pub(crate) pager: Pager,
}

#[derive(Template)]
#[template(path = "staff/show.html")]
pub(crate) struct PersonPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) view: StaffView,
    pub(crate) typed: Typed,
    pub(crate) mistakes: Mistakes,
}

/// What was typed into one of a person's forms.
#[derive(Default)]
pub(crate) struct Typed {
    /// Which form: `rights`, `key`, `act`; empty: none yet.
    pub(crate) form: &'static str,
    pub(crate) fields: Fields,
}

#[derive(Template)]
#[template(path = "staff/form.html")]
pub(crate) struct FormPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) input: CreateInput,
    pub(crate) mistakes: Mistakes,
}

#[derive(Template)]
#[template(path = "staff/import.html")]
pub(crate) struct ImportPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) text: String,
    pub(crate) wrong: Vec<LineMistake>,
}

#[derive(Template)]
#[template(path = "staff/secret.html")]
pub(crate) struct SecretPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) view: StaffView,
    pub(crate) secret: Zeroizing<String>,
}

/// `GET /staff?which=`
pub(crate) async fn list(visit: Visit) -> Result<HttpResponse, PortalError> {
    let query = visit.guest.query();
    let page = people(&visit, &query, String::new()).await?;
    page::ok(&page)
}

/// `POST /staff/find`: a name typed here stands in no address, nor do further pages of what it finds: more words
/// find fewer people.
pub(crate) async fn find(visit: Visit, sent: Sent) -> Result<HttpResponse, PortalError> {
    let page = people(&visit, &sent.0, sent.0.text("q")).await?;
    let pager = Pager { previous: None, next: None, ..page.pager };
    page::ok(&ListPage { pager, ..page })
}

async fn people(visit: &Visit, query: &Fields, text: String) -> Result<ListPage, PortalError> {
    let filter = StaffFilter { which: query.text("which"), text: text.clone(), page: query.page() };
    let list = staff::list(visit.office(), &visit.officer, filter).await?;
    let pager = Pager::of(&list.rows, query, PATH);
    Ok(ListPage { f: Frame::of(visit), shell: Shell::of(visit).await?, list, text, pager })
}

/// `GET /staff/new`
pub(crate) async fn form(visit: Visit) -> Result<HttpResponse, PortalError> {
    may_create(&visit).await?;
    page::ok(&form_page(&visit, CreateInput::default(), Mistakes::default()).await?)
}

/// Whoever may not make accounts is told so before the form, not after it.
async fn may_create(visit: &Visit) -> Result<(), PortalError> {
    let list = staff::list(visit.office(), &visit.officer, StaffFilter::default()).await?;
    if list.may_create {
        Ok(())
    } else {
        Err(PortalError::Refused(services::OfficeRefusal::StaffNotYours.into()))
    }
}

async fn form_page(visit: &Visit, input: CreateInput, mistakes: Mistakes) -> Result<FormPage, PortalError> {
    Ok(FormPage { f: Frame::of(visit), shell: Shell::of(visit).await?, input, mistakes })
}

/// `POST /staff`
pub(crate) async fn create(visit: Visit, sent: Sent) -> Result<HttpResponse, PortalError> {
    let field = |name: &str| sent.0.text(name);
    let input = CreateInput {
        account: field("account"),
        name: field("name"),
        number: field("number"),
        unit: field("unit"),
    };
    let made = staff::create(visit.office(), &visit.officer, input.clone()).await;
    let again = async |mistakes| form_page(&visit, input, mistakes).await;
    page::answer(&visit, made, |id| format!("{PATH}/{id}"), again).await
}

/// `GET /staff/import`
pub(crate) async fn import_form(visit: Visit) -> Result<HttpResponse, PortalError> {
    may_create(&visit).await?;
    page::ok(&import_page(&visit, String::new(), Vec::new()).await?)
}

/// `POST /staff/import`
pub(crate) async fn import(visit: Visit, sent: Sent) -> Result<HttpResponse, PortalError> {
    let text = sent.0.text("lines");
    match staff::import(visit.office(), &visit.officer, &text).await? {
        Imported::Made(_) => Ok(page::to(&format!("{PATH}?{}", address::pair("which", Which::ToDo.code())))),
        Imported::Wrong(wrong) => page::again(&import_page(&visit, text, wrong).await?),
    }
}

async fn import_page(
    visit: &Visit,
    text: String,
    wrong: Vec<LineMistake>,
) -> Result<ImportPage, PortalError> {
    Ok(ImportPage { f: Frame::of(visit), shell: Shell::of(visit).await?, text, wrong })
}

/// `GET /staff/{id}`
pub(crate) async fn show(visit: Visit, id: web::Path<i64>) -> Result<HttpResponse, PortalError> {
    let unsent = visit.unsent(&format!("{PATH}/{id}"));
    let typed = unsent.and_then(|(sent_to, fields)| {
        let form = FORMS.into_iter().find(|form| *form == sent_to)?;
        Some(Typed { form, fields })
    });
    let is_unsent = typed.is_some();
    let mut drawn = person_page(&visit, *id, typed.unwrap_or_default(), Mistakes::default()).await?;
    drawn.f.unsent = is_unsent;
    page::ok(&drawn)
}

async fn person_page(
    visit: &Visit,
    id: i64,
    typed: Typed,
    mistakes: Mistakes,
) -> Result<PersonPage, PortalError> {
    let view = staff::show(visit.office(), &visit.officer, id).await?;
    Ok(PersonPage { f: Frame::of(visit), shell: Shell::of(visit).await?, view, typed, mistakes })
}

/// `POST /staff/{id}/rights`
pub(crate) async fn authorise(
    visit: Visit,
    id: web::Path<i64>,
    sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let input = AuthoriseInput {
        roles: sent.0.all("role"),
        clearance: sent.0.text("clearance"),
        valid_until: sent.0.text("valid_until"),
        reason: sent.0.text("reason"),
    };
    let done = staff::authorise(visit.office(), &visit.officer, *id, input).await;
    done_with(&visit, *id, "rights", sent, done).await
}

/// `POST /staff/{id}/key`
pub(crate) async fn bind_key(
    visit: Visit,
    id: web::Path<i64>,
    sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let (key, reason) = (sent.0.one("key"), sent.0.one("reason"));
    let done = staff::bind_key(visit.office(), &visit.officer, *id, key, reason).await;
    done_with(&visit, *id, "key", sent, done).await
}

/// `POST /staff/{id}/act`: opening and acts that need a reason only. A one-time secret is shown on the
/// answer itself, since no address may lead to it again.
pub(crate) async fn act(visit: Visit, id: web::Path<i64>, sent: Sent) -> Result<HttpResponse, PortalError> {
    let (office, officer, reason) = (visit.office(), &visit.officer, sent.0.one("reason"));
    let act = StaffAct::from_code(sent.0.one("act")).ok_or(PortalError::NotFound)?;
    let secret = match act {
        StaffAct::Activate => staff::activate(office, officer, *id).await,
        StaffAct::ResetPassword => staff::reset_password(office, officer, *id, reason).await,
        simple => {
            let done = staff::do_simply(office, officer, *id, simple, reason).await;
            return done_with(&visit, *id, "act", sent, done).await;
        }
    };
    match secret {
        Ok(secret) => {
            let view = staff::show(office, officer, *id).await?;
            page::ok(&SecretPage { f: Frame::of(&visit), shell: Shell::of(&visit).await?, view, secret })
        }
        Err(error) => done_with(&visit, *id, "act", sent, Err(error)).await,
    }
}

async fn done_with(
    visit: &Visit,
    id: i64,
    form: &'static str,
    sent: Sent,
    done: Result<(), services::ServiceError>,
) -> Result<HttpResponse, PortalError> {
    let again = async |mistakes| person_page(visit, id, Typed { form, fields: sent.0 }, mistakes).await;
    page::answer(visit, done, |()| format!("{PATH}/{id}"), again).await
}

impl ListPage {
    /// Who holds an administrator's role.
    fn names(&self, one: &staff::Administrator) -> String {
        one.names.join(&self.f.t("list-comma").to_string())
    }

    /// The address of this list with another choice.
    fn which_at(&self, which: &Which) -> String {
        format!("{PATH}?{}", address::pair("which", which.code()))
    }
}

impl PersonPage {
    /// Acts that need a reason only and that the officer may do now.
    fn simple(&self) -> Vec<StaffAct> {
        SIMPLE.into_iter().filter(|act| self.view.offers(*act)).collect()
    }

    /// What a form's field holds: what was typed into it, else what is so now.
    fn value<'a>(&'a self, form: &str, field: &str, now: &'a str) -> &'a str {
        if self.typed.form == form { self.typed.fields.one(field) } else { now }
    }

    /// Whether a box of the form of rights is ticked.
    fn holds(&self, offer: &services::staff::RoleOffer) -> bool {
        if self.typed.form == "rights" {
            self.typed.fields.has("role", offer.role.code())
        } else {
            offer.held
        }
    }

    /// Whether an act of the small form is chosen.
    fn chosen(&self, act: &StaffAct) -> bool {
        self.value("act", "act", "") == act.code()
    }

    /// Whether a grade is chosen.
    fn clears(&self, grade: &u8) -> bool {
        let now = self.view.row.clearance.map(|grade| grade.to_string()).unwrap_or_default();
        self.value("rights", "clearance", &now) == grade.to_string()
    }

    /// The mistake of a field that several forms have: told at the one that was sent.
    fn mistake(&self, form: &str, field: &str) -> Option<&'static str> {
        if self.typed.form == form { self.mistakes.of(field) } else { None }
    }

    /// The id of a field that several forms have: the list of mistakes leads to the one that was sent.
    fn id_of(&self, form: &str, field: &str) -> String {
        if self.typed.form == form { field.to_owned() } else { format!("{form}-{field}") }
    }

    /// Roles as words.
    fn role_names(&self, roles: &[services::Role]) -> String {
        let names: Vec<String> = roles.iter().map(|role| self.f.c("role", role.code()).to_string()).collect();
        names.join(&self.f.t("list-comma").to_string())
    }

    /// What a change made of it: role codes as words, the rest as it stands.
    fn detail(&self, detail: &str) -> String {
        let (codes, rest) = detail.split_once(" / ").map_or((detail, ""), |(codes, rest)| (codes, rest));
        let roles: Option<Vec<services::Role>> = codes.split(',').map(services::Role::from_code).collect();
        match roles {
            Some(roles) if rest.is_empty() => self.role_names(&roles),
            Some(roles) => format!("{} / {rest}", self.role_names(&roles)),
            None => detail.to_owned(),
        }
    }
}

/// Days until a review, in words, and how pressing they are.
pub(crate) fn review(f: &Frame, row: &staff::StaffRow) -> (String, &'static str) {
    match row.review_due {
        None => (f.t("dash").to_string(), ""),
        Some(_) if row.review_days < 0 => {
            (f.t("review-over").put("count", row.review_days.unsigned_abs()).to_string(), "badtext strong")
        }
        Some(_) if row.review_days <= 7 => {
            (f.t("review-left").put("count", row.review_days.unsigned_abs()).to_string(), "warntext strong")
        }
        Some(at) => (f.day_text(&at), ""),
    }
}
