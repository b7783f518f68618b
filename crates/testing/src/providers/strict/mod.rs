//! A strict provider on the loopback interface: what looks after integrations is judged by it.
//!
//! Its rules are those of RFC 9700, section 4.14.2: each refresh token works once, and who sends one for a second time
//! loses the whole family, its access tokens included, for good. It keeps count of everything, family by family.

mod families;
mod serve;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;

pub use self::families::{Counts, Families, FamilyState, Tokens, generation_of};
use self::serve::CLIENT;
use crate::certificates::Authority;
use crate::https;

/// Its key in the catalog.
pub const KEY: &str = "strict";
/// Its file for the catalog, in which the probes' interval is `{interval}`.
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
    /// How long it takes for every answer.
    pub latency: Duration,
}

/// The provider, listening. It ends with the runtime that it was started in.
pub struct Provider {
    address: SocketAddr,
    /// What it gave out, and what was done with it.
    pub families: Arc<Families>,
}

impl Provider {
    /// Starts on a free port, or on the one given, and writes what a server needs to know of it into `directory`:
    /// its file for the catalog, with this interval between two probes, and the authority of its certificate.
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
        let (shared, latency) = (Arc::clone(&families), behaviour.latency);
        https::serve(listener, acceptor, move |request| {
            let families = Arc::clone(&shared);
            async move { serve::answer(&families, latency, request).await }
        });
        Ok(Self { address, families })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Where in `directory` the provider's file for the catalog is.
pub fn catalog_directory(directory: &Path) -> PathBuf {
    directory.join(CATALOG_DIRECTORY)
}

/// The variables by which a server finds the provider that listens at `address` and wrote its files to `directory`.
pub fn environment(address: SocketAddr, directory: &Path) -> Vec<(&'static str, String)> {
    vec![
        ("RIQ_PROVIDERS_DIR", catalog_directory(directory).display().to_string()),
        ("RIQ_OUTBOUND_CA_FILE", directory.join(AUTHORITY_FILE).display().to_string()),
        ("RIQ_OUTBOUND_RESOLVE", format!("{HOST}={address}")),
        ("RIQ_OAUTH_STRICT_CLIENT_ID", CLIENT.0.to_owned()),
        ("RIQ_OAUTH_STRICT_CLIENT_SECRET", CLIENT.1.to_owned()),
    ]
}
