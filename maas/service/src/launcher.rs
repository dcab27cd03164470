use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use alidade_maas_core::{DesiredModel, Endpoint};
use futures::future::BoxFuture;

use crate::LaunchError;

/// A future of a launcher's work.
pub type LaunchAnswer<'a, T> = BoxFuture<'a, Result<T, LaunchError>>;

/// Where models run.
pub trait Launcher: Send + Sync + Debug {
    /// Refuses a request that this launcher can never carry out, before it is taken on.
    ///
    /// # Errors
    /// When it cannot be carried out; the text says what to do.
    fn check(&self, model: &DesiredModel) -> Result<(), LaunchError>;

    /// Takes the payload as it is now. All instances of one request, also restarted ones, run this payload.
    fn prepare<'a>(&'a self, model: &'a DesiredModel) -> LaunchAnswer<'a, Arc<dyn Deployment>>;
}

/// A payload that can be launched any number of times.
pub trait Deployment: Send + Sync + Debug {
    /// Starts one instance; `id` is its container id.
    fn launch(&self, id: u64) -> LaunchAnswer<'_, Box<dyn RunningModel>>;
}

/// An instance that has been started. Dropping it kills whatever is left of it.
pub trait RunningModel: Send + Debug {
    /// Where it runs and where its output goes, for people.
    fn describe(&self) -> String;

    /// Waits until the instance has said where it answers. Fails when it ends before that.
    fn endpoint(&mut self) -> LaunchAnswer<'_, Endpoint>;

    /// Waits until the instance has ended, and says how.
    fn ended(&mut self) -> BoxFuture<'_, String>;

    /// Ends the instance with everything it has started: asks, and kills after `grace`.
    fn stop(&mut self, grace: Duration) -> BoxFuture<'_, ()>;
}
