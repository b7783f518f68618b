//! Content negotiation: refuses a request to the API that does not accept JSON.

use http::{HeaderMap, header};
use integrations_core::error::ErrorCode;

use super::{audience::Audience, failure::Failure};

/// Refuses a request to the API whose `Accept` (RFC 9110, section 12.5.1) excludes JSON.
pub(super) fn check(audience: Audience, headers: &HeaderMap) -> Result<(), Failure> {
    let mut ranges = headers.get_all(header::ACCEPT).iter().peekable();
    if !audience.reads_json_alone() || ranges.peek().is_none() {
        return Ok(());
    }
    let takes_json = ranges.any(|value| value.to_str().is_ok_and(|text| text.split(',').any(admits_json)));
    if takes_json {
        return Ok(());
    }
    Err(Failure::new(ErrorCode::NotAcceptable, "The API answers in application/json, which Accept rules out"))
}

fn admits_json(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    let is_json =
        ["*/*", "application/*", "application/json"].iter().any(|one| media.eq_ignore_ascii_case(one));
    is_json && !parts.any(is_zero_weight)
}

/// `q=0`: the client does not accept this range.
fn is_zero_weight(parameter: &str) -> bool {
    parameter
        .split_once('=')
        .is_some_and(|(name, q)| name.trim().eq_ignore_ascii_case("q") && q.trim().parse() == Ok(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(path: &'static str, accept: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        check(Audience::of(path), &headers).is_ok()
    }

    #[test]
    fn json_must_be_let_in() {
        let path = "/api/v1/projects/prj_1/integrations";
        for accept in
            ["*/*", "application/json", "text/html, application/*;q=0.5", "Application/JSON; charset=utf-8"]
        {
            assert!(accepts(path, accept), "{accept}");
        }
        for accept in ["text/html", "application/xml, text/*", "application/json;q=0", "garbage", ""] {
            assert!(!accepts(path, accept), "{accept}");
        }
        assert!(accepts("/docs", "text/html"));
        assert!(check(Audience::of(path), &HeaderMap::new()).is_ok());
    }
}
