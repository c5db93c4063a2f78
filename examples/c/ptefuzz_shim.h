/* ptefuzz_shim.h: what a kernel function on page table entries needs around it to compile in user space.
 *
 * Types, pte accessors and the few facts of vma, mm and page that such functions ask for, on x86_64. The facts come from the
 * parameter bits of the call (shim_enter), stores and counters go to the answer (shim_leave), so that a function goes under ptefuzz
 * with one line of glue:
 *
 *     #include "ptefuzz_shim.h"
 *     #include "my_function.c"
 *     SHIM_BEGIN
 *     SHIM_SITE(MOVE_SOFT_DIRTY, *ptep = my_function(*ptep))
 *     SHIM_END
 *
 * Every accessor tells ptefuzz what it was applied to: a special pte that is decoded is seen, whatever the answer.
 *
 * Define before including it, where the defaults do not fit:
 *     SHIM_CONFIG    0: uffd-wp (the default), 1: userfaultfd without the architecture's part, 2: no userfaultfd
 *     SHIM_SPECIAL   the special pte (default 0x4)
 *
 * Written for ptefuzz; no kernel code in it. MIT or Apache-2.0.
 */
#ifndef PTEFUZZ_SHIM_H
#define PTEFUZZ_SHIM_H

#include "ptefuzz.h"
#include <stdbool.h>
#include <stddef.h>

#ifndef SHIM_CONFIG
#define SHIM_CONFIG PTEFUZZ_CONFIG_UFFD_WP
#endif
#ifndef SHIM_SPECIAL
#define SHIM_SPECIAL 0x4ull
#endif
#define SHIM_HAS_UFFD_WP (SHIM_CONFIG == PTEFUZZ_CONFIG_UFFD_WP)

/* ---- what any kernel source takes for granted ---- */
typedef uint64_t u64;
typedef uint32_t u32;
typedef uint8_t u8;
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define IS_ENABLED(option) (option)
#define BIT_ULL(n) (1ull << (n))
#define __maybe_unused __attribute__((unused))
#define shim_inline static inline __maybe_unused
#define PAGE_SHIFT 12
#define PAGE_SIZE (1ul << PAGE_SHIFT)
#define CONFIG_MEM_SOFT_DIRTY 1
#define CONFIG_MIGRATION 1
#define CONFIG_DEVICE_PRIVATE 1
#define CONFIG_SHMEM 1
#define CONFIG_SWAP 1

/* ---- the call that is being answered ---- */
typedef struct { u64 pte; } pte_t;
typedef struct { u64 pgprot; } pgprot_t;
typedef struct { u64 val; } swp_entry_t;
typedef unsigned int vm_fault_t;

/* The page behind the entry. There is one at most, and these are the facts that are asked of it. */
struct page {
  u64 pfn;
  bool anon, ksm, dirty, file_lru, pinned, referenced, locked, compound;
  int mapcount;
  int nid;
};

struct mm_struct {
  bool has_pinned;
};

struct vm_area_struct {
  unsigned long vm_flags;
  pgprot_t vm_page_prot;
  struct mm_struct *vm_mm;
  void *vm_file;
};

#define VM_WRITE 0x2ul
#define VM_SHARED 0x8ul
#define VM_MAYWRITE 0x20ul
#define VM_UFFD_WP 0x1000ul
#define VM_LOCKED 0x2000ul
#define VM_SOFTDIRTY 0x08000000ul

static __thread struct shim {
  pte_t slot;                    /* the page table entry */
  struct page page;
  struct mm_struct mm;
  struct vm_area_struct vma;
  u64 outcome, aux;
  int stores, warnings;
  int node;                      /* where the running task is */
} shim;
static ptefuzz_reporter shim_reporter;

/* Tells ptefuzz what is done with a pte. */
#define shim_use(kind, value) \
  do { if (unlikely(shim_reporter != NULL)) shim_reporter(PTEFUZZ_USE_##kind, (value), __func__); } while (0)

#define WARN_ON(condition) ({ bool shim_warn = !!(condition); shim.warnings += shim_warn; shim_warn; })
#define WARN_ON_ONCE(condition) WARN_ON(condition)
#define VM_WARN_ON_ONCE(condition) WARN_ON(condition)
#define VM_BUG_ON(condition) ((void)WARN_ON(condition))
#define BUG_ON(condition) ((void)WARN_ON(condition))

/* ---- bits ---- */
#define _PAGE_PRESENT BIT_ULL(0)
#define _PAGE_RW BIT_ULL(1)
#define _PAGE_USER BIT_ULL(2)
#define _PAGE_ACCESSED BIT_ULL(5)
#define _PAGE_DIRTY BIT_ULL(6)
#define _PAGE_GLOBAL BIT_ULL(8)
#define _PAGE_PROTNONE _PAGE_GLOBAL
#define _PAGE_SPECIAL BIT_ULL(9)
#define _PAGE_UFFD_WP (SHIM_HAS_UFFD_WP ? BIT_ULL(10) : 0)
#define _PAGE_SOFT_DIRTY BIT_ULL(11)
#define _PAGE_DEVMAP BIT_ULL(58)
#define _PAGE_NX BIT_ULL(63)
#define _PAGE_SWP_SOFT_DIRTY _PAGE_RW
#define _PAGE_SWP_UFFD_WP (SHIM_HAS_UFFD_WP ? _PAGE_USER : 0)
#define PTE_PFN_MASK 0x000ffffffffff000ull
#define _PAGE_KNL_ERRATUM_MASK (_PAGE_DIRTY | _PAGE_ACCESSED)
/* What pte_modify() keeps: the frame, cache bits, accessed, dirty, and the software bits. */
#define _PAGE_CHG_MASK (PTE_PFN_MASK | BIT_ULL(3) | BIT_ULL(4) | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_SPECIAL | _PAGE_UFFD_WP | \
                        _PAGE_SOFT_DIRTY | _PAGE_DEVMAP)

shim_inline pte_t __pte(u64 val) { return (pte_t){val}; }
shim_inline u64 pte_val(pte_t pte) { return pte.pte; }
shim_inline pgprot_t __pgprot(u64 val) { return (pgprot_t){val}; }
shim_inline u64 pgprot_val(pgprot_t prot) { return prot.pgprot; }
shim_inline int pte_same(pte_t a, pte_t b) { return a.pte == b.pte; }

/* ---- what a pte is ---- */
shim_inline int pte_none(pte_t pte) { return !(pte.pte & ~_PAGE_KNL_ERRATUM_MASK); }
shim_inline int pte_present(pte_t pte) { return !!(pte.pte & (_PAGE_PRESENT | _PAGE_PROTNONE)); }
shim_inline int pte_protnone(pte_t pte) { return (pte.pte & (_PAGE_PRESENT | _PAGE_PROTNONE)) == _PAGE_PROTNONE; }
shim_inline int pte_accessible(pte_t pte) { return !!(pte.pte & _PAGE_PRESENT); }
shim_inline int is_swap_pte(pte_t pte) { return !pte_none(pte) && !pte_present(pte); }

shim_inline int is_swap_special_pte(pte_t pte)
{
  if (SHIM_CONFIG == PTEFUZZ_CONFIG_UFFD_WP) return pte.pte == SHIM_SPECIAL;
  return SHIM_CONFIG == PTEFUZZ_CONFIG_NO_ARCH_UFFD_WP && pte.pte == 0;
}

shim_inline int pte_has_swap_entry(pte_t pte) { return is_swap_pte(pte) && !is_swap_special_pte(pte); }

/* ---- present ptes ---- */
#define SHIM_TEST(name, kind, bit) \
  shim_inline int name(pte_t pte) { shim_use(kind, pte.pte); return !!(pte.pte & (bit)); }
#define SHIM_SET(name, kind, bits) \
  shim_inline pte_t name(pte_t pte) { shim_use(kind, pte.pte); return __pte(pte.pte | (bits)); }
#define SHIM_CLEAR(name, kind, bits) \
  shim_inline pte_t name(pte_t pte) { shim_use(kind, pte.pte); return __pte(pte.pte & ~(u64)(bits)); }
SHIM_TEST(pte_write, PRESENT_FLAG, _PAGE_RW)
SHIM_TEST(pte_dirty, PRESENT_FLAG, _PAGE_DIRTY)
SHIM_TEST(pte_young, PRESENT_FLAG, _PAGE_ACCESSED)
SHIM_TEST(pte_special, PRESENT_FLAG, _PAGE_SPECIAL)
SHIM_TEST(pte_devmap, PRESENT_FLAG, _PAGE_DEVMAP)
SHIM_TEST(pte_soft_dirty, PRESENT_FLAG, _PAGE_SOFT_DIRTY)
SHIM_TEST(pte_uffd_wp, PRESENT_FLAG, _PAGE_UFFD_WP)
SHIM_SET(pte_mkdirty, PRESENT_FLAG, _PAGE_DIRTY | _PAGE_SOFT_DIRTY)
SHIM_SET(pte_mkyoung, PRESENT_FLAG, _PAGE_ACCESSED)
SHIM_SET(pte_mkwrite, PRESENT_FLAG, _PAGE_RW)
SHIM_SET(pte_mksoft_dirty, PRESENT_FLAG, _PAGE_SOFT_DIRTY)
SHIM_SET(pte_mkuffd_wp, PRESENT_FLAG, _PAGE_UFFD_WP)
SHIM_SET(pte_mkspecial, PRESENT_FLAG, _PAGE_SPECIAL)
SHIM_SET(pte_mkdevmap, PRESENT_FLAG, _PAGE_SPECIAL | _PAGE_DEVMAP)
SHIM_CLEAR(pte_mkclean, PRESENT_FLAG, _PAGE_DIRTY)
SHIM_CLEAR(pte_mkold, PRESENT_FLAG, _PAGE_ACCESSED)
SHIM_CLEAR(pte_wrprotect, PRESENT_FLAG, _PAGE_RW)
SHIM_CLEAR(pte_clear_soft_dirty, PRESENT_FLAG, _PAGE_SOFT_DIRTY)
SHIM_CLEAR(pte_clear_uffd_wp, PRESENT_FLAG, _PAGE_UFFD_WP)
SHIM_CLEAR(pte_mkexec, PRESENT_FLAG, _PAGE_NX)
#define pte_savedwrite pte_write
#define pte_mk_savedwrite pte_mkwrite

/* A frame number stands inverted in a pte that the hardware must not follow (L1TF). */
shim_inline u64 protnone_mask(u64 val) { return val && !(val & _PAGE_PRESENT) ? ~0ull : 0; }

shim_inline u64 pte_pfn(pte_t pte)
{
  shim_use(PRESENT_FLAG, pte.pte);
  return ((pte.pte ^ protnone_mask(pte.pte)) & PTE_PFN_MASK) >> PAGE_SHIFT;
}

shim_inline pte_t pfn_pte(u64 pfn, pgprot_t prot)
{
  u64 frame = (pfn << PAGE_SHIFT) ^ protnone_mask(prot.pgprot);
  return __pte((frame & PTE_PFN_MASK) | prot.pgprot);
}

shim_inline pte_t pte_modify(pte_t pte, pgprot_t prot)
{
  u64 val = (pte.pte & _PAGE_CHG_MASK) | (prot.pgprot & ~_PAGE_CHG_MASK);

  shim_use(PRESENT_FLAG, pte.pte);
  if (protnone_mask(pte.pte) != protnone_mask(val)) val ^= PTE_PFN_MASK;
  return __pte(val);
}

shim_inline int is_zero_pfn(u64 pfn) { return pfn == PTEFUZZ_ZERO_PFN; }

/* ---- swap ptes ---- */
SHIM_TEST(pte_swp_soft_dirty, SWAP_FLAG, _PAGE_SWP_SOFT_DIRTY)
SHIM_TEST(pte_swp_uffd_wp, SWAP_FLAG, _PAGE_SWP_UFFD_WP)
SHIM_SET(pte_swp_mksoft_dirty, SWAP_FLAG, _PAGE_SWP_SOFT_DIRTY)
SHIM_SET(pte_swp_mkuffd_wp, SWAP_FLAG, _PAGE_SWP_UFFD_WP)
SHIM_CLEAR(pte_swp_clear_soft_dirty, SWAP_FLAG, _PAGE_SWP_SOFT_DIRTY)
SHIM_CLEAR(pte_swp_clear_uffd_wp, SWAP_FLAG, _PAGE_SWP_UFFD_WP)

/* The generic entry has the type from bit 58 on; 50 bits of the offset fit into a pte. */
#define SWP_TYPE_SHIFT 58
#define SWP_OFFSET_MASK ((1ull << SWP_TYPE_SHIFT) - 1)
#define SWP_PTE_OFFSET_MASK ((1ull << 50) - 1)
#define MAX_SWAPFILES_SHIFT 5
enum { MAX_SWAPFILES = 27, SWP_HWPOISON = 27, SWP_MIGRATION_READ, SWP_MIGRATION_WRITE, SWP_DEVICE_WRITE, SWP_DEVICE_READ };

shim_inline swp_entry_t swp_entry(u64 type, u64 offset)
{
  return (swp_entry_t){(type << SWP_TYPE_SHIFT) | (offset & SWP_OFFSET_MASK)};
}
shim_inline unsigned int swp_type(swp_entry_t entry) { return entry.val >> SWP_TYPE_SHIFT; }
shim_inline u64 swp_offset(swp_entry_t entry) { return entry.val & SWP_OFFSET_MASK; }

shim_inline swp_entry_t shim_decode(u64 val) { return swp_entry(val >> 59, ~val << 5 >> 14); }

shim_inline swp_entry_t pte_to_swp_entry(pte_t pte)
{
  shim_use(DECODE, pte.pte);
  return shim_decode(pte.pte);
}

shim_inline pte_t swp_entry_to_pte(swp_entry_t entry)
{
  return __pte((u64)swp_type(entry) << 59 | (~swp_offset(entry) & SWP_PTE_OFFSET_MASK) << 9);
}

shim_inline int non_swap_entry(swp_entry_t entry) { return swp_type(entry) >= MAX_SWAPFILES; }
shim_inline int is_hwpoison_entry(swp_entry_t entry) { return swp_type(entry) == SWP_HWPOISON; }
shim_inline int is_write_migration_entry(swp_entry_t entry) { return swp_type(entry) == SWP_MIGRATION_WRITE; }
shim_inline int is_migration_entry(swp_entry_t entry)
{
  return swp_type(entry) == SWP_MIGRATION_READ || swp_type(entry) == SWP_MIGRATION_WRITE;
}
shim_inline int is_write_device_private_entry(swp_entry_t entry) { return swp_type(entry) == SWP_DEVICE_WRITE; }
shim_inline int is_device_private_entry(swp_entry_t entry)
{
  return swp_type(entry) == SWP_DEVICE_READ || swp_type(entry) == SWP_DEVICE_WRITE;
}
shim_inline void make_migration_entry_read(swp_entry_t *entry) { *entry = swp_entry(SWP_MIGRATION_READ, swp_offset(*entry)); }
shim_inline void make_device_private_entry_read(swp_entry_t *entry) { *entry = swp_entry(SWP_DEVICE_READ, swp_offset(*entry)); }

/* ---- vma, mm and page ---- */
shim_inline bool is_cow_mapping(unsigned long flags) { return (flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE; }
shim_inline int PageAnon(struct page *page) { return page->anon; }
shim_inline int PageKsm(struct page *page) { return page->ksm; }
shim_inline int PageDirty(struct page *page) { return page->dirty; }
shim_inline int page_is_file_lru(struct page *page) { return page->file_lru; }
shim_inline int page_mapcount(struct page *page) { return page->mapcount; }
shim_inline int page_to_nid(struct page *page) { return page->nid; }
shim_inline bool page_maybe_dma_pinned(struct page *page) { return page->pinned; }
shim_inline int numa_node_id(void) { return shim.node; }
shim_inline struct page *migration_entry_to_page(swp_entry_t entry) { shim.page.pfn = swp_offset(entry); return &shim.page; }
shim_inline struct page *device_private_entry_to_page(swp_entry_t entry) { return migration_entry_to_page(entry); }
shim_inline pte_t maybe_mkwrite(pte_t pte, struct vm_area_struct *vma) { return vma->vm_flags & VM_WRITE ? pte_mkwrite(pte) : pte; }

/* The page that a present pte maps, if it is an ordinary one. */
shim_inline struct page *vm_normal_page(struct vm_area_struct *vma, unsigned long addr, pte_t pte)
{
  (void)vma;
  (void)addr;
  if (pte_special(pte)) return NULL;
  shim.page.pfn = pte_pfn(pte);
  return &shim.page;
}

/* ---- the slot ---- */
shim_inline void set_pte(pte_t *ptep, pte_t pte)
{
  shim_use(STORE, ptep->pte);
  *ptep = pte;
  shim.stores++;
}
#define set_pte_at(mm, addr, ptep, pte) ((void)(mm), (void)(addr), set_pte(ptep, pte))
#define ptep_get(ptep) (*(ptep))
#define ptep_modify_prot_start(vma, addr, ptep) ((void)(vma), (void)(addr), *(ptep))
#define ptep_modify_prot_commit(vma, addr, ptep, old, pte) ((void)(vma), (void)(addr), (void)(old), set_pte(ptep, pte))

/* ---- glue ---- */

/* What the parameter bits of a site say of page, vma and mm. Sites that are not here get the slot and p0, p1, p2. */
shim_inline void shim_enter(u32 op, u64 pte, u64 p0, u64 p1, u64 p2)
{
  shim = (struct shim){.slot = {pte}, .page = {.mapcount = 1, .nid = 1}, .node = 0};
  shim.vma.vm_mm = &shim.mm;
  (void)p2;
#define SHIM_FLAG(bit, flag) (p0 & (bit) ? (flag) : 0)
  switch (op) {
  case PTEFUZZ_CHANGE_PROT:
    shim.vma.vm_flags = SHIM_FLAG(PTEFUZZ_CP_VM_SHARED, VM_SHARED) | SHIM_FLAG(PTEFUZZ_CP_VM_SOFTDIRTY, VM_SOFTDIRTY) |
                        SHIM_FLAG(PTEFUZZ_CP_VM_MAYWRITE, VM_MAYWRITE);
    shim.page.ksm = p0 & PTEFUZZ_CP_PG_KSM;
    shim.page.mapcount = p0 & PTEFUZZ_CP_PG_MAPCOUNT2 ? 2 : 1;
    shim.page.file_lru = shim.page.dirty = p0 & PTEFUZZ_CP_PG_FILEDIRTY;
    shim.page.nid = p0 & PTEFUZZ_CP_SAME_NODE ? 0 : 1;
    break;
  case PTEFUZZ_CLEAR_SOFT_DIRTY:
    shim.vma.vm_flags = SHIM_FLAG(PTEFUZZ_CS_VM_MAYWRITE, VM_MAYWRITE) | SHIM_FLAG(PTEFUZZ_CS_VM_SHARED, VM_SHARED);
    shim.mm.has_pinned = p0 & PTEFUZZ_CS_HAS_PINNED;
    shim.page.pinned = p0 & PTEFUZZ_CS_PG_PINNED;
    break;
  case PTEFUZZ_PAGEMAP:
    shim.vma.vm_flags = SHIM_FLAG(PTEFUZZ_PM_VM_SOFTDIRTY, VM_SOFTDIRTY);
    shim.page.anon = p0 & PTEFUZZ_PM_PG_ANON;
    shim.page.mapcount = p0 & PTEFUZZ_PM_MAPCOUNT1 ? 1 : 2;
    break;
  case PTEFUZZ_SMAPS_HUGETLB:
    shim.page.mapcount = p0 & 1 ? 2 : 1;
    break;
  case PTEFUZZ_DO_SWAP_PAGE:
    shim.vma.vm_flags = SHIM_FLAG(PTEFUZZ_DS_VM_WRITE, VM_WRITE);
    shim.vma.vm_page_prot = __pgprot(p1);
    break;
  case PTEFUZZ_FORK:
  case PTEFUZZ_FORK_RFC02:
  case PTEFUZZ_FORK_RFC17:
    shim.vma.vm_flags = SHIM_FLAG(PTEFUZZ_FK_MAYWRITE, VM_MAYWRITE) | SHIM_FLAG(PTEFUZZ_FK_SHARED, VM_SHARED) |
                        SHIM_FLAG(PTEFUZZ_FK_VM_WRITE, VM_WRITE) | SHIM_FLAG(PTEFUZZ_FK_SRC_UFFD_WP, VM_UFFD_WP);
    shim.mm.has_pinned = p0 & PTEFUZZ_FK_HAS_PINNED;
    shim.page.pinned = p0 & PTEFUZZ_FK_PG_PINNED;
    shim.vma.vm_page_prot = __pgprot(p1);
    break;
  case PTEFUZZ_REMOVE_MIGRATION:
    shim.vma.vm_flags = SHIM_FLAG(PTEFUZZ_RM_VM_WRITE, VM_WRITE) | SHIM_FLAG(PTEFUZZ_RM_VM_LOCKED, VM_LOCKED);
    shim.page.anon = p0 & PTEFUZZ_RM_PG_ANON;
    shim.vma.vm_page_prot = __pgprot(p1);
    break;
  case PTEFUZZ_NUMA_PAGE:
    shim.vma.vm_flags = SHIM_FLAG(PTEFUZZ_NP_SHARED, VM_SHARED);
    shim.page.mapcount = p0 & PTEFUZZ_NP_MAPCOUNT2 ? 2 : 1;
    shim.page.compound = p0 & PTEFUZZ_NP_COMPOUND;
    shim.vma.vm_page_prot = __pgprot(p1);
    break;
  case PTEFUZZ_WP_PAGE:
    shim.vma.vm_flags = SHIM_FLAG(PTEFUZZ_WP_VM_WRITE, VM_WRITE) | SHIM_FLAG(PTEFUZZ_WP_VM_SHARED, VM_SHARED) |
                        SHIM_FLAG(PTEFUZZ_WP_VM_UFFD_WP, VM_UFFD_WP);
    shim.page.anon = p0 & PTEFUZZ_WP_PG_ANON;
    shim.page.ksm = p0 & PTEFUZZ_WP_PG_KSM;
    shim.page.mapcount = p0 & PTEFUZZ_WP_MAPCOUNT2 ? 2 : 1;
    shim.vma.vm_page_prot = __pgprot(p1);
    break;
  default:
    break;
  }
#undef SHIM_FLAG
}

shim_inline void shim_leave(struct ptefuzz_result *out)
{
  *out = (struct ptefuzz_result){.pte = shim.slot.pte, .outcome = shim.outcome, .aux = shim.aux};
}

/* The library's functions, up to the first site. Inside a site: `ptep` is the slot, `vma` the vma, p0 to p2 the parameters; a site
 * sets shim.outcome and shim.aux where it has them. */
#define SHIM_BEGIN                                                                                                   \
  uint32_t ptefuzz_abi_version(void) { return PTEFUZZ_ABI_VERSION; }                                                 \
  uint32_t ptefuzz_config(void) { return SHIM_CONFIG; }                                                              \
  uint64_t ptefuzz_special(void) { return SHIM_CONFIG == PTEFUZZ_CONFIG_UFFD_WP ? SHIM_SPECIAL : 0; }                \
  void ptefuzz_set_reporter(ptefuzz_reporter report) { shim_reporter = report; }                                     \
  int ptefuzz_apply(uint32_t op, uint64_t pte, uint64_t p0, uint64_t p1, uint64_t p2, struct ptefuzz_result *out)    \
  {                                                                                                                  \
    pte_t *ptep __maybe_unused = &shim.slot;                                                                         \
    struct vm_area_struct *vma __maybe_unused = &shim.vma;                                                           \
    shim_enter(op, pte, p0, p1, p2);                                                                                 \
    switch (op) {
#define SHIM_SITE(name, ...) \
    case PTEFUZZ_##name: __VA_ARGS__; break;
#define SHIM_END         \
    default: return -1;  \
    }                    \
    shim_leave(out);     \
    return 0;            \
  }

#endif
