use alidade_event::{Event, Value, write_string};

/// How names of top-level fields are written into a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldNameConverter {
    /// Each `.` becomes `:`. Elasticsearch would read dots as object paths; upstream's templates and queries use colons.
    #[default]
    Dedot,
    /// As they are.
    Noop,
}

impl FieldNameConverter {
    /// The converter that a configuration names, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.trim().to_ascii_uppercase().as_str() {
            "DEDOT" => Some(FieldNameConverter::Dedot),
            "NOOP" => Some(FieldNameConverter::Noop),
            _ => None,
        }
    }

    /// The name of a field as it stands in the document.
    pub fn convert(self, name: &str) -> String {
        match self {
            FieldNameConverter::Dedot => name.replace('.', ":"),
            FieldNameConverter::Noop => name.to_owned(),
        }
    }

    /// Appends an event as a JSON object. Values are untouched; nested objects keep their inner names.
    ///
    /// Two names that become the same are written once, with the later value: a document with a name twice would be
    /// refused. Upstream lets hash order decide.
    pub fn write_document(self, event: &Event, out: &mut Vec<u8>) {
        if self == FieldNameConverter::Noop {
            return event.write_json(out);
        }
        let names_may_clash = event.iter().any(|(name, _)| name.contains(':'))
            && event.iter().any(|(name, _)| name.contains('.'));
        if names_may_clash {
            let converted: Event = event
                .iter()
                .map(|(name, value)| (self.convert(name).into(), value.clone()))
                .collect();
            return converted.write_json(out);
        }
        let mut scratch = String::new();
        out.push(b'{');
        for (at, (name, value)) in event.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            write_dedotted(name, &mut scratch, out);
            out.push(b':');
            value.write_json(out);
        }
        out.push(b'}');
    }

    /// The event with converted names.
    pub fn document(self, event: &Event) -> Event {
        let renamed = event
            .iter()
            .map(|(name, value): (_, &Value)| (self.convert(name).into(), value.clone()));
        renamed.collect()
    }
}

fn write_dedotted(name: &str, scratch: &mut String, out: &mut Vec<u8>) {
    if !name.contains('.') {
        return write_string(name, out);
    }
    scratch.clear();
    scratch.extend(name.chars().map(|c| if c == '.' { ':' } else { c }));
    write_string(scratch, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(converter: FieldNameConverter, fields: &[(&str, i64)]) -> String {
        let event: Event = fields
            .iter()
            .map(|(name, value)| ((*name).into(), Value::Long(*value)))
            .collect();
        let mut out = Vec::new();
        converter.write_document(&event, &mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            converter.document(&event).to_json(),
            text,
            "both forms agree"
        );
        text
    }

    #[test]
    fn every_dot_of_a_name_becomes_a_colon() {
        let fields = [
            ("source.type", 1),
            ("threat.triage.rules.0.score", 2),
            ("a", 3),
            ("\"q\".", 4),
        ];
        assert_eq!(
            document(FieldNameConverter::Dedot, &fields),
            r#"{"source:type":1,"threat:triage:rules:0:score":2,"a":3,"\"q\":":4}"#
        );
        assert_eq!(
            document(FieldNameConverter::Noop, &fields[..1]),
            r#"{"source.type":1}"#
        );
    }

    #[test]
    fn names_that_become_the_same_are_written_once() {
        assert_eq!(
            document(
                FieldNameConverter::Dedot,
                &[("a.b", 1), ("c", 2), ("a:b", 3)]
            ),
            r#"{"a:b":3,"c":2}"#
        );
    }

    #[test]
    fn inner_names_and_nulls_stay() {
        let event = Event::read_json(
            br#"{"x.y":{"p.q":null},"n":null}"#,
            alidade_event::NumberStyle::Simple,
        )
        .unwrap();
        let mut out = Vec::new();
        FieldNameConverter::Dedot.write_document(&event, &mut out);
        assert_eq!(out, br#"{"x:y":{"p.q":null},"n":null}"#);
    }

    #[test]
    fn converters_are_found_by_name() {
        assert_eq!(
            FieldNameConverter::from_name("dedot"),
            Some(FieldNameConverter::Dedot)
        );
        assert_eq!(
            FieldNameConverter::from_name(" NOOP "),
            Some(FieldNameConverter::Noop)
        );
        assert_eq!(FieldNameConverter::from_name("x"), None);
    }
}
