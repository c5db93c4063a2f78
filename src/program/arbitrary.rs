//! [`Arbitrary`] for programs, for those whose harness is built on it: the bytes are taken as a fuzzing entry takes them, so that a harness and the
//! corpora of ptefuzz speak of the same programs.

use super::{Op, Program, RawProgram, WorldProgram};
use arbitrary::{Arbitrary, Result, Unstructured};

impl<'a> Arbitrary<'a> for Op {
    /// Eight bytes; every eight are some operation.
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Op> {
        Ok(Op::from_bytes(&<[u8; 8]>::arbitrary(u)?))
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (8, Some(8))
    }
}

impl<'a> Arbitrary<'a> for WorldProgram {
    /// All bytes that are left.
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<WorldProgram> {
        let bytes = u.bytes(u.len())?;
        Ok(WorldProgram::from_bytes_total(bytes))
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, None)
    }
}

impl<'a> Arbitrary<'a> for RawProgram {
    /// All bytes that are left.
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<RawProgram> {
        let bytes = u.bytes(u.len())?;
        Ok(RawProgram::from_bytes_total(bytes))
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, None)
    }
}

impl<'a> Arbitrary<'a> for Program {
    /// All bytes that are left; the first says the kind.
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Program> {
        let bytes = u.bytes(u.len())?;
        Ok(Program::from_bytes_total(bytes))
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Rng;

    #[test]
    fn arbitrary_makes_the_programs_that_the_bytes_stand_for() -> Result<()> {
        let mut rng = Rng::new(4);
        for n in [0, 1, 7, 8, 60, 500] {
            let bytes: Vec<u8> = (0..n).map(|_| rng.next() as u8).collect();
            assert_eq!(
                WorldProgram::arbitrary(&mut Unstructured::new(&bytes))?,
                WorldProgram::from_bytes_total(&bytes)
            );
            assert_eq!(RawProgram::arbitrary(&mut Unstructured::new(&bytes))?, RawProgram::from_bytes_total(&bytes));
            assert_eq!(Program::arbitrary(&mut Unstructured::new(&bytes))?, Program::from_bytes_total(&bytes));
        }
        let op = Op::arbitrary(&mut Unstructured::new(&[5; 8]))?;
        assert_eq!(op, op.canonical());
        Ok(())
    }
}
