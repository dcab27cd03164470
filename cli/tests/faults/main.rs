//! What goes wrong in practice: changed and broken configuration, killed processes, garbage, models that fail. The real
//! binary against real servers.

mod bad_input;
mod broker_bounce;
mod config_change;
mod killed;
mod model_down;
mod rebalance;
mod support;
