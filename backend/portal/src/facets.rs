//! What a search can be narrowed by: groups of radio buttons, and the choices made.

use services::facets::FacetValue;

use crate::form::Fields;
use crate::frame::Frame;

/// All groups of a page.
pub(crate) struct Facets {
    /// Path of the page.
    pub(crate) path: &'static str,
    pub(crate) groups: Vec<Facet>,
    /// Chosen values and the address without each.
    pub(crate) chosen: Vec<(String, String)>,
}

/// One facet as a group of radio buttons.
pub(crate) struct Facet {
    /// Name in the address.
    pub(crate) name: &'static str,
    /// Key of the heading.
    pub(crate) key: &'static str,
    pub(crate) choices: Vec<Choice>,
    pub(crate) none_on: bool,
}

/// One value of a facet.
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) count: u64,
    pub(crate) on: bool,
}

/// Name in the address, key of the heading, family of the values' texts, the values.
pub(crate) type Group<'a> = (&'static str, &'static str, &'static str, &'a [FacetValue]);

impl Facets {
    /// The groups of a search at this path.
    pub(crate) fn of(f: &Frame, path: &'static str, query: &Fields, groups: &[Group<'_>]) -> Self {
        let groups: Vec<Facet> = groups.iter().map(|group| Facet::of(f, group)).collect();
        let choices =
            groups.iter().flat_map(|facet| facet.choices.iter().map(move |choice| (facet.name, choice)));
        let chosen = choices
            .filter(|(_, choice)| choice.on)
            .map(|(name, choice)| (choice.label.clone(), query.without(path, name, &choice.value)))
            .collect();
        Self { path, groups, chosen }
    }
}

impl Facet {
    fn of(f: &Frame, (name, key, family, values): &Group<'_>) -> Self {
        let label = |value: &FacetValue| match (&value.label, *family) {
            // Regions come named in Chinese only; the texts know more.
            (_, "region") => f.region(&value.value),
            (Some(words), _) => f.w(words).to_owned(),
            (None, "") => value.value.clone(),
            (None, family) => f.known(family, &value.value),
        };
        let choice = |value: &FacetValue| Choice {
            label: label(value),
            value: value.value.clone(),
            count: value.count,
            on: value.on,
        };
        let choices = values.iter().map(choice).collect();
        Self { name, key, choices, none_on: values.iter().all(|value| !value.on) }
    }
}
