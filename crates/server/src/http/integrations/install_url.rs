//! `POST /projects/{projectId}/integrations/{provider}/install-url`

use axum::{extract::State, response::Response};
use integrations_core::{
    catalog::AuthKind,
    install_link::LinkRequest,
    wire::{CreateInstallUrl, InstallUrl, InstallUrlResponse},
};

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
    services::install::{NewLink, Wish},
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
/// it only to the person who installs. A repeat with the same `Idempotency-Key` gets the same URL while it works, and
/// afterwards that of the page alone.
///
/// No body is needed. With a `return_url`, the person is sent back to your product at the end. With an
/// `expected_account_id`, no other account of the provider can be connected. With an `auth`, the page offers this way
/// to log in alone; else it offers first what works on this server.
///
/// A project has at most one integration of each provider under its own name. Under an alias it has more: `shopify~eu`
/// in the path makes a URL for the account `eu`, which installs no other.
#[utoipa::path(
    post,
    path = "/api/v1/projects/{projectId}/integrations/{provider}/install-url",
    operation_id = "createInstallUrl",
    tag = "Integrations",
    params(InProject, OfProvider),
    request_body(content = CreateInstallUrl,
                 example = json!({"return_url": "https://app.example.com/settings", "state": "af0ifjsldkj"})),
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
    let allowed = api.installer.return_origins(&access.tenant).await?;
    let kinds: Vec<AuthKind> = account.ways.iter().map(|way| way.auth).collect();
    let request = LinkRequest::read(body, account.provider.account.is_some(), &kinds)?;
    request.check(&allowed).map_err(|issue| Failure::invalid("Invalid body", vec![issue]))?;
    let wish = request.auth.map_or(Wish::Any, Wish::Only);
    let setup_type = api.installer.offer(&access.tenant, &account, wish).await?.shown.provider.setup_type();
    let (made, auth) = (api.installer.next_link(), request.auth.map(Into::into));
    let token = Token::generate(&api.environment);
    let base = api.settings.public_url.as_str().trim_end_matches('/');
    let (project, provider) = (access.tenant.project, account.as_str());
    let page = format!("{base}/dashboard/projects/{project}/integrations/{provider}");
    let shows = |install_url: String, message: &str| InstallUrlResponse {
        data: InstallUrl {
            provider: provider.to_owned(),
            install_url,
            setup_type: setup_type.into(),
            auth: auth.clone(),
            message: message.to_owned(),
            link_id: Some(made.id.to_string()),
            expires_at: Some(made.expires_at),
        },
    };
    let link = shows(format!("{page}?session={}", token.expose()), OPEN);
    // A repeat shows the same link while it is open: it is what was asked for.
    let answer = Answer::ok(&link)?.showing(&token, &shows(page, ENDED))?;
    let remembered = post.remembered(&api, &answer)?;
    let (tenant, by) = (&access.tenant, access.caller.key.into());
    let link = NewLink { made, tenant, account: &account, by, token: &token, request };
    let created = api.installer.create_link(link, remembered).await;
    post.settle(&api, created.map(|()| answer)).await
}
