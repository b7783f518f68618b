//! The pages that can be opened after signing in: by name, with checked parameters.

use integrations_core::{
    device_login::UserCode,
    ids::{ApiKeyId, ApprovalId, DeliveryId, OrganizationId, ProjectId, RunId, WebhookId},
};

use super::addresses::{Addresses, AppsPlace};

/// A page that can be opened after signing in. What a text from outside names is read into this and written anew, so no
/// text can lead to another server or to another part of this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// The organization's projects.
    Home,
    /// The projects of an organization.
    Projects(OrganizationId),
    /// What a project is called, and its archiving.
    ProjectSettings(OrganizationId, ProjectId),
    /// The API keys of an organization.
    Keys(OrganizationId),
    /// The page on which one is made.
    NewKey(OrganizationId),
    /// One of them.
    Key(OrganizationId, ApiKeyId),
    /// A project's integrations.
    Project(ProjectId),
    /// A project's audit log.
    Audit(ProjectId),
    /// The calls of a project's actions.
    Runs(ProjectId),
    /// One of them.
    Run(ProjectId, RunId),
    /// The install links of a project.
    InstallLinks(ProjectId),
    /// What waits for a person in a project.
    Approvals(ProjectId),
    /// One call that waits, or waited.
    Approval(ProjectId, ApprovalId),
    /// A project's webhooks.
    Webhooks(ProjectId),
    /// The page on which one is made.
    NewWebhook(ProjectId),
    /// One of them.
    Webhook(ProjectId, WebhookId),
    /// What was sent to one, and what waits to be.
    Deliveries(ProjectId, WebhookId),
    /// One delivery of that.
    Delivery(ProjectId, WebhookId, DeliveryId),
    /// A provider in a project.
    Provider(ProjectId, String),
    /// The OAuth apps of an organization or a project, or the one of this provider.
    OauthApps(AppsPlace, Option<String>),
    /// The approval of a program without a browser, with the code that it shows.
    Device(Option<UserCode>),
}

impl Destination {
    /// The page with this path. Of what follows a question mark, only the code of a device login is kept. `None` if
    /// there is no such page.
    pub(crate) fn read(text: &str, addresses: &Addresses) -> Option<Self> {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        if path == addresses.device(None) {
            let code = query.split('&').find_map(|pair| pair.strip_prefix("code=")?.parse().ok());
            return Some(Self::Device(code));
        }
        let rest = path.strip_prefix(&addresses.home())?;
        let parts: Vec<&str> = rest.split('/').collect();
        if let ["", kind, id, "oauth-apps", ref provider @ ..] = parts[..] {
            let place = match kind {
                "orgs" => AppsPlace::Organization(id.parse().ok()?),
                "projects" => AppsPlace::Project(id.parse().ok()?),
                _ => return None,
            };
            return match provider {
                [] => Some(Self::OauthApps(place, None)),
                [provider] if is_key(provider) => Some(Self::OauthApps(place, Some((*provider).to_owned()))),
                _ => None,
            };
        }
        if let ["", "projects", project, "webhooks", ref below @ ..] = parts[..] {
            return Self::among_webhooks(project.parse().ok()?, below);
        }
        match parts[..] {
            [""] | ["", ""] => Some(Self::Home),
            ["", "orgs", id, "projects"] => id.parse().ok().map(Self::Projects),
            ["", "orgs", id, "projects", project] => {
                Some(Self::ProjectSettings(id.parse().ok()?, project.parse().ok()?))
            }
            ["", "orgs", id, "keys"] => id.parse().ok().map(Self::Keys),
            ["", "orgs", id, "keys", "new"] => id.parse().ok().map(Self::NewKey),
            ["", "orgs", id, "keys", key] => Some(Self::Key(id.parse().ok()?, key.parse().ok()?)),
            ["", "projects", project] | ["", "projects", project, "integrations"] => {
                project.parse().ok().map(Self::Project)
            }
            ["", "projects", project, "audit"] => project.parse().ok().map(Self::Audit),
            ["", "projects", project, "runs"] => project.parse().ok().map(Self::Runs),
            ["", "projects", project, "runs", run] => {
                Some(Self::Run(project.parse().ok()?, run.parse().ok()?))
            }
            ["", "projects", project, "install-links"] => project.parse().ok().map(Self::InstallLinks),
            ["", "projects", project, "approvals"] => project.parse().ok().map(Self::Approvals),
            ["", "projects", project, "approvals", approval] => {
                Some(Self::Approval(project.parse().ok()?, approval.parse().ok()?))
            }
            ["", "projects", project, "integrations", provider] if is_key(provider) => {
                Some(Self::Provider(project.parse().ok()?, provider.to_owned()))
            }
            _ => None,
        }
    }

    /// The page of a project's webhooks with this path below their list.
    fn among_webhooks(project: ProjectId, below: &[&str]) -> Option<Self> {
        match *below {
            [] => Some(Self::Webhooks(project)),
            ["new"] => Some(Self::NewWebhook(project)),
            [webhook] => Some(Self::Webhook(project, webhook.parse().ok()?)),
            [webhook, "deliveries"] => Some(Self::Deliveries(project, webhook.parse().ok()?)),
            [webhook, "deliveries", delivery] => {
                Some(Self::Delivery(project, webhook.parse().ok()?, delivery.parse().ok()?))
            }
            _ => None,
        }
    }

    /// Its address.
    pub(crate) fn address(&self, addresses: &Addresses) -> String {
        match self {
            Self::Home => addresses.home(),
            Self::Projects(id) => addresses.projects(*id),
            Self::ProjectSettings(id, project) => addresses.project_settings(*id, *project),
            Self::Keys(id) => addresses.keys(*id),
            Self::NewKey(id) => addresses.new_key(*id),
            Self::Key(id, key) => addresses.key(*id, *key),
            Self::Project(project) => addresses.project(*project),
            Self::Audit(project) => addresses.audit(*project),
            Self::Runs(project) => addresses.runs(*project),
            Self::Run(project, run) => addresses.run(*project, *run),
            Self::InstallLinks(project) => addresses.install_links(*project),
            Self::Approvals(project) => addresses.approvals(*project),
            Self::Approval(project, approval) => addresses.approval(*project, *approval),
            Self::Webhooks(project) => addresses.webhooks(*project),
            Self::NewWebhook(project) => addresses.new_webhook(*project),
            Self::Webhook(project, webhook) => addresses.webhook(*project, *webhook),
            Self::Deliveries(project, webhook) => addresses.deliveries(*project, *webhook),
            Self::Delivery(project, webhook, delivery) => addresses.delivery(*project, *webhook, *delivery),
            Self::Provider(project, provider) => addresses.provider(*project, provider),
            Self::OauthApps(place, None) => addresses.oauth_apps(*place),
            Self::OauthApps(place, Some(provider)) => addresses.oauth_app(*place, provider),
            Self::Device(code) => addresses.device(*code),
        }
    }

    /// The page with this path of a request, or else the nearest one above it: the page of a project for the address
    /// that archives it.
    pub(crate) fn near(path: &str, addresses: &Addresses) -> Self {
        let mut rest = path.strip_prefix("/dashboard").unwrap_or_default();
        loop {
            if let Some(page) = Self::read(&format!("{}{rest}", addresses.home()), addresses) {
                return page;
            }
            rest = rest.rsplit_once('/').map_or("", |(above, _)| above);
        }
    }

    /// The project that it is in.
    pub(crate) const fn project(&self) -> Option<ProjectId> {
        match self {
            Self::Home
            | Self::Device(_)
            | Self::Projects(_)
            | Self::ProjectSettings(..)
            | Self::Keys(_)
            | Self::NewKey(_)
            | Self::Key(..)
            | Self::OauthApps(AppsPlace::Organization(_), _) => None,
            Self::Project(project)
            | Self::Audit(project)
            | Self::Runs(project)
            | Self::Run(project, _)
            | Self::InstallLinks(project)
            | Self::Approvals(project)
            | Self::Approval(project, _)
            | Self::Webhooks(project)
            | Self::NewWebhook(project)
            | Self::Webhook(project, _)
            | Self::Deliveries(project, _)
            | Self::Delivery(project, ..)
            | Self::Provider(project, _)
            | Self::OauthApps(AppsPlace::Project(project), _) => Some(*project),
        }
    }

    /// The organization that it names. `None` for the pages of its projects too.
    pub(crate) const fn organization(&self) -> Option<OrganizationId> {
        match self {
            Self::Projects(id)
            | Self::ProjectSettings(id, _)
            | Self::Keys(id)
            | Self::NewKey(id)
            | Self::Key(id, _)
            | Self::OauthApps(AppsPlace::Organization(id), _) => Some(*id),
            _ => None,
        }
    }
}

/// Whether a text has the characters of a provider's key, with an alias or without.
fn is_key(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "00000000000000000000000001";
    const PROJECT: &str = "/dashboard/projects/prj_00000000000000000000000001";
    const WEBHOOK: &str =
        "/dashboard/projects/prj_00000000000000000000000001/webhooks/whk_00000000000000000000000001";
    const OWNER: &str = "/dashboard/orgs/org_00000000000000000000000001";
    const APPS: &str = "/dashboard/orgs/org_00000000000000000000000001/oauth-apps";

    fn written(text: &str, public_url: &str) -> Option<String> {
        let addresses = Addresses::new(&public_url.parse().unwrap());
        Destination::read(text, &addresses).map(|page| page.address(&addresses))
    }

    #[test]
    fn the_pages_of_the_dashboard_are_known_by_name() {
        for (text, page) in [
            ("/dashboard", "/dashboard"),
            ("/dashboard/", "/dashboard"),
            ("/dashboard?x=//evil.example", "/dashboard"),
            ("/device", "/device"),
            ("/device?x=1&code=abcd2345", "/device?code=ABCD-2345"),
            ("/device?code=//evil.example", "/device"),
            (PROJECT, PROJECT),
            (&format!("{PROJECT}/integrations"), PROJECT),
            (&format!("{PROJECT}/audit?before=aud_1"), &format!("{PROJECT}/audit")),
            (&format!("{PROJECT}/runs?status=failed"), &format!("{PROJECT}/runs")),
            (&format!("{PROJECT}/runs/run_{ID}"), &format!("{PROJECT}/runs/run_{ID}")),
            (&format!("{PROJECT}/webhooks"), &format!("{PROJECT}/webhooks")),
            (&format!("{PROJECT}/webhooks/new"), &format!("{PROJECT}/webhooks/new")),
            (&format!("{WEBHOOK}?done=enabled"), WEBHOOK),
            (&format!("{WEBHOOK}/deliveries?status=failed"), &format!("{WEBHOOK}/deliveries")),
            (&format!("{WEBHOOK}/deliveries/dlv_{ID}"), &format!("{WEBHOOK}/deliveries/dlv_{ID}")),
            (&format!("{PROJECT}/install-links?before=lnk_1"), &format!("{PROJECT}/install-links")),
            (&format!("{PROJECT}/approvals"), &format!("{PROJECT}/approvals")),
            (&format!("{PROJECT}/approvals/apr_{ID}"), &format!("{PROJECT}/approvals/apr_{ID}")),
            (&format!("{PROJECT}/integrations/shopify~eu"), &format!("{PROJECT}/integrations/shopify~eu")),
            (&format!("{OWNER}/projects?done=created"), &format!("{OWNER}/projects")),
            (&format!("{OWNER}/projects/prj_{ID}"), &format!("{OWNER}/projects/prj_{ID}")),
            (&format!("{OWNER}/keys"), &format!("{OWNER}/keys")),
            (&format!("{OWNER}/keys/new"), &format!("{OWNER}/keys/new")),
            (&format!("{OWNER}/keys/key_{ID}"), &format!("{OWNER}/keys/key_{ID}")),
            (&format!("{PROJECT}/oauth-apps"), &format!("{PROJECT}/oauth-apps")),
            (&format!("{PROJECT}/oauth-apps/slack?done=set"), &format!("{PROJECT}/oauth-apps/slack")),
            (APPS, APPS),
            (&format!("{APPS}/slack"), &format!("{APPS}/slack")),
        ] {
            assert_eq!(written(text, "https://a.example").as_deref(), Some(page), "{text}");
        }
        assert_eq!(written("/riq/dashboard", "https://a.example/riq").as_deref(), Some("/riq/dashboard"));
        assert_eq!(written("/dashboard", "https://a.example/riq"), None);
    }

    #[test]
    fn nothing_else_is_a_page() {
        for bad in [
            "",
            "/",
            "dashboard",
            "https://evil.example/dashboard",
            "https://a.example/dashboard",
            "https://a.example//evil.example",
            "//evil.example/dashboard",
            "/\\evil.example/dashboard",
            "/%5Cevil.example",
            "/dashboard\\..\\..\\evil",
            "/dashboardx",
            "/device/approve",
            "/devices?code=ABCD-2345",
            "/dashboard@evil.example",
            "/dashboard/../api/v1",
            "/dashboard/%2e%2e/api",
            "/dashboard//evil.example",
            "/dashboard/.//evil.example",
            "/dashboard/sign-in",
            "/dashboard/projects/prj_1",
            "/dashboard#x",
            "javascript:alert(1)//dashboard",
            "\t/dashboard",
            "/dash\nboard",
            &format!("{PROJECT}/integrations/.."),
            &format!("{PROJECT}/integrations/slack/disconnect"),
            &format!("{PROJECT}/integrations/%2e%2e"),
            &format!("{PROJECT}/runs/apr_{ID}"),
            &format!("{PROJECT}/approvals/.."),
            &format!("{PROJECT}/approvals/apr_{ID}/approve"),
            OWNER,
            &format!("{OWNER}/projects/new"),
            &format!("{OWNER}/keys/key_{ID}/revoke"),
            &format!("{OWNER}/keys/.."),
            "/dashboard/orgs/org_1/keys",
            &format!("{PROJECT}/oauth-apps/.."),
            &format!("{APPS}/slack/remove"),
            &format!("{APPS}/"),
            "/dashboard/orgs/org_1/oauth-apps",
            "/dashboard/orgs/prj_00000000000000000000000001/oauth-apps",
        ] {
            assert_eq!(written(bad, "https://a.example"), None, "{bad:?}");
        }
    }
    #[test]
    fn the_nearest_page_is_found_for_every_address() {
        let addresses = Addresses::new(&"https://a.example/riq".parse().unwrap());
        for (path, page) in [
            (format!("{OWNER}/keys/key_{ID}/rotate"), format!("/riq{OWNER}/keys/key_{ID}")),
            (format!("{OWNER}/keys/nonsense"), format!("/riq{OWNER}/keys")),
            (format!("{OWNER}/nonsense/x"), "/riq/dashboard".to_owned()),
            ("/elsewhere".to_owned(), "/riq/dashboard".to_owned()),
        ] {
            assert_eq!(Destination::near(&path, &addresses).address(&addresses), page, "{path}");
        }
    }
}
