//! Patterns of paths: which requests a provider file speaks of.

/// How well a path fits a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// It is another path.
    Not,
    /// It differs only in upper and lower case, or in an ending such as `.json`. A provider may take it for the same.
    Nearly,
    /// It is such a path.
    Wholly,
}

/// A path with `{name}` for the parts that differ, and perhaps `**` at its end for any number of segments.
///
/// A segment that is the version of an API (`v1`, `v58.0`, `2026-07`, `unstable`) stands for every version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    segments: Vec<Segment>,
    is_open: bool,
}

/// A segment: its literal parts, between which there is always something.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment(Vec<String>);

impl PathPattern {
    /// Reads a pattern. It begins with `/`, or is empty.
    pub(super) fn read(text: &str) -> Self {
        let mut segments: Vec<&str> = text.split('/').skip(1).collect();
        let is_open = segments.last() == Some(&"**");
        segments.truncate(segments.len() - usize::from(is_open));
        Self { segments: segments.into_iter().map(Segment::read).collect(), is_open }
    }

    /// How well the decoded segments of a path fit.
    pub fn fit(&self, path: &[String]) -> Fit {
        let is_long_enough = path.len() >= self.segments.len();
        if !is_long_enough || (path.len() > self.segments.len() && !self.is_open) {
            return Fit::Not;
        }
        let (last, mut worst) = (path.len().saturating_sub(1), Fit::Wholly);
        for (index, (segment, text)) in self.segments.iter().zip(path).enumerate() {
            worst = worst.min(segment.fit(text, index == last));
            if worst == Fit::Not {
                break;
            }
        }
        worst
    }
}

impl Segment {
    fn read(text: &str) -> Self {
        let mut parts = vec![String::new()];
        let mut is_name = false;
        for c in text.chars() {
            match (c, parts.last_mut()) {
                ('{', _) => is_name = true,
                ('}', _) => {
                    is_name = false;
                    parts.push(String::new());
                }
                (c, Some(part)) if !is_name => part.push(c),
                _ => {}
            }
        }
        Self(parts)
    }

    fn fit(&self, text: &str, is_last: bool) -> Fit {
        if self.is_exactly(text) {
            return Fit::Wholly;
        }
        if let ([literal], false) = (self.0.as_slice(), is_last) {
            return if literal.eq_ignore_ascii_case(text) { Fit::Nearly } else { Fit::Not };
        }
        let near = Self(self.0.iter().map(|part| part.to_ascii_lowercase()).collect());
        let text = text.to_ascii_lowercase();
        if near.is_exactly(&text) || (is_last && near.without_ending().is_exactly(without_ending(&text))) {
            Fit::Nearly
        } else {
            Fit::Not
        }
    }

    fn is_exactly(&self, text: &str) -> bool {
        match self.0.as_slice() {
            [literal] => literal == text || (is_version(literal) && is_version(text)),
            [first, middle @ .., last] => {
                let inner =
                    text.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str()));
                inner.is_some_and(|inner| has_between(inner, middle))
            }
            [] => false,
        }
    }

    fn without_ending(mut self) -> Self {
        if let Some(last) = self.0.last_mut() {
            *last = without_ending(last).to_owned();
        }
        self
    }
}

/// Whether a text has these literals in this order, with something before, between and behind them.
fn has_between(text: &str, literals: &[String]) -> bool {
    let Some((first, rest)) = literals.split_first() else { return !text.is_empty() };
    text.match_indices(first.as_str())
        .filter(|(at, _)| *at > 0)
        .any(|(at, found)| has_between(&text[at + found.len()..], rest))
}

fn without_ending(text: &str) -> &str {
    text.strip_suffix(".json").or_else(|| text.strip_suffix(".xml")).unwrap_or(text)
}

/// Whether a segment is the version of an API.
fn is_version(text: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_numbered =
        |text: &str| text.strip_prefix(['v', 'V']).is_some_and(|rest| rest.split('.').all(is_number));
    let is_date = |text: &str| {
        let parts: Vec<&str> = text.split('-').collect();
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        parts.iter().all(|part| is_number(part)) && matches!(lengths.as_slice(), [4, 2] | [4, 2, 2])
    };
    text == "unstable" || is_numbered(text) || is_date(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(pattern: &str, path: &str) -> Fit {
        let path: Vec<String> = path.split('/').skip(1).map(str::to_owned).collect();
        PathPattern::read(pattern).fit(&path)
    }

    #[test]
    fn a_path_fits_its_pattern_alone() {
        for (pattern, path) in [
            ("/v1/refunds", "/v1/refunds"),
            ("/v1/charges/{charge}/refunds", "/v1/charges/ch_1/refunds"),
            ("/orders/{order}.json", "/orders/12.json"),
            ("/oauth.{method}", "/oauth.v2.access"),
            ("/x/{a}-{b}-c", "/x/1-2-3-c"),
            ("/admin/oauth/**", "/admin/oauth"),
            ("/admin/oauth/**", "/admin/oauth/a/b"),
            ("/**", "/anything"),
            ("", ""),
        ] {
            assert_eq!(fit(pattern, path), Fit::Wholly, "{pattern} {path}");
        }
        for (pattern, path) in [
            ("/v1/refunds", "/v1/refunds/re_1"),
            ("/v1/refunds", "/v1"),
            ("/v1/refunds", "/x/refunds"),
            ("/orders/{order}.json", "/orders/.json"),
            ("/oauth.{method}", "/oauth."),
            ("/x/{a}-{b}-c", "/x/1-c"),
            ("/admin/oauth/**", "/admin/oauthx"),
            ("", "/x"),
        ] {
            assert_eq!(fit(pattern, path), Fit::Not, "{pattern} {path}");
        }
    }

    #[test]
    fn every_version_is_the_same_and_another_spelling_nearly() {
        for (pattern, path, expected) in [
            ("/admin/api/2026-07/x", "/admin/api/2024-01/x", Fit::Wholly),
            ("/admin/api/2026-07/x", "/admin/api/unstable/x", Fit::Wholly),
            ("/services/data/v68.0/x", "/services/data/v7.0/x", Fit::Wholly),
            ("/crm/2026-09-15/x", "/crm/v3/x", Fit::Wholly),
            ("/v1/refunds", "/V2/refunds", Fit::Wholly),
            ("/v1/refunds", "/v1/Refunds", Fit::Nearly),
            ("/v1/refunds", "/v1/refunds.json", Fit::Nearly),
            ("/v1/refunds.json", "/v1/refunds", Fit::Nearly),
            ("/v1/refunds", "/v1/refunds.csv", Fit::Not),
            ("/v1/refunds", "/vx/refunds", Fit::Not),
            ("/2026-07/x", "/2026-7/x", Fit::Not),
        ] {
            assert_eq!(fit(pattern, path), expected, "{pattern} {path}");
        }
    }
}
