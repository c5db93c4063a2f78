//! Bugs of follow_page_pte() in mm/gup.c.

use super::Bug;
use crate::packed::Packed;
use crate::site::SiteId;

pub(super) const R02: Bug = Bug {
    mistake: "follow_page_pte() decodes the special pte when it may wait for a migration",
    harm: "none on x86_64, where it decodes to no migration entry by luck; elsewhere KSM waits for a page that does not migrate",
    ..Bug::missed("R02", "gup-decodes-special", SiteId::GupV3, Packed::gup)
};
