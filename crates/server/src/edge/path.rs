//! Reads the parameters of a path.

use std::borrow::Cow;

use axum::extract::MatchedPath;
use http::request::Parts;
use percent_encoding::percent_decode_str;

/// The parameters of the matched route, with their names. Each is decoded by itself: one whose bytes are not UTF-8 is
/// `None`, and does not hide the others.
pub(crate) fn parameters(parts: &Parts) -> impl Iterator<Item = (&str, Option<Cow<'_, str>>)> {
    let pattern = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    pattern.split('/').zip(parts.uri.path().split('/')).filter_map(|(name, text)| {
        let name = name.strip_prefix('{')?.strip_suffix('}')?;
        Some((name, percent_decode_str(text).decode_utf8().ok()))
    })
}
