//! The memory that parent and child share, and the hand-over: calls one way, answers the other.
//!
//! One side writes its part and then counts a word up; the other waits for that, spinning for a moment and then asleep on a futex. The child
//! maps the requests read-only, so that a library can spoil no call; what it can spoil is answers, which are checked anyway.

use super::abi::CLASSIFY_WORDS;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::ptr::{addr_of, addr_of_mut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Calls in one batch at most.
pub const CAPACITY: usize = 1024;
/// Bytes of a message at most.
const TEXT: usize = 2048;
/// How long to spin before sleeping.
const SPIN: Duration = Duration::from_micros(15);

/// The number of the hand-over in which the child says what the library is; batches count on from there.
pub const LOADED: u32 = 1;

/// What a batch asks for.
pub const KIND_CALLS: u32 = 0;
/// As [`KIND_CALLS`]: classify the pte of each call.
pub const KIND_CLASSIFY: u32 = 1;

/// A word in a cache line of its own.
#[repr(C, align(64))]
struct Line(AtomicU32);

/// A call as it is passed on.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct WireCall {
    /// The site's number.
    pub site: u64,
    /// The pte.
    pub pte: u64,
    /// The parameter words.
    pub p: [u64; 3],
}

/// An answer as it is passed back; a failure that the child could see itself is in the uses.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct WireAnswer {
    /// Pte, outcome, aux, uses.
    pub words: [u64; 4],
}

/// What the predicates said of one pte.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct WireClassification {
    /// 1 where the words hold; else what failed, as an answer's uses.
    classified: u64,
    words: [u64; CLASSIFY_WORDS],
}

/// What the child says once the library is loaded.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct WireFacts {
    /// 1: loaded; 2: the text says why not.
    pub state: u32,
    /// The configuration's number.
    pub config: u32,
    /// The special value.
    pub special: u64,
    /// Whether there is one.
    pub has_special: u32,
    /// Whether the library has predicates.
    pub classifies: u32,
}

#[repr(C)]
struct Request {
    go: Line,
    parent_sleeps: Line,
    kind: u32,
    count: u32,
    calls: [WireCall; CAPACITY],
}

#[repr(C)]
struct Response {
    done: Line,
    child_sleeps: Line,
    progress: Line,
    facts: WireFacts,
    text_len: u32,
    text: [u8; TEXT],
    classifications: [WireClassification; CAPACITY],
    answers: [WireAnswer; CAPACITY],
}

const REQUEST_BYTES: usize = size_of::<Request>().next_multiple_of(4096);
const RESPONSE_BYTES: usize = size_of::<Response>().next_multiple_of(4096);

/// Both parts, mapped.
#[derive(Debug)]
pub struct Shared {
    request: *mut Request,
    response: *mut Response,
}

// SAFETY: the memory belongs to whoever owns the mapping; nothing in it is bound to a thread.
unsafe impl Send for Shared {}

impl Shared {
    /// Makes the memory; the file is what the child maps.
    ///
    /// # Errors
    ///
    /// No memory or no descriptors.
    pub fn create() -> io::Result<(Shared, File)> {
        // SAFETY: a name that ends in 0; the descriptor that comes back is ours.
        let file = unsafe {
            let fd = libc::memfd_create(c"ptefuzz".as_ptr(), libc::MFD_CLOEXEC);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            File::from_raw_fd(fd)
        };
        file.set_len((REQUEST_BYTES + RESPONSE_BYTES) as u64)?;
        let shared = Shared::map(&file, libc::PROT_READ | libc::PROT_WRITE)?;
        shared.go().store(LOADED, Ordering::SeqCst);
        Ok((shared, file))
    }

    /// Maps the memory as the child does.
    ///
    /// # Errors
    ///
    /// A file that is not such memory.
    pub fn attach(file: &File) -> io::Result<Shared> {
        if file.metadata()?.len() != (REQUEST_BYTES + RESPONSE_BYTES) as u64 {
            return Err(io::Error::other("not the memory of a ptefuzz of this version"));
        }
        Shared::map(file, libc::PROT_READ)
    }

    fn map(file: &File, request_protection: i32) -> io::Result<Shared> {
        let map = |length: usize, protection: i32, offset: usize| {
            // SAFETY: a new mapping of a file that is as long as this, at an address that the kernel chooses.
            let address = unsafe {
                let offset = offset as libc::off_t;
                libc::mmap(std::ptr::null_mut(), length, protection, libc::MAP_SHARED, file.as_raw_fd(), offset)
            };
            if address == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(address) }
        };
        let request = map(REQUEST_BYTES, request_protection, 0)?.cast();
        let response = map(RESPONSE_BYTES, libc::PROT_READ | libc::PROT_WRITE, REQUEST_BYTES)?.cast();
        Ok(Shared { request, response })
    }

    fn word(&self, line: *const Line) -> &AtomicU32 {
        // SAFETY: every line is inside the mapping, which lives as long as `self`, and is only ever used as an atomic.
        unsafe { &(*line).0 }
    }

    fn go(&self) -> &AtomicU32 {
        // SAFETY: only an address inside the mapping.
        self.word(unsafe { addr_of!((*self.request).go) })
    }

    fn parent_sleeps(&self) -> &AtomicU32 {
        // SAFETY: only an address inside the mapping.
        self.word(unsafe { addr_of!((*self.request).parent_sleeps) })
    }

    fn done(&self) -> &AtomicU32 {
        // SAFETY: only an address inside the mapping.
        self.word(unsafe { addr_of!((*self.response).done) })
    }

    fn child_sleeps(&self) -> &AtomicU32 {
        // SAFETY: only an address inside the mapping.
        self.word(unsafe { addr_of!((*self.response).child_sleeps) })
    }

    /// How many calls of the batch the child has begun.
    pub fn progress(&self) -> &AtomicU32 {
        // SAFETY: only an address inside the mapping.
        self.word(unsafe { addr_of!((*self.response).progress) })
    }

    /// Parent: writes a batch, at most [`CAPACITY`] calls of it, and gives their number.
    pub fn put_calls(&self, kind: u32, calls: impl Iterator<Item = WireCall>) -> usize {
        let mut count = 0;
        // SAFETY: inside the mapping; the child reads none of it before `start`.
        unsafe {
            let to = addr_of_mut!((*self.request).calls).cast::<WireCall>();
            for call in calls.take(CAPACITY) {
                to.add(count).write(call);
                count += 1;
            }
            addr_of_mut!((*self.request).kind).write(kind);
            addr_of_mut!((*self.request).count).write(count as u32);
        }
        self.progress().store(0, Ordering::Relaxed);
        count
    }

    /// Parent: hands the batch over and gives the number that [`Shared::is_done`] asks with.
    pub fn start(&self) -> u32 {
        let number = self.go().load(Ordering::Relaxed).wrapping_add(1);
        self.go().store(number, Ordering::SeqCst);
        if self.child_sleeps().load(Ordering::SeqCst) != 0 {
            futex_wake(self.go());
        }
        number
    }

    /// Parent: whether batch `number` is answered.
    pub fn is_done(&self, number: u32) -> bool {
        self.done().load(Ordering::Acquire) == number
    }

    /// Parent: spins until batch `number` is answered or it has been a while.
    pub fn spin_done(&self, number: u32) -> bool {
        spin(|| self.is_done(number))
    }

    /// Parent: sleeps until batch `number` is answered or the time is over.
    pub fn sleep_done(&self, number: u32, time: Duration) {
        let seen = self.done().load(Ordering::SeqCst);
        self.parent_sleeps().store(1, Ordering::SeqCst);
        if seen != number {
            futex_wait(self.done(), seen, time);
        }
        self.parent_sleeps().store(0, Ordering::SeqCst);
    }

    /// Parent: an answer of the batch; `index` below [`CAPACITY`].
    pub fn answer(&self, index: usize) -> WireAnswer {
        debug_assert!(index < CAPACITY);
        // SAFETY: inside the mapping; plain words.
        unsafe { addr_of!((*self.response).answers).cast::<WireAnswer>().add(index % CAPACITY).read_volatile() }
    }

    /// Parent: a classification of the batch, or what the child says of why there is none; `index` below [`CAPACITY`].
    pub fn classification(&self, index: usize) -> Result<[u64; CLASSIFY_WORDS], u64> {
        debug_assert!(index < CAPACITY);
        // SAFETY: inside the mapping; plain words.
        let WireClassification { classified, words } = unsafe {
            let from = addr_of!((*self.response).classifications).cast::<WireClassification>();
            from.add(index % CAPACITY).read_volatile()
        };
        if classified == 1 { Ok(words) } else { Err(classified) }
    }

    /// Parent: what the child said of the library, and its message.
    pub fn facts(&self) -> (WireFacts, String) {
        // SAFETY: inside the mapping; plain words and bytes.
        let (facts, len, text) = unsafe {
            (
                addr_of!((*self.response).facts).read_volatile(),
                addr_of!((*self.response).text_len).read_volatile(),
                addr_of!((*self.response).text).read_volatile(),
            )
        };
        (facts, String::from_utf8_lossy(&text[..(len as usize).min(TEXT)]).into_owned())
    }

    /// Child: says what there is to say of the library.
    pub fn put_facts(&self, facts: WireFacts, message: &str) {
        let bytes = &message.as_bytes()[..message.len().min(TEXT)];
        // SAFETY: inside the mapping, and as long as the text's field; the parent reads none of it before `finish`.
        unsafe {
            addr_of_mut!((*self.response).text).cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            addr_of_mut!((*self.response).text_len).write(bytes.len() as u32);
            addr_of_mut!((*self.response).facts).write(facts);
        }
    }

    /// Child: waits for a batch after number `last`; its number, kind and length.
    pub fn next_batch(&self, last: u32) -> (u32, u32, usize) {
        while !spin(|| self.go().load(Ordering::Acquire) != last) {
            self.child_sleeps().store(1, Ordering::SeqCst);
            if self.go().load(Ordering::SeqCst) == last {
                futex_wait(self.go(), last, Duration::from_secs(1));
            }
            self.child_sleeps().store(0, Ordering::SeqCst);
        }
        let number = self.go().load(Ordering::Acquire);
        // SAFETY: inside the mapping; the parent has written it before it counted up.
        let (kind, count) = unsafe { ((*self.request).kind, (*self.request).count) };
        (number, kind, (count as usize).min(CAPACITY))
    }

    /// Child: a call of the batch; `index` below its length.
    pub fn call(&self, index: usize) -> WireCall {
        // SAFETY: inside the mapping; the parent does not write while a batch is out.
        unsafe { addr_of!((*self.request).calls).cast::<WireCall>().add(index % CAPACITY).read() }
    }

    /// Child: the answer to a call of the batch.
    pub fn put_answer(&self, index: usize, answer: WireAnswer) {
        // SAFETY: inside the mapping; the parent reads it after `finish`, or when this process is gone.
        unsafe { addr_of_mut!((*self.response).answers).cast::<WireAnswer>().add(index % CAPACITY).write(answer) }
    }

    /// Child: a classification of the batch, or why there is none.
    pub fn put_classification(&self, index: usize, result: Result<[u64; CLASSIFY_WORDS], u64>) {
        let (classified, words) = match result {
            Ok(words) => (1, words),
            Err(failure) => (failure, [0; CLASSIFY_WORDS]),
        };
        // SAFETY: inside the mapping; the parent reads it after `finish`, or when this process is gone.
        unsafe {
            let to = addr_of_mut!((*self.response).classifications).cast::<WireClassification>();
            to.add(index % CAPACITY).write(WireClassification { classified, words });
        }
    }

    /// Child: hands the answers over.
    pub fn finish(&self, number: u32) {
        self.done().store(number, Ordering::SeqCst);
        if self.parent_sleeps().load(Ordering::SeqCst) != 0 {
            futex_wake(self.done());
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: what `map` mapped, and nothing refers to it any more.
        unsafe {
            libc::munmap(self.request.cast(), REQUEST_BYTES);
            libc::munmap(self.response.cast(), RESPONSE_BYTES);
        }
    }
}

fn spin(ready: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    loop {
        for _ in 0..32 {
            if ready() {
                return true;
            }
            std::hint::spin_loop();
        }
        if start.elapsed() >= SPIN {
            return ready();
        }
    }
}

/// Sleeps while the word is `seen`, but not longer than `time`.
fn futex_wait(word: &AtomicU32, seen: u32, time: Duration) {
    let time = libc::timespec { tv_sec: time.as_secs() as libc::time_t, tv_nsec: time.subsec_nanos() as libc::c_long };
    // SAFETY: the word lives as long as the call; the kernel only reads it.
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, seen, &raw const time);
    }
}

fn futex_wake(word: &AtomicU32) {
    // SAFETY: the kernel only takes the address.
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, 1);
    }
}
