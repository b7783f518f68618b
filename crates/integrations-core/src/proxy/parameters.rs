//! Parameters that would change what a request means.

use url::form_urlencoded;

use super::Refusal;

/// Names of parameters by which frameworks take another method than the request's own: Rack and its kin, and
/// Salesforce.
const METHODS: [&str; 3] = ["_method", "_httpmethod", "x-http-method-override"];
/// What stands before the name of a part.
const NAME: &[u8] = b"name";

/// Checks a query as it arrived.
pub(super) fn check_query(query: &str) -> Result<(), Refusal> {
    if !query.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Refusal::unclear("The query must be printable ASCII"));
    }
    let mut rest = query;
    while let Some((_, behind)) = rest.split_once('%') {
        if !behind.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            return Err(Refusal::unclear("The query has a % that is not followed by two hexadecimal digits"));
        }
        rest = behind;
    }
    check_fields(query.as_bytes())
}

/// Checks a body that is a form, of this media type. Other bodies pass.
pub fn check_form(media: &str, body: &[u8]) -> Result<(), Refusal> {
    match media {
        "application/x-www-form-urlencoded" => check_fields(body),
        media if media.starts_with("multipart/") => check_parts(body),
        _ => Ok(()),
    }
}

fn check_fields(fields: &[u8]) -> Result<(), Refusal> {
    // `a[_method]` and `_method[]` name other fields in some frameworks, and the same in others.
    let is_method = |name: &String| METHODS.iter().any(|method| trimmed(name).eq_ignore_ascii_case(method));
    names(fields).find(is_method).map_or(Ok(()), |name| Err(other_method(&name)))
}

/// Whether a query has one of these parameters, alone or as a list: `expand`, `expand[]`, `expand[0]`.
pub(super) fn has_one_of(query: &str, parameters: &[String]) -> bool {
    names(query.as_bytes()).any(|name| {
        let base = trimmed(&name).split('[').next().unwrap_or_default().trim_end();
        parameters.iter().any(|parameter| base.eq_ignore_ascii_case(parameter))
    })
}

/// The names of a form's fields, decoded. Some servers split at `;` too.
fn names(fields: &[u8]) -> impl Iterator<Item = String> {
    let each = fields.split(|byte| matches!(byte, b'&' | b';'));
    each.flat_map(|field| form_urlencoded::parse(field).map(|(name, _)| name.into_owned()))
}

/// A name without what some servers leave out at its ends.
fn trimmed(name: &str) -> &str {
    name.trim_matches(|c: char| c.is_whitespace() || c.is_control() || "[]\u{feff}".contains(c))
}

/// Checks the parts of a multipart form by their bytes: how a server splits them is not known.
fn check_parts(body: &[u8]) -> Result<(), Refusal> {
    let named = body.windows(NAME.len()).enumerate().filter(|(_, window)| window.eq_ignore_ascii_case(NAME));
    let names = named.filter_map(|(at, _)| {
        let value = body[at + NAME.len()..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
        Some(
            value
                .strip_prefix(b"\"")
                .or_else(|| value.strip_prefix(b"'"))
                .unwrap_or(value)
                .trim_ascii_start(),
        )
    });
    let starts = |name: &[u8], method: &str| {
        name.get(..method.len()).is_some_and(|start| start.eq_ignore_ascii_case(method.as_bytes()))
    };
    let mut found = names.filter_map(|name| METHODS.iter().find(|method| starts(name, method)));
    found.next().map_or(Ok(()), |name| Err(other_method(name)))
}

fn other_method(name: &str) -> Refusal {
    Refusal::Unclear(format!(
        "The parameter {name} would give the request another method: send the method itself"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_changes_the_method_is_refused() {
        for query in [
            "_method=DELETE",
            "a=1&_METHOD=put",
            "%5fmethod=x",
            "_%6Dethod",
            "a;_method=x",
            "_HttpMethod=PATCH",
            "_method[]=x",
            "+_method=x",
            "x-http-method-override=PUT",
            "a=%zz",
            "a=%",
            "a b",
            "ä",
        ] {
            assert!(check_query(query).is_err(), "{query}");
        }
        for query in ["", "a=1&b=%20", "payment_method=pm_1", "method=x", "a=_method", "q=a;b"] {
            assert_eq!(check_query(query), Ok(()), "{query}");
        }
    }

    #[test]
    fn a_parameter_is_found_in_every_spelling() {
        let expand = ["expand".to_owned()];
        for query in [
            "expand=a",
            "expand[]=a",
            "expand%5B0%5D=a",
            "a=1&%65xpand%5B%5D=b",
            "a;expand[]",
            "+expand=a",
            "Expand[a][b]=c",
            "[expand]=a",
        ] {
            assert!(has_one_of(query, &expand), "{query}");
        }
        for query in ["", "a=expand", "expands=a", "a[expand]=b", "expand_a=b"] {
            assert!(!has_one_of(query, &expand), "{query}");
        }
    }

    #[test]
    fn so_is_one_in_a_form() {
        let (urlencoded, multipart) = ("application/x-www-form-urlencoded", "multipart/form-data");
        assert!(check_form(urlencoded, b"a=1&_method=delete").is_err());
        assert!(check_form(urlencoded, b"payment_method=pm_1").is_ok());
        let part =
            |name: &str| format!("--b\r\nContent-Disposition: form-data; {name}\r\n\r\ndelete\r\n--b--");
        for name in ["name=\"_method\"", "NAME=\"_Method\"", "name=_method", "name='_method'"] {
            assert!(check_form(multipart, part(name).as_bytes()).is_err(), "{name}");
        }
        assert!(check_form(multipart, part("name=\"payment_method\"").as_bytes()).is_ok());
        assert!(check_form("application/json", b"{\"_method\":1}").is_ok());
    }
}
