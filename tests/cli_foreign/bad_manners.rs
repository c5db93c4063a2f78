//! What a library does to its process: a divergence of its own kind with the right site, everything else still checked, and the run ends by itself.

use super::support::{Workshop, code, ptefuzz, signatures, stderr, stdout};

/// A library that does this for the special pte only has this one signature, and all its other calls are checked as well.
fn fails_as(name: &str, extra: &str, signature: &str) {
    let Some(shop) = Workshop::new(name) else { return };
    let library = shop.library("", &format!("if (pte == 4) {{ {extra}; }}"));
    let (output, json) = shop.fuzz(&library, "2000");
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert_eq!(signatures(&json), [signature]);
    assert_eq!(json["programs"], 2000, "the run went on");
    let divergence = &json["divergences"][0];
    assert_eq!(divergence["pre_states"], serde_json::json!(["special"]));
    assert!(json["site_calls"].as_u64() > Some(10_000), "{json:#}");
}

#[test]
fn a_crash_is_a_divergence_named_after_its_signal() {
    fails_as("segv", "*(volatile int *)8 = 1", "move_soft_dirty/crash/SIGSEGV");
    fails_as("abort", "abort()", "move_soft_dirty/crash/SIGABRT");
    fails_as("ill", "__builtin_trap()", "move_soft_dirty/crash/SIGILL");
    fails_as("fpe", "raise(SIGFPE)", "move_soft_dirty/crash/SIGFPE");
}

#[test]
fn a_stack_that_overflows_is_a_crash_as_in_any_c_program() {
    let Some(shop) = Workshop::new("stack") else { return };
    let top = "static int deep(volatile int n) { volatile char c[4096]; c[0] = n; return deep(n + 1) + c[0]; }";
    let library = shop.library(top, "if (pte == 4) deep(0)");
    let (_, json) = shop.fuzz(&library, "2000");
    assert_eq!(signatures(&json), ["move_soft_dirty/crash/SIGSEGV"]);
}

#[test]
fn a_library_that_ends_the_process_diverges_with_its_exit_code() {
    fails_as("exit", "exit(3)", "move_soft_dirty/exit/3");
    fails_as("exit0", "_exit(0)", "move_soft_dirty/exit/0");
}

#[test]
fn a_call_that_never_returns_is_a_timeout_whether_it_works_or_sleeps() {
    fails_as("loop", "for (;;) __asm__ volatile(\"\")", "move_soft_dirty/timeout");
    fails_as("sleep", "for (;;) pause()", "move_soft_dirty/timeout");
}

#[test]
fn a_write_beside_the_answer_is_seen_on_either_side() {
    fails_as("before", "((volatile uint64_t *)out)[-1] = 1", "move_soft_dirty/scribble");
    fails_as("behind", "memset(out, 0, 600)", "move_soft_dirty/crash/SIGSEGV");
}

#[test]
fn a_write_to_the_answer_of_an_earlier_call_is_seen() {
    let Some(shop) = Workshop::new("earlier") else { return };
    let library =
        shop.library("static struct ptefuzz_result *kept;", "if (kept && kept != out) kept->aux = 5; kept = out");
    let (_, json) = shop.fuzz(&library, "200");
    assert_eq!(signatures(&json), ["move_soft_dirty/scribble"]);
}

#[test]
fn an_answer_that_was_not_written_is_not_right_by_luck() {
    let Some(shop) = Workshop::new("unwritten") else { return };
    let library = shop.library("", "if (pte & 1) return 0");
    let (_, json) = shop.fuzz(&library, "200");
    assert!(signatures(&json).iter().all(|s| s.starts_with("move_soft_dirty/pte/")), "{:?}", signatures(&json));
    assert!(!signatures(&json).is_empty());
}

#[test]
fn a_library_that_refuses_what_it_must_answer_diverges() {
    fails_as("refuses", "return -2", "move_soft_dirty/refused/-2");
    fails_as("disowns", "return -1", "move_soft_dirty/refused/-1");
    fails_as("odd", "return 7", "move_soft_dirty/refused/7");
}

#[test]
fn what_a_library_prints_never_reaches_standard_output() {
    let Some(shop) = Workshop::new("prints") else { return };
    let library = shop.library("", "printf(\"saw %llx\\n\", (unsigned long long)pte); fputs(\"oops\\n\", stderr)");
    let (output, json) = shop.fuzz(&library, "300");
    assert_eq!((code(&output), signatures(&json)), (0, Vec::new()), "{}", stdout(&output));
    assert!(stderr(&output).contains("the library printed"), "{}", stderr(&output));
}

#[test]
fn a_library_may_take_every_limit_and_descriptor_from_its_process() {
    let Some(shop) = Workshop::new("limits") else { return };
    let extra = "static int done; if (!done++) { struct rlimit none = {0, 0}; setrlimit(RLIMIT_NOFILE, &none); \
                 setrlimit(RLIMIT_AS, &none); setrlimit(RLIMIT_FSIZE, &none); \
                 setrlimit(RLIMIT_NPROC, &none); for (int fd = 0; fd < 64; fd++) close(fd); }";
    let (output, json) = shop.fuzz(&shop.library("", extra), "300");
    assert_eq!((code(&output), signatures(&json)), (0, Vec::new()), "{}", stderr(&output));
    assert_eq!(json["programs"], 300);
}

#[test]
fn a_library_that_limits_its_own_time_is_killed_and_the_run_goes_on() {
    let Some(shop) = Workshop::new("cpu") else { return };
    let extra =
        "if (pte == 4) { struct rlimit one = {1, 1}; setrlimit(RLIMIT_CPU, &one); for (;;) __asm__ volatile(\"\"); }";
    let (output, json) = shop.fuzz_with(&shop.library("", extra), "300", &["--call-time", "5s"]);
    let found = signatures(&json);
    assert!(found.iter().all(|s| s.starts_with("move_soft_dirty/crash/SIG")), "{found:?}");
    assert_eq!((code(&output), json["programs"].as_u64()), (1, Some(300)));
}

#[test]
fn a_library_that_signals_its_whole_group_does_not_reach_ptefuzz() {
    fails_as("group", "kill(0, SIGKILL)", "move_soft_dirty/crash/SIGKILL");
}

/// Picks one pte in a million by a hash, which has nothing to do with what the pte means. The seed below is one whose run meets one of them.
const HASH: &str = "static uint64_t hash(uint64_t v) { v ^= v >> 32; v *= 0x9e3779b97f4a7c15ull; v ^= v >> 29; \
                    v *= 0xbf58476d1ce4e5b9ull; return v ^ v >> 32; }";

/// A library that does this on one pte in a million is found out, and the run goes on to its end.
fn fails_on_one_in_a_million(name: &str, what: &str, signature: &str) {
    let Some(shop) = Workshop::new(name) else { return };
    let library = shop.library(HASH, &format!("if (hash(pte) % 1000000 == 8) {what}"));
    let subject = shop.subject(&library);
    let arguments = ["fuzz", "--target", "raw", "--seed", "3", "--jobs", "1", "--execs", "30000", "--json"];
    let output = ptefuzz(&[&arguments[..], &["--call-time", "200ms", "--subject", &subject]].concat());
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(signatures(&json), [signature], "{}", stderr(&output));
    assert_eq!((json["divergences"][0]["count"].as_u64(), json["programs"].as_u64()), (Some(1), Some(30_000)));
}

#[test]
fn a_crash_on_one_pte_in_a_million_is_found_and_survived() {
    fails_on_one_in_a_million("rare-crash", "*(volatile int *)8 = 1", "move_soft_dirty/crash/SIGSEGV");
}

#[test]
fn a_loop_on_one_pte_in_a_million_is_found_and_survived() {
    fails_on_one_in_a_million("rare-loop", "for (;;) __asm__ volatile(\"\")", "move_soft_dirty/timeout");
}

#[test]
fn a_library_that_fails_only_after_other_calls_is_said_to_keep_state() {
    let Some(shop) = Workshop::new("state") else { return };
    let library = shop.library("static int seen;", "if (++seen == 10) abort()");
    let (output, json) = shop.fuzz(&library, "50");
    assert_eq!(signatures(&json), ["move_soft_dirty/crash/SIGABRT"]);
    let words = stderr(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("(9 before it are enough): the library keeps state"), "{words}");
}

#[test]
fn a_find_of_every_kind_is_kept_replayed_and_minimised() {
    let Some(shop) = Workshop::new("kept") else { return };
    let library = shop.library("", "if (pte == 4) abort()");
    let finds = shop.dir.join("finds");
    let finds = finds.to_str().expect("UTF-8");
    let (_, json) = shop.fuzz_with(&library, "2000", &["--artifacts", finds]);
    let file = json["divergences"][0]["file"].as_str().expect("a file").to_string();
    let subject = shop.subject(&library);
    let replay = ptefuzz(&["replay", "--subject", &subject, &file]);
    assert_eq!(code(&replay), 1);
    for word in ["move_soft_dirty/crash/SIGABRT", "killed by SIGABRT", "rule"] {
        assert!(stdout(&replay).contains(word), "{}", stdout(&replay));
    }
    let small = ptefuzz(&["minimize", "--subject", &subject, &file]);
    assert_eq!(code(&small), 1);
    assert!(stdout(&small).contains("\nmove_soft_dirty 0x4\n"), "{}", stdout(&small));
}

#[test]
fn two_runs_with_one_seed_print_the_same_whatever_crashes() {
    let Some(shop) = Workshop::new("same") else { return };
    let library = shop.library("", "if ((pte & 0xff000) == 0x1000) abort()");
    let run = || {
        let (_, mut json) = shop.fuzz(&library, "500");
        json.as_object_mut().expect("an object").retain(|key, _| !key.contains("second"));
        json
    };
    assert_eq!(run(), run());
}
