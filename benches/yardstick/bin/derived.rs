//! The yardstick under libFuzzer.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ptefuzz_yardstick::{Input, run, start};

fuzz_target!(init: start(), |input: Input| run(&input));
