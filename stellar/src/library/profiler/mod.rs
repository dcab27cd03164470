//! The functions of the profiler: those that name periods of time, read profiles, and run a profiler by hand.

mod period;
mod profile_fixed;
mod profile_get;
mod profile_window;
mod run_profiler;
mod window;
mod window_text;

use super::function::Function;
use crate::Availability;

const NO_PROFILER: Availability = Availability::Nowhere("there is no profiler");

pub(super) const FUNCTIONS: &[Function] = &[
    profile_fixed::PROFILE_FIXED,
    profile_get::PROFILE_GET,
    profile_get::PROFILE_VERBOSE,
    profile_window::PROFILE_WINDOW,
    run_profiler::PROFILER_APPLY,
    run_profiler::PROFILER_FLUSH,
    run_profiler::PROFILER_INIT,
];
