//! A strict simulated provider on the loopback interface, which checks how the server uses tokens.
//!
//! Its rules are those of RFC 9700, section 4.14.2: each refresh token works once, and a client that sends one a second
//! time permanently loses the whole family with its access tokens. It counts all requests, family by family,
//! and keeps the payments that actions make.

mod families;
mod payments;
mod serve;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;

pub use self::families::{Counts, Families, FamilyState, Tokens, generation_of};
pub use self::payments::{Payment, Payments};
use self::serve::CLIENT;
use crate::certificates::Authority;
use crate::https;

/// Its key in the catalog.
pub const KEY: &str = "strict";
/// Its provider file, in which `{interval}` stands for the interval of probes.
const FILE: &str = include_str!("strict.toml");
/// Its only host.
const HOST: &str = "strict.example.com";

const CATALOG_DIRECTORY: &str = "providers";
const AUTHORITY_FILE: &str = "authority.pem";

/// How it behaves.
#[derive(Clone, Copy, Debug)]
pub struct Behaviour {
    /// How many families of tokens there are.
    pub families: usize,
    /// How long an access token works.
    pub token_life: Duration,
    /// How long every answer takes.
    pub latency: Duration,
}

/// The running provider. It ends with the runtime that it was started in.
pub struct Provider {
    address: SocketAddr,
    /// The tokens that it issued, and how they were used.
    pub families: Arc<Families>,
    /// The payments that were made.
    pub payments: Arc<Payments>,
}

impl Provider {
    /// Starts on the given port, or on a free one if it is 0. Writes the files that a server needs into `directory`:
    /// the provider file, with this interval between probes, and the certificate of the authority.
    ///
    /// # Errors
    /// When the port is taken or a file cannot be written.
    pub async fn start(
        behaviour: Behaviour,
        interval: Duration,
        port: u16,
        directory: &Path,
    ) -> Result<Self> {
        let authority = Authority::new()?;
        let acceptor = authority.certify(&[HOST])?.acceptor()?;
        let catalog = catalog_directory(directory);
        std::fs::create_dir_all(&catalog).context("cannot make the directory of provider files")?;
        let file = FILE.replace("{interval}", &interval.as_secs().to_string());
        std::fs::write(catalog.join(format!("{KEY}.toml")), file)
            .context("cannot write the provider's file")?;
        std::fs::write(directory.join(AUTHORITY_FILE), authority.pem())
            .context("cannot write the provider's authority")?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let families = Arc::new(Families::new(behaviour.families, behaviour.token_life));
        let payments = Arc::<Payments>::default();
        let (shared, made, latency) = (Arc::clone(&families), Arc::clone(&payments), behaviour.latency);
        https::serve(listener, acceptor, move |request| {
            let (families, payments) = (Arc::clone(&shared), Arc::clone(&made));
            async move { serve::answer(&families, &payments, latency, request).await }
        });
        Ok(Self { address, families, payments })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// The directory, within `directory`, of the provider file.
pub fn catalog_directory(directory: &Path) -> PathBuf {
    directory.join(CATALOG_DIRECTORY)
}

/// The environment variables with which a server finds the provider that listens on `address` and wrote its files to
/// `directory`.
pub fn environment(address: SocketAddr, directory: &Path) -> Vec<(&'static str, String)> {
    vec![
        ("RIQ_PROVIDERS_DIR", catalog_directory(directory).display().to_string()),
        ("RIQ_OUTBOUND_CA_FILE", directory.join(AUTHORITY_FILE).display().to_string()),
        ("RIQ_OUTBOUND_RESOLVE", format!("{HOST}={address}")),
        ("RIQ_OAUTH_STRICT_CLIENT_ID", CLIENT.0.to_owned()),
        ("RIQ_OAUTH_STRICT_CLIENT_SECRET", CLIENT.1.to_owned()),
    ]
}
