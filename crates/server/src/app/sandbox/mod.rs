//! `riq-server dev --sandbox`: a made-up shop beside the server, as a provider to try everything with.
//!
//! It listens at an address of its own, because browsers keep cookies by host and ignore the port. Everything that it
//! knows is in memory.

mod api;
mod back_office;
mod books;
#[cfg(test)]
mod dance_test;
mod door;
mod grants;
mod oauth;
mod page;
mod shop;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use anyhow::Context as _;
use axum::{
    Router, middleware,
    routing::{any, get, post},
};
use integrations_core::catalog::Catalog;
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

use self::books::Shared;
use crate::{
    edge::serve::listen, environment::Environment, provider::oauth_apps::OAuthApp,
    services::install::CALLBACK, shutdown::Shutdown, token::Token,
};

/// The provider's key.
pub(super) const KEY: &str = "sandbox-shop";
const FILE: &str = include_str!("sandbox-shop.toml");
/// A loopback address that is not the server's.
const HOST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A shop that listens, and does not answer yet.
#[derive(Debug)]
pub(super) struct Sandbox {
    listener: TcpListener,
    /// Where it listens. Requests to it alone may go without TLS.
    pub(super) address: SocketAddr,
    client_secret: Token,
    environment: Environment,
}

impl Sandbox {
    /// Listens beside a server at `server`: at the port after the server's.
    pub(super) fn listen(server: SocketAddr, environment: &Environment) -> anyhow::Result<Self> {
        let port = if server.port() == 0 { 0 } else { server.port().checked_add(1).unwrap_or(0) };
        let wanted = SocketAddr::from((HOST, port));
        let listener = listen(wanted).with_context(|| {
            format!(
                "the sandbox cannot listen on {wanted}; choose another port with --bind or RIQ_BIND: the sandbox takes \
                 the next one"
            )
        })?;
        let address = listener.local_addr()?;
        let client_secret = Token::generate(environment);
        Ok(Self { listener, address, client_secret, environment: environment.clone() })
    }

    /// Where its pages are.
    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds the shop to the providers.
    pub(super) fn add_to(&self, catalog: Catalog) -> anyhow::Result<Catalog> {
        let origin = Url::parse(&self.origin())?;
        Ok(catalog.with_local(&format!("{KEY}.toml"), FILE, &origin)?)
    }

    /// The app that the shop knows.
    pub(super) fn oauth_app(&self) -> OAuthApp {
        OAuthApp::new(oauth::CLIENT_ID, self.client_secret.expose())
    }

    /// Answers until `stop`. Its app is the server that people reach at `public_url`.
    pub(super) fn serve(self, public_url: &Url, mut stop: Shutdown) -> JoinHandle<()> {
        let redirect = format!("{}{CALLBACK}", public_url.as_str().trim_end_matches('/'));
        let shop =
            Arc::new(Shared::new(self.origin(), self.client_secret.hash(), redirect, self.environment));
        let serving = axum::serve(self.listener, router(shop));
        tokio::spawn(async move {
            // What is under way is cut off: nothing at the shop has to be finished.
            tokio::select! {
                ended = serving.into_future() => drop(ended),
                () = stop.requested() => {}
            }
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "the shop is no part of the API")]
fn router(shop: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(back_office::show))
        .route("/docs", get(back_office::documentation))
        .route("/style.css", get(back_office::style))
        .route("/mode", post(back_office::set_mode))
        .route("/withdraw", post(back_office::withdraw))
        .route("/oauth/authorize", get(oauth::ask).post(oauth::decide))
        .route("/oauth/token", post(oauth::token))
        .route("/oauth/revoke", post(oauth::revoke))
        .route("/api/{*path}", any(api::answer))
        .layer(middleware::from_fn_with_state(Arc::clone(&shop), door::pass))
        .with_state(shop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn its_file_is_valid_and_leads_to_the_shop_alone() {
        let sandbox = Sandbox::listen(([127, 0, 0, 1], 0).into(), &Environment::system()).unwrap();
        let catalog =
            sandbox.add_to(Catalog::embedded().unwrap()).unwrap_or_else(|error| panic!("{error:#}"));
        let provider = catalog.get(KEY).unwrap();
        let oauth = provider.oauth().unwrap();
        for url in [
            &oauth.authorize_url,
            &oauth.token_url,
            &provider.api_base_url,
            &provider.probe.request().unwrap().call.url,
        ] {
            let url = url.render(|_| None).unwrap();
            assert_eq!(url.origin().ascii_serialization(), sandbox.origin(), "{url}");
        }
    }
}
