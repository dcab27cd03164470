//! From the tree of names to the tree that is evaluated.

use std::sync::Arc;

use alidade_event::{FieldName, Map, Str, Value};

use crate::folding::Folding;
use crate::lambda::Lambda;
use crate::library::{Function, absent};
use crate::node::{
    Branch, Branches, CallNode, Chain, FieldByName, Home, InNode, LambdaNode, Node,
    PreparedArguments,
};
use crate::suggest::closest;
use crate::syntax::{Expr, Kind, Span};
use crate::{Availability, Diagnostic, Library};

/// How deep the evaluated tree may be: bounds the stack that an evaluation takes.
const MAX_DEPTH: usize = 300;

/// Most errors about one program that are looked into.
const MAX_ERRORS: usize = 100;

/// A parameter of a lambda and what has been seen of it.
struct Bound {
    name: Str,
    /// How many lambdas stand around the place where it is bound, its own among them.
    lambdas: usize,
    uses: usize,
    /// Must stay in its place: something looks at it without taking it away, or another lambda captures it.
    stays: bool,
}

/// What has been found out about a program while compiling it.
pub(crate) struct Compiler<'l> {
    library: &'l Library,
    pub errors: Vec<Diagnostic>,
    pub variables: Vec<FieldName>,
    pub home: Home,
    pub remote: bool,
    pub deterministic: bool,
    /// Parameters of the lambdas around the place that is being compiled, outermost first.
    parameters: Vec<Bound>,
    lambdas: usize,
    depth: usize,
    /// The largest depth so far, within the lambda that is being compiled.
    deepest: usize,
    folding: Folding,
}

impl<'l> Compiler<'l> {
    pub fn new(library: &'l Library) -> Self {
        Compiler {
            library,
            errors: Vec::new(),
            variables: Vec::new(),
            home: Home::default(),
            remote: false,
            deterministic: true,
            parameters: Vec::new(),
            lambdas: 0,
            depth: 0,
            deepest: 0,
            folding: Folding::new(),
        }
    }

    /// Calls that fail with the constants that they are given, with the reasons.
    pub fn failing_calls(&mut self) -> Vec<(Span, String)> {
        std::mem::take(&mut self.folding.failures)
    }

    pub fn compile(&mut self, tree: Expr) -> Node {
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        if self.depth > MAX_DEPTH {
            self.depth -= 1;
            if !self.errors.iter().any(|error| error.code == "S007") {
                let message = format!("the expression nests deeper than {MAX_DEPTH} operations");
                self.errors.push(
                    Diagnostic::error("S007", tree.span.range(), message, "too deep")
                        .with_help("move parts of it into variables of their own"),
                );
            }
            return Node::Constant(Value::Null);
        }
        let node = self.node(tree);
        self.depth -= 1;
        self.folding.fold(node)
    }

    fn node(&mut self, tree: Expr) -> Node {
        let span = tree.span;
        match *tree.kind {
            Kind::Literal(value) => Node::Constant(value),
            Kind::Variable(name) => self.variable(name),
            Kind::Exists(name) => self.exists(name),
            Kind::Call {
                name,
                name_span,
                arguments,
            } => self.call(&name, name_span, arguments, span),
            Kind::List(members) => self.list(members),
            Kind::Map(entries) => self.map(entries),
            Kind::Lambda { parameters, body } => self.lambda(parameters, *body),
            Kind::Not(inner) => Node::Not(Box::new(self.compile(*inner))),
            Kind::Arithmetic { first, rest } => Node::Arithmetic(self.chain(*first, rest, span)),
            Kind::Compare { first, rest } => Node::Compare(self.chain(*first, rest, span)),
            Kind::In {
                member,
                negated,
                container,
            } => Node::In(Box::new(InNode {
                member: self.compile(*member),
                negated,
                container: self.compile(*container),
                members: None,
            })),
            Kind::Logic { first, rest } => Node::Logic(self.chain(*first, rest, span)),
            Kind::Choose {
                branches,
                otherwise,
            } => Node::Choose(self.branches(branches, *otherwise)),
            Kind::Match { clauses, default } => Node::Match(self.branches(clauses, *default)),
        }
    }

    /// The place of a variable among those of the program.
    fn mention(&mut self, name: &Str) -> usize {
        if let Some(at) = self.variables.iter().position(|known| known == name) {
            return at;
        }
        self.variables.push(name.clone());
        self.variables.len() - 1
    }

    /// The place of a parameter in the frame; of equal names the innermost counts.
    fn parameter(&mut self, name: &str) -> Option<usize> {
        let at = self
            .parameters
            .iter()
            .rposition(|known| known.name == name)?;
        let bound = &mut self.parameters[at];
        bound.uses += 1;
        bound.stays |= bound.lambdas != self.lambdas;
        Some(at)
    }

    fn variable(&mut self, name: Str) -> Node {
        if let Some(at) = self.parameter(&name) {
            return Node::Parameter(at);
        }
        let at = self.mention(&name);
        if name == "_" {
            return Node::AllFields;
        }
        Node::Field(at)
    }

    fn exists(&mut self, name: Str) -> Node {
        if let Some(at) = self.parameter(&name) {
            // Looking is not taking away: the parameter must stay.
            self.parameters[at].stays = true;
            return Node::ParameterExists(at);
        }
        let at = self.mention(&name);
        if name == "_" {
            return Node::Constant(Value::Bool(true));
        }
        Node::FieldExists(at)
    }

    fn chain<O>(&mut self, first: Expr, rest: Vec<(O, Expr)>, span: Span) -> Box<Chain<O>> {
        let first = self.operand(first);
        let rest = rest
            .into_iter()
            .map(|(operator, operand)| (operator, self.operand(operand)))
            .collect();
        Box::new(Chain { first, rest, span })
    }

    /// What an operator looks at. It changes nothing, so that a parameter need not be taken away for it.
    fn operand(&mut self, tree: Expr) -> Node {
        let node = self.compile(tree);
        if let Node::Parameter(at) = node
            && let Some(bound) = self.parameters.get_mut(at)
        {
            bound.stays = true;
        }
        node
    }

    fn branches(&mut self, branches: Vec<(Expr, Expr)>, otherwise: Expr) -> Box<Branches> {
        let branches = branches
            .into_iter()
            .map(|(condition, value)| Branch {
                condition_span: condition.span,
                condition: self.compile(condition),
                value: self.compile(value),
            })
            .collect();
        let otherwise = self.compile(otherwise);
        Box::new(Branches {
            branches,
            otherwise,
        })
    }

    /// A list of constants is a constant itself.
    fn list(&mut self, members: Vec<Expr>) -> Node {
        let members: Vec<Node> = members.into_iter().map(|m| self.compile(m)).collect();
        if !members.iter().all(is_constant) {
            return Node::List(members.into());
        }
        let values = members.into_iter().filter_map(into_constant).collect();
        Node::Constant(Value::list(values))
    }

    fn map(&mut self, entries: Vec<(Expr, Expr)>) -> Node {
        let entries: Vec<(Node, Node)> = entries
            .into_iter()
            .map(|(key, value)| (self.compile(key), self.compile(value)))
            .collect();
        if !entries
            .iter()
            .all(|(key, value)| is_constant(key) && is_constant(value))
        {
            return Node::Map(entries.into());
        }
        let mut map = Map::with_capacity(entries.len());
        for (key, value) in entries {
            if let (Some(key), Some(value)) = (into_constant(key), into_constant(value)) {
                insert_first(&mut map, key, value);
            }
        }
        Node::Constant(Value::map(map))
    }

    fn lambda(&mut self, parameters: Vec<(Str, Span)>, body: Expr) -> Node {
        let captured = self.parameters.len();
        self.lambdas += 1;
        let lambdas = self.lambdas;
        self.parameters
            .extend(parameters.into_iter().map(|(name, _)| Bound {
                name,
                lambdas,
                uses: 0,
                stays: false,
            }));
        let outer_deepest = std::mem::replace(&mut self.deepest, self.depth);
        let body = self.compile(body);
        let depth = self.deepest - self.depth;
        self.deepest = self.deepest.max(outer_deepest);
        self.lambdas -= 1;
        let own = self.parameters.drain(captured..);
        let used_once = own.map(|bound| bound.uses == 1 && !bound.stays).collect();
        let lambda = Arc::new(LambdaNode {
            home: Arc::clone(&self.home),
            captured,
            used_once,
            depth,
            body,
        });
        // Inside of another lambda every evaluation makes a value of its own, and no two of them are equal.
        match self.lambdas {
            0 => Node::Closed(Lambda::value(lambda, Box::default())),
            _ => Node::Lambda(lambda),
        }
    }

    fn call(&mut self, name: &Str, name_span: Span, arguments: Vec<Expr>, span: Span) -> Node {
        let Some(function) = self.library.function(name).cloned() else {
            if self.errors.len() < MAX_ERRORS {
                self.errors.push(self.unknown_function(name, name_span));
            }
            for argument in arguments {
                self.compile(argument);
            }
            return Node::Constant(Value::Null);
        };
        self.refuse_unavailable(&function, name_span);
        self.remote |= function.spec.remote;
        self.deterministic &=
            function.spec.deterministic && arguments.len() >= function.spec.clock_below;
        self.check_count(&function, arguments.len(), span);
        // A value that folding has made out of an argument is no reason to refuse the program.
        let spans: Vec<Option<Span>> = arguments
            .iter()
            .map(|argument| is_literal(argument).then_some(argument.span))
            .collect();
        let mut arguments: Vec<Node> = arguments.into_iter().map(|a| self.compile(a)).collect();
        let all_fields = matches!(arguments.get(1), Some(Node::AllFields));
        if all_fields && function.spec.name == "MAP_GET" {
            let default = (arguments.len() > 2).then(|| arguments.swap_remove(2));
            let key = arguments.swap_remove(0);
            return Node::FieldByName(Box::new(FieldByName { key, default }));
        }
        let prepared = self.prepare(&function, &arguments, &spans);
        Node::Call(Box::new(CallNode {
            function,
            arguments: arguments.into(),
            prepared,
            span,
        }))
    }

    fn prepare(
        &mut self,
        function: &Function,
        arguments: &[Node],
        spans: &[Option<Span>],
    ) -> Option<PreparedArguments> {
        let prepare = function.prepare?;
        let constants: Vec<Option<&Value>> = arguments
            .iter()
            .map(|argument| match argument {
                Node::Constant(value) => Some(value),
                _ => None,
            })
            .collect();
        match prepare(&constants) {
            Ok(prepared) => prepared.map(PreparedArguments),
            Err(refused) => {
                let span = (*spans.get(refused.argument)?)?.range();
                let message = format!("{}: {}", function.spec.name, refused.reason);
                self.errors.push(
                    Diagnostic::error("S103", span, message, "every call would fail")
                        .with_help(function.spec.signature()),
                );
                None
            }
        }
    }

    fn unknown_function(&self, name: &str, span: Span) -> Diagnostic {
        let finding = Diagnostic::error(
            "S101",
            span.range(),
            format!("unknown function `{name}`"),
            "no such function",
        );
        if let Some(reason) = absent(name) {
            return finding.with_help(format!("upstream has this function, but {reason}"));
        }
        match closest(name, &self.library.names()) {
            Some(near) => finding.with_help(format!("did you mean `{near}`?")),
            None if name.contains('.') => finding.with_help(
                "values have no methods: functions are called by their names, with the values as arguments",
            ),
            None => finding.with_help("only the functions of the library can be called"),
        }
    }

    fn refuse_unavailable(&mut self, function: &Function, span: Span) {
        let (label, help) = match function.spec.availability {
            Availability::Everywhere => return,
            Availability::Shell => (
                "only in the shell",
                "it is for people who type: call it in `alidade stellar`".to_owned(),
            ),
            Availability::Nowhere(reason) => (
                "not available",
                format!("it cannot be called yet: {reason}"),
            ),
        };
        let message = format!("{} cannot be called here", function.spec.name);
        self.errors
            .push(Diagnostic::error("S104", span.range(), message, label).with_help(help));
    }

    fn check_count(&mut self, function: &Function, given: usize, span: Span) {
        let spec = &function.spec;
        let required = spec.required();
        let message = if given < required {
            format!("{} needs {}, got {given}", spec.name, counted(required))
        } else if spec.most().is_some_and(|most| given > most) {
            let most = counted(spec.parameters.len());
            format!("{} takes at most {most}, got {given}", spec.name)
        } else {
            return;
        };
        self.errors.push(
            Diagnostic::error("S102", span.range(), message, "wrong number of arguments")
                .with_help(spec.signature()),
        );
    }
}

fn counted(arguments: usize) -> String {
    match arguments {
        1 => "1 argument".to_owned(),
        more => format!("{more} arguments"),
    }
}

/// Whether an expression is a constant as it is written.
fn is_literal(tree: &Expr) -> bool {
    match &*tree.kind {
        Kind::Literal(_) => true,
        Kind::List(members) => members.iter().all(is_literal),
        Kind::Map(entries) => entries
            .iter()
            .all(|(key, value)| is_literal(key) && is_literal(value)),
        _ => false,
    }
}

fn is_constant(node: &Node) -> bool {
    matches!(node, Node::Constant(_))
}

fn into_constant(node: Node) -> Option<Value> {
    match node {
        Node::Constant(value) => Some(value),
        _ => None,
    }
}

/// Of a key given twice in a literal, the first entry counts.
pub(crate) fn insert_first(map: &mut Map, key: Value, value: Value) {
    if !map.contains_key(&key) {
        map.insert(key, value);
    }
}
