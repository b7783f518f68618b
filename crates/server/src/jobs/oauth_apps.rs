//! Reads the list of OAuth apps every second, so a new app shows in the catalog within a second.

use std::{sync::Arc, time::Duration};

use super::{Backoff, Job, Next};
use crate::{provider::oauth_apps::OAuthApps, store::StoreError};

const PERIOD: Duration = Duration::from_secs(1);

/// Keeps the list of OAuth apps in memory up to date.
#[derive(Debug)]
pub struct OAuthAppsRefresh(pub Arc<OAuthApps>);

impl Job for OAuthAppsRefresh {
    type Error = StoreError;
    const NAME: &'static str = "oauth_apps_refresh";

    fn backoff(&self) -> Backoff {
        Backoff::constant(PERIOD)
    }

    async fn round(&mut self) -> Result<Next, StoreError> {
        self.0.refresh().await?;
        Ok(Next::Every(PERIOD))
    }
}
