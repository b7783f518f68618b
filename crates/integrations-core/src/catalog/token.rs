//! Access tokens for what is typed into a form: what differs between providers, as data.

use super::assertion::Assertion;
use super::form::CredentialForm;
use super::oauth::TokenRules;
use super::template::UrlTemplate;
use super::token_call::TokenCall;

/// A form for which the provider issues access tokens. They are got again as often as needed, with what was typed.
#[derive(Clone, Debug)]
pub struct FetchedToken {
    /// The form.
    pub form: CredentialForm,
    /// How a token is got.
    pub grant: TokenGrant,
    /// How the answers are read.
    pub rules: TokenRules,
}

/// How a token is got for a form.
#[derive(Clone, Debug)]
pub enum TokenGrant {
    /// By a request.
    Asked(Box<TokenCalls>),
    /// By a request with a signed assertion.
    AskedBySignature(Box<Assertion>, Box<TokenCalls>),
    /// The signed assertion is the token.
    Signed(Box<Assertion>),
}

impl FetchedToken {
    /// The assertion that is signed, if there is one.
    pub fn assertion(&self) -> Option<&Assertion> {
        match &self.grant {
            TokenGrant::AskedBySignature(assertion, _) | TokenGrant::Signed(assertion) => Some(assertion),
            TokenGrant::Asked(_) => None,
        }
    }

    /// The requests, if the provider is asked.
    pub fn calls(&self) -> Option<&TokenCalls> {
        match &self.grant {
            TokenGrant::Asked(calls) | TokenGrant::AskedBySignature(_, calls) => Some(calls),
            TokenGrant::Signed(_) => None,
        }
    }

    /// The URLs of its requests.
    pub(super) fn urls(&self) -> impl Iterator<Item = &UrlTemplate> {
        let calls = self.calls().into_iter();
        calls.flat_map(|calls| [Some(&calls.first), calls.refresh.as_ref()]).flatten().map(|call| &call.url)
    }

    /// The same, to be changed.
    pub(super) fn urls_mut(&mut self) -> impl Iterator<Item = &mut UrlTemplate> {
        let calls = match &mut self.grant {
            TokenGrant::Asked(calls) | TokenGrant::AskedBySignature(_, calls) => Some(calls),
            TokenGrant::Signed(_) => None,
        };
        let both = calls.into_iter().flat_map(|calls| [Some(&mut calls.first), calls.refresh.as_mut()]);
        both.flatten().map(|call| &mut call.url)
    }
}

/// The requests for a token.
#[derive(Clone, Debug)]
pub struct TokenCalls {
    /// The one with what was typed. Placeholders: the fields of the form, and `assertion` if one is signed.
    pub first: TokenCall,
    /// The one with a refresh token, `refresh_token`, where the provider issues any.
    pub refresh: Option<TokenCall>,
}
