//! Resolves host names to the addresses that requests may be sent to.

use std::{collections::HashMap, io, net::SocketAddr, sync::Arc};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::Allowed;

/// All addresses of a name are forbidden.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to an address that is not public")]
pub(super) struct ForbiddenAddress;

/// Resolves names as the system does, and drops every forbidden address. The connection uses one of the remaining
/// addresses without a second look-up, so a name that resolves to something else the next time has no effect.
#[derive(Debug)]
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

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (allowed, given) = (self.allowed.clone(), Arc::clone(&self.given));
        Box::pin(async move {
            if let Some(address) = given.get(name.as_str()) {
                return Ok(Box::new(std::iter::once(*address)) as Addrs);
            }
            // Port 0 means the port of the URL.
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if found.is_empty() {
                return Err(io::Error::from(io::ErrorKind::NotFound).into());
            }
            let dialled: Vec<SocketAddr> =
                found.into_iter().filter(|address| allowed.contains(address.ip())).collect();
            if dialled.is_empty() {
                Err(ForbiddenAddress.into())
            } else {
                Ok(Box::new(dialled.into_iter()) as Addrs)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn addresses(networks: &[&str], given: &[(&str, &str)]) -> Result<Vec<SocketAddr>, String> {
        let networks = networks.iter().map(|network| network.parse().unwrap()).collect();
        let given = given.iter().map(|(host, address)| ((*host).to_owned(), address.parse().unwrap()));
        let resolver = Resolver::new(Allowed::new(networks), given.collect());
        let found = resolver.resolve("localhost".parse().unwrap()).await;
        found.map(Iterator::collect).map_err(|error| error.to_string())
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
