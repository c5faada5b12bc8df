use std::time::Duration;

/// Why a request gave no answer. Addresses are without query and credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The address cannot be asked.
    #[error("{url}: address {reason}")]
    Address {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Plain HTTP to a host that is not loopback.
    #[error("{url}: plain HTTP is only used for loopback unless asked for")]
    PlainHttp {
        /// The address.
        url: String,
    },
    /// A header's name or value cannot be sent.
    #[error("header `{name}` cannot be sent")]
    Header {
        /// Its name.
        name: String,
    },
    /// A redirect that is not followed.
    #[error("{url}: redirect to {to} is not followed: {reason}")]
    Redirect {
        /// The address that answered.
        url: String,
        /// Where it points.
        to: String,
        /// Why not.
        reason: &'static str,
    },
    /// Redirects without end.
    #[error("{url}: more than {limit} redirects")]
    TooManyRedirects {
        /// The first address.
        url: String,
        /// The limit.
        limit: u32,
    },
    /// Nothing came for too long.
    #[error("{url}: no answer within {} s", limit.as_secs())]
    Timeout {
        /// The address.
        url: String,
        /// The limit that was reached.
        limit: Duration,
    },
    /// The body is stated or found to be larger than the limit.
    #[error("{url}: larger than the limit of {limit} bytes")]
    TooLarge {
        /// The address.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// Resolving, connecting, TLS or the protocol failed.
    #[error("{url}: {reason}")]
    Transport {
        /// The address.
        url: String,
        /// What failed.
        reason: String,
    },
    /// The server's certificate is not accepted; there is no way on without it.
    #[error("{url}: {reason}")]
    Certificate {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
        /// Whether trusting another authority would help.
        unknown: bool,
    },
    /// The server wants to know the client by a certificate, and does not accept the one that it was shown, or none.
    #[error("{url}: the server asks for a client certificate{}", if *shown { ", and refuses the one that it was shown" } else { "" })]
    Identity {
        /// The address.
        url: String,
        /// Whether it was shown one.
        shown: bool,
    },
    /// What answers at an `https` address does not speak TLS.
    #[error("{url}: what answers there does not speak TLS")]
    NotTls {
        /// The address.
        url: String,
    },
    /// The settings cannot be used.
    #[error("{what} cannot be used: {reason}")]
    Settings {
        /// The setting.
        what: &'static str,
        /// Why not.
        reason: String,
    },
}

impl HttpError {
    /// Whether the same request may well succeed a little later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::Transport { .. })
    }
}
