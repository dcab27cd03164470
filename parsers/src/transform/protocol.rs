//! The IP_PROTOCOL transformation: protocol numbers become names.

use alidade_event::{Event, FieldName, Value};
use alidade_stellar::{ConfigProblem, config_code, protocol_name};

use super::Entry;

/// Where the number stands and where the name goes.
#[derive(Debug)]
pub(crate) struct IpProtocol {
    input: FieldName,
    output: FieldName,
}

impl IpProtocol {
    pub fn compile(entry: &Entry<'_>) -> Result<Self, Vec<ConfigProblem>> {
        let (Some(input), Some(output)) = (entry.input.first(), entry.output.first()) else {
            return Err(vec![
                ConfigProblem::new(entry.path, "IP_PROTOCOL has no `input`")
                    .with_code(config_code::MISSING_KEY)
                    .with_help("name the field that holds the protocol's number in `input`"),
            ]);
        };
        Ok(IpProtocol {
            input: input.clone(),
            output: output.clone(),
        })
    }

    /// A number without a name removes the field; what is no number is left alone.
    pub fn apply(&self, event: &mut Event) {
        let Some(number) = event.get(&self.input).and_then(Value::as_f64) else {
            return;
        };
        match protocol_name(number as i64) {
            Some(name) => {
                event.set(self.output.clone(), name);
            }
            None => {
                event.remove(&self.output);
            }
        }
    }
}
