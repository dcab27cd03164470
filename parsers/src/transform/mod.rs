//! Field transformations: what a parser document does to the fields of each event, in the order of its list.

mod protocol;
mod regex_select;
mod reshape;
mod stellar;

use alidade_event::{Event, FieldName, Value};
use alidade_stellar::{ConfigProblem, Context, EvalError, Library, Place, Scope, config_code};

use crate::config::FieldTransformationConfig;

/// What a transformation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Done,
    /// A remote call has been noted down. The event is as it was.
    Pending,
}

/// What transformations see besides the event.
pub(crate) struct Surroundings<'a> {
    pub parser_config: &'a Event,
    /// Metadata that are not fields of the event.
    pub metadata: &'a Event,
}

/// One compiled entry of `fieldTransformations`.
#[derive(Debug)]
pub(crate) enum Transformation {
    Stellar(stellar::StellarStatements),
    Remove(reshape::Remove),
    Rename(reshape::Rename),
    Select(reshape::Select),
    IpProtocol(protocol::IpProtocol),
    RegexSelect(regex_select::RegexSelect),
}

/// The names that `transformation` may have.
const SUPPORTED: &str = "STELLAR, REMOVE, RENAME, SELECT, IP_PROTOCOL, REGEX_SELECT";

impl Transformation {
    /// Compiles one entry; `path` is its JSON pointer. Warnings go to `warnings`.
    ///
    /// # Errors
    /// Everything that is wrong with the entry.
    pub fn compile(
        config: &FieldTransformationConfig,
        path: &str,
        library: &Library,
        warnings: &mut Vec<ConfigProblem>,
    ) -> Result<Transformation, Vec<ConfigProblem>> {
        let Some(name) = config.transformation.as_deref() else {
            return Err(vec![
                ConfigProblem::new(path, "the entry does not name its `transformation`")
                    .with_code(config_code::MISSING_KEY)
                    .with_help(format!("one of {SUPPORTED}")),
            ]);
        };
        let entry = Entry {
            path,
            input: names(&config.input),
            output: names(if config.output.is_empty() {
                &config.input
            } else {
                &config.output
            }),
            settings: &config.config,
        };
        match short_name(name) {
            "STELLAR" | "StellarTransformation" => {
                stellar::StellarStatements::compile(&entry, library, warnings)
                    .map(Transformation::Stellar)
            }
            "REMOVE" | "RemoveTransformation" => {
                reshape::Remove::compile(&entry, library, warnings).map(Transformation::Remove)
            }
            "RENAME" | "RenameTransformation" => {
                Ok(Transformation::Rename(reshape::Rename::compile(&entry)))
            }
            "SELECT" | "SelectTransformation" => {
                reshape::Select::compile(&entry).map(Transformation::Select)
            }
            "IP_PROTOCOL" | "IPProtocolTransformation" => {
                protocol::IpProtocol::compile(&entry).map(Transformation::IpProtocol)
            }
            "REGEX_SELECT" | "REGEX_ROUTING" | "RegexSelectTransformation" => Ok(
                Transformation::RegexSelect(regex_select::RegexSelect::compile(&entry, warnings)),
            ),
            _ => Err(vec![
                ConfigProblem::new(
                    format!("{path}/transformation"),
                    format!("there is no transformation `{name}`"),
                )
                .with_code(config_code::UNKNOWN_NAME)
                .with_help(format!("one of {SUPPORTED}")),
            ]),
        }
    }

    /// Applies the entry to an event, wholly or not at all.
    ///
    /// # Errors
    /// Why the event cannot be transformed.
    pub fn apply(
        &self,
        event: &mut Event,
        surroundings: &Surroundings<'_>,
        locals: &mut Locals,
        context: &mut Context<'_>,
    ) -> Result<Progress, String> {
        match self {
            Transformation::Stellar(statements) => {
                statements.apply(event, surroundings, locals, context)
            }
            Transformation::Remove(remove) => remove.apply(event, context),
            Transformation::Rename(rename) => {
                rename.apply(event);
                Ok(Progress::Done)
            }
            Transformation::Select(select) => {
                select.apply(event);
                Ok(Progress::Done)
            }
            Transformation::IpProtocol(protocol) => {
                protocol.apply(event);
                Ok(Progress::Done)
            }
            Transformation::RegexSelect(select) => select.apply(event).map(|()| Progress::Done),
        }
    }
}

/// The last part of a Java class name.
pub(crate) fn short_name(name: &str) -> &str {
    let name = name.trim();
    name.rsplit_once('.').map_or(name, |(_, short)| short)
}

/// An entry of the document, defaults filled in.
pub(crate) struct Entry<'a> {
    pub path: &'a str,
    pub input: Vec<FieldName>,
    pub output: Vec<FieldName>,
    pub settings: &'a crate::config::Settings,
}

impl Entry<'_> {
    fn config_path(&self, key: &str) -> String {
        format!("{}/config/{}", self.path, escape_pointer(key))
    }
}

/// A name as a part of a JSON pointer.
pub(crate) fn escape_pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn names(names: &[String]) -> Vec<FieldName> {
    names.iter().map(FieldName::from).collect()
}

/// The fields of an event that an entry with `input` may see; all of them without.
pub(crate) struct Visible<'a> {
    pub event: &'a Event,
    pub input: &'a [FieldName],
}

impl Scope for Visible<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        if !self.input.is_empty() && !self.input.iter().any(|visible| visible == name) {
            return None;
        }
        self.event.get(name)
    }

    fn get_at(&self, name: &FieldName, place: &Place) -> Option<&Value> {
        match self.input.is_empty() {
            true => self.event.get_at(name, place),
            false => self.get(name),
        }
    }

    fn all(&self) -> Event {
        if self.input.is_empty() {
            return self.event.clone();
        }
        let value = |name: &FieldName| self.event.get(name).cloned().unwrap_or_default();
        self.input
            .iter()
            .map(|name| (name.clone(), value(name)))
            .collect()
    }
}

/// Values that a STELLAR entry has computed so far; kept between events so that they cost no allocation.
#[derive(Debug, Default)]
pub(crate) struct Locals {
    results: Bindings,
    intermediates: Bindings,
}

#[derive(Debug, Default)]
struct Bindings(Vec<(FieldName, Value)>);

impl Bindings {
    fn set(&mut self, name: &FieldName, value: Value) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, found)) => *found = value,
            None => self.0.push((name.clone(), value)),
        }
    }

    fn forget(&mut self, name: &FieldName) {
        self.0.retain(|(known, _)| known != name);
    }
}

impl Scope for Bindings {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    fn all(&self) -> Event {
        self.0.iter().cloned().collect()
    }
}

/// The text of a failed evaluation.
pub(crate) fn cause(failure: &EvalError) -> String {
    failure.to_string()
}
