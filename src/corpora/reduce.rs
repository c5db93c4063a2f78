//! The smallest set of programs with the same cells, as far as a greedy choice finds it.

use super::Entry;
use crate::engine::CellSet;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The programs of a smaller corpus that reaches the same cells, by index, in order.
///
/// The program with most cells that are not reached yet is taken, of two alike the smaller one; at the end, those whose cells the others reach as
/// well go. That is the usual approximation of a set cover, which itself is hard.
pub fn reduce(entries: &[Entry]) -> Vec<usize> {
    let sizes: Vec<_> = entries.iter().map(Entry::size).collect();
    let rank = |at: usize, gain: usize| (gain, Reverse(sizes[at]), Reverse(at));
    let mut reached = CellSet::default();
    let mut heap: BinaryHeap<_> = entries.iter().enumerate().map(|(at, entry)| rank(at, entry.cells.len())).collect();
    let mut chosen = Vec::new();
    while let Some((gain, _, Reverse(at))) = heap.pop() {
        let now = entries[at].cells.iter().filter(|cell| !reached.contains(**cell)).count();
        if now == 0 {
            continue;
        }
        // A gain only shrinks: what still leads with its true one is the best of all.
        if now < gain && heap.peek().is_some_and(|next| *next > rank(at, now)) {
            heap.push(rank(at, now));
            continue;
        }
        chosen.push(at);
        for cell in &entries[at].cells {
            reached.insert(*cell);
        }
    }
    without_idle(entries, chosen, &sizes)
}

/// Leaves out programs that later choices made needless, the largest first.
fn without_idle(entries: &[Entry], mut chosen: Vec<usize>, sizes: &[(usize, usize)]) -> Vec<usize> {
    let mut times = vec![0u32; crate::engine::Coverage::CELLS];
    for at in &chosen {
        entries[*at].cells.iter().for_each(|cell| times[*cell as usize] += 1);
    }
    chosen.sort_by_key(|at| Reverse((sizes[*at], *at)));
    chosen.retain(|at| {
        let cells = &entries[*at].cells;
        let needed = cells.iter().any(|cell| times[*cell as usize] == 1);
        if !needed {
            cells.iter().for_each(|cell| times[*cell as usize] -= 1);
        }
        needed
    });
    chosen.sort_unstable();
    chosen
}
