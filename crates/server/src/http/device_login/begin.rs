//! `POST /api/auth/device/code`

use axum::{Extension, extract::State, response::Response};
use integrations_core::{
    device_login::{DeviceClient, INTERVAL, LIFE},
    wire::{BeginDeviceLogin, DeviceLogin},
};

use crate::{
    edge::{body::JsonBody, client_address::ClientAddress, failure::Failure, rate_limit::PartitionKey},
    http::{answer::respond, failures::OnDeviceLogin, state::Api},
};

/// How many logins an address may begin in a minute.
const LOGINS: u32 = 5;

/// Begin a device login
///
/// Returns a code for the program and one for the person (RFC 8628, section 3.2). The program shows the person the page
/// and the code, and polls with the other one. The answer has no `data` around it. An address may begin five logins a
/// minute.
#[utoipa::path(
    post,
    path = "/api/auth/device/code",
    operation_id = "beginDeviceLogin",
    tag = "Device login",
    security(()),
    request_body(content = BeginDeviceLogin, example = json!({"client_name": "riq on a laptop"})),
    responses(
        (status = 200, description = "The codes", body = DeviceLogin,
         example = json!(crate::http::examples::device_login())),
        OnDeviceLogin,
    ),
)]
pub(super) async fn begin(
    State(api): State<Api>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    JsonBody(body): JsonBody,
) -> Result<Response, Failure> {
    let client = DeviceClient::read(&body)?;
    api.attempts.count(PartitionKey::device_logins(address), LOGINS).await?;
    let begun = api.device_logins.begin(client, address.to_canonical().to_string()).await?;
    let page = format!("{}/device", api.settings.public_url.as_str().trim_end_matches('/'));
    respond(&DeviceLogin {
        device_code: begun.device_code.expose().to_owned(),
        user_code: begun.user_code.to_string(),
        verification_uri_complete: format!("{page}?code={}", begun.user_code),
        verification_uri: page,
        expires_in: LIFE.as_secs(),
        interval: INTERVAL.as_secs(),
    })
}
