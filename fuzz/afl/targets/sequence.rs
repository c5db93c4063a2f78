//! The target `sequence`.

fn main() {
    ptefuzz_afl::run("sequence");
}
