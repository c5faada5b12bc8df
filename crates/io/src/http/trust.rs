//! Whom a client trusts, and how it is known to a server that asks.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem, pem::PemObject};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::{HttpError, HttpSettings};

/// A certificate with its key, shown to one host and to no other.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientIdentity {
    /// The host and, where it is not 443, the port: `registry.example:5000`.
    pub host: String,
    /// The certificate and what it is signed by, PEM.
    pub certificates: Vec<u8>,
    /// Its private key, PEM without a password.
    pub key: Vec<u8>,
}

impl std::fmt::Debug for ClientIdentity {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientIdentity").field("host", &self.host).finish_non_exhaustive()
    }
}

fn refuse(what: &'static str, reason: impl std::fmt::Display) -> HttpError {
    HttpError::Settings { what, reason: reason.to_string() }
}

/// What TLS is spoken with; `identity` where the server is the one that may see it.
pub(super) fn client_config(
    settings: &HttpSettings,
    identity: Option<&ClientIdentity>,
) -> Result<Arc<ClientConfig>, HttpError> {
    let mut roots = RootCertStore::empty();
    let mut named = Vec::new();
    match &settings.ca {
        None => roots.roots.extend_from_slice(webpki_roots::TLS_SERVER_ROOTS),
        Some(pem) => named.extend(certificates("the CA file", pem)?),
    }
    if let Some(pem) = &settings.more_ca {
        named.extend(certificates("the CA file", pem)?);
    }
    if !named.is_empty() && roots.add_parsable_certificates(named.iter().cloned()).0 == 0 {
        return Err(refuse("the CA file", "none of its certificates can be read"));
    }
    let provider = Arc::new(ring::default_provider());
    let versions = |e: Error| refuse("TLS", e);
    let chains = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
    let verifier = Verifier { chains: chains.map_err(|e| refuse("the CA file", e))?, named };
    let builder = ClientConfig::builder_with_provider(Arc::<CryptoProvider>::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(versions)?
        .dangerous() // It only adds to what the library's own verifier accepts; see there.
        .with_custom_certificate_verifier(Arc::new(verifier));
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            const WHAT: &str = "the client certificate";
            let chain = certificates(WHAT, &identity.certificates)?;
            let key = PrivateKeyDer::from_pem_slice(&identity.key).map_err(|e| match e {
                pem::Error::NoItemsFound => refuse("the client key", "there is no key without a password in it"),
                _ => refuse("the client key", "not PEM"),
            })?;
            builder.with_client_auth_cert(chain, key).map_err(|e| match e {
                Error::InconsistentKeys(_) => refuse(WHAT, "the key is of another certificate"),
                other => refuse(WHAT, other),
            })?
        }
    };
    Ok(Arc::new(config))
}

fn certificates(what: &'static str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, HttpError> {
    let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    match found {
        Err(_) => Err(refuse(what, "not PEM")),
        Ok(found) if found.is_empty() => Err(refuse(what, "no certificate in it")),
        Ok(found) => Ok(found),
    }
}

/// The library's verifier, and beside it certificates that were named themselves and say of themselves that they are
/// authorities, as `openssl req -x509` makes them: the library takes those for authorities only, while engines take a
/// server that shows one.
#[derive(Debug)]
struct Verifier {
    chains: Arc<WebPkiServerVerifier>,
    named: Vec<CertificateDer<'static>>,
}

/// The library's word for it; it checks the times of validity before that. Another word in a later version would mean
/// that such servers are refused.
const AUTHORITY_AS_SERVER: &str = "CaUsedAsEndEntity";

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.chains.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verdict {
            Err(Error::InvalidCertificate(CertificateError::Other(reason)))
                if reason.0.to_string() == AUTHORITY_AS_SERVER
                    && self.named.iter().any(|named| named == end_entity) =>
            {
                rustls::client::verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chains.supported_verify_schemes()
    }
}
