//! Changes of an integration: each form becomes the body of a PATCH, and takes the same way as one.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use http::StatusCode;
use integrations_core::{
    catalog::Provider,
    integration::{Integration, UpdateError},
    issue::Issue,
    lifecycle::{Refusal, Status},
};
use serde_json::{Map, Value, json};

use super::{
    flash::Done,
    provider_page, settings,
    view::{
        provider::permission_field,
        provider_page::{Part, Trouble},
        words,
    },
    visit::{OnProject, Posted},
};
use crate::{
    dashboard::state::Pages,
    edge::{failure::Failure, form::Form},
    integrations::{ChangeError, ChangeRefusal},
    monitor::CheckError,
    precondition::IfMatch,
    store::ReviseError,
};

/// `POST …/{provider}/pause`
pub(super) async fn pause(
    State(pages): State<Pages>,
    posted: Posted<OnProject>,
) -> Result<Response, Failure> {
    change(&pages, posted, Part::State, Done::Paused, |_, _, _| Ok(json!({"status": "paused"}))).await
}

/// `POST …/{provider}/resume`
pub(super) async fn resume(
    State(pages): State<Pages>,
    posted: Posted<OnProject>,
) -> Result<Response, Failure> {
    change(&pages, posted, Part::State, Done::Resumed, |_, _, _| Ok(json!({"status": "active"}))).await
}

/// `POST …/{provider}/check`
pub(super) async fn check(
    State(pages): State<Pages>,
    Posted { by: on, form }: Posted<OnProject>,
) -> Result<Response, Failure> {
    let provider = on.named.provider(&pages)?;
    let checked = match pages.monitor.check(&on.tenant, provider.key.as_str()).await {
        Ok(_) => Ok(()),
        Err(CheckError::NotInstalled) => Err(ReviseError::NotInstalled),
        Err(CheckError::ReinstallRequired) => {
            Err(ReviseError::Refused(ChangeRefusal::Lifecycle(Refusal::ReinstallRequired, Status::Error)))
        }
        Err(error) => return Err(error.into()),
    };
    answer(&on, &provider, checked, Refused { part: Part::State, form }, Done::Checked).await
}

/// `POST …/{provider}/details`
pub(super) async fn details(
    State(pages): State<Pages>,
    posted: Posted<OnProject>,
) -> Result<Response, Failure> {
    change(&pages, posted, Part::Details, Done::Details, |form, _, stored| {
        let name = Some(form.trimmed("display_name")).filter(|name| !name.is_empty());
        let mut body = json!({"display_name": name});
        // The switch cannot be turned on while it is disconnected, and is off then.
        if stored.status() != Status::Disconnected {
            body["sidebar_enabled"] = form.is_ticked("sidebar_enabled").into();
        }
        Ok(body)
    })
    .await
}

/// `POST …/{provider}/settings`
pub(super) async fn settings(
    State(pages): State<Pages>,
    posted: Posted<OnProject>,
) -> Result<Response, Failure> {
    change(&pages, posted, Part::Settings, Done::Settings, |form, provider, stored| {
        settings::patch(provider, form, &stored.settings)
    })
    .await
}

/// `POST …/{provider}/permissions`
pub(super) async fn permissions(
    State(pages): State<Pages>,
    posted: Posted<OnProject>,
) -> Result<Response, Failure> {
    change(&pages, posted, Part::Permissions, Done::Permissions, |form, provider, stored| {
        let asked = provider.actions.iter().map(|action| (action, form.is_ticked(&permission_field(action))));
        let differs = asked.filter(|(action, is_allowed)| {
            stored.action_permissions.get(&action.key).copied().unwrap_or(false) != *is_allowed
        });
        let changed: Map<String, Value> =
            differs.map(|(action, is_allowed)| (action.key.clone(), is_allowed.into())).collect();
        Ok(json!({"action_permissions": changed}))
    })
    .await
}

/// `POST …/{provider}/disconnect`
pub(super) async fn disconnect(
    State(pages): State<Pages>,
    Posted { by: on, form }: Posted<OnProject>,
) -> Result<Response, Failure> {
    let provider = on.named.provider(&pages)?;
    let condition = condition(&form);
    let changed = pages.integrations.disconnect(&on.tenant, &provider, &condition, &on.acting()).await;
    answer(&on, &provider, changed.map(drop), Refused { part: Part::Disconnection, form }, Done::Disconnected)
        .await
}

/// What a refused form is shown with.
struct Refused {
    part: Part,
    form: Form,
}

/// Makes the body of a PATCH of a form, the provider and what is stored, and asks for it in the session's name.
async fn change(
    pages: &Pages,
    Posted { by: on, form }: Posted<OnProject>,
    part: Part,
    done: Done,
    body: impl FnOnce(&Form, &Provider, &Integration) -> Result<Value, Vec<Issue>>,
) -> Result<Response, Failure> {
    let provider = on.named.provider(pages)?;
    let changed = apply(pages, &on, &provider, &form, body).await;
    answer(&on, &provider, changed, Refused { part, form }, done).await
}

async fn apply(
    pages: &Pages,
    on: &OnProject,
    provider: &Provider,
    form: &Form,
    body: impl FnOnce(&Form, &Provider, &Integration) -> Result<Value, Vec<Issue>>,
) -> Result<(), ChangeError> {
    let refused = |refusal: ChangeRefusal| ReviseError::Refused(refusal);
    let condition = condition(form);
    let stored =
        pages.store.load(&on.tenant, provider.key.as_str()).await?.ok_or(ReviseError::NotInstalled)?;
    // A form says what differs from what its page showed: another version is nothing to compare it with.
    if !condition.allows(stored.integration.version) {
        return Err(refused(ChangeRefusal::PreconditionFailed));
    }
    let body = body(form, provider, &stored.integration)
        .map_err(|issues| refused(UpdateError::Invalid(issues).into()))?;
    let body = body.to_string();
    pages.integrations.update(&on.tenant, provider, body.as_bytes(), &condition, &on.acting()).await.map(drop)
}

/// The version that the page showed. A form without one matches none.
fn condition(form: &Form) -> IfMatch {
    IfMatch::version(form.trimmed("version").parse().unwrap_or(0))
}

/// Leads back to the page, which says that it is done; or shows it with what was refused.
async fn answer(
    on: &OnProject,
    provider: &Arc<Provider>,
    changed: Result<(), ChangeError>,
    refused: Refused,
    done: Done,
) -> Result<Response, Failure> {
    let refusal = match changed {
        Ok(()) => {
            let page = on.visit.addresses.provider(on.tenant.project, provider.key.as_str());
            return Ok(on.visit.go_to(&format!("{page}?done={}", done.as_str())));
        }
        Err(ReviseError::NotInstalled) => return Err(Failure::not_installed(&provider.name)),
        Err(ReviseError::Refused(refusal)) => refusal,
        Err(error) => return Err(error.into()),
    };
    let (status, trouble) = trouble(refusal, refused)?;
    provider_page::answer(on, provider, status, None, Some(&trouble)).await
}

/// A refusal in words.
fn trouble(
    refusal: ChangeRefusal,
    Refused { part, form }: Refused,
) -> Result<(StatusCode, Trouble), Failure> {
    let trouble = |title: &str, advice: &str| Trouble {
        part,
        title: title.to_owned(),
        advice: advice.to_owned(),
        issues: Vec::new(),
        typed: form,
        is_outdated: false,
    };
    Ok(match refusal {
        ChangeRefusal::PreconditionFailed => {
            let words = trouble(
                "Somebody changed this meanwhile",
                "Nothing of yours was saved. This is how it stands now: look, and make your change again.",
            );
            (StatusCode::PRECONDITION_FAILED, Trouble { is_outdated: true, ..words })
        }
        ChangeRefusal::Update(UpdateError::Invalid(issues)) => {
            let words = trouble("That was not saved", "Mend what is marked below, and save again.");
            (StatusCode::UNPROCESSABLE_ENTITY, Trouble { issues, ..words })
        }
        ChangeRefusal::Lifecycle(Refusal::ReinstallRequired, _) => {
            let words = trouble("There is no credential to work with any more", "Connect it again first.");
            (StatusCode::CONFLICT, words)
        }
        ChangeRefusal::Unproven(why) => {
            let words = trouble("It could not be checked, which must succeed first", &why);
            (StatusCode::CONFLICT, words)
        }
        ChangeRefusal::Lifecycle(_, from) => {
            let title = format!("That is not possible while its state is: {}", words::status(from).1);
            (StatusCode::CONFLICT, trouble(&title, ""))
        }
        other @ (ChangeRefusal::Update(_) | ChangeRefusal::Vault(_)) => return Err(other.into()),
    })
}
