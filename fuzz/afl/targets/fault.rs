//! The target `fault`.

fn main() {
    ptefuzz_afl::run("fault");
}
