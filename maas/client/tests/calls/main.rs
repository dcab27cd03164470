//! Model calls over real connections.

mod conformance;
mod faults;
mod support;
