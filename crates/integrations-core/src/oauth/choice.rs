//! Reads of what one is chosen after consent.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::account::text;
use super::text::one_line;
use crate::answer_body::AnswerBody;
use crate::catalog::{ConsentChoice, KeptField, KeptPlace, TokenRules, check_kept};
use crate::health::NoAnswer;
use crate::name::MAX_NAME;

/// The most that are offered. Nobody finds theirs among more.
const MOST: usize = 200;

/// One of those of which one is chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChoiceItem {
    /// Its name for people: one line.
    pub label: String,
    /// What tells it from others of the same name.
    pub detail: Option<String>,
    /// Whether the provider says that it is the one that the person uses most.
    pub is_preferred: bool,
    /// What is kept with the credential if it is chosen.
    pub kept: Map<String, Value>,
}

/// Why there is nothing to choose from. The words follow the provider's name, and repeat nothing of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChoiceProblem {
    /// It did not answer.
    NoAnswer(NoAnswer),
    /// It refused the token that it had just issued.
    Refused(u16),
    /// It is down, too slow or limits requests.
    Unavailable(u16),
    /// Its answer has no list where the provider's file says.
    Unreadable,
    /// The list has nothing that can be used.
    Nothing,
}

impl fmt::Display for ChoiceProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAnswer(reason) => reason.fmt(f),
            Self::Refused(status) => write!(f, "refused to say (status {status})"),
            Self::Unavailable(status) => write!(f, "is not available at the moment (status {status})"),
            Self::Unreadable => f.write_str("gave an answer that cannot be read"),
            Self::Nothing => f.write_str("says that there is none"),
        }
    }
}

impl ConsentChoice {
    /// Reads of what one is chosen. There is at least one. What lacks a required value, or has one that is not of its
    /// pattern, is left out, and so is what is there twice.
    pub fn read(
        &self,
        tokens: &TokenRules,
        status: u16,
        body: &AnswerBody<'_>,
    ) -> Result<Vec<ChoiceItem>, ChoiceProblem> {
        match status {
            200..=299 => {}
            408 | 425 | 429 | 500.. => return Err(ChoiceProblem::Unavailable(status)),
            _ => return Err(ChoiceProblem::Refused(status)),
        }
        let answer = body.json().ok_or(ChoiceProblem::Unreadable)?;
        let listed = match self.list.of(&answer) {
            Some(Value::Array(listed)) => listed.as_slice(),
            Some(one @ Value::Object(_)) => std::slice::from_ref(one),
            _ => return Err(ChoiceProblem::Unreadable),
        };
        let mut items: Vec<ChoiceItem> = Vec::new();
        for item in listed.iter().filter_map(|item| self.item(tokens, item)) {
            if items.len() < MOST && !items.iter().any(|other| other.kept == item.kept) {
                items.push(item);
            }
        }
        if items.is_empty() { Err(ChoiceProblem::Nothing) } else { Ok(items) }
    }

    fn item(&self, tokens: &TokenRules, item: &Value) -> Option<ChoiceItem> {
        if !self.when.iter().all(|condition| condition.holds(item)) {
            return None;
        }
        let mut kept = Map::new();
        for field in &tokens.kept {
            let KeptPlace::Choice(place) = &field.place else { continue };
            match place.of(item).and_then(|value| value_of(field, value)) {
                Some(value) => drop(kept.insert(field.name.clone(), value)),
                None if field.required => return None,
                None => {}
            }
        }
        let words = |place: &crate::catalog::JsonPointer| one_line(&text(place.of(item)?)?, MAX_NAME);
        let first = || one_line(kept.values().next()?.as_str()?, MAX_NAME);
        let preferred = self.preferred.as_ref().and_then(|place| place.of(item));
        Some(ChoiceItem {
            label: self.label.iter().find_map(words).or_else(first)?,
            detail: self.detail.as_ref().and_then(words),
            is_preferred: preferred.is_some_and(|value| *value == true || *value == "true"),
            kept,
        })
    }
}

/// The value of a kept field, if it is one.
fn value_of(field: &KeptField, value: &Value) -> Option<Value> {
    let value = Value::from(text(value).filter(|text| !text.is_empty())?);
    check_kept(field, &value).is_ok().then_some(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog::Catalog;

    const FILE: &str = r#"
format = 2
key = "acme"
name = "Acme"
description = "Acme keeps things."
category = "support"
documentation_url = "https://acme.example/docs"
api_base_url = "{base}/v1/{site}"
[[auth]]
kind = "oauth"
[auth.oauth]
authorize_url = "https://acme.example/authorize"
token_url = "https://acme.example/token"
scopes = []
pkce = "none"
client_auth = "body"
refresh_rotates = false
[auth.oauth.choice]
what = "site"
url = "https://acme.example/sites"
list = "/sites"
when = { "/kind" = ["site"] }
label = ["/title", "/name"]
detail = "/base"
preferred = "/default"
[[auth.oauth.choice.kept]]
name = "site"
pointer = "/id"
pattern = '^[0-9]+$'
mismatch = "Expected a number"
example = "7"
required = true
[[auth.oauth.choice.kept]]
name = "base"
pointer = "/base"
pattern = '^https://[a-z0-9]+\.acme\.example$'
mismatch = "Expected an address at Acme"
example = "https://eu1.acme.example"
required = true
[auth.request]
headers = { Authorization = "Bearer {access_token}", X-Site = "{site}" }
[account]
source = "probe"
id = ["{site}"]
name = ["/name"]
[probe]
method = "GET"
url = "{base}/v1/{site}"
good_statuses = [200]
refused_statuses = [401]
"#;

    fn load(text: &str) -> Result<Catalog, String> {
        let files = [("acme.toml".to_owned(), text.to_owned())];
        Catalog::default().with_files(files).map_err(|errors| errors.to_string())
    }

    fn read(status: u16, body: &str) -> Result<Vec<ChoiceItem>, ChoiceProblem> {
        let catalog = load(FILE).unwrap();
        let oauth = catalog.get("acme").unwrap().oauth().unwrap();
        oauth.choice.as_ref().unwrap().read(&oauth.tokens, status, &AnswerBody::new(None, body.as_bytes()))
    }

    fn item(id: &str, label: &str, is_preferred: bool) -> ChoiceItem {
        let base = "https://eu1.acme.example";
        let kept = json!({"site": id, "base": base}).as_object().unwrap().clone();
        ChoiceItem { label: label.to_owned(), detail: Some(base.to_owned()), is_preferred, kept }
    }

    #[test]
    fn what_can_be_used_is_read() {
        let of = |id: Value, name: &str, more: Value| {
            let mut of = json!({"kind": "site", "id": id, "name": name, "base": "https://eu1.acme.example"});
            of.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            of
        };
        let sites = json!({"sites": [
            of(json!(7), "One\nline", json!({"title": null})),
            of(json!("8"), "", json!({"default": true})),
            of(json!("8"), "the same again", json!({})),
            of(json!("9"), "x", json!({"title": "Nine", "default": "true"})),
            // None of these can be used.
            of(json!("../10"), "no number", json!({})),
            of(json!(null), "no id", json!({})),
            of(json!("11"), "another kind", json!({"kind": "space"})),
            of(json!("12"), "elsewhere", json!({"base": "https://eu1.acme.example.evil.example"})),
            of(json!("13"), "elsewhere", json!({"base": "http://eu1.acme.example"})),
            of(json!("14"), "elsewhere", json!({"base": ["https://eu1.acme.example"]})),
            "15",
        ]});
        let expected = [item("7", "One line", false), item("8", "8", true), item("9", "Nine", true)];
        assert_eq!(read(200, &sites.to_string()), Ok(expected.to_vec()));
        let one = json!({"sites": of(json!("7"), "Only", json!({}))});
        assert_eq!(read(200, &one.to_string()), Ok(vec![item("7", "Only", false)]));
        let many: Vec<Value> = (0..1000).map(|id| of(json!(id), "x", json!({}))).collect();
        assert_eq!(read(200, &json!({"sites": many}).to_string()).unwrap().len(), MOST);
    }

    #[test]
    fn without_a_list_it_is_told_why() {
        for (status, body, problem) in [
            (401, "{}", ChoiceProblem::Refused(401)),
            (302, "", ChoiceProblem::Refused(302)),
            (503, "{}", ChoiceProblem::Unavailable(503)),
            (429, "{}", ChoiceProblem::Unavailable(429)),
            (200, "<!doctype html>", ChoiceProblem::Unreadable),
            (200, r#"{"sites": "none"}"#, ChoiceProblem::Unreadable),
            (200, r#"{"sites": null}"#, ChoiceProblem::Unreadable),
            (200, r#"{"sites": []}"#, ChoiceProblem::Nothing),
            (200, r#"{"sites": [{"id": "7"}]}"#, ChoiceProblem::Nothing),
        ] {
            assert_eq!(read(status, body), Err(problem), "{status} {body}");
        }
    }

    #[test]
    fn a_wrong_file_is_told_what_is_wrong() {
        let url = "url = \"https://acme.example/sites\"";
        let pattern = r"'^https://[a-z0-9]+\.acme\.example$'";
        for (from, to, message) in [
            (url, "url = \"https://{site}.acme.example/sites\"", "not known at this point"),
            (url, "url = \"http://acme.example/sites\"", "https"),
            (
                url,
                "url = \"https://acme.example/sites\"\nheaders = { A = \"{site}\" }",
                "`{site}` is unknown",
            ),
            (pattern, "'^https://[a-z0-9.]+$'", "`base`: its pattern must not match"),
            (pattern, r"'^https?://[a-z0-9]+\.acme\.example$'", "`base`: its pattern must not match"),
            ("required = true", "", "needs a value with `required = true` first"),
            ("name = \"base\"", "name = \"site\"", "`site` is listed twice"),
            ("name = \"base\"", "name = \"access_token\"", "`access_token` is reserved"),
            ("pointer = \"/id\"", "parameter = \"id\"", "needs `pointer`, a place in the item"),
            ("what = \"site\"", "what = \" \"", "must be a word for people"),
            ("label = [\"/title\", \"/name\"]", "label = []", "needs at least one JSON pointer"),
        ] {
            assert!(FILE.contains(from), "{from}");
            let told = load(&FILE.replacen(from, to, 1)).unwrap_err();
            assert!(told.contains(message), "{to}: {told}");
        }
    }
}
