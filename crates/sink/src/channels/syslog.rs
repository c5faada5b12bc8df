use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use seawall_model::Alert;

use crate::channel::{Channel, Delivery};
use crate::counters::{Counters, DropReason};
use crate::formats::syslog::wrap;
use crate::record::document;
use crate::{SinkSpec, SinkTarget};

/// For connecting and for each write.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What fits into one datagram over IPv4 and IPv6 and most sockets; RFC 5426 asks to stay far below.
const MAX_DATAGRAM: usize = 65_000;

/// A syslog daemon: one message a datagram, or octet-counted messages over TCP (RFC 6587, 3.4.1). Neither is answered:
/// delivered means handed to the system.
pub(super) struct SyslogChannel {
    target: SinkTarget,
    spec: SinkSpec,
    counters: Arc<Counters>,
    connection: Option<Connection>,
}

enum Connection {
    Unix(UnixDatagram),
    Udp(UdpSocket),
    Tcp(TcpStream),
}

impl SyslogChannel {
    pub(super) fn new(spec: &SinkSpec, counters: Arc<Counters>) -> Self {
        Self { target: spec.target.clone(), spec: spec.clone(), counters, connection: None }
    }

    /// RFC 5424 as it is; any other format is the message of an RFC 5424 frame.
    fn message(&self, alert: &Alert) -> Vec<u8> {
        let (format, options) = (self.spec.format, &self.spec.options.record);
        let mut record = Vec::new();
        document(format, options, alert, &self.counters, &mut record);
        if format.id() == "syslog" {
            return record;
        }
        let mut message = Vec::with_capacity(record.len() + 128);
        wrap(alert, options.facility, &record, &mut message);
        message
    }

    /// The open connection; made anew where there is none or the daemon closed it.
    fn ready(&mut self) -> io::Result<&mut Connection> {
        if self.connection.as_mut().is_some_and(Connection::is_gone) {
            self.connection = None;
        }
        match &mut self.connection {
            Some(connection) => Ok(connection),
            none => Ok(none.insert(Connection::open(&self.target)?)),
        }
    }
}

impl Channel for SyslogChannel {
    fn deliver(&mut self, alerts: &[Arc<Alert>]) -> Delivery {
        for (done, alert) in alerts.iter().enumerate() {
            let message = self.message(alert);
            let sent = match self.ready() {
                Ok(connection) => connection.send(&message),
                Err(error) => Err(error),
            };
            match sent {
                Ok(()) => self.counters.delivered(1),
                Err(error) if is_too_large(&error) => {
                    self.counters.explain(format!("{}: a message of {} bytes: {error}", self.target, message.len()));
                    self.counters.dropped(DropReason::TooLarge, 1, Some(&alert.time));
                }
                Err(error) => {
                    self.connection = None;
                    return Delivery::stuck(done, format!("{}: {error}", self.target));
                }
            }
        }
        Delivery::all(alerts.len())
    }

    fn reopen(&mut self) {
        self.connection = None;
    }
}

/// `EMSGSIZE`, or what was refused before it was tried.
fn is_too_large(error: &io::Error) -> bool {
    const EMSGSIZE: i32 = 90;
    error.kind() == ErrorKind::FileTooLarge || error.raw_os_error() == Some(EMSGSIZE)
}

impl Connection {
    fn open(target: &SinkTarget) -> io::Result<Self> {
        match target {
            SinkTarget::Unix(path) => Self::unix(path),
            SinkTarget::Udp(address) => {
                let socket = match resolve(address)? {
                    std::net::SocketAddr::V4(_) => UdpSocket::bind("0.0.0.0:0")?,
                    std::net::SocketAddr::V6(_) => UdpSocket::bind("[::]:0")?,
                };
                socket.connect(resolve(address)?)?;
                Ok(Self::Udp(socket))
            }
            SinkTarget::Tcp(address) => {
                let stream = TcpStream::connect_timeout(&resolve(address)?, TIMEOUT)?;
                stream.set_write_timeout(Some(TIMEOUT))?;
                stream.set_nodelay(true)?;
                Ok(Self::Tcp(stream))
            }
            _ => Err(io::Error::new(ErrorKind::Unsupported, "not a syslog target")),
        }
    }

    fn unix(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(path)?;
        // A daemon that does not read must not hold this thread for ever.
        socket.set_write_timeout(Some(TIMEOUT))?;
        Ok(Self::Unix(socket))
    }

    /// A TCP peer that closed would swallow the next write without an error.
    fn is_gone(&mut self) -> bool {
        let Self::Tcp(stream) = self else { return false };
        if stream.set_nonblocking(true).is_err() {
            return true;
        }
        let read = stream.read(&mut [0; 64]);
        let is_open = match read {
            Ok(count) => count > 0,
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        };
        !is_open || stream.set_nonblocking(false).is_err()
    }

    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        if !matches!(self, Self::Tcp(_)) && message.len() > MAX_DATAGRAM {
            return Err(io::Error::new(ErrorKind::FileTooLarge, "larger than a datagram"));
        }
        match self {
            Self::Unix(socket) => socket.send(message).map(drop),
            Self::Udp(socket) => socket.send(message).map(drop),
            Self::Tcp(stream) => {
                let mut frame = format!("{} ", message.len()).into_bytes();
                frame.extend_from_slice(message);
                stream.write_all(&frame)
            }
        }
    }
}

fn resolve(address: &str) -> io::Result<std::net::SocketAddr> {
    let mut found = address.to_socket_addrs()?;
    found.next().ok_or_else(|| io::Error::new(ErrorKind::NotFound, "the name has no address"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_system_that_says_too_large_is_understood() {
        assert!(super::is_too_large(&std::io::Error::from_raw_os_error(90)));
        assert!(!super::is_too_large(&std::io::Error::from_raw_os_error(111)));
    }
}
