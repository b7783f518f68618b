//! The OAuth apps that several services share.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::events::EventSource;
use super::names::Category;
use super::oauth::{Base, OAuth};
use super::provider::{Provider, Setup};

/// For each base, what stands for it where apps are set: one of its services under the base's name, which asks for
/// nothing itself.
pub(super) fn shared_apps<'p>(
    services: impl Iterator<Item = &'p Arc<Provider>>,
) -> BTreeMap<String, Arc<Provider>> {
    let mut apps: BTreeMap<String, Provider> = BTreeMap::new();
    for service in services {
        let Some((oauth, base)) = service.oauth().and_then(|oauth| Some((oauth, oauth.base.as_ref()?)))
        else {
            continue;
        };
        let app = apps.entry(base.key.to_string()).or_insert_with(|| standing_for(base, oauth, service));
        if let Setup::OAuth(of_app) = &mut app.setup {
            of_app.services.push(Base { key: service.key.clone(), name: service.name.clone() });
        }
    }
    apps.into_iter().map(|(key, app)| (key, Arc::new(app))).collect()
}

fn standing_for(base: &Base, oauth: &OAuth, service: &Provider) -> Provider {
    let oauth = OAuth { base: None, scopes: Vec::new(), extra_scopes: Vec::new(), ..oauth.clone() };
    Provider {
        key: base.key.clone(),
        name: base.name.clone(),
        aliases: Vec::new(),
        category: Category::Other,
        logo_file: None,
        logo: None,
        event_source: EventSource::Untold,
        setup: Setup::OAuth(Box::new(oauth)),
        ..service.clone()
    }
}
