//! No two files of a crate import each other, by however many others, tests
//! aside. What a `mod.rs` passes on with `pub use` counts as an import of the file
//! that it comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::layers::{root, sources};

/// The names that lead to a module: none for `lib.rs`.
type Module = Vec<String>;

/// What a file imports.
#[derive(Default)]
struct Imports {
    /// Paths as they are written, those that it passes on aside.
    used: Vec<Vec<String>>,
    /// What it passes on, by name.
    passed_on: BTreeMap<String, Vec<String>>,
}

impl Imports {
    fn of(text: &str) -> Self {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code = lines.collect::<Vec<_>>().join("\n");
        let mut imports = Self::default();
        let mut rest = String::new();
        let mut left = code.as_str();
        while let Some(start) = find_use(left) {
            let (before, after) = left.split_at(start);
            rest.push_str(before);
            let Some((tree, behind)) = after.split_once(';') else { break };
            let tree = tree.trim_start().trim_start_matches("use").trim();
            let passes_on = before.trim_end().ends_with("pub") || before.trim_end().ends_with(')');
            for path in expand(tree, &[]) {
                match path.last() {
                    Some(name) if passes_on => _ = imports.passed_on.insert(name.clone(), path),
                    _ => imports.used.push(path),
                }
            }
            left = behind;
        }
        rest.push_str(left);
        imports.used.extend(qualified(&rest));
        imports
    }
}

/// Where the next `use` declaration begins.
fn find_use(code: &str) -> Option<usize> {
    code.match_indices("use ").map(|(at, _)| at).find(|&at| {
        let line = code[..at].rsplit('\n').next().unwrap_or_default().trim();
        line.is_empty() || line == "pub" || line.starts_with("pub(") && line.ends_with(')')
    })
}

/// The paths of a tree: `a::{b, c::d}` are `a::b` and `a::c::d`.
fn expand(tree: &str, prefix: &[String]) -> Vec<Vec<String>> {
    let tree = tree.trim();
    let path = |names: &str| -> Vec<String> {
        let names = names.split("::").map(str::trim).filter(|name| !name.is_empty());
        prefix.iter().cloned().chain(names.map(str::to_owned)).collect()
    };
    let Some((head, inner)) = tree.split_once('{') else {
        let named = tree.split(" as ").next().unwrap_or_default();
        return vec![path(named)];
    };
    let prefix = path(head);
    let inner = inner.trim_end().trim_end_matches('}');
    let mut depth = 0;
    let parts = inner.split(|c: char| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    parts.filter(|part| !part.trim().is_empty()).flat_map(|part| expand(part, &prefix)).collect()
}

/// Paths that are written out where they are used.
fn qualified(code: &str) -> Vec<Vec<String>> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let of = |root: &'static str| {
        code.match_indices(root).map(|(at, _)| {
            let path: String = code[at..].chars().take_while(|&c| is_name(c) || c == ':').collect();
            path.trim_end_matches(':').split("::").map(str::to_owned).collect()
        })
    };
    of("crate::").chain(of("super::")).collect()
}

struct Files {
    imports: BTreeMap<Module, Imports>,
}

impl Files {
    fn of(krate: &str) -> Self {
        let root = root(krate);
        let mut imports = BTreeMap::new();
        for path in sources(&root) {
            let text = fs::read_to_string(&path).unwrap();
            imports.insert(module(path.strip_prefix(&root).unwrap()), Imports::of(&text));
        }
        Self { imports }
    }

    /// The module in which a path from `from` ends.
    fn resolve(&self, from: &Module, path: &[String], hops: u32) -> Option<Module> {
        let mut at = from.clone();
        let mut names = path;
        match path.first()?.as_str() {
            "crate" => (at, names) = (Module::new(), &path[1..]),
            "self" => names = &path[1..],
            "super" => {
                while names.first().is_some_and(|name| name == "super") {
                    at.pop();
                    names = &names[1..];
                }
            }
            first if !self.imports.contains_key(&child(from, first)) => return None,
            _ => {}
        }
        while let Some(name) = names.first() {
            let next = child(&at, name);
            if !self.imports.contains_key(&next) {
                break;
            }
            (at, names) = (next, &names[1..]);
        }
        let passed_on = names.first().and_then(|name| self.imports[&at].passed_on.get(name));
        let origin = passed_on.filter(|_| hops < 8);
        origin.and_then(|path| self.resolve(&at, path, hops + 1)).or(Some(at))
    }

    /// The files that each file imports.
    fn edges(&self) -> BTreeMap<&Module, BTreeSet<Module>> {
        let targets = |module: &Module, imports: &Imports| -> BTreeSet<Module> {
            let targets = imports.used.iter().filter_map(|path| self.resolve(module, path, 0));
            targets.filter(|target| target != module).collect()
        };
        self.imports.iter().map(|(module, imports)| (module, targets(module, imports))).collect()
    }
}

fn child(module: &Module, name: &str) -> Module {
    module.iter().cloned().chain([name.to_owned()]).collect()
}

fn module(path: &Path) -> Module {
    let mut names: Module =
        path.with_extension("").iter().map(|name| name.to_string_lossy().into_owned()).collect();
    if names.last().is_some_and(|name| name == "mod" || name == "lib") {
        names.pop();
    }
    names
}

/// The circles of a crate: the files that can be reached from each other.
fn circles(krate: &str) -> BTreeSet<Vec<String>> {
    let files = Files::of(krate);
    let edges = files.edges();
    let reach = |from: &Module| -> BTreeSet<Module> {
        let mut found = BTreeSet::new();
        let mut left: Vec<Module> = edges[from].iter().cloned().collect();
        while let Some(next) = left.pop() {
            if found.insert(next.clone()) {
                left.extend(edges.get(&next).into_iter().flatten().cloned());
            }
        }
        found
    };
    let reached: BTreeMap<&Module, BTreeSet<Module>> =
        edges.keys().map(|module| (*module, reach(module))).collect();
    let circle_of = |module: &Module| -> Vec<String> {
        let back = |other: &&Module| reached.get(*other).is_some_and(|of| of.contains(module));
        reached[module].iter().filter(back).map(|other| other.join("/")).collect()
    };
    reached.keys().map(|module| circle_of(module)).filter(|circle| circle.len() > 1).collect()
}

#[track_caller]
fn assert_none(krate: &str) {
    let circles: Vec<String> = circles(krate).iter().map(|files| files.join(", ")).collect();
    assert!(circles.is_empty(), "these files of {krate} import each other: {}", circles.join("; "));
}

#[test]
fn no_files_of_the_harness_import_each_other() {
    assert_none("harness");
}

#[test]
fn no_files_of_restore_core_import_each_other() {
    assert_none("restore-core");
}

#[test]
fn imports_are_found_through_braces_and_in_code() {
    let imports = Imports::of(
        "use super::{a, b::{c as d, E}};\npub use f::G;\nfn h() { crate::i::j(); }\n\
         #[cfg(test)]\nuse crate::k::L;",
    );
    let paths: Vec<String> = imports.used.iter().map(|path| path.join("::")).collect();
    assert_eq!(paths, ["super::a", "super::b::c", "super::b::E", "crate::i::j"]);
    assert_eq!(imports.passed_on["G"], ["f", "G"]);
}
