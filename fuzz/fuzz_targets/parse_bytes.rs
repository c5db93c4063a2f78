#![no_main]

ptefuzz_fuzz::parser!("parse_bytes");
