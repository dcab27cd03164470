//! The functions of the model service. What they do happens elsewhere: see [`crate::RemoteCalls`].

mod maas_get_endpoint;
mod maas_model_apply;

use super::function::Function;

pub(super) const FUNCTIONS: &[Function] = &[
    maas_get_endpoint::MAAS_GET_ENDPOINT,
    maas_model_apply::MAAS_MODEL_APPLY,
];
