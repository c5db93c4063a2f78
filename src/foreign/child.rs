//! The child: loads the library and answers batches until the parent is gone. `ptefuzz foreign-child LIBRARY`, which nobody types.
//!
//! Its standard input is the shared memory, its standard output and error are a pipe that never blocks and that also tells when the
//! parent is gone. Whatever the library does to this process, the parent sees it from outside.

use super::library::Library;
use super::output::never_block;
use super::shared::{KIND_CLASSIFY, LOADED, Shared, WireAnswer, WireFacts};
use crate::site::{Answer, Call, SiteId};
use std::fs::File;
use std::os::fd::FromRawFd;
use std::path::Path;
use std::sync::atomic::Ordering;

/// Serves one parent; returns only with a reason why it cannot.
pub fn serve(library: &Path) -> String {
    let shared = match attach() {
        Ok(shared) => shared,
        Err(error) => return format!("foreign-child: {error}: expected to be started by ptefuzz itself"),
    };
    quieten();
    watch_parent();
    let none = WireFacts { state: 2, config: 0, special: 0, has_special: 0, classifies: 0 };
    let mut library = match Library::load(library) {
        Ok(library) => library,
        Err(error) => {
            shared.put_facts(none, &error);
            shared.finish(LOADED);
            return String::new();
        }
    };
    let environment = library.environment();
    let facts = WireFacts {
        state: 1,
        config: environment.config as u32,
        special: environment.special.unwrap_or(0),
        has_special: environment.special.is_some() as u32,
        classifies: library.classifies() as u32,
    };
    shared.put_facts(facts, "");
    flush();
    shared.finish(LOADED);
    let mut last = LOADED;
    loop {
        let (number, kind, count) = shared.next_batch(last);
        last = number;
        if kind == KIND_CLASSIFY {
            for index in 0..count {
                shared.progress().store(index as u32 + 1, Ordering::Release);
                let failed = |failure| Answer::failed(failure).uses.0;
                let classified = library.classify(shared.call(index).pte).map_err(|why| why.map_or(0, failed));
                shared.put_classification(index, classified);
            }
        } else {
            answer(&shared, &mut library, count);
        }
        flush();
        shared.finish(number);
    }
}

fn answer(shared: &Shared, library: &mut Library, count: usize) {
    for index in 0..count {
        let call = shared.call(index);
        let Some(site) = SiteId::ALL.get(call.site as usize) else { continue };
        shared.progress().store(index as u32 + 1, Ordering::Release);
        let answer = library.answer(&Call { site: *site, pte: call.pte, p: call.p });
        shared.put_answer(index, WireAnswer { words: [answer.pte, answer.outcome, answer.aux, answer.uses.0] });
    }
}

/// Maps what stands at descriptor 0, and leaves nothing there for a library to write to.
fn attach() -> std::io::Result<Shared> {
    // SAFETY: descriptor 0 is this process's own, and nothing else here uses it.
    let file = unsafe { File::from_raw_fd(0) };
    let shared = Shared::attach(&file)?;
    drop(file);
    // The lowest free descriptor, which is 0 again.
    std::mem::forget(File::open("/dev/null"));
    Ok(shared)
}

/// Signals kill, as they do in a C program; no core is left behind; a full pipe drops what is printed.
fn quieten() {
    never_block(1);
    // SAFETY: plain settings of this process, before the library is in it.
    unsafe {
        for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGPIPE, libc::SIGINT] {
            libc::signal(signal, libc::SIG_DFL);
        }
        libc::setrlimit(libc::RLIMIT_CORE, &libc::rlimit { rlim_cur: 0, rlim_max: 0 });
    }
}

/// Ends this process when nobody reads its output any more: then the parent is gone, however it went.
fn watch_parent() {
    // SAFETY: a descriptor of our own, which the library does not know of.
    let fd = unsafe { libc::dup(1) };
    std::thread::spawn(move || {
        let mut ends = libc::pollfd { fd, events: 0, revents: 0 };
        loop {
            // SAFETY: one record, which outlives the call.
            let n = unsafe { libc::poll(&mut ends, 1, -1) };
            if n > 0 || n < 0 && std::io::Error::last_os_error().kind() != std::io::ErrorKind::Interrupted {
                // SAFETY: ends the process without running anything of the library.
                unsafe { libc::_exit(0) };
            }
        }
    });
}

/// What the library printed goes out now, so that it is not lost in a crash.
fn flush() {
    // SAFETY: flushes every stream of the C library.
    unsafe {
        libc::fflush(std::ptr::null_mut());
    }
}
