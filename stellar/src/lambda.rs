use std::any::Any;
use std::sync::Arc;

use alidade_event::{Object, Value};

use crate::node::LambdaNode;

/// A function without a name, together with the parameters of the lambdas around it.
#[derive(Debug)]
pub(crate) struct Lambda {
    pub node: Arc<LambdaNode>,
    pub captured: Box<[Value]>,
}

impl Lambda {
    /// A lambda as a value.
    pub fn value(node: Arc<LambdaNode>, captured: Box<[Value]>) -> Value {
        Value::Object(Arc::new(Lambda { node, captured }))
    }

    pub fn of(value: &Value) -> Option<&Lambda> {
        match value {
            Value::Object(object) => object.as_any().downcast_ref(),
            _ => None,
        }
    }
}

impl Object for Lambda {
    fn type_name(&self) -> &'static str {
        "LambdaExpression"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
