//! What all handlers of the pages share.

use std::{ops::Deref, sync::Arc};

use super::sessions::Sessions;
use crate::{edge::settings::HttpSettings, services::Services, store::Store};

/// What all handlers of the pages share: the services, the sessions and the settings. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pages {
    services: Arc<Services>,
    /// The sessions of signed-in people.
    pub(super) sessions: Sessions,
    /// Settings of the server's answers.
    pub(crate) settings: Arc<HttpSettings>,
}

impl Pages {
    /// The pages over these services.
    pub fn new(services: Arc<Services>, store: Store, settings: Arc<HttpSettings>) -> Self {
        let (api_keys, environment) = (Arc::clone(&services.api_keys), services.environment.clone());
        Self { services, sessions: Sessions::new(store, api_keys, environment), settings }
    }
}

impl Deref for Pages {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.services
    }
}
