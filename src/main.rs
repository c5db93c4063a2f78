//! The `ptefuzz` program.

fn main() {}
