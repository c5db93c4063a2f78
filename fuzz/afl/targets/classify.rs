//! The target `classify`.

fn main() {
    ptefuzz_afl::run("classify");
}
