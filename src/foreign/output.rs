//! What a library prints, kept out of the way: the child's standard output and error go into a pipe that never blocks it.

use std::io::{PipeReader, Read};
use std::os::fd::AsRawFd;

/// Bytes of the last output that are kept.
const KEPT: usize = 4096;

/// The reading end, and the end of what came through it.
#[derive(Debug, Default)]
pub struct Output {
    pipe: Option<PipeReader>,
    last: Vec<u8>,
    /// Bytes seen in all.
    seen: u64,
}

impl Output {
    /// Reads from this pipe from now on.
    pub fn follow(&mut self, pipe: PipeReader) {
        never_block(pipe.as_raw_fd());
        self.drain();
        self.pipe = Some(pipe);
    }

    /// Takes what there is.
    pub fn drain(&mut self) {
        let Some(pipe) = &mut self.pipe else { return };
        let mut buffer = [0; 8192];
        // A library can print faster than this reads: once round is enough, the pipe drops what it has no room for.
        for _ in 0..16 {
            match pipe.read(&mut buffer) {
                Ok(n) if n > 0 => {
                    self.seen += n as u64;
                    self.last.extend_from_slice(&buffer[..n]);
                    let excess = self.last.len().saturating_sub(KEPT);
                    self.last.drain(..excess);
                }
                _ => break,
            }
        }
    }

    /// Bytes seen in all.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The last line that was printed, with nothing in it that a terminal could take for an order.
    pub fn last_line(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.last);
        let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
        Some(line.trim().chars().filter(|c| !c.is_control()).take(200).collect())
    }
}

/// Makes reads and writes of a descriptor return instead of waiting.
pub fn never_block(fd: i32) {
    // SAFETY: plain flags of a descriptor.
    unsafe {
        let flags = libc::fcntl(fd, libc::F_GETFL);
        libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK);
    }
}
