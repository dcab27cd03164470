//! What an evaluation shares over its whole run: variables, clock, limits.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use alidade_event::{Event, FieldName, Value};
use rustix::time::{ClockId, clock_gettime};

use crate::context::budget_of;
use crate::node::Home;
use crate::scope::Place;
use crate::{Context, EvalError, RemoteCalls, Scope};

/// The names of a program's variables, each with the place where it was found last.
pub(crate) struct Variables<'r> {
    /// Which program they are of; nothing while it is being compiled.
    pub home: Option<&'r Home>,
    pub names: &'r [FieldName],
    pub places: &'r [Place],
}

/// Number of variables that are looked up only once in an evaluation; a program seldom has more.
const SLOTS: usize = 16;

pub(crate) struct Runtime<'r> {
    pub scope: &'r dyn Scope,
    variables: Variables<'r>,
    /// Variables that have been looked up already.
    slots: [Option<&'r Value>; SLOTS],
    now_ms: i64,
    global: &'r Value,
    pub remote: &'r mut dyn RemoteCalls,
    /// Whether anything has been looked at that is neither in the program nor in its variables.
    pub looked_outside: Cell<bool>,
    pub lambda_depth: u32,
    /// How deep the bodies of the running lambdas nest together.
    pub lambda_levels: usize,
    steps: usize,
    budget: Option<Duration>,
    /// When the processor time of the thread is up; small evaluations never ask for it.
    deadline: Option<Duration>,
    /// Steps until the clock is looked at again.
    until_look: usize,
}

/// Most steps of one evaluation: bounds what a hostile list can cost. A step is a call of a lambda, or a piece of the work
/// that is done inside of one.
const MAX_STEPS: usize = 1_000_000;
/// Members or bytes that make a step.
const STEP_SIZE: usize = 32;
/// Steps between two looks at the clock: some microseconds to some hundred of them.
const STEPS_BETWEEN_LOOKS: usize = 1_024;

impl<'r> Runtime<'r> {
    pub fn new<'x: 'r>(
        scope: &'r dyn Scope,
        variables: Variables<'r>,
        context: &'r mut Context<'x>,
    ) -> Self {
        Runtime {
            scope,
            variables,
            slots: [None; SLOTS],
            now_ms: context.now_ms,
            global: context.global,
            remote: &mut *context.remote,
            looked_outside: Cell::new(false),
            lambda_depth: 0,
            lambda_levels: 0,
            steps: 0,
            budget: context.budget,
            deadline: None,
            until_look: STEPS_BETWEEN_LOOKS,
        }
    }

    /// Whether the variables are numbered otherwise there.
    pub fn is_foreign(&self, home: &Home) -> bool {
        self.variables
            .home
            .is_some_and(|own| !Arc::ptr_eq(own, home))
    }

    /// Does a part of the work with the variables of another program. It counts as work of this one.
    pub fn with_variables<T>(
        &mut self,
        variables: Variables<'_>,
        work: impl FnOnce(&mut Runtime<'_>) -> T,
    ) -> T {
        let mut inner = Runtime {
            scope: self.scope,
            variables,
            slots: [None; SLOTS],
            now_ms: self.now_ms,
            global: self.global,
            remote: &mut *self.remote,
            looked_outside: self.looked_outside.clone(),
            lambda_depth: self.lambda_depth,
            lambda_levels: self.lambda_levels,
            steps: self.steps,
            budget: self.budget,
            deadline: self.deadline,
            until_look: self.until_look,
        };
        let outcome = work(&mut inner);
        let looked_outside = inner.looked_outside.get();
        let (steps, deadline, until_look) = (inner.steps, inner.deadline, inner.until_look);
        self.looked_outside.set(looked_outside);
        self.steps = steps;
        self.deadline = deadline;
        self.until_look = until_look;
        outcome
    }

    /// The value of a variable by its number; null when it is missing.
    pub fn variable(&mut self, at: usize) -> &'r Value {
        if let Some(Some(value)) = self.slots.get(at) {
            return value;
        }
        self.look_up(at)
    }

    fn look_up(&mut self, at: usize) -> &'r Value {
        let (Some(name), Some(place)) =
            (self.variables.names.get(at), self.variables.places.get(at))
        else {
            return &Value::Null;
        };
        let found = self.scope.get_at(name, place).unwrap_or(&Value::Null);
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = Some(found);
        }
        found
    }

    pub fn all_variables(&self) -> Event {
        self.looked_outside.set(true);
        self.scope.all()
    }

    pub fn now_ms(&self) -> i64 {
        self.looked_outside.set(true);
        self.now_ms
    }

    pub fn global(&self) -> &'r Value {
        self.looked_outside.set(true);
        self.global
    }

    /// Counts work on something of a size.
    #[inline]
    pub fn charge(&mut self, size: usize) -> Result<(), EvalError> {
        if size < STEP_SIZE {
            return Ok(());
        }
        self.work(size / STEP_SIZE)
    }

    /// Counts a value that is put into another one. Values share what they are made of, so that a few steps could make one
    /// that takes for ever to be written or compared.
    pub fn nest(&mut self, value: &Value) -> Result<(), EvalError> {
        match weigh(value) {
            Ok(weight) => self.charge(weight),
            Err(Unbounded::Wide) => Err(EvalError::failed(format!(
                "the value holds more than {MAX_INSIDE} others, each counted as often as it is there"
            ))),
            Err(Unbounded::Deep) => Err(EvalError::failed(format!(
                "the value nests deeper than {MAX_NESTING} levels"
            ))),
        }
    }

    /// Work that is repeated by a lambda has a limit of its own; all work counts for the clock.
    fn work(&mut self, steps: usize) -> Result<(), EvalError> {
        if self.lambda_depth > 0 {
            return self.count(steps);
        }
        self.pass(steps)
    }

    pub fn count(&mut self, steps: usize) -> Result<(), EvalError> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > MAX_STEPS {
            return Err(EvalError::failed(format!(
                "the evaluation takes more than {MAX_STEPS} steps"
            )));
        }
        self.pass(steps)
    }

    fn pass(&mut self, steps: usize) -> Result<(), EvalError> {
        match self.until_look.checked_sub(steps) {
            Some(left) => {
                self.until_look = left;
                Ok(())
            }
            None => self.look_at_clock(),
        }
    }

    /// Whether the evaluation has taken so long that its budget was asked for.
    pub fn has_looked_at_clock(&self) -> bool {
        self.deadline.is_some()
    }

    #[cold]
    fn look_at_clock(&mut self) -> Result<(), EvalError> {
        self.until_look = STEPS_BETWEEN_LOOKS;
        let budget = || self.budget.unwrap_or_else(|| budget_of(self.global));
        let now = processor_time();
        let deadline = *self
            .deadline
            .get_or_insert_with(|| now.saturating_add(budget()));
        if now < deadline {
            return Ok(());
        }
        Err(EvalError::failed(format!(
            "the evaluation takes longer than its budget of {} ms",
            budget().as_millis()
        )))
    }
}

/// What this thread has taken so far: a machine that is busy with other things makes no evaluation fail, nor does waiting
/// for an answer.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Most values inside of one that is put into another.
const MAX_INSIDE: usize = 1 << 22;
/// Deepest nesting of a value that is put into another: an event that holds it must be readable by the next stage.
const MAX_NESTING: usize = 100;

/// Why a value cannot be put into another one.
enum Unbounded {
    Wide,
    Deep,
}

/// Number of values inside of a value, each counted as often as it is there. Nothing for one without members.
fn weigh(value: &Value) -> Result<usize, Unbounded> {
    let mut left = MAX_INSIDE;
    weigh_level(value, MAX_NESTING, &mut left)?;
    Ok(MAX_INSIDE - left)
}

fn weigh_level(value: &Value, levels: usize, left: &mut usize) -> Result<(), Unbounded> {
    let count = match value {
        Value::List(members) => members.len(),
        Value::Set(members) => members.len(),
        Value::Map(map) => map.len(),
        _ => return Ok(()),
    };
    let levels = levels.checked_sub(1).ok_or(Unbounded::Deep)?;
    *left = left.checked_sub(count).ok_or(Unbounded::Wide)?;
    match value {
        Value::List(members) => {
            for member in members.iter() {
                weigh_level(member, levels, left)?;
            }
        }
        Value::Set(members) => {
            for member in members.iter() {
                weigh_level(member, levels, left)?;
            }
        }
        Value::Map(map) => {
            for (key, value) in map.iter() {
                weigh_level(key, levels, left)?;
                weigh_level(value, levels, left)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// What it costs to go through a value: the bytes of a text, or all that is inside.
pub(crate) fn weight(value: &Value) -> usize {
    match value {
        Value::Str(text) => text.len(),
        Value::List(_) | Value::Set(_) | Value::Map(_) => weigh(value).unwrap_or(MAX_INSIDE),
        _ => 0,
    }
}

/// Number of members or bytes of a value.
pub(crate) fn size(value: &Value) -> usize {
    match value {
        Value::Str(text) => text.len(),
        Value::List(members) => members.len(),
        Value::Set(members) => members.len(),
        Value::Map(map) => map.len(),
        _ => 0,
    }
}
