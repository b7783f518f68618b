//! The files that pages load. They are embedded, and their names contain a hash of the content, so browsers may cache
//! them for ever.

use std::sync::LazyLock;

use axum::{
    extract::{Path, rejection::PathRejection},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderValue, header};
use integrations_core::error::ErrorCode;
use sha2::{Digest as _, Sha256};

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

/// `GET /dashboard/assets/{name}`
pub(super) async fn asset(name: Result<Path<String>, PathRejection>) -> Result<Response, Failure> {
    let found = name
        .ok()
        .and_then(|Path(name)| [&*STYLE, &*SCRIPT, &*ICON].into_iter().find(|asset| asset.name == name));
    let asset = found.ok_or_else(|| {
        // A page of another version may ask for a file that this version does not have. Errors are not cached.
        Failure::new(ErrorCode::ResourceNotFound, "There is nothing at this address")
    })?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    Ok((headers, asset.content).into_response())
}
