//! Reads the portal's pages as a person would: its forms, links, figures and texts.

use std::collections::BTreeMap;

use scraper::{ElementRef, Html, Node};

/// A page that was answered.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its address, after redirects.
    pub url: String,
    /// HTTP status.
    pub status: u16,
    /// The HTML as sent.
    pub html: String,
    root: Element,
}

/// One element of a page.
#[derive(Clone, Debug, Default)]
pub struct Element {
    /// Tag name in lower case.
    pub tag: String,
    /// Attributes, decoded.
    pub attributes: BTreeMap<String, String>,
    content: Vec<Content>,
}

#[derive(Clone, Debug)]
enum Content {
    Text(String),
    Element(Element),
}

/// A form with the values it was drawn with.
#[derive(Clone, Debug)]
pub struct Form {
    /// Where it goes.
    pub action: String,
    /// `get` or `post`.
    pub method: String,
    /// Names and values that a browser would send untouched.
    pub fields: Vec<(String, String)>,
    /// For every name all values that can be chosen (radio, checkbox, select).
    pub choices: BTreeMap<String, Vec<String>>,
}

impl Page {
    /// A page from what the server sent.
    #[must_use]
    pub fn new(url: String, status: u16, html: String) -> Self {
        // The parsed document is not `Send`; what is looked at is copied out of it.
        let document = Element::of(Html::parse_document(&html).root_element());
        let root = Element { content: vec![Content::Element(document)], ..Element::default() };
        Self { url, status, html, root }
    }

    /// Every element for which `wanted` holds, in the order of the page.
    pub fn all(&self, wanted: impl Fn(&Element) -> bool) -> Vec<&Element> {
        let mut found = Vec::new();
        self.root.walk(&mut |element| {
            if wanted(element) {
                found.push(element);
            }
        });
        found
    }

    /// The element with this id.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<&Element> {
        self.all(|element| element.attribute("id") == Some(id)).into_iter().next()
    }

    /// The visible text of the whole page, runs of space joined to one.
    #[must_use]
    pub fn text(&self) -> String {
        self.root.text()
    }

    /// Links as (address, text).
    #[must_use]
    pub fn links(&self) -> Vec<(String, String)> {
        self.all(|element| element.tag == "a")
            .into_iter()
            .filter_map(|link| Some((link.attribute("href")?.to_owned(), link.text())))
            .collect()
    }

    /// The address of the first link that starts with `prefix`.
    #[must_use]
    pub fn link_to(&self, prefix: &str) -> Option<String> {
        self.links().into_iter().map(|(address, _)| address).find(|address| address.starts_with(prefix))
    }

    /// All forms.
    #[must_use]
    pub fn forms(&self) -> Vec<Form> {
        self.all(|element| element.tag == "form").into_iter().map(|form| form_of(form, &self.url)).collect()
    }

    /// The form that posts to an address ending in `action`.
    #[must_use]
    pub fn form_to(&self, action: &str) -> Option<Form> {
        self.forms().into_iter().find(|form| form.method == "post" && form.action.ends_with(action))
    }

    /// Elements marked `data-live`: (mark or position, text), in page order.
    #[must_use]
    pub fn live(&self) -> Vec<(String, String)> {
        self.all(|element| element.attributes.contains_key("data-live"))
            .into_iter()
            .map(|element| (element.attribute("data-live").unwrap_or_default().to_owned(), element.text()))
            .collect()
    }
}

impl Element {
    fn of(parsed: ElementRef<'_>) -> Self {
        Self {
            tag: parsed.value().name().to_owned(),
            attributes: parsed
                .value()
                .attrs()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            content: parsed
                .children()
                .filter_map(|child| match child.value() {
                    Node::Text(text) => Some(Content::Text(text.to_string())),
                    _ => ElementRef::wrap(child).map(|element| Content::Element(Self::of(element))),
                })
                .collect(),
        }
    }

    /// An attribute's value.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// Whether the `class` attribute holds this word.
    #[must_use]
    pub fn has_class(&self, class: &str) -> bool {
        self.attribute("class").is_some_and(|classes| classes.split_whitespace().any(|word| word == class))
    }

    /// The text inside, runs of space joined to one.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.collect_text(&mut text);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Every element below this one for which `wanted` holds.
    pub fn all(&self, wanted: impl Fn(&Self) -> bool) -> Vec<&Self> {
        let mut found = Vec::new();
        self.walk(&mut |element| {
            if wanted(element) {
                found.push(element);
            }
        });
        found
    }

    fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        for content in &self.content {
            if let Content::Element(element) = content {
                visit(element);
                element.walk(visit);
            }
        }
    }

    fn collect_text(&self, text: &mut String) {
        for content in &self.content {
            match content {
                Content::Text(some) => text.push_str(some),
                Content::Element(element) if matches!(element.tag.as_str(), "script" | "style") => {}
                Content::Element(element) => {
                    element.collect_text(text);
                    text.push(' ');
                }
            }
        }
    }
}

impl Form {
    /// The form with one field set; other values of that name are dropped.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The form with all of these boxes ticked under one name.
    #[must_use]
    pub fn with_all(mut self, name: &str, values: &[String]) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self.fields.extend(values.iter().map(|value| (name.to_owned(), value.clone())));
        self
    }

    /// The first value drawn for a field.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

fn form_of(form: &Element, url: &str) -> Form {
    let mut fields = Vec::new();
    let mut choices: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for control in form.all(|element| matches!(element.tag.as_str(), "input" | "select" | "textarea")) {
        let Some(name) = control.attribute("name") else { continue };
        if control.attributes.contains_key("disabled") {
            continue;
        }
        let name = name.to_owned();
        match (control.tag.as_str(), control.attribute("type").unwrap_or("text")) {
            ("select", _) => {
                let options = control.all(|element| element.tag == "option");
                let value = |option: &&Element| {
                    option.attribute("value").map_or_else(|| option.text(), str::to_owned)
                };
                let chosen = options
                    .iter()
                    .find(|option| option.attributes.contains_key("selected"))
                    .or(options.first())
                    .map(value);
                choices.entry(name.clone()).or_default().extend(options.iter().map(value));
                fields.extend(chosen.map(|value| (name, value)));
            }
            ("textarea", _) => fields.push((name, control.text())),
            (_, "checkbox" | "radio") => {
                let value = control.attribute("value").unwrap_or("on").to_owned();
                choices.entry(name.clone()).or_default().push(value.clone());
                if control.attributes.contains_key("checked") {
                    fields.push((name, value));
                }
            }
            (_, "submit" | "button" | "reset" | "image" | "file") => {}
            _ => fields.push((name, control.attribute("value").unwrap_or_default().to_owned())),
        }
    }
    Form {
        action: form.attribute("action").unwrap_or(url).to_owned(),
        method: form.attribute("method").unwrap_or("get").to_lowercase(),
        fields,
        choices,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTML: &str = r#"<!doctype html><html lang="zh-CN"><head><title>页</title>
        <script>if (1 < 2) { "<p>" }</script></head><body class="a b">
        <h1>申请&nbsp;&amp; 审批</h1><p>A<br>B<!-- <i>no</i> --></p>
        <a href="/requests/1?x=1&amp;y=2">查看</a>
        <b data-live="height">42</b><b data-live>7</b>
        <form method="post" action="/requests/1/approve">
          <input type="hidden" name="csrf" value="t&#x27;1">
          <input type="checkbox" name="item" value="GRZH" checked><input type=checkbox name=item value=SJHM>
          <select name="basis"><option value="01">一<option value="02" selected>二</select>
          <textarea name="note">n</textarea><button name="go" value="1">好</button>
        </form></body></html>"#;

    #[test]
    fn a_page_gives_its_texts_links_figures_and_forms() {
        let page = Page::new("/requests/1".to_owned(), 200, HTML.to_owned());
        assert_eq!(page.all(|element| element.tag == "h1")[0].text(), "申请 & 审批");
        assert_eq!(page.link_to("/requests/"), Some("/requests/1?x=1&y=2".to_owned()));
        assert_eq!(page.live(), [("height".to_owned(), "42".to_owned()), (String::new(), "7".to_owned())]);
        assert!(page.all(|element| element.tag == "body")[0].has_class("b"));
        assert!(!page.text().contains("no") && !page.text().contains("1 < 2"));
        let form = page.form_to("/approve").unwrap();
        assert_eq!(form.value("csrf"), Some("t'1"));
        assert_eq!(form.value("basis"), Some("02"));
        assert_eq!(form.choices["item"], ["GRZH", "SJHM"]);
        assert_eq!(form.with("item", "SJHM").fields.len(), 4);
    }
}
