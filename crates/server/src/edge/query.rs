//! Reads query strings. It refuses what most parsers repair or ignore.

use http::Uri;
use integrations_core::issue::Issue;

use super::{failure::Failure, form};

/// The parameters `names` of a request, in that order. Others are ignored, because clients and proxies add their own.
///
/// Refuses a parameter that is given twice, percent-encoding that is not UTF-8, and NUL characters.
pub(crate) fn parameters<const N: usize>(
    uri: &Uri,
    names: [&str; N],
) -> Result<[Option<String>; N], Failure> {
    let mut values = [const { None }; N];
    let mut issues = Vec::new();
    for (name, value) in form::pairs(uri.query().unwrap_or_default()) {
        let Some(place) = names.iter().position(|known| name.as_deref() == Ok(*known)) else { continue };
        let path = format!("query.{}", names[place]);
        match value {
            Ok(_) if values[place].is_some() => issues.push(Issue::new(path, "Given twice")),
            Ok(value) => values[place] = Some(value),
            Err(reason) => issues.push(Issue::new(path, reason)),
        }
    }
    if issues.is_empty() { Ok(values) } else { Err(Failure::invalid("Invalid query", issues)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<[Option<String>; 2], String> {
        let uri: Uri = format!("/?{query}").parse().unwrap();
        parameters(&uri, ["q", "status"]).map_err(|error| error.issues[0].to_string())
    }

    #[test]
    fn parameters_are_read_and_others_left_alone() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read("").unwrap(), [None, None]);
        assert_eq!(read("q=a+b%20c&x=%FF&status=").unwrap(), [some("a b c"), some("")]);
        assert_eq!(read("&&q").unwrap(), [some(""), None]);
        assert_eq!(read("q=%C3%A9%25").unwrap(), [some("é%"), None]);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert_eq!(read("q=%FF").unwrap_err(), "query.q: Must be UTF-8");
        assert_eq!(read("q=a%00b").unwrap_err(), "query.q: Must not contain the NUL character");
        assert_eq!(read("q=a&q=b").unwrap_err(), "query.q: Given twice");
        assert_eq!(read("status=a&st%61tus=b").unwrap_err(), "query.status: Given twice");
    }
}
