//! Expressions that mostly compile: written by the grammar, with arguments of the kinds that functions declare.

use alidade_stellar::{Availability, FunctionSpec, Library, Types};

use crate::Random;
use crate::scope::fields;

const TEXTS: &[&str] = &[
    "''",
    "'a'",
    "'é😀'",
    "'%s %5.2f'",
    "'%d'",
    "'yyyy-MM-dd HH:mm:ss'",
    "'GMT+25'",
    "'10.0.0.0/8'",
    "'192.168.1.0/33'",
    "'(.*)=(.*)'",
    "'(a+)+$'",
    "'$1\\\\'",
    "'http://a.b.co.uk:99999/x'",
    "'HEX'",
    "'BASE64'",
    "'MD5'",
    "'tlsh'",
    "'SHA-256'",
    "'[1, {}]'",
    "'QUARTILE'",
    "'IPV6'",
    "'en'",
    "\"it's\"",
    "'2019-02-29'",
    "'-1'",
    "'1e5'",
    "'9q8'",
    "'\\n\\t'",
    "'xn--a'",
    "'a.b.c.d.e'",
    "'::1'",
];
const INTEGERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "3",
    "10",
    "100",
    "2147483647",
    "-2147483648",
    "1L",
    "-9223372036854775808L",
    "9223372036854775807L",
    "65536",
    "1571163620277L",
];
const DECIMALS: &[&str] = &[
    "0.0", "1.5", "-2.5", "1e308", "-1e-320", "1e400", "NaN", "0.5f", "-.5f", "3.4e38f", ".001",
    "50.0",
];
const MAPS: &[&str] = &[
    "{}",
    "{'a' : 1}",
    "{'hashes' : 16, 'bucketSize' : 128}",
    "{1 : 'x', 'b' : [null]}",
    "{'a' : {'a' : {}}}",
];
const LISTS: &[&str] = &[
    "[]",
    "[1, 2, 3]",
    "['a', null]",
    "[[1], []]",
    "[1, 'a', 2.5, true]",
    "[50, 90.0]",
    "SET_INIT([1, 'a'])",
];
const PARAMETERS: &[&str] = &["x", "y", "s", "zz"];
/// From this length on, only the ends are written.
const LONG: usize = 300;
const COMPARISONS: &[&str] = &[" == ", " != ", " < ", " <= ", " > ", " >= "];

/// Every function that can be called anywhere.
pub fn functions() -> Vec<FunctionSpec> {
    let mut specs = Library::metron().specs();
    specs.retain(|spec| spec.availability == Availability::Everywhere);
    specs
}

/// Writes expressions.
pub struct Writer<'r> {
    functions: &'r [FunctionSpec],
    random: &'r mut Random,
    parameters: Vec<&'static str>,
    text: String,
}

impl<'r> Writer<'r> {
    pub fn new(functions: &'r [FunctionSpec], random: &'r mut Random) -> Self {
        Writer {
            functions,
            random,
            parameters: Vec::new(),
            text: String::new(),
        }
    }

    /// One expression.
    pub fn expression(mut self) -> String {
        let depth = 1 + self.random.below(5);
        self.whole(depth);
        self.text
    }

    /// What may stand where a whole expression may.
    fn whole(&mut self, depth: usize) {
        if depth == 0 || self.text.len() > LONG {
            return self.argument(Types::ANY, 0);
        }
        match self.random.below(12) {
            0 => self.choice(depth - 1),
            1 => self.table(depth - 1),
            2 | 3 => self.logic(depth - 1),
            4 => self.membership(depth - 1),
            _ => self.argument(Types::ANY, depth),
        }
    }

    /// A value of one of some kinds, or now and then of another, in a form that may be an argument.
    fn argument(&mut self, wanted: Types, depth: usize) {
        let wanted = if self.random.one_in(12) {
            Types::ANY
        } else {
            wanted
        };
        if depth == 0 || self.text.len() > LONG {
            return self.leaf(wanted);
        }
        match self.random.below(10) {
            0..=4 => self.call(wanted, depth - 1),
            5 => self.leaf(wanted),
            6 if wanted.intersects(Types::NUMBER) => self.arithmetic(depth - 1),
            6 | 7 if wanted.intersects(Types::LIST) => self.list(depth - 1),
            7 if wanted.intersects(Types::MAP) => self.map(depth - 1),
            8 if wanted.intersects(Types::BOOLEAN) => self.boolean(depth - 1),
            9 => self.enclosed_choice(wanted, depth - 1),
            _ if wanted.intersects(Types::LAMBDA) => self.lambda(depth - 1),
            _ => self.call(wanted, depth - 1),
        }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn leaf(&mut self, wanted: Types) {
        if !self.parameters.is_empty() && self.random.one_in(2) {
            let name = self.random.pick(&self.parameters).copied();
            return self.push(name.unwrap_or("x"));
        }
        if self.random.one_in(2) {
            let fitting: Vec<&str> = fields()
                .iter()
                .filter(|(_, kind)| kind.intersects(wanted))
                .map(|(name, _)| *name)
                .collect();
            if let Some(name) = self.random.pick(&fitting).copied() {
                return self.push(name);
            }
        }
        let literals: [(Types, &[&'static str]); 8] = [
            (Types::TEXT, TEXTS),
            (Types::INTEGER, INTEGERS),
            (Types::DECIMAL, DECIMALS),
            (Types::MAP, MAPS),
            (Types::LIST, LISTS),
            (Types::BOOLEAN, &["true", "false", "exists(n)", "exists(s)"]),
            (Types::NULL, &["null"]),
            (
                Types::LAMBDA,
                &["x -> x", "(x, y) -> [y, x]", "() -> s", "x -> x == 1"],
            ),
        ];
        let fitting: Vec<_> = literals
            .iter()
            .filter(|(kind, _)| kind.intersects(wanted))
            .map(|(_, words)| *words)
            .collect();
        let words = self.random.pick(&fitting).copied().unwrap_or(&["_"]);
        let word = self.random.word(words);
        self.push(word);
    }

    fn call(&mut self, wanted: Types, depth: usize) {
        let depth = if self.text.len() > LONG { 0 } else { depth };
        let functions = self.functions;
        let fitting: Vec<&FunctionSpec> = functions
            .iter()
            .filter(|spec| spec.result.without(Types::NULL).intersects(wanted))
            .collect();
        let Some(spec) = self.random.pick(&fitting).copied() else {
            return self.leaf(wanted);
        };
        self.push(spec.name);
        self.push("(");
        let mut first = true;
        for parameter in spec.parameters {
            let times = match (parameter.repeated, parameter.optional) {
                (true, _) => self.random.below(4),
                (false, true) => self.random.below(2),
                (false, false) => 1,
            };
            if times == 0 && !parameter.repeated {
                break;
            }
            for _ in 0..times {
                if !std::mem::take(&mut first) {
                    self.push(", ");
                }
                self.argument(parameter.accepts, depth);
            }
        }
        if self.random.one_in(20) {
            let surplus = if first { "1" } else { ", 1" };
            self.push(surplus);
        }
        self.push(")");
    }

    fn arithmetic(&mut self, depth: usize) {
        self.number(depth);
        for _ in 0..=self.random.below(3) {
            let operator = self.random.word(&[" + ", " - ", " * ", " / "]);
            self.push(operator);
            self.number(depth);
        }
    }

    /// An operand of arithmetic: a text, say, may not stand here.
    fn number(&mut self, depth: usize) {
        match self.random.below(6) {
            0 | 1 => self.call(Types::NUMBER, depth.saturating_sub(1)),
            2 if depth > 0 && self.text.len() < LONG => {
                self.push("(");
                self.arithmetic(depth - 1);
                self.push(")");
            }
            3 => {
                let word = self.random.word(&[
                    "i", "l", "d", "s", "n", "big", "nan", "lmin", "zero", "missing",
                ]);
                self.push(word);
            }
            4 => {
                let word = self.random.word(DECIMALS);
                self.push(word);
            }
            _ => {
                let word = self.random.word(INTEGERS);
                self.push(word);
            }
        }
    }

    /// A comparison, `not`, or something logical in parentheses.
    fn boolean(&mut self, depth: usize) {
        if depth == 0 || self.text.len() > LONG {
            return self.comparison(0);
        }
        match self.random.below(4) {
            0 => {
                self.push("not(");
                self.logic(depth);
                self.push(")");
            }
            1 => {
                self.push("(");
                self.logic(depth);
                self.push(")");
            }
            _ => self.comparison(depth),
        }
    }

    fn comparison(&mut self, depth: usize) {
        let kinds = [Types::NUMBER, Types::TEXT, Types::ANY, Types::INTEGER];
        let kind = self.random.pick(&kinds).copied().unwrap_or(Types::ANY);
        self.operand(kind, depth);
        let sign = self.random.word(COMPARISONS);
        self.push(sign);
        self.operand(kind, depth);
    }

    /// What may stand on the sides of a comparison.
    fn operand(&mut self, wanted: Types, depth: usize) {
        if depth > 0 && self.random.one_in(2) {
            return self.call(wanted, depth - 1);
        }
        self.leaf(wanted.without(Types::LAMBDA));
    }

    fn logic(&mut self, depth: usize) {
        let depth = depth.saturating_sub(1);
        self.boolean(depth);
        for _ in 0..self.random.below(3) {
            let connective = self.random.word(&[" and ", " or ", " && ", " || "]);
            self.push(connective);
            self.boolean(depth);
        }
    }

    fn membership(&mut self, depth: usize) {
        self.operand(Types::ANY, depth);
        let sign = self.random.word(&[" in ", " not in "]);
        self.push(sign);
        self.operand(Types::LIST.or(Types::MAP).or(Types::TEXT), depth);
    }

    fn list(&mut self, depth: usize) {
        self.push("[");
        for at in 0..self.random.below(4) {
            if at > 0 {
                self.push(", ");
            }
            self.argument(Types::ANY, depth);
        }
        self.push("]");
    }

    fn map(&mut self, depth: usize) {
        self.push("{");
        for at in 0..self.random.below(3) {
            if at > 0 {
                self.push(", ");
            }
            let key = self.random.word(TEXTS);
            self.push(key);
            self.push(" : ");
            self.whole(depth);
        }
        self.push("}");
    }

    fn lambda(&mut self, depth: usize) {
        let count = self.random.below(3);
        let before = self.parameters.len();
        let names: Vec<&str> = (0..count).map(|_| self.random.word(PARAMETERS)).collect();
        let list = names.join(", ");
        match count {
            1 => self.push(&list),
            _ => self.push(&format!("({list})")),
        }
        self.push(" -> ");
        self.parameters.extend(names);
        self.whole(depth);
        self.parameters.truncate(before);
    }

    fn choice(&mut self, depth: usize) {
        if self.random.one_in(2) {
            self.push("if ");
            self.boolean(depth);
            self.push(" then ");
            self.whole(depth);
            self.push(" else ");
            return self.whole(depth);
        }
        self.boolean(depth);
        self.push(" ? ");
        self.whole(depth);
        self.push(" : ");
        self.whole(depth);
    }

    fn enclosed_choice(&mut self, wanted: Types, depth: usize) {
        self.push("(");
        self.boolean(depth);
        self.push(" ? ");
        self.argument(wanted, depth);
        self.push(" : ");
        self.argument(wanted, depth);
        self.push(")");
    }

    fn table(&mut self, depth: usize) {
        self.push("match{ ");
        for _ in 0..=self.random.below(3) {
            self.boolean(depth);
            self.push(" => ");
            self.whole(depth);
            self.push(", ");
        }
        self.push("default => ");
        self.whole(depth);
        self.push(" }");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use alidade_stellar::compile;

    use super::*;

    #[test]
    fn most_of_what_is_written_compiles_and_every_function_is_called() {
        let library = Library::metron();
        let functions = functions();
        let mut random = Random::new(7);
        let mut called: HashSet<&str> = HashSet::new();
        let rounds = 1_500;
        let mut compiled = 0;
        for _ in 0..rounds {
            let source = Writer::new(&functions, &mut random).expression();
            compiled += usize::from(compile(&source, &library).is_ok());
            let words = source.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let names = words.filter_map(|word| functions.iter().find(|spec| spec.name == word));
            called.extend(names.map(|spec| spec.name));
        }
        assert!(compiled * 100 > rounds * 70, "{compiled} of {rounds}");
        assert!(
            called.len() * 100 > functions.len() * 95,
            "{} of {}",
            called.len(),
            functions.len()
        );
    }
}
