//! What scopes cover, in words.

use integrations_core::scope::{Level, Resource, Scope};

/// What a scope covers. `None`: nothing asks for it yet, so it is not offered.
pub(crate) const fn covers(scope: Scope) -> Option<&'static str> {
    use {Level::*, Resource::*};

    Some(match (scope.resource, scope.level) {
        (None, Read) => "See everything, and change nothing.",
        (None, Write) => "See and change everything but API keys, OAuth apps and who may approve.",
        (None, Admin) => "Everything, API keys and OAuth apps included.",
        (Some(Integrations), Read) => "See the catalog and the integrations.",
        (Some(Integrations), Write) => "Connect, check, change and disconnect integrations.",
        (Some(Actions), Read) => "See which actions can be called, and what came of each call.",
        (Some(Actions), Write) => "Call the actions that are permitted.",
        (Some(Approvals), Read) => "See what waits for a person.",
        (Some(Approvals), Admin) => {
            "Approve and deny what waits for a person, in projects that let API keys do that."
        }
        (Some(Audit), Read) => "See the audit log.",
        (Some(Projects), Read) => "See the projects.",
        (Some(Projects), Write) => "Create, change and archive projects.",
        (Some(Keys), Read) => "See which API keys there are, never a key itself.",
        (Some(Keys), Admin) => "Create, change, rotate and revoke API keys that may do no more than itself.",
        (Some(OauthApps), Read) => "See which OAuth apps are set, never their secrets.",
        (Some(OauthApps), Admin) => "Set and remove OAuth apps.",
        (Some(Integrations | Actions), Admin)
        | (Some(Audit), Write | Admin)
        | (Some(Projects), Admin)
        | (Some(Keys | OauthApps | Approvals), Write)
        | (Some(Webhooks | Proxy), _) => return None,
    })
}
