//! Keeps the credential, and what an action calls sensitive, out of what comes back from a provider.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use http::{HeaderMap, header::AUTHORIZATION};
use integrations_core::{
    action::sensitive_values,
    audit::REDACTED,
    catalog::{Provider, action::Action, own_client},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

/// What RFC 3986, section 2.3 leaves as it is.
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Shorter values are found everywhere, and keep nothing secret.
const SHORTEST: usize = 4;

/// The secrets of a credential in every form in which they may come back. `Debug` shows nothing of them.
#[derive(Clone, Default)]
pub(in crate::services) struct Secrets(Vec<String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    /// The secrets of a provider's credential.
    pub(in crate::services) fn of(
        provider: &Provider,
        connection: &Map<String, Value>,
        credential: &Map<String, Value>,
    ) -> Self {
        let fields = provider.form().into_iter().flat_map(|form| &form.fields);
        // What was found out of a server is no secret, but for what it gave us.
        let fields = fields.filter(|field| !field.found || field.key == own_client::REGISTERED_SECRET);
        let names = fields.map(|field| field.key.as_str()).chain(["access_token", "refresh_token"]);
        let values: Vec<&str> = names.filter_map(|name| credential.get(name)?.as_str()).collect();
        let in_urls = values.iter().flat_map(|value| parts_of_url(value));
        let mut secrets: Vec<String> =
            in_urls.chain(values.iter().map(|value| (*value).to_owned())).collect();
        if let Some(basic) = &provider.auth_request.basic_auth {
            let value = |name: &str| provider.placeholder(connection, credential, name);
            let parts = basic.username.render(value).ok().zip(basic.password.render(value).ok());
            secrets.extend(parts.map(|(username, password)| format!("{username}:{password}")));
        }
        Self::in_every_form(&secrets)
    }

    /// The signature of a request, which is good for some minutes (Signature Version 4 of AWS).
    pub(in crate::services) fn of_signature(headers: &HeaderMap) -> Self {
        let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let signature =
            authorization.and_then(|value| value.split_once("Signature=")).map(|(_, text)| text.to_owned());
        Self::in_every_form(signature.as_slice())
    }

    /// What an action calls sensitive of an input.
    pub(super) fn of_input(action: &Action, input: &Map<String, Value>) -> Self {
        Self::in_every_form(&sensitive_values(&action.inputs, input))
    }

    fn in_every_form(secrets: &[String]) -> Self {
        let long = secrets.iter().filter(|secret| secret.len() >= SHORTEST);
        Self::default().and(Self(long.flat_map(|secret| forms(secret)).collect()))
    }

    /// These and others.
    pub(in crate::services) fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        // The longest come first, because a form may begin with a shorter one.
        self.0.sort_unstable_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        self.0.dedup();
        self
    }

    /// Every form of every secret, the longest first.
    pub(in crate::services) fn forms(&self) -> &[String] {
        &self.0
    }

    /// A text without the secrets.
    pub(in crate::services) fn hide_in_text(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret.as_str()) { text.replace(secret, REDACTED) } else { text }
        })
    }

    /// A value without the secrets, at any depth.
    pub(in crate::services) fn hide(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.hide_in_text(&text).into(),
            Value::Number(number) if self.0.contains(&number.to_string()) => REDACTED.into(),
            Value::Array(items) => items.into_iter().map(|item| self.hide(item)).collect(),
            Value::Object(members) => self.hide_in(members).into(),
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }

    /// An object without the secrets.
    pub(in crate::services) fn hide_in(&self, members: Map<String, Value>) -> Map<String, Value> {
        members.into_iter().map(|(name, value)| (self.hide_in_text(&name), self.hide(value))).collect()
    }
}

/// The parts of an address that is a secret, as whoever is asked there may repeat them: servers answer with the path
/// that they do not know.
fn parts_of_url(value: &str) -> Vec<String> {
    let Some(url) = Url::parse(value).ok().filter(|url| url.scheme() == "https") else { return Vec::new() };
    let path = url.path().trim_end_matches('/');
    let query = url.query().map(str::to_owned);
    let both = query.as_ref().map(|query| format!("{}?{query}", url.path()));
    [url.as_str().to_owned(), path.to_owned()].into_iter().chain(both).chain(query).collect()
}

/// The forms in which a secret may come back: as it is, percent-encoded, in JSON, in base64.
fn forms(secret: &str) -> Vec<String> {
    let percent_encoded = [
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        utf8_percent_encode(secret, &UNRESERVED).to_string(),
        form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
    ];
    let lower_case = percent_encoded.each_ref().map(|text| with_lower_case_digits(text));
    let json = Value::from(secret).to_string().trim_matches('"').to_owned();
    let slashes = json.replace('/', "\\/");
    let base64 = [STANDARD_NO_PAD.encode(secret), URL_SAFE_NO_PAD.encode(secret)];
    let whole = [secret.to_owned(), json, slashes];
    whole.into_iter().chain(percent_encoded).chain(lower_case).chain(base64).collect()
}

/// A percent-encoded text with `%2f` in place of `%2F`.
fn with_lower_case_digits(text: &str) -> String {
    let mut digits = 0;
    let lower = |c: char| {
        let is_digit = digits > 0;
        digits = if c == '%' { 2_u8 } else { digits.saturating_sub(1) };
        if is_digit { c.to_ascii_lowercase() } else { c }
    };
    text.chars().map(lower).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECRET: &str = "sk_live/a+b\"c=";

    fn secrets(secret: &str) -> Secrets {
        let mut forms = forms(secret);
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Secrets(forms)
    }

    #[test]
    fn a_secret_is_hidden_in_every_form() {
        let hidden = secrets(SECRET);
        for text in [
            SECRET,
            "sk_live%2Fa%2Bb%22c%3D",
            "sk%5Flive%2Fa%2Bb%22c%3D",
            "sk_live%2fa%2bb%22c%3d",
            "sk_live/a+b\\\"c=",
            "sk_live\\/a+b\\\"c=",
            &STANDARD_NO_PAD.encode(SECRET),
            &URL_SAFE_NO_PAD.encode(SECRET),
        ] {
            assert_eq!(hidden.hide_in_text(&format!("<{text}>")), "<[redacted]>", "{text}");
        }
        assert_eq!(hidden.hide_in_text("sk_live"), "sk_live");
    }

    #[test]
    fn an_address_that_is_a_secret_is_hidden_in_parts() {
        let hidden =
            Secrets::in_every_form(&parts_of_url("https://Hooks.Example.com:443/in/SECRET/?sig=a%2Bb"));
        for text in [
            "https://hooks.example.com/in/SECRET/?sig=a%2Bb",
            "/in/SECRET/?sig=a%2Bb",
            "/in/SECRET",
            "sig=a%2Bb",
        ] {
            assert_eq!(
                hidden.hide_in_text(&format!("Cannot POST {text}")),
                "Cannot POST [redacted]",
                "{text}"
            );
        }
        assert_eq!(hidden.hide_in_text("/in/other"), "/in/other");
        assert!(parts_of_url("sk_live").is_empty());
    }

    #[test]
    fn a_signature_is_hidden() {
        let mut headers = HeaderMap::new();
        let text = "AWS4-HMAC-SHA256 Credential=AKID/x, SignedHeaders=host, Signature=5fa00fa31553b73e";
        headers.insert(AUTHORIZATION, text.parse().unwrap());
        assert_eq!(Secrets::of_signature(&headers).hide_in_text("<5fa00fa31553b73e>"), "<[redacted]>");
        headers.insert(AUTHORIZATION, "Bearer x".parse().unwrap());
        assert!(Secrets::of_signature(&headers).forms().is_empty());
    }

    #[test]
    fn a_secret_is_hidden_at_any_depth() {
        let value = json!({"a": [{"b": "x12345678"}, 12_345_678, 1_234_567_890], "12345678": null});
        let expected = json!({"a": [{"b": "x[redacted]"}, "[redacted]", 1_234_567_890], "[redacted]": null});
        assert_eq!(secrets("12345678").hide(value), expected);
    }
}
