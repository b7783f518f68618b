//! Logout tokens (OpenID Connect Back-Channel Logout 1.0, sections 2.4 and 2.6): what their claims must say.
//!
//! An ID token is signed with the same keys and names the same client. So what makes a token a logout token is checked
//! first: that it tells the event, and that it has no nonce.

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{NotAnId, id, seconds, text};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// How old a logout token may be, in seconds. The specification recommends two minutes.
const LIFE: i64 = 10 * 60;
/// How far clocks may differ, in seconds.
const SKEW: i64 = 60;
/// The longest id of a token.
const MAX_ID: usize = 256;

/// Who is signed out, as a logout token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutClaims {
    /// The person's id at the provider.
    pub subject: Option<String>,
    /// The session's id at the provider.
    pub session: Option<String>,
    /// The token's id, by which a second one is recognized.
    pub id: String,
    /// From when on it is too old to count, in seconds since 1970.
    pub ends: i64,
}

/// Why a token is no logout token for this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoutProblem {
    /// It does not tell the event of a logout. An ID token does not.
    #[error("it does not tell the event of a logout")]
    Event,
    /// It has a nonce, as ID tokens have.
    #[error("it has a nonce, so it is an ID token")]
    Nonce,
    /// It is of another issuer.
    #[error("it is of another issuer")]
    Issuer,
    /// It is for another client.
    #[error("it is for another client")]
    Audience,
    /// It is too old, or a time of it is missing or in the future.
    #[error("it is too old or from the future, or does not say so (iat and exp)")]
    Time,
    /// It has no id.
    #[error("it has no id (jti)")]
    Id,
    /// What it names cannot be the id of a person or session.
    #[error(transparent)]
    Name(#[from] NotAnId),
    /// It names neither a person nor a session.
    #[error("it names neither a person nor a session")]
    Nobody,
}

impl LogoutClaims {
    /// Reads the claims of a token whose signature was verified.
    pub fn read(
        claims: &Map<String, Value>,
        issuer: &str,
        client_id: &str,
        now: OffsetDateTime,
    ) -> Result<Self, LogoutProblem> {
        let event = claims.get("events").and_then(|events| events.get(EVENT));
        if !event.is_some_and(Value::is_object) {
            return Err(LogoutProblem::Event);
        }
        if claims.contains_key("nonce") {
            return Err(LogoutProblem::Nonce);
        }
        if text(claims, "iss") != Some(issuer) {
            return Err(LogoutProblem::Issuer);
        }
        let is_for_us = match claims.get("aud") {
            Some(Value::Array(clients)) => clients.iter().any(|client| client == client_id),
            Some(client) => client == client_id,
            None => false,
        };
        if !is_for_us {
            return Err(LogoutProblem::Audience);
        }
        let now = now.unix_timestamp();
        let issued = seconds(claims, "iat").ok_or(LogoutProblem::Time)?;
        let expires = seconds(claims, "exp").ok_or(LogoutProblem::Time)?;
        let ends = expires.min(issued.saturating_add(LIFE));
        if issued > now + SKEW || ends < now - SKEW {
            return Err(LogoutProblem::Time);
        }
        let token = text(claims, "jti").filter(|id| id.len() <= MAX_ID).ok_or(LogoutProblem::Id)?;
        let (subject, session) = (id(claims, "sub")?, id(claims, "sid")?);
        if subject.is_none() && session.is_none() {
            return Err(LogoutProblem::Nobody);
        }
        Ok(Self {
            subject: subject.map(str::to_owned),
            session: session.map(str::to_owned),
            id: token.to_owned(),
            ends: ends.saturating_add(SKEW),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-03-01 12:00:00 UTC);

    fn claims() -> Value {
        json!({
            "iss": "https://id.example", "aud": "riq", "iat": NOW.unix_timestamp(),
            "exp": NOW.unix_timestamp() + 120, "jti": "j1", "sub": "s1", "sid": "sid1", "events": {EVENT: {}},
        })
    }

    fn read(claims: &Value) -> Result<LogoutClaims, LogoutProblem> {
        LogoutClaims::read(claims.as_object().unwrap(), "https://id.example", "riq", NOW)
    }

    #[test]
    fn a_logout_token_names_a_person_or_a_session() {
        let whole = read(&claims()).unwrap();
        assert_eq!((whole.subject.as_deref(), whole.session.as_deref()), (Some("s1"), Some("sid1")));
        for (left_out, is_read) in [(&["sid"][..], true), (&["sub"], true), (&["sid", "sub"], false)] {
            let mut claims = claims();
            left_out.iter().for_each(|name| drop(claims.as_object_mut().unwrap().remove(*name)));
            assert_eq!(read(&claims).is_ok(), is_read, "{left_out:?}");
        }
    }

    #[test]
    fn what_is_no_logout_token_for_us_is_refused() {
        let now = NOW.unix_timestamp();
        for (name, value, problem) in [
            ("events", Value::Null, LogoutProblem::Event),
            ("events", json!({}), LogoutProblem::Event),
            ("events", json!({EVENT: true}), LogoutProblem::Event),
            ("events", json!({"http://schemas.openid.net/event/other": {}}), LogoutProblem::Event),
            ("nonce", json!("n"), LogoutProblem::Nonce),
            ("nonce", Value::Null, LogoutProblem::Nonce),
            ("iss", json!("https://id.example/"), LogoutProblem::Issuer),
            ("aud", json!("other"), LogoutProblem::Audience),
            ("aud", json!(["other"]), LogoutProblem::Audience),
            ("iat", Value::Null, LogoutProblem::Time),
            ("iat", json!(now - 3600), LogoutProblem::Time),
            ("iat", json!(now + 3600), LogoutProblem::Time),
            ("exp", json!(now - 120), LogoutProblem::Time),
            ("exp", Value::Null, LogoutProblem::Time),
            ("sub", json!(""), LogoutProblem::Name(NotAnId("sub"))),
            ("sid", json!("a\u{0}b"), LogoutProblem::Name(NotAnId("sid"))),
            ("jti", json!(""), LogoutProblem::Id),
            ("jti", json!(1), LogoutProblem::Id),
        ] {
            let mut claims = claims();
            claims[name] = value.clone();
            assert_eq!(read(&claims), Err(problem), "{name} {value}");
        }
        let mut several = claims();
        several["aud"] = json!(["other", "riq"]);
        several["exp"] = json!(now + 120);
        assert!(read(&several).is_ok());
    }
}
