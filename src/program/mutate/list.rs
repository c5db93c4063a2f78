//! Moves that know nothing of what a program is made of: they change the order and the number of its parts.

use crate::program::Rng;

/// Puts parts in at a place, as many as there is room for; into a full list, over what stands there.
pub(super) fn insert<T: Copy>(list: &mut Vec<T>, at: usize, parts: &[T], max: usize) {
    let at = at.min(list.len());
    let room = max.saturating_sub(list.len());
    if room == 0 {
        list.iter_mut().skip(at).zip(parts).for_each(|(old, new)| *old = *new);
        return;
    }
    list.splice(at..at, parts.iter().copied().take(room));
}

/// A place to insert at: the end often, since what comes last sees the states that the rest made.
pub(super) fn place<T>(list: &[T], rng: &mut Rng) -> usize {
    if rng.chance(96) { list.len() } else { rng.below(list.len() as u32 + 1) as usize }
}

/// A run of parts: its start and its end, short mostly.
fn run<T>(list: &[T], rng: &mut Rng) -> (usize, usize) {
    let start = rng.below(list.len() as u32) as usize;
    let n = if rng.chance(208) { 1 + rng.below(3) } else { 1 + rng.below(list.len() as u32) };
    (start, (start + n as usize).min(list.len()))
}

/// Takes a run of parts out.
pub(super) fn delete<T: Copy>(list: &mut Vec<T>, rng: &mut Rng) {
    let (start, end) = run(list, rng);
    list.drain(start..end);
}

/// Repeats a run of parts somewhere.
pub(super) fn duplicate<T: Copy>(list: &mut Vec<T>, max: usize, rng: &mut Rng) {
    let (start, end) = run(list, rng);
    let at = place(list, rng);
    let n = (end - start).min(max.saturating_sub(list.len()));
    list.extend_from_within(start..start + n);
    let from = list.len() - n;
    list[at.min(from)..].rotate_right(n);
}

/// Changes the order: two parts for each other, or a run to another place.
pub(super) fn reorder<T: Copy>(list: &mut [T], rng: &mut Rng) {
    let n = list.len() as u32;
    if rng.chance(128) {
        list.swap(rng.below(n) as usize, rng.below(n) as usize);
        return;
    }
    let (start, end) = run(list, rng);
    let to = rng.below(n) as usize;
    if to < start {
        list[to..end].rotate_right(end - start);
    } else {
        list[start..end.max(to)].rotate_left((end - start) % (end.max(to) - start).max(1));
    }
}

/// Crosses two lists into the first: its beginning with the other's end, or a run of the other somewhere in it.
pub(super) fn cross<T: Copy>(list: &mut Vec<T>, other: &[T], max: usize, rng: &mut Rng) {
    if !other.is_empty() {
        if rng.chance(128) {
            list.truncate(rng.below(list.len() as u32 + 1) as usize);
            let from = rng.below(other.len() as u32) as usize;
            insert(list, list.len(), &other[from..], max);
        } else {
            let (start, end) = run(other, rng);
            let at = place(list, rng);
            insert(list, at, &other[start..end], max);
        }
    }
    list.truncate(max);
}
