//! Changes of an integration. Each form becomes an update like that of a PATCH, and goes to the same service.

use axum::{extract::State, response::Response};
use http::StatusCode;
use integrations_core::{
    catalog::{Provider, ProviderAccount},
    integration::{Integration, RequestedStatus, Update, UpdateError},
    lifecycle::Status,
    permissions::Permission,
    proxy::other_permissions,
};

use super::{
    flash::Flash,
    provider_page, settings,
    view::{
        provider::{permission_field, permission_of},
        provider_page::{Part, RefusedForm},
        revocation, words,
    },
    visit::{Allowed, OnProject, Posted},
};
use crate::{
    dashboard::state::Pages,
    edge::{failure::Failure, form::Form, scoped::IntegrationsWrite},
    monitor::CheckReport,
    services::integrations::{ChangeError, ExpectedVersion},
};

/// `POST …/{provider}/pause`
pub(super) async fn pause(
    State(pages): State<Pages>,
    posted: Posted<Allowed<IntegrationsWrite>>,
) -> Result<Response, Failure> {
    let ask = |_: &Form, _: &Provider, _: &Integration| Ok(Update::to_status(RequestedStatus::Paused));
    change(&pages, posted, Part::State, Flash::Paused, ask).await
}

/// `POST …/{provider}/resume`
pub(super) async fn resume(
    State(pages): State<Pages>,
    posted: Posted<Allowed<IntegrationsWrite>>,
) -> Result<Response, Failure> {
    let ask = |_: &Form, _: &Provider, _: &Integration| Ok(Update::to_status(RequestedStatus::Active));
    change(&pages, posted, Part::State, Flash::Resumed, ask).await
}

/// `POST …/{provider}/check`
pub(super) async fn check(
    State(pages): State<Pages>,
    Posted { by: Allowed { on, .. }, form }: Posted<Allowed<IntegrationsWrite>>,
) -> Result<Response, Failure> {
    let account = on.named.account(&pages)?;
    let sent = SentForm { part: Part::State, form };
    match pages.integrations.check(&on.tenant, &account).await {
        Ok(CheckReport { found: Err(why), loaded, .. }) => {
            let title = "The check was not made";
            let refused = sent.refused(title, &why.words(&account.stored(loaded.way()).provider));
            provider_page::answer(&on, &account, StatusCode::CONFLICT, (None, None), Some(&refused)).await
        }
        checked => answer(&on, &account, checked.map(drop), sent, Flash::Checked).await,
    }
}

/// `POST …/{provider}/details`
pub(super) async fn details(
    State(pages): State<Pages>,
    posted: Posted<Allowed<IntegrationsWrite>>,
) -> Result<Response, Failure> {
    change(&pages, posted, Part::Details, Flash::Details, |form, _, stored| {
        let name = Some(form.trimmed("display_name")).filter(|name| !name.is_empty());
        let mut update = Update::default();
        update.set_display_name(name.into())?;
        // While the integration is disconnected, the switch is off and cannot be turned on.
        if stored.status() != Status::Disconnected {
            update.set_sidebar_enabled(form.is_ticked("sidebar_enabled"));
        }
        Ok(update)
    })
    .await
}

/// `POST …/{provider}/settings`
pub(super) async fn settings(
    State(pages): State<Pages>,
    posted: Posted<Allowed<IntegrationsWrite>>,
) -> Result<Response, Failure> {
    change(&pages, posted, Part::Settings, Flash::Settings, |form, provider, stored| {
        let mut update = Update::default();
        update.set_settings(&settings::patch(provider, form, &stored.settings)?, stored, provider)?;
        Ok(update)
    })
    .await
}

/// `POST …/{provider}/permissions`
pub(super) async fn permissions(
    State(pages): State<Pages>,
    posted: Posted<Allowed<IntegrationsWrite>>,
) -> Result<Response, Failure> {
    change(&pages, posted, Part::Permissions, Flash::Permissions, |form, provider, stored| {
        let mut update = Update::default();
        let others = other_permissions(provider).into_iter().filter(|(_, why_not)| why_not.is_none());
        let keys = provider.actions.iter().map(|action| (action.key.as_str(), true));
        for (key, can_ask) in keys.chain(others.map(|(key, _)| (key, false))) {
            let chosen = form.get(&permission_field(key)).and_then(permission_of);
            let chosen = chosen.filter(|chosen| can_ask || *chosen != Permission::Ask);
            let before = stored.action_permissions.get(key).copied().unwrap_or_default();
            if let Some(permission) = chosen.filter(|chosen| *chosen != before) {
                update.set_permission(key, permission);
            }
        }
        Ok(update)
    })
    .await
}

/// `POST …/{provider}/disconnect`
pub(super) async fn disconnect(
    State(pages): State<Pages>,
    Posted { by: Allowed { on, .. }, form }: Posted<Allowed<IntegrationsWrite>>,
) -> Result<Response, Failure> {
    let account = on.named.account(&pages)?;
    let (version, acting) = (shown_version(&form), on.acting());
    let (changed, flash) = if form.is_ticked(revocation::FIELD) {
        let time = pages.settings.request_timeout;
        let changed = pages.revocations.disconnect(&on.tenant, &account, &version, &acting, time).await;
        (changed, Flash::DisconnectedRevoking)
    } else {
        let changed = pages.integrations.disconnect(&on.tenant, &account, &version, &acting).await;
        (changed, Flash::Disconnected)
    };
    answer(&on, &account, changed.map(drop), SentForm { part: Part::Disconnection, form }, flash).await
}

/// A form that was sent, and which form of the page it is.
struct SentForm {
    part: Part,
    form: Form,
}

impl SentForm {
    /// A refusal of this form.
    fn refused(self, title: &str, advice: &str) -> RefusedForm {
        RefusedForm::new(self.part, title, advice, Vec::new(), self.form)
    }
}

/// Makes the change of a form. The session's key acts. The form has the version that its page showed, so `ask` can
/// compare it with the stored integration, which has that version.
async fn change(
    pages: &Pages,
    Posted { by: Allowed { on, .. }, form }: Posted<Allowed<IntegrationsWrite>>,
    part: Part,
    flash: Flash,
    ask: impl Fn(&Form, &Provider, &Integration) -> Result<Update, UpdateError> + Send + Sync,
) -> Result<Response, Failure> {
    let account = on.named.account(pages)?;
    let (shown, acting) = (shown_version(&form), on.acting());
    let ask = |stored: &Integration| ask(&form, &account.provider, stored);
    let changed = pages.integrations.update(&on.tenant, &account, &shown, &acting, ask).await;
    answer(&on, &account, changed.map(drop), SentForm { part, form }, flash).await
}

/// The version that the page showed. A form without one matches no version.
fn shown_version(form: &Form) -> ExpectedVersion {
    ExpectedVersion::OneOf(form.trimmed("version").parse().into_iter().collect())
}

/// Redirects to the page, which says that the change is made. If it was refused, shows the page with the problem.
async fn answer(
    on: &OnProject,
    account: &ProviderAccount,
    changed: Result<(), ChangeError>,
    sent: SentForm,
    flash: Flash,
) -> Result<Response, Failure> {
    match changed {
        Ok(()) => {
            let page = on.visit.addresses.provider(on.tenant.project, account.as_str());
            Ok(on.visit.go_to(&format!("{page}?done={}", flash.as_str())))
        }
        Err(error) => {
            let (status, refused) = refused_form(error, sent)?;
            provider_page::answer(on, account, status, (None, None), Some(&refused)).await
        }
    }
}

/// A refusal in words, to be shown with the form. Other errors have their own pages.
fn refused_form(error: ChangeError, sent: SentForm) -> Result<(StatusCode, RefusedForm), Failure> {
    Ok(match error {
        ChangeError::OtherVersion => {
            (StatusCode::PRECONDITION_FAILED, RefusedForm::outdated(sent.part, sent.form))
        }
        ChangeError::Update(UpdateError::Invalid(issues)) => {
            let words = sent.refused("That was not saved", "Correct what is marked below, and save again.");
            (StatusCode::UNPROCESSABLE_ENTITY, RefusedForm { issues, ..words })
        }
        ChangeError::ReinstallRequired => {
            let words = sent.refused("There is no usable credential any more", "Connect it again first.");
            (StatusCode::CONFLICT, words)
        }
        ChangeError::Moving(notice) => (StatusCode::CONFLICT, sent.refused(&notice, "")),
        ChangeError::Unproven(why) => {
            let words = sent.refused("It needs a successful check first, and none could be made", &why);
            (StatusCode::CONFLICT, words)
        }
        ChangeError::NotAllowed(from) | ChangeError::ProbeRequired(from) => {
            let title = format!("That is not possible while the status is: {}", words::status(from));
            (StatusCode::CONFLICT, sent.refused(&title, ""))
        }
        ChangeError::Read(_)
        | ChangeError::NotInstalled { .. }
        | ChangeError::Update(_)
        | ChangeError::CutOff
        | ChangeError::Vault(_) => return Err(error.into()),
    })
}
