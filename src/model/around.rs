//! Sites 18 to 45: what surrounds the patch.

use super::Model;
use crate::site::{Answer, Call};

/// The answer of a site from `fork` on.
pub(super) fn answer_around(_model: &Model, _call: &Call) -> Answer {
    Answer::default()
}
