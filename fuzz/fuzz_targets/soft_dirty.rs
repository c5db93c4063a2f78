#![no_main]

ptefuzz_fuzz::target!("soft_dirty");
