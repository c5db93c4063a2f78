//! The range passes of packed on every back end that this machine has, against its sites, entry by entry.
//!
//! These tests are worth most in a release build, where the passes are vector code: `cargo test --release --test passes`.

use ptefuzz::packed::Packed;
use ptefuzz::packed::passes::{Backend, Facts, Moved, Scanned};
use ptefuzz::program::{CallSource, Rng};
use ptefuzz::pte::{Class, Config, Environment};
use ptefuzz::site::{Answer, Budgets, Call, RangeAnswer, RangeCall, SiteId, TOTALS};

/// The sites that have a pass.
const SITES: [SiteId; 4] = [SiteId::ChangeProt, SiteId::MoveSoftDirty, SiteId::ClearSoftDirty, SiteId::Pagemap];

/// Lengths around vector widths and blocks, and more than one table.
const LENGTHS: [usize; 22] = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 65, 100, 511, 512, 513, 1537];

/// The recorded environments, and special values that a pte cannot be told by: of a present pte, and of none.
fn environments() -> Vec<Environment> {
    let odd = [Some(0x5), Some(0x20), None].map(|special| Environment { config: Config::UffdWp, special });
    Environment::all().chain(odd).collect()
}

/// A pte: of the generator, which knows the special value and the ends of ranges, or a few random bits, or many.
fn pte(source: &CallSource, special: u64, rng: &mut Rng) -> u64 {
    match rng.below(16) {
        0..8 => source.ptes().any(rng),
        8 => special,
        9 => special ^ 1 << rng.below(64),
        10 => rng.next() & rng.next() & rng.next(),
        11 => rng.pick(&[0, 0x20, 0x40, 0x60, 0x80, 0x100, 0x101, 1, 2, 4, 6, u64::MAX, 1 << 63, 1 << 59]),
        12 => (rng.below(32) as u64) << 59 | rng.next() >> 5 & !0x101,
        13 => 1 << rng.below(64),
        14 => rng.next() & !0x101,
        _ => rng.next(),
    }
}

/// A table of one of several makes: a mix, all alike but one, all present, all of one class.
fn table(source: &CallSource, special: u64, rng: &mut Rng, len: usize) -> Vec<u64> {
    let mut one = || pte(source, special, rng);
    let (usual, odd) = (one(), one());
    let mut table: Vec<u64> = std::iter::repeat_with(one).take(len).collect();
    match rng.below(4) {
        0 => table.fill(usual),
        1 => table.iter_mut().for_each(|pte| *pte |= 1),
        _ => {}
    }
    if let Some(any) = table.len().checked_sub(1) {
        table[rng.below(any as u32 + 1) as usize] = odd;
    }
    table
}

/// What the sites answer one by one: ptes or words, and the totals of the range.
fn one_by_one(packed: &mut Packed, site: SiteId, ptes: &[u64], params: &[[u64; 3]]) -> (Vec<Answer>, [u64; TOTALS]) {
    let mut totals = [0; TOTALS];
    let answers = ptes.iter().zip(params).map(|(&pte, &p)| {
        let answer = packed.answer(&Call { site, pte, p });
        let class = packed.class(pte);
        let add = match site {
            SiteId::ChangeProt => [answer.outcome & 1, answer.outcome >> 1 & 1, 0],
            SiteId::ClearSoftDirty => [answer.outcome, 0, 0],
            SiteId::Pagemap => [63, 62, 55].map(|bit| answer.aux >> bit & 1),
            _ => [(class != Class::None) as u64, 0, 0],
        };
        totals.iter_mut().zip(add).for_each(|(total, add)| *total += add);
        if site == SiteId::MoveSoftDirty {
            totals[1] |= matches!(class, Class::Present | Class::ProtNone) as u64;
        }
        answer
    });
    (answers.collect(), totals)
}

/// The environment that packed answers for.
fn environment_of(packed: &Packed) -> Environment {
    ptefuzz::lockstep::Subject::environment(packed)
}

/// Runs a range at this distance from an aligned start and requires what the sites answer.
fn check(packed: &mut Packed, site: SiteId, ptes: &[u64], params: &[[u64; 3]], start: usize) {
    let (right, right_totals) = one_by_one(packed, site, ptes, params);
    let mut from = vec![0x4; start];
    from.extend(ptes);
    let (mut to, mut aux, mut totals) = (vec![7; from.len() + 3], vec![7; from.len()], [7; TOTALS]);
    let slot = 3 * start / 2..3 * start / 2 + ptes.len();
    to.resize(slot.end.max(from.len()) + 3, 7);
    let call = RangeCall { site, ptes: &from[start..], params, budgets: Budgets::default() };
    let mut answer = RangeAnswer { ptes: &mut to[slot.clone()], aux: &mut aux[start..], totals: &mut totals };
    assert!(packed.range(&call, &mut answer));
    let place = format!("{site:?} by {} in {}, {} entries", packed.backend(), environment_of(packed), ptes.len());
    for (i, right) in right.iter().enumerate() {
        let found = (to[slot.start + i], aux[start + i]);
        assert_eq!(found, (right.pte, right.aux), "{place}: entry {i}, {:#x} with {:x?}", ptes[i], params[i]);
    }
    assert_eq!(totals, right_totals, "{place}");
    let around = to[..slot.start].iter().chain(&to[slot.end..]).chain(&aux[..start]);
    assert!(around.copied().all(|word| word == 7), "{place}: something beside the slice was written");
}

#[test]
fn every_pass_answers_as_its_site_does_entry_by_entry() {
    let mut rng = Rng::new(5);
    for environment in environments() {
        let source = CallSource::new(environment, SITES.to_vec(), true);
        let special = environment.special.unwrap_or(0x4);
        for backend in Backend::available() {
            let mut packed = Packed::new(environment).with_backend(backend);
            for site in SITES {
                for len in LENGTHS {
                    let ptes = table(&source, special, &mut rng, len);
                    let one = source.call_of(site, &mut rng).p;
                    check(&mut packed, site, &ptes, &vec![one; len], rng.below(8) as usize);
                    let each: Vec<_> = (0..len).map(|_| source.call_of(site, &mut rng).p).collect();
                    check(&mut packed, site, &ptes, &each, rng.below(8) as usize);
                }
            }
        }
    }
}

#[test]
fn every_flag_of_a_pass_decides_as_in_its_site() {
    let mut rng = Rng::new(6);
    for environment in environments() {
        let source = CallSource::new(environment, SITES.to_vec(), true);
        let special = environment.special.unwrap_or(0x4);
        for backend in Backend::available() {
            let mut packed = Packed::new(environment).with_backend(backend);
            for flags in (0..0x800).filter(|flags| flags & 0xc != 0xc) {
                let prot =
                    rng.pick(&[0x120, 0x8000_0000_0000_0025, 0x27, 0, 0x100, rng.clone().next() & !0xf_ffff_ffff_f000]);
                let ptes = table(&source, special, &mut rng, 37);
                check(&mut packed, SiteId::ChangeProt, &ptes, &[[flags, prot, 0]; 37], 1);
            }
            for flags in 0..16 {
                let ptes = table(&source, special, &mut rng, 133);
                check(&mut packed, SiteId::ClearSoftDirty, &ptes, &[[flags, 0, 0]; 133], 3);
                check(&mut packed, SiteId::Pagemap, &ptes, &[[flags, 0, 0]; 133], 5);
            }
        }
    }
}

#[test]
fn a_histogram_counts_each_pte_in_its_class() {
    let mut rng = Rng::new(7);
    for environment in environments() {
        let source = CallSource::new(environment, SITES.to_vec(), true);
        let special = environment.special.unwrap_or(0x4);
        for backend in Backend::available() {
            let packed = Packed::new(environment).with_backend(backend);
            for len in LENGTHS.into_iter().chain([32 * 255, 32 * 255 * 2 + 33]) {
                let ptes = table(&source, special, &mut rng, len + 7);
                let ptes = &ptes[rng.below(8) as usize..][..len];
                let mut right = [0; Class::COUNT];
                ptes.iter().for_each(|pte| right[packed.class(*pte) as usize] += 1);
                assert_eq!(packed.class_histogram(ptes), right, "{backend} in {environment}, {len} entries");
            }
        }
    }
}

#[test]
fn a_histogram_does_not_overflow_where_all_are_alike() {
    for backend in Backend::available() {
        let packed = Packed::new(Environment::default()).with_backend(backend);
        for (pte, class) in
            [(0x25, Class::Present), (0x120, Class::ProtNone), (31 << 59, Class::DeviceRead), (0x4, Class::Special)]
        {
            let counts = packed.class_histogram(&vec![pte; 100_000]);
            assert_eq!(counts[class as usize], 100_000, "{backend}: {pte:#x}");
            assert_eq!(counts.iter().sum::<u64>(), 100_000, "{backend}: {pte:#x}");
        }
    }
}

#[test]
fn a_pass_stops_at_the_shortest_slice_and_leaves_the_rest_alone() {
    for backend in Backend::available() {
        let packed = Packed::new(Environment::default()).with_backend(backend);
        let from = [0x1027; 40];
        let mut to = [9; 40];
        assert_eq!(packed.change_protection(&from, &mut to[..9], Facts::Same([0, 0x25, 0])), 9);
        assert_eq!(packed.change_protection(&from, &mut to, Facts::Each(&[[0, 0x25, 0]; 5])), 5);
        assert_eq!(packed.clear_refs(&from[..3], &mut to, Facts::Same([0; 3])), 3);
        assert_eq!(packed.move_ptes(&from[..2], &mut to), Moved { moved: 2, force_flush: true });
        let words = Scanned { present: 1, swap: 0, soft_dirty: 1 };
        assert_eq!(packed.pagemap_scan(&from[..1], &mut to, Facts::Same([2, 0, 0])), words);
        assert_eq!(to[9..], [9; 31], "{backend}");
    }
}

#[test]
fn a_back_end_is_named_or_refused() {
    for backend in Backend::available() {
        assert_eq!(Backend::by_name(backend.name()), Ok(backend));
    }
    let error = Backend::by_name("mmx").expect_err("no such back end");
    assert!(error.contains("\"mmx\"") && error.contains("portable"), "{error}");
    assert!(Backend::available().any(|backend| backend == Backend::best()));
}

#[test]
fn the_program_refuses_a_back_end_that_the_machine_has_not() {
    let run = |name: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ptefuzz"));
        command.args(["decode", "0x4"]).env(ptefuzz::packed::passes::BACKEND_VARIABLE, name).output()
    };
    let refused = run("mmx").expect("the program runs");
    assert_eq!(refused.status.code(), Some(2));
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(error.contains("PTEFUZZ_SIMD") && error.contains("\"mmx\"") && error.contains("portable"), "{error}");
    assert_eq!(run("portable").expect("the program runs").status.code(), Some(0));
}
