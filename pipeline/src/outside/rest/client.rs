use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use alidade_event::{NumberStyle, Value, read_value};
use alidade_indexing::hdfs::StoredFile;
use futures::StreamExt;
use reqwest::{Client, RequestBuilder, header, redirect};
use tokio::runtime::Handle;

use super::request::Request;
use super::settings::{Credentials, Proxy, Settings};

/// Requests under way at once, for one batch.
const CONCURRENCY: usize = 64;
/// For all requests of a batch together.
const BATCH_TIMEOUT: Duration = Duration::from_secs(60);
/// Largest answer that is read, in bytes.
const MAX_ANSWER: usize = 8 << 20;
/// Clients that are kept; each has connections of its own.
const MAX_CLIENTS: usize = 32;
/// How long a password is kept before its file is read again.
const PASSWORD_LIFETIME: Duration = Duration::from_secs(60);
const MAX_PASSWORD_FILE: usize = 64 << 10;
/// Failures are told at most this often.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Makes the requests. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct RestClient {
    inner: Arc<Inner>,
}

struct Inner {
    runtime: Handle,
    clients: Mutex<HashMap<ClientKey, Client>>,
    passwords: Mutex<HashMap<String, (Instant, String)>>,
    told: Mutex<Option<Instant>>,
}

/// What a client is made of; everything else is set for each request.
#[derive(Clone, PartialEq, Eq, Hash)]
struct ClientKey {
    connect_timeout: Duration,
    socket_timeout: Option<Duration>,
    proxy: Option<(Proxy, Option<String>)>,
}

/// Why a request gave no value. No text holds a password or a query.
#[derive(Debug, thiserror::Error)]
enum RestError {
    #[error("no client can be made: {0}")]
    Client(reqwest::Error),
    #[error("the password file {path}: {reason}")]
    Password { path: String, reason: String },
    #[error("{0}")]
    Exchange(String),
    #[error("the service answered with status {0}, which is not among `response.codes.allowed`")]
    Status(u16),
    #[error("the answer has more than {MAX_ANSWER} bytes")]
    TooLarge,
    #[error("the answer has {found} bytes, and its header said {said}")]
    Length { found: u64, said: u64 },
    #[error("the answer is not a JSON object")]
    NotAnObject,
    #[error("it took longer than `timeout`, {0:?}")]
    TimedOut(Duration),
    #[error("the time for the batch, {BATCH_TIMEOUT:?}, was over")]
    OutOfTime,
}

impl RestClient {
    /// A client whose requests run on the runtime given.
    pub fn new(runtime: Handle) -> RestClient {
        RestClient {
            inner: Arc::new(Inner {
                runtime,
                clients: Mutex::default(),
                passwords: Mutex::default(),
                told: Mutex::default(),
            }),
        }
    }

    /// Makes the requests, and blocks the thread until all have their answers; those that fail have the value that their
    /// settings name for it.
    pub(super) fn perform(&self, requests: Vec<(String, Request)>) -> Vec<(String, Value)> {
        let failed: Vec<(String, Value)> = requests
            .iter()
            .map(|(key, request)| (key.clone(), request.settings.error_value.clone()))
            .collect();
        let (sender, receiver) = std::sync::mpsc::channel();
        let inner = Arc::clone(&self.inner);
        self.inner.runtime.spawn(async move {
            // Nobody waits any more if the receiver is gone.
            let _ = sender.send(inner.answer_all(requests).await);
        });
        // Without an answer the runtime is shutting down.
        receiver.recv().unwrap_or(failed)
    }
}

impl Inner {
    async fn answer_all(&self, requests: Vec<(String, Request)>) -> Vec<(String, Value)> {
        let deadline = Instant::now() + BATCH_TIMEOUT;
        futures::stream::iter(requests)
            .map(|(key, request)| async move {
                let value = self.answer(request, deadline).await;
                (key, value)
            })
            .buffer_unordered(CONCURRENCY)
            .collect()
            .await
    }

    async fn answer(&self, request: Request, deadline: Instant) -> Value {
        let timeout = request.settings.timeout;
        let outcome = if Instant::now() >= deadline {
            Err(RestError::OutOfTime)
        } else {
            match tokio::time::timeout(timeout, self.ask(&request)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(RestError::TimedOut(timeout)),
            }
        };
        let label = if outcome.is_ok() { "ok" } else { "failed" };
        metrics::counter!("alidade_rest_calls_total", "outcome" => label).increment(1);
        outcome.unwrap_or_else(|error| {
            self.tell(&request, &error);
            request.settings.error_value
        })
    }

    async fn ask(&self, request: &Request) -> Result<Value, RestError> {
        let settings = &request.settings;
        let client = self.client(settings).await?;
        let mut call = match &request.body {
            None => client.get(request.url.clone()),
            Some(body) => client
                .post(request.url.clone())
                .header(header::CONTENT_TYPE, "application/json")
                .body(body.clone()),
        };
        call = call.header(header::ACCEPT, "application/json");
        if let Some(credentials) = &settings.user {
            call = call.basic_auth(&credentials.user, Some(self.password(credentials).await?));
        }
        exchange(call, settings).await
    }

    async fn client(&self, settings: &Settings) -> Result<Client, RestError> {
        let proxy = match &settings.proxy {
            None => None,
            Some(proxy) => {
                let password = match &proxy.user {
                    Some(credentials) => Some(self.password(credentials).await?),
                    None => None,
                };
                Some((proxy.clone(), password))
            }
        };
        let key = ClientKey {
            connect_timeout: settings.connect_timeout,
            socket_timeout: settings.socket_timeout,
            proxy,
        };
        if let Some(client) = locked(&self.clients).get(&key) {
            return Ok(client.clone());
        }
        let client = build(&key).map_err(RestError::Client)?;
        let mut clients = locked(&self.clients);
        if clients.len() >= MAX_CLIENTS {
            clients.clear();
        }
        clients.insert(key, client.clone());
        Ok(client)
    }

    async fn password(&self, credentials: &Credentials) -> Result<String, RestError> {
        let path = &credentials.password_path;
        if let Some((read, password)) = locked(&self.passwords).get(path)
            && read.elapsed() < PASSWORD_LIFETIME
        {
            return Ok(password.clone());
        }
        let failed = |reason: String| RestError::Password {
            path: path.clone(),
            reason,
        };
        let file = StoredFile::open(path).map_err(|error| failed(error.to_string()))?;
        let content = file.read(MAX_PASSWORD_FILE).await;
        let content = content.map_err(|error| failed(error.to_string()))?;
        let text = String::from_utf8(content).map_err(|_| failed("is not UTF-8".to_owned()))?;
        let password = text.trim_end_matches(['\r', '\n']).to_owned();
        locked(&self.passwords).insert(path.clone(), (Instant::now(), password.clone()));
        Ok(password)
    }

    fn tell(&self, request: &Request, error: &RestError) {
        let mut told = locked(&self.told);
        if told.is_some_and(|told| told.elapsed() < TELL_EVERY) {
            return;
        }
        *told = Some(Instant::now());
        // The query and the user of a URL may be secret.
        let host = request.url.host_str().unwrap_or_default();
        tracing::warn!("a request to {host}{} failed: {error}", request.url.path());
    }
}

fn build(key: &ClientKey) -> Result<Client, reqwest::Error> {
    let mut builder = Client::builder()
        .connect_timeout(key.connect_timeout)
        .redirect(redirect::Policy::limited(5))
        .pool_max_idle_per_host(CONCURRENCY)
        .tcp_nodelay(true)
        .user_agent("alidade");
    if let Some(timeout) = key.socket_timeout {
        builder = builder.read_timeout(timeout);
    }
    let Some((proxy, password)) = &key.proxy else {
        return builder.no_proxy().build();
    };
    let mut through = reqwest::Proxy::all(format!("http://{}:{}", proxy.host, proxy.port))?;
    if let (Some(credentials), Some(password)) = (&proxy.user, password) {
        through = through.basic_auth(&credentials.user, password);
    }
    builder.proxy(through).build()
}

async fn exchange(call: RequestBuilder, settings: &Settings) -> Result<Value, RestError> {
    let mut response = call.send().await.map_err(broken)?;
    let status = response.status().as_u16();
    if !settings.allowed_statuses.contains(&status) {
        return Err(RestError::Status(status));
    }
    let said = response.content_length();
    let mut body: Vec<u8> = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(RestError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    let found = body.len() as u64;
    if let Some(said) = said.filter(|said| settings.verify_content_length && *said != found) {
        return Err(RestError::Length { found, said });
    }
    if body.is_empty() {
        return Ok(settings.empty_content.clone());
    }
    match read_value(&body, NumberStyle::Jackson) {
        Ok(value @ Value::Map(_)) => Ok(value),
        _ => Err(RestError::NotAnObject),
    }
}

/// The innermost reason: the outer ones repeat the URL.
fn broken(error: reqwest::Error) -> RestError {
    let error = error.without_url();
    let mut inner: &dyn std::error::Error = &error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    RestError::Exchange(inner.to_string())
}

/// No panic can leave these maps half changed.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
