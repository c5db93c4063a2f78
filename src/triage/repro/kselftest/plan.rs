//! What a live kernel is asked, step by step, and what pagemap must say after each.

use crate::program::{ACCIDENTS, KIND_WORDS, Op, OpCode, Operation, PAGES, TABLE, WorldProgram};
use crate::pte::{Class, Environment, Special, X86_64};
use crate::site::SiteId;
use crate::world::{Ending, World};

/// A program as a live kernel can be asked it.
pub(super) struct Plan {
    pub steps: Vec<Planned>,
    pub forks: bool,
    pub soft_dirty: bool,
    pub swap: bool,
    uffd: Uffd,
}

/// What userfaultfd must be able to do.
#[derive(Default)]
struct Uffd {
    used: bool,
    protects: bool,
    shmem: bool,
    remap_event: Option<bool>,
    fork_event: Option<bool>,
}

/// One step in the words of the C file.
pub(super) struct Planned {
    pub line: String,
    pub kind: &'static str,
    pub page: u16,
    pub len: u16,
    pub to: u16,
    pub prot: u16,
    pub how: String,
    pub ending: &'static str,
    pub expected: Vec<Expected>,
}

/// Pages of which pagemap must say the same.
pub(super) struct Expected {
    pub pages: (u16, u16),
    pub bits: u64,
    pub mask: u64,
}

/// What a page belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Mapping {
    /// Which vma; pages of two vmas differ here.
    vma: usize,
    kind: u16,
    prot: u16,
    wp: bool,
    missing: bool,
    locked: bool,
}

impl Mapping {
    fn has_file(&self) -> bool {
        self.kind == 1 || self.kind == 2
    }
}

/// The program's world beside what the plan knows of its mappings.
struct Planner {
    world: World,
    mappings: Vec<Option<Mapping>>,
    next_vma: usize,
    plan: Plan,
}

const SOFT_DIRTY: u64 = 1 << 55;
const EXCLUSIVE: u64 = 1 << 56;
const UFFD_WP: u64 = 1 << 57;
const FILE: u64 = 1 << 61;
const SWAP: u64 = 1 << 62;
const PRESENT: u64 = 1 << 63;

impl Plan {
    /// Plans every step.
    ///
    /// # Errors
    ///
    /// The first step that user space cannot drive: its number, the operation and the reason.
    pub fn new(program: &WorldProgram, environment: Environment) -> Result<Plan, String> {
        if environment != Environment::new(Special::X86) {
            return Err(format!(
                "found {environment}, expected that of x86_64: no kernel runs with another special value"
            ));
        }
        if program.ops.is_empty() {
            return Err("found no operation, expected one at least".to_string());
        }
        let mut world = World::new(environment);
        world.reset(program.tree);
        let forks = program.ops.iter().any(|op| op.code == OpCode::Fork);
        let plan = Plan { steps: Vec::new(), forks, soft_dirty: false, swap: false, uffd: Uffd::default() };
        let mut planner = Planner { world, mappings: vec![None; PAGES as usize], next_vma: 0, plan };
        for (index, op) in program.ops.iter().enumerate() {
            planner.step(*op).map_err(|why| format!("step {}, \"{op}\": {why}", index + 1))?;
        }
        Ok(planner.plan)
    }

    /// The features of userfaultfd as the C file names them; 0 where none is used.
    pub fn features(&self) -> String {
        let uffd = &self.uffd;
        if !uffd.used {
            return "0".to_string();
        }
        let mut names = vec!["UFFD_FEATURE_SIGBUS"];
        for (needed, name) in [
            (uffd.protects, "UFFD_FEATURE_PAGEFAULT_FLAG_WP"),
            (uffd.protects && uffd.shmem, "UFFD_FEATURE_WP_HUGETLBFS_SHMEM"),
            (uffd.remap_event == Some(true), "UFFD_FEATURE_EVENT_REMAP"),
            (uffd.fork_event == Some(true), "UFFD_FEATURE_EVENT_FORK"),
        ] {
            if needed {
                names.push(name);
            }
        }
        format!("((uint64_t)({}))", names.join(" | "))
    }
}

impl Planner {
    fn step(&mut self, op: Op) -> Result<(), String> {
        if op.accident != 0 {
            return Err(format!("user space cannot make fail={} happen", ACCIDENTS[op.accident as usize]));
        }
        let mut planned = Planned {
            line: op.to_string(),
            kind: "",
            page: op.page,
            len: op.len,
            to: 0,
            prot: op.arg >> 3 & 7,
            how: String::new(),
            ending: "DONE",
            expected: Vec::new(),
        };
        self.before(op, &mut planned)?;
        let ending = self.world.step(op);
        planned.ending = live_ending(op.code, ending)?;
        self.after(op, ending);
        planned.expected = self.expected(op);
        self.plan.steps.push(planned);
        Ok(())
    }

    /// What the C file does for the operation, or why it cannot.
    fn before(&mut self, op: Op, planned: &mut Planned) -> Result<(), String> {
        let refuse = |why: &str| Err(why.to_string());
        planned.kind = match op.code {
            OpCode::Vma => {
                planned.how = self.vma_flags(op)?;
                "VMA"
            }
            OpCode::Unmap => "UNMAP",
            OpCode::Read => "READ",
            OpCode::Write => "WRITE",
            OpCode::Mprotect => "MPROTECT",
            OpCode::UffdRegister => {
                self.mapped(op)?;
                planned.how = self.registers(op, op.has("wp"), op.has("missing"))?;
                "REGISTER"
            }
            OpCode::UffdUnregister if op.has("close") => {
                return refuse("closing the descriptor unregisters every page and not these alone");
            }
            OpCode::UffdUnregister => {
                self.mapped(op)?;
                self.uses_uffd(op)?;
                "UNREGISTER"
            }
            OpCode::UffdWp => {
                self.holds_something(op)?;
                self.uses_uffd(op)?;
                "PROTECT"
            }
            OpCode::UffdUnwp => {
                self.uses_uffd(op)?;
                "RESOLVE"
            }
            OpCode::Mremap => {
                planned.to = op.to();
                self.moves(op)?;
                "MREMAP"
            }
            OpCode::ClearRefs => {
                self.covers_everything(op)?;
                self.plan.soft_dirty = true;
                "CLEAR_REFS"
            }
            OpCode::Pagemap => "PAGEMAP",
            OpCode::Smaps => "SMAPS",
            OpCode::Mincore => "MINCORE",
            OpCode::SwapOut if op.has("keep-cached") => {
                return refuse("user space cannot keep a page in the swap cache when it is written out");
            }
            OpCode::SwapOut | OpCode::Evict => {
                self.plan.swap = true;
                "PAGEOUT"
            }
            OpCode::SwapIn if op.has("cached") => {
                planned.how = "MADV_WILLNEED".to_string();
                "ADVISE"
            }
            OpCode::SwapIn if self.world.model().class(self.world.pte(op.page)) != Class::Swap => {
                return refuse("the page holds no swap entry, where an access would do something else");
            }
            OpCode::SwapIn => match self.mappings[op.page as usize] {
                Some(mapping) if mapping.prot != 2 => "READ",
                _ => return refuse("the page may not be read, so no access swaps it in"),
            },
            OpCode::Zap => {
                self.zaps(op)?;
                planned.how = "MADV_DONTNEED".to_string();
                "ADVISE"
            }
            OpCode::MadvFree => {
                self.mapped(op)?;
                planned.how = "MADV_FREE".to_string();
                "ADVISE"
            }
            OpCode::Willneed => {
                planned.how = "MADV_WILLNEED".to_string();
                "ADVISE"
            }
            OpCode::Mlock if op.has("off") => "MUNLOCK",
            OpCode::Mlock => {
                self.mapped(op)?;
                "MLOCK"
            }
            OpCode::Fork => {
                self.forks(op)?;
                "FORK"
            }
            OpCode::ExitChild => "EXIT_CHILD",
            code => return Err(why_not(code)),
        };
        if matches!(op.code, OpCode::Mprotect | OpCode::Unmap) {
            self.mapped(op)?;
        }
        Ok(())
    }

    fn vma_flags(&mut self, op: Op) -> Result<String, String> {
        let kind = (op.arg & 7) as usize;
        let mut flags = match KIND_WORDS[kind] {
            "anon" => Vec::new(),
            "shmem-shared" => vec!["SHARED"],
            "shmem-private" => vec!["PRIVATE_FILE"],
            "hugetlb" => return Err("a hugetlb vma has no small pages that pagemap could tell apart".to_string()),
            _ => return Err("user space cannot map device memory here".to_string()),
        };
        for (name, flag) in [("locked", "LOCKED"), ("seq-read", "SEQ_READ"), ("second-file", "SECOND_FILE")] {
            if op.has(name) {
                flags.push(flag);
            }
        }
        let (wp, missing) = (op.has("uffd-wp"), op.has("uffd-missing"));
        if wp || missing {
            if self.plan.forks && op.page >= TABLE {
                return Err(
                    "the child's descriptor is not the child's to use, so that it cannot register pages".to_string()
                );
            }
            self.plan.uffd.used = true;
            self.plan.uffd.protects |= wp;
            self.plan.uffd.shmem |= wp && kind != 0;
        }
        flags.extend([(wp, "WP"), (missing, "MISSING")].into_iter().filter(|(on, _)| *on).map(|(_, flag)| flag));
        Ok(flags.join(" | "))
    }

    fn registers(&mut self, op: Op, wp: bool, missing: bool) -> Result<String, String> {
        if !wp && !missing {
            return Err("it registers for nothing, which the kernel refuses".to_string());
        }
        self.uses_uffd(op)?;
        self.plan.uffd.protects |= wp;
        let file = self.pages(op).any(|mapping| mapping.has_file());
        self.plan.uffd.shmem |= wp && file;
        let flags = [(wp, "WP"), (missing, "MISSING")];
        Ok(flags.into_iter().filter(|(on, _)| *on).map(|(_, flag)| flag).collect::<Vec<_>>().join(" | "))
    }

    fn uses_uffd(&mut self, op: Op) -> Result<(), String> {
        if self.plan.forks && op.page >= TABLE && self.plan.uffd.fork_event != Some(true) {
            return Err("the child has no descriptor: it was forked without event".to_string());
        }
        self.plan.uffd.used = true;
        Ok(())
    }

    fn pages(&self, op: Op) -> impl Iterator<Item = &Mapping> {
        self.mappings[op.page as usize..op.end() as usize].iter().flatten()
    }

    /// Every page must be mapped: the kernel stops at a hole, the small mm goes on.
    fn mapped(&self, op: Op) -> Result<(), String> {
        if self.pages(op).count() < op.len as usize {
            return Err("some of the pages are not mapped, where the kernel stops and the small mm goes on".to_string());
        }
        Ok(())
    }

    /// Write protection of nothing leaves a marker in a file mapping since v5.19.
    fn holds_something(&self, op: Op) -> Result<(), String> {
        self.mapped(op)?;
        for page in op.page..op.end() {
            let file = self.mappings[page as usize].is_some_and(|mapping| mapping.has_file());
            if file && self.world.model().is_none(self.world.pte(page)) {
                return Err(format!(
                    "page {page} holds nothing, where v5.19 and later leave a marker in a file mapping and v5.10 does not"
                ));
            }
        }
        Ok(())
    }

    fn moves(&mut self, op: Op) -> Result<(), String> {
        self.mapped(op)?;
        let first = self.mappings[op.page as usize];
        if self.pages(op).any(|mapping| Some(mapping.vma) != first.map(|first| first.vma)) {
            return Err("the pages are of several vmas, which not every kernel moves at once".to_string());
        }
        let registered = self.pages(op).any(|mapping| mapping.wp || mapping.missing);
        one_way(&mut self.plan.uffd.remap_event, registered.then(|| op.has("event")), "mremap")
    }

    fn forks(&mut self, op: Op) -> Result<(), String> {
        if self.mappings[TABLE as usize..].iter().any(Option::is_some)
            && !self.plan.steps.iter().any(|s| s.kind == "FORK")
        {
            return Err("pages from 512 on are in use before it, where the child's will be".to_string());
        }
        let registered = self.mappings[..TABLE as usize].iter().flatten().any(|mapping| mapping.wp || mapping.missing);
        one_way(&mut self.plan.uffd.fork_event, registered.then(|| op.has("event")), "fork")
    }

    /// clear_refs is for a whole process.
    fn covers_everything(&self, op: Op) -> Result<(), String> {
        let table = if self.plan.forks && op.page >= TABLE {
            TABLE..PAGES
        } else if self.plan.forks {
            0..TABLE
        } else {
            0..PAGES
        };
        for page in table {
            if self.mappings[page as usize].is_some() && !(op.page..op.end()).contains(&page) {
                return Err(format!("clear_refs is for the whole process, and page {page} is not among the pages"));
            }
        }
        Ok(())
    }

    fn zaps(&self, op: Op) -> Result<(), String> {
        if op.has("keep-marker") {
            return Err(
                "user space cannot ask for the special pte; tree series leaves one when a page is evicted".to_string()
            );
        }
        if op.arg & 3 != 0 {
            return Err("a file is cut for everybody who maps it and not for these pages alone".to_string());
        }
        self.mapped(op)?;
        if self.pages(op).any(|mapping| mapping.locked) {
            return Err("the kernel refuses it for locked pages".to_string());
        }
        Ok(())
    }

    /// What the operation did to the mappings.
    fn after(&mut self, op: Op, ending: Ending) {
        let pages = op.page as usize..op.end() as usize;
        match op.code {
            OpCode::Vma => {
                self.next_vma += 1;
                let mapping = Mapping {
                    vma: self.next_vma,
                    kind: op.arg & 7,
                    prot: op.arg >> 3 & 7,
                    wp: op.has("uffd-wp"),
                    missing: op.has("uffd-missing"),
                    locked: op.has("locked"),
                };
                self.mappings[pages].fill(Some(mapping));
            }
            OpCode::Unmap => self.mappings[pages].fill(None),
            OpCode::Mprotect => self.change(pages, |mapping| mapping.prot = op.arg >> 3 & 7),
            OpCode::UffdRegister => self.change(pages, |mapping| {
                mapping.wp |= op.has("wp");
                mapping.missing |= op.has("missing");
            }),
            OpCode::UffdUnregister => self.change(pages, |mapping| (mapping.wp, mapping.missing) = (false, false)),
            OpCode::Mlock => self.change(pages, |mapping| mapping.locked = !op.has("off")),
            OpCode::Mremap if ending == Ending::Done => {
                self.next_vma += 1;
                for page in 0..op.len {
                    let moved = self.mappings[(op.page + page) as usize].take();
                    self.mappings[(op.to() + page) as usize] = moved.map(|mapping| Mapping {
                        vma: self.next_vma,
                        wp: mapping.wp && op.has("event"),
                        missing: mapping.missing && op.has("event"),
                        ..mapping
                    });
                }
            }
            OpCode::Fork if ending == Ending::Done => {
                for page in 0..TABLE as usize {
                    self.mappings[page + TABLE as usize] = self.mappings[page].map(|mapping| Mapping {
                        wp: mapping.wp && op.has("event"),
                        missing: mapping.missing && op.has("event"),
                        locked: false,
                        ..mapping
                    });
                }
            }
            OpCode::ExitChild => self.mappings[TABLE as usize..].fill(None),
            _ => {}
        }
    }

    fn change(&mut self, pages: std::ops::Range<usize>, change: impl Fn(&mut Mapping)) {
        self.mappings[pages].iter_mut().flatten().for_each(change);
    }

    /// What pagemap must say of every mapped page, in runs.
    fn expected(&self, op: Op) -> Vec<Expected> {
        let mut runs: Vec<Expected> = Vec::new();
        for page in 0..PAGES {
            let Some(mapping) = self.mappings[page as usize] else { continue };
            let (bits, mut mask) = self.pagemap(page);
            // Reading a file maps its neighbours too, if they are in memory: what holds nothing may come back.
            let named = (op.page..op.end()).contains(&page);
            if mapping.has_file() && bits & (PRESENT | SWAP) == 0 && !named {
                mask &= !(PRESENT | FILE | EXCLUSIVE);
            }
            match runs.last_mut() {
                Some(run) if run.pages.1 == page && run.bits == bits && run.mask == mask => run.pages.1 += 1,
                _ => runs.push(Expected { pages: (page, page + 1), bits, mask }),
            }
        }
        runs
    }

    /// A page's bits of pagemap by the model, and which of them are the same in every kernel since.
    fn pagemap(&self, page: u16) -> (u64, u64) {
        let mut world = self.world.clone();
        let made = world.trace().calls.len();
        world.step(Op { code: OpCode::Pagemap, accident: 0, page, len: 1, arg: 0 });
        let trace = world.trace();
        let answer =
            trace.calls[made..].iter().zip(&trace.answers[made..]).find(|(call, _)| call.site == SiteId::Pagemap);
        let mut bits = answer.map_or(0, |(_, answer)| answer.aux) & (SOFT_DIRTY | EXCLUSIVE | FILE | SWAP | PRESENT);
        let mut mask = SOFT_DIRTY | EXCLUSIVE | FILE | SWAP | PRESENT | UFFD_WP;
        let pte = self.world.pte(page);
        let marked = match self.world.model().class(pte) {
            Class::None => false,
            Class::Present | Class::ProtNone => pte & X86_64.uffd_wp != 0,
            // Since v5.19 the marker in its place shows as swapped out, and FILE is told of what is in memory alone.
            Class::Special => {
                mask &= !(SWAP | FILE);
                true
            }
            _ => pte & X86_64.swp_uffd_wp != 0,
        };
        if bits & PRESENT == 0 {
            mask &= !(FILE | EXCLUSIVE);
        }
        bits |= if marked { UFFD_WP } else { 0 };
        (bits & mask, mask)
    }
}

/// Whether events are asked for is a property of the descriptor: every operation of a kind must have the same.
fn one_way(so_far: &mut Option<bool>, now: Option<bool>, name: &str) -> Result<(), String> {
    let Some(now) = now else { return Ok(()) };
    if so_far.is_some_and(|before| before != now) {
        return Err(format!(
            "an earlier {name} of registered pages was otherwise about event, which one descriptor cannot be"
        ));
    }
    *so_far = Some(now);
    Ok(())
}

/// How a step ends on a live kernel, for what the model says.
fn live_ending(code: OpCode, ending: Ending) -> Result<&'static str, String> {
    let access = matches!(code, OpCode::Read | OpCode::Write | OpCode::SwapIn);
    let looks = matches!(code, OpCode::Pagemap | OpCode::Smaps | OpCode::Mincore | OpCode::Willneed);
    Ok(match ending {
        Ending::Done => "DONE",
        Ending::NoEffect if matches!(code, OpCode::SwapOut | OpCode::Evict) => {
            return Err("there is nothing that reclaim could take".to_string());
        }
        Ending::NoEffect => "ANYTHING",
        Ending::Trapped => "TRAPPED",
        Ending::NoVma | Ending::Denied if access => "FAULTED",
        Ending::NoVma if code == OpCode::Unmap => "ANYTHING",
        // What only looks changes no pte: whether it was allowed to is beside the point.
        Ending::NoVma | Ending::Denied if looks => "ANYTHING",
        Ending::NoVma | Ending::Denied => "FAILED",
        Ending::Stuck => return Err("the fault would repeat for ever".to_string()),
        Ending::Waits => return Err("it would wait for a migration that nothing ends".to_string()),
        Ending::Sigbus => return Err("user space cannot make the page's data fail".to_string()),
        Ending::OutOfMemory => return Err("user space cannot make memory run out here".to_string()),
    })
}

/// Why user space cannot drive an operation.
fn why_not(code: OpCode) -> String {
    let why = match code {
        OpCode::Hardware => "only the processor sets these bits behind the kernel's back",
        OpCode::NumaHint => "NUMA balancing runs when the kernel likes to",
        OpCode::Swapoff => "swapoff takes the area away from the whole machine",
        OpCode::MigrateBegin | OpCode::MigrateEnd | OpCode::MigrateWait => {
            "a migration cannot be held between its two halves from user space"
        }
        OpCode::ToDevice | OpCode::FromDevice => "device-private memory needs a driver",
        OpCode::HwPoison => "a memory error is not injected into a machine that is in use",
        OpCode::KhugeScan | OpCode::KhugeSwapin => "khugepaged scans when it likes to",
        OpCode::MemcgMove => "moving charges with a task ended with cgroup v1",
        OpCode::Rmap | OpCode::WriteBack | OpCode::Age => {
            "it is the kernel's own walk, and no call makes it for one page"
        }
        OpCode::Hmm => "a device driver asks, and no call does",
        OpCode::Gup | OpCode::Pin | OpCode::Unpin => "pages are pinned by drivers and I/O, and no call does it alone",
        OpCode::Ksm => "KSM takes pages over when it likes to",
        _ => "no call does it",
    };
    format!("{}: {why}", Operation::of(code).name)
}
