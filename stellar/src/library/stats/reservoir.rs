use std::any::Any;

use alidade_event::{Object, Value};

use crate::library::encode::JavaRandom;

/// A sample of values that have gone by, in which each is as likely as any other. The same values give the same sample.
#[derive(Debug, Clone)]
pub(super) struct Reservoir {
    pub size: usize,
    pub values: Vec<Value>,
    seen: u32,
    random: JavaRandom,
}

impl Reservoir {
    pub fn new(size: usize) -> Self {
        Reservoir {
            size,
            values: Vec::new(),
            seen: 0,
            random: JavaRandom::new(0),
        }
    }

    pub fn of(value: &Value) -> Option<&Reservoir> {
        match value {
            Value::Object(object) => object.as_any().downcast_ref(),
            _ => None,
        }
    }

    pub fn add(&mut self, value: Value) {
        if self.values.len() < self.size {
            self.values.push(value);
        } else {
            let at = self.random.below(self.seen.saturating_add(1)) as usize;
            if let Some(place) = self.values.get_mut(at) {
                *place = value;
            }
        }
        self.seen = self.seen.saturating_add(1);
    }
}

impl Object for Reservoir {
    fn type_name(&self) -> &'static str {
        "UniformSampler"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
