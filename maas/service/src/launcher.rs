use std::fmt::Debug;
use std::sync::Arc;

use alidade_maas_core::{DesiredModel, DesiredModels};
use futures::future::BoxFuture;

use crate::LaunchError;

/// A future of a launcher's work.
pub type LaunchAnswer<'a, T> = BoxFuture<'a, Result<T, LaunchError>>;

/// Where models run.
pub trait Launcher: Send + Sync + Debug {
    /// Refuses a request that this launcher can never carry out, before it is taken on. Quick: it asks nobody over the
    /// network.
    ///
    /// # Errors
    /// When it cannot be carried out; the text says what to do.
    fn check(&self, model: &DesiredModel) -> Result<(), LaunchError>;

    /// Takes the payload as it is now. All instances of one request, also restarted ones, run this payload.
    fn prepare<'a>(&'a self, model: &'a DesiredModel) -> LaunchAnswer<'a, Arc<dyn Deployment>>;

    /// Instances of this model that a former life of the service has left running. Each is offered once. Their
    /// registrations stay as they are. The service takes no request meanwhile, so that this must end in a bounded time.
    fn adopt<'a>(
        &'a self,
        model: &'a DesiredModel,
    ) -> BoxFuture<'a, Vec<Box<dyn RunningInstance>>> {
        let _ = model;
        Box::pin(async { Vec::new() })
    }

    /// Told at the start, after every `adopt`, and whenever the desired state has shrunk and what was taken out of it has
    /// ended: what belongs to no model of it may go. The service takes no request meanwhile, so that this must end in a
    /// bounded time.
    fn retain<'a>(&'a self, desired: &'a DesiredModels) -> BoxFuture<'a, ()> {
        let _ = desired;
        Box::pin(async {})
    }
}

/// A payload that can be launched any number of times.
pub trait Deployment: Send + Sync + Debug {
    /// Starts one instance, however long it takes to find a place for it. Dropping the future takes the wish back and kills
    /// what has been started.
    ///
    /// `fresh_id` is a number that no registration has had, for launchers without ids of their own. `note` is told what the
    /// launch waits for, for people ("waiting for a container of 512 MB").
    fn launch<'a>(
        &'a self,
        fresh_id: u64,
        note: &'a (dyn Fn(&str) + Send + Sync),
    ) -> LaunchAnswer<'a, Box<dyn RunningInstance>>;
}

/// An instance that has been started, and that sees to its registration. Dropping it kills whatever is left of it.
///
/// Every future may be dropped before it is done, and the method called again.
pub trait RunningInstance: Send + Debug {
    /// The id of its registration.
    fn id(&self) -> u64;

    /// Where it runs and where its output goes, for people.
    fn describe(&self) -> String;

    /// Waits until the instance answers and is registered; gives its URL. Fails when it ends before that.
    fn ready(&mut self) -> LaunchAnswer<'_, String>;

    /// Waits until the instance serves no more, for whatever reason. By then it is out of the registry, if that can be
    /// reached.
    fn ended(&mut self) -> BoxFuture<'_, InstanceEnd>;

    /// Takes the instance out of the registry, lets its clients finish, and ends it with everything it has started.
    fn stop(&mut self) -> BoxFuture<'_, ()>;

    /// Told before the instance is dropped by a service that leaves its models running: then dropping must not kill it.
    /// Instances that cannot live without the service need not heed it.
    fn leave(&mut self) {}
}

/// Why an instance serves no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceEnd {
    /// For people.
    pub reason: String,
    /// False where the model is not to blame, as when its machine was lost: then it is started again soon, however often
    /// that happens.
    pub blames_model: bool,
}
