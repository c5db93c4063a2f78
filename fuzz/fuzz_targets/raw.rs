#![no_main]

ptefuzz_fuzz::target!("raw");
