//! A mock model that tells generated domains from legitimate ones, as `../mock_dga` does, and takes whole batches.
//!
//! * `GET /apply?host=<domain>` answers `{"is_malicious": "legit"}` or `"malicious"`.
//! * `POST /apply_all` with a JSON array of `{"host": <domain>}` answers an array of the same length.
//!
//! It says where it answers by writing `endpoint.dat` into the working directory.

use std::io;

use axum::extract::Query;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;

const LEGIT_DOMAINS: [&str; 2] = ["yahoo.com", "amazon.com"];

#[derive(Deserialize)]
struct Question {
    #[serde(default)]
    host: String,
}

#[derive(Serialize)]
struct Verdict {
    is_malicious: &'static str,
}

fn verdict(question: &Question) -> Verdict {
    let is_legit = LEGIT_DOMAINS.contains(&question.host.as_str());
    Verdict {
        is_malicious: if is_legit { "legit" } else { "malicious" },
    }
}

async fn apply(Query(question): Query<Question>) -> Json<Verdict> {
    Json(verdict(&question))
}

async fn apply_all(Json(questions): Json<Vec<Question>>) -> Json<Vec<Verdict>> {
    Json(questions.iter().map(verdict).collect())
}

/// The file appears whole, and only once the port is bound.
fn write_endpoint_file(port: u16) -> io::Result<()> {
    let endpoint = json!({
        "url": format!("http://0.0.0.0:{port}"),
        "functions": {"apply": "apply", "apply:batch": "apply_all"},
    });
    let partial = format!("endpoint.dat.{}", std::process::id());
    std::fs::write(&partial, endpoint.to_string())?;
    std::fs::rename(&partial, "endpoint.dat")
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let router = Router::new()
        .route("/apply", get(apply))
        .route("/apply_all", post(apply_all));
    // Port 0: the system picks a free one, which stays bound from here on.
    let listener = TcpListener::bind("0.0.0.0:0").await?;
    write_endpoint_file(listener.local_addr()?.port())?;
    axum::serve(listener, router).await
}
