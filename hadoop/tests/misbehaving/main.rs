//! Servers that send nonsense, stall, hang up, or are not the active one: every call ends in time and says why.

mod application_master;
mod calls;
mod failover;
mod fake;
mod fake_cluster;
mod fleet;
mod logins;
