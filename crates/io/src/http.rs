//! A bounded HTTP client: every answer has a size limit, every wait a time limit, credentials stay with the host that
//! they were meant for, and plain HTTP is only for loopback or who asks for it.

mod address;
mod body;
mod error;
mod settings;
mod tls;
mod trust;

use std::io::Read;
use std::time::{Duration, Instant};

use ureq::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri};
use ureq::{Agent, Body, SendBody, Timeout};

pub use address::is_loopback;
use address::{checked, same_origin, shown, target_of};
pub use body::HttpBody;
pub use error::HttpError;
use settings::agent;
pub use settings::{HttpProxy, HttpSettings, Redirects};
pub use trust::ClientIdentity;

/// Header names that are credentials by nature.
const CREDENTIALS: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];
/// The default for [`HttpRequest::max_body`].
const MAX_BODY: u64 = 16 << 20;

/// A request's method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpMethod {
    /// GET.
    Get,
    /// HEAD.
    Head,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl HttpMethod {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Makes requests; keeps connections open between them. Cheap to clone, may be shared between threads.
#[derive(Debug, Clone)]
pub struct HttpClient {
    agent: Agent,
    /// For the one host that may see the client's certificate.
    known: Option<(Uri, Agent)>,
    settings: HttpSettings,
}

impl HttpClient {
    /// A client.
    ///
    /// # Errors
    /// When the certificates or the proxy address cannot be read.
    pub fn new(settings: HttpSettings) -> Result<Self, HttpError> {
        let known = match &settings.identity {
            None => None,
            Some(identity) => {
                let origin = checked(&format!("https://{}", identity.host), false)?;
                Some((origin, agent(&settings, Some(identity))?))
            }
        };
        Ok(Self { agent: agent(&settings, None)?, known, settings })
    }

    /// What speaks to this address, and whether it shows the client's certificate.
    fn agent(&self, uri: &Uri) -> (&Agent, bool) {
        match &self.known {
            Some((origin, agent)) if same_origin(origin, uri) => (agent, true),
            _ => (&self.agent, false),
        }
    }

    /// A request to an absolute address, to be completed and sent.
    pub fn request(&self, method: HttpMethod, url: &str) -> HttpRequest<'_> {
        HttpRequest {
            client: self,
            method,
            url: url.to_owned(),
            headers: Vec::new(),
            body: Payload::None,
            max_body: MAX_BODY,
        }
    }

    /// `request` with GET.
    pub fn get(&self, url: &str) -> HttpRequest<'_> {
        self.request(HttpMethod::Get, url)
    }
}

/// What a request carries.
enum Payload {
    None,
    Bytes(Vec<u8>),
    /// Read once, so a redirect or a retry cannot send it again.
    Stream(Box<dyn Read>, u64),
}

/// A request that is being put together.
pub struct HttpRequest<'client> {
    client: &'client HttpClient,
    method: HttpMethod,
    url: String,
    /// Name, value, and whether it is a credential.
    headers: Vec<(String, String, bool)>,
    body: Payload,
    max_body: u64,
}

impl HttpRequest<'_> {
    /// Adds a header. `Authorization` and `Cookie` are credentials: they are not sent on to another origin.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let credential = CREDENTIALS.iter().any(|known| name.eq_ignore_ascii_case(known));
        self.headers.push((name.to_owned(), value.to_owned(), credential));
        self
    }

    /// Adds a header that is a credential whatever its name (`X-Registry-Auth`, `Private-Token`).
    #[must_use]
    pub fn credential(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned(), true));
        self
    }

    /// Sends bytes as the body.
    #[must_use]
    pub fn body(mut self, bytes: Vec<u8>) -> Self {
        self.body = Payload::Bytes(bytes);
        self
    }

    /// Sends `length` bytes of a reader as the body.
    #[must_use]
    pub fn stream(mut self, reader: impl Read + 'static, length: u64) -> Self {
        self.body = Payload::Stream(Box::new(reader), length);
        self
    }

    /// Largest body of the answer in bytes; 16 MiB unless said.
    #[must_use]
    pub fn max_body(mut self, bytes: u64) -> Self {
        self.max_body = bytes;
        self
    }

    /// Sends the request and follows redirects. Every status that is not a followed redirect is an answer, not an error.
    ///
    /// # Errors
    /// When there is no answer; see [`HttpError`].
    pub fn send(mut self) -> Result<HttpResponse, HttpError> {
        let settings = &self.client.settings;
        let deadline = Instant::now().checked_add(settings.total_timeout);
        let first = checked(&self.url, settings.plain_http)?;
        let mut uri = first.clone();
        for hop in 0.. {
            let response = self.send_once(&uri, deadline)?;
            let Some(target) = self.redirect(&uri, &response)? else { return self.answer(&uri, response) };
            if hop >= settings.max_redirects {
                return Err(HttpError::TooManyRedirects {
                    url: shown(&first.to_string()),
                    limit: settings.max_redirects,
                });
            }
            if !same_origin(&uri, &target) {
                self.headers.retain(|(_, _, credential)| !credential);
            }
            self.change_method(response.status().as_u16(), &uri)?;
            uri = target;
        }
        Err(HttpError::TooManyRedirects { url: shown(&first.to_string()), limit: settings.max_redirects })
    }

    fn send_once(&mut self, uri: &Uri, deadline: Option<Instant>) -> Result<Response<Body>, HttpError> {
        let mut builder = Request::builder().method(self.method.name()).uri(uri);
        for (name, value, _) in &self.headers {
            let refuse = || HttpError::Header { name: name.chars().filter(|c| !c.is_control()).take(100).collect() };
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refuse())?;
            builder = builder.header(name, HeaderValue::from_str(value).map_err(|_| refuse())?);
        }
        let body = match std::mem::replace(&mut self.body, Payload::None) {
            Payload::None if matches!(self.method, HttpMethod::Post | HttpMethod::Put | HttpMethod::Patch) => {
                builder = builder.header("content-length", "0");
                SendBody::from_owned_reader(std::io::empty())
            }
            Payload::None => SendBody::none(),
            Payload::Bytes(bytes) => {
                builder = builder.header("content-length", bytes.len().to_string());
                self.body = Payload::Bytes(bytes.clone());
                SendBody::from_owned_reader(std::io::Cursor::new(bytes))
            }
            Payload::Stream(reader, length) => {
                builder = builder.header("content-length", length.to_string());
                self.body = Payload::Stream(Box::new(std::io::empty()), u64::MAX);
                SendBody::from_owned_reader(reader.take(length))
            }
        };
        let (agent, shown) = self.client.agent(uri);
        let fail = |error| failed(uri, &self.client.settings, shown, error);
        let request = builder.body(body).map_err(|error| fail(ureq::Error::Http(error)))?;
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let mut request = agent.configure_request(request).timeout_global(left.map(at_least_a_moment));
        if is_loopback(uri.host().unwrap_or_default()) {
            request = request.proxy(None);
        }
        agent.run(request.build()).map_err(fail)
    }

    /// Where to go next; `None` where the response is the answer.
    fn redirect(&self, uri: &Uri, response: &Response<Body>) -> Result<Option<Uri>, HttpError> {
        let settings = &self.client.settings;
        let is_redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
        if !is_redirect || settings.redirects == Redirects::Never {
            return Ok(None);
        }
        let Some(location) = response.headers().get("location").and_then(|value| value.to_str().ok()) else {
            return Ok(None);
        };
        let target = target_of(uri, location);
        let refuse = |reason| HttpError::Redirect { url: shown(&uri.to_string()), to: shown(&target), reason };
        let to = checked(&target, settings.plain_http || uri.scheme_str() == Some("http"))
            .map_err(|_| refuse("it is not an address that may be asked"))?;
        if uri.scheme_str() == Some("https") && to.scheme_str() != Some("https") {
            return Err(refuse("it gives up encryption"));
        }
        if settings.redirects == Redirects::SameOrigin && !same_origin(uri, &to) {
            return Err(refuse("it leads to another host"));
        }
        if to.scheme_str() == Some("http") && !settings.plain_http && !is_loopback(to.host().unwrap_or_default()) {
            return Err(refuse("it gives up encryption"));
        }
        Ok(Some(to))
    }

    /// [RFC 9110, 15.4](https://www.rfc-editor.org/rfc/rfc9110#section-15.4): 303 asks again with GET, and so do 301 and
    /// 302 after POST; 307 and 308 repeat the request, which a body that was read once cannot.
    fn change_method(&mut self, status: u16, uri: &Uri) -> Result<(), HttpError> {
        let to_get = match status {
            303 => !matches!(self.method, HttpMethod::Get | HttpMethod::Head),
            301 | 302 => self.method == HttpMethod::Post,
            _ => false,
        };
        if to_get {
            self.method = HttpMethod::Get;
            self.body = Payload::None;
            self.headers.retain(|(name, _, _)| !name.to_ascii_lowercase().starts_with("content-"));
        }
        match self.body {
            Payload::Stream(..) => Err(HttpError::Redirect {
                url: shown(&uri.to_string()),
                to: "another address".to_owned(),
                reason: "the body was already sent",
            }),
            _ => Ok(()),
        }
    }

    fn answer(&self, uri: &Uri, response: Response<Body>) -> Result<HttpResponse, HttpError> {
        let settings = &self.client.settings;
        let (head, body) = response.into_parts();
        let stated = body.content_length();
        if self.method != HttpMethod::Head && stated.is_some_and(|length| length > self.max_body) {
            return Err(HttpError::TooLarge { url: shown(&uri.to_string()), limit: self.max_body });
        }
        Ok(HttpResponse {
            url: uri.to_string(),
            status: head.status.as_u16(),
            headers: head.headers,
            body: HttpBody::new(body.into_reader(), self.max_body, settings.stall_timeout, settings.min_rate),
        })
    }
}

/// A zero timeout would be taken for none.
fn at_least_a_moment(left: Duration) -> Duration {
    left.max(Duration::from_millis(1))
}

fn failed(uri: &Uri, settings: &HttpSettings, identified: bool, error: ureq::Error) -> HttpError {
    let url = shown(&uri.to_string());
    match error {
        ureq::Error::Timeout(which) => {
            let limit = match which {
                Timeout::Global | Timeout::PerCall => settings.total_timeout,
                Timeout::Connect | Timeout::Resolve => settings.connect_timeout,
                _ => settings.stall_timeout,
            };
            HttpError::Timeout { url, limit }
        }
        ureq::Error::HostNotFound => HttpError::Transport { url, reason: "host not found".to_owned() },
        ureq::Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(error) => tls::failed(url, identified, error),
            None => HttpError::Transport { url, reason: error.to_string() },
        },
        ureq::Error::Rustls(error) => tls::failed(url, identified, &error),
        other => HttpError::Transport { url, reason: other.to_string() },
    }
}

/// An answer: its head, and its body still to be read.
#[derive(Debug)]
pub struct HttpResponse {
    url: String,
    status: u16,
    headers: HeaderMap,
    body: HttpBody,
}

impl HttpResponse {
    /// The address that answered, after redirects. May carry a signature in its query: not for messages.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of that name, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Every header of that name that is text (`WWW-Authenticate` may come several times).
    pub fn headers<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok())
    }

    /// The stated length of the body.
    pub fn length(&self) -> Option<u64> {
        self.header("content-length")?.parse().ok()
    }

    /// The body, to be read piece by piece.
    pub fn into_body(self) -> HttpBody {
        self.body
    }

    /// The whole body.
    ///
    /// # Errors
    /// When it is larger than the request's limit, stalls or is cut short.
    pub fn bytes(mut self) -> Result<Vec<u8>, HttpError> {
        let mut bytes = Vec::new();
        let url = shown(&self.url);
        match self.body.read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
                Err(HttpError::TooLarge { url, limit: self.body.limit })
            }
            Err(error) => Err(HttpError::Transport { url, reason: error.to_string() }),
        }
    }
}
