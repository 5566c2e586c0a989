//! Circles of imports inside a crate: files that reach themselves through others. Read from the
//! sources: `use`, and paths written out; a name that a file only passes on counts for the file it
//! is from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Segments of a path, `crate` first for one that begins at the root.
type Segments = Vec<String>;

/// A module by its path below the crate: one file each.
type Module = Vec<String>;

/// One name brought in by a `use`.
struct Import {
    path: Segments,
    name: String,
    passed_on: bool,
}

/// What one file brings in and says.
struct File {
    /// Its path below `src`.
    name: String,
    imports: Vec<Import>,
    paths: Vec<Segments>,
    /// Children that only tests compile.
    test_modules: Vec<String>,
}

/// The files of one crate.
pub(crate) struct Crate(BTreeMap<Module, File>);

impl Crate {
    /// Reads all files below `src`, tests left out.
    pub(crate) fn read(src: &Path) -> Self {
        let mut files = BTreeMap::new();
        let mut folders = vec![src.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let below = path.strip_prefix(src).unwrap().with_extension("");
                    let mut module: Module =
                        below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
                    if module == ["lib"] || module == ["main"] {
                        module.clear();
                    }
                    let name = path.strip_prefix(src).unwrap().display().to_string();
                    files.insert(module, File::read(name, &fs::read_to_string(&path).unwrap()));
                }
            }
        }
        let tests: BTreeSet<Module> = files
            .iter()
            .flat_map(|(module, file)| file.test_modules.iter().map(|child| joined(module, child)))
            .collect();
        files.retain(|module, _| !(1..=module.len()).any(|length| tests.contains(&module[..length])));
        Self(files)
    }

    /// Groups of more than two files that all reach each other.
    pub(crate) fn circles(&self) -> Vec<BTreeSet<String>> {
        let direct: BTreeMap<&Module, BTreeSet<Module>> =
            self.0.iter().map(|(module, file)| (module, self.reached(module, file))).collect();
        let reach = |from: &Module| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
            while let Some(module) = open.pop() {
                open.extend(direct[module].iter().filter(|next| seen.insert((*next).clone())));
            }
            seen
        };
        let reaches: BTreeMap<&Module, BTreeSet<Module>> =
            self.0.keys().map(|from| (from, reach(from))).collect();
        let mut circles = BTreeSet::new();
        for (from, there) in &reaches {
            let circle: BTreeSet<String> = there
                .iter()
                .filter(|module| reaches[module].contains(*from))
                .map(|module| self.0[module].name.clone())
                .collect();
            if circle.len() > 2 {
                circles.insert(circle);
            }
        }
        circles.into_iter().collect()
    }

    /// The modules whose own things a file names.
    fn reached(&self, module: &Module, file: &File) -> BTreeSet<Module> {
        let mut reached = BTreeSet::new();
        let mut modules: BTreeMap<&str, &Segments> = BTreeMap::new();
        for import in &file.imports {
            match self.home(module, &import.path, 0) {
                Some((_, true)) => {
                    modules.insert(&import.name, &import.path);
                }
                Some((home, false)) if !import.passed_on || import.name == "*" => {
                    reached.insert(home);
                }
                Some((_, false)) | None => {}
            }
        }
        for path in &file.paths {
            let path = match modules.get(path[0].as_str()) {
                Some(begin) => begin.iter().chain(&path[1..]).cloned().collect(),
                None => path.clone(),
            };
            if let Some((home, false)) = self.home(module, &path, 0) {
                reached.insert(home);
            }
        }
        reached.remove(module);
        reached
    }

    /// The module a path leads to, and whether it names the module itself and nothing in it.
    fn home(&self, from: &Module, path: &[String], passed: usize) -> Option<(Module, bool)> {
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Module::new(),
            "self" => from.clone(),
            "super" => {
                let up = rest.iter().take_while(|segment| *segment == "super").count();
                rest = &rest[up..];
                from[..from.len().checked_sub(up + 1)?].to_vec()
            }
            child if self.0.contains_key(&joined(from, child)) => joined(from, child),
            _ => return None,
        };
        while let Some((next, after)) = rest.split_first() {
            let child = joined(&at, next);
            if self.0.contains_key(&child) {
                (at, rest) = (child, after);
                continue;
            }
            let origin =
                self.0.get(&at)?.imports.iter().find(|import| import.passed_on && import.name == *next);
            return match origin {
                // Deep enough for any chain of names passed on; a longer one is a circle itself.
                Some(origin) if passed < 8 => {
                    let path: Segments = origin.path.iter().chain(after).cloned().collect();
                    self.home(&at, &path, passed + 1)
                }
                Some(_) | None => Some((at, false)),
            };
        }
        Some((at, true))
    }
}

impl File {
    fn read(name: String, text: &str) -> Self {
        let tokens = tokens(text);
        let mut file = Self { name, imports: Vec::new(), paths: Vec::new(), test_modules: Vec::new() };
        let mut at = 0;
        while at < tokens.len() {
            if tokens[at..].starts_with(&["#", "[", "cfg", "(", "test", ")", "]"].map(str::to_owned)) {
                // What only tests see: a module at the end of the file, one in a file of its own, or an import.
                let is_item = |token: &String| ["mod", "fn", "use"].contains(&token.as_str());
                let item = at + tokens[at..].iter().take(14).position(is_item).unwrap_or(7);
                let kind = tokens.get(item).map(String::as_str);
                if kind == Some("mod") {
                    if tokens.get(item + 2).is_none_or(|token| token == "{") {
                        break;
                    }
                    file.test_modules.extend(tokens.get(item + 1).cloned());
                }
                let is_whole = kind == Some("use");
                at = item + tokens[item..].iter().position(|token| is_whole && token == ";").unwrap_or(1);
            } else if tokens[at] == "use" {
                let end = at + tokens[at..].iter().position(|token| token == ";").unwrap_or(1);
                let before = &tokens[at.saturating_sub(6)..at];
                let statement = before.rsplit(|token| [";", "}", "{"].contains(&token.as_str())).next();
                let passed_on = statement.is_some_and(|tokens| tokens.iter().any(|token| token == "pub"));
                import(&tokens[at + 1..end], &[], passed_on, &mut file.imports);
                at = end;
            } else if tokens.get(at + 1).is_some_and(|token| token == "::") && is_word(&tokens[at]) {
                let mut path = vec![tokens[at].clone()];
                while tokens.get(at + 1).is_some_and(|token| token == "::")
                    && tokens.get(at + 2).is_some_and(|token| is_word(token))
                {
                    at += 2;
                    path.push(tokens[at].clone());
                }
                file.paths.push(path);
                at += 1;
            } else {
                at += 1;
            }
        }
        file
    }
}

fn joined(module: &[String], child: &str) -> Module {
    module.iter().cloned().chain([child.to_owned()]).collect()
}

/// Takes a tree of imports apart: `a::{b, c::{d as e, self}}`.
fn import(tokens: &[String], prefix: &[String], passed_on: bool, imports: &mut Vec<Import>) {
    let mut path = prefix.to_vec();
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].as_str() {
            "::" => {}
            "as" => {
                imports.push(Import { path, name: tokens[at + 1].clone(), passed_on });
                return;
            }
            "{" => {
                let mut begin = at + 1;
                let mut depth = 0;
                for (place, token) in tokens.iter().enumerate().skip(at) {
                    depth += usize::from(token == "{");
                    if depth == 1 && (token == "," || token == "}") {
                        if begin < place {
                            import(&tokens[begin..place], &path, passed_on, imports);
                        }
                        begin = place + 1;
                    }
                    depth -= usize::from(token == "}");
                }
                return;
            }
            "self" if !path.is_empty() => {}
            segment => path.push(segment.to_owned()),
        }
        at += 1;
    }
    let name = path.last().cloned().unwrap_or_default();
    imports.push(Import { path, name, passed_on });
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Words, `::` and single signs; comments, texts and characters are left out.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let raw = rest.strip_prefix('r').map(|raw| raw.trim_start_matches('#'));
        let after = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(raw) = raw.filter(|raw| raw.starts_with('"')) {
            let hashes = rest.len() - raw.len() - 1;
            let end = format!("\"{}", "#".repeat(hashes));
            rest.len() - raw.len() + 1 + raw[1..].find(&end).map_or(raw.len() - 1, |at| at + end.len())
        } else if first == '"' {
            let mut escaped = false;
            let closes = |c: char| {
                let closes = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                closes
            };
            rest[1..].find(closes).map_or(rest.len(), |at| at + 2)
        } else if first == '\'' {
            character(rest)
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(rest[..end].to_owned());
            end
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[after..];
    }
    tokens
}

/// The length of a character, or of the sign that begins a lifetime.
fn character(text: &str) -> usize {
    let mut inside = text.char_indices().skip(1);
    match inside.next() {
        Some((_, '\\')) => {
            inside.next();
            inside.find(|(_, c)| *c == '\'').map_or(1, |(at, _)| at + 1)
        }
        Some(_) => match inside.next() {
            Some((at, '\'')) => at + 1,
            _ => 1,
        },
        None => 1,
    }
}

#[test]
fn a_circle_is_found_through_names_passed_on_and_paths_written_out() {
    let file = |name: &str, text: &str| {
        let module = name.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Module>();
        (module, File::read(name.to_owned(), text))
    };
    let of = |files: Vec<(Module, File)>| Crate(files.into_iter().collect()).circles();
    let circle = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let root = || file("", "mod a; mod b; mod c;\npub use b::{Bee as B, other};");
    let through_the_root = vec![
        root(),
        file("a", "use crate::B; // the root only passes it on\nfn x<'a>(q: &'a char) { let _ = '\"'; }"),
        file("b", "use crate::c;\npub struct Bee; fn y() { c::z(r#\"crate::a::no\"#) }"),
        file("c", "fn z() { super::a::x() }\n#[cfg(test)]\nmod tests { use crate::b; }"),
    ];
    assert_eq!(of(through_the_root), [circle(&["a", "b", "c"])]);
    let two = vec![root(), file("a", "use crate::b::Bee;"), file("b", "use crate::a::x;"), file("c", "")];
    assert!(of(two).is_empty(), "a file and its neighbour may know each other");
    let passed_on_only = vec![
        root(),
        file("a", "mod d; pub use d::D;"),
        file("a/d", "use crate::b::Bee;"),
        file("b", "use crate::c::{self, C};"),
        file("c", "#[cfg(test)]\nmod tests;\nuse crate::a::{D};"),
        file("c/tests", "use crate::b::Bee;"),
    ];
    assert_eq!(of(passed_on_only), [circle(&["a/d", "b", "c"])]);
}
