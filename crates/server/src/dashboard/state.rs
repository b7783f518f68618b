//! What every handler of the pages shares.

use std::{ops::Deref, sync::Arc};

use super::sessions::Sessions;
use crate::{edge::settings::HttpSettings, services::Services, store::Store};

/// What every handler of the pages shares: the services, and how the server answers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pages {
    services: Arc<Services>,
    /// Who is signed in.
    pub(super) sessions: Sessions,
    /// How the server answers.
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
