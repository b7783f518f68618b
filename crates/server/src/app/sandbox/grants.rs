//! What the shop has let in: codes, tokens and their rotation (RFC 6749, RFC 7636, RFC 7009). Only hashes are kept.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};

use crate::token::{Token, TokenHash};

/// What an app can ask for.
pub(super) const SCOPES: [&str; 3] = ["orders:read", "orders:write", "refunds:write"];

const CODE_LIFE: Duration = Duration::minutes(1);
/// How long an access token works.
pub(super) const ACCESS_LIFE: Duration = Duration::hours(1);

/// What a person has allowed on the consent page.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Consent {
    /// Where the code was sent.
    pub(super) redirect: String,
    /// The code challenge, made by S256.
    pub(super) challenge: String,
    /// What was allowed.
    pub(super) scopes: Vec<String>,
}

/// A code, which is kept after its use: whoever uses it again has stolen it.
#[derive(Debug)]
struct Code {
    hash: TokenHash,
    consent: Consent,
    ends: OffsetDateTime,
    /// What came of it.
    grant: Option<usize>,
}

#[derive(Debug)]
struct Grant {
    scopes: Vec<String>,
    access: TokenHash,
    access_ends: OffsetDateTime,
    refresh: TokenHash,
    /// The refresh tokens before this one.
    spent: Vec<TokenHash>,
    is_withdrawn: bool,
}

/// A new pair of tokens.
#[derive(Debug)]
pub(super) struct Pair {
    /// The access token.
    pub(super) access: Token,
    /// The refresh token.
    pub(super) refresh: Token,
}

/// Codes and grants since the start of the shop.
#[derive(Debug, Default)]
pub(super) struct Grants {
    codes: Vec<Code>,
    grants: Vec<Grant>,
}

impl Grants {
    /// Keeps a code for a consent.
    pub(super) fn consent(&mut self, code: TokenHash, consent: Consent, now: OffsetDateTime) {
        self.codes.push(Code { hash: code, consent, ends: now + CODE_LIFE, grant: None });
    }

    /// Exchanges a code, whose verifier must fit. Returns the granted scopes. `None`: `invalid_grant`. A code that is
    /// used twice ends what came of it (RFC 6749, section 4.1.2).
    pub(super) fn redeem(
        &mut self,
        code: &str,
        redirect: &str,
        verifier: &str,
        pair: &Pair,
        now: OffsetDateTime,
    ) -> Option<Vec<String>> {
        let hash = TokenHash::of(code);
        let code = self.codes.iter_mut().find(|code| code.hash == hash)?;
        if let Some(grant) = code.grant {
            self.grants.get_mut(grant)?.is_withdrawn = true;
            return None;
        }
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        let fits = code.consent.redirect == redirect && code.consent.challenge == challenge;
        if !fits || now >= code.ends || !(43..=128).contains(&verifier.len()) {
            return None;
        }
        code.grant = Some(self.grants.len());
        let scopes = code.consent.scopes.clone();
        self.grants.push(Grant {
            scopes: scopes.clone(),
            access: pair.access.hash(),
            access_ends: now + ACCESS_LIFE,
            refresh: pair.refresh.hash(),
            spent: Vec::new(),
            is_withdrawn: false,
        });
        Some(scopes)
    }

    /// Exchanges a refresh token, which ends. Returns the granted scopes. `None`: `invalid_grant`. One that is used
    /// twice ends its grant (RFC 9700, section 4.14.2).
    pub(super) fn renew(&mut self, refresh: &str, pair: &Pair, now: OffsetDateTime) -> Option<Vec<String>> {
        let hash = TokenHash::of(refresh);
        if let Some(stolen) = self.grants.iter_mut().find(|grant| grant.spent.contains(&hash)) {
            stolen.is_withdrawn = true;
            return None;
        }
        let grant = self.grants.iter_mut().find(|grant| grant.refresh == hash && !grant.is_withdrawn)?;
        grant.spent.push(std::mem::replace(&mut grant.refresh, pair.refresh.hash()));
        (grant.access, grant.access_ends) = (pair.access.hash(), now + ACCESS_LIFE);
        Some(grant.scopes.clone())
    }

    /// What an access token allows. `None`: nothing, it does not work.
    pub(super) fn scopes(&self, access: &str, now: OffsetDateTime) -> Option<Vec<String>> {
        let hash = TokenHash::of(access);
        let is_it = |grant: &&Grant| grant.access == hash && !grant.is_withdrawn && now < grant.access_ends;
        self.grants.iter().find(is_it).map(|grant| grant.scopes.clone())
    }

    /// Ends the grant that a token belongs to, if there is one.
    pub(super) fn revoke(&mut self, token: &str) {
        let hash = TokenHash::of(token);
        let of = self.grants.iter_mut().filter(|grant| grant.access == hash || grant.refresh == hash);
        of.for_each(|grant| grant.is_withdrawn = true);
    }

    /// Ends all grants.
    pub(super) fn withdraw(&mut self) {
        self.grants.iter_mut().for_each(|grant| grant.is_withdrawn = true);
    }

    /// How many work.
    pub(super) fn working(&self) -> usize {
        self.grants.iter().filter(|grant| !grant.is_withdrawn).count()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::environment::Environment;

    const NOW: OffsetDateTime = datetime!(2026-05-17 12:00:00 UTC);
    const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters";
    const REDIRECT: &str = "http://127.0.0.1:8080/oauth/callback";

    fn pair() -> Pair {
        let environment = Environment::system();
        Pair { access: Token::generate(&environment), refresh: Token::generate(&environment) }
    }

    fn consented() -> Grants {
        let mut grants = Grants::default();
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let scopes = vec!["orders:read".to_owned()];
        let consent = Consent { redirect: REDIRECT.into(), challenge, scopes };
        grants.consent(TokenHash::of("code"), consent, NOW);
        grants
    }

    #[test]
    fn a_code_is_exchanged_once_by_who_asked_for_it() {
        let other = "another-verifier-of-at-least-forty-three-chars";
        for (code, redirect, verifier, now) in [
            ("edoc", REDIRECT, VERIFIER, NOW),
            ("code", "http://127.0.0.1:8080/", VERIFIER, NOW),
            ("code", REDIRECT, other, NOW),
            ("code", REDIRECT, VERIFIER, NOW + CODE_LIFE),
        ] {
            assert_eq!(consented().redeem(code, redirect, verifier, &pair(), now), None, "{code} {redirect}");
        }
        let (mut grants, first) = (consented(), pair());
        let scopes = grants.redeem("code", REDIRECT, VERIFIER, &first, NOW).unwrap();
        assert_eq!(grants.scopes(first.access.expose(), NOW), Some(scopes));
        assert_eq!(grants.scopes(first.access.expose(), NOW + ACCESS_LIFE), None);
        assert_eq!(grants.redeem("code", REDIRECT, VERIFIER, &pair(), NOW), None);
        assert_eq!(grants.scopes(first.access.expose(), NOW), None, "the code was stolen");
    }

    #[test]
    fn a_refresh_token_is_used_once() {
        let (mut grants, first, second) = (consented(), pair(), pair());
        grants.redeem("code", REDIRECT, VERIFIER, &first, NOW).unwrap();
        grants.renew(first.refresh.expose(), &second, NOW).unwrap();
        assert_eq!(grants.scopes(first.access.expose(), NOW), None);
        assert!(grants.scopes(second.access.expose(), NOW).is_some());
        assert_eq!(grants.renew(first.refresh.expose(), &pair(), NOW), None);
        assert_eq!(grants.renew(second.refresh.expose(), &pair(), NOW), None, "the grant has ended");
        assert_eq!(grants.working(), 0);
    }

    #[test]
    fn what_is_withdrawn_or_revoked_ends() {
        let (mut grants, pair) = (consented(), pair());
        grants.redeem("code", REDIRECT, VERIFIER, &pair, NOW).unwrap();
        grants.revoke("another");
        assert_eq!(grants.working(), 1);
        grants.revoke(pair.refresh.expose());
        assert_eq!((grants.working(), grants.scopes(pair.access.expose(), NOW)), (0, None));
    }
}
