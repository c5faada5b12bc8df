//! TLS for the HTTP library, with a configuration of our own. The library's own connector cannot trust certificates
//! beside Mozilla's list, and panics where a client's key and certificate do not belong together.
//!
//! The traits here may change with its minor versions, which the workspace's manifest therefore does not follow by itself.

use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig, ClientConnection, InvalidMessage, StreamOwned};
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

use super::HttpError;

/// Wraps connections to `https` addresses.
pub(super) struct TlsConnector(pub(super) Arc<ClientConfig>);

impl std::fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsConnector")
    }
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        let Some(below) = chained else { return Ok(None) };
        if !details.needs_tls() || below.is_tls() {
            return Ok(Some(Either::A(below)));
        }
        let host = details.uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Error::HostNotFound)?;
        let mut session = ClientConnection::new(Arc::clone(&self.0), name)?;
        let mut socket = TransportAdapter::new(below.boxed(), Arc::clone(&details.current_time));
        socket.set_timeout(details.timeout);
        session.complete_io(&mut socket)?;
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Either::B(TlsTransport { buffers, stream: StreamOwned::new(session, socket) })))
    }
}

/// A connection that is encrypted.
pub(super) struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl std::fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsTransport")
    }
}

impl TlsTransport {
    /// A server that refuses the client says why before it closes; a write that fails for it has not heard that yet.
    fn explained(&mut self, error: io::Error) -> Error {
        if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
            && self.stream.conn.read_tls(&mut self.stream.sock).is_ok()
            && let Err(reason) = self.stream.conn.process_new_packets()
        {
            return Error::Rustls(reason);
        }
        error.into()
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.sock.set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        let written = self.stream.write_all(output);
        written.map_err(|error| self.explained(error))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.sock.set_timeout(timeout);
        let read = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(read);
        Ok(read > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

/// What an error of TLS means for who asked; `identified` says that the client showed a certificate.
pub(super) fn failed(url: String, identified: bool, error: &rustls::Error) -> HttpError {
    match error {
        rustls::Error::InvalidCertificate(problem) => {
            let unknown = matches!(problem, CertificateError::UnknownIssuer | CertificateError::BadSignature);
            HttpError::Certificate { url, reason: words(problem), unknown }
        }
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => HttpError::NotTls { url },
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired
            | AlertDescription::UnsupportedCertificate,
        ) => HttpError::Identity { url, shown: identified },
        other => HttpError::Transport { url, reason: other.to_string() },
    }
}

/// What is wrong with a server's certificate.
fn words(problem: &CertificateError) -> String {
    match problem {
        CertificateError::UnknownIssuer => "the server's certificate is not signed by an authority that is trusted",
        CertificateError::BadSignature => {
            "the server's certificate is not signed by the key of the authority that it names"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is for another host"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "the server's certificate has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet"
        }
        other => return format!("the server's certificate is not accepted: {other}"),
    }
    .to_owned()
}
