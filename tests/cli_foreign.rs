//! C libraries as subjects: what is wrong with one is said once and clearly, and what one does to its process is a divergence and not the end.

#[path = "cli_foreign/support.rs"]
mod support;

#[path = "cli_foreign/bad_files.rs"]
mod bad_files;
#[path = "cli_foreign/bad_manners.rs"]
mod bad_manners;
#[path = "cli_foreign/facts.rs"]
mod facts;
#[path = "cli_foreign/uses.rs"]
mod uses;
