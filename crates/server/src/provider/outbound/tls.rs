//! TLS to others: to providers, and to where the audit log goes.

use std::sync::Arc;

use rustls::{
    ClientConfig,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use rustls_platform_verifier::Verifier;

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificates are no PEM.
    #[error("certificates cannot be read: {0}")]
    Certificates(#[from] rustls::pki_types::pem::Error),
    /// The system's authorities cannot be used.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

/// Settings of TLS that trust the system's authorities, and these (PEM).
pub fn tls(ca_certificates: Option<&[u8]>) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let more = CertificateDer::pem_slice_iter(ca_certificates.unwrap_or_default());
    let verifier =
        Verifier::new_with_extra_roots(more.collect::<Result<Vec<_>, _>>()?, Arc::clone(&provider))?;
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}
