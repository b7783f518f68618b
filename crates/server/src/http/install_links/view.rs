//! Makes the API's install links from stored ones.

use integrations_core::{install_link::LinkStatus, wire::InstallLink};

use crate::store;

/// The link of a stored one. Its `state` is for the person's way back alone, and its token is not stored.
pub(super) fn link(stored: store::InstallLink, status: LinkStatus) -> InstallLink {
    InstallLink {
        id: stored.id.to_string(),
        provider: stored.provider,
        status: status.into(),
        created_by: stored.by.to_string(),
        return_url: stored.request.return_url.map(|url| url.as_str().to_owned()),
        auth: stored.request.auth.map(Into::into),
        expected_account_id: stored.request.expected_account,
        created_at: stored.created_at,
        expires_at: stored.expires_at,
        used_at: stored.used_at,
        ended_at: stored.ended_at,
    }
}
