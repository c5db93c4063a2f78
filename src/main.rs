//! The `ptefuzz` program: parse, dispatch, exit code.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run()
}
