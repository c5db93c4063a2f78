#![no_main]

ptefuzz_fuzz::target!("ranges");
