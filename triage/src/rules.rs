use alidade_event::{ErrorRecord, ErrorType, Event, FieldName, RawMessage, Str, Value, field};
use alidade_stellar::{Context, Diagnostic, EvalError, Library, Program, Scope};
use alidade_stellar::{compile, compile_predicate, config_code, conversion};
use smol_str::format_smolstr;

use crate::{Aggregator, Findings, RiskLevelRule, RuleScore, ThreatTriageConfig};

/// Not an error: a remote call has been noted down, and the event is to be handled again when its answer is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("waiting for a remote call")]
pub struct Waiting;

/// The triage of one sensor, compiled. Shared by threads.
#[derive(Debug)]
pub struct Triage {
    sensor: Str,
    rules: Vec<Rule>,
    /// Names of the fields for the first rule that fired, the second, and so on.
    names: Vec<RuleFields>,
    aggregator: Aggregator,
    negatives_trump: bool,
}

#[derive(Debug)]
struct Rule {
    /// The rule in words, for error messages.
    title: String,
    name: Value,
    comment: Value,
    condition: Expression,
    score: RuleValue,
    reason: Option<Expression>,
}

/// An expression, or what is wrong with it.
#[derive(Debug)]
enum Expression {
    Ready(Program),
    Broken(String),
}

#[derive(Debug)]
enum RuleValue {
    Constant(Value, f64),
    Computed(Expression),
}

#[derive(Debug)]
struct RuleFields {
    name: FieldName,
    comment: FieldName,
    score: FieldName,
    reason: FieldName,
}

/// What triage says about one event: at least one rule fired.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The aggregated score. Negative infinity where a negative score trumps.
    pub total: f64,
    /// In the order of the configuration.
    pub fired: Vec<FiredRule>,
}

/// One rule that fired.
#[derive(Debug, Clone, PartialEq)]
pub struct FiredRule {
    /// Text, or null where the rule has none; so are `comment` and `reason`.
    pub name: Value,
    pub comment: Value,
    /// Always a number: the evaluated score.
    pub score: Value,
    pub reason: Value,
}

/// Why a rule did not get to an answer.
enum Stop {
    Waiting,
    Failed(String),
}

impl Expression {
    fn new(
        source: &str,
        compiled: Result<Program, Vec<Diagnostic>>,
        path: &str,
        findings: &mut Findings,
    ) -> Expression {
        match compiled {
            Ok(program) => {
                findings.diagnostics(path, 0, program.warnings());
                Expression::Ready(program)
            }
            Err(diagnostics) => {
                findings.diagnostics(path, 0, &diagnostics);
                let first = diagnostics.first().map(Diagnostic::to_string);
                let what = first.unwrap_or_else(|| "cannot be read".to_owned());
                Expression::Broken(format!("`{source}`: {what}"))
            }
        }
    }

    fn evaluate(&self, scope: &dyn Scope, context: &mut Context<'_>) -> Result<Value, Stop> {
        let program = match self {
            Expression::Ready(program) => program,
            Expression::Broken(what) => return Err(Stop::Failed(what.clone())),
        };
        program
            .evaluate(scope, context)
            .map_err(|error| match error {
                EvalError::Pending => Stop::Waiting,
                failure => Stop::Failed(format!("`{}`: {failure}", program.source())),
            })
    }

    fn has_remote_calls(&self) -> bool {
        matches!(self, Expression::Ready(program) if program.has_remote_calls())
    }

    fn source(&self) -> &str {
        match self {
            Expression::Ready(program) => program.source(),
            Expression::Broken(what) => what,
        }
    }
}

impl Rule {
    fn compile(
        rule: &RiskLevelRule,
        position: usize,
        path: &str,
        library: &Library,
        findings: &mut Findings,
    ) -> Rule {
        let condition = Expression::new(
            &rule.rule,
            compile_predicate(&rule.rule, library),
            &format!("{path}/rule"),
            findings,
        );
        let score = match &rule.score {
            RuleScore::Number(number) => constant(number),
            RuleScore::Expression(source) => RuleValue::Computed(Expression::new(
                source,
                compile(source, library),
                &format!("{path}/score"),
                findings,
            )),
        };
        let reason = rule
            .reason
            .as_ref()
            .filter(|source| !source.trim().is_empty())
            .map(|source| {
                let path = format!("{path}/reason");
                Expression::new(source, compile(source, library), &path, findings)
            });
        let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::str);
        let title = match &rule.name {
            Some(name) => format!("triage rule {position} ({name})"),
            None => format!("triage rule {position}"),
        };
        Rule {
            title,
            name: text(&rule.name),
            comment: text(&rule.comment),
            condition,
            score,
            reason,
        }
    }

    /// The rule's contribution, if it fires.
    fn fire(
        &self,
        scope: &dyn Scope,
        context: &mut Context<'_>,
    ) -> Result<Option<(f64, FiredRule)>, Stop> {
        match self.condition.evaluate(scope, context)? {
            Value::Bool(true) => {}
            Value::Bool(false) => return Ok(None),
            other => return Err(self.not_a_condition(&other)),
        }
        let reason = match &self.reason {
            None => Value::Null,
            Some(expression) => {
                let value = expression.evaluate(scope, context)?;
                conversion::to_text(&value).map_or(Value::Null, Value::Str)
            }
        };
        let (number, score) = self.score.evaluate(scope, context)?;
        let fired = FiredRule {
            name: self.name.clone(),
            comment: self.comment.clone(),
            score,
            reason,
        };
        Ok(Some((number, fired)))
    }

    fn not_a_condition(&self, value: &Value) -> Stop {
        let source = self.condition.source();
        let what = if value.is_null() {
            "null, which counts as false; compare with null if a field may be missing".to_owned()
        } else {
            format!("{}, not true or false", value.type_name())
        };
        Stop::Failed(format!("the rule `{source}` gives {what}"))
    }
}

impl RuleValue {
    fn evaluate(&self, scope: &dyn Scope, context: &mut Context<'_>) -> Result<(f64, Value), Stop> {
        let expression = match self {
            RuleValue::Constant(value, number) => return Ok((*number, value.clone())),
            RuleValue::Computed(expression) => expression,
        };
        let value = expression.evaluate(scope, context)?;
        let Some(number) = conversion::to_double(&value) else {
            return Err(Stop::Failed(format!(
                "the score `{}` gives {}, not a number",
                expression.source(),
                value.type_name()
            )));
        };
        let value = if value.is_number() {
            value
        } else {
            Value::Double(number)
        };
        Ok((number, value))
    }
}

/// A number of the document, in the narrowest type that holds it, as a Stellar literal would have it.
fn constant(number: &serde_json::Number) -> RuleValue {
    let json = serde_json::Value::Number(number.clone());
    let value = Value::from_serde(&json, alidade_event::NumberStyle::Jackson);
    let number = value.as_f64().unwrap_or(f64::NAN);
    RuleValue::Constant(value, number)
}

impl RuleFields {
    fn at(position: usize) -> RuleFields {
        let name = |what: &str| format_smolstr!("threat.triage.rules.{position}.{what}");
        RuleFields {
            name: name("name"),
            comment: name("comment"),
            score: name("score"),
            reason: name("reason"),
        }
    }
}

impl Triage {
    /// Compiles the rules. `path` is the JSON pointer of the `triageConfig` in its document.
    ///
    /// A rule that cannot be compiled is a problem in the findings; should the triage be used all the same, every event
    /// that reaches the broken part gets an error record, and the other rules count.
    pub fn compile(
        sensor: &str,
        config: &ThreatTriageConfig,
        path: &str,
        library: &Library,
        findings: &mut Findings,
    ) -> Triage {
        let mut rules = Vec::with_capacity(config.risk_level_rules.len());
        for (position, rule) in config.risk_level_rules.iter().enumerate() {
            let path = format!("{path}/riskLevelRules/{position}");
            let earlier = &config.risk_level_rules[..position];
            if let Some(first) = earlier.iter().position(|other| other.rule == rule.rule) {
                findings.warning(
                    config_code::RULE_TWICE,
                    &format!("{path}/rule"),
                    format!("the same rule as number {first}: this one is ignored"),
                    "join the two, or make their texts differ",
                );
                continue;
            }
            rules.push(Rule::compile(rule, position, &path, library, findings));
        }
        Triage {
            sensor: Str::new(sensor),
            names: (0..rules.len()).map(RuleFields::at).collect(),
            rules,
            aggregator: config.aggregator,
            negatives_trump: config.negative_values_trump(),
        }
    }

    /// Whether [`Triage::score`] may answer [`Waiting`].
    pub fn has_remote_calls(&self) -> bool {
        self.rules.iter().any(|rule| {
            let computed =
                matches!(&rule.score, RuleValue::Computed(score) if score.has_remote_calls());
            let explained = rule
                .reason
                .as_ref()
                .is_some_and(Expression::has_remote_calls);
            rule.condition.has_remote_calls() || computed || explained
        })
    }

    /// Evaluates the rules. Nothing when none fired.
    ///
    /// `event` is the alert itself and goes into the error records; `scope` is what the rules see: the alert, then the
    /// sensor's `configuration`, then `threatIntel.config`. A rule that fails is skipped and gives one error record.
    ///
    /// # Errors
    /// [`Waiting`]; `errors` may have grown by then.
    pub fn score(
        &self,
        event: &Event,
        scope: &dyn Scope,
        context: &mut Context<'_>,
        errors: &mut Vec<ErrorRecord>,
    ) -> Result<Option<Score>, Waiting> {
        let mut numbers = Vec::new();
        let mut fired = Vec::new();
        for rule in &self.rules {
            match rule.fire(scope, context) {
                Ok(None) => {}
                Ok(Some((number, rule))) => {
                    numbers.push(number);
                    fired.push(rule);
                }
                Err(Stop::Waiting) => return Err(Waiting),
                Err(Stop::Failed(cause)) => errors.push(self.failure(rule, &cause, event)),
            }
        }
        if fired.is_empty() {
            return Ok(None);
        }
        let total = self.aggregator.aggregate(&numbers, self.negatives_trump);
        Ok(Some(Score { total, fired }))
    }

    fn failure(&self, rule: &Rule, cause: &str, event: &Event) -> ErrorRecord {
        ErrorRecord::new(
            ErrorType::ThreatIntelError,
            Some(self.sensor.clone()),
            format!("{} failed: {cause}", rule.title),
        )
        .with_raw(RawMessage::Event(event.clone()))
    }

    /// Puts a score into the event: `threat.triage.score`, and `threat.triage.rules.<i>.*` for each rule that fired.
    pub fn write(&self, score: Score, event: &mut Event) {
        for (rule, names) in score.fired.into_iter().zip(&self.names) {
            event.set(names.name.clone(), rule.name);
            event.set(names.comment.clone(), rule.comment);
            event.set(names.score.clone(), rule.score);
            event.set(names.reason.clone(), rule.reason);
        }
        event.set(field::THREAT_TRIAGE_SCORE, score.total);
    }
}
