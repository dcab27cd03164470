//! Faults put in on purpose, to see that each kind of fault is found. They are not fed with the others.

use std::hint::black_box;

use super::{Target, promise};

/// The input that each of them cannot stand; it is the first one that they get.
const BAD: &[u8] = b"some bad input";

const HARMLESS: Target = Target {
    name: "",
    run: |_, _| Ok(()),
    seeds: || vec![BAD.to_vec()],
    generate: None,
    words: Vec::new,
};

pub const TARGETS: &[Target] = &[
    Target {
        name: "planted-violation",
        run: |input, _| promise(!input.ends_with(b"bad input"), || "planted".to_owned()),
        ..HARMLESS
    },
    Target {
        name: "planted-panic",
        run: |input, _| {
            assert!(!input.ends_with(b"bad input"), "planted");
            Ok(())
        },
        ..HARMLESS
    },
    Target {
        name: "planted-loop",
        run: |input, _| {
            while black_box(input) == BAD {}
            Ok(())
        },
        ..HARMLESS
    },
    Target {
        name: "planted-recursion",
        run: |input, _| {
            black_box(descend(input));
            Ok(())
        },
        ..HARMLESS
    },
    Target {
        name: "planted-allocation",
        run: |input, _| {
            if input == BAD {
                black_box(Vec::<u8>::with_capacity(1 << 34));
            }
            Ok(())
        },
        ..HARMLESS
    },
];

fn descend(input: &[u8]) -> u64 {
    match input == BAD {
        true => black_box(descend(black_box(input))) + 1,
        false => 0,
    }
}
