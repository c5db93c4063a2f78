//! What a mutator must hold to on any bytes, and that every kind of move is made.

use super::Mutator;
use crate::program::menu::{Form, Menu};
use crate::program::{OpCode, Program, Rng, mix};
use crate::pte::Environment;
use crate::site::{RANGE_SITES, SiteId};
use std::collections::BTreeSet;

const FEW: &[OpCode] = &[OpCode::Vma, OpCode::Write, OpCode::Mprotect, OpCode::Fork];

const MENUS: [Menu; 4] = [
    Menu { form: Form::World, codes: &OpCode::ALL, sites: &[] },
    Menu { form: Form::World, codes: FEW, sites: &[] },
    Menu { form: Form::Raw, codes: &[], sites: &SiteId::ALL },
    Menu { form: Form::Ranges, codes: &[], sites: &RANGE_SITES },
];

fn junk(rng: &mut Rng, most: u32) -> Vec<u8> {
    (0..rng.below(most)).map(|_| rng.next() as u8).collect()
}

#[test]
fn a_mutation_of_any_bytes_is_a_canonical_program_on_the_menu_within_the_limit() {
    for menu in MENUS {
        let mut mutator = Mutator::new(menu, Environment::default());
        let mut rng = Rng::new(1);
        for seed in 0..3000 {
            let mut data = junk(&mut rng, 600);
            let size = data.len();
            let max = rng.below(700) as usize;
            data.resize(max.max(size), 0xa5);
            let new = mutator.mutate(&mut data, size, max, seed);
            assert!(new <= max, "{new} of {max}");
            if max < 42 {
                continue;
            }
            let program = Program::read(&data[..new]).expect("bytes of a program");
            assert_eq!(menu.program(&data[..new]), program, "every reader sees what the target runs");
            if let Program::World(world) = &program {
                assert_eq!(program.to_bytes(), &data[..new], "canonical bytes");
                assert!(world.ops.iter().all(|op| menu.has_code(op.code)), "an operation that is not on the menu");
            }
        }
    }
}

#[test]
fn a_settled_input_is_the_program_that_the_target_makes_of_it() {
    for menu in MENUS {
        let mut mutator = Mutator::new(menu, Environment::default());
        let mut rng = Rng::new(3);
        for _ in 0..3000 {
            let mut data = junk(&mut rng, 600);
            let size = data.len();
            let ran = menu.program(&data);
            data.resize(2 * size + 4, 0);
            let max = data.len();
            let new = mutator.settle(&mut data, size, max);
            assert_eq!(Program::read(&data[..new]), Ok(ran));
        }
    }
}

#[test]
fn a_crossover_of_any_bytes_is_a_program_on_the_menu_within_the_limit() {
    for menu in MENUS {
        let mut mutator = Mutator::new(menu, Environment::default());
        let mut rng = Rng::new(2);
        for seed in 0..3000 {
            let (a, b) = (junk(&mut rng, 500), junk(&mut rng, 500));
            let mut out = vec![0; rng.below(500) as usize];
            let size = mutator.crossover(&a, &b, &mut out, seed);
            assert!(size <= out.len());
            if size > 0 {
                Program::read(&out[..size]).expect("bytes of a program");
            }
        }
    }
}

#[test]
fn the_same_input_and_seed_give_the_same_mutation_whatever_came_before() {
    for menu in MENUS {
        let mut used = Mutator::new(menu, Environment::default());
        let mut data = vec![0; 2000];
        let mut size = 0;
        for seed in 0..300 {
            let mut again = data.clone();
            let fresh = Mutator::new(menu, Environment::default()).mutate(&mut again, size, 2000, seed);
            size = used.mutate(&mut data, size, 2000, seed);
            assert_eq!(data[..size], again[..fresh]);
        }
    }
}

#[test]
fn a_text_becomes_bytes_and_its_operations_stay() {
    let text = b"ptefuzz 1\nvma 0..16 anon rw\nwrite 3\nmprotect 3 r\nwrite 4\nwrite 5\nwrite 6\n";
    let mut mutator = Mutator::new(MENUS[0], Environment::default());
    let mut kept = 0;
    for seed in 0..200 {
        let mut data = text.to_vec();
        data.resize(400, 0);
        let size = mutator.mutate(&mut data, text.len(), 400, seed);
        let Ok(Program::World(world)) = Program::read(&data[..size]) else { panic!("no bytes of a world program") };
        kept += world.ops.iter().any(|op| op.code == OpCode::Mprotect && op.page == 3) as u32;
    }
    assert!(kept > 100, "{kept} of 200 keep the mprotect");
}

#[test]
fn from_nothing_a_chain_of_mutations_reaches_every_operation_and_every_site() {
    let mut reached = BTreeSet::new();
    for menu in [MENUS[0], MENUS[2]] {
        let mut mutator = Mutator::new(menu, Environment::default());
        for chain in 0..200 {
            let mut data = vec![0; 2000];
            let mut size = 0;
            for step in 0..20 {
                size = mutator.mutate(&mut data, size, 2000, mix(chain) ^ step);
            }
            let text = menu.program(&data[..size]).to_text();
            reached.extend(text.lines().skip(1).filter_map(|line| line.split_whitespace().next().map(str::to_string)));
        }
    }
    for name in OpCode::ALL.map(|code| crate::program::Operation::of(code).name) {
        assert!(reached.contains(name), "no {name}");
    }
    for site in &crate::site::SITES {
        assert!(reached.contains(site.name), "no {}", site.name);
    }
    assert!(reached.contains("range") && reached.contains("classify"));
}

#[test]
fn a_mutation_changes_something_nearly_always_and_little_mostly() {
    let menu = MENUS[0];
    let mut mutator = Mutator::new(menu, Environment::default());
    let mut data = vec![0; 2000];
    let size = mutator.mutate(&mut data, 0, 2000, 5);
    let (mut same, mut near) = (0, 0);
    for seed in 0..1000 {
        let mut other = data.clone();
        let new = mutator.mutate(&mut other, size, 2000, seed);
        same += (other[..new] == data[..size]) as u32;
        near += (new.abs_diff(size) <= 8 * 6) as u32;
    }
    assert!(same < 120, "{same} of 1000 change nothing");
    assert!(near > 600, "{near} of 1000 stay near");
}
