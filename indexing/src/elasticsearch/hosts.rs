//! The hosts of a cluster, used in turn. One that fails is set aside for a while.

use std::time::{Duration, Instant};

use bytes::Bytes;
use elasticsearch::auth::Credentials;
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::Method;
use elasticsearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderValue};
use elasticsearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use tokio::net::TcpStream;

use crate::secret::read_first_line;
use crate::{Cause, ElasticsearchGlobal, IndexingError};

pub(super) const NDJSON: &str = "application/x-ndjson";
pub(super) const JSON: &str = "application/json";

const STORE: &str = "Elasticsearch";

/// How long a host that failed is left out while another one answers.
const SET_ASIDE: Duration = Duration::from_secs(10);

/// Longest answer that is read, in bytes.
const MAX_ANSWER: u64 = 64 << 20;

pub(super) struct Hosts {
    hosts: Vec<Host>,
    next: usize,
    connect_timeout: Duration,
    request_timeout: Duration,
}

struct Host {
    name: String,
    port: u16,
    transport: Transport,
    /// Whether the last request got an answer. Until then, the connection is tried first, with its own time-out.
    is_proven: bool,
    aside_until: Option<Instant>,
}

/// An answer of whatever status.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
    pub(super) retry_after: Option<Duration>,
}

/// No host has answered.
#[derive(Debug)]
pub(super) struct RequestFailure(String);

impl RequestFailure {
    pub(super) fn into_cause(self) -> Cause {
        Cause::store(self.0)
    }
}

impl Hosts {
    pub(super) async fn new(settings: &ElasticsearchGlobal) -> Result<Self, IndexingError> {
        if settings.hosts.is_empty() {
            let problem = alidade_stellar::ConfigProblem::new("/es.ip", "no host is configured")
                .with_help("set es.ip in global.json to host:port of the HTTP interface, such as node1:9200");
            return Err(IndexingError::Config(vec![problem]));
        }
        let client = &settings.client;
        let mut credentials = None;
        if let (Some(user), Some(path)) = (&client.user, &client.password_file) {
            let password = read_first_line("the password of Elasticsearch", path).await?;
            credentials = Some(Credentials::Basic(user.to_string(), password));
        }
        let mut trusted = None;
        if let Some(path) = &client.trust_file {
            trusted = Some(crate::secret::read_file("the certificates to trust", path).await?);
        }
        let mut hosts = Vec::with_capacity(settings.hosts.len());
        for url in &settings.hosts {
            let mut builder = TransportBuilder::new(SingleNodeConnectionPool::new(url.clone()))
                .disable_proxy()
                .timeout(client.request_timeout);
            if let Some(credentials) = &credentials {
                builder = builder.auth(credentials.clone());
            }
            if let Some(pem) = &trusted {
                let certificates = Certificate::from_pem(pem).map_err(client_error)?;
                builder = builder.cert_validation(CertificateValidation::Full(certificates));
            }
            hosts.push(Host {
                name: url
                    .host_str()
                    .unwrap_or_default()
                    .trim_matches(['[', ']'])
                    .to_owned(),
                port: url.port_or_known_default().unwrap_or_default(),
                transport: builder.build().map_err(client_error)?,
                is_proven: false,
                aside_until: None,
            });
        }
        Ok(Hosts {
            hosts,
            next: 0,
            connect_timeout: client.connect_timeout,
            request_timeout: client.request_timeout,
        })
    }

    /// Sends a request to the next host, or to another one where there is no connection.
    pub(super) async fn send(
        &mut self,
        method: Method,
        path: &str,
        content_type: &'static str,
        body: Option<Bytes>,
    ) -> Result<Answer, RequestFailure> {
        let mut problems = Vec::new();
        for at in self.order() {
            let host = &mut self.hosts[at];
            match host
                .send(
                    self.connect_timeout,
                    method,
                    path,
                    content_type,
                    body.clone(),
                )
                .await
            {
                Ok(answer) => {
                    host.is_proven = true;
                    host.aside_until = None;
                    return Ok(answer);
                }
                Err(failure) => {
                    host.is_proven = false;
                    host.aside_until = Instant::now().checked_add(SET_ASIDE);
                    problems.push(format!(
                        "{}:{}: {}{}",
                        host.name,
                        host.port,
                        failure.text,
                        host.hint()
                    ));
                    if failure.is_timeout {
                        // The request has used up its time; the next attempt takes another host.
                        problems.push(format!("time-out after {:?}", self.request_timeout));
                        break;
                    }
                }
            }
        }
        Err(RequestFailure(problems.join("; ")))
    }

    /// Hosts in the order in which they are to be tried: in turn, those set aside last.
    fn order(&mut self) -> Vec<usize> {
        let count = self.hosts.len();
        let first = self.next % count;
        self.next = first + 1;
        let now = Instant::now();
        let mut order: Vec<usize> = (0..count).map(|step| (first + step) % count).collect();
        order.sort_by_key(|at| self.hosts[*at].aside_until.is_some_and(|until| until > now));
        order
    }
}

struct HostFailure {
    text: String,
    is_timeout: bool,
}

impl Host {
    async fn send(
        &self,
        connect_timeout: Duration,
        method: Method,
        path: &str,
        content_type: &'static str,
        body: Option<Bytes>,
    ) -> Result<Answer, HostFailure> {
        if !self.is_proven {
            self.connect(connect_timeout).await?;
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let response = self
            .transport
            .send(method, path, headers, None::<&()>, body, None)
            .await
            .map_err(|error| HostFailure {
                is_timeout: error.is_timeout(),
                text: with_sources(&error),
            })?;
        let status = response.status_code().as_u16();
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.trim().parse().ok())
            .map(Duration::from_secs);
        if response
            .content_length()
            .is_some_and(|length| length > MAX_ANSWER)
        {
            return Err(HostFailure {
                text: format!("the answer is longer than {MAX_ANSWER} bytes"),
                is_timeout: false,
            });
        }
        let body = response.bytes().await.map_err(|error| HostFailure {
            is_timeout: error.is_timeout(),
            text: with_sources(&error),
        })?;
        Ok(Answer {
            status,
            body,
            retry_after,
        })
    }

    /// The transport has no time-out for connecting alone; a host that swallows packets must not cost a whole request.
    async fn connect(&self, timeout: Duration) -> Result<(), HostFailure> {
        let connecting = TcpStream::connect((self.name.as_str(), self.port));
        let text = match tokio::time::timeout(timeout, connecting).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => format!("no connection: {error}"),
            Err(_) => format!("no connection within {timeout:?}"),
        };
        Err(HostFailure {
            text,
            is_timeout: false,
        })
    }

    fn hint(&self) -> &'static str {
        match self.port {
            9300 => {
                " (9300 is the port of the transport protocol as a rule; es.ip wants the HTTP port, 9200)"
            }
            _ => "",
        }
    }
}

fn client_error(error: impl std::fmt::Display) -> IndexingError {
    IndexingError::Client {
        store: STORE,
        message: error.to_string(),
    }
}

/// An error and what caused it: the outer text of an HTTP client alone says little.
pub(crate) fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        source = inner.source();
    }
    text
}
