//! What stands on top of every page about one layer: whose it is, how far its next version has come, the tabs
//! and the choice of a version. Each tab is an address of its own.

use services::codes::Layer;
use services::officer::StepView;
use services::policies::{Comes, LayerRef, LayerView, VersionRef, Which};

use crate::address;
use crate::clock;
use crate::frame::Frame;

use super::PATH;

/// The tabs of a layer, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    Rules,
    Diff,
    Check,
    Preview,
    Reach,
    Try,
    History,
}

impl Tab {
    const ALL: [Self; 7] =
        [Self::Rules, Self::Diff, Self::Check, Self::Preview, Self::Reach, Self::Try, Self::History];

    /// The last part of its address, and of the key of its name.
    const fn code(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Diff => "diff",
            Self::Check => "check",
            Self::Preview => "preview",
            Self::Reach => "reach",
            Self::Try => "try",
            Self::History => "history",
        }
    }

    /// Whether it is about drafts: not shown to who may not study them.
    const fn studies(self) -> bool {
        matches!(self, Self::Preview | Self::Reach | Self::Try)
    }
}

/// The head of a layer's page.
pub(crate) struct Head {
    pub(crate) layer: LayerView,
    pub(crate) which: Which,
    pub(crate) tab: Tab,
    /// When the version looked at would be in force, where that is known.
    pub(crate) comes: Option<Comes>,
    /// Now, ms UTC.
    pub(crate) now: i64,
}

/// One of the steps on the way into force.
pub(crate) struct Step {
    /// Key of its name.
    pub(crate) key: &'static str,
    /// Done, waits for the officer who looks, or still to come.
    pub(crate) state: StepState,
    /// What there is to say.
    pub(crate) line: String,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepState {
    Done,
    Yours,
    ToCome,
}

/// One link of a row of links.
pub(crate) struct Choice {
    pub(crate) label: String,
    pub(crate) href: String,
    pub(crate) current: bool,
}

impl Head {
    /// The address of a tab under the version looked at.
    pub(crate) fn at(&self, tab: Tab) -> String {
        self.at_version(tab, &self.which)
    }

    fn at_version(&self, tab: Tab, which: &Which) -> String {
        let owner = &self.layer.layer.owner;
        let version = address::pair("version", &which.code());
        match tab {
            Tab::Rules => format!("{PATH}/{owner}?{version}"),
            other => format!("{PATH}/{owner}/{}?{version}", other.code()),
        }
    }

    /// The address that a form of this layer is sent to.
    pub(crate) fn to(&self, part: &str) -> String {
        format!("{PATH}/{}/{part}", self.layer.layer.owner)
    }

    pub(crate) fn tabs(&self, f: &Frame) -> Vec<Choice> {
        let studies = self.layer.may.study.is_open();
        Tab::ALL
            .into_iter()
            .filter(|tab| studies || !tab.studies())
            .map(|tab| Choice { label: self.tab_label(f, tab), href: self.at(tab), current: tab == self.tab })
            .collect()
    }

    fn tab_label(&self, f: &Frame, tab: Tab) -> String {
        let name = f.t(format!("tab-{}", tab.code())).to_string();
        let count = match (tab, self.which, &self.layer.copy) {
            (Tab::Rules, ..) => self.version().map(|version| version.rows),
            (Tab::Diff, Which::Copy, Some(copy)) => Some(copy.changes),
            _ => None,
        };
        count.map_or(name.clone(), |count| format!("{name} {count}"))
    }

    /// The versions that can be looked at on this tab.
    pub(crate) fn versions(&self, f: &Frame) -> Vec<Choice> {
        let layer = &self.layer;
        let there = [
            // Nothing turns under what is in force already.
            (Which::InForce, self.tab != Tab::Preview),
            (Which::Pending, layer.pending.is_some()),
            (Which::Draft, layer.draft.is_some()),
            (Which::Copy, layer.copy.is_some()),
        ];
        let mut choices: Vec<Choice> = there
            .into_iter()
            .filter(|(_, is_there)| *is_there)
            .map(|(which, _)| Choice {
                label: f.c("policy-which", which.code()).to_string(),
                href: self.at_version(self.tab, &which),
                current: which == self.which,
            })
            .collect();
        if let Which::Number(number) = self.which {
            choices.insert(
                0,
                Choice {
                    label: f.t("policy-number").put("number", number.to_string()).to_string(),
                    href: self.at(self.tab),
                    current: true,
                },
            );
        }
        choices
    }

    /// The version looked at, where the layer itself names it.
    pub(crate) fn version(&self) -> Option<&VersionRef> {
        let layer = &self.layer;
        match self.which {
            Which::InForce => Some(&layer.in_force.version),
            Which::Draft => layer.draft.as_ref().map(|draft| &draft.version),
            Which::Pending => layer.pending.as_ref().map(|pending| &pending.version),
            Which::Copy => layer.copy.as_ref().map(|copy| &copy.version),
            Which::Number(_) => None,
        }
    }

    /// Which version this is, for the tag beside the heading, with its class.
    pub(crate) fn tag(&self, f: &Frame) -> (String, &'static str) {
        let number = self.version().map(|version| version.number.to_string()).unwrap_or_default();
        let said = |key: &str| f.t(key).put("number", &number).to_string();
        match self.which {
            Which::InForce => (said("policy-tag-in-force"), "ok"),
            Which::Draft => (said("policy-tag-draft"), "warn"),
            Which::Pending => (said("policy-tag-pending"), "info"),
            Which::Copy => (said("policy-tag-copy"), "warn"),
            Which::Number(number) => {
                (f.t("policy-number").put("number", number.to_string()).to_string(), "line")
            }
        }
    }

    /// The three steps: of the version looked at if it is on its way, else of the one that is furthest.
    pub(crate) fn steps(&self, f: &Frame) -> [Step; 3] {
        let layer = &self.layer;
        let signed = |key: &str, step: &StepView| {
            f.t(key).put("person", f.person(&step.by)).put("time", clock::full(step.place.at)).to_string()
        };
        let step = |key, state, line| Step { key, state, line };
        let say = |key: &str| f.t(key).to_string();
        let draft = layer.draft.as_ref().filter(|_| !matches!(self.which, Which::Pending | Which::Copy));
        let pending = layer.pending.as_ref().filter(|_| !matches!(self.which, Which::Draft | Which::Copy));
        let (first, second) = if let Some(pending) = pending.filter(|_| draft.is_none()) {
            (
                step("policy-step-draft", StepState::Done, signed("policy-step-drafted", &pending.drafted)),
                step(
                    "policy-step-countersign",
                    StepState::Done,
                    signed("policy-step-countersigned", &pending.countersigned),
                ),
            )
        } else if let Some(draft) = draft {
            let yours = layer.may.countersign.is_open();
            (
                step("policy-step-draft", StepState::Done, signed("policy-step-drafted", &draft.drafted)),
                if yours {
                    step("policy-step-countersign", StepState::Yours, say("policy-step-you-may"))
                } else {
                    step("policy-step-countersign", StepState::ToCome, say("policy-step-somebody-else"))
                },
            )
        } else {
            let line = if layer.copy.is_some() { "policy-step-editing" } else { "policy-step-not-begun" };
            let state = if layer.copy.is_some() && layer.may.draft.is_open() {
                StepState::Yours
            } else {
                StepState::ToCome
            };
            (
                step("policy-step-draft", state, say(line)),
                step("policy-step-countersign", StepState::ToCome, say("policy-step-somebody-else")),
            )
        };
        [first, second, self.last_step(f)]
    }

    fn last_step(&self, f: &Frame) -> Step {
        let layer = &self.layer;
        let step = |state, line| Step { key: "policy-step-enact", state, line };
        let comes = self.comes.or_else(|| {
            let draft = layer.draft.as_ref().filter(|_| self.which != Which::Pending)?;
            Some(draft.comes)
        });
        match (comes, &layer.pending) {
            (Some(comes), _) => step(StepState::ToCome, coming(f, comes)),
            (None, Some(pending)) => step(
                StepState::ToCome,
                f.t("policy-step-due").put("time", clock::full(pending.due)).to_string(),
            ),
            (None, None) => {
                let number = layer.in_force.version.number.to_string();
                step(StepState::Done, f.t("policy-step-in-force").put("number", number).to_string())
            }
        }
    }

    /// Whether signing lets something stop at once, or something pass later, with the time it takes.
    pub(crate) fn warning(&self, f: &Frame) -> Option<(String, &'static str)> {
        Some(match self.comes? {
            Comes::AtOnce => (f.t("sign-tightens").to_string(), "warn"),
            Comes::Later { wait_ms } => {
                let wait = i64::try_from(wait_ms).unwrap_or(i64::MAX);
                let said = f
                    .t("sign-loosens")
                    .put("span", clock::span(f.language, wait))
                    .put("time", clock::full(self.now.saturating_add(wait)));
                (said.to_string(), "")
            }
        })
    }
}

/// When a version would be in force, in words.
pub(crate) fn coming(f: &Frame, comes: Comes) -> String {
    match comes {
        Comes::AtOnce => f.t("policy-step-tightens").to_string(),
        Comes::Later { wait_ms } => {
            let wait = i64::try_from(wait_ms).unwrap_or(i64::MAX);
            f.t("policy-step-loosens").put("span", clock::span(f.language, wait)).to_string()
        }
    }
}

/// Whose layer it is.
pub(crate) fn owner(f: &Frame, layer: &LayerRef) -> String {
    match (layer.layer, &layer.department) {
        (Layer::National, _) => f.t("owner-national").to_string(),
        (Layer::Region, _) => f.region(&layer.owner),
        (Layer::Department, Some(department)) => f.w(&department.name).to_owned(),
        (Layer::Department, None) => layer.owner.clone(),
    }
}
