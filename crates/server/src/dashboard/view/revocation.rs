//! Revoking the access at a provider: what a person is told before, and what came of it.

use integrations_core::{catalog::Provider, revocation::RevocationStatus};
use maud::{Markup, html};

use super::{
    frame::Frame,
    moment::moment,
    parts::{Tone, notice},
};
use crate::{services::revocations::SharedWith, store::RevocationFacts};

/// The name of the tick.
pub(crate) const FIELD: &str = "revoke";

/// What the page that asks before a disconnection says of revoking.
#[derive(Debug)]
pub(crate) struct Offer<'a> {
    /// Why it cannot be revoked, if it cannot.
    pub(crate) why_not: Option<&'a str>,
    /// Whether the provider can only end everything at once that the app may do for the account.
    pub(crate) ends_all: bool,
    /// What else lives by the account.
    pub(crate) shared: &'a SharedWith,
}

/// The tick that asks for it, with those that it may harm.
pub(crate) fn tick(provider: &Provider, offer: &Offer<'_>) -> Markup {
    let name = &provider.name;
    html! {
        @if let Some(why_not) = offer.why_not {
            p { "It cannot be revoked from here. " (why_not) "." }
        } @else {
            div.ticked {
                input type="checkbox" id=(FIELD) name=(FIELD) value="on" aria-describedby="revoke-help";
                div {
                    label for=(FIELD) { "Ask " (name) " to revoke the access" }
                    p.help id="revoke-help" {
                        @if offer.shared.is_empty() {
                            "Then nobody can use it any more, whoever has a copy. It is checked that " (name) " refuses it."
                        } @else {
                            strong { (sharing(offer.shared)) }
                            @if offer.ends_all {
                                " " (name) " can only end everything at once, so nothing is revoked while they are connected."
                            } @else {
                                " Only this connection's tokens are revoked. The others are checked right afterwards, in case "
                                (name) " ends them too."
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Which other connections use the same account.
fn sharing(shared: &SharedWith) -> String {
    let elsewhere = match shared.elsewhere {
        0 => None,
        1 => Some("another one elsewhere on this server".to_owned()),
        several => Some(format!("{several} elsewhere on this server")),
    };
    let mut names: Vec<String> = shared.here.iter().cloned().chain(elsewhere).collect();
    let last = names.pop().unwrap_or_default();
    let verb = if shared.here.len() + shared.elsewhere == 1 { "uses" } else { "use" };
    match names.is_empty() {
        true => format!("{last} {verb} the same account."),
        false => format!("{} and {last} {verb} the same account.", names.join(", ")),
    }
}

/// What came of it.
pub(crate) fn outcome(frame: &Frame<'_>, provider: &Provider, facts: &RevocationFacts) -> Markup {
    let name = &provider.name;
    // A newer replica may have stored a status that this one does not know.
    let Ok(status) = facts.status.parse::<RevocationStatus>() else { return html! {} };
    let why = facts.message.as_deref().unwrap_or("It is under way");
    let (tone, title) = match status {
        RevocationStatus::Revoked => (Tone::Good, format!("The access is revoked at {name}.")),
        RevocationStatus::Pending => (Tone::Warn, format!("The access is not revoked at {name} yet.")),
        RevocationStatus::Unsupported | RevocationStatus::Failed => {
            (Tone::Warn, format!("The access is not revoked at {name}."))
        }
    };
    notice(
        tone,
        &html! {
            p { strong { (title) } }
            @match status {
                RevocationStatus::Revoked => p { (name) " refused the credential afterwards." },
                RevocationStatus::Pending => p {
                    (why) "."
                    @if let Some(until) = facts.until { " The access token ends " (moment(frame, until)) "." }
                    " It is tried again by itself."
                },
                RevocationStatus::Unsupported | RevocationStatus::Failed => p { (why) ". Revoke it at " (name) "." },
            }
        },
    )
}

/// Life-like data for the gallery.
#[cfg(test)]
pub(crate) mod sample {
    use std::sync::LazyLock;

    use super::*;

    static SHARED: LazyLock<SharedWith> =
        LazyLock::new(|| SharedWith { here: vec!["Acme EU".into()], elsewhere: 2 });
    pub(crate) static OFFER: LazyLock<Offer<'static>> =
        LazyLock::new(|| Offer { why_not: None, ends_all: true, shared: &SHARED });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_shares_the_account_is_named() {
        for (here, elsewhere, words) in [
            (vec!["Acme EU"], 0, "Acme EU uses the same account."),
            (vec![], 1, "another one elsewhere on this server uses the same account."),
            (vec!["A", "B"], 3, "A, B and 3 elsewhere on this server use the same account."),
        ] {
            let here = here.into_iter().map(str::to_owned).collect();
            assert_eq!(sharing(&SharedWith { here, elsewhere }), words);
        }
    }
}
