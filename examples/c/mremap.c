/* What mremap does to a pte that it moves, as a kernel source would have it. Nothing in this file knows of ptefuzz. */

static pte_t mark_moved_pte(pte_t pte)
{
#ifdef CONFIG_MEM_SOFT_DIRTY
  if (pte_present(pte))
    return pte_mksoft_dirty(pte);
  if (pte_has_swap_entry(pte))
    return pte_swp_mksoft_dirty(pte);
#endif
  return pte;
}
