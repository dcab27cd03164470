//! Whether a model answers.

use std::time::Duration;

use alidade_maas_core::url_host_and_port;
use tokio::net::TcpStream;
use tokio::time::timeout;

const CONNECT_LIMIT: Duration = Duration::from_secs(1);
const ANSWER_LIMIT: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(100);
/// A model that takes connections but answers no request for its root this often is taken as ready all the same: it may
/// know its own paths only.
const HTTP_ATTEMPTS: u32 = 3;

/// Whether something takes connections at the URL's host and port.
pub(crate) async fn takes_connections(url: &str) -> bool {
    let Some((host, port)) = url_host_and_port(url) else {
        return false;
    };
    let default_port = match url.split(':').next() {
        Some(scheme) if scheme.eq_ignore_ascii_case("https") => 443,
        Some(scheme) if scheme.eq_ignore_ascii_case("ftp") => 21,
        _ => 80,
    };
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let connecting = TcpStream::connect((host, port.unwrap_or(default_port)));
    matches!(timeout(CONNECT_LIMIT, connecting).await, Ok(Ok(_)))
}

/// Waits, for as long as it takes, until the model takes connections and, if it speaks HTTP, has given any answer.
pub(crate) async fn wait_until_ready(url: &str, client: &reqwest::Client) {
    let speaks_http = url
        .get(..4)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("http"));
    let mut unanswered = 0;
    loop {
        if takes_connections(url).await {
            if !speaks_http || unanswered >= HTTP_ATTEMPTS {
                return;
            }
            let asking = client.get(url).timeout(ANSWER_LIMIT).send();
            if asking.await.is_ok() {
                return;
            }
            unanswered += 1;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
