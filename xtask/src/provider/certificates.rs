//! A certificate authority of a provider's own, and the certificate that it signs.

use std::sync::Arc;

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio_rustls::TlsAcceptor;

/// An authority that nobody trusts who was not told to, and what it signed.
pub(super) struct Certificates {
    /// The authority's certificate, as PEM.
    pub(super) authority: String,
    /// Accepts connections with the signed certificate.
    pub(super) acceptor: TlsAcceptor,
}

impl Certificates {
    /// A new authority, with a certificate for `host`.
    ///
    /// # Errors
    /// When `host` is no name.
    pub(super) fn make(host: &str) -> Result<Self> {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority = CertifiedIssuer::self_signed(parameters, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(vec![host.to_owned()])?.signed_by(&key, &authority)?;
        let chain = vec![CertificateDer::from_pem_slice(certificate.pem().as_bytes())?];
        let settings = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes())?)?;
        Ok(Self { authority: authority.pem(), acceptor: TlsAcceptor::from(Arc::new(settings)) })
    }
}
