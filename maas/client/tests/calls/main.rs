//! Model calls over real connections.

mod batches;
mod conformance;
mod faults;
mod routing;
mod shadows;
mod support;
