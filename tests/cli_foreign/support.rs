//! Compiles small C libraries and runs ptefuzz on them.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// A library that has one site, mremap's, and does it right. `EXTRA` runs inside it, before the answer; `TOP` stands above it.
const ONE_SITE: &str = r#"
#define _GNU_SOURCE
#include "ptefuzz.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
TOP
#ifndef VERSION
#define VERSION PTEFUZZ_ABI_VERSION
#endif
uint32_t ptefuzz_abi_version(void) { return VERSION; }
int ptefuzz_apply(uint32_t op, uint64_t pte, uint64_t p0, uint64_t p1, uint64_t p2, struct ptefuzz_result *out)
{
  (void)p0; (void)p1; (void)p2;
  if (op != PTEFUZZ_MOVE_SOFT_DIRTY) return -1;
  EXTRA;
  out->pte = pte;
  out->outcome = 0;
  out->aux = 0;
  if (!(pte & ~0x60ull) || pte == 4) return 0;
  out->pte |= pte & 0x101 ? 1 << 11 : 2;
  return 0;
}
"#;

/// A fresh directory with the header in it, and the libraries made there.
pub struct Workshop {
    pub dir: PathBuf,
}

impl Workshop {
    /// `None`, with a message, where there is no C compiler.
    pub fn new(name: &str) -> Option<Workshop> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if Command::new("cc").arg("--version").output().is_err() {
            println!("test skipped: no C compiler `cc` here");
            return None;
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("foreign-{name}-{number}"));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).expect("a directory for the test");
        let header = ptefuzz(&["header"]);
        std::fs::write(dir.join("ptefuzz.h"), header.stdout).expect("the header");
        Some(Workshop { dir })
    }

    /// Compiles a C text with these arguments into a file of this name, and gives its path.
    pub fn compile(&self, name: &str, text: &str, arguments: &[&str]) -> PathBuf {
        let source = self.dir.join(format!("{name}.c"));
        std::fs::write(&source, text).expect("the source");
        let out = self.dir.join(name);
        let run =
            Command::new("cc").arg("-O1").args(arguments).arg("-o").arg(&out).arg(&source).output().expect("cc runs");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        out
    }

    /// A shared library with one site that does `extra` first, with `top` above.
    pub fn library(&self, top: &str, extra: &str) -> PathBuf {
        let text = ONE_SITE.replace("TOP", top).replace("EXTRA", extra);
        self.compile("lib.so", &text, &["-shared", "-fPIC"])
    }

    /// The library as a subject.
    pub fn subject(&self, library: &Path) -> String {
        format!("foreign:{}", library.display())
    }

    /// Fuzzes a library's one site with raw calls, and gives the whole output and its JSON.
    pub fn fuzz(&self, library: &Path, execs: &str) -> (Output, Value) {
        self.fuzz_with(library, execs, &[])
    }

    /// As [`Workshop::fuzz`], with further arguments.
    pub fn fuzz_with(&self, library: &Path, execs: &str, more: &[&str]) -> (Output, Value) {
        let subject = self.subject(library);
        let mut arguments = vec!["fuzz", "--target", "raw", "--seed", "1", "--jobs", "1", "--execs", execs, "--json"];
        arguments.extend(["--subject", &subject]);
        if !more.contains(&"--call-time") {
            arguments.extend(["--call-time", "100ms"]);
        }
        arguments.extend(more);
        let output = ptefuzz(&arguments);
        let json = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}\n{}\n{}", stdout(&output), stderr(&output)));
        (output, json)
    }
}

pub fn ptefuzz(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ptefuzz"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program starts")
}

pub fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The signatures of a run, sorted.
pub fn signatures(json: &Value) -> Vec<String> {
    let divergences = json["divergences"].as_array().expect("divergences");
    let mut names: Vec<String> =
        divergences.iter().filter_map(|d| d["signature"].as_str().map(str::to_string)).collect();
    names.sort();
    names
}
