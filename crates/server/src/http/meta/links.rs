//! What an answer of one operation is good for in another, for the specification (OpenAPI, "Link Object").

use utoipa::openapi::{OpenApi, RefOr, link::Link};

// Parameters of another request, and where their values stand, as runtime expressions.
const PROJECT: (&str, &str) = ("projectId", "$request.path.projectId");
const PROVIDER: (&str, &str) = ("provider", "$request.path.provider");
const FIRST_PROVIDER: (&str, &str) = ("provider", "$response.body#/data/0/provider");
const FIRST_ACTION: (&str, &str) = ("action", "$response.body#/data/0/key");
const RUN: (&str, &str) = ("runId", "$response.body#/data/id");
const VERSION: (&str, &str) = ("If-Match", "$response.header.ETag");
const CURSOR: (&str, &str) = ("cursor", "$response.body#/cursor");

/// The parameters of the other request, with the places of their values.
type Parameters = &'static [(&'static str, &'static str)];

/// From which operation to which, what for, and with which parameters.
const LINKS: [(&str, &str, &str, Parameters); 20] = [
    ("listIntegrations", "getIntegration", "One of the integrations", &[PROJECT, FIRST_PROVIDER]),
    ("listIntegrations", "checkIntegration", "Check one of them now", &[PROJECT, FIRST_PROVIDER]),
    ("getIntegration", "updateIntegrationLifecycle", "Change this version", &[PROJECT, PROVIDER, VERSION]),
    ("getIntegration", "disconnectIntegration", "Disconnect this version", &[PROJECT, PROVIDER, VERSION]),
    ("getIntegration", "checkIntegration", "Check it now", &[PROJECT, PROVIDER]),
    ("updateIntegrationLifecycle", "getIntegration", "What it is later", &[PROJECT, PROVIDER]),
    ("checkIntegration", "getIntegration", "What it is later", &[PROJECT, PROVIDER]),
    ("disconnectIntegration", "createInstallUrl", "Install it again", &[PROJECT, PROVIDER]),
    ("listIntegrations", "getCatalogEntry", "What the provider of one is", &[PROJECT, FIRST_PROVIDER]),
    ("getCatalogEntry", "createInstallUrl", "Install it", &[PROJECT, PROVIDER]),
    ("createInstallUrl", "getIntegration", "The integration, once it is installed", &[PROJECT, PROVIDER]),
    ("listIntegrations", "listActions", "What one of them can do", &[PROJECT, FIRST_PROVIDER]),
    ("listActions", "callAction", "Call one of them", &[PROJECT, PROVIDER, FIRST_ACTION]),
    ("callAction", "getActionRun", "What came of it", &[PROJECT, RUN]),
    ("getActionRun", "getActionRun", "What it is later", &[PROJECT, RUN]),
    ("listActionRuns", "listActionRuns", "The next page, if there is one", &[PROJECT, CURSOR]),
    ("listApprovals", "listApprovals", "The next page, if there is one", &[PROJECT, CURSOR]),
    ("approveAction", "getActionRun", "What came of it", &[PROJECT, RUN]),
    ("listWebhookDeliveries", "listWebhookDeliveries", "The next page, if there is one", &[PROJECT, CURSOR]),
    ("listAuditEvents", "listAuditEvents", "The next page, if there is one", &[PROJECT, CURSOR]),
];

/// Adds the links to the successful responses.
pub(super) fn describe(api: &mut OpenApi) {
    let operations = api.paths.paths.values_mut().flat_map(|path| {
        [&mut path.get, &mut path.post, &mut path.patch, &mut path.delete].into_iter().flatten()
    });
    for operation in operations {
        let id = operation.operation_id.clone().unwrap_or_default();
        let Some(RefOr::T(success)) = operation.responses.responses.get_mut("200") else { continue };
        for (_, to, description, parameters) in LINKS.iter().filter(|(from, ..)| *from == id) {
            let link = Link::builder().operation_id(*to).description(*description);
            let link = parameters.iter().fold(link, |link, (name, value)| link.parameter(*name, *value));
            success.links.insert((*to).to_owned(), RefOr::T(link.build()));
        }
    }
}
