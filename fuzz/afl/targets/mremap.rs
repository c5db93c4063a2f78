//! The target `mremap`.

fn main() {
    ptefuzz_afl::run("mremap");
}
