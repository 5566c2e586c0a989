//! From HTML text to a tree of elements.

use super::entities::decode;
use super::{Content, Element};

/// Elements that have no end tag.
const VOID: [&str; 13] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];
/// Elements whose end tag HTML lets one leave out before the next of their kind.
const SELF_CLOSING: [&str; 6] = ["option", "li", "dt", "dd", "tr", "td"];

/// Reads a page; the root is a nameless element around everything.
pub(super) fn read(html: &str) -> Element {
    let mut open = vec![Element::default()];
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        text(&mut open, &rest[..start]);
        rest = &rest[start..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
        } else if rest.starts_with("<!") {
            rest = rest.find('>').map_or("", |end| &rest[end + 1..]);
        } else if let Some(end_tag) = rest.strip_prefix("</") {
            let end = end_tag.find('>').unwrap_or(end_tag.len());
            close(&mut open, end_tag[..end].trim());
            rest = end_tag.get(end + 1..).unwrap_or_default();
        } else {
            rest = start_tag(&mut open, &rest[1..]);
        }
    }
    text(&mut open, rest);
    while open.len() > 1 {
        fold(&mut open);
    }
    open.pop().unwrap_or_default()
}

/// Reads one start tag after its `<`; gives what follows it.
fn start_tag<'a>(open: &mut Vec<Element>, html: &'a str) -> &'a str {
    let end = html.find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap_or(html.len());
    let mut element = Element { tag: html[..end].to_lowercase(), ..Element::default() };
    let mut rest = html[end..].trim_start();
    while !rest.is_empty() && !rest.starts_with('>') {
        rest = attribute(&mut element, rest).trim_start();
    }
    rest = rest.get(1..).unwrap_or_default();
    if SELF_CLOSING.contains(&element.tag.as_str()) && open.last().is_some_and(|last| last.tag == element.tag)
    {
        fold(open);
    }
    let tag = element.tag.clone();
    open.push(element);
    if VOID.contains(&tag.as_str()) {
        fold(open);
    } else if matches!(tag.as_str(), "script" | "style") {
        let end = rest.find(&format!("</{tag}")).unwrap_or(rest.len());
        if let Some(last) = open.last_mut() {
            last.content.push(Content::Text(rest[..end].to_owned()));
        }
        rest = &rest[end..];
    }
    rest
}

/// Reads one attribute; gives what follows it.
fn attribute<'a>(element: &mut Element, html: &'a str) -> &'a str {
    let end = html.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/')).unwrap_or(html.len());
    if end == 0 {
        // A stray `/` or `=`.
        return &html[1..];
    }
    let name = html[..end].to_lowercase();
    let after = html[end..].trim_start();
    let Some(value) = after.strip_prefix('=').map(str::trim_start) else {
        element.attributes.insert(name, String::new());
        return after;
    };
    let (value, rest) = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let inside = &value[1..];
            let end = inside.find(quote).unwrap_or(inside.len());
            (&inside[..end], inside.get(end + 1..).unwrap_or_default())
        }
        _ => value.split_at(value.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(value.len())),
    };
    element.attributes.insert(name, decode(value));
    rest
}

fn text(open: &mut [Element], html: &str) {
    if let (Some(last), false) = (open.last_mut(), html.is_empty()) {
        last.content.push(Content::Text(decode(html)));
    }
}

/// Closes the innermost element of this tag, and whatever is open inside it.
fn close(open: &mut Vec<Element>, tag: &str) {
    let tag = tag.to_lowercase();
    if let Some(depth) = open.iter().rposition(|element| element.tag == tag) {
        while open.len() > depth.max(1) {
            fold(open);
        }
    }
}

/// Puts the innermost open element into the one around it.
fn fold(open: &mut Vec<Element>) {
    if let Some(element) = open.pop()
        && let Some(parent) = open.last_mut()
    {
        parent.content.push(Content::Element(element));
    }
}
