//! The target `ranges`.

fn main() {
    ptefuzz_afl::run("ranges");
}
