//! `cargo bench --bench speed`: the numbers of docs/SPEED.md, all from one run.
//!
//! Whatever is compared is measured in turn, round after round, so that a busy machine is as busy for the one as for the
//! other; a ratio is the median of the ratios of the rounds. `-- sites`, `-- engine` and `-- passes` run one part, and
//! `-- quick` a tenth of the rounds.

mod c;
mod engine;
mod measure;
mod passes;
mod sites;

use ptefuzz::packed::passes::Backend;

/// A part of the output: its name, and what prints it.
type Part = (&'static str, fn(Effort));

/// All parts, in the order of the output.
const PARTS: [Part; 3] = [("sites", sites::run), ("engine", engine::run), ("passes", passes::run)];

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Effort {
    /// Whether to run a tenth of the rounds.
    quick: bool,
}

impl Effort {
    /// So many rounds, or a tenth of them and three at least.
    pub fn rounds(self, full: usize) -> usize {
        if self.quick { (full / 10).max(3) } else { full }
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let known = |word: &String| word == "quick" || PARTS.iter().any(|(name, _)| name == word);
    if let Some(word) = words.iter().find(|word| !known(word)) {
        eprintln!("found {word:?}, expected quick, sites, engine or passes");
        std::process::exit(2);
    }
    let effort = Effort { quick: words.iter().any(|word| word == "quick") };
    let wanted = |name: &str| words.iter().all(|word| word == "quick") || words.iter().any(|word| word == name);

    println!("ptefuzz {}, {}, {} cores", env!("CARGO_PKG_VERSION"), cpu_name(), cores());
    let backends: Vec<_> = Backend::available().map(Backend::name).collect();
    println!("range passes here: {}; in use: {}", backends.join(", "), Backend::best());
    for (_, run) in PARTS.iter().filter(|(name, _)| wanted(name)) {
        println!();
        run(effort);
    }
}

/// The number of threads that this process may run at once.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// What the machine calls its processor, where it says.
fn cpu_name() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or_else(|| std::env::consts::ARCH.to_string(), |(_, name)| name.trim().to_string())
}
