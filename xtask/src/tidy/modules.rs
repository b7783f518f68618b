//! Finds which file of a crate names which other. Paths are followed through imports and re-exports to the file that
//! defines what they name.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::repository::Repository;
use super::source::{Import, PathUse, Source};

/// The most imports that a name is followed through. No name has so many, and a circle ends there.
const MOST_IMPORTS: usize = 16;

/// One crate.
pub(super) struct Crate<'a> {
    /// The folder of its sources, with a `/` at the end.
    pub(super) folder: &'a str,
    /// Its files, by module path.
    files: BTreeMap<Vec<String>, &'a Source>,
    /// Its imports, by the path of the module that they are in.
    imports: HashMap<Vec<String>, Vec<(&'a str, &'a Import)>>,
}

/// A place where a file names something in another file of its crate.
#[derive(Debug)]
pub(super) struct Arrow<'a> {
    /// The file that contains the name.
    pub(super) from: &'a Source,
    /// The line of the name.
    pub(super) line: usize,
    /// The name, as a path from the root of the crate.
    pub(super) name: String,
    /// The file that defines what is named.
    pub(super) to: &'a Source,
    /// Whether the file depends on what is named. It does not if it only re-exports it (`pub use`), or only imports a
    /// module: its items are then named elsewhere.
    pub(super) is_use: bool,
}

/// The file that a path from the root leads to.
struct Place<'a> {
    file: &'a Source,
    is_module: bool,
}

impl<'a> Crate<'a> {
    /// Every crate of the repository, by the folders that hold a `src/lib.rs` or a `src/main.rs`.
    pub(super) fn all(repository: &'a Repository) -> Vec<Self> {
        let root = |source: &'a Source| {
            let path = source.path.as_str();
            path.strip_suffix("lib.rs").or(path.strip_suffix("main.rs")).filter(|path| path.ends_with("src/"))
        };
        let mut folders: Vec<&str> = repository.sources().iter().filter_map(root).collect();
        folders.sort_unstable();
        folders.dedup();
        folders.into_iter().map(|folder| Self::of(repository, folder)).collect()
    }

    fn of(repository: &'a Repository, folder: &'a str) -> Self {
        let has_library = repository.file(&format!("{folder}lib.rs")).is_some();
        let sources = repository.sources().iter().filter(|source| {
            let Some(path) = source.path.strip_prefix(folder) else { return false };
            // A program beside a library is a separate crate, which uses the library from outside.
            let is_program = path.starts_with("bin/") || (has_library && path == "main.rs");
            !source.is_test && !is_program
        });
        let mut files: BTreeMap<Vec<String>, &Source> =
            sources.map(|source| (module_of(&source.path[folder.len()..]), source)).collect();
        let of_tests: HashSet<Vec<String>> = files
            .iter()
            .flat_map(|(module, source)| {
                let declared = source.modules.iter().filter(|declared| declared.is_test);
                declared.map(|declared| [module.as_slice(), std::slice::from_ref(&declared.name)].concat())
            })
            .collect();
        files.retain(|module, _| !(1..=module.len()).any(|length| of_tests.contains(&module[..length])));
        let mut imports: HashMap<Vec<String>, Vec<(&str, &Import)>> = HashMap::new();
        for (module, source) in &files {
            for found in &source.paths {
                if let Some(import) = &found.import {
                    let place = [module.as_slice(), &found.within].concat();
                    imports.entry(place).or_default().push((&found.path, import));
                }
            }
        }
        Self { folder, files, imports }
    }

    /// Every place where one of its files names something in another.
    pub(super) fn arrows(&self) -> Vec<Arrow<'a>> {
        let mut arrows = Vec::new();
        for (module, source) in &self.files {
            let named = source.paths.iter().filter_map(|found| self.arrow(module, source, found));
            arrows.extend(named.filter(|arrow| arrow.to.path != source.path));
        }
        arrows
    }

    /// The first part of a file's module path; `None` for the root.
    pub(super) fn top_level(&self, file: &Source) -> Option<String> {
        module_of(file.path.strip_prefix(self.folder)?).into_iter().next()
    }

    fn arrow(&self, module: &[String], from: &'a Source, found: &PathUse) -> Option<Arrow<'a>> {
        if found.import.is_none() && !found.path.contains("::") {
            return None;
        }
        let absolute = self.absolute(&[module, &found.within].concat(), &found.path, MOST_IMPORTS)?;
        let Place { file, is_module } = self.place(&absolute, MOST_IMPORTS)?;
        let (is_glob, is_reexport) =
            found.import.as_ref().map_or((false, false), |one| (one.name == "*", one.is_reexport));
        let is_use = !is_reexport && (is_glob || !is_module);
        Some(Arrow { from, line: found.line, name: absolute.join("::"), to: file, is_use })
    }

    /// Resolves a path written in a module to a path from the root. `None` if it leads out of the crate, or names an
    /// item of the module itself.
    fn absolute(&self, module: &[String], path: &str, patience: usize) -> Option<Vec<String>> {
        let parts: Vec<String> = path.split("::").map(str::to_owned).collect();
        let first = parts.first()?;
        let rest = |above: &[String], parts: &[String]| Some([above, parts].concat());
        match first.as_str() {
            "crate" => rest(&[], &parts[1..]),
            "self" => rest(module, &parts[1..]),
            "super" => {
                let up = parts.iter().take_while(|part| *part == "super").count();
                rest(module.get(..module.len().checked_sub(up)?)?, &parts[up..])
            }
            _ => match self.import(module, first) {
                // A name that is imported under itself belongs to another crate.
                Some(imported) if imported.split("::").next() != Some(first) => {
                    let above = self.absolute(module, imported, patience.checked_sub(1)?)?;
                    rest(&above, &parts[1..])
                }
                _ => self.is_module(&rest(module, &parts[..1])?).then(|| rest(module, &parts)).flatten(),
            },
        }
    }

    /// Finds the file that defines what a path from the root names.
    fn place(&self, absolute: &[String], patience: usize) -> Option<Place<'a>> {
        let depth = (0..=absolute.len()).rev().find(|depth| self.is_module(&absolute[..*depth]))?;
        let (module, below) = absolute.split_at(depth);
        let file = *self.files.get(module)?;
        let Some(name) = below.first() else { return Some(Place { file, is_module: true }) };
        let patience = patience.checked_sub(1)?;
        if let Some(imported) = self.import(module, name) {
            let target = self.absolute(module, imported, patience)?;
            return self.place(&[target.as_slice(), &below[1..]].concat(), patience);
        }
        let globs = self.imports.get(module).into_iter().flatten().filter(|(_, import)| import.name == "*");
        let mut of_globs = globs.filter_map(|(path, _)| {
            let target = self.absolute(module, path, patience)?;
            self.files.get(&target)?.items.contains(name).then_some(target)
        });
        if let (false, Some(target)) = (file.items.contains(name), of_globs.next()) {
            return self.place(&[target.as_slice(), below].concat(), patience);
        }
        Some(Place { file, is_module: false })
    }

    fn is_module(&self, path: &[String]) -> bool {
        self.files.contains_key(path)
    }

    /// The path that a module imports under a name.
    fn import(&self, module: &[String], name: &str) -> Option<&'a str> {
        let imports = self.imports.get(module)?;
        imports.iter().find(|(_, import)| import.name == name).map(|(path, _)| *path)
    }
}

/// The module path of a file, from its path below `src/`.
fn module_of(path: &str) -> Vec<String> {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which file of the sample names which, and whether it depends on it.
    fn arrows(files: &[(&str, &str)]) -> Vec<(String, String, bool)> {
        let files: Vec<(String, &str)> =
            files.iter().map(|(path, text)| (format!("crates/a/src/{path}"), *text)).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        let repository = Repository::sample(&files);
        let short = |source: &Source| source.path["crates/a/src/".len()..].to_owned();
        let crates = Crate::all(&repository);
        let all = crates.iter().flat_map(Crate::arrows);
        all.map(|arrow| (short(arrow.from), short(arrow.to), arrow.is_use)).collect()
    }

    fn arrow(from: &str, to: &str, is_use: bool) -> (String, String, bool) {
        (from.to_owned(), to.to_owned(), is_use)
    }

    #[test]
    fn names_are_followed_through_re_exports_to_their_definition() {
        let found = arrows(&[
            ("lib.rs", "mod b;\nmod c;\npub use self::b::Deep;"),
            ("b/mod.rs", "mod d;\npub use self::d::Deep;"),
            ("b/d.rs", "pub struct Deep;"),
            ("c.rs", "fn f(_: crate::Deep) {}"),
        ]);
        assert!(found.contains(&arrow("c.rs", "b/d.rs", true)), "{found:?}");
        assert!(found.iter().all(|(from, _, is_use)| from == "c.rs" || !is_use), "{found:?}");
    }

    #[test]
    fn a_module_in_scope_counts_where_its_items_are_named() {
        let found = arrows(&[
            ("lib.rs", "mod b;\nmod c;"),
            ("b.rs", "pub fn f() {}"),
            ("c.rs", "use crate::b;\nuse b as other;\nfn g() { other::f() }"),
        ]);
        let expected = [("c.rs", "b.rs", false), ("c.rs", "b.rs", false), ("c.rs", "b.rs", true)];
        assert_eq!(found, expected.map(|(from, to, is_use)| arrow(from, to, is_use)));
    }

    #[test]
    fn what_a_glob_hands_on_is_found_by_its_definition() {
        let found = arrows(&[
            ("lib.rs", "mod b;\nmod c;"),
            ("b/mod.rs", "mod d;\npub use d::*;\npub fn own() {}"),
            ("b/d.rs", "pub fn f() {}"),
            ("c.rs", "fn g() { crate::b::f(); crate::b::own(); }"),
        ]);
        assert!(found.contains(&arrow("c.rs", "b/d.rs", true)), "{found:?}");
        assert!(found.contains(&arrow("c.rs", "b/mod.rs", true)), "{found:?}");
    }

    #[test]
    fn other_crates_tests_and_the_file_itself_are_no_arrows() {
        let found = arrows(&[
            ("lib.rs", "mod b;\n#[cfg(test)]\nmod gallery;\nuse std::fs;\nfn f() { fs::read(); self::f(); }"),
            (
                "b.rs",
                "mod inner { fn f() { super::g(); } }\nfn g() {}\n#[cfg(test)]\nmod tests { use crate::f; }",
            ),
            ("gallery.rs", "use crate::b::g;"),
            ("b_test.rs", "use crate::f;"),
        ]);
        assert_eq!(found, []);
    }
}
