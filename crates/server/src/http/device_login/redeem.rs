//! `POST /api/auth/device/token`

use axum::{Extension, extract::State, response::Response};
use integrations_core::{
    device_login::read_device_code,
    error::ErrorCode,
    wire::{DeviceToken, RedeemDeviceLogin},
};

use crate::{
    edge::{body::JsonBody, failure::Failure, rate_limit::PartitionKey, request_id::CurrentRequest},
    http::{answer::respond, failures::OnDevicePoll, state::Api},
    services::{device_logins::NotRedeemed, keys::IssuedKey},
};

/// How many polls a code may have in a minute. At the interval of five seconds there are 12, and up to 13 with jitter.
const POLLS: u32 = 15;

/// Poll for the API key of a device login
///
/// Answers 202 until a person decides, and then once with the key (RFC 8628, section 3.5). The answer has no `data`
/// around it. The key is made when it is asked for, within a minute after the approval, and does at most what the
/// person may do then. A poll that is refused as too early does not count.
#[utoipa::path(
    post,
    path = "/api/auth/device/token",
    operation_id = "redeemDeviceLogin",
    tag = "Device login",
    security(()),
    request_body(content = RedeemDeviceLogin,
                 example = json!({"device_code": "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS1o"})),
    responses(
        (status = 200, description = "The key. It is in this answer alone", body = DeviceToken,
         example = json!(crate::http::examples::device_token())),
        OnDevicePoll,
    ),
)]
pub(super) async fn redeem(
    State(api): State<Api>,
    Extension(CurrentRequest(request_id)): Extension<CurrentRequest>,
    JsonBody(body): JsonBody,
) -> Result<Response, Failure> {
    let device_code = read_device_code(&body)?;
    let login = api.device_logins.find(&device_code).await?;
    let login = login.ok_or_else(|| Failure::from(NotRedeemed::Ended))?;
    api.attempts.count(PartitionKey::DevicePolls(login.id), POLLS).await.map_err(|refused| Failure {
        code: ErrorCode::SlowDown,
        message: "The program polls too often: wait, and then five seconds longer between polls".to_owned(),
        ..refused
    })?;
    let issued = api.device_logins.redeem(login, &request_id).await?;
    respond(&token(issued))
}

fn token(IssuedKey { key, record }: IssuedKey) -> DeviceToken {
    let life = record.expires_at.map(|end| end - record.created_at);
    DeviceToken {
        access_token: key.expose().to_owned(),
        token_type: "bearer".to_owned(),
        expires_in: life.map(|life| u64::try_from(life.whole_seconds()).unwrap_or_default()),
        scope: record.scopes.join(" "),
        key_id: record.id,
        org_id: record.organization_id,
        project_id: match record.project_ids.as_deref() {
            Some([project]) => Some(project.clone()),
            _ => None,
        },
    }
}

impl From<NotRedeemed> for Failure {
    fn from(error: NotRedeemed) -> Self {
        match error {
            NotRedeemed::Pending => {
                Self::new(ErrorCode::AuthorizationPending, "Nobody has decided yet; poll again")
            }
            NotRedeemed::Denied => Self::new(
                ErrorCode::AccessDenied,
                "The login was denied, or who approved it may not grant any of it any more",
            ),
            NotRedeemed::Ended => Self::new(
                ErrorCode::ExpiredToken,
                "The device code has expired, was used or is unknown: begin the login again",
            ),
            NotRedeemed::Store(error) => error.into(),
        }
    }
}
