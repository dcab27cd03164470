//! What expressions ask of the world outside: models, databases of addresses, services that speak HTTP.

mod databases;
mod rest;

use std::sync::Arc;

use alidade_enrichment::geo::{asn_get, geo_get};
use alidade_event::{Origin, Value};
use alidade_maas_client::{Caller, ModelCalls, Models};
use alidade_stellar::{RemoteCalls, RemoteOutcome};

pub use databases::Databases;
pub use rest::RestClient;

use crate::calls::BatchCalls;
use rest::RestCalls;

/// The remote end of the evaluations of one worker.
pub struct Outside {
    models: Option<ModelCalls>,
    rest: RestCalls,
    databases: Arc<Databases>,
    /// Whether nothing is asked any more in this batch.
    is_closed: bool,
}

impl Outside {
    /// Without models, their functions yield null.
    pub fn new(
        models: Option<&(Models, Caller)>,
        rest: RestClient,
        databases: Arc<Databases>,
    ) -> Outside {
        Outside {
            models: models.map(|(models, caller)| ModelCalls::new(models.clone(), caller.clone())),
            rest: RestCalls::new(rest),
            databases,
            is_closed: false,
        }
    }
}

impl RemoteCalls for Outside {
    fn call(&mut self, function: &'static str, arguments: &[Value]) -> RemoteOutcome {
        match self.ask(function, arguments) {
            RemoteOutcome::Pending if self.is_closed => {
                RemoteOutcome::Ready(RestCalls::value_of_failure(function, arguments))
            }
            outcome => outcome,
        }
    }
}

impl Outside {
    fn ask(&mut self, function: &'static str, arguments: &[Value]) -> RemoteOutcome {
        match function {
            "GEO_GET" => ready(geo_get(self.databases.city().as_deref(), arguments)),
            "ASN_GET" => ready(asn_get(self.databases.asn().as_deref(), arguments)),
            "REST_GET" | "REST_POST" => self.rest.call(function, arguments),
            _ => match &mut self.models {
                Some(models) => models.call(function, arguments),
                None => RemoteOutcome::Ready(Value::Null),
            },
        }
    }
}

fn ready(outcome: Result<Value, String>) -> RemoteOutcome {
    outcome.map_or_else(RemoteOutcome::Failed, RemoteOutcome::Ready)
}

impl BatchCalls for Outside {
    fn begin_batch(&mut self) {
        if let Some(models) = &mut self.models {
            models.begin_batch();
        }
        self.rest.begin_batch();
        self.is_closed = false;
    }

    fn perform(&mut self) {
        if let Some(models) = &mut self.models {
            models.perform();
        }
        self.rest.perform();
    }

    fn close(&mut self) {
        self.is_closed = true;
    }

    fn remote_for(&mut self, origin: &Origin) -> &mut dyn RemoteCalls {
        if let Some(models) = &mut self.models {
            models.begin_event(origin);
        }
        self
    }
}
