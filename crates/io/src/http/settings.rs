use std::time::Duration;

use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, TcpConnector};
use ureq::{Agent, Proxy};

use super::HttpError;
use super::tls::TlsConnector;
use super::trust::{ClientIdentity, client_config};

/// Larger heads of answers are refused.
const MAX_HEAD: usize = 64 * 1024;

/// How a client behaves. The defaults suit downloads from public sites.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Sent as `User-Agent`.
    pub user_agent: String,
    /// For resolving the name, connecting and TLS together.
    pub connect_timeout: Duration,
    /// For each single wait on the network, and how long a body may be slower than [`HttpSettings::min_rate`].
    pub stall_timeout: Duration,
    /// For one request, its redirects and its whole body.
    pub total_timeout: Duration,
    /// Bytes a second below which a body counts as stalled; 0 turns this off.
    pub min_rate: u64,
    /// Redirects followed for one request.
    pub max_redirects: u32,
    /// Which redirects are followed.
    pub redirects: Redirects,
    /// Where connections go through.
    pub proxy: HttpProxy,
    /// PEM certificates that are trusted instead of Mozilla's list (the content of `SSL_CERT_FILE` or `--ca`).
    pub ca: Option<Vec<u8>>,
    /// PEM certificates that are trusted besides: authorities, or a server's own.
    pub more_ca: Option<Vec<u8>>,
    /// How to be known to one host that asks for a certificate.
    pub identity: Option<ClientIdentity>,
    /// Allows `http://` to hosts that are not loopback.
    pub plain_http: bool,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            user_agent: concat!("seawall/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(15),
            stall_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_secs(30 * 60),
            min_rate: 1024,
            max_redirects: 5,
            redirects: Redirects::Follow,
            proxy: HttpProxy::FromEnvironment,
            ca: None,
            more_ca: None,
            identity: None,
            plain_http: false,
        }
    }
}

/// Which redirects are followed. Never from `https` to `http`, whatever is chosen; and credentials are dropped when the
/// scheme, host or port changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// None: the redirect itself is the answer.
    Never,
    /// Those to the same scheme, host and port; any other is an error.
    SameOrigin,
    /// All.
    Follow,
}

/// Where connections go through. Loopback is always reached directly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpProxy {
    /// Directly.
    None,
    /// `ALL_PROXY`, `HTTPS_PROXY`, `HTTP_PROXY`, except for the hosts in `NO_PROXY`.
    FromEnvironment,
    /// This one: `http://host:port`.
    Address(String),
}

/// The library's client with these settings; redirects are followed by us, so that credentials can be held back.
pub(super) fn agent(settings: &HttpSettings, identity: Option<&ClientIdentity>) -> Result<Agent, HttpError> {
    let proxy = match &settings.proxy {
        HttpProxy::None => None,
        HttpProxy::FromEnvironment => Proxy::try_from_env(),
        HttpProxy::Address(address) => Some(Proxy::new(address).map_err(|_| HttpError::Settings {
            what: "the proxy",
            reason: "not an address such as http://proxy.example:3128".to_owned(),
        })?),
    };
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(&settings.user_agent)
        .max_response_header_size(MAX_HEAD)
        .proxy(proxy)
        .timeout_connect(Some(settings.connect_timeout))
        .timeout_per_read(Some(settings.stall_timeout))
        .timeout_per_write(Some(settings.stall_timeout))
        .timeout_recv_response(Some(settings.stall_timeout))
        .build();
    let connector = ().chain(ConnectProxyConnector::default()).chain(TcpConnector::default());
    let connector = connector.chain(TlsConnector(client_config(settings, identity)?));
    Ok(Agent::with_parts(config, connector, DefaultResolver::default()))
}
