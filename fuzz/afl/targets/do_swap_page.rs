//! The target `do_swap_page`.

fn main() {
    ptefuzz_afl::run("do_swap_page");
}
