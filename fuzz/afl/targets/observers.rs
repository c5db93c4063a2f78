//! The target `observers`.

fn main() {
    ptefuzz_afl::run("observers");
}
