//! The flow, with a client by progenitor.

use std::env::var;

use integrations_api_client::types::{
    Category, Health, LifecycleUpdate, RequestedStatus, SetupType, Standing, Status, builder,
};
use integrations_api_client::{Client, Error};
use reqwest::header::{HeaderMap, HeaderName};
use serde_json::{Map, Value};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let project = &*var("RIQ_PROJECT_ID")?;
    let key = (HeaderName::from_static("x-api-key"), var("RIQ_API_KEY")?.parse()?);
    let http = reqwest::Client::builder().default_headers(HeaderMap::from_iter([key])).build()?;
    let client = Client::new_with_client(&var("RIQ_ORIGIN")?, http);

    // List, and show one.
    let list = client.list_integrations().project_id(project).send().await?;
    assert_eq!(list.data.iter().map(|one| one.provider.as_str()).collect::<Vec<_>>(), ["slack"]);
    let one = client.get_integration().project_id(project).provider("slack").send().await?;
    assert_eq!(one.headers()["etag"], one.data.etag.as_str());
    assert_eq!(one.data.credential.as_ref().map(|credential| credential.kind), Some(SetupType::Oauth));

    // Filter.
    let filtered = client.list_catalog().project_id(project);
    let filtered = filtered.category(Category::Commerce).status(Standing::Available).send().await?;
    assert!(filtered.data.iter().any(|entry| entry.provider == "shopify"));

    // A change with nulls: they take the name and a setting away.
    let change = |name: Value, channel: Value| {
        let settings = Map::from_iter([("default_channel".to_owned(), channel)]);
        let body = LifecycleUpdate::builder().display_name(name).settings(settings);
        client.update_integration_lifecycle().project_id(project).provider("slack").body(body).send()
    };
    let named = change("Acme".into(), "#support".into()).await?;
    assert_eq!(named.data.display_name.as_deref(), Some("Acme"));
    assert_eq!(named.data.settings["default_channel"], "#support");
    let cleared = change(Value::Null, Value::Null).await?;
    assert_eq!(cleared.data.display_name, None);
    assert!(!cleared.data.settings.contains_key("default_channel"));

    // A conflict.
    let late = client.update_integration_lifecycle().project_id(project).provider("slack");
    let pause = |body: builder::LifecycleUpdate| body.status(RequestedStatus::Paused);
    let Err(Error::ErrorResponse(late)) = late.if_match(&one.data.etag).body_map(pause).send().await else {
        panic!("an old version was changed");
    };
    assert_eq!((late.status().as_u16(), late.code.as_str()), (412, "PRECONDITION_FAILED"));

    // A check, and disconnecting.
    let checked = client.check_integration().project_id(project).provider("slack").send().await?;
    assert_eq!(checked.data.health_status, Health::Degraded);
    let gone = client.disconnect_integration().project_id(project).provider("slack").send().await?;
    assert_eq!(gone.data.status, Status::Disconnected);
    assert!(gone.data.credential.is_none());

    // The pages of the audit log.
    let (mut actions, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = client.list_audit_events().project_id(project).limit(2_u32);
        let page = match cursor {
            Some(cursor) => page.cursor(cursor),
            None => page,
        };
        let page = page.send().await?.into_inner();
        actions.extend(page.data.iter().map(|event| event.action.to_string()));
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert!(actions.len() >= 4 && actions.iter().any(|one| one == "integration.disconnected"), "{actions:?}");

    // An error, decoded.
    let unknown = client.get_catalog_entry().project_id(project).provider("nobody").send().await;
    let Err(Error::ErrorResponse(unknown)) = unknown else { panic!("a provider that does not exist") };
    assert_eq!(unknown.code.as_str(), "PROVIDER_NOT_FOUND");
    assert_eq!(unknown.headers()["x-request-id"], unknown.request_id.as_str());
    Ok(())
}
