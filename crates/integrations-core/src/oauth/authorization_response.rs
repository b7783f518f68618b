//! The authorization response: the parameters with which a provider sends the browser back (RFC 6749, section 4.1.2).

use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::text::{one_line, without_tokens};

/// The most characters of an error's code that are shown.
const MAX_CODE: usize = 64;
/// The most characters of an error's description that are shown.
const MAX_DESCRIPTION: usize = 200;
/// The longest code that is sent to a token endpoint, in bytes.
const MAX_AUTHORIZATION_CODE: usize = 16 * 1024;
/// The most values of `state` that are read. There should be one.
const MAX_STATES: usize = 4;

/// What a person may read of an error that an address reports. Anybody can write such an address, so it is one short
/// line without control characters, marks of direction and tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedError {
    /// Its code, such as `access_denied` (section 4.1.2.1).
    pub code: String,
    /// Its description, if there is one.
    pub description: Option<String>,
}

impl ReportedError {
    /// Whether the person, or the provider for the person, declined.
    pub fn is_denial(&self) -> bool {
        self.code == "access_denied"
    }
}

/// Why a response has no code that could be exchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoCode {
    /// It reports an error.
    Reported(ReportedError),
    /// A parameter is missing, there more than once, or not valid. The text says which.
    Malformed(&'static str),
}

/// The parameters of a response. It holds secrets, so it has no `Debug`.
pub struct AuthorizationResponse {
    parameters: Vec<(String, String)>,
}

impl AuthorizationResponse {
    /// Reads a query string, without `?`.
    pub fn read(query: &str) -> Self {
        let parameters = form_urlencoded::parse(query.as_bytes());
        Self { parameters: parameters.map(|(name, value)| (name.into_owned(), value.into_owned())).collect() }
    }

    /// Each value of a parameter.
    pub(super) fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        self.parameters.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Each value of `state`. Only a response that has one may be exchanged, but every one of them is revealed.
    pub fn states(&self) -> impl Iterator<Item = &str> {
        self.all("state").take(MAX_STATES)
    }

    /// The `iss` (RFC 9207).
    pub fn issuer(&self) -> Option<&str> {
        self.all("iss").next()
    }

    /// The error that it reports. An empty `error` is none: some providers send all parameters every time.
    pub fn reported(&self) -> Option<ReportedError> {
        let code = self.all("error").find(|code| !code.is_empty())?;
        let shown = |text: &str, limit| one_line(&without_tokens(text), limit);
        Some(ReportedError {
            code: shown(code, MAX_CODE).unwrap_or_else(|| "unknown".to_owned()),
            description: self.all("error_description").find_map(|text| shown(text, MAX_DESCRIPTION)),
        })
    }

    /// The code, if there is exactly one and no error, and if no parameter is there more than once (section 3.1). It is
    /// in the parameter `code`, which some providers call otherwise.
    pub fn code<'s>(&'s self, code: &'s str) -> Result<&'s str, NoCode> {
        if let Some(reported) = self.reported() {
            return Err(NoCode::Reported(reported));
        }
        for (name, repeated) in [
            ("state", "it has more than one state"),
            ("iss", "it has more than one iss"),
            (code, "it has more than one code"),
        ] {
            if self.all(name).nth(1).is_some() {
                return Err(NoCode::Malformed(repeated));
            }
        }
        let code = self.all(code).next().filter(|code| !code.is_empty());
        let code = code.ok_or(NoCode::Malformed("it has neither a code nor an error"))?;
        // RFC 6749, appendix A.11: visible characters and blanks.
        if code.len() > MAX_AUTHORIZATION_CODE || !code.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
            return Err(NoCode::Malformed("its code is not one"));
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(query: &str) -> Option<(String, Option<String>)> {
        let reported = AuthorizationResponse::read(query).reported();
        reported.map(|error| (error.code, error.description))
    }

    fn error(code: &str, description: Option<&str>) -> Option<(String, Option<String>)> {
        Some((code.to_owned(), description.map(str::to_owned)))
    }

    #[test]
    fn an_error_is_read_with_its_description() {
        assert_eq!(reported("error=access_denied&state=x"), error("access_denied", None));
        assert_eq!(
            reported("error_description=The+user+said+no.&error=access_denied"),
            error("access_denied", Some("The user said no."))
        );
        assert_eq!(reported("error=&error=server_error&code=1"), error("server_error", None));
    }

    #[test]
    fn an_empty_error_is_none() {
        for query in ["", "error=", "error", "error=&error_description=x", "code=1&state=2&error="] {
            assert_eq!(reported(query), None, "{query}");
        }
        assert_eq!(
            AuthorizationResponse::read("error=&code=1&error_description=&state=2").code("code"),
            Ok("1")
        );
    }

    #[test]
    fn what_is_shown_is_one_short_line_without_marks_and_tokens() {
        for (query, code, description) in [
            ("error=a%00b%0d%0aWARN+x&error_description=%1b[31m", "ab WARN x", Some("[31m")),
            ("error=e&error_description=moc%E2%80%AE.live%D8%9C", "e", Some("moc.live")),
            ("error=e&error_description=%E2%80%8B+%E2%81%A0", "e", None),
            ("error=%00", "unknown", None),
            ("error=e&error_description=code+0907a61c0c8d55e99db179b68161bc00", "e", Some("code [redacted]")),
        ] {
            assert_eq!(reported(query), error(code, description), "{query}");
        }
        let (code, description) =
            reported(&format!("error={0}&error_description={0}", "x ".repeat(5_000))).unwrap();
        assert!(code.len() <= 64 && description.unwrap().len() <= 200);
    }

    #[test]
    fn one_code_and_no_error_is_a_code() {
        let code = |query: &str| AuthorizationResponse::read(query).code("code").map(str::to_owned);
        assert_eq!(code("code=a+b%2Fc&state=1"), Ok("a b/c".to_owned()));
        for malformed in [
            "",
            "state=1",
            "state=1&code=",
            "code=1&code=1&state=1",
            "code=1&state=1&state=2",
            "code=1&state=1&iss=a&iss=b",
            "code=%00&state=1",
            "code=a%0d%0ab&state=1",
            "code=%E2%80%AE&state=1",
            &format!("code={}&state=1", "x".repeat(16 * 1024 + 1)),
        ] {
            assert!(matches!(code(malformed), Err(NoCode::Malformed(_))), "{malformed:.80}");
        }
        assert!(matches!(code("code=1&error=access_denied&state=1"), Err(NoCode::Reported(_))));
        let renamed = AuthorizationResponse::read("code=1&state=1&spapi_oauth_code=2");
        assert_eq!(renamed.code("spapi_oauth_code"), Ok("2"));
        assert!(matches!(
            AuthorizationResponse::read("code=1&state=1").code("own"),
            Err(NoCode::Malformed(_))
        ));
    }

    #[test]
    fn every_state_is_read_up_to_a_few() {
        let response = AuthorizationResponse::read("state=1&code=2&st%61te=3");
        assert_eq!(response.states().collect::<Vec<_>>(), ["1", "3"]);
        let many = "state=x&".repeat(100);
        assert_eq!(AuthorizationResponse::read(&many).states().count(), 4);
    }
}
