//! Finds an action among those of an integration.

use integrations_core::error::ErrorCode;
use serde_json::Value;

use crate::client::{Request, text_field};
use crate::context::Context;
use crate::error::{Exit, Failure, Report};

/// The action of this name, as the API lists it.
pub(super) async fn action(provider: &str, name: &str, context: &Context) -> Result<Value, Failure> {
    let list = context.client.send(&Request::get(["integrations", provider, "actions"])).await?;
    let mut actions = list.data.as_array().into_iter().flatten();
    let found = actions.find(|action| text_field(action, "key") == Some(name));
    found.cloned().ok_or_else(|| {
        let message = format!("{provider} has no action {name}");
        Report::local(ErrorCode::ActionNotFound, Exit::Refused, message).into()
    })
}
