//! Prints `docs/PROGRAMS.md` from the tables of sites and operations.

fn main() {
    print!("{}", ptefuzz::program::reference());
}
