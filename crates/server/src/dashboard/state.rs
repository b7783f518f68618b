//! What all handlers of the pages share.

use std::{ops::Deref, sync::Arc};

use super::sessions::Sessions;
use crate::{
    edge::{attempts::Attempts, settings::HttpSettings},
    services::Services,
    store::Store,
};

/// What all handlers of the pages share: the services, the sessions and the settings. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pages {
    services: Arc<Services>,
    /// The sessions of signed-in people.
    pub(super) sessions: Sessions,
    /// Settings of the server's answers.
    pub(crate) settings: Arc<HttpSettings>,
    /// Counts what has a limit of its own.
    pub(super) attempts: Attempts,
}

impl Pages {
    /// The pages over these services.
    pub fn new(
        services: Arc<Services>,
        store: Store,
        settings: Arc<HttpSettings>,
        attempts: Attempts,
    ) -> Self {
        let (api_keys, environment) = (Arc::clone(&services.api_keys), services.environment.clone());
        let sessions = Sessions::new(store, api_keys, environment, settings.key_sign_in);
        Self { services, sessions, settings, attempts }
    }
}

impl Deref for Pages {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.services
    }
}
