//! What all handlers of the API share.

use std::{ops::Deref, sync::Arc};

use axum::extract::FromRef;

use super::integrations::view::CatalogViews;
use crate::{
    edge::{attempts::Attempts, settings::HttpSettings},
    metrics::Metrics,
    services::Services,
    store::Store,
};

/// What all handlers of the API share: the services, and what only the API needs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Api(Arc<ApiParts>);

/// The parts of [`Api`].
#[derive(Debug)]
pub struct ApiParts {
    services: Arc<Services>,
    /// The database, for health checks and metrics. Handlers that answer clients use services.
    pub(super) database: Store,
    /// The parts of catalog entries that never change.
    pub(super) catalog_views: CatalogViews,
    /// Counts and measures requests, probes and more.
    pub(super) metrics: Metrics,
    /// Settings of the server's answers.
    pub(super) settings: Arc<HttpSettings>,
    /// Counts what has a limit of its own.
    pub(super) attempts: Attempts,
}

impl Api {
    /// The API over these services.
    pub fn new(
        services: Arc<Services>,
        database: Store,
        metrics: Metrics,
        settings: Arc<HttpSettings>,
        attempts: Attempts,
    ) -> anyhow::Result<Self> {
        let catalog_views = CatalogViews::new(&services.catalog, &settings.public_url)?;
        Ok(Self(Arc::new(ApiParts { services, database, catalog_views, metrics, settings, attempts })))
    }
}

impl Deref for Api {
    type Target = ApiParts;

    fn deref(&self) -> &ApiParts {
        &self.0
    }
}

impl Deref for ApiParts {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.services
    }
}

impl FromRef<Api> for Arc<HttpSettings> {
    fn from_ref(api: &Api) -> Self {
        Self::clone(&api.settings)
    }
}
