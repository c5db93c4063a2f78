/* What an implementation may leave out. */
#pragma weak ptefuzz_config
#pragma weak ptefuzz_special
#pragma weak ptefuzz_classify
#pragma weak ptefuzz_set_reporter

static const char *const columns[COLUMNS] = {
	"cls", "none", "present", "protnone", "is_swap", "special", "has_swap_entry", "non_swap_entry", "migration",
	"write_migration", "devpriv", "write_devpriv", "hwpoison", "swp_type", "soft_dirty", "swp_soft_dirty", "uffd_wp",
	"swp_uffd_wp", "write", "dirty", "young", "pte_special", "devmap", "swp_offset", "pfn",
};

/* The call that runs, and the uses that the implementation reported during it. */
static const struct call *running;
static uint64_t used;

static unsigned class_of_entry(uint64_t pte)
{
	switch (pte >> 59) {
	case 27:
		return PTEFUZZ_CLASS_HWPOISON;
	case 28:
		return PTEFUZZ_CLASS_MIGR_READ;
	case 29:
		return PTEFUZZ_CLASS_MIGR_WRITE;
	case 30:
		return PTEFUZZ_CLASS_DEV_WRITE;
	case 31:
		return PTEFUZZ_CLASS_DEV_READ;
	default:
		return PTEFUZZ_CLASS_SWAP;
	}
}

static unsigned class_of(uint64_t pte)
{
	if (!(pte & ~0x60ull))
		return PTEFUZZ_CLASS_NONE;
	if (pte & 1)
		return PTEFUZZ_CLASS_PRESENT;
	if (pte & 0x100)
		return PTEFUZZ_CLASS_PROTNONE;
	if (CONFIG == PTEFUZZ_CONFIG_UFFD_WP && pte == SPECIAL)
		return PTEFUZZ_CLASS_SPECIAL;
	return class_of_entry(pte);
}

/* What a protection leaves in the pte that is made of it, whatever flags that gets: no flag of a present pte, nothing that pte_modify() keeps. */
#define OF_PROTECTION (0x185ull | 0x3full << 52 | 0xfull << 59)

/* The class of a pte that was used: of one that the site made, as what it made it. */
static unsigned class_of_used(uint32_t use, uint64_t pte)
{
	unsigned class = class_of(pte);

	if (pte == running->pte || pte == running->found || pte & 0x101)
		return class;
	if (use == PTEFUZZ_USE_PRESENT_FLAG && !(running->prot & 0x101) && !((pte ^ running->prot) & OF_PROTECTION))
		return PTEFUZZ_CLASS_PRESENT;
	return class == PTEFUZZ_CLASS_SPECIAL ? class_of_entry(pte) : class;
}

static void report(uint32_t use, uint64_t pte, const char *where)
{
	(void)where;
	if (use >= PTEFUZZ_USE_DECODE && use <= PTEFUZZ_USE_STORE)
		used |= 1ull << (class_of_used(use, pte) * 5 + use - 1);
}

static int differs(const char *what, uint64_t right, uint64_t wrong)
{
	if (right == wrong)
		return 0;
	printf("  %-8s right %#018" PRIx64 "\n           wrong %#018" PRIx64 ", bits %#" PRIx64 "\n", what, right, wrong,
	       right ^ wrong);
	return 1;
}

static int ask(const struct call *call, int *asked)
{
	static const char *const names[] = { "decoded", "swap flag used", "present flag used", "handed to do_swap_page()",
					     "stored over" };
	struct ptefuzz_result answer = { 0, 0, 0 };
	int wrong, use, status;

	running = call;
	used = 0;
	status = ptefuzz_apply(call->op, call->pte, call->p0, call->p1, call->p2, &answer);
	if (status == -1) {
		printf("step %d: %s is not there, left out\n", call->step, call->site);
		return 0;
	}
	if (status != 0) {
		printf("step %d: %s refuses its parameters with %d\n", call->step, call->site, status);
		return 0;
	}
	++*asked;
	if (answer.pte == call->right_pte && answer.outcome == call->right_outcome && answer.aux == call->right_aux &&
	    !(used & call->forbidden))
		return 0;
	printf("step %d: %s\n  %s(pte %#018" PRIx64 ", p0 %#" PRIx64 ", p1 %#" PRIx64 ", p2 %#" PRIx64 ")\n", call->step,
	       call->line, call->site, call->pte, call->p0, call->p1, call->p2);
	wrong = differs("pte", call->right_pte, answer.pte);
	wrong |= differs("outcome", call->right_outcome, answer.outcome);
	wrong |= differs("aux", call->right_aux, answer.aux);
	for (use = 0; use < 55; use++)
		if (used & call->forbidden & 1ull << use) {
			printf("  a pte of class %d must not be: %s\n", use / 5, names[use % 5]);
			wrong = 1;
		}
	return wrong;
}

static int classify(const struct question *question)
{
	struct ptefuzz_classify c;
	int column, wrong = 0;

	ptefuzz_classify(question->pte, &c);
	{
		const uint64_t answer[COLUMNS] = {
			c.cls, c.none, c.present, c.protnone, c.is_swap, c.special, c.has_swap_entry, c.non_swap_entry,
			c.migration, c.write_migration, c.devpriv, c.write_devpriv, c.hwpoison, c.swp_type, c.soft_dirty,
			c.swp_soft_dirty, c.uffd_wp, c.swp_uffd_wp, c.write, c.dirty, c.young, c.pte_special, c.devmap,
			c.swp_offset, c.pfn,
		};

		for (column = 0; column < COLUMNS; column++) {
			/* what is decoded means something only where there is an entry */
			if (!question->right[6] && ((column >= 7 && column <= 13) || column == 23))
				continue;
			if (answer[column] != question->right[column] && !wrong++)
				printf("step %d: classify %#018" PRIx64 "\n", question->step, question->pte);
			if (answer[column] != question->right[column])
				differs(columns[column], question->right[column], answer[column]);
		}
	}
	return wrong;
}

int main(void)
{
	int i, wrong = 0, asked = 0;

	if (ptefuzz_abi_version() != PTEFUZZ_ABI_VERSION) {
		printf("the implementation has ABI version %" PRIu32 ", expected %u\n", ptefuzz_abi_version(),
		       PTEFUZZ_ABI_VERSION);
		return 2;
	}
	if ((ptefuzz_config ? ptefuzz_config() : PTEFUZZ_CONFIG_UFFD_WP) != CONFIG ||
	    (CONFIG == PTEFUZZ_CONFIG_UFFD_WP && (ptefuzz_special ? ptefuzz_special() : 4) != SPECIAL)) {
		printf("the implementation was built for another configuration or special value, expected %u and %#llx\n", CONFIG,
		       SPECIAL);
		return 2;
	}
	if (ptefuzz_set_reporter)
		ptefuzz_set_reporter(report);
	for (i = 0; i < CALLS; i++)
		wrong += ask(&calls[i], &asked);
	for (i = 0; i < QUESTIONS && ptefuzz_classify; i++, asked++)
		wrong += classify(&questions[i]) != 0;
	if (wrong) {
		printf("%d of %d answers are wrong\n", wrong, asked);
		return 1;
	}
	if (!asked) {
		printf("nothing could be asked\n");
		return 2;
	}
	printf("all %d answers are right\n", asked);
	return 0;
}
