//! Lockstep against subjects that are wrong on purpose: it names what is wrong with them, and nothing else; of what is right it says nothing.

mod clean;
mod collisions;
mod kinds;
mod order;
mod ranges;
mod seen;
mod support;
mod unpatched;
