//! A Rust file as tokens, without comments and the contents of strings, and with test code recognised.

use std::collections::HashSet;
use std::str::FromStr;

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A path as written in code, such as `std::fs::read`: in a `use` (with its groups expanded), an expression, a type or
/// a macro's arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PathUse {
    pub(super) path: String,
    pub(super) line: usize,
    /// The inline modules around it, the outermost first.
    pub(super) within: Vec<String>,
    /// The import, if the path is in a `use`.
    pub(super) import: Option<Import>,
}

/// What a `use` does with a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Import {
    /// The imported name; `*` for everything below the path.
    pub(super) name: String,
    /// Whether it is a re-export: `pub use`, with any visibility.
    pub(super) is_reexport: bool,
}

/// The declaration of a module.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Module {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) is_test: bool,
}

/// What the rules need to know about one Rust file.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) path: String,
    pub(super) line_count: usize,
    /// Whether it contains only tests.
    pub(super) is_test: bool,
    /// The paths outside tests.
    pub(super) paths: Vec<PathUse>,
    /// The modules that it declares, including those in tests.
    pub(super) modules: Vec<Module>,
    /// The functions, types, constants and other items that it defines outside inline modules.
    pub(super) items: HashSet<String>,
    /// The lines of its `#![allow(…)]`, in tests too.
    pub(super) inner_allows: Vec<usize>,
}

impl Source {
    /// Reads a file's tokens.
    ///
    /// # Errors
    /// When it is not Rust.
    pub(super) fn parse(path: &str, text: &str) -> Result<Self> {
        let tokens = TokenStream::from_str(text)
            .map_err(|error| anyhow!("{path}:{}: {error}", error.span().start().line))?;
        let is_test = is_test_file(path);
        let mut source =
            Self { path: path.to_owned(), line_count: text.lines().count(), is_test, ..Self::default() };
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        source.items = items(&tokens);
        source.walk(&tokens, is_test, &[]);
        Ok(source)
    }

    fn walk(&mut self, tokens: &[TokenTree], in_test: bool, within: &[String]) {
        let mut at = 0;
        let mut test_item = false;
        while let Some(token) = tokens.get(at) {
            let in_test = in_test || test_item;
            let mut next = at + 1;
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    if let Some((attribute, after)) = attribute_at(tokens, at) {
                        let attribute: Vec<TokenTree> = attribute.stream().into_iter().collect();
                        test_item |= marks_test(&attribute);
                        if is_punct(&tokens[at + 1], '!') && allows(&attribute) {
                            self.inner_allows.push(punct.span().start().line);
                        }
                        next = after;
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => test_item = false,
                TokenTree::Group(group) => {
                    let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                    match inline_module(tokens, at) {
                        Some(name) => self.walk(&inside, in_test, &[within, &[name]].concat()),
                        None => self.walk(&inside, in_test, within),
                    }
                    if group.delimiter() == Delimiter::Brace {
                        test_item = false;
                    }
                }
                TokenTree::Ident(ident) if ident == "use" && !is_bound(tokens, at) => {
                    next = self.add_imports(tokens, at, in_test, within);
                }
                TokenTree::Ident(ident) => {
                    if let (true, Some(TokenTree::Ident(name))) = (ident == "mod", tokens.get(at + 1)) {
                        let line = name.span().start().line;
                        self.modules.push(Module { name: name.to_string(), line, is_test: in_test });
                    }
                    next = self.add_path(tokens, at, in_test, within);
                }
                _ => {}
            }
            at = next;
        }
    }

    /// Adds the path that begins at an identifier, and returns the index of the next token.
    fn add_path(&mut self, tokens: &[TokenTree], at: usize, in_test: bool, within: &[String]) -> usize {
        let mut found = Vec::new();
        let next = expand_path(tokens, at, String::new(), &mut found);
        if !in_test {
            self.paths.extend(found.into_iter().map(|leaf| PathUse {
                path: leaf.path,
                line: leaf.line,
                within: within.to_vec(),
                import: None,
            }));
        }
        next
    }

    /// Adds the paths of the `use` that begins at `at`, and returns the index of the next token.
    fn add_imports(&mut self, tokens: &[TokenTree], at: usize, in_test: bool, within: &[String]) -> usize {
        let mut found = Vec::new();
        // `use ::name`
        let start = (at + 1..tokens.len()).find(|at| !is_punct(&tokens[*at], ':')).unwrap_or(at + 1);
        let next = expand_path(tokens, start, String::new(), &mut found);
        if !in_test {
            let is_reexport = is_public(tokens, at);
            self.paths.extend(found.into_iter().map(|leaf| {
                let path = leaf.path.strip_suffix("::self").unwrap_or(&leaf.path).to_owned();
                let last = path.rsplit("::").next().unwrap_or_default().to_owned();
                let name = if leaf.is_glob { "*".to_owned() } else { leaf.alias.unwrap_or(last) };
                let import = Some(Import { name, is_reexport });
                PathUse { path, line: leaf.line, within: within.to_vec(), import }
            }));
        }
        next
    }
}

/// One path of an expanded group.
struct Leaf {
    path: String,
    line: usize,
    /// `as NAME`.
    alias: Option<String>,
    /// `::*`.
    is_glob: bool,
}

/// Reads the path that begins at `at`, with `a::{b, c::d}` expanded to `a::b` and `a::c::d`. Returns the index of the
/// next token.
fn expand_path(tokens: &[TokenTree], at: usize, prefix: String, found: &mut Vec<Leaf>) -> usize {
    let mut path = prefix;
    let mut at = at;
    let mut line = tokens.get(at).map_or(0, |token| token.span().start().line);
    let mut is_glob = false;
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(ident)) => {
                path = if path.is_empty() { ident.to_string() } else { format!("{path}::{ident}") };
                line = ident.span().start().line;
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                expand_group(group, &path, found);
                return at + 1;
            }
            Some(token) if is_punct(token, '*') => {
                is_glob = true;
                at += 1;
                break;
            }
            _ => break,
        }
        let continues = tokens.get(at + 1).is_some_and(|token| is_punct(token, ':'))
            && tokens.get(at + 2).is_some_and(|token| is_punct(token, ':'));
        at += if continues { 3 } else { 1 };
        if !continues {
            break;
        }
    }
    let alias = match (tokens.get(at), tokens.get(at + 1)) {
        (Some(TokenTree::Ident(keyword)), Some(TokenTree::Ident(name))) if keyword == "as" => {
            Some(name.to_string())
        }
        _ => None,
    };
    found.push(Leaf { path, line, alias, is_glob });
    at
}

fn expand_group(group: &Group, prefix: &str, found: &mut Vec<Leaf>) {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        at = match &tokens[at] {
            // The name after `as`.
            TokenTree::Ident(ident) if ident == "as" => at + 2,
            TokenTree::Ident(_) => expand_path(&tokens, at, prefix.to_owned(), found),
            TokenTree::Punct(punct) if punct.as_char() == '*' => {
                let line = punct.span().start().line;
                found.push(Leaf { path: prefix.to_owned(), line, alias: None, is_glob: true });
                at + 1
            }
            _ => at + 1,
        };
    }
}

/// The names that the tokens of a file, or of an inline module, define.
fn items(tokens: &[TokenTree]) -> HashSet<String> {
    const KEYWORDS: [&str; 8] = ["const", "enum", "fn", "static", "struct", "trait", "type", "union"];
    let defines = |pair: &[TokenTree]| match pair {
        [TokenTree::Ident(keyword), TokenTree::Ident(name)] if KEYWORDS.iter().any(|one| keyword == one) => {
            Some(name.to_string())
        }
        _ => None,
    };
    tokens.windows(2).filter_map(defines).collect()
}

/// The name of the inline module whose braces are at `at`.
fn inline_module(tokens: &[TokenTree], at: usize) -> Option<String> {
    match tokens.get(at.checked_sub(2)?..at)? {
        [TokenTree::Ident(keyword), TokenTree::Ident(name)] if keyword == "mod" => Some(name.to_string()),
        _ => None,
    }
}

/// Whether the `use` at `at` belongs to `impl Trait + use<…>`.
fn is_bound(tokens: &[TokenTree], at: usize) -> bool {
    tokens.get(at + 1).is_some_and(|token| is_punct(token, '<'))
}

/// Whether the item whose keyword is at `at` is `pub` or `pub(…)`.
fn is_public(tokens: &[TokenTree], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
    let is_pub = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Ident(ident)) if ident == "pub");
    is_pub(before(1)) || (matches!(before(1), Some(TokenTree::Group(_))) && is_pub(before(2)))
}

/// Whether a file contains only tests: it is in `tests/` or `benches/`, or is a module named `tests`, `…_test` or
/// `…_tests`.
fn is_test_file(path: &str) -> bool {
    let mut parts: Vec<&str> = path.split('/').collect();
    let name = parts.pop().unwrap_or_default();
    name == "tests.rs"
        || name.ends_with("_test.rs")
        || name.ends_with("_tests.rs")
        || parts.iter().any(|part| matches!(*part, "tests" | "benches"))
}

/// The attribute whose `#` is at `at`, and the index of the token after it.
fn attribute_at(tokens: &[TokenTree], at: usize) -> Option<(&Group, usize)> {
    let inner = tokens.get(at + 1).is_some_and(|token| is_punct(token, '!'));
    let place = at + if inner { 2 } else { 1 };
    match tokens.get(place) {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => Some((group, place + 1)),
        _ => None,
    }
}

/// Whether an attribute marks test code: `#[test]`, `#[tokio::test]`, `#[cfg(test)]`, `#[cfg(all(test, …))]`.
fn marks_test(attribute: &[TokenTree]) -> bool {
    let mut names = Vec::new();
    let mut arguments = None;
    for token in attribute {
        match token {
            TokenTree::Ident(ident) => names.push(ident.to_string()),
            TokenTree::Group(group) => arguments = Some(group),
            _ => {}
        }
    }
    match names.first().map(String::as_str) {
        Some("cfg") => arguments.is_some_and(|group| requires_test(group.stream())),
        _ => names.last().is_some_and(|name| name == "test"),
    }
}

/// `allow(…)`, `cfg_attr(…, allow(…))`.
fn allows(attribute: &[TokenTree]) -> bool {
    attribute.iter().enumerate().any(|(at, token)| match (token, attribute.get(at + 1)) {
        (TokenTree::Ident(name), Some(TokenTree::Group(_))) if name == "allow" => true,
        (TokenTree::Ident(name), Some(TokenTree::Group(group))) if name == "cfg_attr" => {
            allows(&group.stream().into_iter().collect::<Vec<_>>())
        }
        _ => false,
    })
}

fn requires_test(condition: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = condition.into_iter().collect();
    tokens.iter().enumerate().any(|(at, token)| match token {
        TokenTree::Ident(ident) if ident == "test" => true,
        TokenTree::Ident(ident) if ident == "all" => {
            matches!(tokens.get(at + 1), Some(TokenTree::Group(group)) if requires_test(group.stream()))
        }
        _ => false,
    })
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Source {
        Source::parse("src/sample.rs", text).unwrap()
    }

    fn paths(text: &str) -> Vec<String> {
        parse(text).paths.into_iter().map(|found| found.path).collect()
    }

    fn imports(text: &str) -> Vec<(String, String, bool)> {
        let import = |found: PathUse| {
            let import = found.import?;
            Some((found.path, import.name, import.is_reexport))
        };
        parse(text).paths.into_iter().filter_map(import).collect()
    }

    #[test]
    fn groups_in_a_use_are_spread_out() {
        let found = paths("use std::{fs::{self, File}, net};");
        for path in ["std::fs", "std::fs::File", "std::net"] {
            assert!(found.contains(&path.to_owned()), "{path} in {found:?}");
        }
    }

    #[test]
    fn a_use_gives_names_and_may_hand_them_on() {
        let found = imports("use a::{b as c, d::*, self};\npub(crate) use super::e;\npub use f::g as h;");
        let expected = [
            ("a::b", "c", false),
            ("a::d", "*", false),
            ("a", "a", false),
            ("super::e", "e", true),
            ("f::g", "h", true),
        ];
        assert_eq!(found, expected.map(|(path, name, public)| (path.to_owned(), name.to_owned(), public)));
    }

    #[test]
    fn a_path_knows_the_inline_modules_around_it() {
        let source = parse("mod a { mod b { fn f() { super::g(); } } }\nfn h() { i::j(); }");
        let of = |path: &str| source.paths.iter().find(|found| found.path == path).unwrap().within.clone();
        assert_eq!(of("super::g"), ["a", "b"]);
        assert_eq!(of("i::j"), [""; 0]);
    }

    #[test]
    fn what_a_file_defines_is_known() {
        let source = parse("pub struct A;\nasync fn b() { const INSIDE: u8 = 1; }\nmod c { enum D {} }");
        assert_eq!(source.items, HashSet::from(["A".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn paths_are_found_in_macros_but_not_in_strings_or_comments() {
        assert!(paths("fn f() { vec![std::fs::read(x)]; }").contains(&"std::fs::read".to_owned()));
        let silent = paths("// std::fs\n/* std::net */ const S: &str = \"std::env\";");
        assert!(!silent.iter().any(|path| path.starts_with("std")), "{silent:?}");
    }

    #[test]
    fn test_code_is_left_out() {
        let source = parse(
            "#[cfg(test)]\nmod tests { use std::fs; fn long() {} }\n#[tokio::test]\nasync fn t() { std::net::x() }\n\
             #[cfg(test)]\nuse std::env;\nfn after() { std::process::id(); }",
        );
        let std: Vec<&str> = source
            .paths
            .iter()
            .map(|found| found.path.as_str())
            .filter(|path| path.starts_with("std"))
            .collect();
        assert_eq!(std, ["std::process::id"]);
    }

    #[test]
    fn code_for_everything_but_tests_is_not_test_code() {
        assert!(paths("#[cfg(not(test))]\nfn f() { std::fs::x() }").contains(&"std::fs::x".to_owned()));
    }

    #[test]
    fn files_of_tests_are_known_by_their_path() {
        for path in
            ["crates/server/tests/api/main.rs", "crates/a/src/scope/tests.rs", "crates/a/src/oauth_test.rs"]
        {
            assert!(is_test_file(path), "{path}");
        }
        assert!(!is_test_file("crates/a/src/test_support.rs"));
    }
}
