//! The answers of the proxy.

use axum::{
    Json,
    body::Body,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use integrations_core::error::ErrorCode;
use serde_json::json;
use url::Url;

use crate::{
    edge::failure::Failure,
    http::state::Api,
    services::proxy::{Answered, AnsweredBody},
};

/// What a browser may do with an answer that it shows by itself: nothing.
const SANDBOX: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'");

/// The provider's answer. Its addresses lead to the proxy, as far as they are below the provider's base URL; the others
/// are left out, because a client would send its API key there.
pub(super) fn respond(api: &Api, path: &str, answered: Answered) -> Result<Response, Failure> {
    let Answered { status, mut headers, body, base, url } = answered;
    let root: String = path.split('/').take(8).collect::<Vec<_>>().join("/");
    let proxy = format!("{}{root}", api.settings.public_url.as_str().trim_end_matches('/'));
    let place = Place { base, url, proxy };
    place.move_locations(&mut headers);
    headers.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    let mut response = Response::new(match body {
        AnsweredBody::Whole(bytes) => Body::from(bytes),
        AnsweredBody::Streamed(parts) => Body::from_stream(parts),
    });
    *response.status_mut() = StatusCode::from_u16(status).map_err(|error| Failure::internal(&error))?;
    *response.headers_mut() = headers;
    Ok(response)
}

/// The answer to a write whose own answer was lost, for a client that would send it again after every status but 200.
pub(super) fn lost(message: &str, request_id: &str) -> Result<Response, Failure> {
    let code = ErrorCode::OutcomeUnknown.as_str();
    let body = json!({"ok": false, "error": message, "code": code, "request_id": request_id});
    Ok(Json(body).into_response())
}

/// Where a request went, and where the proxy is.
struct Place {
    base: Url,
    url: Url,
    proxy: String,
}

impl Place {
    fn move_locations(&self, headers: &mut HeaderMap) {
        for (name, moved) in [
            (header::LOCATION, headers.get(header::LOCATION).map(|value| self.moved(text(value)))),
            (
                header::CONTENT_LOCATION,
                headers.get(header::CONTENT_LOCATION).map(|value| self.moved(text(value))),
            ),
        ] {
            match moved.map(|moved| moved.and_then(|text| HeaderValue::from_str(&text).ok())) {
                Some(Some(value)) => drop(headers.insert(name, value)),
                Some(None) => drop(headers.remove(name)),
                None => {}
            }
        }
        let links: Vec<HeaderValue> = headers
            .get_all(header::LINK)
            .iter()
            .filter_map(|value| HeaderValue::from_str(&self.moved_links(text(value))?).ok())
            .collect();
        headers.remove(header::LINK);
        for link in links {
            headers.append(header::LINK, link);
        }
    }

    /// An address below the base URL, as one of the proxy.
    fn moved(&self, address: &str) -> Option<String> {
        let target = self.url.join(address).ok()?;
        let base = self.base.path().trim_end_matches('/');
        let below = target.path().strip_prefix(base).filter(|rest| rest.starts_with('/'))?;
        if target.origin() != self.base.origin() || !target.username().is_empty() {
            return None;
        }
        let query = target.query().map(|query| format!("?{query}")).unwrap_or_default();
        Some(format!("{}{below}{query}", self.proxy))
    }

    /// A `Link` (RFC 8288) with its addresses moved. `None` if one cannot be moved.
    fn moved_links(&self, links: &str) -> Option<String> {
        let mut moved = String::new();
        let mut rest = links;
        while let Some((before, behind)) = rest.split_once('<') {
            let (address, after) = behind.split_once('>')?;
            moved.push_str(before);
            moved.push_str(&format!("<{}>", self.moved(address)?));
            rest = after;
        }
        moved.push_str(rest);
        Some(moved)
    }
}

fn text(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            base: "https://api.test/v2".parse().unwrap(),
            url: "https://api.test/v2/things?page=1".parse().unwrap(),
            proxy: "https://riq.test/api/v1/projects/p/integrations/x/proxy".to_owned(),
        }
    }

    #[test]
    fn what_is_below_the_base_leads_to_the_proxy_and_nothing_else_anywhere() {
        let proxy = place().proxy;
        for (address, expected) in [
            ("https://api.test/v2/a?b=c", Some("/a?b=c")),
            ("/v2/a", Some("/a")),
            ("?page=2", Some("/things?page=2")),
            ("https://api.test:443/v2/a", Some("/a")),
            ("https://api.test:8443/v2/a", None),
            ("http://api.test/v2/a", None),
            ("https://evil.test/v2/a", None),
            ("//evil.test/v2/a", None),
            ("https://api.test@evil.test/v2/a", None),
            ("https://a@api.test/v2/a", None),
            ("/v1/a", None),
            ("/v22/a", None),
            ("/v2/../v1/a", None),
        ] {
            assert_eq!(place().moved(address), expected.map(|rest| format!("{proxy}{rest}")), "{address}");
        }
    }

    #[test]
    fn links_are_moved_together_or_left_out() {
        let moved = place().moved_links("</v2/a?page=2>; rel=\"next\", <https://api.test/v2/b>; rel=last");
        let proxy = place().proxy;
        assert_eq!(moved.unwrap(), format!("<{proxy}/a?page=2>; rel=\"next\", <{proxy}/b>; rel=last"));
        assert_eq!(place().moved_links("</v2/a>; rel=next, <https://evil.test/>; rel=last"), None);
        assert_eq!(place().moved_links("</v2/a"), None);
    }
}
