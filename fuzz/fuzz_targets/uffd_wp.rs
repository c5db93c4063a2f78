#![no_main]

ptefuzz_fuzz::target!("uffd_wp");
