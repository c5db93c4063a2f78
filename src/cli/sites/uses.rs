//! The uses that a site may make of ptes, gathered by the class of its input.

use ptefuzz::pte::{Class, ClassSet};
use ptefuzz::site::{Site, Use};

/// A kind of use and the classes of the ptes that it may be applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The kind.
    pub kind: Use,
    /// Whether the input itself is among the ptes.
    pub input: bool,
    /// Classes of other ptes.
    pub others: ClassSet,
}

/// The allowed uses with an input of this class.
pub fn of(site: &Site, class: Class) -> Vec<Applied> {
    let pairs: Vec<(Use, Class)> = site.allowed_uses(class).iter().collect();
    let applied = Use::ALL.map(|kind| {
        let classes = pairs.iter().filter(|(k, _)| *k == kind).map(|(_, class)| *class);
        let others: Vec<Class> = classes.clone().filter(|c| *c != class && *c != Class::BadType).collect();
        Applied { kind, input: classes.clone().any(|c| c == class), others: ClassSet::of(&others) }
    });
    applied.into_iter().filter(|a| a.input || a.others != ClassSet::EMPTY).collect()
}

/// The classes that the site may be called on, those together that have the same uses.
pub fn by_class(site: &Site) -> Vec<(Vec<Class>, Vec<Applied>)> {
    let mut groups: Vec<(Vec<Class>, Vec<Applied>)> = Vec::new();
    for class in classes(site) {
        let applied = of(site, class);
        match groups.iter_mut().find(|(_, same)| *same == applied) {
            Some((classes, _)) => classes.push(class),
            None => groups.push((vec![class], applied)),
        }
    }
    groups
}

/// The classes that the site may be called on, without [`Class::BadType`], which cannot occur here.
pub fn classes(site: &Site) -> impl Iterator<Item = Class> {
    site.domain.iter().filter(|c| *c != Class::BadType)
}
