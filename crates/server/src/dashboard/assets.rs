//! The files that pages load. They are embedded, and their names contain a hash of the content, so browsers may cache
//! them for ever.

use std::sync::LazyLock;

use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderName, HeaderValue, header};
use integrations_core::error::ErrorCode;
use sha2::{Digest as _, Sha256};

use super::{brand_style, state::Pages};
use crate::edge::failure::Failure;

/// A file that pages load.
#[derive(Debug)]
pub(crate) struct Asset {
    /// Its name, which changes with its content.
    pub(crate) name: String,
    content: &'static str,
    media_type: &'static str,
}

/// The style of all pages.
pub(crate) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("dashboard", "css", "text/css; charset=utf-8", include_str!("assets/dashboard.css"))
});

/// The script that makes pages easier to use. Pages work without it.
pub(crate) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("dashboard", "js", "text/javascript; charset=utf-8", include_str!("assets/dashboard.js"))
});

/// The icon in a browser's tab.
pub(crate) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("assets/icon.svg")));

impl Asset {
    fn new(stem: &str, extension: &str, media_type: &'static str, content: &'static str) -> Self {
        let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(content)[..9]);
        Self { name: format!("{stem}-{hash}.{extension}"), content, media_type }
    }

    #[cfg(test)]
    pub(crate) fn content(&self) -> &'static str {
        self.content
    }
}

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What browsers may do with a picture that is opened by itself: nothing. An SVG could hold a script.
const ALONE: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// `GET /dashboard/assets/{name}`
pub(super) async fn asset(
    State(pages): State<Pages>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    // A page of another version may ask for a file that this version does not have. Errors are not cached.
    let nothing = || Failure::new(ErrorCode::ResourceNotFound, "There is nothing at this address");
    let Path(name) = name.map_err(|_| nothing())?;
    if let Some(asset) = [&*STYLE, &*SCRIPT, &*ICON].into_iter().find(|asset| asset.name == name) {
        return Ok(kept(asset.media_type, asset.content));
    }
    if let Some(style) = brand_style::by_name(&name) {
        return Ok(kept(STYLE.media_type, style));
    }
    let brand = || pages.settings.brands.picture(&name);
    let picture = pages.catalog.picture(&name).or_else(brand).ok_or_else(nothing)?;
    let mut response = kept(picture.media_type, picture.bytes.clone());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(ALONE));
    // Products show the logos that the API names.
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    Ok(response)
}

/// An answer that browsers keep for ever.
fn kept(media_type: &'static str, content: impl IntoResponse) -> Response {
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    response
}
