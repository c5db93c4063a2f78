//! The target `uffd_wp`.

fn main() {
    ptefuzz_afl::run("uffd_wp");
}
