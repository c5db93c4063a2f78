#![no_main]

ptefuzz_fuzz::target!("mprotect");
