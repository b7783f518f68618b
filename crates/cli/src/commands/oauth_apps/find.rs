//! Finds a provider's app in the list, because the API shows all of them together.

use integrations_core::catalog::ProviderKey;
use integrations_core::error::ErrorCode;
use serde_json::Value;

use crate::client::{Request, text_field};
use crate::context::Context;
use crate::error::{Exit, Failure, Report};

/// What the API says of a provider's app.
pub(super) async fn app(provider: &ProviderKey, context: &Context) -> Result<Value, Failure> {
    let mut list = context.client.send(&Request::get(["oauth-apps"])).await?.data;
    let mut apps = list.as_array_mut().into_iter().flatten();
    let app = apps.find(|app| text_field(app, "provider") == Some(provider.as_str()));
    app.map(Value::take).ok_or_else(|| {
        let message = format!("{provider} is not in the catalog, or needs no OAuth app");
        Report::local(ErrorCode::ProviderNotFound, Exit::Refused, message).into()
    })
}
