use std::ops::Range;

use crate::syntax::Span;

/// Why an evaluation gave no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// Not an error: a remote call has been noted down, evaluate again when its answer is there.
    #[error("waiting for a remote call")]
    Pending,
    /// The evaluation failed. `span` is the place in the source, in bytes, where it is known.
    #[error("{message}")]
    Failed {
        message: String,
        span: Option<Range<usize>>,
    },
}

impl EvalError {
    pub fn is_pending(&self) -> bool {
        matches!(self, EvalError::Pending)
    }

    /// A failure whose place is not known yet.
    pub fn failed(message: impl Into<String>) -> Self {
        EvalError::Failed {
            message: message.into(),
            span: None,
        }
    }

    /// Takes the place away, because it is in another source.
    pub(crate) fn without_place(self) -> Self {
        match self {
            EvalError::Failed { message, .. } => EvalError::Failed {
                message,
                span: None,
            },
            other => other,
        }
    }

    /// Adds the place, unless a narrower one is known already.
    pub(crate) fn at(self, place: Span) -> Self {
        match self {
            EvalError::Failed {
                message,
                span: None,
            } => EvalError::Failed {
                message,
                span: Some(place.range()),
            },
            other => other,
        }
    }
}
