//! Amounts of money are never made a hundred times or a hundredth.
//!
//! Not every currency has cents: a hundredfold makes ¥500 into ¥50,000. The core has one table of exponents, and
//! amounts are counted by it alone. Checked here because clippy knows no such rule.

use anyhow::{Result, anyhow};
use proc_macro2::{TokenStream, TokenTree};

use super::repository::Repository;
use super::violation::Violation;

/// What knows amounts of money.
const PLACES: [&str; 3] = ["crates/integrations-core/src/", "crates/server/src/", "crates/cli/src/"];

/// No code multiplies or divides by 100.
pub(super) fn no_hundredfold(repository: &Repository) -> Result<Vec<Violation>> {
    let message = "not every currency has cents: count amounts with the exponents of the core's table, or give a \
                   number that is no amount a name";
    let is_source = |path: &str| path.ends_with(".rs") && PLACES.iter().any(|place| path.starts_with(place));
    let mut violations = Vec::new();
    for file in repository.files().iter().filter(|file| is_source(&file.path)) {
        let tokens: TokenStream = file.text.parse().map_err(|error| anyhow!("{}: {error}", file.path))?;
        let mut lines = Vec::new();
        find(tokens, false, &mut lines);
        violations.extend(lines.into_iter().map(|line| Violation::new(&file.path, line, message)));
    }
    Ok(violations)
}

/// Adds the lines in which 100 is an operand of a multiplication or the divisor of a division, be it as an argument of
/// `checked_mul` and the like.
fn find(tokens: TokenStream, is_argument: bool, lines: &mut Vec<usize>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is_one_of = |token: Option<&TokenTree>, signs: &[char]| matches!(token, Some(TokenTree::Punct(sign)) if signs.contains(&sign.as_char()));
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        match token {
            TokenTree::Literal(number)
                if is_hundred(&number.to_string())
                    && (is_argument
                        || is_one_of(before, &['*', '/'])
                        || is_one_of(tokens.get(at + 1), &['*'])) =>
            {
                lines.push(number.span().start().line);
            }
            TokenTree::Group(group) => {
                let called = before.map(ToString::to_string).unwrap_or_default();
                let is_argument = called.ends_with("_mul") || called.ends_with("_div");
                find(group.stream(), is_argument, lines);
            }
            _ => {}
        }
    }
}

/// `100`, `100.0`, `100_i64`.
fn is_hundred(number: &str) -> bool {
    let digits = number.replace('_', "");
    matches!(digits.split(['f', 'i', 'u']).next(), Some("100" | "100.0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundredfold_and_a_hundredth_are_found() {
        let text = "let cents = euros * 100;\nlet euros = cents / 100.0;\nlet more = 100 * euros;\n\
                    let it = euros.checked_mul(100)?;\nlet typed = cents / 100_i64;";
        let path = "crates/server/src/a.rs";
        let found = no_hundredfold(&Repository::sample(&[(path, text), ("xtask/src/b.rs", text)])).unwrap();
        let lines: Vec<(&str, usize)> = found.iter().map(|found| (found.file.as_str(), found.line)).collect();
        assert_eq!(lines, [1, 2, 3, 4, 5].map(|line| (path, line)));
    }

    #[test]
    fn other_numbers_are_left_alone() {
        let text =
            "seconds * 1000;\nx / 100_000;\nlet most = 100;\n// euros * 100\nlist(100, 1);\nx * 100.5;";
        let repository = Repository::sample(&[("crates/server/src/a.rs", text)]);
        assert_eq!(no_hundredfold(&repository).unwrap(), []);
    }
}
