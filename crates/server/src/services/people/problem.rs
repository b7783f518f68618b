//! Why somebody could not sign in.

use integrations_core::{ids::UserId, oauth::ReportedError};

use crate::{provider::openid::OpenIdError, store::StoreError};

/// Why somebody could not sign in with the provider.
#[derive(Debug, thiserror::Error)]
pub enum SignInProblem {
    /// No provider is set.
    #[error("no OpenID Connect provider is set")]
    NotConfigured,
    /// The provider did not say who they are.
    #[error(transparent)]
    Provider(#[from] OpenIdError),
    /// The redirect back is of no sign-in that is under way: it was used before, or is made up.
    #[error("the redirect back is of no sign-in that is under way")]
    Unknown,
    /// It took too long.
    #[error("the sign-in took too long")]
    Expired,
    /// Another browser began it, or this one lost its cookie.
    #[error("this browser did not begin the sign-in")]
    OtherBrowser,
    /// Another provider sent the browser back.
    #[error("the redirect back is of another issuer")]
    OtherSender,
    /// The provider reports an error, such as that the person declined.
    #[error("the provider reports {}", .0.code)]
    Reported(ReportedError),
    /// The redirect back has not what it must have.
    #[error("the redirect back is not complete: {0}")]
    Malformed(&'static str),
    /// It is not known which groups the person is in, so no role was changed.
    #[error("the provider did not tell the person's groups: {0}")]
    Roles(Untold),
    /// The person has no role anywhere.
    #[error("{user} has no role in any organization")]
    NoRole {
        /// Their id here.
        user: UserId,
        /// The provider.
        issuer: String,
        /// Their id there.
        subject: String,
    },
    /// The person was revoked.
    #[error("{0} was revoked")]
    Revoked(UserId),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why it is not known which groups a person is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untold {
    /// Neither the ID token nor the userinfo endpoint has the claim.
    #[error("neither the ID token nor the userinfo endpoint has the claim of RIQ_OIDC_ROLES_CLAIM")]
    Absent,
    /// The provider names another place in its stead, as it does if there are very many.
    #[error(
        "it names another place for them (_claim_names), as some providers do for people in very many groups"
    )]
    Elsewhere,
    /// The claim is neither a text nor a list of texts.
    #[error("the claim of RIQ_OIDC_ROLES_CLAIM is neither a text nor a list of texts")]
    Unreadable,
}
