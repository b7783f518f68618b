//! What a provider's page shows, and the problems of a refused form.

use integrations_core::{
    catalog::{Provider, ProviderAccount},
    health_history::HealthDay,
    integration::Integration,
    issue::Issue,
};
use maud::{Markup, html};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{
    frame::Frame,
    layout::Project,
    parts::{Tone, notice},
};
use crate::{
    dashboard::flash::Flash,
    edge::form::Form,
    services::install::Offer,
    store::{AuditEntry, CredentialFacts, IntegrationRow, RevocationFacts},
};

/// What the page shows.
#[derive(Debug)]
pub(crate) struct ProviderPage<'a> {
    /// The account of a provider that the page is about.
    pub(crate) account: &'a ProviderAccount,
    /// The project.
    pub(crate) project: Project<'a>,
    /// The integration, its secret settings opened, if there is one.
    pub(crate) integration: Option<&'a Integration>,
    /// What is shown of its usable credential.
    pub(crate) credential: Option<&'a CredentialFacts>,
    /// Whether it is on its way to another server.
    pub(crate) is_moving: bool,
    /// When the provider is asked next.
    pub(crate) next_check_at: Option<OffsetDateTime>,
    /// Its health in the last days, oldest first.
    pub(crate) health: &'a [HealthDay],
    /// The project's accounts of the provider.
    pub(crate) accounts: &'a [IntegrationRow],
    /// What a person supplied in addition to the credential when it was installed.
    pub(crate) connection: &'a Map<String, Value>,
    /// The ways by which it can be connected, and the one whose form is shown.
    pub(crate) offer: &'a Offer,
    /// What came of revoking the access, if the last disconnection asked for that.
    pub(crate) revocation: Option<&'a RevocationFacts>,
    /// Its latest events.
    pub(crate) events: &'a [AuditEntry],
    /// What was just done.
    pub(crate) flash: Option<Flash>,
    /// What was just refused.
    pub(crate) refused: Option<&'a RefusedForm>,
}

/// The forms of the page, and those of the page of the provider's OAuth app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Connecting, or connecting again.
    Connection,
    /// Pausing and resuming.
    State,
    /// Name and sidebar.
    Details,
    /// The provider's settings.
    Settings,
    /// The action permissions.
    Permissions,
    /// Adding another account.
    Accounts,
    /// Making or changing a project.
    Project,
    /// How a project's pages for customers present themselves.
    Branding,
    /// Making or changing an API key.
    Key,
    /// Disconnecting.
    Disconnection,
    /// Setting the OAuth app.
    OauthApp,
    /// Checking it.
    OauthAppCheck,
    /// Trying an action.
    Trial,
    /// Deciding on an approval.
    Decision,
    /// How a project has approvals decided.
    Policy,
    /// Making or changing a webhook.
    Webhook,
    /// Sending again what a webhook missed.
    Redelivery,
    /// Entering the secret of a provider's events.
    EventSecret,
}

/// Why a form was refused.
#[derive(Clone, Debug)]
pub(crate) struct RefusedForm {
    /// Which form.
    pub(crate) part: Part,
    /// What happened, in a few words.
    pub(crate) title: String,
    /// What to do about it.
    pub(crate) advice: String,
    /// What is wrong with which field.
    pub(crate) issues: Vec<Issue>,
    /// The form as it was sent, so that its fields keep their values. Secrets are never shown again.
    pub(crate) typed: Form,
    /// Whether the fields show the stored values instead of those that were sent.
    pub(crate) is_outdated: bool,
}

impl RefusedForm {
    /// A form whose fields keep what was typed.
    pub(crate) fn new(part: Part, title: &str, advice: &str, issues: Vec<Issue>, typed: Form) -> Self {
        let (title, advice) = (title.to_owned(), advice.to_owned());
        Self { part, title, advice, issues, typed, is_outdated: false }
    }

    /// A form whose page shows what is not so any more.
    pub(crate) fn outdated(part: Part, typed: Form) -> Self {
        let title = "Somebody else changed this in the meantime";
        let advice =
            "Your change was not saved. This is the current state: check it, and make your change again.";
        Self { is_outdated: true, ..Self::new(part, title, advice, Vec::new(), typed) }
    }

    /// What is wrong with the value of a field.
    pub(crate) fn problem(&self, field: &str) -> Option<&str> {
        let is_of = |path: &str| {
            path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.issues.iter().find(|issue| is_of(&issue.path)).map(|issue| issue.message.as_str())
    }
}

/// What was refused, and what to do about it.
pub(super) fn refusal(refused: &RefusedForm) -> Markup {
    notice(
        Tone::Bad,
        &html! {
            p { strong { (refused.title) } }
            @if !refused.advice.is_empty() { p { (refused.advice) } }
        },
    )
}

impl ProviderPage<'_> {
    /// The scopes that the provider granted; `None` if it does not say.
    pub(crate) fn granted_scopes(&self) -> Option<Vec<String>> {
        serde_json::from_str(self.credential?.granted_scopes.as_ref()?).ok()
    }

    /// The address of an action on this page.
    pub(crate) fn to(&self, frame: &Frame<'_>, action: &str) -> String {
        frame.addresses.to(self.project.id, self.account.as_str(), action)
    }

    /// The refusal of this form, if its fields keep what was sent.
    pub(crate) fn refused_in(&self, part: Part) -> Option<&RefusedForm> {
        self.refused.filter(|refused| refused.part == part && !refused.is_outdated)
    }

    /// What a person supplied beside the credential: each field's label and value. None of it is secret.
    pub(crate) fn connection_facts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.provider().connection.iter().filter_map(|field| {
            let value = self.connection.get(&field.key)?.as_str()?;
            let choice = field.options.iter().find(|choice| choice.value == value);
            Some((field.label.as_str(), choice.map_or(value, |choice| choice.label.as_str())))
        })
    }

    /// The provider.
    pub(crate) fn provider(&self) -> &Provider {
        &self.account.provider
    }

    /// Its name here.
    pub(crate) fn name(&self) -> String {
        let display_name = self.integration.and_then(|integration| integration.display_name.clone());
        display_name.unwrap_or_else(|| self.account.label())
    }
}
