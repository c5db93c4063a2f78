/* pte.c: every site of ptefuzz.h in C, in the shape of the kernel's own functions, over the accessors of ptefuzz_shim.h.
 *
 * What the kernel would look up in a page, a vma or an mm is a parameter bit (`has()`); what it would do to them is an event (`did()`).
 * Written from the rules that `ptefuzz sites` prints; `ptefuzz vectors` holds it against the kernel's recorded answers.
 *
 * Compiled with -DMISTAKE_FORK, -DMISTAKE_PROTECT or -DMISTAKE_HMM it has one mistake each, see docs/FOREIGN.md.
 */
#include "ptefuzz_shim.h"

/* A call on its way. */
struct call {
  u64 p0, p1, p2;
  pte_t pte;      /* the slot: what it holds before, and then after */
  u64 outcome;    /* code and events */
  u64 aux;
};

#define has(bit) (!!(c->p0 & PTEFUZZ_##bit))
#define did(event) (c->outcome |= PTEFUZZ_EV_##event)
#define PFN_LIMIT ((1ull << 40) - 1)

static void store(struct call *c, pte_t pte)
{
  shim_use(STORE, c->pte.pte);
  c->pte = pte;
}

/* Whether a present pte has an ordinary page; one that should have and has not is complained about. */
static bool normal_page(struct call *c, pte_t pte)
{
  if (!pte_special(pte))
    return true;
  if (!is_zero_pfn(pte_pfn(pte)) && !pte_devmap(pte))
    did(BAD_PTE);
  return false;
}

static pte_t mk_pte(u64 pfn, u64 prot)
{
  return pfn_pte(pfn & PFN_LIMIT, __pgprot(prot));
}

static pte_t mk_writable(pte_t pte, bool vm_write)
{
  return vm_write ? pte_mkwrite(pte) : pte;
}

/* A migration entry in the place of a pte; its flags come from the encoding that the pte uses. */
static pte_t carry_flags(pte_t to, pte_t from)
{
  bool present = pte_present(from);

  if (present ? pte_soft_dirty(from) : pte_swp_soft_dirty(from))
    to = pte_swp_mksoft_dirty(to);
  if (present ? pte_uffd_wp(from) : pte_swp_uffd_wp(from))
    to = pte_swp_mkuffd_wp(to);
  return to;
}

/* ---- the patch's own sites ---- */

/* Whether NUMA balancing leaves a present pte alone. */
static bool prot_numa_skips(struct call *c, pte_t pte)
{
  bool cow = has(CP_VM_MAYWRITE) && !has(CP_VM_SHARED);

  if (pte_protnone(pte))
    return true;
  if (pte_special(pte) || has(CP_PG_KSM))
    return true;
  if (cow && has(CP_PG_MAPCOUNT2))
    return true;
  if (has(CP_PG_FILEDIRTY))
    return true;
  return !has(CP_VM_SHARED) && has(CP_SAME_NODE);
}

static void change_present(struct call *c)
{
  pte_t old = c->pte, pte;
  bool preserve_write = has(CP_PROT_NUMA) && pte_write(old);

  if (has(CP_PROT_NUMA) && prot_numa_skips(c, old))
    return;
  pte = pte_modify(old, __pgprot(c->p1));
  if (preserve_write)
    pte = pte_mk_savedwrite(pte);
  if (has(CP_UFFD_WP)) {
    pte = pte_wrprotect(pte);
    pte = pte_mkuffd_wp(pte);
  } else if (has(CP_UFFD_RESOLVE)) {
    pte = pte_clear_uffd_wp(pte);
  }
  /* Writes that need not be noticed may go on without a fault. */
  if (has(CP_DIRTY_ACCT) && pte_dirty(pte) && (pte_soft_dirty(pte) || !has(CP_VM_SOFTDIRTY)))
    pte = pte_mkwrite(pte);
  store(c, pte);
  c->outcome = 1 | 2;
}

static void change_entry(struct call *c)
{
  pte_t old = c->pte, pte = old;
  swp_entry_t entry = pte_to_swp_entry(old);

  if (is_write_migration_entry(entry)) {
    make_migration_entry_read(&entry);
    pte = swp_entry_to_pte(entry);
#ifndef MISTAKE_PROTECT
    if (pte_swp_soft_dirty(old))
      pte = pte_swp_mksoft_dirty(pte);
#endif
    if (pte_swp_uffd_wp(old))
      pte = pte_swp_mkuffd_wp(pte);
  } else if (is_write_device_private_entry(entry)) {
    make_device_private_entry_read(&entry);
    pte = swp_entry_to_pte(entry);
    if (pte_swp_uffd_wp(old))
      pte = pte_swp_mkuffd_wp(pte);
  }
  if (has(CP_UFFD_WP))
    pte = pte_swp_mkuffd_wp(pte);
  else if (has(CP_UFFD_RESOLVE))
    pte = pte_swp_clear_uffd_wp(pte);
  if (pte_same(old, pte))
    return;
  store(c, pte);
  c->outcome = 1 | 2;
}

static void change_prot(struct call *c)
{
  if (pte_present(c->pte))
    change_present(c);
  else if (pte_has_swap_entry(c->pte))
    change_entry(c);
}

static void move_soft_dirty(struct call *c)
{
  if (pte_present(c->pte))
    c->pte = pte_mksoft_dirty(c->pte);
  else if (pte_has_swap_entry(c->pte))
    c->pte = pte_swp_mksoft_dirty(c->pte);
}

static void clear_soft_dirty(struct call *c)
{
  pte_t pte = c->pte;

  if (pte_present(pte)) {
    bool cow = has(CS_VM_MAYWRITE) && !has(CS_VM_SHARED);

    if (pte_write(pte) && cow && has(CS_HAS_PINNED) && !pte_special(pte) && has(CS_PG_PINNED))
      return;
    pte = pte_wrprotect(pte);
    pte = pte_clear_soft_dirty(pte);
  } else if (pte_has_swap_entry(pte)) {
    pte = pte_swp_clear_soft_dirty(pte);
  } else {
    return;
  }
  store(c, pte);
  c->outcome = 1;
}

static void pagemap(struct call *c)
{
  pte_t pte = c->pte;
  u64 frame = 0, flags = 0;
  bool page = false;

  if (pte_present(pte)) {
    if (has(PM_SHOW_PFN))
      frame = pte_pfn(pte);
    flags |= PTEFUZZ_PAGEMAP_PRESENT;
    page = !pte_special(pte);
    if (pte_soft_dirty(pte))
      flags |= PTEFUZZ_PAGEMAP_SOFT_DIRTY;
  } else if (pte_has_swap_entry(pte)) {
    swp_entry_t entry;

    if (pte_swp_soft_dirty(pte))
      flags |= PTEFUZZ_PAGEMAP_SOFT_DIRTY;
    entry = pte_to_swp_entry(pte);
    if (has(PM_SHOW_PFN))
      frame = swp_type(entry) | swp_offset(entry) << MAX_SWAPFILES_SHIFT;
    flags |= PTEFUZZ_PAGEMAP_SWAP;
    page = is_migration_entry(entry) || is_device_private_entry(entry);
  }
  if (page && !has(PM_PG_ANON))
    flags |= PTEFUZZ_PAGEMAP_FILE;
  if (page && has(PM_MAPCOUNT1))
    flags |= PTEFUZZ_PAGEMAP_EXCLUSIVE;
  if (has(PM_VM_SOFTDIRTY))
    flags |= PTEFUZZ_PAGEMAP_SOFT_DIRTY;
  c->aux = (frame & PTEFUZZ_PAGEMAP_PFRAME) | flags;
}

static void smaps(struct call *c)
{
  pte_t pte = c->pte;
  bool page = false;

  if (pte_present(pte)) {
    page = !pte_special(pte);
  } else if (pte_has_swap_entry(pte)) {
    swp_entry_t entry = pte_to_swp_entry(pte);

    if (!non_swap_entry(entry)) {
      int mapcount = (int)c->p1;
      u64 pss = (u64)PAGE_SIZE << 12;

      if (mapcount >= 2)
        pss /= (u64)mapcount;
      c->outcome |= PTEFUZZ_SMO_SWAP;
      if (pss)
        c->outcome |= PTEFUZZ_SMO_SWAP_PSS;
      c->aux = pss;
    }
    page = is_migration_entry(entry) || is_device_private_entry(entry);
  } else if (has(SM_CHECK_SHMEM)) {
    /* None, or the special pte: shmem may have swapped the page out behind it. */
    c->outcome |= PTEFUZZ_SMO_XA_LOADED;
    if (has(SM_XA_VALUE))
      c->outcome |= PTEFUZZ_SMO_SWAP;
  }
  if (!page)
    return;
  c->outcome |= PTEFUZZ_SMO_RESIDENT;
  if (pte_young(pte))
    c->outcome |= PTEFUZZ_SMO_YOUNG;
  if (pte_dirty(pte))
    c->outcome |= PTEFUZZ_SMO_DIRTY;
}

static void smaps_hugetlb(struct call *c)
{
  if (pte_present(c->pte)) {
    if (pte_special(c->pte))
      return;
    c->aux = pte_pfn(c->pte);
  } else if (pte_has_swap_entry(c->pte)) {
    swp_entry_t entry = pte_to_swp_entry(c->pte);

    if (!is_migration_entry(entry) && !is_device_private_entry(entry))
      return;
    c->aux = swp_offset(entry);
  } else {
    return;
  }
  c->outcome = c->p0 & 1 ? 2 : 1;
}

enum { SCAN_EXCEED_NONE = 3, SCAN_EXCEED_SWAP, SCAN_EXCEED_SHARED, SCAN_UFFD_WP = 7, SCAN_PAGE_NULL = 10, SCAN_ABORT, SCAN_COUNT, SCAN_LRU, SCAN_LOCK, SCAN_ANON };
enum { KHUGE_WRITABLE = 1, KHUGE_REFERENCED = 2, KHUGE_NONE = 4, KHUGE_UNMAPPED = 8 };

static void khuge_scan(struct call *c)
{
  pte_t pte = c->pte;

  if (is_swap_pte(pte)) {
    if (is_swap_special_pte(pte)) {
      c->outcome = SCAN_UFFD_WP;
      return;
    }
    c->aux = KHUGE_UNMAPPED;
    if (!has(KS_MAX_SWAP1))
      c->outcome = SCAN_EXCEED_SWAP;
    else
      c->outcome = pte_swp_uffd_wp(pte) ? SCAN_UFFD_WP : PTEFUZZ_KV_CONTINUE;
    return;
  }
  if (pte_none(pte) || is_zero_pfn(pte_pfn(pte))) {
    c->outcome = SCAN_EXCEED_NONE;
    if (has(KS_UFFD_ARMED))
      return;
    c->aux = KHUGE_NONE;
    if (has(KS_MAX_NONE1))
      c->outcome = PTEFUZZ_KV_CONTINUE;
    return;
  }
  if (pte_uffd_wp(pte)) {
    c->outcome = SCAN_UFFD_WP;
    return;
  }
  if (pte_write(pte))
    c->aux |= KHUGE_WRITABLE;
  if (pte_special(pte))
    c->outcome = SCAN_PAGE_NULL;
  else if (has(KS_MAPCOUNT2) && !has(KS_MAX_SHARED1))
    c->outcome = SCAN_EXCEED_SHARED;
  else if (has(KS_SCAN_ABORT))
    c->outcome = SCAN_ABORT;
  else if (has(KS_NOT_LRU))
    c->outcome = SCAN_LRU;
  else if (has(KS_LOCKED))
    c->outcome = SCAN_LOCK;
  else if (has(KS_NOT_ANON))
    c->outcome = SCAN_ANON;
  else if (has(KS_BAD_REF))
    c->outcome = SCAN_COUNT;
  else
    c->outcome = PTEFUZZ_KV_CONTINUE;
  if (c->outcome == PTEFUZZ_KV_CONTINUE && (pte_young(pte) || has(KS_PG_REFERENCED)))
    c->aux |= KHUGE_REFERENCED;
}

static void khuge_swapin(struct call *c)
{
  if (!pte_has_swap_entry(c->pte))
    return;
  shim_use(SWAP_FAULT, c->pte.pte);
  c->outcome = 1;
}

enum { MC_NONE, MC_PAGE, MC_SWAP, MC_DEVICE };

static void mctgt(struct call *c)
{
  pte_t pte = c->pte;
  swp_entry_t entry = {0};
  unsigned int handler = 0, type = MC_NONE;
  bool page = false, device = false;
  u64 pfn = 0;

  if (pte_present(pte)) {
    handler = 1;
    page = !pte_special(pte) && has(MC_PG_MAPPED) && (has(MC_PG_ANON) ? has(MC_MOVE_ANON) : has(MC_MOVE_FILE)) &&
           has(MC_GETPAGE_OK);
    if (page)
      pfn = pte_pfn(pte);
  } else if (pte_has_swap_entry(pte)) {
    swp_entry_t found = pte_to_swp_entry(pte);

    handler = 2;
    if (has(MC_MOVE_ANON)) {
      device = is_device_private_entry(found);
      if (device) {
        page = has(MC_DEVREF_OK);
        pfn = swp_offset(found);
      } else if (!non_swap_entry(found)) {
        entry = found;
        page = has(MC_SWAPCACHE);
        pfn = swp_offset(found);
      }
    }
  } else if (pte_none(pte)) {
    handler = 3;
    page = has(MC_VM_FILE) && has(MC_MOVE_FILE) && has(MC_INCORE);
  }
  if (page && has(MC_MEMCG_FROM)) {
    type = device ? MC_DEVICE : MC_PAGE;
    c->aux = pfn;
  } else if (entry.val && !(page && has(MC_PG_COMPOUND)) && has(MC_SWAP_CGROUP)) {
    type = MC_SWAP;
    c->aux = entry.val;
  }
  c->outcome = type | handler << 4;
}

static void migration_wait(struct call *c)
{
  swp_entry_t entry;

  if (!pte_has_swap_entry(c->pte))
    return;
  entry = pte_to_swp_entry(c->pte);
  if (!is_migration_entry(entry))
    return;
  c->outcome = c->p0 & 1 ? 1 : 2;
  c->aux = swp_offset(entry);
}

enum { PVMW_SYNC = 1, PVMW_MIGRATION = 2, PVMW_HUGETLB = 4 };

static bool pvmw_map_pte(struct call *c)
{
  if (c->p0 & PVMW_SYNC)
    return true;
  if (c->p0 & PVMW_MIGRATION)
    return is_swap_pte(c->pte);
  if (pte_has_swap_entry(c->pte))
    return is_device_private_entry(pte_to_swp_entry(c->pte));
  return pte_present(c->pte);
}

static bool pvmw_check_pte(struct call *c)
{
  u64 pages = c->p2 > 1 && !(c->p0 & PVMW_HUGETLB) ? c->p2 : 1;
  u64 pfn;

  if (pte_has_swap_entry(c->pte)) {
    swp_entry_t entry = pte_to_swp_entry(c->pte);

    if (c->p0 & PVMW_MIGRATION ? !is_migration_entry(entry) : !is_device_private_entry(entry))
      return false;
    pfn = swp_offset(entry);
  } else {
    if (c->p0 & PVMW_MIGRATION || !pte_present(c->pte))
      return false;
    pfn = pte_pfn(c->pte);
  }
  return pfn >= c->p1 && pfn - c->p1 < pages;
}

static void pvmw(struct call *c)
{
  if (!pvmw_map_pte(c))
    return;
  c->outcome = 1 | (pvmw_check_pte(c) ? 2 : 0);
}

/* ---- hmm ---- */

enum { HMM_NEED_FAULT = 1, HMM_NEED_WRITE = 2 };

static unsigned int hmm_need(struct call *c, u64 cpu)
{
  if (!has(HM_REQ_FAULT))
    return 0;
  if (has(HM_REQ_WRITE) && !(cpu & PTEFUZZ_HMM_WRITE))
    return HMM_NEED_FAULT | HMM_NEED_WRITE;
  return cpu & PTEFUZZ_HMM_VALID ? 0 : HMM_NEED_FAULT;
}

static void hmm_fault(struct call *c, unsigned int need)
{
  if (need & HMM_NEED_WRITE && !has(HM_VM_WRITE)) {
    c->outcome = PTEFUZZ_HO_EPERM;
    return;
  }
  c->outcome = PTEFUZZ_HO_FAULTED | (has(HM_FAULT_ERROR) ? PTEFUZZ_HO_EFAULT : PTEFUZZ_HO_EBUSY);
}

static void hmm_entry(struct call *c)
{
  swp_entry_t entry = pte_to_swp_entry(c->pte);
  unsigned int need = hmm_need(c, 0);

  if (is_device_private_entry(entry) && has(HM_OWNER_MATCH)) {
    c->aux = swp_offset(entry) | PTEFUZZ_HMM_VALID;
    if (is_write_device_private_entry(entry))
      c->aux |= PTEFUZZ_HMM_WRITE;
  } else if (!need) {
    c->aux = 0;
  } else if (!non_swap_entry(entry)) {
    hmm_fault(c, need);
  } else if (is_migration_entry(entry)) {
    c->outcome = PTEFUZZ_HO_EBUSY | PTEFUZZ_HO_MIGWAIT;
  } else {
    c->outcome = PTEFUZZ_HO_EFAULT;
  }
}

static void hmm(struct call *c, bool knows_special)
{
  pte_t pte = c->pte;
  unsigned int need;
  u64 cpu = 0;

  c->aux = PTEFUZZ_HMM_UNWRITTEN;
  if (pte_none(pte) || (knows_special && is_swap_special_pte(pte))) {
    need = hmm_need(c, 0);
    if (need)
      hmm_fault(c, need);
    else
      c->aux = 0;
    return;
  }
  if (!pte_present(pte)) {
    hmm_entry(c);
    return;
  }
  if (!pte_protnone(pte))
    cpu = PTEFUZZ_HMM_VALID | (pte_write(pte) ? PTEFUZZ_HMM_WRITE : 0);
  need = hmm_need(c, cpu);
  if (need) {
    hmm_fault(c, need);
  } else if (pte_special(pte) && !is_zero_pfn(pte_pfn(pte))) {
    if (hmm_need(c, 0))
      c->outcome = PTEFUZZ_HO_EFAULT;
    else
      c->aux = PTEFUZZ_HMM_ERROR;
  } else {
    c->aux = pte_pfn(pte) | cpu;
  }
}

static void hmm_rfc(struct call *c) { hmm(c, false); }
#ifdef MISTAKE_HMM
/* The caller that the patch forgot: on x86_64 it answers right all the same, by luck. */
static void hmm_v3(struct call *c) { hmm(c, false); }
#else
static void hmm_v3(struct call *c) { hmm(c, true); }
#endif

/* ---- faults ---- */

#define DSO(what) ((u64)PTEFUZZ_DSO_##what << 16)

/* The failures of a swap-in, in their order; true: install. */
static bool swap_in_goes_on(struct call *c)
{
  u64 ret = 0;

  c->outcome = DSO(SWAPIN);
  if (!has(DS_SWAPCACHE)) {
    if (has(DS_NO_PAGE)) {
      c->outcome |= has(DS_PTE_CHANGED) ? 0 : PTEFUZZ_VM_FAULT_OOM;
      return false;
    }
    ret = PTEFUZZ_VM_FAULT_MAJOR;
  } else if (has(DS_PG_HWPOISON)) {
    c->outcome |= PTEFUZZ_VM_FAULT_HWPOISON;
    return false;
  }
  if (has(DS_LOCK_FAIL)) {
    c->outcome |= ret | PTEFUZZ_VM_FAULT_RETRY;
    return false;
  }
  if (has(DS_CACHE_CHANGED)) {
    c->outcome |= ret;
    return false;
  }
  if (has(DS_KSM_OOM))
    ret = PTEFUZZ_VM_FAULT_OOM;
  else if (!has(DS_PTE_CHANGED) && has(DS_NOT_UPTODATE))
    ret = PTEFUZZ_VM_FAULT_SIGBUS;
  c->outcome |= ret;
  return !has(DS_KSM_OOM) && !has(DS_PTE_CHANGED) && !has(DS_NOT_UPTODATE);
}

static void do_swap_page(struct call *c)
{
  pte_t orig = c->pte, pte;
  swp_entry_t entry;
  bool write = has(DS_WRITE);

  if (is_swap_special_pte(orig)) {
    c->outcome = DSO(WARN_SPECIAL);
    return;
  }
  entry = pte_to_swp_entry(orig);
  if (non_swap_entry(entry)) {
    if (is_migration_entry(entry))
      c->outcome = DSO(MIGRATION);
    else if (is_device_private_entry(entry))
      c->outcome = DSO(DEVPRIV);
    else
      c->outcome = DSO(HWPOISON) | PTEFUZZ_VM_FAULT_HWPOISON;
    return;
  }
  if (!swap_in_goes_on(c))
    return;
  pte = mk_pte(c->p2, c->p1);
  if (write && has(DS_REUSE)) {
    pte = mk_writable(pte_mkdirty(pte), has(DS_VM_WRITE));
    write = false;
    c->outcome |= PTEFUZZ_VM_FAULT_WRITE | PTEFUZZ_DSF_EXCLUSIVE;
  }
  if (pte_swp_soft_dirty(orig))
    pte = pte_mksoft_dirty(pte);
  if (pte_swp_uffd_wp(orig)) {
    pte = pte_mkuffd_wp(pte);
    pte = pte_wrprotect(pte);
  }
  store(c, pte);
  c->outcome |= PTEFUZZ_DSF_SWAP_FREE | (write ? PTEFUZZ_DSF_DO_WP_PAGE : 0);
}

enum { TNF_NO_GROUP = 2, TNF_SHARED = 4, TNF_MIGRATED = 1, TNF_MIGRATE_FAIL = 0x10 };

static void numa_page(struct call *c)
{
  pte_t old = c->pte, pte;
  bool was_writable = pte_savedwrite(old);
  unsigned int flags = 0;

  if (has(NP_CHANGED))
    return;
  pte = pte_mkyoung(pte_modify(old, __pgprot(c->p1)));
  if (was_writable)
    pte = pte_mkwrite(pte);
  did(CLEAR), did(STORE), did(MMU_CACHE);
  store(c, pte);
  if (!normal_page(c, pte) || has(NP_COMPOUND))
    return;
  if (!pte_write(pte))
    flags |= TNF_NO_GROUP;
  if (has(NP_MAPCOUNT2) && has(NP_SHARED))
    flags |= TNF_SHARED;
  did(GET_PAGE);
  if (!has(NP_TARGET))
    did(PUT_PAGE);
  else
    flags |= has(NP_MIGRATE_OK) ? TNF_MIGRATED : TNF_MIGRATE_FAIL;
  c->outcome |= 0x100 | flags;
}

static void wp_reuse(struct call *c, u64 code)
{
  pte_t pte = mk_writable(pte_mkdirty(pte_mkyoung(c->pte)), has(WP_VM_WRITE));

  c->outcome |= code;
  if (pte_same(pte, c->pte))
    return;
  c->outcome |= PTEFUZZ_WPO_REUSE;
  did(STORE), did(MMU_CACHE);
  store(c, pte);
}

static void wp_copy(struct call *c, bool page)
{
  pte_t old = c->pte;

  if (page)
    did(GET_PAGE);
  if (has(WP_OOM)) {
    did(NOMEM);
    if (page)
      did(PUT_PAGE);
    c->outcome |= PTEFUZZ_VM_FAULT_OOM;
    return;
  }
  if (!is_zero_pfn(pte_pfn(old))) {
    if (has(WP_COPYFAIL)) {
      did(PUT_PAGE);
      return;
    }
    did(PG_COPY);
  }
  if (has(WP_CHANGED)) {
    did(MMU_TLB), did(PUT_PAGE);
    return;
  }
  did(CLEAR), did(STORE), did(MMU_CACHE), did(RMAP_ADD);
  if (pte_accessible(old))
    did(TLB);
  if (!page || !has(WP_PG_ANON))
    did(RSS_PAGE);
  if (page)
    did(RMAP_DEL), did(PUT_PAGE);
  store(c, mk_writable(pte_mkdirty(mk_pte(c->p2, c->p1)), has(WP_VM_WRITE)));
  c->outcome |= PTEFUZZ_VM_FAULT_WRITE | PTEFUZZ_WPO_COPY;
}

/* A shared mapping asks its owner first; true: the write may go on. */
static bool wp_asks_owner(struct call *c, bool asks)
{
  if (!asks)
    return true;
  if (has(WP_MKWRITE_FAIL)) {
    c->outcome |= PTEFUZZ_VM_FAULT_SIGBUS;
    return false;
  }
  if (has(WP_CHANGED)) {
    did(MMU_TLB);
    c->outcome |= PTEFUZZ_VM_FAULT_NOPAGE;
    return false;
  }
  return true;
}

static void wp_page(struct call *c)
{
  bool page, shared = has(WP_VM_WRITE) && has(WP_VM_SHARED);

  if (has(WP_VM_UFFD_WP) && pte_uffd_wp(c->pte)) {
    did(UFFD);
    c->outcome |= PTEFUZZ_WPO_UFFD;
    return;
  }
  page = normal_page(c, c->pte);
  if (!page && shared) {
    if (wp_asks_owner(c, has(WP_PFN_MKWRITE)))
      wp_reuse(c, has(WP_PFN_MKWRITE) ? 0 : PTEFUZZ_VM_FAULT_WRITE);
  } else if (page && has(WP_PG_ANON)) {
    if (!has(WP_PG_KSM) && !has(WP_COUNT2) && !has(WP_TRYLOCK_FAIL) && !has(WP_MAPCOUNT2))
      wp_reuse(c, PTEFUZZ_VM_FAULT_WRITE);
    else
      wp_copy(c, page);
  } else if (page && shared) {
    did(GET_PAGE), did(PUT_PAGE);
    if (wp_asks_owner(c, has(WP_PAGE_MKWRITE))) {
      wp_reuse(c, PTEFUZZ_VM_FAULT_WRITE);
      did(PG_DIRTY);
    }
  } else {
    wp_copy(c, page);
  }
}

static void anon_page(struct call *c)
{
  bool write = has(AP_WRITE);
  pte_t pte;

  if (has(AP_VM_SHARED)) {
    c->outcome = PTEFUZZ_VM_FAULT_SIGBUS;
    return;
  }
  if (write && has(AP_OOM)) {
    did(NOMEM);
    c->outcome |= PTEFUZZ_VM_FAULT_OOM;
    return;
  }
  if (!pte_none(c->pte)) {
    if (write)
      did(MMU_CACHE), did(PUT_PAGE);
    else
      did(MMU_TLB);
    return;
  }
  if (write && (has(AP_UNSTABLE) || has(AP_UFFD_MISSING)))
    did(PUT_PAGE);
  if (has(AP_UNSTABLE)) {
    c->outcome |= PTEFUZZ_VM_FAULT_SIGBUS;
    return;
  }
  if (has(AP_UFFD_MISSING)) {
    did(UFFD);
    return;
  }
  if (!write) {
    pte = pte_mkspecial(mk_pte(PTEFUZZ_ZERO_PFN, c->p1));
  } else {
    pte = mk_pte(c->p2, c->p1);
    if (has(AP_VM_WRITE))
      pte = pte_mkwrite(pte_mkdirty(pte));
    did(RMAP_ADD), did(RSS_PAGE);
  }
  did(STORE), did(MMU_CACHE);
  store(c, pte);
}

static void finish(struct call *c, bool uffd_wp)
{
  bool cow = has(FF_WRITE) && !has(FF_VM_SHARED);
  pte_t pte;

  if (!has(FF_VM_SHARED) && has(FF_UNSTABLE)) {
    c->outcome = PTEFUZZ_VM_FAULT_SIGBUS;
    return;
  }
  if (uffd_wp ? !is_swap_special_pte(c->pte) : !pte_none(c->pte)) {
    did(MMU_TLB);
    c->outcome |= PTEFUZZ_VM_FAULT_NOPAGE;
    return;
  }
  pte = mk_pte(cow ? c->p2 ^ 1 : c->p2, c->p1);
  if (has(FF_WRITE))
    pte = mk_writable(pte_mkdirty(pte), has(FF_VM_WRITE));
  if (uffd_wp) {
    if (has(FF_WRITE))
      did(WARN);
    pte = pte_mkuffd_wp(pte_wrprotect(pte));
  }
  did(STORE), did(MMU_CACHE), did(RMAP_ADD), did(RSS_PAGE);
  store(c, pte);
}

static void finish_fault(struct call *c) { finish(c, false); }
static void finish_fault_rfc08(struct call *c) { finish(c, has(FF_UFFD_WP)); }

static void dispatch(struct call *c, bool knows_special)
{
  pte_t pte = c->pte;

  if (pte_none(pte)) {
    c->outcome = has(DI_VM_ANON) ? PTEFUZZ_DI_ANON : PTEFUZZ_DI_DO_FAULT | (has(DI_WRITE) ? PTEFUZZ_DI_AS_WRITE : 0);
    return;
  }
  if (!pte_present(pte)) {
    if (!knows_special || !is_swap_special_pte(pte)) {
      shim_use(SWAP_FAULT, pte.pte);
      c->outcome = PTEFUZZ_DI_SWAP;
    } else if (!has(DI_VM_UFFD_WP) || has(DI_VM_ANON)) {
      did(CLEAR);
      store(c, __pte(0));
      c->outcome |= PTEFUZZ_DI_UFFD_CLEAR;
    } else {
      c->outcome = PTEFUZZ_DI_DO_FAULT_UFFD_WP;
    }
    return;
  }
  if (pte_protnone(pte) && has(DI_VM_ACCESS)) {
    c->outcome = PTEFUZZ_DI_NUMA;
    return;
  }
  if (has(DI_WRITE)) {
    if (!pte_write(pte)) {
      c->outcome = PTEFUZZ_DI_WP;
      return;
    }
    pte = pte_mkdirty(pte);
  }
  pte = pte_mkyoung(pte);
  if (pte_same(pte, c->pte)) {
    if (has(DI_WRITE) && !has(DI_TRIED))
      did(TLB);
    return;
  }
  did(MMU_CACHE);
  if (has(DI_WRITE)) {
    did(STORE);
    store(c, pte);
  }
}

static void pte_fault(struct call *c) { dispatch(c, false); }
static void pte_fault_rfc08(struct call *c) { dispatch(c, true); }

/* ---- primitives ---- */

static void modify(struct call *c)
{
  c->pte = pte_modify(c->pte, __pgprot(c->p0));
}

static int bitop(struct call *c)
{
  pte_t pte = c->pte;

  switch (c->p0) {
  case PTEFUZZ_BO_MKDIRTY: pte = pte_mkdirty(pte); break;
  case PTEFUZZ_BO_MKCLEAN: pte = pte_mkclean(pte); break;
  case PTEFUZZ_BO_MKYOUNG: pte = pte_mkyoung(pte); break;
  case PTEFUZZ_BO_MKOLD: pte = pte_mkold(pte); break;
  case PTEFUZZ_BO_MKWRITE: pte = pte_mkwrite(pte); break;
  case PTEFUZZ_BO_WRPROTECT: pte = pte_wrprotect(pte); break;
  case PTEFUZZ_BO_MKSOFT_DIRTY: pte = pte_mksoft_dirty(pte); break;
  case PTEFUZZ_BO_CLEAR_SOFT_DIRTY: pte = pte_clear_soft_dirty(pte); break;
  case PTEFUZZ_BO_MKUFFD_WP: pte = pte_mkuffd_wp(pte); break;
  case PTEFUZZ_BO_CLEAR_UFFD_WP: pte = pte_clear_uffd_wp(pte); break;
  case PTEFUZZ_BO_SWP_MKSOFT_DIRTY: pte = pte_swp_mksoft_dirty(pte); break;
  case PTEFUZZ_BO_SWP_CLEAR_SOFT_DIRTY: pte = pte_swp_clear_soft_dirty(pte); break;
  case PTEFUZZ_BO_SWP_MKUFFD_WP: pte = pte_swp_mkuffd_wp(pte); break;
  case PTEFUZZ_BO_SWP_CLEAR_UFFD_WP: pte = pte_swp_clear_uffd_wp(pte); break;
  case PTEFUZZ_BO_MKSPECIAL: pte = pte_mkspecial(pte); break;
  case PTEFUZZ_BO_MKDEVMAP: pte = pte_mkdevmap(pte); break;
  case PTEFUZZ_BO_MKEXEC: pte = pte_mkexec(pte); break;
  default: return -2;
  }
  c->pte = pte;
  return 0;
}

static void entry_to_pte(struct call *c)
{
  swp_entry_t entry = swp_entry(c->p0, c->p1);

  c->pte = swp_entry_to_pte(entry);
  c->aux = entry.val;
}

static void frame_to_pte(struct call *c)
{
  c->pte = pfn_pte(c->p0, __pgprot(c->p1));
}

static int accessor(struct call *c)
{
  pte_t old = c->pte;

  switch (c->p0) {
  case PTEFUZZ_AC_SET_ACCESS_FLAGS:
    c->outcome = old.pte != c->p1;
    if (c->outcome && c->p2) {
      did(STORE);
      c->pte = __pte(c->p1);
    }
    break;
  case PTEFUZZ_AC_TEST_CLEAR_YOUNG:
  case PTEFUZZ_AC_CLEAR_FLUSH_YOUNG:
    if (pte_young(old)) {
      c->outcome = 1;
      did(STORE);
      c->pte = pte_mkold(old);
    }
    break;
  case PTEFUZZ_AC_SET_WRPROTECT:
    did(STORE);
    c->pte = pte_wrprotect(old);
    break;
  case PTEFUZZ_AC_CLEAR_FLUSH:
    if (pte_accessible(old))
      did(TLB);
    /* fall through */
  case PTEFUZZ_AC_GET_AND_CLEAR:
  case PTEFUZZ_AC_GET_AND_CLEAR_FULL:
    did(CLEAR);
    c->aux = old.pte;
    c->pte = __pte(0);
    break;
  case PTEFUZZ_AC_ACCESSIBLE:
    c->outcome = pte_accessible(old);
    break;
  default:
    return -2;
  }
  return 0;
}

/* ---- around the patch: fork and teardown ---- */

static void fork_early_copy(struct call *c, int rfc, pte_t *child)
{
  did(RETRY);
  if (has(FK_NOMEM)) {
    did(NOMEM);
    c->outcome |= 1;
    return;
  }
  did(STORE), did(RMAP_ADD), did(RSS_PAGE), did(PG_COPY);
  *child = mk_writable(pte_mkdirty(mk_pte(c->p2, c->p1)), has(FK_VM_WRITE));
  if (rfc && has(FK_DST_UFFD_WP) && pte_uffd_wp(c->pte))
    *child = pte_wrprotect(pte_mkuffd_wp(*child));
}

static void fork_present(struct call *c, int rfc, pte_t *child)
{
  bool cow = has(FK_MAYWRITE) && !has(FK_SHARED);
  pte_t pte = c->pte;

  if (normal_page(c, pte)) {
    if (cow && has(FK_HAS_PINNED) && has(FK_PG_PINNED)) {
      fork_early_copy(c, rfc, child);
      return;
    }
    did(GET_PAGE), did(RMAP_ADD), did(RSS_PAGE);
  }
  if (cow && pte_write(pte)) {
    pte = pte_wrprotect(pte);
    did(SRC_STORE);
    c->pte = pte;
  }
  if (has(FK_SHARED))
    pte = pte_mkclean(pte);
  pte = pte_mkold(pte);
  if (rfc ? !has(FK_DST_UFFD_WP) : !has(FK_SRC_UFFD_WP))
    pte = pte_clear_uffd_wp(pte);
  did(STORE);
  *child = pte;
}

static void fork_entry(struct call *c, int rfc, pte_t *child)
{
  bool cow = has(FK_MAYWRITE) && !has(FK_SHARED);
  pte_t pte = c->pte;
  swp_entry_t entry = pte_to_swp_entry(pte);

  if (!non_swap_entry(entry)) {
    did(SWAP_DUP);
    if (has(FK_SWAP_CONT)) {
      /* The entry with the value 0 looks like success. */
      if (!entry.val)
        return;
      did(RETRY);
      if (has(FK_NOMEM)) {
        did(NOMEM);
        c->outcome |= 1;
        return;
      }
    }
    did(RSS_SWAP);
  } else if (is_migration_entry(entry)) {
    did(RSS_PAGE);
    if (is_write_migration_entry(entry) && cow) {
      make_migration_entry_read(&entry);
      c->pte = carry_flags(swp_entry_to_pte(entry), pte);
      pte = c->pte;
      did(SRC_STORE);
    }
  } else if (is_device_private_entry(entry)) {
    did(GET_PAGE), did(RMAP_ADD), did(RSS_PAGE);
    if (is_write_device_private_entry(entry) && cow) {
      make_device_private_entry_read(&entry);
      c->pte = swp_entry_to_pte(entry);
      if (pte_swp_uffd_wp(pte))
        c->pte = pte_swp_mkuffd_wp(c->pte);
      pte = c->pte;
      did(SRC_STORE);
    }
  }
#ifdef MISTAKE_FORK
  /* As before RFC 02/30: the child keeps a mark that its vma knows nothing of. */
  if (rfc == 2 && !is_swap_special_pte(pte))
    rfc = 0;
#endif
  if (rfc && !has(FK_DST_UFFD_WP))
    pte = pte_swp_clear_uffd_wp(pte);
  did(STORE);
  *child = pte;
}

static void fork_pte(struct call *c, int rfc)
{
  pte_t child = __pte(0);

  if (pte_none(c->pte)) {
    /* nothing to copy */
  } else if (pte_present(c->pte)) {
    fork_present(c, rfc, &child);
  } else if (rfc == 17 && is_swap_special_pte(c->pte)) {
    if (has(FK_DST_UFFD_WP)) {
      did(STORE);
      child = c->pte;
    }
  } else {
    fork_entry(c, rfc, &child);
  }
  c->aux = c->pte.pte;
  c->pte = child;
}

static void fork_v510(struct call *c) { fork_pte(c, 0); }
static void fork_rfc02(struct call *c) { fork_pte(c, 2); }
static void fork_rfc17(struct call *c) { fork_pte(c, 17); }

/* Drops a swap reference: what the kernel says of a bad entry, or the entry freed. */
static bool free_swap(struct call *c, swp_entry_t entry, u64 area, u64 map)
{
  area &= 0xffffffff;
  if (!entry.val)
    return false;
  if (!area || swp_offset(entry) >= area || !(map & 0xff)) {
    did(SWAP_BAD);
    return false;
  }
  did(SWAP_FREE);
  c->aux = entry.val;
  return true;
}

static void zap_present(struct call *c)
{
  pte_t pte = c->pte;
  bool page = normal_page(c, pte);

  if (page && has(Z_DETAILS) && has(Z_CHECK_MAPPING) && !has(Z_MAPPING_MATCH))
    return;
  did(CLEAR), did(TLB);
  if (page) {
    did(RSS_PAGE), did(RMAP_DEL);
    c->aux = pte_pfn(pte);
    if (!has(Z_PG_ANON)) {
      if (pte_dirty(pte))
        did(PG_DIRTY), did(FORCE_FLUSH);
      if (pte_young(pte) && !has(Z_SEQ_READ))
        did(PG_ACCESSED);
    }
    if (has(Z_MAPCOUNT_NEG))
      did(BAD_PTE);
    if (has(Z_TLB_FULL))
      did(FORCE_FLUSH);
  }
  store(c, __pte(0));
}

static void zap_entry(struct call *c)
{
  swp_entry_t entry = pte_to_swp_entry(c->pte);

  if (is_device_private_entry(entry)) {
    if (has(Z_DETAILS) && has(Z_CHECK_MAPPING) && !has(Z_MAPPING_MATCH))
      return;
    did(CLEAR), did(RSS_PAGE), did(RMAP_DEL), did(PUT_PAGE);
    c->aux = swp_offset(entry);
  } else if (has(Z_DETAILS)) {
    return;
  } else if (!non_swap_entry(entry)) {
    did(CLEAR), did(RSS_SWAP);
    if (!free_swap(c, entry, c->p1, c->p2))
      did(BAD_PTE);
  } else {
    did(CLEAR);
    if (is_migration_entry(entry))
      did(RSS_PAGE);
  }
  store(c, __pte(0));
}

static void zap(struct call *c)
{
  if (pte_present(c->pte))
    zap_present(c);
  else if (!pte_none(c->pte))
    zap_entry(c);
}

enum { TTU_MIGRATION = 1, TTU_MUNLOCK = 2, TTU_IGNORE_MLOCK = 8, TTU_IGNORE_ACCESS = 0x10, TTU_IGNORE_HWPOISON = 0x20,
       TTU_BATCH_FLUSH = 0x40, TTU_SPLIT_FREEZE = 0x100 };

/* Whether the pte maps the page, or one of the 512 pages of a huge one; *pfn is which. */
static bool rmap_matches(struct call *c, bool thp, u64 *pfn)
{
  if (pte_present(c->pte)) {
    *pfn = pte_pfn(c->pte);
  } else if (pte_has_swap_entry(c->pte)) {
    swp_entry_t entry = pte_to_swp_entry(c->pte);

    if (!is_device_private_entry(entry))
      return false;
    *pfn = swp_offset(entry);
  } else {
    return false;
  }
  return *pfn >= c->p1 && *pfn - c->p1 < (thp ? 512 : 1);
}

/* What stands in the slot once the page is out of it; false: it stays mapped. */
static bool unmap_leaves(struct call *c, pte_t old, u64 pfn, pte_t *left)
{
  if (has(TU_PG_HWPOISON) && !(c->p0 & TTU_IGNORE_HWPOISON)) {
    *left = swp_entry_to_pte(swp_entry(SWP_HWPOISON, pfn));
    did(STORE), did(RSS_PAGE);
    return true;
  }
  if (c->p0 & (TTU_MIGRATION | TTU_SPLIT_FREEZE)) {
    *left = swp_entry_to_pte(swp_entry(pte_write(old) ? SWP_MIGRATION_WRITE : SWP_MIGRATION_READ, pfn));
    if (pte_soft_dirty(old))
      *left = pte_swp_mksoft_dirty(*left);
    if (pte_uffd_wp(old))
      *left = pte_swp_mkuffd_wp(*left);
    did(STORE);
    return true;
  }
  if (!has(TU_PG_ANON)) {
    did(RSS_PAGE);
    return true;
  }
  if (has(TU_PG_SWAPBACKED) != has(TU_PG_SWAPCACHE)) {
    did(WARN);
    return false;
  }
  if (!has(TU_PG_SWAPBACKED)) {
    if (!has(TU_PG_DIRTY)) {
      did(RSS_PAGE);
      return true;
    }
    *left = old;
    did(STORE), did(SETSWAPBACKED);
    return false;
  }
  did(SWAP_DUP), did(STORE);
  if (has(TU_SWAP_DUP_FAIL)) {
    *left = old;
    return false;
  }
  *left = swp_entry_to_pte((swp_entry_t){c->p2});
  if (pte_soft_dirty(old))
    *left = pte_swp_mksoft_dirty(*left);
  if (pte_uffd_wp(old))
    *left = pte_swp_mkuffd_wp(*left);
  did(RSS_PAGE), did(RSS_SWAP);
  return true;
}

static void unmap(struct call *c)
{
  pte_t old = c->pte, left = __pte(0);
  u64 pfn;

  c->outcome = 1;
  if (c->p0 & TTU_MUNLOCK && !has(TU_VM_LOCKED))
    return;
  if (c->p0 & TTU_MIGRATION && has(TU_ZONE_DEVICE) && !has(TU_DEVPRIV))
    return;
  if (!rmap_matches(c, has(TU_THP), &pfn))
    return;
  if (!pte_present(old))
    pfn = c->p1;
  if (!(c->p0 & TTU_IGNORE_MLOCK) && has(TU_VM_LOCKED)) {
    c->outcome = 0;
    if (!has(TU_THP))
      did(MLOCK);
    return;
  }
  if (c->p0 & TTU_MIGRATION && has(TU_DEVPRIV)) {
    left = swp_entry_to_pte(swp_entry(SWP_MIGRATION_READ, c->p1));
    if (pte_swp_soft_dirty(old))
      left = pte_swp_mksoft_dirty(left);
    if (pte_swp_uffd_wp(old))
      left = pte_swp_mkuffd_wp(left);
    did(CLEAR), did(STORE), did(RMAP_DEL), did(PUT_PAGE);
    c->aux = c->p1;
    store(c, left);
    return;
  }
  if (!(c->p0 & TTU_IGNORE_ACCESS) && pte_young(old)) {
    c->outcome = 0;
    did(STORE);
    store(c, pte_mkold(old));
    return;
  }
  did(CLEAR);
  if (pte_accessible(old) && !(c->p0 & TTU_BATCH_FLUSH))
    did(TLB);
  if (pte_dirty(old))
    did(PG_DIRTY);
  if (unmap_leaves(c, old, pfn, &left)) {
    did(RMAP_DEL), did(PUT_PAGE);
    c->aux = pfn;
  } else {
    c->outcome &= ~1ull;
  }
  store(c, left);
}

static void page_mkclean(struct call *c)
{
  pte_t pte = c->pte;
  u64 pfn;

  if (!rmap_matches(c, has(TU_THP), &pfn) || (!pte_dirty(pte) && !pte_write(pte)))
    return;
  c->outcome = 1;
  did(CLEAR), did(STORE);
  if (pte_accessible(pte))
    did(TLB);
  store(c, pte_mkclean(pte_wrprotect(pte)));
}

/* ---- migration and swapoff ---- */

static void remove_migration(struct call *c)
{
  pte_t old = c->pte, pte;
  swp_entry_t entry;

  if (!pte_has_swap_entry(old))
    return;
  entry = pte_to_swp_entry(old);
  if (!is_migration_entry(entry) || has(RM_PFN_MISMATCH))
    return;
  pte = pte_mkold(mk_pte(c->p2, c->p1));
  if (pte_swp_soft_dirty(old))
    pte = pte_mksoft_dirty(pte);
  if (is_write_migration_entry(entry))
    pte = mk_writable(pte, has(RM_VM_WRITE));
  else if (pte_swp_uffd_wp(old))
    pte = pte_mkuffd_wp(pte);
  if (has(RM_NEW_DEVPRIV)) {
    unsigned int type = pte_write(pte) ? SWP_DEVICE_WRITE : SWP_DEVICE_READ;

    pte = swp_entry_to_pte(swp_entry(type, c->p2 & PFN_LIMIT));
    if (pte_swp_soft_dirty(old))
      pte = pte_swp_mksoft_dirty(pte);
    if (pte_swp_uffd_wp(old))
      pte = pte_swp_mkuffd_wp(pte);
  }
  c->outcome = 1;
  did(GET_PAGE), did(STORE), did(RMAP_ADD), did(MMU_CACHE);
  if (has(RM_VM_LOCKED))
    did(MLOCK);
  store(c, pte);
}

enum { MPFN_VALID = 1, MPFN_MIGRATE = 2, MPFN_LOCKED = 4, MPFN_WRITE = 8, MPFN_SHIFT = 6 };

static void collect(struct call *c, bool knows_special)
{
  pte_t pte = c->pte;
  bool present = pte_present(pte), page, write;
  u64 pfn;

  if (pte_none(pte) || (knows_special && is_swap_special_pte(pte))) {
    if (has(MG_VM_ANON)) {
      c->aux = MPFN_MIGRATE;
      c->outcome = 1;
    }
    return;
  }
  if (!present) {
    swp_entry_t entry = pte_to_swp_entry(pte);

    if (!is_device_private_entry(entry) || !has(MG_SELECT_DEVPRIV) || !has(MG_OWNER_MATCH))
      return;
    pfn = swp_offset(entry);
    write = is_write_device_private_entry(entry);
    page = true;
  } else {
    if (!has(MG_SELECT_SYSTEM))
      return;
    pfn = pte_pfn(pte);
    if (is_zero_pfn(pfn)) {
      c->aux = MPFN_MIGRATE;
      c->outcome = 1;
      return;
    }
    page = normal_page(c, pte);
    write = pte_write(pte);
  }
  if (!page || has(MG_NO_MAPPING) || has(MG_THP))
    return;
  c->aux = pfn << MPFN_SHIFT | MPFN_VALID | MPFN_MIGRATE | (write ? MPFN_WRITE : 0);
  c->outcome |= 1;
  did(GET_PAGE);
  if (!has(MG_TRYLOCK))
    return;
  c->aux |= MPFN_LOCKED;
  did(CLEAR), did(STORE), did(RMAP_DEL), did(PUT_PAGE);
  if (present)
    did(TLB);
  store(c, carry_flags(swp_entry_to_pte(swp_entry(write ? SWP_MIGRATION_WRITE : SWP_MIGRATION_READ, pfn)), pte));
}

static void migrate_collect(struct call *c) { collect(c, false); }
static void migrate_collect_v3(struct call *c) { collect(c, true); }

static void unuse_pte(struct call *c, bool knows_special)
{
  unsigned int type = c->p0 >> 8 & 31;
  u64 area = c->p0 >> 16;
  pte_t pte = c->pte, plain;
  swp_entry_t entry;
  bool no_file = type >= MAX_SWAPFILES || !area, refused;

  if (!is_swap_pte(pte) || (knows_special && is_swap_special_pte(pte)))
    return;
  entry = pte_to_swp_entry(pte);
  if (swp_type(entry) != type)
    return;
  refused = !entry.val || no_file || swp_offset(entry) >= area;
  if (no_file && entry.val)
    did(SWAP_BAD);
  if (refused || has(UN_NO_PAGE)) {
    if (swp_offset(entry) >= area)
      did(WILD);
    if (!has(UN_MAP_ZERO) && !has(UN_MAP_BAD)) {
      did(NOMEM);
      c->outcome |= 1;
    }
    return;
  }
  did(PUT_PAGE);
  if (has(UN_KSM_OOM)) {
    did(NOMEM);
    c->outcome |= 1;
    return;
  }
  plain = pte_swp_clear_soft_dirty(pte);
  if (has(UN_SAMESWP_FIXED))
    plain = pte_swp_clear_uffd_wp(plain);
  if (!pte_same(plain, swp_entry_to_pte(entry)))
    return;
  did(STORE), did(RSS_SWAP), did(RSS_PAGE), did(GET_PAGE), did(RMAP_ADD), did(SWAP_FREE);
  c->aux = entry.val;
  store(c, pte_mkold(mk_pte(c->p2, c->p1)));
}

static void unuse(struct call *c) { unuse_pte(c, false); }
static void unuse_v3(struct call *c) { unuse_pte(c, true); }

/* ---- lookups ---- */

static void mincore_lookup(struct call *c)
{
  if (has(MI_INCORE)) {
    did(PUT_PAGE);
    c->outcome |= has(MI_UPTODATE);
  }
}

static void mincore_pte(struct call *c, bool knows_special)
{
  pte_t pte = c->pte;
  swp_entry_t entry;

  if (pte_none(pte) || (knows_special && is_swap_special_pte(pte))) {
    if (has(MI_VM_FILE)) {
      c->outcome = PTEFUZZ_MIO_FILE_LOOKUP;
      mincore_lookup(c);
    }
    return;
  }
  if (pte_present(pte)) {
    c->outcome = 1;
    return;
  }
  entry = pte_to_swp_entry(pte);
  if (non_swap_entry(entry)) {
    c->outcome = 1;
    return;
  }
  c->outcome = PTEFUZZ_MIO_SWAP_LOOKUP;
  c->aux = swp_offset(entry);
  /* One address space for every 2^14 pages of the area. */
  if (swp_offset(entry) >> 14 >= (c->p1 >> 14) + !!(c->p1 & 0x3fff))
    did(WILD);
  mincore_lookup(c);
}

static void mincore_v510(struct call *c) { mincore_pte(c, false); }
static void mincore_v3(struct call *c) { mincore_pte(c, true); }

static void lazy_free(struct call *c, bool knows_special)
{
  pte_t pte = c->pte;

  if (pte_none(pte) || (knows_special && is_swap_special_pte(pte)))
    return;
  if (!pte_present(pte)) {
    swp_entry_t entry = pte_to_swp_entry(pte);

    if (non_swap_entry(entry))
      return;
    did(CLEAR), did(RSS_SWAP);
    free_swap(c, entry, c->p1, c->p2);
    store(c, __pte(0));
    return;
  }
  if (!normal_page(c, pte))
    return;
  if (has(MF_THP)) {
    if (has(MF_MAPCOUNT2))
      return;
    did(GET_PAGE), did(PUT_PAGE);
    if (has(MF_TRYLOCK_FAIL) || has(MF_SPLIT_FAIL))
      return;
  }
  if (has(MF_PG_SWAPCACHE) || has(MF_PG_DIRTY)) {
    if (has(MF_TRYLOCK_FAIL) || has(MF_MAPCOUNT2))
      return;
    if (has(MF_PG_SWAPCACHE) && has(MF_TRYFREE_FAIL))
      return;
    did(CLEAR_PG_DIRTY);
  }
  if (pte_young(pte) || pte_dirty(pte)) {
    did(CLEAR), did(STORE), did(TLB);
    store(c, pte_mkclean(pte_mkold(pte)));
  }
  did(LAZYFREE);
}

static void madv_free(struct call *c) { lazy_free(c, false); }
static void madv_free_v3(struct call *c) { lazy_free(c, true); }

static void read_ahead(struct call *c, bool knows_special)
{
  swp_entry_t entry;

  if (pte_present(c->pte) || pte_none(c->pte) || (knows_special && is_swap_special_pte(c->pte)))
    return;
  entry = pte_to_swp_entry(c->pte);
  if (non_swap_entry(entry))
    return;
  c->outcome = 1;
  c->aux = entry.val;
  if (entry.val && swp_offset(entry) < c->p1)
    c->outcome |= 2;
  if (entry.val && !c->p1)
    did(SWAP_BAD);
}

static void willneed(struct call *c) { read_ahead(c, false); }
static void willneed_v3(struct call *c) { read_ahead(c, true); }

enum { FOLL_WRITE = 1, FOLL_TOUCH = 2, FOLL_GET = 4, FOLL_DUMP = 8, FOLL_FORCE = 0x10, FOLL_SPLIT = 0x80, FOLL_NUMA = 0x200,
       FOLL_MIGRATION = 0x400, FOLL_MLOCK = 0x1000, FOLL_COW = 0x4000, FOLL_PIN = 0x40000 };
enum { ERR_EAGAIN = 11, ERR_ENOMEM = 12, ERR_EFAULT = 14, ERR_EEXIST = 17, ERR_EINVAL = 22 };

#define foll(flag) (!!(c->p0 & FOLL_##flag))
#define gup_has(bit) (!!(c->p1 & PTEFUZZ_GU_##bit))

static void gup_error(struct call *c, u64 error)
{
  c->outcome |= PTEFUZZ_GUO_ERR | error << 8;
}

static void gup_no_page(struct call *c)
{
  if (!pte_none(c->pte))
    return;
  if (foll(DUMP) && (gup_has(VM_ANON) || gup_has(NO_FAULT_OP)))
    gup_error(c, ERR_EFAULT);
  else
    c->outcome |= PTEFUZZ_GUO_NO_PAGE_TABLE;
}

/* A pte without a page that is asked for all the same. */
static void gup_pfn(struct call *c)
{
  pte_t pte = c->pte;

  if (foll(GET)) {
    gup_error(c, ERR_EFAULT);
    return;
  }
  if (foll(TOUCH)) {
    if (foll(WRITE))
      pte = pte_mkdirty(pte);
    pte = pte_mkyoung(pte);
    if (!pte_same(pte, c->pte)) {
      did(STORE), did(MMU_CACHE);
      store(c, pte);
    }
  }
  gup_error(c, ERR_EEXIST);
}

static void gup_page(struct call *c)
{
  pte_t pte = c->pte;
  bool thp = gup_has(THP);

  if (foll(SPLIT) && thp) {
    did(GET_PAGE), did(PUT_PAGE);
    if (gup_has(SPLIT_FAIL)) {
      gup_error(c, ERR_EAGAIN);
      return;
    }
    thp = false;
  }
  if (foll(GET) || foll(PIN)) {
    if (gup_has(GRAB_FAIL)) {
      gup_error(c, ERR_ENOMEM);
      return;
    }
    did(GET_PAGE);
  }
  if (foll(TOUCH)) {
    if (foll(WRITE) && !pte_dirty(pte) && !gup_has(PG_DIRTY))
      did(PG_DIRTY);
    did(PG_ACCESSED);
  }
  if (foll(MLOCK) && gup_has(VM_LOCKED) && !thp && !gup_has(NO_MAPPING))
    did(MLOCK);
  c->outcome |= PTEFUZZ_GUO_PAGE;
  c->aux = pte_pfn(pte);
}

static void gup_present(struct call *c)
{
  pte_t pte = c->pte;

  if (foll(NUMA) && pte_protnone(pte)) {
    gup_no_page(c);
    return;
  }
  if (foll(WRITE) && !pte_write(pte) && !(foll(FORCE) && foll(COW) && pte_dirty(pte))) {
    c->outcome |= PTEFUZZ_GUO_NOWRITE;
    return;
  }
  if (normal_page(c, pte)) {
    gup_page(c);
  } else if (pte_devmap(pte) && (foll(GET) || foll(PIN))) {
    if (gup_has(DEV_PAGEMAP))
      gup_page(c);
    else
      gup_no_page(c);
  } else if (foll(DUMP)) {
    gup_error(c, ERR_EFAULT);
  } else if (is_zero_pfn(pte_pfn(pte))) {
    gup_page(c);
  } else {
    gup_pfn(c);
  }
}

static void gup_pte(struct call *c, bool knows_special)
{
  pte_t next = __pte(c->p2);

  if (foll(PIN) && foll(GET)) {
    did(WARN);
    gup_error(c, ERR_EINVAL);
    return;
  }
  while (!pte_present(c->pte)) {
    if (!foll(MIGRATION) || pte_none(c->pte) || (knows_special && is_swap_special_pte(c->pte)) ||
        !is_migration_entry(pte_to_swp_entry(c->pte))) {
      gup_no_page(c);
      return;
    }
    did(MIGWAIT);
    c->pte = next;
    next = __pte(0);
  }
  gup_present(c);
}

static void gup(struct call *c) { gup_pte(c, false); }
static void gup_v3(struct call *c) { gup_pte(c, true); }

static void install_uffd_wp(struct call *c)
{
  pte_t old = c->pte;
  bool armed = false;

  if (c->p0 & 1)
    armed = false;
  else if (pte_present(old))
    armed = pte_uffd_wp(old);
  else if (is_swap_pte(old))
    armed = pte_swp_uffd_wp(old);
  c->pte = __pte(0);
  if (armed) {
    did(STORE);
    c->pte = __pte(SHIM_SPECIAL);
  }
}

/* ---- the library ---- */

uint32_t ptefuzz_abi_version(void) { return PTEFUZZ_ABI_VERSION; }
uint32_t ptefuzz_config(void) { return SHIM_CONFIG; }
uint64_t ptefuzz_special(void) { return SHIM_HAS_UFFD_WP ? SHIM_SPECIAL : 0; }
void ptefuzz_set_reporter(ptefuzz_reporter report) { shim_reporter = report; }

static void (*const sites[PTEFUZZ_NR_OPS])(struct call *) = {
  [PTEFUZZ_CHANGE_PROT] = change_prot,
  [PTEFUZZ_MOVE_SOFT_DIRTY] = move_soft_dirty,
  [PTEFUZZ_CLEAR_SOFT_DIRTY] = clear_soft_dirty,
  [PTEFUZZ_PAGEMAP] = pagemap,
  [PTEFUZZ_SMAPS] = smaps,
  [PTEFUZZ_SMAPS_HUGETLB] = smaps_hugetlb,
  [PTEFUZZ_KHUGE_SCAN] = khuge_scan,
  [PTEFUZZ_KHUGE_SWAPIN] = khuge_swapin,
  [PTEFUZZ_MCTGT] = mctgt,
  [PTEFUZZ_MIGRATION_WAIT] = migration_wait,
  [PTEFUZZ_PVMW] = pvmw,
  [PTEFUZZ_HMM_RFC] = hmm_rfc,
  [PTEFUZZ_HMM_V3] = hmm_v3,
  [PTEFUZZ_DO_SWAP_PAGE] = do_swap_page,
  [PTEFUZZ_PTE_MODIFY] = modify,
  [PTEFUZZ_SWP_ENTRY_TO_PTE] = entry_to_pte,
  [PTEFUZZ_PFN_PTE] = frame_to_pte,
  [PTEFUZZ_FORK] = fork_v510,
  [PTEFUZZ_FORK_RFC02] = fork_rfc02,
  [PTEFUZZ_FORK_RFC17] = fork_rfc17,
  [PTEFUZZ_ZAP] = zap,
  [PTEFUZZ_UNMAP] = unmap,
  [PTEFUZZ_REMOVE_MIGRATION] = remove_migration,
  [PTEFUZZ_MIGRATE_COLLECT] = migrate_collect,
  [PTEFUZZ_MIGRATE_COLLECT_V3] = migrate_collect_v3,
  [PTEFUZZ_UNUSE] = unuse,
  [PTEFUZZ_UNUSE_V3] = unuse_v3,
  [PTEFUZZ_MINCORE] = mincore_v510,
  [PTEFUZZ_MINCORE_V3] = mincore_v3,
  [PTEFUZZ_MADV_FREE] = madv_free,
  [PTEFUZZ_MADV_FREE_V3] = madv_free_v3,
  [PTEFUZZ_WILLNEED] = willneed,
  [PTEFUZZ_WILLNEED_V3] = willneed_v3,
  [PTEFUZZ_GUP] = gup,
  [PTEFUZZ_GUP_V3] = gup_v3,
  [PTEFUZZ_NUMA_PAGE] = numa_page,
  [PTEFUZZ_WP_PAGE] = wp_page,
  [PTEFUZZ_ANON_PAGE] = anon_page,
  [PTEFUZZ_FINISH_FAULT] = finish_fault,
  [PTEFUZZ_FINISH_FAULT_RFC08] = finish_fault_rfc08,
  [PTEFUZZ_PTE_FAULT] = pte_fault,
  [PTEFUZZ_PTE_FAULT_RFC08] = pte_fault_rfc08,
  [PTEFUZZ_INSTALL_UFFD_WP] = install_uffd_wp,
  [PTEFUZZ_PAGE_MKCLEAN] = page_mkclean,
};

int ptefuzz_apply(uint32_t op, uint64_t pte, uint64_t p0, uint64_t p1, uint64_t p2, struct ptefuzz_result *out)
{
  struct call c = {.p0 = p0, .p1 = p1, .p2 = p2, .pte = {pte}};
  int refused = 0;

  if (op == PTEFUZZ_BITOP)
    refused = bitop(&c);
  else if (op == PTEFUZZ_ACCESSOR)
    refused = accessor(&c);
  else if (op < PTEFUZZ_NR_OPS && sites[op])
    sites[op](&c);
  else
    return -1;
  if (refused)
    return refused;
  out->pte = c.pte.pte;
  out->outcome = c.outcome;
  out->aux = c.aux;
  return 0;
}

static uint8_t class_of(pte_t pte)
{
  static const uint8_t entries[] = {PTEFUZZ_CLASS_HWPOISON, PTEFUZZ_CLASS_MIGR_READ, PTEFUZZ_CLASS_MIGR_WRITE, PTEFUZZ_CLASS_DEV_WRITE,
                                    PTEFUZZ_CLASS_DEV_READ};
  unsigned int type = swp_type(shim_decode(pte.pte));

  if (pte_none(pte))
    return PTEFUZZ_CLASS_NONE;
  if (pte_protnone(pte))
    return PTEFUZZ_CLASS_PROTNONE;
  if (pte_present(pte))
    return PTEFUZZ_CLASS_PRESENT;
  if (is_swap_special_pte(pte))
    return PTEFUZZ_CLASS_SPECIAL;
  return type < MAX_SWAPFILES ? PTEFUZZ_CLASS_SWAP : entries[type - MAX_SWAPFILES];
}

void ptefuzz_classify(uint64_t val, struct ptefuzz_classify *out)
{
  pte_t pte = __pte(val);
  swp_entry_t entry = shim_decode(val);

  *out = (struct ptefuzz_classify){
    .cls = class_of(pte),
    .none = pte_none(pte),
    .present = pte_present(pte),
    .protnone = pte_protnone(pte),
    .is_swap = is_swap_pte(pte),
    .special = is_swap_special_pte(pte),
    .has_swap_entry = pte_has_swap_entry(pte),
    .non_swap_entry = non_swap_entry(entry),
    .migration = is_migration_entry(entry),
    .write_migration = is_write_migration_entry(entry),
    .devpriv = is_device_private_entry(entry),
    .write_devpriv = is_write_device_private_entry(entry),
    .hwpoison = is_hwpoison_entry(entry),
    .swp_type = swp_type(entry),
    .soft_dirty = pte_soft_dirty(pte),
    .swp_soft_dirty = pte_swp_soft_dirty(pte),
    .uffd_wp = pte_uffd_wp(pte),
    .swp_uffd_wp = pte_swp_uffd_wp(pte),
    .write = pte_write(pte),
    .dirty = pte_dirty(pte),
    .young = pte_young(pte),
    .pte_special = pte_special(pte),
    .devmap = pte_devmap(pte),
    .swp_offset = swp_offset(entry),
    .pfn = pte_pfn(pte),
  };
}
