//! `POST /projects/{projectId}/integrations/{provider}/install-url`

use axum::{extract::State, response::Response};
use integrations_core::{
    issue::Issue,
    json::{self, JsonError},
    wire::{InstallUrl, InstallUrlResponse},
};
use serde_json::Value;

use crate::{
    edge::failure::Failure,
    http::state::Api,
    http::{
        answer::Answer,
        auth::{Access, IntegrationsWrite},
        failures::OnInstall,
        parameters::{InProject, OfProvider},
        post::Post,
    },
    services::install::NewLink,
    token::Token,
};

/// What to do with a link.
const OPEN: &str = "Open the URL above in a browser to complete installation.";
/// The same in a repeat, when the link has ended.
const ENDED: &str = "The link of the first answer has ended: it was used or has expired. The URL above opens the page for a \
                     person who signs in. For another link, send the request with a new Idempotency-Key.";

/// Get an install URL
///
/// Installing needs a browser: the page leads the person through the provider's consent, or asks for the API key or
/// webhook URL. The URL works without an API key, for half an hour or until an installation is finished with it. Give
/// it only to the person who installs. No body is needed. A repeat with the same `Idempotency-Key` gets the same URL
/// while it works, and afterwards that of the page alone.
///
/// A project has at most one integration of each provider under its own name. Under an alias it has more: `shopify~eu`
/// in the path makes a URL for the account `eu`, which installs no other.
#[utoipa::path(
    post,
    path = "/api/v1/projects/{projectId}/integrations/{provider}/install-url",
    operation_id = "createInstallUrl",
    tag = "Integrations",
    params(InProject, OfProvider),
    security(("api_key" = ["integrations:write"]), ("bearer" = ["integrations:write"])),
    responses(
        (status = 200, description = "The page to open", body = InstallUrlResponse,
         example = json!({"data": crate::http::examples::install_url()})),
        OnInstall,
    ),
)]
pub(super) async fn install_url(
    State(api): State<Api>,
    post: Post<Access<IntegrationsWrite>>,
) -> Result<Response, Failure> {
    let (access, body) = (&post.access, post.json()?);
    let account = access.account(&api).await?;
    api.organizations.admit(&access.tenant).await?;
    check(body)?;
    let token = Token::generate(&api.environment);
    let base = api.settings.public_url.as_str().trim_end_matches('/');
    let (project, provider) = (access.tenant.project, account.as_str());
    let page = format!("{base}/dashboard/projects/{project}/integrations/{provider}");
    let shows = |install_url: String, message: &str| {
        let (provider, setup_type) = (provider.to_owned(), account.provider.setup_type().into());
        InstallUrlResponse {
            data: InstallUrl { provider, install_url, setup_type, message: message.to_owned() },
        }
    };
    let link = shows(format!("{page}?session={}", token.expose()), OPEN);
    // A repeat shows the same link while it is open: it is what was asked for.
    let answer = Answer::ok(&link)?.showing(&token, &shows(page, ENDED))?;
    let remembered = post.remembered(&api, &answer)?;
    let link =
        NewLink { tenant: &access.tenant, account: &account, by: access.caller.key.into(), token: &token };
    let created = api.installer.create_link(link, remembered).await;
    post.settle(&api, created.map(|()| answer)).await
}

/// Checks the body, which must be empty or an object without fields.
fn check(body: &[u8]) -> Result<(), Failure> {
    if body.is_empty() {
        return Ok(());
    }
    let issues = match json::parse(body) {
        Ok(Value::Object(fields)) => fields.keys().map(|key| Issue::new(key, "Unknown field")).collect(),
        Ok(_) => vec![Issue::new("", "Expected object, or no body")],
        Err(JsonError::Issues(issues)) => issues,
        Err(JsonError::Syntax(message)) => return Err(Failure::bad_json(&message)),
    };
    if issues.is_empty() { Ok(()) } else { Err(Failure::invalid("Invalid body", issues)) }
}
