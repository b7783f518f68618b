//! A Rust file as tokens: comments and the insides of strings are no code, and test code is known as such.

use std::str::FromStr;

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A path as written in code, such as `std::fs::read`, wherever it stands: a `use` (its groups spread out), an
/// expression, a type or a macro's arguments.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PathUse {
    pub(super) path: String,
    pub(super) line: usize,
}

/// A function.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) line: usize,
    /// From its `fn` to its closing brace.
    pub(super) lines: usize,
    /// Whether it carries an attribute whose path begins with `utoipa`.
    pub(super) is_route: bool,
}

/// A name with the line it stands on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) line: usize,
}

/// A method's call.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MethodCall {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) arguments: usize,
}

/// What the rules ask of one Rust file.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) path: String,
    pub(super) line_count: usize,
    /// Outside tests.
    pub(super) paths: Vec<PathUse>,
    /// Macros called outside tests, by their last name, without the `!`.
    pub(super) macros: Vec<Named>,
    /// Methods called outside tests.
    pub(super) methods: Vec<MethodCall>,
    /// Outside tests.
    pub(super) functions: Vec<Function>,
    /// `allow` attributes, in tests too.
    pub(super) allows: Vec<Named>,
    /// Modules declared, in tests too.
    pub(super) modules: Vec<Named>,
    /// The names in `routes!(…)`.
    pub(super) routes: Vec<String>,
}

impl Source {
    /// Reads a file's tokens.
    ///
    /// # Errors
    /// When it is not Rust.
    pub(super) fn parse(path: &str, text: &str) -> Result<Self> {
        let tokens = TokenStream::from_str(text)
            .map_err(|error| anyhow!("{path}:{}: {error}", error.span().start().line))?;
        let mut source = Self { path: path.to_owned(), line_count: text.lines().count(), ..Self::default() };
        source.walk(&tokens.into_iter().collect::<Vec<_>>(), is_test_file(path));
        Ok(source)
    }

    fn walk(&mut self, tokens: &[TokenTree], in_test: bool) {
        let mut at = 0;
        let mut test_item = false;
        let mut route_item = false;
        while let Some(token) = tokens.get(at) {
            let in_test = in_test || test_item;
            let mut next = at + 1;
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    if let Some((attribute, after)) = attribute_at(tokens, at) {
                        let attribute: Vec<TokenTree> = attribute.stream().into_iter().collect();
                        self.note_allows(&attribute);
                        test_item |= marks_test(&attribute);
                        route_item |= first_ident(&attribute).is_some_and(|name| name == "utoipa");
                        next = after;
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => (test_item, route_item) = (false, false),
                TokenTree::Group(group) => {
                    self.walk(&group.stream().into_iter().collect::<Vec<_>>(), in_test);
                    if group.delimiter() == Delimiter::Brace {
                        (test_item, route_item) = (false, false);
                    }
                }
                TokenTree::Ident(ident) => {
                    let (name, line) = (ident.to_string(), ident.span().start().line);
                    self.note_declaration(&name, line, &tokens[at..], in_test, route_item);
                    next = self.note_use(tokens, at, in_test);
                }
                _ => {}
            }
            at = next;
        }
    }

    /// `fn name … { … }` and `mod name`.
    fn note_declaration(
        &mut self,
        keyword: &str,
        line: usize,
        tokens: &[TokenTree],
        in_test: bool,
        is_route: bool,
    ) {
        let Some(TokenTree::Ident(name)) = tokens.get(1) else { return };
        if keyword == "mod" {
            self.modules.push(Named { name: name.to_string(), line });
        }
        if keyword == "fn" && !in_test {
            let body =
                tokens.iter().take_while(|token| !is_punct(token, ';')).find_map(|token| match token {
                    TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group),
                    _ => None,
                });
            if let Some(body) = body {
                let lines = body.span_close().end().line - line + 1;
                self.functions.push(Function { name: name.to_string(), line, lines, is_route });
            }
        }
    }

    /// Notes the path, macro or method that begins at an identifier, and returns where to go on.
    fn note_use(&mut self, tokens: &[TokenTree], at: usize, in_test: bool) -> usize {
        let mut found = Vec::new();
        let next = spread_path(tokens, at, String::new(), &mut found);
        let line = tokens[at].span().start().line;
        let last =
            found.last().map_or("", |found| found.path.rsplit("::").next().unwrap_or_default()).to_owned();
        let is_macro = tokens.get(next).is_some_and(|token| is_punct(token, '!'))
            && matches!(tokens.get(next + 1), Some(TokenTree::Group(_)));
        if is_macro
            && last == "routes"
            && let Some(TokenTree::Group(arguments)) = tokens.get(next + 1)
        {
            self.routes.extend(last_names(arguments));
        }
        if in_test {
            return next;
        }
        if is_macro {
            self.macros.push(Named { name: last.clone(), line });
        }
        if at > 0
            && is_punct(&tokens[at - 1], '.')
            && let Some(TokenTree::Group(group)) = tokens.get(next)
            && group.delimiter() == Delimiter::Parenthesis
        {
            self.methods.push(MethodCall { name: last, line, arguments: arguments(group) });
        }
        self.paths.append(&mut found);
        next
    }

    /// `allow(…)`, also inside `cfg_attr(…)`.
    fn note_allows(&mut self, attribute: &[TokenTree]) {
        for (at, token) in attribute.iter().enumerate() {
            match (token, attribute.get(at + 1)) {
                (TokenTree::Ident(ident), Some(TokenTree::Group(lints))) if ident == "allow" => {
                    self.allows
                        .push(Named { name: lints.stream().to_string(), line: ident.span().start().line });
                }
                (TokenTree::Group(group), _) => {
                    self.note_allows(&group.stream().into_iter().collect::<Vec<_>>())
                }
                _ => {}
            }
        }
    }
}

/// Whether a file holds only tests: under `tests/` or `benches/`, or a module named `tests`, `…_test` or `…_tests`.
fn is_test_file(path: &str) -> bool {
    let mut parts: Vec<&str> = path.split('/').collect();
    let name = parts.pop().unwrap_or_default();
    name == "tests.rs"
        || name.ends_with("_test.rs")
        || name.ends_with("_tests.rs")
        || parts.iter().any(|part| matches!(*part, "tests" | "benches"))
}

/// The attribute whose `#` is at `at`, and where the tokens after it begin.
fn attribute_at(tokens: &[TokenTree], at: usize) -> Option<(&Group, usize)> {
    let inner = tokens.get(at + 1).is_some_and(|token| is_punct(token, '!'));
    let place = at + if inner { 2 } else { 1 };
    match tokens.get(place) {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => Some((group, place + 1)),
        _ => None,
    }
}

/// `#[test]`, `#[tokio::test]`, `#[cfg(test)]`, `#[cfg(all(test, …))]`.
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

fn first_ident(tokens: &[TokenTree]) -> Option<String> {
    match tokens.first() {
        Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
        _ => None,
    }
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

/// How many arguments a call has. A comma between the angle brackets of a type counts too.
fn arguments(group: &Group) -> usize {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    tokens.split(|token| is_punct(token, ',')).filter(|argument| !argument.is_empty()).count()
}

/// The path that begins at `at`, with `a::{b, c::d}` spread into `a::b` and `a::c::d`; returns what follows it.
fn spread_path(tokens: &[TokenTree], at: usize, prefix: String, found: &mut Vec<PathUse>) -> usize {
    let mut path = prefix;
    let mut at = at;
    let mut line = tokens.get(at).map_or(0, |token| token.span().start().line);
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(ident)) => {
                path = if path.is_empty() { ident.to_string() } else { format!("{path}::{ident}") };
                line = ident.span().start().line;
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                spread_group(group, &path, found);
                return at + 1;
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
    found.push(PathUse { path, line });
    at
}

fn spread_group(group: &Group, prefix: &str, found: &mut Vec<PathUse>) {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        at = match &tokens[at] {
            TokenTree::Ident(_) => spread_path(&tokens, at, prefix.to_owned(), found),
            _ => at + 1,
        };
    }
}

/// The last names of the paths in a macro's arguments: `list::list, show` gives `list` and `show`.
fn last_names(arguments: &Group) -> Vec<String> {
    let mut found = Vec::new();
    spread_group(arguments, "", &mut found);
    found.iter().filter_map(|found| found.path.rsplit("::").next()).map(str::to_owned).collect()
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

    #[test]
    fn groups_in_a_use_are_spread_out() {
        let found = paths("use std::{fs::{self, File}, net};");
        for path in ["std::fs::self", "std::fs::File", "std::net"] {
            assert!(found.contains(&path.to_owned()), "{path} in {found:?}");
        }
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
        assert_eq!(source.functions.len(), 1);
        assert_eq!(source.functions[0].name, "after");
    }

    #[test]
    fn code_for_everything_but_tests_is_not_test_code() {
        assert!(paths("#[cfg(not(test))]\nfn f() { std::fs::x() }").contains(&"std::fs::x".to_owned()));
    }

    #[test]
    fn a_function_s_length_counts_from_fn_to_its_brace() {
        let source = parse(
            "/// Says.\nfn f<T>(\n  a: T,\n) -> u8\nwhere\n  T: Copy,\n{\n  1\n}\nfn g() {}\ntrait T { fn h(); }",
        );
        let lengths: Vec<(&str, usize, usize)> = source
            .functions
            .iter()
            .map(|function| (function.name.as_str(), function.line, function.lines))
            .collect();
        assert_eq!(lengths, [("f", 2, 8), ("g", 10, 1)]);
    }

    #[test]
    fn allow_is_found_inside_other_attributes() {
        assert_eq!(parse("#![allow(dead_code)]").allows.len(), 1);
        assert_eq!(parse("#[cfg_attr(test, allow(unused))] fn f() {}").allows.len(), 1);
        assert_eq!(parse("#[expect(dead_code, reason = \"allow(x)\")] fn f() {}").allows.len(), 0);
    }

    #[test]
    fn routes_macros_and_methods_are_noted() {
        let source = parse(
            "#[utoipa::path(get)]\nasync fn list() {}\nfn r() { OpenApiRouter::new().routes(routes!(a::list, show)); println!(\"x\"); }",
        );
        assert_eq!(source.routes, ["list", "show"]);
        assert!(source.functions.iter().any(|function| function.name == "list" && function.is_route));
        assert!(source.functions.iter().any(|function| function.name == "r" && !function.is_route));
        assert!(source.macros.iter().any(|found| found.name == "println"));
        assert!(source.methods.iter().any(|found| found.name == "routes"));
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
