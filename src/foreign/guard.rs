//! Memory that is lent to a library to write its answer to, and that shows when it wrote anywhere else.
//!
//! Answers lie at the end of a page, in front of one that cannot be touched: writing too far is a crash at once. Several are lent in turn, and
//! everything around the one that is lent holds a pattern: writing too early, or to an answer of an earlier call, shows when it comes back.

use std::io;

const PAGE: usize = 4096;
/// Answers that are lent in turn.
const SLOTS: usize = 8;
/// Words in front of the first slot.
const MARGIN: usize = 8;

/// Slots of `N` words each.
#[derive(Debug)]
pub struct Guard<const N: usize> {
    page: *mut u64,
    next: usize,
}

impl<const N: usize> Guard<N> {
    const WORDS: usize = MARGIN + SLOTS * N;

    /// Fresh memory.
    ///
    /// # Errors
    ///
    /// No memory.
    pub fn new() -> io::Result<Guard<N>> {
        const { assert!((MARGIN + SLOTS * N) * 8 <= PAGE) };
        // SAFETY: a new private mapping at an address that the kernel chooses.
        let page = unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            libc::mmap(std::ptr::null_mut(), 2 * PAGE, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0)
        };
        if page == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the second of the two pages that were just mapped.
        if unsafe { libc::mprotect(page.byte_add(PAGE), PAGE, libc::PROT_NONE) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let guard = Guard { page: page.cast(), next: 0 };
        guard.words().iter_mut().enumerate().for_each(|(i, word)| *word = pattern(i));
        Ok(guard)
    }

    /// The guarded words: the last of the page.
    #[allow(clippy::mut_from_ref, reason = "private, and no two of these slices are alive at a time")]
    fn words(&self) -> &mut [u64] {
        // SAFETY: inside the mapped page, which lives as long as `self`; the library only writes there while none of these slices is alive.
        unsafe { std::slice::from_raw_parts_mut(self.page.add(PAGE / 8 - Self::WORDS), Self::WORDS) }
    }

    /// The slot to write the next answer to.
    pub fn lend(&mut self) -> *mut u64 {
        self.next = (self.next + 1) % SLOTS;
        // SAFETY: inside the mapped page.
        unsafe { self.page.add(PAGE / 8 - Self::WORDS + MARGIN + self.next * N) }
    }

    /// What was written to the slot that was lent last, or nothing if something else was written to. What the library left unwritten is a
    /// pattern that is no answer.
    pub fn take(&mut self) -> Option<[u64; N]> {
        let start = MARGIN + self.next * N;
        let words = self.words();
        let mut answer = [0; N];
        answer.copy_from_slice(&words[start..start + N]);
        for (i, word) in words[start..start + N].iter_mut().enumerate() {
            *word = pattern(start + i);
        }
        let wrong = words.iter().enumerate().fold(0, |wrong, (i, word)| wrong | *word ^ pattern(i));
        if wrong != 0 {
            words.iter_mut().enumerate().for_each(|(i, word)| *word = pattern(i));
            return None;
        }
        Some(answer)
    }
}

impl<const N: usize> Drop for Guard<N> {
    fn drop(&mut self) {
        // SAFETY: the two pages that `new` mapped, and nothing refers to them any more.
        unsafe {
            libc::munmap(self.page.cast(), 2 * PAGE);
        }
    }
}

/// What stands in a word that nothing was written to.
const fn pattern(i: usize) -> u64 {
    0x5ca3_a55c_c35a_3ac5 ^ (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes one word at an offset from the slot that is lent.
    fn write_at(guard: &mut Guard<3>, offset: isize) -> Option<[u64; 3]> {
        let slot = guard.lend();
        // SAFETY: the offsets of these tests stay inside the page.
        unsafe { slot.offset(offset).write(7) };
        guard.take()
    }

    #[test]
    fn what_is_written_to_the_slot_comes_back() {
        let mut guard = Guard::<3>::new().expect("memory");
        for _ in 0..20 {
            for word in 0..3 {
                assert_eq!(write_at(&mut guard, word).map(|answer| answer[word as usize]), Some(7));
            }
        }
    }

    #[test]
    fn what_is_written_beside_the_slot_is_noticed_and_forgotten() {
        let mut guard = Guard::<3>::new().expect("memory");
        assert_eq!(write_at(&mut guard, -1), None);
        assert!(write_at(&mut guard, 0).is_some());
        assert_eq!(write_at(&mut guard, 3), None);
        assert!(write_at(&mut guard, 0).is_some());
    }

    #[test]
    fn an_answer_that_was_not_written_is_no_small_number() {
        let mut guard = Guard::<3>::new().expect("memory");
        guard.lend();
        assert!(guard.take().is_some_and(|answer| answer.iter().all(|word| *word > 1 << 48)));
    }
}
