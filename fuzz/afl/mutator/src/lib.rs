//! The library's mutator in AFL++'s custom mutator interface (docs/custom_mutators.md of AFL++), for AFL_CUSTOM_MUTATOR_LIBRARY.
//!
//! PTEFUZZ_TARGET says whose programs are made (default: sequence); the other variables are those of the targets. AFL++ calls it for a stage of its own and
//! for most steps of its havoc stage; what is left to havoc is one step in eight.

use ptefuzz::program::{Mutator, Rng};
use ptefuzz::target::{Harness, Settings, Target};
use std::ffi::{c_uchar, c_uint, c_void};

/// Of a hundred steps of the havoc stage, so many are ours: seven in eight.
const HAVOC_SHARE: c_uchar = 88;
/// One stage mutation in so many is a crossover with the input that AFL++ offers.
const CROSS_EVERY: u32 = 4;

/// What [`afl_custom_init`] gives to AFL++.
pub struct State {
    mutator: Mutator,
    rng: Rng,
    out: Vec<u8>,
}

fn state(seed: u64) -> Result<State, String> {
    let name = std::env::var("PTEFUZZ_TARGET").ok().filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| "sequence".to_string());
    let expected = || format!("PTEFUZZ_TARGET: found {name:?}, expected {}", Target::names());
    let target = Target::by_name(&name).ok_or_else(expected)?;
    let settings = Settings::from_env()?;
    // The same check that the target itself makes.
    Harness::new(target, settings.clone())?;
    Ok(State { mutator: target.mutator(settings.environment), rng: Rng::new(seed), out: Vec::new() })
}

impl State {
    /// A mutation of `input`, or a crossover with `other`, of at most `max` bytes.
    fn next(&mut self, input: &[u8], other: &[u8], max: usize) -> &mut [u8] {
        let seed = self.rng.next();
        self.out.resize(max, 0);
        let size = if !other.is_empty() && self.rng.below(CROSS_EVERY) == 0 {
            self.mutator.crossover(input, other, &mut self.out, seed)
        } else {
            let size = input.len().min(max);
            self.out[..size].copy_from_slice(&input[..size]);
            self.mutator.mutate(&mut self.out, size, max, seed)
        };
        &mut self.out[..size]
    }
}

/// Sets the mutator up. A variable that says something else than it can: one message, exit code 2.
#[unsafe(no_mangle)]
pub extern "C" fn afl_custom_init(_afl: *mut c_void, seed: c_uint) -> *mut State {
    match state(seed as u64) {
        Ok(state) => Box::into_raw(Box::new(state)),
        Err(message) => {
            eprintln!("ptefuzz: {message}");
            std::process::exit(2);
        }
    }
}

/// One mutation of the custom stage. Gives its size and, in `out_buf`, where it is: valid until the next call.
///
/// # Safety
///
/// As AFL++ calls it: `data` comes from [`afl_custom_init`], the buffers have the sizes that stand beside them, `out_buf` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afl_custom_fuzz(
    data: *mut State,
    buf: *mut c_uchar,
    buf_size: usize,
    out_buf: *mut *mut c_uchar,
    add_buf: *mut c_uchar,
    add_buf_size: usize,
    max_size: usize,
) -> usize {
    // SAFETY: what the caller promises; both inputs are only read, and none of them is part of the state.
    unsafe {
        let (input, other) = (bytes(buf, buf_size), bytes(add_buf, add_buf_size));
        let made = (*data).next(input, other, max_size);
        *out_buf = made.as_mut_ptr();
        made.len()
    }
}

/// One step of the havoc stage, as [`afl_custom_fuzz`].
///
/// # Safety
///
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afl_custom_havoc_mutation(
    data: *mut State,
    buf: *mut c_uchar,
    buf_size: usize,
    out_buf: *mut *mut c_uchar,
    max_size: usize,
) -> usize {
    // SAFETY: as in afl_custom_fuzz(), with nothing to cross with.
    unsafe { afl_custom_fuzz(data, buf, buf_size, out_buf, std::ptr::null_mut(), 0, max_size) }
}

/// How many of a hundred havoc steps are ours.
#[unsafe(no_mangle)]
pub extern "C" fn afl_custom_havoc_mutation_probability(_data: *mut State) -> c_uchar {
    HAVOC_SHARE
}

/// Frees what [`afl_custom_init`] made.
///
/// # Safety
///
/// `data` comes from there and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afl_custom_deinit(data: *mut State) {
    if !data.is_null() {
        // SAFETY: what the caller promises.
        drop(unsafe { Box::from_raw(data) });
    }
}

/// A buffer of AFL++ as a slice; one that is not there is empty.
///
/// # Safety
///
/// `buf` is null or has `size` bytes that nobody writes to meanwhile.
unsafe fn bytes<'a>(buf: *const c_uchar, size: usize) -> &'a [u8] {
    if buf.is_null() {
        return &[];
    }
    // SAFETY: what the caller promises.
    unsafe { std::slice::from_raw_parts(buf, size) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_afl_gets_is_a_program_within_its_limit_and_the_buffer_outlives_the_call() {
        let state = afl_custom_init(std::ptr::null_mut(), 7);
        let mut input = b"ptefuzz 1\nvma 0..16 anon rw\nwrite 3\n".to_vec();
        let mut other = input.clone();
        for max in [0, 3, 12, 100, 2052] {
            for _ in 0..100 {
                let mut out = std::ptr::null_mut();
                // SAFETY: buffers and sizes belong together, the state is ours.
                let made = unsafe {
                    let (a, b) = (input.as_mut_ptr(), other.as_mut_ptr());
                    let size = afl_custom_fuzz(state, a, input.len(), &mut out, b, other.len(), max);
                    bytes(out, size)
                };
                assert!(made.len() <= max);
                assert!(max < 12 || ptefuzz::program::Program::read(made).is_ok());
            }
        }
        // SAFETY: made above, and not used again.
        unsafe { afl_custom_deinit(state) };
    }
}
