/* The range passes as the kernel's C has them: a loop over the ptes of a table that branches on what each one is.
 *
 * Written from the project's description of the rules, for one purpose: to be timed beside the passes of packed, which
 * must give the same ptes and the same sums. cargo bench compiles it with the machine's cc at -O2.
 */
#include <stdint.h>
#include <stddef.h>

typedef uint64_t u64;

#define PRESENT   (1ull << 0)
#define RW        (1ull << 1)
#define DIRTY     (1ull << 6)
#define PROTNONE  (1ull << 8)
#define SPECIAL   (1ull << 9)
#define UFFD_WP   (1ull << 10)
#define SOFTDIRTY (1ull << 11)
#define SWP_SD    (1ull << 1)
#define SWP_WP    (1ull << 2)
#define ERRATUM   0x60ull
#define PFN_MASK  0x000ffffffffff000ull
#define CHG_MASK  0x040ffffffffffe78ull
#define OFFSETS   ((1ull << 50) - 1)

enum { T_HWPOISON = 27, T_MIGR_READ, T_MIGR_WRITE, T_DEV_WRITE, T_DEV_READ };
enum { C_NONE, C_PRESENT, C_PROTNONE, C_SWAP, C_MIGR_READ, C_MIGR_WRITE, C_DEV_WRITE, C_DEV_READ, C_HWPOISON, C_SPECIAL };

/* The value of the special swap pte. */
static const u64 special_value = 0x4;

static inline int pte_present(u64 pte) { return (pte & (PRESENT | PROTNONE)) != 0; }
static inline int pte_none(u64 pte) { return (pte & ~ERRATUM) == 0; }
static inline int pte_protnone(u64 pte) { return (pte & (PRESENT | PROTNONE)) == PROTNONE; }
static inline int has_swap_entry(u64 pte) { return !pte_none(pte) && !pte_present(pte) && pte != special_value; }
static inline unsigned swp_type(u64 pte) { return pte >> 59; }
static inline u64 swp_offset(u64 pte) { return ~pte << 5 >> 14; }
static inline u64 swp_pte(unsigned type, u64 offset) { return (u64)type << 59 | (~offset & OFFSETS) << 9; }
static inline int inverted(u64 val) { return val && !(val & PRESENT); }

static u64 pte_modify(u64 pte, u64 prot)
{
	u64 val = (pte & CHG_MASK) | (prot & ~CHG_MASK);

	if (inverted(pte) != inverted(val))
		val = (val & ~PFN_MASK) | (~val & PFN_MASK);
	return val;
}

static int class_of(u64 pte)
{
	if (pte_present(pte))
		return pte_protnone(pte) ? C_PROTNONE : C_PRESENT;
	if (pte_none(pte))
		return C_NONE;
	if (pte == special_value)
		return C_SPECIAL;
	switch (swp_type(pte)) {
	case T_HWPOISON:
		return C_HWPOISON;
	case T_MIGR_READ:
		return C_MIGR_READ;
	case T_MIGR_WRITE:
		return C_MIGR_WRITE;
	case T_DEV_WRITE:
		return C_DEV_WRITE;
	case T_DEV_READ:
		return C_DEV_READ;
	default:
		return C_SWAP;
	}
}

/* counts has room for 11 classes. */
void c_histogram(const u64 *ptes, size_t n, u64 *counts)
{
	for (size_t i = 0; i < n; i++)
		counts[class_of(ptes[i])]++;
}

/* change_prot's flags 1 dirty_accountable, 2 prot_numa, 4 uffd_wp, 8 uffd_resolve, 0x20 VM_SOFTDIRTY; page facts 0. */
u64 c_change_protection(const u64 *from, u64 *to, size_t n, u64 flags, u64 prot)
{
	u64 pages = 0;

	for (size_t i = 0; i < n; i++) {
		u64 old = from[i], new;

		to[i] = old;
		if (pte_present(old)) {
			if ((flags & 2) && (pte_protnone(old) || (old & SPECIAL)))
				continue;
			new = pte_modify(old, prot);
			if ((flags & 2) && (old & RW))
				new |= RW;
			if (flags & 4)
				new = (new & ~RW) | UFFD_WP;
			else if (flags & 8)
				new &= ~UFFD_WP;
			if ((flags & 1) && (new & DIRTY) && ((new & SOFTDIRTY) || !(flags & 0x20)))
				new |= RW;
			to[i] = new;
			pages++;
		} else if (has_swap_entry(old)) {
			unsigned type = swp_type(old);

			new = old;
			if (type == T_MIGR_WRITE) {
				new = swp_pte(T_MIGR_READ, swp_offset(old));
				if (old & SWP_SD)
					new |= SWP_SD;
				if (old & SWP_WP)
					new |= SWP_WP;
			} else if (type == T_DEV_WRITE) {
				new = swp_pte(T_DEV_READ, swp_offset(old));
				if (old & SWP_WP)
					new |= SWP_WP;
			}
			if (flags & 4)
				new |= SWP_WP;
			else if (flags & 8)
				new &= ~SWP_WP;
			if (new != old) {
				to[i] = new;
				pages++;
			}
		}
	}
	return pages;
}

/* Returns how many entries are not none, and whether to flush in bit 63. */
u64 c_move_ptes(const u64 *from, u64 *to, size_t n)
{
	u64 moved = 0, flush = 0;

	for (size_t i = 0; i < n; i++) {
		u64 pte = from[i];

		if (pte_none(pte)) {
			to[i] = pte;
			continue;
		}
		moved++;
		if (pte_present(pte)) {
			flush = 1ull << 63;
			pte |= SOFTDIRTY;
		} else if (pte != special_value) {
			pte |= SWP_SD;
		}
		to[i] = pte;
	}
	return moved | flush;
}

u64 c_clear_refs(const u64 *from, u64 *to, size_t n)
{
	u64 stores = 0;

	for (size_t i = 0; i < n; i++) {
		u64 pte = from[i];

		to[i] = pte;
		if (pte_present(pte)) {
			to[i] = pte & ~(RW | SOFTDIRTY);
			stores++;
		} else if (has_swap_entry(pte)) {
			to[i] = pte & ~SWP_SD;
			stores++;
		}
	}
	return stores;
}

/* pagemap's flags 1 show_pfn, 2 VM_SOFTDIRTY, 4 anonymous, 8 mapped once. counts: present, swap, soft-dirty. */
void c_pagemap_scan(const u64 *from, u64 *to, size_t n, u64 flags, u64 *counts)
{
	u64 present = 0, swap = 0, soft_dirty = 0;

	for (size_t i = 0; i < n; i++) {
		u64 pte = from[i], word = 0, frame = 0;
		int page = 0;

		if (pte_present(pte)) {
			if (flags & 1)
				frame = ((pte & PRESENT ? pte : ~pte) & PFN_MASK) >> 12;
			word = 1ull << 63;
			page = !(pte & SPECIAL);
			if (pte & SOFTDIRTY)
				word |= 1ull << 55;
		} else if (has_swap_entry(pte)) {
			unsigned type = swp_type(pte);

			if (pte & SWP_SD)
				word |= 1ull << 55;
			if (flags & 1)
				frame = (type | swp_offset(pte) << 5) & ((1ull << 55) - 1);
			word |= 1ull << 62;
			page = type >= T_MIGR_READ;
		}
		if (page && !(flags & 4))
			word |= 1ull << 61;
		if (page && (flags & 8))
			word |= 1ull << 56;
		if (flags & 2)
			word |= 1ull << 55;
		word |= frame;
		if (word & (1ull << 63))
			present++;
		if (word & (1ull << 62))
			swap++;
		if (word & (1ull << 55))
			soft_dirty++;
		to[i] = word;
	}
	counts[0] += present;
	counts[1] += swap;
	counts[2] += soft_dirty;
}
