//! The yardstick under AFL++.

use ptefuzz_yardstick::{Input, run, start};

fn main() {
    start();
    afl::fuzz!(|input: Input| run(&input));
}
