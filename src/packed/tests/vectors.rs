//! Every recorded answer, with and without an observer.

use super::*;

#[test]
fn every_recorded_row_is_answered_as_recorded() {
    let mut rows = 0;
    for vectors in all_vectors() {
        assert_eq!(vectors.first_failure(), None);
        rows += vectors.rows.len() + vectors.classes.len();
    }
    assert_eq!(rows, 18523 + 1802 + 15214 + 4960 + 2194 + 13359 + 3257 + 819 + 539 + 170);
}

#[test]
fn observing_does_not_change_an_answer() {
    for vectors in all_vectors() {
        let mut watched = Packed::observed(vectors.environment);
        for row in &vectors.rows {
            let found = watched.answer(&row.call);
            assert_eq!(Answer { uses: Uses::NONE, ..found }, row.answer, "{}: {:x?}", vectors.name, row.call);
        }
    }
}
