//! The addresses of the dashboard's pages.

use integrations_core::{
    device_login::UserCode,
    ids::{
        ApiKeyId, ApprovalId, DeliveryId, InstallLinkId, OrganizationId, PendingInstallId, ProjectId, RunId,
        WebhookId,
    },
    oauth::ReportedError,
};
use url::Url;

use super::assets::Asset;
use crate::{
    edge::settings::cookie_suffix,
    services::install::{CALLBACK, OWN_CALLBACK},
};

/// Whose OAuth apps a page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AppsPlace {
    /// Those of an organization.
    Organization(OrganizationId),
    /// Those of a project.
    Project(ProjectId),
}

/// Makes the addresses of pages, as browsers see them. They are below the path of the public URL, if it has one.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    public_url: Url,
    prefix: String,
    cookie_suffix: String,
}

impl Addresses {
    /// The addresses of a server that people reach at `public_url`.
    pub(crate) fn new(public_url: &Url) -> Self {
        Self {
            public_url: public_url.clone(),
            prefix: public_url.path().trim_end_matches('/').to_owned(),
            cookie_suffix: cookie_suffix(public_url),
        }
    }

    /// The end of the names of this server's cookies.
    pub(crate) fn cookie_suffix(&self) -> &str {
        &self.cookie_suffix
    }

    /// Whether browsers reach the server over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// The origin of every page (RFC 6454, section 6.2).
    pub(crate) fn origin(&self) -> String {
        self.public_url.origin().ascii_serialization()
    }

    /// The first page: the organization's projects.
    pub(crate) fn home(&self) -> String {
        format!("{}/dashboard", self.prefix)
    }

    /// The page to sign in.
    pub(crate) fn sign_in(&self) -> String {
        format!("{}/sign-in", self.home())
    }

    /// The page to sign in, which goes on to `page` afterwards.
    pub(crate) fn sign_in_for(&self, page: &str) -> String {
        let query =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", page).finish();
        format!("{}?{query}", self.sign_in())
    }

    /// The page to sign in anew, even with a session that is not fresh, which goes on to `page` afterwards.
    pub(crate) fn fresh_sign_in_for(&self, page: &str) -> String {
        format!("{}&fresh=on", self.sign_in_for(page))
    }

    /// The page on which a program without a browser is approved, with the code that it shows.
    pub(crate) fn device(&self, code: Option<UserCode>) -> String {
        let query = code.map_or_else(String::new, |code| format!("?code={code}"));
        format!("{}/device{query}", self.prefix)
    }

    /// The address of a decision about a device login.
    pub(crate) fn to_device(&self, decision: &str) -> String {
        format!("{}/device/{decision}", self.home())
    }

    /// The address of the form that begins a sign-in with the provider.
    pub(crate) fn sign_in_person(&self) -> String {
        format!("{}/person", self.sign_in())
    }

    /// The path that the provider sends the browser back to after a sign-in.
    pub(crate) fn signed_in(&self) -> String {
        format!("{}/callback", self.sign_in())
    }

    /// The full address of that.
    pub(crate) fn signed_in_whole(&self) -> String {
        format!("{}{}", self.origin(), self.signed_in())
    }

    /// The organizations of a person.
    pub(crate) fn organizations(&self) -> String {
        format!("{}/organizations", self.home())
    }

    /// The organizations of a person, who goes on to `page` afterwards.
    pub(crate) fn organizations_for(&self, page: &str) -> String {
        let query =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", page).finish();
        format!("{}?{query}", self.organizations())
    }

    /// The address of the form that signs out.
    pub(crate) fn sign_out(&self) -> String {
        format!("{}/sign-out", self.home())
    }

    /// The projects of an organization.
    pub(crate) fn projects(&self, organization: OrganizationId) -> String {
        format!("{}/orgs/{organization}/projects", self.home())
    }

    /// What a project is called, and its archiving.
    pub(crate) fn project_settings(&self, organization: OrganizationId, project: ProjectId) -> String {
        format!("{}/{project}", self.projects(organization))
    }

    /// The address of an action on a project.
    pub(crate) fn to_project(
        &self,
        organization: OrganizationId,
        project: ProjectId,
        action: &str,
    ) -> String {
        format!("{}/{action}", self.project_settings(organization, project))
    }

    /// The API keys of an organization.
    pub(crate) fn keys(&self, organization: OrganizationId) -> String {
        format!("{}/orgs/{organization}/keys", self.home())
    }

    /// The page on which a key is made.
    pub(crate) fn new_key(&self, organization: OrganizationId) -> String {
        format!("{}/new", self.keys(organization))
    }

    /// An API key.
    pub(crate) fn key(&self, organization: OrganizationId, key: ApiKeyId) -> String {
        format!("{}/{key}", self.keys(organization))
    }

    /// The address of an action on an API key.
    pub(crate) fn to_key(&self, organization: OrganizationId, key: ApiKeyId, action: &str) -> String {
        format!("{}/{action}", self.key(organization, key))
    }

    /// A project's integrations.
    pub(crate) fn project(&self, project: ProjectId) -> String {
        format!("{}/projects/{project}", self.home())
    }

    /// Those that meet conditions, each with a name and a value.
    pub(crate) fn project_where(&self, project: ProjectId, conditions: &[(&str, String)]) -> String {
        filtered(self.project(project), conditions)
    }

    /// The events of a project's audit log that meet conditions.
    pub(crate) fn audit_where(&self, project: ProjectId, conditions: &[(&str, String)]) -> String {
        filtered(self.audit(project), conditions)
    }

    /// A project's audit log.
    pub(crate) fn audit(&self, project: ProjectId) -> String {
        format!("{}/audit", self.project(project))
    }

    /// The calls of a project's actions.
    pub(crate) fn runs(&self, project: ProjectId) -> String {
        format!("{}/runs", self.project(project))
    }

    /// Those that meet conditions, each with a name and a value.
    pub(crate) fn runs_where(&self, project: ProjectId, conditions: &[(&str, &str)]) -> String {
        filtered(self.runs(project), conditions)
    }

    /// One call of an action.
    pub(crate) fn run(&self, project: ProjectId, run: RunId) -> String {
        format!("{}/{run}", self.runs(project))
    }

    /// The install links of a project.
    pub(crate) fn install_links(&self, project: ProjectId) -> String {
        format!("{}/install-links", self.project(project))
    }

    /// The address that ends one of them.
    pub(crate) fn end_install_link(&self, project: ProjectId, link: InstallLinkId) -> String {
        format!("{}/{link}/end", self.install_links(project))
    }

    /// What waits for a person in a project.
    pub(crate) fn approvals(&self, project: ProjectId) -> String {
        format!("{}/approvals", self.project(project))
    }

    /// Who approves, and how long that may take.
    pub(crate) fn approval_policy(&self, project: ProjectId) -> String {
        format!("{}/policy", self.approvals(project))
    }

    /// One call that waits, or waited.
    pub(crate) fn approval(&self, project: ProjectId, approval: ApprovalId) -> String {
        format!("{}/{approval}", self.approvals(project))
    }

    /// The address of a decision about it.
    pub(crate) fn to_approval(&self, project: ProjectId, approval: ApprovalId, decision: &str) -> String {
        format!("{}/{decision}", self.approval(project, approval))
    }

    /// A project's webhooks.
    pub(crate) fn webhooks(&self, project: ProjectId) -> String {
        format!("{}/webhooks", self.project(project))
    }

    /// The page on which a webhook is made.
    pub(crate) fn new_webhook(&self, project: ProjectId) -> String {
        format!("{}/new", self.webhooks(project))
    }

    /// A webhook.
    pub(crate) fn webhook(&self, project: ProjectId, webhook: WebhookId) -> String {
        format!("{}/{webhook}", self.webhooks(project))
    }

    /// The address of an action on a webhook.
    pub(crate) fn to_webhook(&self, project: ProjectId, webhook: WebhookId, action: &str) -> String {
        format!("{}/{action}", self.webhook(project, webhook))
    }

    /// What was sent to a webhook, and what waits to be.
    pub(crate) fn deliveries(&self, project: ProjectId, webhook: WebhookId) -> String {
        self.to_webhook(project, webhook, "deliveries")
    }

    /// The deliveries that meet conditions, each with a name and a value.
    pub(crate) fn deliveries_where(
        &self,
        project: ProjectId,
        webhook: WebhookId,
        conditions: &[(&str, &str)],
    ) -> String {
        filtered(self.deliveries(project, webhook), conditions)
    }

    /// One delivery.
    pub(crate) fn delivery(&self, project: ProjectId, webhook: WebhookId, delivery: DeliveryId) -> String {
        format!("{}/{delivery}", self.deliveries(project, webhook))
    }

    /// A provider in a project.
    pub(crate) fn provider(&self, project: ProjectId, provider: &str) -> String {
        format!("{}/integrations/{provider}", self.project(project))
    }

    /// The address of an action on a provider in a project.
    pub(crate) fn to(&self, project: ProjectId, provider: &str, action: &str) -> String {
        format!("{}/{action}", self.provider(project, provider))
    }

    /// The page on which an action is tried.
    pub(crate) fn action(&self, project: ProjectId, provider: &str, action: &str) -> String {
        self.to(project, provider, &format!("actions/{action}"))
    }

    /// The page that says what would be decided of an action's call.
    pub(crate) fn explanation(&self, project: ProjectId, provider: &str, action: &str) -> String {
        format!("{}/explain", self.action(project, provider, action))
    }

    /// The OAuth apps of an organization or a project.
    pub(crate) fn oauth_apps(&self, place: AppsPlace) -> String {
        match place {
            AppsPlace::Organization(id) => format!("{}/orgs/{id}/oauth-apps", self.home()),
            AppsPlace::Project(id) => format!("{}/oauth-apps", self.project(id)),
        }
    }

    /// The OAuth app of a provider there.
    pub(crate) fn oauth_app(&self, place: AppsPlace, provider: &str) -> String {
        format!("{}/{provider}", self.oauth_apps(place))
    }

    /// The address of an action on it.
    pub(crate) fn to_oauth_app(&self, place: AppsPlace, provider: &str, action: &str) -> String {
        format!("{}/{action}", self.oauth_app(place, provider))
    }

    /// The address of the answers to the question whether another account is meant.
    pub(crate) fn install(&self, answer: &str) -> String {
        format!("{}/installs/{answer}", self.home())
    }

    /// How an installation in progress stands.
    pub(crate) fn installation(&self, install: PendingInstallId) -> String {
        self.install(&install.to_string())
    }

    /// What a redirect back reports, without its state and code.
    pub(crate) fn reported(&self, error: &ReportedError) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("error", &error.code);
        if let Some(description) = &error.description {
            query.append_pair("error_description", description);
        }
        format!("{}?{}", self.install("reported"), query.finish())
    }

    /// A file that pages load.
    pub(crate) fn asset(&self, asset: &Asset) -> String {
        self.asset_named(&asset.name)
    }

    /// A file that pages load, by its name.
    pub(crate) fn asset_named(&self, name: &str) -> String {
        format!("{}/assets/{name}", self.home())
    }

    /// The full address that providers send the browser back to.
    pub(crate) fn callback(&self) -> String {
        format!("{}{CALLBACK}", self.public_url.as_str().trim_end_matches('/'))
    }

    /// The same for a client that a connection has for itself.
    pub(crate) fn own_callback(&self) -> String {
        format!("{}{OWN_CALLBACK}", self.public_url.as_str().trim_end_matches('/'))
    }
}

/// The address of a list with conditions, each with a name and a value.
fn filtered(list: String, conditions: &[(&str, impl AsRef<str>)]) -> String {
    if conditions.is_empty() {
        return list;
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in conditions {
        query.append_pair(name, value.as_ref());
    }
    let query = query.finish();
    format!("{list}?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(public_url: &str) -> Addresses {
        Addresses::new(&public_url.parse().unwrap())
    }

    #[test]
    fn addresses_lie_below_the_path_of_the_public_url() {
        assert_eq!(at("https://a.example").sign_in(), "/dashboard/sign-in");
        assert_eq!(at("https://a.example/riq/").sign_in(), "/riq/dashboard/sign-in");
        assert_eq!(at("https://a.example/riq/").callback(), "https://a.example/riq/oauth/callback");
        assert_eq!(at("https://a.example/riq").origin(), "https://a.example");
        assert_eq!(
            at("https://a.example:8443/riq/").signed_in_whole(),
            "https://a.example:8443/riq/dashboard/sign-in/callback"
        );
        assert_eq!(
            at("https://a.example").sign_in_for("/dashboard/projects/x?q=a b&status=active"),
            "/dashboard/sign-in?return_to=%2Fdashboard%2Fprojects%2Fx%3Fq%3Da+b%26status%3Dactive"
        );
    }
}
