//! What every page has around its own content, and the vocabulary templates use: texts, times,
//! icons, figures.

use std::sync::Arc;

use services::Words;
use services::catalogue::EntryRef;
use services::deadline::{Deadline, Light};
use services::officer::{Person, StepView};

use crate::address;
use crate::assets::Assets;
use crate::clock;
use crate::code_tables;
use crate::csrf;
use crate::language::{Language, Say};
use crate::markup::Markup;
use crate::number;
use crate::theme::Theme;
use crate::visit::{Guest, Visit};

/// The frame of a page, signed in or not. Templates call it `f`.
pub(crate) struct Frame {
    /// Names of stylesheet, scripts and icons.
    pub(crate) assets: Arc<Assets>,
    /// Whether the page says that its data are invented.
    pub(crate) demo: bool,
    /// Name of the department this portal belongs to.
    pub(crate) department: Words,
    /// Beginning of every address of this portal, for print.
    pub(crate) base: String,
    /// Language of the page.
    pub(crate) language: Language,
    /// Display of the page.
    pub(crate) theme: Theme,
    /// Hidden field of every form: the token under this page's pad.
    pub(crate) csrf: String,
    /// Path and question of this page.
    pub(crate) here: String,
    /// Whether a form on this page is filled in with what could not be sent.
    pub(crate) unsent: bool,
}

impl Frame {
    /// The frame of an officer's page.
    pub(crate) fn of(visit: &Visit) -> Self {
        Self::new(&visit.guest, &visit.token)
    }

    /// The frame of a page drawn for a guest.
    pub(crate) fn new(guest: &Guest, token: &str) -> Self {
        Self {
            assets: Arc::clone(&guest.desk.assets),
            demo: guest.desk.demo,
            base: guest.desk.site.base(),
            department: guest.desk.office.own().name.clone(),
            language: guest.language,
            theme: guest.theme,
            csrf: csrf::mask(token),
            here: guest.here.clone(),
            unsent: false,
        }
    }

    /// The text of a key.
    pub(crate) fn t(&self, key: impl AsRef<str>) -> Say {
        self.language.say(key.as_ref())
    }

    /// The text of a code from below: family and code make the key.
    pub(crate) fn c(&self, family: &str, code: impl AsRef<str>) -> Say {
        self.language.code(family, code.as_ref())
    }

    /// The name of an item's value, when it is a code of a known table.
    pub(crate) fn coded(&self, item: &str, value: &str) -> Option<String> {
        code_tables::name(self.language, item, value)
    }

    /// All codes an item can hold with their names; empty for most items.
    pub(crate) fn legend(&self, item: &str) -> String {
        code_tables::legend(self.language, item)
    }

    /// The sentence of a refusal code; an unknown code is shown with a general sentence.
    pub(crate) fn refusal(&self, code: &str) -> String {
        let say = self.c("refusal", code);
        say.known().unwrap_or_else(|| self.t("refusal-other").put("code", code).to_string())
    }

    /// The text of a code that a newer part of the program may have brought: else the code itself.
    pub(crate) fn known(&self, family: &str, code: &str) -> String {
        self.c(family, code).known().unwrap_or_else(|| code.to_owned())
    }

    /// A text of the chain in the page's language.
    pub(crate) fn w<'a>(&self, words: &'a Words) -> &'a str {
        words.pick(self.language.is_chinese())
    }

    /// Date and time with seconds.
    pub(crate) fn time(&self, at_ms: &i64) -> Markup {
        Markup::time(&clock::machine(*at_ms), &clock::full(*at_ms))
    }

    /// Month, day and time with seconds.
    pub(crate) fn brief(&self, at_ms: &i64) -> Markup {
        Markup::time(&clock::machine(*at_ms), &clock::brief(*at_ms))
    }

    /// Time of the day with seconds.
    pub(crate) fn of_day(&self, at_ms: &i64) -> Markup {
        Markup::time(&clock::machine(*at_ms), &clock::of_day(*at_ms))
    }

    /// Date.
    pub(crate) fn day(&self, at_ms: &i64) -> Markup {
        Markup::time(&clock::machine(*at_ms), &clock::day(*at_ms))
    }

    /// Date and time as text, for sentences.
    pub(crate) fn when(&self, at_ms: &i64) -> String {
        clock::full(*at_ms)
    }

    /// A live count.
    pub(crate) fn n(&self, value: &u64) -> Markup {
        Markup::figure(&number::count(*value))
    }

    /// A count as text, for sentences and attributes.
    pub(crate) fn count(&self, value: &u64) -> String {
        number::count(*value)
    }

    /// A digest or id, cut in the middle.
    pub(crate) fn short(&self, hex: &str) -> Markup {
        Markup::digest(hex, &number::short(hex))
    }

    /// A digest cut in the middle, as text, for drawings.
    pub(crate) fn short_text(&self, hex: &str) -> String {
        number::short(hex)
    }

    /// A date as text, for drawings.
    pub(crate) fn day_text(&self, at_ms: &i64) -> String {
        clock::day(*at_ms)
    }

    /// Hour and minute as text.
    pub(crate) fn hour(&self, at_ms: &i64) -> String {
        clock::hour(*at_ms)
    }

    /// Date with the day of the week, in words.
    pub(crate) fn today(&self, at_ms: &i64) -> Say {
        clock::today(self.language, *at_ms)
    }

    /// Bytes in the unit people read.
    pub(crate) fn size(&self, bytes: &u64) -> String {
        number::size(*bytes)
    }

    /// A key or pseudonym, cut more.
    pub(crate) fn tiny(&self, hex: &str) -> Markup {
        Markup::digest(hex, &number::tiny(hex))
    }

    /// An icon.
    pub(crate) fn ico(&self, name: &str) -> Markup {
        Markup::icon(&self.assets.icons.path, name, "ico")
    }

    /// A small icon.
    pub(crate) fn icos(&self, name: &str) -> Markup {
        Markup::icon(&self.assets.icons.path, name, "ico ico-s")
    }

    /// The name of a province or city: translated for provinces, else as the table has it.
    pub(crate) fn region(&self, code: &str) -> String {
        let named = self.c("region", code).known();
        named
            .or_else(|| services::region::region_name(code).map(str::to_owned))
            .unwrap_or_else(|| code.to_owned())
    }

    /// A person: colleagues by name, others by role and pseudonym.
    pub(crate) fn person(&self, person: &Person) -> String {
        let role = self.c("role", person.role.code());
        match &person.name {
            Some(name) => self.t("person-own").put("name", name).put("role", role).to_string(),
            None => {
                self.t("person-foreign").put("pseudonym", &person.pseudonym).put("role", role).to_string()
            }
        }
    }

    /// The people of a step: who drafted it and, where it takes two, who countersigned it.
    pub(crate) fn people(&self, step: &StepView) -> String {
        self.pair(&step.by, &step.second)
    }

    /// A person, and who countersigned.
    pub(crate) fn pair(&self, by: &Person, second: &Option<Person>) -> String {
        let first = self.person(by);
        match second {
            Some(second) => {
                self.t("person-two").put("first", first).put("second", self.person(second)).to_string()
            }
            None => first,
        }
    }

    /// Name of a policy layer by its place: national, region, department.
    pub(crate) fn layer_at(&self, place: &usize) -> Say {
        self.c("layer", ["national", "region", "department"].get(*place).copied().unwrap_or_default())
    }

    /// Time left until a limit, in words.
    pub(crate) fn deadline(&self, deadline: &Deadline) -> String {
        let left = deadline.working_days_left;
        if deadline.due_today {
            self.t("due-today").put("time", clock::hour(deadline.due_at)).to_string()
        } else if left < 0 {
            self.t("due-over").put("count", left.unsigned_abs()).to_string()
        } else {
            self.t("due-left").put("count", left).to_string()
        }
    }

    /// Class of a limit's words.
    pub(crate) fn urgency(&self, deadline: &Deadline) -> &'static str {
        match deadline.light {
            Light::Red => "badtext",
            Light::Yellow => "warntext",
            Light::Green if deadline.due_today => "badtext",
            Light::Green => "",
        }
    }

    /// Address of an entry's page.
    pub(crate) fn entry_at(&self, entry: &EntryRef) -> String {
        address::entry(&entry.code, entry.version)
    }

    /// Address of the form that asks for an entry.
    pub(crate) fn asking_at(&self, entry: &EntryRef) -> String {
        address::asking(&entry.code, entry.version)
    }

    /// Name of the department this portal belongs to.
    pub(crate) fn own_name(&self) -> String {
        self.w(&self.department).to_owned()
    }

    /// The name of the other language, in that language.
    pub(crate) fn other_language_name(&self) -> String {
        self.language.other().say("language-name").to_string()
    }
}
