//! Resolves host names to the addresses that requests may be sent to.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use hyper_util::client::legacy::connect::dns;
use reqwest::dns::{Addrs, Resolve, Resolving};
use tower::{BoxError, Service};

use super::address::Allowed;

/// All addresses of a name are forbidden.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to an address that is not public")]
pub(super) struct ForbiddenAddress;

/// Resolves names as the system does, and drops every forbidden address. The connection uses one of the remaining
/// addresses without a second look-up, so a name that resolves to something else the next time has no effect.
#[derive(Clone, Debug)]
pub(super) struct Resolver {
    allowed: Allowed,
    given: Arc<HashMap<String, SocketAddr>>,
}

impl Resolver {
    /// A resolver to allowed addresses. The hosts in `given` are not looked up.
    pub(super) fn new(allowed: Allowed, given: HashMap<String, SocketAddr>) -> Self {
        Self { allowed, given: Arc::new(given) }
    }
}

impl Resolver {
    /// The addresses of a name that requests may be sent to. Port 0 means the port of the URL.
    async fn addresses(self, name: &str) -> Result<Vec<SocketAddr>, BoxError> {
        if let Some(address) = self.given.get(name) {
            return Ok(vec![*address]);
        }
        let found: Vec<SocketAddr> = tokio::net::lookup_host((name, 0)).await?.collect();
        if found.is_empty() {
            return Err(io::Error::from(io::ErrorKind::NotFound).into());
        }
        let dialled: Vec<SocketAddr> =
            found.into_iter().filter(|address| self.allowed.contains(address.ip())).collect();
        if dialled.is_empty() { Err(ForbiddenAddress.into()) } else { Ok(dialled) }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: reqwest::dns::Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let addresses = resolver.addresses(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

impl Service<dns::Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: dns::Name) -> Self::Future {
        let resolver = self.clone();
        Box::pin(async move { Ok(resolver.addresses(name.as_str()).await?.into_iter()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn addresses(networks: &[&str], given: &[(&str, &str)]) -> Result<Vec<SocketAddr>, String> {
        let networks = networks.iter().map(|network| network.parse().unwrap()).collect();
        let given = given.iter().map(|(host, address)| ((*host).to_owned(), address.parse().unwrap()));
        let resolver = Resolver::new(Allowed::new(networks), given.collect());
        resolver.addresses("localhost").await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused() {
        assert_eq!(addresses(&[], &[]).await, Err(ForbiddenAddress.to_string()));
        let allowed = addresses(&["127.0.0.0/8"], &[]).await.unwrap();
        assert!(!allowed.is_empty() && allowed.iter().all(|address| address.is_ipv4()), "{allowed:?}");
    }

    #[tokio::test]
    async fn a_given_address_is_taken_as_it_is() {
        let given = addresses(&[], &[("localhost", "127.0.0.1:4711")]).await;
        assert_eq!(given, Ok(vec!["127.0.0.1:4711".parse().unwrap()]));
    }
}
