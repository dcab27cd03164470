//! The health and metrics endpoint of the daemon.
//!
//! `GET /health` answers 200 while every worker runs and 503 with the names of those that do not; `GET /metrics` is in
//! Prometheus text form; `GET /config` tells which configuration is in force and what was refused.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusBuilder;
pub use metrics_exporter_prometheus::PrometheusHandle as MetricsHandle;

use crate::PipelineError;
use crate::supervisor::Health;

/// Installs the recorder of the process. Call it once, before the first metric.
///
/// # Errors
/// When another recorder is there already.
pub fn install_metrics() -> Result<MetricsHandle, PipelineError> {
    PrometheusBuilder::new()
        .install_recorder()
        .map_err(|error| PipelineError::Setup(format!("metrics cannot be set up: {error}")))
}

/// What the endpoint shows.
#[derive(Clone)]
pub struct Pages {
    pub metrics: MetricsHandle,
    pub health: Arc<Health>,
    /// Renders the state of the configuration as JSON.
    pub config_state: Arc<dyn Fn() -> String + Send + Sync>,
}

/// Serves the pages until the process ends. Returns the address that it listens on.
///
/// # Errors
/// When the address cannot be bound.
pub async fn serve(address: SocketAddr, pages: Pages) -> Result<SocketAddr, PipelineError> {
    let cannot_bind = |error| PipelineError::Setup(format!("cannot listen on {address}: {error}"));
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(cannot_bind)?;
    let bound = listener.local_addr().map_err(cannot_bind)?;
    let router = Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .route("/config", get(config))
        .with_state(pages);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the health and metrics endpoint has stopped");
        }
    });
    Ok(bound)
}

async fn health(State(pages): State<Pages>) -> Response {
    let down = pages.health.down();
    if down.is_empty() {
        return (StatusCode::OK, "ok\n").into_response();
    }
    (
        StatusCode::SERVICE_UNAVAILABLE,
        format!("not running: {}\n", down.join(", ")),
    )
        .into_response()
}

async fn metrics(State(pages): State<Pages>) -> Response {
    pages.metrics.run_upkeep();
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        pages.metrics.render(),
    )
        .into_response()
}

async fn config(State(pages): State<Pages>) -> Response {
    (
        [(header::CONTENT_TYPE, "application/json")],
        (pages.config_state)(),
    )
        .into_response()
}
