//! `ptefuzz completions` and `ptefuzz man`: what a shell and `man` want to know, made from the options themselves.

use super::error::{Failure, print_out};
use super::{Cli, Verdict};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ptefuzz completions bash > ~/.local/share/bash-completion/completions/ptefuzz
  ptefuzz completions fish > ~/.config/fish/completions/ptefuzz.fish
  ptefuzz completions zsh > ~/.zfunc/_ptefuzz")]
pub struct CompletionsOptions {
    /// The shell
    shell: Shell,
}

/// Print the manual page, or that of one command
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ptefuzz man | man -l -
  ptefuzz man > ptefuzz.1
  ptefuzz man fuzz > ptefuzz-fuzz.1")]
pub struct ManOptions {
    /// A command [default: the program as a whole]
    command: Option<String>,
}

/// Prints completions.
///
/// # Errors
///
/// Standard output that cannot be written to.
pub fn completions(options: &CompletionsOptions) -> Result<Verdict, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "ptefuzz", &mut script);
    print_out(&String::from_utf8_lossy(&script))?;
    Ok(Verdict::Clean)
}

/// Prints a manual page.
///
/// # Errors
///
/// A command that there is not, or standard output that cannot be written to.
pub fn man(options: &ManOptions) -> Result<Verdict, Failure> {
    let mut cli = Cli::command();
    cli.build();
    let command = match &options.command {
        None => cli,
        Some(name) => {
            let found = cli.get_subcommands().find(|command| command.get_name() == name && !command.is_hide_set());
            let names: Vec<_> =
                cli.get_subcommands().filter(|c| !c.is_hide_set()).map(|c| c.get_name().to_string()).collect();
            found
                .cloned()
                .ok_or_else(|| Failure::new(format!("man: found {name:?}, expected one of {}", names.join(", "))))?
        }
    };
    let mut page = Vec::new();
    let made = clap_mangen::Man::new(command).render(&mut page);
    made.map_err(|error| Failure::new(format!("man: cannot make the page: {error}")))?;
    print_out(&String::from_utf8_lossy(&page))?;
    Ok(Verdict::Clean)
}
