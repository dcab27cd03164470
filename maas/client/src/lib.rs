//! Calling models from a stream of events.
//!
//! [`Models`] keeps the registered endpoints at hand. [`Caller`] makes HTTP calls with time-outs, retries, a cache of
//! answers and a memory for instances that fail. [`ModelCalls`] joins both for one batch of events: it answers what is
//! known, notes down what is not, and then performs all noted calls at once.
//!
//! No failure of a model ever stops an event: the call yields null, the reason is counted and logged.

mod answer_cache;
mod call;
mod call_key;
mod caller;
mod chosen;
mod endpoints;
mod errand;
mod error;
mod health;
mod http_answer;
mod known_routings;
mod model_calls;
mod models;
mod random;
mod routes;
mod shadows;
mod warnings;

pub use caller::{Caller, CallerOptions};
pub use endpoints::Endpoints;
pub use error::ClientError;
pub use model_calls::ModelCalls;
pub use models::Models;
