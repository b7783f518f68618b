//! `GET /api/v1/openapi.json`: the specification, from which clients can be generated.

use std::sync::{Arc, LazyLock};

use axum::{
    Extension,
    body::Bytes,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, header};
use utoipa::openapi::{
    ComponentsBuilder, ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, Required, ServerBuilder,
    path::Operation,
    security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    tag::TagBuilder,
};

use super::{every_response, links, repeats};
use crate::{
    edge::failure::Failure,
    http::{
        entity_tag::{content_tag, unless_known},
        failures::OnSpecification,
        parameters::IfNoneMatch,
    },
};

/// The licence of the server and of its specification, as an SPDX expression.
const LICENSE: &str = env!("CARGO_PKG_LICENSE");

/// The specification as JSON, written once, when it is first asked for. Handed to the handler, as the routes that it
/// describes are known only when all of them are together.
#[derive(Clone)]
pub(in crate::http) struct Specification(Arc<LazyLock<Result<Written, serde_json::Error>, Writing>>);

type Writing = Box<dyn FnOnce() -> Result<Written, serde_json::Error> + Send>;

struct Written {
    json: Bytes,
    tag: String,
}

impl Specification {
    /// The specification of these routes.
    pub(in crate::http) fn of(routes: OpenApi) -> Self {
        let write: Writing = Box::new(|| {
            let json = openapi_of(routes).to_json()?;
            Ok(Written { tag: content_tag(json.as_bytes()), json: json.into() })
        });
        Self(Arc::new(LazyLock::new(write)))
    }
}

/// The OpenAPI specification
///
/// Returns this specification, OpenAPI 3.1. It is generated from the server's code.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    operation_id = "getSpecification",
    tag = "Server",
    security(()),
    params(IfNoneMatch),
    responses(
        (status = 200, description = "The specification", body = std::collections::BTreeMap<String, serde_json::Value>,
         content_type = "application/json",
         headers(("ETag" = String, description = "The entity tag of this specification")),
         example = json!({"openapi": "3.1.0"})),
        (status = 304, description = "The client has this specification",
         headers(("ETag" = String, description = "The entity tag of this specification"))),
        OnSpecification,
    ),
)]
pub(super) async fn specification(
    Extension(Specification(written)): Extension<Specification>,
    request: HeaderMap,
) -> Result<Response, Failure> {
    let Written { json, tag } = (**written).as_ref().map_err(|error| Failure::internal(error))?;
    let media = [(header::CONTENT_TYPE, "application/json")];
    unless_known(&request, tag, || (media, json.clone()).into_response())
}

/// The operations whose body may be left out.
const WITHOUT_BODY: [&str; 1] = ["createInstallUrl"];

/// Says of which operations the body may be left out. The attribute of a route can say so only together with a schema
/// of its own.
fn spare_bodies(api: &mut OpenApi) {
    let posts = api.paths.paths.values_mut().filter_map(|path| path.post.as_mut());
    let spared =
        |post: &&mut Operation| post.operation_id.as_deref().is_some_and(|id| WITHOUT_BODY.contains(&id));
    for body in posts.filter(spared).filter_map(|post| post.request_body.as_mut()) {
        if let utoipa::openapi::RefOr::T(body) = body {
            body.required = Some(Required::False);
        }
    }
}

/// The groups of operations, in the order in which they are shown.
const TAGS: [(&str, &str); 12] = [
    ("Integrations", "A project's integrations, and the catalog"),
    ("Actions", "What an agent does with what is installed, and the record of it"),
    ("Approvals", "Calls of actions that wait for a person, and who decides on them"),
    ("Proxy", "Requests to a provider's own API, as far as actions that are permitted stand for them"),
    ("Webhooks", "Receivers of what happens in a project, and what was sent to them"),
    ("Provider events", "What providers send, and the addresses that they send it to"),
    ("Audit", "Who did what to which integration"),
    ("Projects", "An organization's projects"),
    ("API keys", "An organization's API keys. Nobody grants more than they hold"),
    ("OAuth apps", "The apps that providers issued to an organization or for one of its projects"),
    ("Device login", "How a program without a browser gets an API key (RFC 8628); no API key is needed"),
    ("Server", "The server itself; no API key is needed"),
];

/// Adds the parts of the specification that are not about single routes.
pub(in crate::http) fn openapi_of(mut api: OpenApi) -> OpenApi {
    api.info = InfoBuilder::new()
        .title("Integrations API")
        .version("1.0.0")
        .description(Some(include_str!("introduction.md")))
        .contact(Some(ContactBuilder::new().name(Some("The Integrations API maintainers")).build()))
        .license(Some(LicenseBuilder::new().name(LICENSE).identifier(Some(LICENSE)).build()))
        .build();
    api.servers = Some(vec![ServerBuilder::new().url("/").description(Some("This server")).build()]);
    let tag = |(name, description)| TagBuilder::new().name(name).description(Some(description)).build();
    api.tags = Some(TAGS.map(tag).to_vec());
    let key = ApiKeyValue::with_description("X-API-Key", "An API key, `riq_…`");
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.description = Some("The same API key as a bearer token (RFC 6750)".to_owned());
    let mut metrics_token = Http::new(HttpAuthScheme::Bearer);
    metrics_token.description = Some("The server's `RIQ_METRICS_TOKEN`".to_owned());
    let components = api.components.take().unwrap_or_default();
    let builder = ComponentsBuilder::from(components)
        .security_scheme("api_key", SecurityScheme::ApiKey(ApiKey::Header(key)))
        .security_scheme("bearer", SecurityScheme::Http(bearer))
        .security_scheme("metrics_token", SecurityScheme::Http(metrics_token));
    api.components = Some(builder.build());
    spare_bodies(&mut api);
    repeats::describe(&mut api);
    every_response::describe(&mut api);
    links::describe(&mut api);
    api
}
