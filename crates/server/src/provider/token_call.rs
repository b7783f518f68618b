//! Writes the requests for tokens that a provider's file describes whole.

use http::{HeaderValue, Request, header};
use integrations_core::catalog::{CallBasic, RenderError, TokenBody, TokenCall, TokenValue};
use serde_json::{Map, Value};

use crate::provider::outbound::{CallError, FORM, JSON, add_headers, basic_of_client, written_form};

/// The request, with its placeholders replaced by `value`.
pub(super) fn written<'v>(
    call: &TokenCall,
    value: impl Fn(&str) -> Option<&'v str> + Copy,
) -> Result<Request<Vec<u8>>, CallError> {
    let mut request = Request::new(Vec::new());
    *request.method_mut() = call.method.as_str().parse().unwrap_or_default();
    let url = call.url.render(value)?;
    *request.uri_mut() = url.as_str().parse().map_err(|_| RenderError::Unsafe("url".into()))?;
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT, HeaderValue::from_static(JSON));
    let plain = match &call.basic {
        Some(CallBasic::Plain(basic)) => Some(basic),
        Some(CallBasic::Client) | None => None,
    };
    add_headers(headers, &call.headers, plain, value)?;
    if matches!(call.basic, Some(CallBasic::Client)) {
        let of_client = |name: &str| value(name).ok_or_else(|| RenderError::Missing(name.to_owned()));
        let basic = basic_of_client(of_client("client_id")?, of_client("client_secret")?)?;
        headers.insert(header::AUTHORIZATION, basic);
    }
    let written = match &call.body {
        TokenBody::None => None,
        TokenBody::Form(fields) => Some((FORM, written_form(&as_form(fields, value)).into_bytes())),
        TokenBody::Json(fields) => {
            Some((JSON, serde_json::to_vec(&as_json(fields, value)).unwrap_or_default()))
        }
    };
    if let Some((media, bytes)) = written {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
        *request.body_mut() = bytes;
    }
    Ok(request)
}

fn as_form<'v>(
    fields: &[(String, TokenValue)],
    value: impl Fn(&str) -> Option<&'v str> + Copy,
) -> Vec<(String, String)> {
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    as_json(fields, value).into_iter().map(|(name, value)| (name, text(value))).collect()
}

/// The fields as an object. What is optional and was left out is not in it.
fn as_json<'v>(
    fields: &[(String, TokenValue)],
    value: impl Fn(&str) -> Option<&'v str> + Copy,
) -> Map<String, Value> {
    let written = |field: &TokenValue| match field {
        TokenValue::Number(number) => Some(Value::from(*number)),
        TokenValue::Text(template) => template.render_known(value).map(Value::from),
    };
    fields.iter().filter_map(|(name, field)| Some((name.clone(), written(field)?))).collect()
}
