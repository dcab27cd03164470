use alidade_event::{Event, Str, Value};
use alidade_stellar::{ConfigProblem, Context, Library, NoRemote, Program, compile};

/// The compiled `outputPathFunction` of an HDFS section: which folder below the root an event goes to.
#[derive(Debug, Clone)]
pub struct OutputPath(Program);

impl OutputPath {
    /// Compiles the function. A blank text is no function.
    ///
    /// # Errors
    /// Everything that is wrong with the text; also a function that would call a model for every event.
    pub fn compile(
        source: &str,
        path: &str,
        library: &Library,
    ) -> Result<Option<Self>, Vec<ConfigProblem>> {
        if source.trim().is_empty() {
            return Ok(None);
        }
        let program = compile(source, library)
            .map_err(|diagnostics| ConfigProblem::from_diagnostics(path, &diagnostics))?;
        if program.has_remote_calls() {
            let problem = ConfigProblem::new(path, "the path depends on a call to another process")
                .with_help(
                    "call the model in the parser or in the enrichment, and use the field here",
                );
            return Err(vec![problem]);
        }
        Ok(Some(OutputPath(program)))
    }

    /// The folder of an event; empty stands for the root itself.
    ///
    /// # Errors
    /// What went wrong, as a text: the evaluation failed, or gave something that is no text.
    pub fn folder(&self, event: &Event, now_ms: i64) -> Result<Str, String> {
        let mut remote = NoRemote;
        let mut context = Context::new(&Value::Null, now_ms, &mut remote);
        match self.0.evaluate(event, &mut context) {
            Ok(Value::Str(folder)) => Ok(folder),
            Ok(Value::Null) => Ok(Str::default()),
            Ok(other) => Err(format!(
                "the outputPathFunction `{}` gives a {}, not a text",
                self.0.source(),
                other.type_name()
            )),
            Err(error) => Err(format!(
                "the outputPathFunction `{}` fails: {error}",
                self.0.source()
            )),
        }
    }
}
