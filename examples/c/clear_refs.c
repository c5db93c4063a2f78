/* What clearing soft-dirty does to one pte, as a kernel source would have it. Nothing in this file knows of ptefuzz. */

static bool pinned_cow_page(struct vm_area_struct *vma, unsigned long addr, pte_t pte)
{
  struct page *page;

  if (!is_cow_mapping(vma->vm_flags) || likely(!vma->vm_mm->has_pinned))
    return false;
  page = vm_normal_page(vma, addr, pte);
  return page && page_maybe_dma_pinned(page);
}

static void clear_refs_pte(struct vm_area_struct *vma, unsigned long addr, pte_t *ptep)
{
  pte_t old = ptep_get(ptep), pte;

  if (pte_present(old)) {
    if (pte_write(old) && pinned_cow_page(vma, addr, old))
      return;
    pte = pte_clear_soft_dirty(pte_wrprotect(old));
    ptep_modify_prot_commit(vma, addr, ptep, old, pte);
  } else if (pte_has_swap_entry(old)) {
    set_pte_at(vma->vm_mm, addr, ptep, pte_swp_clear_soft_dirty(old));
  }
}
