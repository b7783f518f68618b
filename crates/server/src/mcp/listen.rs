//! `subscriptions/listen`: tells a client when its list of tools may have changed, on whatever replica that was.

use std::time::Duration;

use rmcp::service::{SubscriptionContext, SubscriptionSink};

use super::agent::Agent;
use crate::store::{IntegrationRow, ReadError};

/// How often the database is asked.
const PAUSE: Duration = Duration::from_secs(2);
/// How long a client may listen before it has to show its key again.
const LONGEST: Duration = Duration::from_mins(10);

impl Agent {
    /// Tells a subscriber of changes until it goes away, its time is over or the server stops.
    pub(super) async fn tell_changes(&self, subscription: &SubscriptionContext) {
        let mut stop = self.mcp.stop.clone();
        tokio::select! {
            () = subscription.cancelled() => {}
            () = stop.requested() => {}
            () = tokio::time::sleep(LONGEST) => {}
            () = self.watch(subscription.sink()) => {}
        }
    }

    /// Tells of each change, and once at the beginning: what has changed since the client listed the tools is not
    /// known.
    async fn watch(&self, sink: &SubscriptionSink) {
        let mut known = None;
        loop {
            let found = match self.mcp.services.integrations.list(&self.tenant).await {
                Ok(rows) => Some(rows.iter().map(decisive).collect::<Vec<_>>()),
                // The project is gone.
                Err(ReadError::Denied(_)) => return,
                Err(ReadError::Store(_)) => None,
            };
            if found.is_some() && found != known {
                known = found;
                if sink.notify_tool_list_changed().await.is_err() {
                    return;
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// What of an integration decides which tools are listed.
fn decisive(row: &IntegrationRow) -> [String; 4] {
    [&row.provider, &row.status, &row.action_permissions, &row.settings].map(String::clone)
}
