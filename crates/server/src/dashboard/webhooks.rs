//! The webhooks of a project: list them, make one, change it, test it, rotate its secret, and delete it.

use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use http::{StatusCode, Uri};
use integrations_core::{
    issue::Issue,
    webhook::{
        Attempted, DeliveryStatus, NewWebhook, Secret, SecretRotation, Waiting, WebhookStatus, WebhookUpdate,
    },
};

use super::{
    flash::WebhookFlash,
    key_form::Overlap,
    projects::issues,
    shown,
    state::Pages,
    view::{
        provider_page::{Part, RefusedForm},
        webhook::{self, WebhookPage},
        webhooks::{self, NewSecret, WebhooksPage},
    },
    visit::{Allowed, OnProject, Posted},
    webhook_form::{self, Resumption},
};
use crate::{
    edge::{
        failure::Failure,
        form::Form,
        query,
        scoped::{WebhooksRead, WebhooksWrite},
    },
    services::webhooks::TestError,
    store::{Again, OwnedError, WebhookRecord},
};

/// The most deliveries that are counted as waiting. A page says "more than" beyond that.
const COUNTED: u16 = 200;
const CORRECT: &str = "Correct what is marked below, and send the form again.";

/// The pages.
#[expect(clippy::disallowed_methods, reason = "pages are not in the specification")]
pub(super) fn routes() -> Router<Pages> {
    let webhooks = "/dashboard/projects/{projectId}/webhooks";
    let webhook = format!("{webhooks}/{{webhookId}}");
    let to = |action: &str| format!("{webhook}/{action}");
    Router::new()
        .route(webhooks, get(list).post(create))
        .route(&format!("{webhooks}/new"), get(new))
        .route(&webhook, get(show).post(change))
        .route(&to("enable"), post(enable))
        .route(&to("disable"), post(disable))
        .route(&to("test"), post(test))
        .route(&to("rotate"), post(rotate))
        .route(&to("delete"), get(ask_to_delete).post(delete))
}

/// What was just done, by the word in an address.
fn flash(uri: &Uri) -> Result<Option<WebhookFlash>, Failure> {
    let [done] = query::parameters(uri, ["done"])?;
    Ok(done.and_then(|word| word.parse().ok()))
}

/// The webhook that the path names.
pub(super) async fn found(on: &OnProject) -> Result<WebhookRecord, Failure> {
    let id = on.named.webhook.ok_or_else(Failure::no_such_webhook)?;
    on.visit.pages.webhooks.get(&on.tenant, id).await?.ok_or_else(Failure::no_such_webhook)
}

/// `GET /dashboard/projects/{projectId}/webhooks`
async fn list(
    State(pages): State<Pages>,
    Allowed { on, .. }: Allowed<WebhooksRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    let flash = flash(&uri)?.filter(|flash| *flash == WebhookFlash::Deleted);
    let webhooks = pages.webhooks.list(&on.tenant).await?;
    let page = WebhooksPage { project: on.project(), webhooks: &webhooks, flash };
    Ok(on.visit.page(StatusCode::OK, webhooks::page(&on.visit.frame(), &page)))
}

/// `GET /dashboard/projects/{projectId}/webhooks/new`
async fn new(Allowed { on, .. }: Allowed<WebhooksWrite>) -> Response {
    answer_new(&on, StatusCode::OK, None)
}

fn answer_new(on: &OnProject, status: StatusCode, refused: Option<&RefusedForm>) -> Response {
    on.visit.page(status, webhooks::new_webhook(&on.visit.frame(), &on.project(), refused))
}

/// `POST /dashboard/projects/{projectId}/webhooks`. The answer is the only page that shows the secret. It is no
/// redirect, because then the secret would have to be kept in between.
async fn create(
    State(pages): State<Pages>,
    Posted { by: Allowed { on, .. }, form }: Posted<Allowed<WebhooksWrite>>,
) -> Result<Response, Failure> {
    let new = match NewWebhook::read(&webhook_form::body(&form)) {
        Ok(new) => new,
        Err(error) => {
            let title = "The webhook was not created";
            let refused = RefusedForm::new(Part::Webhook, title, CORRECT, issues(error)?, form);
            return Ok(answer_new(&on, StatusCode::UNPROCESSABLE_ENTITY, Some(&refused)));
        }
    };
    let issued = pages.webhooks.create(&on.tenant, new, on.acting(), |_| Ok(None)).await;
    let issued = issued.map_err(Failure::of_webhook)?;
    Ok(show_secret(&on, &issued.record, &issued.secret, None))
}

/// The page that shows a new secret.
fn show_secret(
    on: &OnProject,
    webhook: &WebhookRecord,
    secret: &Secret,
    replaces: Option<Overlap>,
) -> Response {
    let page = NewSecret { project: on.project(), webhook, text: secret.expose(), replaces };
    on.visit.page(StatusCode::OK, webhooks::issued(&on.visit.frame(), &page))
}

/// What the page of a webhook shows beside it.
#[derive(Clone, Copy, Default)]
struct Shows<'a> {
    flash: Option<WebhookFlash>,
    refused: Option<&'a RefusedForm>,
    tested: Option<&'a Attempted>,
}

async fn answer(
    on: &OnProject,
    webhook: &WebhookRecord,
    status: StatusCode,
    shows: Shows<'_>,
) -> Result<Response, Failure> {
    let waiting = match webhook.status {
        WebhookStatus::Active => None,
        WebhookStatus::Disabled => {
            let pending = (None, Some(DeliveryStatus::Pending));
            let page = on.visit.pages.webhooks.deliveries(&on.tenant, webhook.id, pending, COUNTED).await?;
            page.map(|page| (page.entries.len(), page.has_more))
        }
    };
    let Shows { flash, refused, tested } = shows;
    let page = WebhookPage { project: on.project(), webhook, waiting, flash, refused, tested };
    Ok(on.visit.page(status, webhook::page(&on.visit.frame(), &page)))
}

fn after(on: &OnProject, webhook: &WebhookRecord, flash: WebhookFlash) -> Response {
    let address = on.visit.addresses.webhook(on.tenant.project, webhook.id);
    on.visit.go_to(&format!("{address}?done={}", flash.as_str()))
}

/// `GET /dashboard/projects/{projectId}/webhooks/{webhookId}`
async fn show(Allowed { on, .. }: Allowed<WebhooksRead>, uri: Uri) -> Result<Response, Failure> {
    let (flash, webhook) = (flash(&uri)?, found(&on).await?);
    let flash = flash.filter(|flash| flash.is_of_webhook(webhook.status));
    answer(&on, &webhook, StatusCode::OK, Shows { flash, ..Shows::default() }).await
}

/// `POST` to the same address: its address and its events.
async fn change(
    State(pages): State<Pages>,
    Posted { by: Allowed { on, .. }, form }: Posted<Allowed<WebhooksWrite>>,
) -> Result<Response, Failure> {
    let webhook = found(&on).await?;
    if form.trimmed("shown") != shown::of_webhook(&webhook) {
        let refused = RefusedForm::outdated(Part::Webhook, form);
        let shows = Shows { refused: Some(&refused), ..Shows::default() };
        return answer(&on, &webhook, StatusCode::PRECONDITION_FAILED, shows).await;
    }
    let update = match WebhookUpdate::read(&webhook_form::body(&form)) {
        Ok(update) => update,
        Err(error) => {
            let title = "The webhook was not changed";
            let refused = RefusedForm::new(Part::Webhook, title, CORRECT, issues(error)?, form);
            let shows = Shows { refused: Some(&refused), ..Shows::default() };
            return answer(&on, &webhook, StatusCode::UNPROCESSABLE_ENTITY, shows).await;
        }
    };
    let updated = pages.webhooks.update(&on.tenant, webhook.id, update, on.acting()).await;
    updated.map_err(Failure::of_webhook)?;
    Ok(after(&on, &webhook, WebhookFlash::Changed))
}

/// `POST …/enable`: switches it on, and sends or drops what waits. Repeating it is not an error.
async fn enable(
    State(pages): State<Pages>,
    Posted { by: Allowed { on, .. }, form }: Posted<Allowed<WebhooksWrite>>,
) -> Result<Response, Failure> {
    let webhook = found(&on).await?;
    let (again, waiting) = match resumption(&form) {
        Ok(chosen) => chosen,
        Err(issue) => {
            let title = "The webhook is still disabled";
            let refused = RefusedForm::new(Part::Redelivery, title, CORRECT, vec![issue], form);
            let shows = Shows { refused: Some(&refused), ..Shows::default() };
            return answer(&on, &webhook, StatusCode::UNPROCESSABLE_ENTITY, shows).await;
        }
    };
    if webhook.status == WebhookStatus::Disabled {
        // First, so that what is older is sent before what waits.
        if let Some(again) = again {
            let sent = pages.webhooks.redeliver(&on.tenant, webhook.id, again, on.acting(), |_| Ok(None));
            sent.await.map_err(Failure::of_webhook)?;
        }
        set_status(&on, &webhook, WebhookStatus::Active, Some(waiting)).await?;
    }
    Ok(after(&on, &webhook, WebhookFlash::Enabled))
}

/// What is sent again, and what becomes of what waits.
fn resumption(form: &Form) -> Result<(Option<Again>, Waiting), Issue> {
    match form.trimmed("waiting").parse() {
        Ok(Resumption::Send) => Ok((None, Waiting::Send)),
        Ok(Resumption::Drop) => Ok((None, Waiting::Drop)),
        Ok(Resumption::SendAgain) => Ok((Some(since(form)?), Waiting::Send)),
        Err(_) => Err(Issue::new("waiting", "Choose what becomes of what waits")),
    }
}

/// What is sent again, by the form's field `since`.
pub(super) fn since(form: &Form) -> Result<Again, Issue> {
    let since = webhook_form::moment(form.trimmed("since"));
    since.map(Again::Since).ok_or_else(|| Issue::new("since", "Expected a date and a time, in UTC"))
}

async fn set_status(
    on: &OnProject,
    webhook: &WebhookRecord,
    status: WebhookStatus,
    waiting: Option<Waiting>,
) -> Result<(), Failure> {
    let update = WebhookUpdate { status: Some(status), waiting, ..WebhookUpdate::default() };
    let updated = on.visit.pages.webhooks.update(&on.tenant, webhook.id, update, on.acting()).await;
    updated.map(drop).map_err(Failure::of_webhook)
}

/// `POST …/disable`. Repeating it is not an error.
async fn disable(
    Posted { by: Allowed { on, .. }, .. }: Posted<Allowed<WebhooksWrite>>,
) -> Result<Response, Failure> {
    let webhook = found(&on).await?;
    set_status(&on, &webhook, WebhookStatus::Disabled, None).await?;
    Ok(after(&on, &webhook, WebhookFlash::Disabled))
}

/// `POST …/test`. The answer says what came of it.
async fn test(
    State(pages): State<Pages>,
    Posted { by: Allowed { on, .. }, .. }: Posted<Allowed<WebhooksWrite>>,
) -> Result<Response, Failure> {
    let webhook = found(&on).await?;
    let tested = pages.webhooks.test(&on.tenant, webhook.id).await.map_err(|error| match error {
        TestError::Read(error) => error.into(),
        TestError::NotFound => Failure::no_such_webhook(),
        TestError::Message(error) => Failure::internal(&error),
    })?;
    answer(&on, &webhook, StatusCode::OK, Shows { tested: Some(&tested), ..Shows::default() }).await
}

/// `POST …/rotate`. The answer shows the new secret, as that of [`create`] does.
async fn rotate(
    State(pages): State<Pages>,
    Posted { by: Allowed { on, .. }, form }: Posted<Allowed<WebhooksWrite>>,
) -> Result<Response, Failure> {
    let webhook = found(&on).await?;
    let Ok(overlap) = form.trimmed("overlap").parse::<Overlap>() else {
        let issue = Issue::new("overlap", "Choose how long the old secret signs too");
        return Err(Failure::invalid("The form does not say how long the old secret signs", vec![issue]));
    };
    let rotation = SecretRotation { overlap: overlap.duration() };
    let rotated = pages.webhooks.rotate(&on.tenant, webhook.id, rotation, on.acting(), None).await;
    Ok(show_secret(&on, &webhook, &rotated.map_err(Failure::of_webhook)?, Some(overlap)))
}

/// `GET …/delete`: asks before it deletes.
async fn ask_to_delete(Allowed { on, .. }: Allowed<WebhooksWrite>) -> Result<Response, Failure> {
    let webhook = found(&on).await?;
    let page = webhook::ask(&on.visit.frame(), &on.project(), &webhook);
    Ok(on.visit.page(StatusCode::OK, page))
}

/// `POST …/delete`. Repeating it is not an error.
async fn delete(
    State(pages): State<Pages>,
    Posted { by: Allowed { on, .. }, .. }: Posted<Allowed<WebhooksWrite>>,
) -> Result<Response, Failure> {
    let id = on.named.webhook.ok_or_else(Failure::no_such_webhook)?;
    match pages.webhooks.delete(&on.tenant, id, on.acting()).await {
        Ok(_) | Err(OwnedError::NotFound) => {}
        Err(error) => return Err(Failure::of_webhook(error)),
    }
    let address = on.visit.addresses.webhooks(on.tenant.project);
    Ok(on.visit.go_to(&format!("{address}?done={}", WebhookFlash::Deleted.as_str())))
}
