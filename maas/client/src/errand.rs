//! What is asked in one exchange: one call, or several that a model takes together.

use std::collections::HashMap;
use std::sync::Arc;

use crate::call::Call;
use crate::endpoints::ModelVersion;
use crate::http_answer::{Failure, HttpAnswer};

/// Most calls of one exchange.
pub(crate) const MOST_TOGETHER: usize = 256;

/// What became of a call.
pub(crate) type Outcome = Result<HttpAnswer, Failure>;

pub(crate) enum Errand {
    Single(Call),
    /// Calls of one function of one version of a model.
    Batch(Vec<Call>),
}

impl Errand {
    pub(crate) fn calls(&self) -> &[Call] {
        match self {
            Errand::Single(call) => std::slice::from_ref(call),
            Errand::Batch(calls) => calls,
        }
    }

    pub(crate) fn into_calls(self) -> Vec<Call> {
        match self {
            Errand::Single(call) => vec![call],
            Errand::Batch(calls) => calls,
        }
    }

    /// The same failure for every call.
    pub(crate) fn failed(&self, failure: Failure) -> Vec<Outcome> {
        let others = match self {
            Errand::Single(_) => 0,
            Errand::Batch(calls) => calls.len().saturating_sub(1),
        };
        // The reason is told of the first; the others failed with it.
        let mut outcomes = vec![Err(failure)];
        outcomes.extend((0..others).map(|_| Err(Failure::WithItsBatch)));
        outcomes
    }
}

/// What an exchange asks.
pub(crate) struct Question<'c> {
    pub(crate) model: Option<&'c Arc<ModelVersion>>,
    pub(crate) model_name: &'c str,
    /// The instance that was drawn.
    pub(crate) url: &'c str,
    pub(crate) target: &'c str,
    pub(crate) body: Option<String>,
    /// How many calls it stands for.
    pub(crate) calls: usize,
}

impl<'c> Question<'c> {
    pub(crate) fn single(call: &'c Call) -> Question<'c> {
        Question {
            model: call.model.as_ref(),
            model_name: call.model_name(),
            url: &call.url,
            target: &call.target,
            body: None,
            calls: 1,
        }
    }

    /// Asks the instance that the first call has drawn. Nothing when a call cannot be made together with others.
    pub(crate) fn batch(calls: &'c [Call]) -> Option<Question<'c>> {
        let first = calls.first()?;
        let members: Option<Vec<&str>> = calls
            .iter()
            .map(|call| Some(call.together.as_ref()?.arguments.as_str()))
            .collect();
        Some(Question {
            body: Some(format!("[{}]", members?.join(","))),
            target: &first.together.as_ref()?.target,
            calls: calls.len(),
            ..Question::single(first)
        })
    }
}

/// Puts calls together that a model takes together.
pub(crate) fn errands(calls: Vec<Call>) -> Vec<Errand> {
    let mut errands = Vec::new();
    let mut groups: HashMap<(usize, String), Vec<Call>> = HashMap::new();
    for call in calls {
        let Some((model, together)) = call.model.as_ref().zip(call.together.as_ref()) else {
            errands.push(Errand::Single(call));
            continue;
        };
        let key = (Arc::as_ptr(model) as usize, together.target.clone());
        let group = groups.entry(key).or_default();
        group.push(call);
        if group.len() == MOST_TOGETHER {
            errands.push(Errand::Batch(std::mem::take(group)));
        }
    }
    let rest = groups.into_values().filter(|group| !group.is_empty());
    errands.extend(rest.map(Errand::Batch));
    errands
}
