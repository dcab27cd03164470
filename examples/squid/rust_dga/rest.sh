#!/bin/sh
# Starts the model. The program is what `cargo build --release --package alidade-example-rust-dga` has made, copied beside
# this script.
exec ./alidade-example-rust-dga
