//! Reads a successful answer of the token endpoint (RFC 6749, section 5).

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::account::text;
use super::blemish::Blemish;
use super::lifetime::lifetime;
use super::{TokenProblem, scopes};
use crate::answer_body::{AnswerBody, AnswerFields};
use crate::catalog::{
    CredentialForm, ExpiryUnit, FetchedToken, KeptField, KeptPlace, OAuth, TokenRules, check_access_token,
    check_kept, check_refresh_token,
};

/// Token types that are refused. `DPoP` (RFC 9449), `PoP` (RFC 9200) and `mac` need a proof that this server does not
/// make, and `N_A` (RFC 8693) is not an access token. A token of any other type is sent as a bearer token. RFC 6749,
/// section 7.1 forbids types that a client does not understand, but Slack calls its bearer tokens `bot` and `user`, and
/// Shopify gives no type.
const OTHER_TYPES: [&str; 4] = ["dpop", "pop", "mac", "n_a"];

/// A successful answer of the token endpoint. `Debug` shows nothing secret.
#[derive(Clone, PartialEq)]
pub struct Grant {
    /// The credential to store: `access_token`, `refresh_token` (or null), `expires_at` (RFC 3339, or null), and the
    /// kept fields of the answer, as strings.
    pub credential: Map<String, Value>,
    /// When the access token expires; `None` if it does not expire, as far as is known.
    pub expires_at: Option<OffsetDateTime>,
    /// The scopes granted, if the provider says.
    pub granted_scopes: Option<BTreeSet<String>>,
    /// What is wrong beside the tokens, for the log. It repeats nothing of the answer.
    pub blemishes: Vec<Blemish>,
    /// The whole answer, for [`crate::catalog::Account::read`]. Secret.
    pub answer: Value,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("credential", &self.credential.keys().collect::<Vec<_>>())
            .field("expires_at", &self.expires_at)
            .field("granted_scopes", &self.granted_scopes)
            .field("blemishes", &self.blemishes)
            .finish_non_exhaustive()
    }
}

impl Grant {
    /// Reads the token endpoint's answer to a code. It must have everything that the credential needs, so that it
    /// passes [`crate::catalog::Provider::read_credential`]. What it need not have may be wrong.
    pub fn read(
        oauth: &OAuth,
        status: u16,
        body: &AnswerBody<'_>,
        now: OffsetDateTime,
    ) -> Result<Self, TokenProblem> {
        Self::first(&oauth.tokens, status, body, now)
    }

    /// The same with the connection's own client, of which `credential` has what is secret, if it has one.
    pub fn with_client(self, oauth: &OAuth, credential: &Map<String, Value>) -> Self {
        match &oauth.own_client {
            Some(form) => self.with_form(form, credential),
            None => self,
        }
    }

    fn first(
        rules: &TokenRules,
        status: u16,
        body: &AnswerBody<'_>,
        now: OffsetDateTime,
    ) -> Result<Self, TokenProblem> {
        let grant = Self::renewed(rules, &Map::new(), status, body, now)?;
        check_type(&grant.answer)?;
        let is_of_answer = |field: &&KeptField| matches!(field.place, KeptPlace::Answer(_));
        for field in rules.kept.iter().filter(is_of_answer).filter(|field| field.required) {
            let missing = || TokenProblem::Missing { what: field.name.clone() };
            kept(field, &grant.answer)?.ok_or_else(missing)?;
        }
        Ok(grant)
    }

    /// Reads the answer to a request for a token with what was typed into a form. The credential has both. It has a
    /// refresh token only where the provider's file says how one is sent: otherwise the form gets the next token.
    pub fn fetched(
        fetched: &FetchedToken,
        credential: &Map<String, Value>,
        status: u16,
        body: &AnswerBody<'_>,
        now: OffsetDateTime,
    ) -> Result<Self, TokenProblem> {
        let mut grant = Self::first(&fetched.rules, status, body, now)?;
        if fetched.calls().is_none_or(|calls| calls.refresh.is_none()) {
            grant.credential.shift_remove("refresh_token");
        }
        Ok(grant.with_form(&fetched.form, credential))
    }

    /// Reads the answer to a refresh token that was issued for what was typed into a form.
    pub fn refreshed(
        fetched: &FetchedToken,
        credential: &Map<String, Value>,
        status: u16,
        body: &AnswerBody<'_>,
        now: OffsetDateTime,
    ) -> Result<Self, TokenProblem> {
        let grant = Self::renewed(&fetched.rules, credential, status, body, now)?;
        Ok(grant.with_form(&fetched.form, credential))
    }

    /// A token that the server has signed itself, with a key that was typed into a form.
    pub fn signed(
        fetched: &FetchedToken,
        credential: &Map<String, Value>,
        token: String,
        expires_at: OffsetDateTime,
    ) -> Self {
        let mut signed = Map::new();
        signed.insert("access_token".into(), token.into());
        signed.insert("expires_at".into(), expires_at.format(&Rfc3339).ok().into());
        let grant = Self {
            credential: signed,
            expires_at: Some(expires_at),
            granted_scopes: None,
            blemishes: Vec::new(),
            answer: Value::Null,
        };
        grant.with_form(&fetched.form, credential)
    }

    /// The same with what was typed into a form.
    fn with_form(mut self, form: &CredentialForm, credential: &Map<String, Value>) -> Self {
        for field in &form.fields {
            let typed = credential.get(&field.key).cloned();
            self.credential.extend(typed.map(|typed| (field.key.clone(), typed)));
        }
        self
    }

    /// Reads the answer to a refresh token. If it leaves out the refresh token (RFC 6749, section 6) or a kept field,
    /// the value stays as in the credential `before`.
    ///
    /// The old refresh token may have ended, and then nobody else has the new ones. So the answer is accepted as soon
    /// as it has an access token: whatever is wrong beside it becomes a [`Blemish`].
    ///
    /// A refusal is an answer with another status than 2xx, or without an access token: Slack and GitHub refuse with
    /// status 200.
    pub fn renew(
        oauth: &OAuth,
        before: &Map<String, Value>,
        status: u16,
        body: &AnswerBody<'_>,
        now: OffsetDateTime,
    ) -> Result<Self, TokenProblem> {
        let grant = Self::renewed(&oauth.tokens, before, status, body, now)?;
        Ok(grant.with_client(oauth, before))
    }

    fn renewed(
        rules: &TokenRules,
        before: &Map<String, Value>,
        status: u16,
        body: &AnswerBody<'_>,
        now: OffsetDateTime,
    ) -> Result<Self, TokenProblem> {
        let AnswerFields { value: answer, is_whole } = readable(status, body)?;
        let places = Places::new(rules, before, &answer);
        let access_token = match places.access_token() {
            Ok(Some(token)) if (200..300).contains(&status) => token,
            found => return Err(TokenProblem::of(rules, status, &answer, found.err())),
        };
        let mut blemishes = Vec::new();
        if !is_whole {
            blemishes.push(Blemish::new("the answer", "it breaks off"));
        }
        blemishes.extend(check_type(&answer).err());
        let refresh_token = places.refresh_token(before, is_whole).unwrap_or_else(|why| {
            blemishes.push(why);
            None
        });
        let lifetime = places.lifetime(now).unwrap_or_else(|why| {
            blemishes.push(Blemish::new("expires_in", why));
            None
        });
        let expires_at = lifetime.or(rules.default_lifetime()).and_then(|lifetime| now.checked_add(lifetime));
        let written = expires_at.and_then(|at| at.format(&Rfc3339).ok());
        let mut credential = Map::new();
        credential.insert("access_token".into(), access_token.into());
        credential.insert("refresh_token".into(), refresh_token.into());
        credential.insert("expires_at".into(), written.into());
        for field in &rules.kept {
            let found = kept(field, &answer).unwrap_or_else(|why| {
                blemishes.push(why);
                None
            });
            let value = found.map(Value::from).or_else(|| before.get(&field.name).cloned());
            if let Some(value) = value.filter(|value| !value.is_null()) {
                credential.insert(field.name.clone(), value);
            }
        }
        let granted_scopes = scopes::read(rules.answer.scopes.of(&answer));
        Ok(Self { credential, expires_at, granted_scopes, blemishes, answer })
    }

    /// The scopes that were asked for and not granted, in the order of the provider file. Empty if the provider does
    /// not say what it granted. A scope that a granted one implies counts as granted. Optional scopes are never
    /// missing, nor are those that ask the authorization server for something else than access.
    pub fn missing_scopes<'a>(&self, oauth: &'a OAuth) -> Vec<&'a str> {
        let granted = self.granted_scopes.as_ref();
        granted
            .map_or_else(Vec::new, |granted| scopes::missing(&oauth.scopes, granted, &oauth.implied_scopes))
    }
}

/// The fields of an answer that can say something about tokens.
fn readable(status: u16, body: &AnswerBody<'_>) -> Result<AnswerFields, TokenProblem> {
    if status >= 500 || matches!(status, 408 | 425 | 429) {
        return Err(TokenProblem::Unavailable { status });
    }
    body.fields().ok_or_else(|| match body.looks_like_html() {
        false if !(200..300).contains(&status) => TokenProblem::Failed { status, description: None },
        looks_like_html => TokenProblem::NotJson { status, looks_like_html },
    })
}

/// Where an answer has its tokens.
///
/// It is where the provider's file says. An answer to a refresh token that has no access token there may have its
/// tokens in the places of RFC 6749: Slack has a person's tokens in `authed_user` if it answers a code, but not if it
/// answers a refresh token.
struct Places<'a> {
    rules: &'a TokenRules,
    answer: &'a Value,
    is_usual: bool,
}

impl<'a> Places<'a> {
    fn new(rules: &'a TokenRules, before: &Map<String, Value>, answer: &'a Value) -> Self {
        let is_found = in_first_place(&rules.answer.access_token, answer).is_some();
        Self { rules, answer, is_usual: !is_found && !before.is_empty() }
    }

    fn find(&self, of_file: &crate::catalog::JsonPointer, usual: &str) -> Option<&'a Value> {
        if self.is_usual { self.answer.get(usual) } else { of_file.of(self.answer) }
    }

    /// How long the access token lives, as far as the answer says.
    fn lifetime(&self, now: OffsetDateTime) -> Result<Option<Duration>, &'static str> {
        let places = &self.rules.answer;
        let told = lifetime(self.find(&places.expires_in, "expires_in"), places.expires_unit, now)?;
        let end =
            places.expires_at.as_ref().filter(|_| told.is_none()).and_then(|place| place.of(self.answer));
        Ok(told.or(lifetime(end, ExpiryUnit::Seconds, now)?))
    }

    /// `None` if it is absent, null or empty.
    fn access_token(&self) -> Result<Option<String>, Blemish> {
        let found = match self.is_usual {
            true => self.answer.get("access_token"),
            false => in_first_place(&self.rules.answer.access_token, self.answer),
        };
        match found {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(token)) if token.trim().is_empty() => Ok(None),
            Some(Value::String(token)) => {
                let token = Value::from(token.trim());
                let checked = check_access_token(&token).map_err(|why| Blemish::new("access_token", why))?;
                // It has to stand in a header (RFC 6750, section 2.1).
                let usable = checked.is_ascii().then(|| Some(checked.to_owned()));
                usable.ok_or_else(|| Blemish::new("access_token", "Must be ASCII characters"))
            }
            Some(_) => Err(Blemish::new("access_token", "Expected string")),
        }
    }

    /// The refresh token of the answer, or else the one of `before`. The latter has ended if the answer had another
    /// that cannot be read, and would be taken for stolen if it were sent again.
    fn refresh_token(&self, before: &Map<String, Value>, is_whole: bool) -> Result<Option<String>, Blemish> {
        let found = self.find(&self.rules.answer.refresh_token, "refresh_token");
        let found = found
            .filter(|value| !value.is_null() && value.as_str().is_none_or(|text| !text.trim().is_empty()));
        let kept = || before.get("refresh_token").and_then(Value::as_str).map(str::to_owned);
        let why = match found {
            None if is_whole || !self.rules.rotation.is_strict() => return Ok(kept()),
            None => "Missing".to_owned(),
            Some(value) => {
                let token = Value::from(text(value).map(|text| text.trim().to_owned()));
                match check_refresh_token(&token) {
                    Ok(token) => return Ok(Some(token.to_owned())),
                    Err(_) if !self.rules.rotation.is_strict() => return Ok(kept()),
                    Err(why) => why,
                }
            }
        };
        Err(Blemish::new("refresh_token", why))
    }
}

/// What stands in the first of these places that has anything.
fn in_first_place<'a>(places: &[crate::catalog::JsonPointer], answer: &'a Value) -> Option<&'a Value> {
    places.iter().find_map(|place| place.of(answer).filter(|value| !value.is_null()))
}

fn check_type(answer: &Value) -> Result<(), Blemish> {
    let named = answer.get("token_type").and_then(Value::as_str).unwrap_or("bearer");
    if OTHER_TYPES.contains(&named.to_ascii_lowercase().as_str()) {
        return Err(Blemish::new("token_type", "it needs a proof of possession, which is not supported"));
    }
    Ok(())
}

/// The value of a kept field; `None` if it is absent, null or empty, or comes from elsewhere.
fn kept(field: &KeptField, answer: &Value) -> Result<Option<String>, Blemish> {
    let KeptPlace::Answer(place) = &field.place else { return Ok(None) };
    let Some(found) = place.of(answer).filter(|value| !value.is_null()) else { return Ok(None) };
    let value = text(found).ok_or_else(|| Blemish::new(&field.name, "expected a string"))?;
    if value.is_empty() {
        return Ok(None);
    }
    if check_kept(field, &Value::from(value.as_str())).is_err() {
        let expected = field.example.as_ref().map(|example| format!("expected something like {example}"));
        let why = expected.unwrap_or_else(|| "it has not the form that is expected".into());
        return Err(Blemish::new(&field.name, why));
    }
    Ok(Some(value))
}
