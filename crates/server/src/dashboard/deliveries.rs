//! What was sent to a webhook, and what waits to be.

use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use http::{StatusCode, Uri};
use integrations_core::{error::ErrorCode, ids::DeliveryId, issue::Issue, webhook::DeliveryStatus};

use super::{
    flash::WebhookFlash,
    state::Pages,
    view::{
        deliveries::{self, DeliveriesPage},
        delivery::{self, DeliveryPage},
        provider_page::{Part, RefusedForm},
    },
    visit::{Allowed, OnProject, Posted},
    webhooks::{found, since},
};
use crate::{
    edge::{
        failure::Failure,
        query,
        scoped::{WebhooksRead, WebhooksWrite},
    },
    store::{Again, OwnedError, WebhookRecord},
};

/// The deliveries on a page.
const PAGE: u16 = 50;

/// The pages.
#[expect(clippy::disallowed_methods, reason = "pages are not in the specification")]
pub(super) fn routes() -> Router<Pages> {
    let webhook = "/dashboard/projects/{projectId}/webhooks/{webhookId}";
    let delivery = format!("{webhook}/deliveries/{{deliveryId}}");
    Router::new()
        .route(&format!("{webhook}/redeliver"), post(send_missed))
        .route(&format!("{webhook}/deliveries"), get(list))
        .route(&delivery, get(show))
        .route(&format!("{delivery}/redeliver"), post(send_again))
}

/// What is chosen in an address.
#[derive(Clone, Copy, Default)]
struct Chosen {
    status: Option<DeliveryStatus>,
    before: Option<DeliveryId>,
    flash: Option<WebhookFlash>,
}

impl Chosen {
    /// Unknown words are ignored, because people choose them from a list.
    fn read(uri: &Uri) -> Result<Self, Failure> {
        let [status, before, done] = query::parameters(uri, ["status", "before", "done"])?;
        let before = before.map(|text| text.parse()).transpose().map_err(|_| {
            let issue = Issue::new("before", "Expected a delivery's id, dlv_…");
            Failure::invalid("The address names no delivery", vec![issue])
        })?;
        let flash = done.and_then(|word| word.parse::<WebhookFlash>().ok());
        Ok(Self {
            status: status.and_then(|word| word.parse().ok()),
            before,
            flash: flash.filter(|flash| flash.is_of_deliveries()),
        })
    }
}

/// `GET /dashboard/projects/{projectId}/webhooks/{webhookId}/deliveries`
async fn list(Allowed { on, .. }: Allowed<WebhooksRead>, uri: Uri) -> Result<Response, Failure> {
    let (chosen, webhook) = (Chosen::read(&uri)?, found(&on).await?);
    answer(&on, &webhook, chosen, StatusCode::OK, None).await
}

async fn answer(
    on: &OnProject,
    webhook: &WebhookRecord,
    chosen: Chosen,
    status: StatusCode,
    refused: Option<&RefusedForm>,
) -> Result<Response, Failure> {
    let Chosen { status: only, before, flash } = chosen;
    let page = on.visit.pages.webhooks.deliveries(&on.tenant, webhook.id, (before, only), PAGE).await?;
    let page = page.ok_or_else(Failure::no_such_webhook)?;
    let shown = DeliveriesPage {
        project: on.project(),
        webhook,
        deliveries: &page.entries,
        status: only,
        is_newest: before.is_none(),
        older: page.cursor(),
        flash,
        refused,
    };
    Ok(on.visit.page(status, deliveries::page(&on.visit.frame(), &shown)))
}

/// `POST /dashboard/projects/{projectId}/webhooks/{webhookId}/redeliver`: sends again what was not delivered since a
/// moment.
async fn send_missed(
    State(pages): State<Pages>,
    Posted { by: Allowed { on, .. }, form }: Posted<Allowed<WebhooksWrite>>,
) -> Result<Response, Failure> {
    let webhook = found(&on).await?;
    let again = match since(&form) {
        Ok(again) => again,
        Err(issue) => {
            let advice = "Correct what is marked below, and send the form again.";
            let refused =
                RefusedForm::new(Part::Redelivery, "Nothing is sent again", advice, vec![issue], form);
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return answer(&on, &webhook, Chosen::default(), status, Some(&refused)).await;
        }
    };
    let sent = pages.webhooks.redeliver(&on.tenant, webhook.id, again, on.acting(), |_| Ok(None)).await;
    let address = on.visit.addresses.deliveries(on.tenant.project, webhook.id);
    Ok(after(&on, &address, sent.map_err(Failure::of_webhook)?))
}

fn after(on: &OnProject, address: &str, sent: u64) -> Response {
    let flash = if sent == 0 { WebhookFlash::Nothing } else { WebhookFlash::SentAgain };
    on.visit.go_to(&format!("{address}?done={}", flash.as_str()))
}

fn no_such_delivery() -> Failure {
    Failure::new(ErrorCode::ResourceNotFound, "There is no such delivery")
}

/// The delivery that the path names.
fn named(on: &OnProject) -> Result<DeliveryId, Failure> {
    on.named.item.as_deref().and_then(|text| text.parse().ok()).ok_or_else(no_such_delivery)
}

/// `GET /dashboard/projects/{projectId}/webhooks/{webhookId}/deliveries/{deliveryId}`
async fn show(
    State(pages): State<Pages>,
    Allowed { on, .. }: Allowed<WebhooksRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    let (chosen, webhook, id) = (Chosen::read(&uri)?, found(&on).await?, named(&on)?);
    let details = pages.webhooks.delivery(&on.tenant, webhook.id, id).await?.ok_or_else(no_such_delivery)?;
    let page =
        DeliveryPage { project: on.project(), webhook: &webhook, id, details: &details, flash: chosen.flash };
    Ok(on.visit.page(StatusCode::OK, delivery::page(&on.visit.frame(), &page)))
}

/// `POST …/redeliver`: sends one again, also if it was delivered.
async fn send_again(
    State(pages): State<Pages>,
    Posted { by: Allowed { on, .. }, .. }: Posted<Allowed<WebhooksWrite>>,
) -> Result<Response, Failure> {
    let (webhook, id) = (found(&on).await?, named(&on)?);
    let again = Again::One(id);
    let sent = pages.webhooks.redeliver(&on.tenant, webhook.id, again, on.acting(), |_| Ok(None)).await;
    let sent = sent.map_err(|error| match error {
        OwnedError::NotFound => no_such_delivery(),
        error => Failure::of_webhook(error),
    })?;
    Ok(after(&on, &on.visit.addresses.delivery(on.tenant.project, webhook.id, id), sent))
}
