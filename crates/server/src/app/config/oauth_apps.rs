//! OAuth apps from the environment: `RIQ_OAUTH_SLACK_CLIENT_ID` and `RIQ_OAUTH_SLACK_CLIENT_SECRET`, and what apps of
//! some providers have beside, such as `RIQ_OAUTH_EBAY_RU_NAME`.

use std::collections::HashMap;

use anyhow::{Context as _, anyhow, bail};
use integrations_core::catalog::{Catalog, Provider};
use serde_json::{Map, Value};

use super::{
    Options,
    names::{OF_OAUTH_APPS, is_of_kubernetes, suggestion},
    parse::one_line,
};
use crate::provider::oauth_apps::OAuthApp;

impl Options {
    /// The OAuth apps from the environment, by provider. It is an error if an app lacks its id or secret, or if its
    /// provider is not in the catalog or does not use OAuth.
    pub fn oauth_apps(&self, catalog: &Catalog) -> anyhow::Result<HashMap<String, OAuthApp>> {
        // What is not UTF-8 is none of these.
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        });
        read(catalog, variables)
    }
}

fn read(
    catalog: &Catalog,
    variables: impl Iterator<Item = (String, String)>,
) -> anyhow::Result<HashMap<String, OAuthApp>> {
    let mut given: HashMap<String, String> = variables
        .filter(|(name, value)| name.starts_with(OF_OAUTH_APPS) && !value.trim().is_empty())
        .filter(|(name, value)| !is_of_kubernetes(name, value))
        .collect();
    let mut apps = HashMap::new();
    let mut words = Vec::new();
    for provider in catalog.by_app() {
        let word = provider.key.as_str().to_ascii_uppercase().replace('-', "_");
        let (id, secret) =
            (format!("{OF_OAUTH_APPS}{word}_CLIENT_ID"), format!("{OF_OAUTH_APPS}{word}_CLIENT_SECRET"));
        match (given.remove(&id), given.remove(&secret)) {
            (None, None) => {}
            (Some(client_id), Some(client_secret)) => {
                let client_id = one_line(&client_id).with_context(|| format!("{id} is not valid"))?;
                let client_secret =
                    one_line(&client_secret).with_context(|| format!("{secret} is not valid"))?;
                let fields = fields(provider, &word, &mut given)?;
                let app = OAuthApp { fields, ..OAuthApp::new(client_id, client_secret) };
                apps.insert(provider.key.to_string(), app);
            }
            (Some(_), None) => bail!("{id} is set and {secret} is not: an app needs both"),
            (None, Some(_)) => bail!("{secret} is set and {id} is not: an app needs both"),
        }
        words.push(word);
    }
    if let Some(name) = given.keys().min() {
        let typed = name
            .trim_start_matches(OF_OAUTH_APPS)
            .trim_end_matches("_CLIENT_ID")
            .trim_end_matches("_CLIENT_SECRET");
        let suggestion = suggestion(typed, words.iter().map(String::as_str));
        bail!("{name} belongs to no provider of the catalog that is connected by OAuth{suggestion}");
    }
    Ok(apps)
}

/// What an app of a provider has beside, such as `RIQ_OAUTH_EBAY_RU_NAME`.
fn fields(
    provider: &Provider,
    word: &str,
    given: &mut HashMap<String, String>,
) -> anyhow::Result<Map<String, Value>> {
    let Some(oauth) = provider.oauth_by_app() else { return Ok(Map::new()) };
    let name = |key: &str| format!("{OF_OAUTH_APPS}{word}_{}", key.to_ascii_uppercase());
    let typed = oauth.app_fields.iter().filter_map(|field| {
        let value = given.remove(&name(&field.key))?;
        Some((field.key.clone(), value.into()))
    });
    oauth.read_app_fields(&typed.collect(), "").map_err(|issues| {
        let told = issues.iter().map(|issue| format!("{}: {}", name(&issue.path), issue.message));
        anyhow!("{}", told.collect::<Vec<_>>().join("; "))
    })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn apps(variables: &[(&str, &str)]) -> anyhow::Result<HashMap<String, OAuthApp>> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        read(&Catalog::embedded().unwrap(), variables)
    }

    #[test]
    fn an_app_is_an_id_and_a_secret() {
        let apps = apps(&[
            ("RIQ_OAUTH_SLACK_CLIENT_ID", " 1.2\n"),
            ("RIQ_OAUTH_SLACK_CLIENT_SECRET", "\"hu\u{200b}sh\"\r\n"),
            ("RIQ_OAUTH_GITHUB_CLIENT_ID", "\n"),
            ("RIQ_LOG", "info"),
        ])
        .unwrap();
        assert_eq!(apps.len(), 1);
        assert_eq!(apps["slack"].client_id, "1.2");
        assert_eq!(apps["slack"].client_secret.expose_secret(), "hush");
        assert!(!format!("{apps:?}").contains("hush"));
    }

    #[test]
    fn what_an_app_has_beside_stands_in_a_variable_of_its_own() {
        let app = [("RIQ_OAUTH_EBAY_CLIENT_ID", "id"), ("RIQ_OAUTH_EBAY_CLIENT_SECRET", "hush")];
        let error = apps(&app).unwrap_err().to_string();
        assert_eq!(error, "RIQ_OAUTH_EBAY_RU_NAME: Required");
        let apps = apps(&[app.as_slice(), &[("RIQ_OAUTH_EBAY_RU_NAME", "Acme-1\n")]].concat()).unwrap();
        assert_eq!(apps["ebay"].fields["ru_name"], "Acme-1");
    }

    #[test]
    fn an_app_of_a_base_is_one_of_all_its_services() {
        let apps = apps(&[("RIQ_OAUTH_GOOGLE_CLIENT_ID", "id"), ("RIQ_OAUTH_GOOGLE_CLIENT_SECRET", "hush")]);
        assert_eq!(apps.unwrap()["google"].client_id, "id");
    }

    #[test]
    fn what_kubernetes_sets_for_a_service_is_left_alone() {
        let apps = apps(&[
            ("RIQ_OAUTH_PROXY_PORT", "tcp://10.0.0.1:80"),
            ("RIQ_OAUTH_PROXY_SERVICE_HOST", "10.0.0.1"),
            ("RIQ_OAUTH_PROXY_PORT_80_TCP_ADDR", "10.0.0.1"),
        ]);
        assert!(apps.unwrap().is_empty());
    }

    #[test]
    fn an_incomplete_app_and_one_of_no_provider_are_refused() {
        for (variables, reason) in [
            (&[("RIQ_OAUTH_SLACK_CLIENT_ID", "1")][..], "RIQ_OAUTH_SLACK_CLIENT_SECRET is not"),
            (&[("RIQ_OAUTH_SLACK_CLIENT_SECRET", "1")], "RIQ_OAUTH_SLACK_CLIENT_ID is not"),
            (
                &[("RIQ_OAUTH_SLAK_CLIENT_ID", "1")],
                "RIQ_OAUTH_SLAK_CLIENT_ID belongs to no provider of the catalog that is connected by OAuth; did you mean SLACK?",
            ),
            (&[("RIQ_OAUTH_POSTMARK_CLIENT_ID", "1")], "belongs to no provider"),
            (
                &[("RIQ_OAUTH_SLACK_CLIENT_ID", "1"), ("RIQ_OAUTH_SLACK_CLIENT_SECRET", "hunter2 and more")],
                "RIQ_OAUTH_SLACK_CLIENT_SECRET is not valid",
            ),
        ] {
            let error = apps(variables).unwrap_err().to_string();
            assert!(error.contains(reason) && !error.contains("hunter2"), "{error}");
        }
    }
}
