//! The target `mprotect`.

fn main() {
    ptefuzz_afl::run("mprotect");
}
