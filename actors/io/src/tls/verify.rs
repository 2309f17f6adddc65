//! Recognising a server by the CA that was pinned.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest, Sha256};
use wayfare_protocol::pairing::PairingAnchor;

use super::provider;

/// What is known of the CA that a server must show.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pin {
    /// The SHA-256 of its certificate.
    Whole([u8; 32]),
    /// The beginning of it, before the first contact.
    Anchor(PairingAnchor),
}

/// A chain without the CA that was pinned.
#[derive(Debug, thiserror::Error)]
#[error("none of the {0} certificates that the server shows is the pinned CA")]
struct NotPinned(usize);

/// SHA-256 of a certificate.
pub(crate) fn sha256(certificate: &CertificateDer<'_>) -> [u8; 32] {
    Sha256::digest(certificate).into()
}

/// The pinned CA among the certificates after the leaf.
pub(crate) fn pinned<'a>(after_leaf: &'a [CertificateDer<'a>], pin: &Pin) -> Option<&'a CertificateDer<'a>> {
    after_leaf.iter().find(|certificate| {
        let hash = sha256(certificate);
        match pin {
            Pin::Whole(whole) => *whole == hash,
            Pin::Anchor(anchor) => anchor.fits(&hash),
        }
    })
}

/// Whether a leaf is a server's, valid at a time, and issued under a CA.
pub(crate) fn leaf(
    leaf: &CertificateDer<'_>,
    between: &[CertificateDer<'_>],
    ca: &CertificateDer<'_>,
    at: UnixTime,
) -> Result<(), Error> {
    let mut roots = RootCertStore::empty();
    roots.add(ca.clone().into_owned())?;
    let leaf = ParsedCertificate::try_from(leaf)?;
    let algorithms = provider().signature_verification_algorithms.all;
    verify_server_cert_signed_by_trust_anchor(&leaf, &roots, between, at, algorithms)
}

/// Whether a leaf is issued for a DNS name or an IP address.
pub(crate) fn name(leaf: &CertificateDer<'_>, name: &str) -> Result<(), Error> {
    let wanted = ServerName::try_from(name).map_err(|error| Error::General(format!("{name:?}: {error}")))?;
    verify_server_name(&ParsedCertificate::try_from(leaf)?, &wanted)
}

/// Accepts a server whose chain carries the pinned CA and whose leaf verifies up to it, for the name asked for.
#[derive(Debug)]
pub(crate) struct PinnedCa {
    pin: Pin,
    provider: Arc<CryptoProvider>,
}

impl PinnedCa {
    pub(crate) fn new(pin: Pin) -> Self {
        Self { pin, provider: provider() }
    }
}

impl ServerCertVerifier for PinnedCa {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let ca = pinned(intermediates, &self.pin).ok_or_else(|| {
            let why = NotPinned(intermediates.len() + 1);
            Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(why))))
        })?;
        leaf(end_entity, intermediates, ca, now)?;
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
