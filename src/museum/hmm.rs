//! Bugs of mm/hmm.c: what a device is told of a pte.

use super::Bug;
use crate::packed::Packed;
use crate::site::SiteId;

pub(super) const R01: Bug = Bug {
    mistake: "hmm_vma_handle_pte() decodes the special pte: it asks for none and for present, and takes the rest for entries",
    harm: "none on x86_64, where it decodes to a swap slot by luck; with the markers of v5.19 in its place, -EFAULT for the device",
    also: &["M56"],
    ..Bug::missed("R01", "hmm-decodes-special", SiteId::HmmV3, Packed::hmm_rfc)
};
