//! The pages that can be opened after signing in: by name, with checked parameters.

use integrations_core::{device_login::UserCode, ids::ProjectId};

use super::addresses::Addresses;

/// A page that can be opened after signing in. What a text from outside names is read into this and written anew, so no
/// text can lead to another server or to another part of this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// The organization's projects.
    Home,
    /// A project's integrations.
    Project(ProjectId),
    /// A project's audit log.
    Audit(ProjectId),
    /// A provider in a project.
    Provider(ProjectId, String),
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
        match parts[..] {
            [""] | ["", ""] => Some(Self::Home),
            ["", "projects", project] | ["", "projects", project, "integrations"] => {
                project.parse().ok().map(Self::Project)
            }
            ["", "projects", project, "audit"] => project.parse().ok().map(Self::Audit),
            ["", "projects", project, "integrations", provider] if is_key(provider) => {
                Some(Self::Provider(project.parse().ok()?, provider.to_owned()))
            }
            _ => None,
        }
    }

    /// Its address.
    pub(crate) fn address(&self, addresses: &Addresses) -> String {
        match self {
            Self::Home => addresses.home(),
            Self::Project(project) => addresses.project(*project),
            Self::Audit(project) => addresses.audit(*project),
            Self::Provider(project, provider) => addresses.provider(*project, provider),
            Self::Device(code) => addresses.device(*code),
        }
    }

    /// The project that it is in.
    pub(crate) const fn project(&self) -> Option<ProjectId> {
        match self {
            Self::Home | Self::Device(_) => None,
            Self::Project(project) | Self::Audit(project) | Self::Provider(project, _) => Some(*project),
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

    const PROJECT: &str = "/dashboard/projects/prj_00000000000000000000000001";

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
            (&format!("{PROJECT}/integrations/shopify~eu"), &format!("{PROJECT}/integrations/shopify~eu")),
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
        ] {
            assert_eq!(written(bad, "https://a.example"), None, "{bad:?}");
        }
    }
}
