//! The interactive shell as a process: at the end of a pipe, and at a terminal.

mod pipe;
mod terminal;
