//! The target `soft_dirty`.

fn main() {
    ptefuzz_afl::run("soft_dirty");
}
