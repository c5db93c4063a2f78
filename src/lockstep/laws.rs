//! stub
use crate::pte::*;
use crate::site::*;
/// stub
pub struct Law {
    /// n
    pub name: &'static str,
    /// t
    pub text: &'static str,
    /// s
    pub source: &'static str,
}
/// stub
pub static LAWS: [Law; 0] = [];
/// stub
#[derive(Debug)]
pub struct Laws;
impl Laws {
    /// s
    pub fn new(_: Environment) -> Laws {
        Laws
    }
    /// s
    pub fn broken(&self, _: &Case) -> Option<u16> {
        None
    }
}
/// stub
pub struct Case;
impl Case {
    /// s
    pub fn new(_: Environment, _: &Call, _: Class, _: &Answer) -> Case {
        Case
    }
}
