//! The target `raw`.

fn main() {
    ptefuzz_afl::run("raw");
}
