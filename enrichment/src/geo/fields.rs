use alidade_event::{Map, Value};

/// What a list of fields asks of the facts: the value of one field, or a map of several. A field that does not exist is
/// null.
pub(super) fn chosen(facts: &Map, fields: &[Value]) -> Value {
    let value_of = |field: &Value| facts.get(field).cloned().unwrap_or_default();
    if let [only] = fields {
        return value_of(only);
    }
    let mut answer = Map::with_capacity(fields.len());
    for field in fields {
        answer.insert(field.clone(), value_of(field));
    }
    Value::map(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_field_gives_its_value_and_several_a_map() {
        let facts: Map = [
            (Value::str("a"), Value::Int(1)),
            (Value::str("b"), Value::Int(2)),
        ]
        .into_iter()
        .collect();
        assert_eq!(chosen(&facts, &[Value::str("b")]), Value::Int(2));
        assert_eq!(chosen(&facts, &[Value::str("c")]), Value::Null);
        let both = chosen(&facts, &[Value::str("b"), Value::str("c")]);
        assert_eq!(both.to_json(), r#"{"b":2,"c":null}"#);
        assert_eq!(chosen(&facts, &[]).to_json(), "{}");
    }
}
