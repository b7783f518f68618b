//! The shop's own page: what it shows, and what can be switched there.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::{StatusCode, header};
use url::form_urlencoded;

use super::{
    books::{Mode, Shared},
    page,
};

/// `GET /`
pub(super) async fn show(State(shop): State<Arc<Shared>>) -> Response {
    page::home(&shop.books())
}

/// `GET /docs`
pub(super) async fn documentation() -> Response {
    page::documentation()
}

/// `GET /style.css`
pub(super) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], page::STYLE).into_response()
}

/// `POST /mode`
pub(super) async fn set_mode(State(shop): State<Arc<Shared>>, body: Bytes) -> Response {
    let chosen = form_urlencoded::parse(&body).find(|(name, _)| name == "mode");
    let Some(mode) = chosen.and_then(|(_, mode)| mode.parse::<Mode>().ok()) else {
        return page::problem(StatusCode::BAD_REQUEST, "Choose how the shop behaves.");
    };
    shop.books().mode = mode;
    to_the_page()
}

/// `POST /withdraw`
pub(super) async fn withdraw(State(shop): State<Arc<Shared>>) -> Response {
    shop.books().grants.withdraw();
    to_the_page()
}

fn to_the_page() -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response()
}
