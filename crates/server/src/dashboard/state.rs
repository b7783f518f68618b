//! What every handler of the pages shares.

use std::{ops::Deref, sync::Arc};

use crate::{edge::settings::HttpSettings, services::Services};

/// What every handler of the pages shares: the services, and how the server answers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pages {
    services: Arc<Services>,
    /// How the server answers.
    pub(crate) settings: Arc<HttpSettings>,
}

impl Pages {
    /// The pages over these services.
    pub fn new(services: Arc<Services>, settings: Arc<HttpSettings>) -> Self {
        Self { services, settings }
    }
}

impl Deref for Pages {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.services
    }
}
