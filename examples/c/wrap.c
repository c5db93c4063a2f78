/* Two functions under ptefuzz, one line of glue each: what they ask of vma, mm and page comes from the call's parameter bits. */
#include "ptefuzz_shim.h"
#include "mremap.c"
#include "clear_refs.c"

SHIM_BEGIN
SHIM_SITE(MOVE_SOFT_DIRTY, *ptep = mark_moved_pte(*ptep))
SHIM_SITE(CLEAR_SOFT_DIRTY, clear_refs_pte(vma, 0, ptep); shim.outcome = shim.stores != 0)
SHIM_END
