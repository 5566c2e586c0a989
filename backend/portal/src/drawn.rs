//! Every page drawn in both languages from invented views: no text is missing, nothing Han stands in
//! an English page that the views did not bring, no page exceeds its budget.
//!
//! With `PORTAL_DRAWN_TO` set to a folder the pages and their assets are written there, to be looked
//! at in a browser.

mod around;
mod countersigning;
mod inspecting;
mod ledger;
mod papers;
mod people;
mod policy_pages;
pub(crate) mod policy_views;
mod replay;
mod sharing;
mod signing;
mod things;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use askama::Template;
use services::Words;

use around::{pager, shell};

use crate::assets::Assets;
use crate::form::Fields;
use crate::frame::Frame;
use crate::histogram::Chart;
use crate::language::Language;
use crate::mistakes::Mistakes;
use crate::proof_path::Drawing;
use crate::server::draw;
use crate::theme::Theme;
use crate::{
    account, audit, catalogue, chain, departments, error, factor, find, grants, log, password, queries,
    receipts, requests, sentence, sign_in, staff as staff_pages, worklist,
};
use services::codes::{FieldCode, Role, Stage};
use services::staff::{AccountState, CodeSecret, CreateInput, LineMistake, Proving};
use zeroize::Zeroizing;

/// Bytes of the largest page (DESIGN, budget per page).
const PAGE_BYTES_MAX: usize = 60 * 1024;

pub(crate) fn frame(language: Language, here: &str) -> Frame {
    Frame {
        assets: Arc::new(Assets::load().unwrap()),
        demo: true,
        department: Words::new(
            "\u{5e7f}\u{5dde}\u{5e02}\u{516c}\u{79ef}\u{91d1}\u{4e2d}\u{5fc3}",
            "Guangzhou Housing Fund Centre",
        ),
        base: "http://gz.localhost:8101".into(),
        language,
        theme: Theme::Light,
        csrf: "token".into(),
        here: here.into(),
        unsent: here.starts_with("/grants/11/query"),
    }
}

/// All pages by name.
fn pages(language: Language) -> BTreeMap<&'static str, String> {
    let mut drawn = BTreeMap::new();
    let f = |here: &str| frame(language, here);
    let staff = |here: &str| shell(language, Role::ReqOperator, here);
    let approver = |here: &str| shell(language, Role::ProvApprover, here);
    let security = |here: &str| shell(language, Role::SecAdmin, here);
    let inspector = |here: &str| shell(language, Role::Inspector, here);
    let mut add = |name: &'static str, page: &dyn Fn() -> String| {
        drawn.insert(name, page());
    };
    add("sign-in", &|| {
        let page = sign_in::SignInPage {
            f: f("/sign-in"),
            mistakes: Mistakes { fields: Vec::new(), sentence: Some(f("/").refusal("sign-in.wrong")) },
            account: "zhangsan".into(),
            next: "/".into(),
            came_back: false,
            kept: true,
            oidc: true,
        };
        page.render().unwrap()
    });
    add("oidc-arrived", &|| people::by_provider(f("/sign-in"), None));
    add("oidc-failed", &|| people::by_provider(f("/sign-in"), Some("sign-in.oidc-account")));
    add("worklist", &|| {
        let home = sharing::home();
        let page = worklist::WorklistPage {
            f: f("/"),
            shell: approver("/"),
            figures: worklist::figures(Role::ProvApprover, &home.figures, home.now),
            chart: Chart::small(&home.provided),
            shares: true,
            inspects: false,
            home,
        };
        page.render().unwrap()
    });
    add("catalogue", &|| {
        let (f, query) = (f("/catalogue?share=2"), Fields::read(b"q=fund&share=2").unwrap());
        let hits = catalogue::Hits::of(&f, sharing::catalogue(), &query);
        catalogue::SearchPage { shell: staff("/catalogue"), hits, f }.render().unwrap()
    });
    add("entry", &|| {
        let page = catalogue::EntryPage {
            f: f("/catalogue/entry"),
            shell: staff("/catalogue/entry"),
            view: sharing::entry(),
            hindrance: None,
        };
        page.render().unwrap()
    });
    add("requests", &|| {
        let page = requests::ListPage {
            f: f("/requests"),
            shell: staff("/requests"),
            side: services::names::Side::Sent,
            status: None,
            rows: sharing::request_rows(),
            pager: pager(2, 7),
        };
        page.render().unwrap()
    });
    add("requests-none", &|| {
        let page = requests::ListPage {
            f: f("/requests?side=received"),
            shell: approver("/requests?side=received"),
            side: services::names::Side::Received,
            status: Some(services::requests::RequestState::Refused),
            rows: Vec::new(),
            pager: pager(1, 0),
        };
        page.render().unwrap()
    });
    add("request-form", &|| {
        let f = f("/requests/new");
        let check = requests::Checked { check: sharing::request_check(), hindrance: None };
        let mistakes =
            Mistakes { fields: vec![("purpose", "missing"), ("until", "too-far")], sentence: None };
        let form = sharing::request_form();
        requests::FormPage { shell: staff("/requests/new"), form, check: Some(check), mistakes, f }
            .render()
            .unwrap()
    });
    add("request-decide", &|| {
        let (f, view) = (f("/requests/8c"), sharing::request(true));
        let page = requests::RequestPage {
            shell: approver("/requests/8c"),
            decision: Some(requests::Decision::of(&f, &view, None)),
            hindrance: None,
            mistakes: Mistakes::default(),
            chosen: String::new(),
            view,
            f,
        };
        page.render().unwrap()
    });
    add("request-granted", &|| {
        let page = requests::RequestPage {
            f: f("/requests/8c"),
            shell: staff("/requests/8c"),
            view: sharing::request(false),
            decision: None,
            hindrance: None,
            mistakes: Mistakes::default(),
            chosen: String::new(),
        };
        page.render().unwrap()
    });
    add("grants", &|| {
        let page = grants::ListPage {
            f: f("/grants"),
            shell: staff("/grants"),
            side: services::names::Side::Sent,
            status: None,
            rows: sharing::home().grants,
            pager: pager(1, 2),
        };
        page.render().unwrap()
    });
    add("grant", &|| {
        let page = grants::GrantPage {
            f: f("/grants/11"),
            shell: staff("/grants/11"),
            view: sharing::grant(),
            hindrance: Some(f("/").refusal("grant.revoked")),
            mistakes: Mistakes::default(),
            reason: "03".into(),
        };
        page.render().unwrap()
    });
    add("query-form", &|| {
        let form = papers::query_form();
        let page = queries::FormPage {
            f: f("/grants/11/query"),
            shell: staff("/grants/11/query"),
            input: papers::query_input(&form),
            hindrance: None,
            mistakes: Mistakes { fields: vec![("id_number", "not-an-id-number")], sentence: None },
            form,
        };
        page.render().unwrap()
    });
    for (name, view) in [
        ("query-running", papers::query(Stage::Held, false)),
        ("query-result", papers::query(Stage::Closed, false)),
        ("query-denied", papers::query(Stage::Denied, false)),
        ("query-cleared", papers::query(Stage::Closed, true)),
    ] {
        add(name, &|| {
            let f = f("/queries/7f");
            let live = queries::Live::of(&f, &view, "\u{5f20}\u{4e09}", things::NOW);
            queries::QueryPage { shell: staff("/queries/7f"), live, view: view.clone(), f }.render().unwrap()
        });
    }
    add("queries", &|| {
        let page = queries::ListPage {
            f: f("/queries"),
            shell: staff("/queries"),
            rows: vec![
                papers::query(Stage::Closed, false).row,
                papers::query(Stage::Denied, false).row,
                papers::query(Stage::Held, false).row,
            ],
            pager: Some(pager(1, 3)),
            case_no: String::new(),
        };
        page.render().unwrap()
    });
    add("receipts", &|| {
        let page = receipts::ListPage {
            f: f("/receipts"),
            shell: staff("/receipts"),
            side: services::names::Side::Sent,
            rows: papers::record_rows(),
            pager: pager(1, 3),
        };
        page.render().unwrap()
    });
    for (name, view) in [("record", papers::record(true)), ("record-failed", papers::record(false))] {
        add(name, &|| {
            let drawing = Drawing::of(&view.proof, &view.certificate);
            let page = receipts::RecordPage {
                f: f("/receipts/7f"),
                shell: inspector("/receipts/7f"),
                view: view.clone(),
                drawing,
            };
            page.render().unwrap()
        });
    }
    add("log", &|| {
        let (f, query) =
            (f("/log"), Fields::read(b"outcome=denied&from=2026-11-14&until=2026-11-20").unwrap());
        let found = log::Found::of(&f, papers::log(), &query, things::NOW);
        log::LogPageHtml { shell: inspector("/log"), found, f }.render().unwrap()
    });
    add("audit", &|| {
        let (f, query) = (f("/audit"), Fields::read(b"result=refused&from=2026-11-14").unwrap());
        let found = audit::Found::of(&f, papers::audit(), &query);
        audit::AuditPageHtml { shell: shell(language, Role::AuditAdmin, "/audit"), found, f }
            .render()
            .unwrap()
    });
    add("chain", &|| {
        chain::OverviewPage { f: f("/chain"), shell: staff("/chain"), view: ledger::chain() }
            .render()
            .unwrap()
    });
    add("blocks", &|| {
        let view = ledger::blocks();
        chain::BlocksPage { f: f("/chain/blocks"), shell: staff("/chain/blocks"), view }.render().unwrap()
    });
    add("block", &|| {
        let view = ledger::block();
        chain::OneBlockPage { f: f("/chain/blocks/4"), shell: staff("/chain/blocks/4"), view }
            .render()
            .unwrap()
    });
    add("transaction", &|| {
        let view = ledger::transaction();
        chain::TransactionPage { f: f("/chain/tx/9"), shell: staff("/chain/tx/9"), view }.render().unwrap()
    });
    add("departments", &|| {
        let rows = ledger::department_rows();
        departments::DepartmentsPage { f: f("/departments"), shell: staff("/departments"), rows }
            .render()
            .unwrap()
    });
    add("find", &|| find::NothingPage { f: f("/find"), shell: staff("/find") }.render().unwrap());
    add("account", &|| {
        let page = account::AccountPage { f: f("/account"), shell: staff("/account"), own: people::own() };
        page.render().unwrap()
    });
    add("account-code", &|| {
        let text = |text: &str| Zeroizing::new(text.to_owned());
        let page = account::CodePage {
            f: f("/account/code"),
            shell: staff("/account/code"),
            secret: CodeSecret {
                text: text("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
                address: text("otpauth://totp/x:y?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
            },
            mistakes: Mistakes { fields: Vec::new(), sentence: Some(f("/").refusal("factor.wrong")) },
        };
        page.render().unwrap()
    });
    add("password", &|| {
        let page = password::PasswordPage {
            f: f("/account/password"),
            account: "zhangsan".into(),
            is_due: true,
            mistakes: Mistakes { fields: vec![("old", "wrong"), ("new", "used-before")], sentence: None },
            next: "/".into(),
        };
        page.render().unwrap()
    });
    for (name, again) in [("factor", false), ("factor-again", true)] {
        add(name, &|| {
            let page = factor::FactorPage {
                f: f("/sign-in/factor"),
                proving: Proving {
                    account: "zhangsan".into(),
                    challenge: Some(format!(
                        "zl1-sign-in.{}.{}",
                        things::hex("chain"),
                        things::hex("body").repeat(3)
                    )),
                    code: true,
                    again,
                },
                mistakes: Mistakes::default(),
                next: "/".into(),
            };
            page.render().unwrap()
        });
    }
    add("staff", &|| {
        let page = staff_pages::ListPage {
            f: f("/staff"),
            shell: security("/staff"),
            list: people::list(),
            text: String::new(),
            pager: pager(1, 4),
        };
        page.render().unwrap()
    });
    for (name, state) in [
        ("person-created", AccountState::Created),
        ("person-active", AccountState::Active),
        ("person-locked", AccountState::Locked),
        ("person-stopped", AccountState::Stopped),
    ] {
        add(name, &|| {
            let page = staff_pages::PersonPage {
                f: f("/staff/1"),
                shell: security("/staff/1"),
                view: people::person(state),
                typed: staff_pages::Typed::default(),
                mistakes: Mistakes::default(),
            };
            page.render().unwrap()
        });
    }
    add("person-mistaken", &|| {
        let page = staff_pages::PersonPage {
            f: f("/staff/1"),
            shell: security("/staff/1"),
            view: people::person(AccountState::Active),
            typed: staff_pages::Typed {
                form: "rights",
                fields: Fields::read(b"role=INSPECTOR&role=BIZ_USER&clearance=2").unwrap(),
            },
            mistakes: Mistakes { fields: vec![("roles", "together"), ("reason", "missing")], sentence: None },
        };
        page.render().unwrap()
    });
    add("staff-new", &|| {
        let page = staff_pages::FormPage {
            f: f("/staff/new"),
            shell: security("/staff/new"),
            input: CreateInput { account: "lin zx".into(), ..CreateInput::default() },
            mistakes: Mistakes {
                fields: vec![("account", "bad-characters"), ("name", "missing")],
                sentence: None,
            },
        };
        page.render().unwrap()
    });
    add("staff-import", &|| {
        let wrong = |line, field, code| LineMistake { line, field, code };
        let page = staff_pages::ImportPage {
            f: f("/staff/import"),
            shell: security("/staff/import"),
            text: "account,name\nlin zx,\n".into(),
            wrong: vec![wrong(2, "account", FieldCode::BadCharacters), wrong(2, "name", FieldCode::Missing)],
        };
        page.render().unwrap()
    });
    add("staff-secret", &|| {
        let page = staff_pages::SecretPage {
            f: f("/staff/1"),
            shell: security("/staff/1"),
            view: people::person(AccountState::Active),
            secret: Zeroizing::new("Kf7d-m2Qx-9pTz-hW4c".to_owned()),
        };
        page.render().unwrap()
    });
    add("error", &|| {
        let by =
            services::Denial { layer: services::codes::Layer::National, row: Some("nat-inspect".into()) };
        let said = sentence::by_policy(&f("/log"), services::codes::Action::Inspect, &by);
        let denied = error::PortalError::Denied { action: services::codes::Action::Inspect, by };
        let said = sentence::attempt(&f("/log"), &said);
        draw::page(f("/log"), staff("/log"), &denied, said, "/".into()).render().unwrap()
    });
    add("busy", &|| {
        let (f, busy) = (f("/receipts/7f"), error::PortalError::Busy);
        let said = f.t("error-busy-text").to_string();
        draw::page(f, staff("/receipts/7f"), &busy, said, "/".into()).render().unwrap()
    });
    inspecting::draw(language, &mut drawn);
    drawn.extend(countersigning::pages(language));
    drawn.extend(replay::pages(language));
    policy_pages::add(language, &mut drawn);
    signing::add(language, &mut drawn);
    drawn
}

/// Texts a reader gets: what stands between tags, and names in attributes.
fn read(html: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for (place, part) in html.split('<').enumerate() {
        let (tag, text) = if place == 0 { ("", part) } else { part.split_once('>').unwrap_or((part, "")) };
        texts.push(text.to_owned());
        for name in ["aria-label=\"", "title=\"", "placeholder=\"", "data-l=\""] {
            texts
                .extend(tag.split(name).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned));
        }
    }
    texts
}

fn looks_like_key(word: &str) -> bool {
    let parts: Vec<_> = word.split('-').collect();
    let is_part = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    parts.len() >= 2 && parts.iter().all(is_part)
}

#[test]
fn every_page_has_all_its_texts_in_both_languages() {
    for language in [Language::Chinese, Language::English] {
        for (name, html) in pages(language) {
            for text in read(&html) {
                for word in text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-') {
                    assert!(
                        !looks_like_key(word) || things::HYPHENATED.contains(&word),
                        "{name} in {language:?}: {word} in {text:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn pages_stay_within_their_budget() {
    for language in [Language::Chinese, Language::English] {
        for (name, html) in pages(language) {
            assert!(html.len() <= PAGE_BYTES_MAX, "{name} in {language:?}: {} bytes", html.len());
        }
    }
}

#[test]
fn every_page_has_one_heading_and_closed_tags() {
    for (name, html) in pages(Language::Chinese) {
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
        for tag in [
            "div", "section", "form", "table", "ul", "ol", "dl", "span", "a", "label", "svg", "details",
            "main",
        ] {
            let opened =
                html.matches(&format!("<{tag} ")).count() + html.matches(&format!("<{tag}>")).count();
            let closed = html.matches(&format!("</{tag}>")).count();
            assert_eq!(opened, closed, "{name}: <{tag}>");
        }
    }
}

#[test]
fn every_label_points_at_a_field_and_ids_are_unique() {
    for (name, html) in pages(Language::Chinese) {
        let ids: Vec<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        for (place, id) in ids.iter().enumerate() {
            assert!(!ids[place + 1..].contains(id), "{name}: id {id} twice");
        }
        for wanted in [" for=\"", "aria-labelledby=\"", "aria-describedby=\"", "hx-target=\"#"] {
            for id in html.split(wanted).skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(ids.contains(&id), "{name}: nothing has id {id}");
            }
        }
    }
}

#[test]
fn a_refusal_of_a_second_tab_is_told_although_its_form_is_gone() {
    let f = || frame(Language::English, "/requests/8c");
    let sentence = f().refusal("request.not-open");
    let mistakes = Mistakes { fields: Vec::new(), sentence: Some(sentence.clone()) };
    let mut view = sharing::request(false);
    view.may.refuse = services::Verdict::Refused(services::OfficeRefusal::RequestNotOpen.into());
    let page = requests::RequestPage {
        f: f(),
        shell: shell(Language::English, Role::ProvApprover, "/requests/8c"),
        view,
        decision: None,
        hindrance: None,
        mistakes: mistakes.clone(),
        chosen: String::new(),
    };
    let html = page.render().unwrap();
    assert!(html.contains(&sentence) && !html.contains("/refuse\""), "{sentence}");

    let mut view = sharing::grant();
    view.may.revoke = services::Verdict::Refused(services::OfficeRefusal::GrantNotLive.into());
    let shell = shell(Language::English, Role::ProvApprover, "/grants/11");
    let page = grants::GrantPage { f: f(), shell, view, hindrance: None, mistakes, reason: String::new() };
    let html = page.render().unwrap();
    assert!(html.contains(&sentence) && !html.contains("/revoke\""), "{sentence}");
}

#[test]
fn nothing_is_ticked_on_the_form_of_a_query_until_someone_does() {
    let form = papers::query_form();
    assert!(!form.items.is_empty());
    let page = queries::FormPage {
        f: frame(Language::Chinese, "/grants/11/query"),
        shell: shell(Language::Chinese, Role::BizUser, "/grants/11/query"),
        input: queries::blank(&form),
        hindrance: None,
        mistakes: Mistakes::default(),
        form,
    };
    assert!(!page.render().unwrap().contains(" checked"));
}

#[test]
fn demo_data_are_named_on_every_page() {
    for (name, html) in pages(Language::English) {
        assert!(html.contains("Demo data"), "{name}");
    }
}

#[test]
fn pages_are_written_where_they_can_be_looked_at() {
    let Ok(folder) = std::env::var("PORTAL_DRAWN_TO") else { return };
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder.join("assets")).unwrap();
    for language in [Language::Chinese, Language::English] {
        for (name, html) in pages(language) {
            std::fs::write(folder.join(format!("{name}.{}.html", language.tag())), html).unwrap();
        }
    }
    for asset in Assets::load().unwrap().all() {
        std::fs::write(folder.join(asset.path.trim_start_matches('/')), &asset.plain).unwrap();
    }
}
