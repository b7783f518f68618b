//! The state of an integration in words, and what can be done about it.

use integrations_core::{
    catalog::Provider,
    integration::Integration,
    lifecycle::{Health, Status},
    scope::RequiredScope,
};
use maud::{Markup, html};

use super::{
    frame::Frame,
    moment::moment,
    parts::{Tone, csrf},
    provider_page::ProviderPage,
    value,
};
use crate::store::CredentialFacts;

/// What its state means, in a sentence or two.
pub(crate) fn meaning(provider: &Provider, integration: &Integration) -> String {
    let name = &provider.name;
    match (integration.status(), integration.health) {
        (Status::Active, Health::Healthy) => format!("Working: {name} answers, and accepts the credential."),
        (Status::Active, Health::Degraded) => {
            format!("In use, but {name} is slow or failing. That says nothing about the credential; checks continue by themselves.")
        }
        (Status::Active, Health::Unhealthy) => format!("In use, but {name} refused the credential at the last check."),
        (Status::Active, Health::Unknown) => match provider.probe.why_none() {
            Some(why) => format!("In use. Nobody is asked whether the credential works. {why}"),
            None => "In use. Its health has not been checked yet.".to_owned(),
        },
        (Status::Paused, _) => "Paused: everything is kept, and nothing is used until it is resumed.".to_owned(),
        (Status::Error, _) => format!("{name} refuses the credential, so the integration is not used."),
        (Status::Disconnected, _) => {
            "Disconnected: the credential is destroyed. Settings are kept for when it is connected again, and permissions for when that is the same account.".to_owned()
        }
    }
}

/// What to do about it, if anything.
fn advice(provider: &Provider, integration: &Integration) -> Option<String> {
    let name = &provider.name;
    match (integration.status(), integration.health) {
        (Status::Error, _) => Some(format!(
            "Connect again below. If the cause was at {name} and is over, check now: if the check succeeds, it is used again."
        )),
        (Status::Active, Health::Degraded) => {
            Some(format!("Nothing, unless it lasts: then look at {name}'s status page."))
        }
        (Status::Active, Health::Unhealthy) => Some("Connect again below.".to_owned()),
        _ => None,
    }
}

fn tone(integration: &Integration) -> Tone {
    let is_refused = integration.status() == Status::Error || integration.health == Health::Unhealthy;
    if is_refused { Tone::Bad } else { Tone::Warn }
}

/// The state with its last error, its facts, and its buttons.
pub(crate) fn card(frame: &Frame<'_>, page: &ProviderPage<'_>, integration: &Integration) -> Markup {
    let advice = advice(page.provider(), integration);
    let label = if page.is_moving { "Moving: " } else { "Last error: " };
    html! {
        p.meaning { (meaning(page.provider(), integration)) }
        @if integration.error_message.is_some() || advice.is_some() {
            div class={ "trouble " (tone(integration).class()) } {
                @if let Some(error) = &integration.error_message { p { strong { (label) } (error) } }
                @if let Some(advice) = advice { p { strong { "What to do: " } (advice) } }
            }
        }
        dl.facts {
            @if let Some(account) = &integration.account { div { dt { "Account" } dd { (account.label()) } } }
            @for (label, value) in page.connection_facts() { div { dt { (label) } dd { (value) } } }
            div { dt { "Connected" } dd { (moment(frame, integration.created_at)) } }
            div { dt { "Last changed" } dd { (moment(frame, integration.updated_at)) } }
            div {
                dt { "Last good answer" }
                dd { @match integration.last_synced_at { Some(at) => (moment(frame, at)), None => "None yet" } }
            }
            @if integration.status() != Status::Disconnected {
                div { dt { "Next check" } dd { (next_check(frame, page)) } }
                @if let Some(credential) = page.credential {
                    div { dt { "Credential" } dd { (expiry(frame, credential)) } }
                }
            }
        }
        @if let Some(scopes) = page.granted_scopes() { (granted(&scopes)) }
        @if frame.may(RequiredScope::INTEGRATIONS_WRITE) { (buttons(frame, page, integration)) }
    }
}

/// When the provider is asked next.
fn next_check(frame: &Frame<'_>, page: &ProviderPage<'_>) -> Markup {
    html! {
        @match page.next_check_at {
            _ if page.provider().probe.request().is_none() => "None: nobody is asked",
            Some(at) if at <= frame.now => "As soon as possible",
            Some(at) => (moment(frame, at)),
            None => "None: there is no credential that works",
        }
    }
}

/// When a credential ends, and what happens then.
fn expiry(frame: &Frame<'_>, credential: &CredentialFacts) -> Markup {
    html! {
        @match credential.expires_at {
            None => "Does not expire, as far as is known",
            Some(at) => {
                @if at <= frame.now { "Expired " } @else { "Expires " }
                (moment(frame, at))
                @if credential.renewable { ", and is renewed by itself" }
            }
        }
    }
}

/// The scopes that the provider granted.
fn granted(scopes: &[String]) -> Markup {
    html! {
        details.scopes {
            summary { "Granted scopes (" (scopes.len()) ")" }
            @if scopes.is_empty() { p { "None." } }
            @else { ul.scope-list { @for scope in scopes { li { code { (value::text(scope)) } } } } }
        }
    }
}

fn buttons(frame: &Frame<'_>, page: &ProviderPage<'_>, integration: &Integration) -> Markup {
    let (pause, resume) = match integration.status() {
        Status::Active => (true, false),
        Status::Paused => (false, true),
        // Only a successful check ends the error, so there is no button to resume.
        Status::Error => (true, false),
        Status::Disconnected => return html! {},
    };
    html! {
        div.actions {
            (button(frame, page, integration, "check", "Check now"))
            @if resume { (button(frame, page, integration, "resume", "Resume")) }
            @if pause { (button(frame, page, integration, "pause", "Pause")) }
        }
    }
}

fn button(
    frame: &Frame<'_>,
    page: &ProviderPage<'_>,
    integration: &Integration,
    action: &str,
    label: &str,
) -> Markup {
    html! {
        form method="post" action=(page.to(frame, action)) data-once {
            (csrf(frame))
            (version(integration))
            button type="submit" { (label) }
        }
    }
}

/// The hidden field with the version that the page showed, so that nobody overwrites a change that they did not see.
pub(crate) fn version(integration: &Integration) -> Markup {
    html! { input type="hidden" name="version" value=(integration.version); }
}
