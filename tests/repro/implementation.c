/* An implementation of three sites for the tests of reproducers; with -DBUG it has two mistakes that the museum has, too. */
#include "ptefuzz.h"

#define SPECIAL 4ull

static ptefuzz_reporter reporter;

void ptefuzz_set_reporter(ptefuzz_reporter report)
{
	reporter = report;
}

uint32_t ptefuzz_abi_version(void)
{
	return PTEFUZZ_ABI_VERSION;
}

static int has_entry(uint64_t pte)
{
#ifdef BUG
	return (pte & ~0x60ull) && !(pte & 0x101);
#else
	return (pte & ~0x60ull) && !(pte & 0x101) && pte != SPECIAL;
#endif
}

int ptefuzz_apply(uint32_t op, uint64_t pte, uint64_t p0, uint64_t p1, uint64_t p2, struct ptefuzz_result *out)
{
	unsigned type = (unsigned)(pte >> 59);

	(void)p1;
	(void)p2;
	out->pte = pte;
	out->outcome = out->aux = 0;
	switch (op) {
	case PTEFUZZ_MOVE_SOFT_DIRTY:
		if (pte & 0x101)
			out->pte = pte | 1ull << 11;
		else if (has_entry(pte))
			out->pte = pte | 2;
		return 0;
	case PTEFUZZ_MIGRATION_WAIT:
		if (!has_entry(pte))
			return 0;
		if (reporter)
			reporter(PTEFUZZ_USE_DECODE, pte, "migration_wait");
		if (type == 28 || type == 29) {
			out->outcome = p0 & 1 ? 1 : 2;
			out->aux = (~pte >> 9) & ((1ull << 50) - 1);
		}
		return 0;
	default:
		return -1;
	}
}
