#![no_main]

ptefuzz_fuzz::target!("do_swap_page");
