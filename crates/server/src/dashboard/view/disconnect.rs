//! The page that asks before it disconnects.

use integrations_core::integration::Integration;
use maud::{Markup, html};

use super::{
    frame::Frame,
    layout::{self, Section},
    parts::{away, csrf},
    provider_page::ProviderPage,
    revocation::{self, Offer},
    state::version,
};

/// Renders it. `revoke_page` is the provider's page for revoking the access, and `offer` what is said of doing that
/// from here.
pub(crate) fn page(
    frame: &Frame<'_>,
    page: &ProviderPage<'_>,
    integration: &Integration,
    revoke_page: Option<&str>,
    offer: &Offer<'_>,
) -> Markup {
    let provider = page.provider();
    let content = html! {
        div.narrow {
            div.card {
                h1 { "Disconnect " (page.name()) "?" }
                ul.consequences {
                    li { "Your agents can no longer use it." }
                    li { "The stored credential and secret settings are destroyed. To use it again, connect it again." }
                    li { "Other settings, permissions and the audit log are kept." }
                }
                div.trouble.warn {
                    p {
                        strong { "By itself this does not revoke the tokens at " (provider.name) ". " }
                        "Anybody with a copy can still use them. Have them revoked below, or revoke the access there"
                        @match revoke_page {
                            Some(address) => { ": " (away(address, &format!("Revoke at {}", provider.name))) }
                            None => { "." }
                        }
                    }
                }
                form method="post" action=(page.to(frame, "disconnect")) data-once {
                    (csrf(frame))
                    (version(integration))
                    (revocation::tick(provider, offer))
                    div.actions.foot {
                        button.danger type="submit" { "Disconnect" }
                        a.button.quiet href=(frame.addresses.provider(page.project.id, page.account.as_str())) { "Keep it" }
                    }
                }
            }
        }
    };
    let title = format!("Disconnect {}", page.name());
    layout::page(frame, &title, &layout::project_bar(frame, &page.project, Section::Integration), &content)
}
