/* ---- from here on the file is the same for every program ---- */

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM (1 << 12)
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif

#define PAGE 4096ul
#define TABLE 512
#define REGION (2 * TABLE * PAGE)
#define SECONDS 5
#define KSFT_PASS 0
#define KSFT_FAIL 1
#define KSFT_SKIP 4

#define PM_SOFT_DIRTY (1ull << 55)
#define PM_UFFD_WP (1ull << 57)
#define PM_SWAP (1ull << 62)
#define PM_PRESENT (1ull << 63)

/* what a process answers to a step */
struct answer {
	int step;
	int ending;
	int error;
	pid_t child;
};

/* the process that has the mm, and after a fork its child */
static struct process {
	pid_t pid;
	int ask[2], tell[2];
} processes[2];

static char *base;
static int files[2];
static uint64_t checked = ~0ull; /* bits of pagemap that this kernel tells */
static int uffd = -1;
static volatile int child_uffd = -1;
static pid_t child_pid;
static sigjmp_buf escape;

static char *address(int page)
{
	return base + (unsigned long)(FORKS ? page % TABLE : page) * PAGE;
}

static void caught(int number)
{
	siglongjmp(escape, number);
}

/* One byte, read or written; what came of it. */
static int access_page(int page, int write)
{
	volatile char *p = address(page);
	int number = sigsetjmp(escape, 1);

	if (number)
		return number == SIGBUS ? TRAPPED : FAULTED;
	if (write)
		*p = 1;
	else
		(void)*p;
	return DONE;
}

static int open_uffd(uint64_t features, uint64_t *offered)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | (features & UFFD_FEATURE_EVENT_FORK ? 0 : UFFD_USER_MODE_ONLY));

	if (fd < 0 && errno == EINVAL)
		fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -1;
	if (ioctl(fd, UFFDIO_API, &api)) {
		close(fd);
		return -1;
	}
	if (offered)
		*offered = api.features;
	return fd;
}

/* mremap and fork go on only when their event was read; fork's brings the child's descriptor. */
static void *read_events(void *unused)
{
	struct uffd_msg message;
	struct pollfd ready = { .fd = uffd, .events = POLLIN };

	(void)unused;
	for (;;) {
		if (poll(&ready, 1, -1) < 1 || read(uffd, &message, sizeof(message)) != sizeof(message))
			continue;
		if (message.event == UFFD_EVENT_FORK)
			child_uffd = message.arg.fork.ufd;
	}
	return NULL;
}

/* The descriptor that the pages are registered with: a child's comes with an event, a moment after fork. */
static int descriptor(int page)
{
	int tries;

	if (!FORKS || page < TABLE)
		return uffd;
	for (tries = 0; tries < 1000 && child_uffd < 0; tries++)
		usleep(1000);
	return child_uffd;
}

static int register_pages(int page, unsigned long len, int how)
{
	struct uffdio_register what = { .range = { (unsigned long)address(page), len } };

	if (how & WP)
		what.mode |= UFFDIO_REGISTER_MODE_WP;
	if (how & MISSING)
		what.mode |= UFFDIO_REGISTER_MODE_MISSING;
	return what.mode ? ioctl(descriptor(page), UFFDIO_REGISTER, &what) : 0;
}

static int map_pages(const struct step *step, unsigned long len)
{
	static const int prots[] = { PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE, PROT_READ | PROT_EXEC,
				     PROT_READ | PROT_WRITE | PROT_EXEC };
	int fd = step->how & SECOND_FILE ? files[1] : files[0];
	int flags = step->how & SHARED ? MAP_SHARED : MAP_PRIVATE;
	char *at = address(step->page), *p;

	if (!(step->how & (SHARED | PRIVATE_FILE))) {
		fd = -1;
		flags |= MAP_ANONYMOUS;
	}
	p = mmap(at, len, prots[step->prot], MAP_FIXED | flags, fd, fd < 0 ? 0 : (off_t)step->page * (off_t)PAGE);
	if (p != at)
		return -1;
	madvise(at, len, MADV_NOHUGEPAGE);
	if (step->how & SEQ_READ && madvise(at, len, MADV_SEQUENTIAL))
		return -1;
	if (step->how & LOCKED && syscall(SYS_mlock2, at, len, MLOCK_ONFAULT))
		return -1;
	return register_pages(step->page, len, step->how);
}

static int write_protect(int page, unsigned long len, int on)
{
	struct uffdio_writeprotect what = { .range = { (unsigned long)address(page), len },
					    .mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0 };

	return ioctl(descriptor(page), UFFDIO_WRITEPROTECT, &what);
}

static int clear_refs(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY), ret;

	if (fd < 0)
		return -1;
	ret = write(fd, "4", 1) == 1 ? 0 : -1;
	close(fd);
	return ret;
}

static int read_all(const char *path)
{
	char buffer[4096];
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return -1;
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		;
	close(fd);
	return n < 0 ? -1 : 0;
}

static uint64_t pagemap(pid_t pid, const void *at)
{
	uint64_t entry = ~0ull;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return entry;
	if (pread(fd, &entry, sizeof(entry), (off_t)((unsigned long)at / PAGE * sizeof(entry))) != sizeof(entry))
		entry = ~0ull;
	close(fd);
	return entry;
}

/* Reclaim takes a page when it likes to: it is asked a few times. */
static int page_out(void *at)
{
	int tries;

	for (tries = 0; tries < 50; tries++) {
		if (madvise(at, PAGE, MADV_PAGEOUT))
			return FAILED;
		if (!(pagemap(getpid(), at) & PM_PRESENT))
			return DONE;
		usleep(2000);
	}
	return KEPT;
}

/* One child at a time: an older one ends. */
static void end_child(void)
{
	if (child_pid > 0) {
		kill(child_pid, SIGKILL);
		waitpid(child_pid, NULL, 0);
	}
	child_pid = 0;
	child_uffd = -1;
}

static int fork_process(struct answer *answer);

static int perform(const struct step *step, struct answer *answer)
{
	char *at = address(step->page);
	unsigned long len = (unsigned long)step->len * PAGE;
	unsigned char resident[TABLE];
	static const int prots[] = { PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE, PROT_READ | PROT_EXEC,
				     PROT_READ | PROT_WRITE | PROT_EXEC };
	struct uffdio_range range = { (unsigned long)at, len };
	int ret = 0;

	switch (step->kind) {
	case VMA:
		ret = map_pages(step, len);
		break;
	case UNMAP:
		ret = munmap(at, len);
		break;
	case READ:
		return access_page(step->page, 0);
	case WRITE:
		return access_page(step->page, 1);
	case MPROTECT:
		ret = mprotect(at, len, prots[step->prot]);
		break;
	case REGISTER:
		ret = register_pages(step->page, len, step->how);
		break;
	case UNREGISTER:
		ret = ioctl(descriptor(step->page), UFFDIO_UNREGISTER, &range);
		break;
	case PROTECT:
		ret = write_protect(step->page, len, 1);
		break;
	case RESOLVE:
		ret = write_protect(step->page, len, 0);
		break;
	case MREMAP:
		ret = mremap(at, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, address(step->to)) == MAP_FAILED ? -1 : 0;
		break;
	case CLEAR_REFS:
		ret = clear_refs();
		break;
	case PAGEMAP:
		break;
	case SMAPS:
		ret = read_all("/proc/self/smaps");
		break;
	case MINCORE:
		ret = mincore(at, len, resident);
		break;
	case PAGEOUT:
		return page_out(at);
	case ADVISE:
		ret = madvise(at, len, step->how);
		break;
	case MLOCK:
		ret = syscall(SYS_mlock2, at, len, MLOCK_ONFAULT);
		break;
	case MUNLOCK:
		ret = munlock(at, len);
		break;
	case FORK:
		return fork_process(answer);
	case EXIT_CHILD:
		end_child();
		break;
	}
	if (ret)
		answer->error = errno;
	return ret ? FAILED : DONE;
}

/* A process performs the steps that it is asked for, until it is killed. */
static void serve(int me)
{
	struct answer answer;
	int step;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(processes[me].ask[0], &step, sizeof(step)) == sizeof(step)) {
		memset(&answer, 0, sizeof(answer));
		answer.step = step;
		answer.ending = perform(&steps[step], &answer);
		if (write(processes[me].tell[1], &answer, sizeof(answer)) != sizeof(answer))
			break;
	}
	_exit(0);
}

static int fork_process(struct answer *answer)
{
	end_child();
	answer->child = child_pid = fork();
	if (answer->child == 0)
		serve(1);
	if (answer->child < 0)
		answer->error = errno;
	return answer->child < 0 ? FAILED : DONE;
}

/* ---- what the running kernel can do ---- */

static void skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	exit(KSFT_SKIP);
}

static char *scratch_page(void)
{
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		skip_all("no memory");
	*(volatile char *)p = 1;
	return p;
}

/* clear_refs takes a 4 and does nothing where soft-dirty is not built in: only what pagemap says tells. */
static void probe_soft_dirty(void)
{
	char *p = scratch_page();
	int before = !!(pagemap(getpid(), p) & PM_SOFT_DIRTY), cleared, after;

	clear_refs();
	cleared = !(pagemap(getpid(), p) & PM_SOFT_DIRTY);
	*(volatile char *)p = 2;
	after = !!(pagemap(getpid(), p) & PM_SOFT_DIRTY);
	munmap(p, PAGE);
	if (before && cleared && after)
		return;
	if (NEEDS_SOFT_DIRTY)
		skip_all("this kernel does not track soft-dirty: writing 4 to clear_refs changed nothing in pagemap");
	checked &= ~PM_SOFT_DIRTY;
	printf("# soft-dirty is not tracked here and is not checked\n");
}

static void probe_uffd(void)
{
	struct uffdio_register what = { .mode = UFFDIO_REGISTER_MODE_WP };
	struct uffdio_writeprotect protect = { .mode = UFFDIO_WRITEPROTECT_MODE_WP };
	uint64_t offered = 0;
	int fd = open_uffd(0, &offered);
	char *p;

	if (fd < 0)
		skip_all(errno == EPERM ? "userfaultfd is not permitted here" : "this kernel has no userfaultfd");
	close(fd);
	if ((offered & UFFD_FEATURES) != UFFD_FEATURES)
		skip_all("this kernel's userfaultfd lacks a feature: write protection, events, shmem or SIGBUS");
	fd = open_uffd(UFFD_FEATURES, NULL);
	if (fd < 0)
		skip_all("userfaultfd refuses the features: events of fork need CAP_SYS_PTRACE");
	p = scratch_page();
	what.range = protect.range = (struct uffdio_range){ (unsigned long)p, PAGE };
	if (UFFD_FEATURES & UFFD_FEATURE_PAGEFAULT_FLAG_WP &&
	    (ioctl(fd, UFFDIO_REGISTER, &what) || ioctl(fd, UFFDIO_WRITEPROTECT, &protect)))
		skip_all("this kernel does not write-protect with userfaultfd");
	if (!(pagemap(getpid(), p) & PM_UFFD_WP)) {
		checked &= ~PM_UFFD_WP;
		printf("# pagemap does not show write protection here, and it is not checked\n");
	}
	close(fd);
	munmap(p, PAGE);
}

static void probe_swap(void)
{
	char *p = scratch_page();
	int ending = page_out(p);

	munmap(p, PAGE);
	if (ending != DONE)
		skip_all("there is no swap: MADV_PAGEOUT left the page in memory");
}

/* ---- the test ---- */

static void prepare(void)
{
	struct sigaction action = { .sa_handler = caught };
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	if (UFFD_FEATURES) {
		uffd = open_uffd(UFFD_FEATURES, NULL);
		if (uffd < 0 || pthread_create(&thread, NULL, read_events, NULL))
			_exit(1);
	}
	/* Nothing else maps anything from here on, so that holes stay holes. */
	munmap(base, REGION);
}

static void start(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		files[i] = syscall(SYS_memfd_create, "ptefuzz", 0);
		if (files[i] < 0 || ftruncate(files[i], REGION) || pipe(processes[i].ask) || pipe(processes[i].tell))
			skip_all("no memfd or no pipe");
	}
	base = mmap(NULL, 2 * REGION, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		skip_all("no address space");
	base = (char *)(((unsigned long)base + TABLE * PAGE - 1) & ~(TABLE * PAGE - 1));
	fflush(stdout);
	processes[0].pid = fork();
	if (processes[0].pid < 0)
		skip_all("no process");
	if (processes[0].pid == 0) {
		prepare();
		serve(0);
	}
}

static void stop(void)
{
	if (processes[1].pid > 0)
		kill(processes[1].pid, SIGKILL);
	kill(processes[0].pid, SIGKILL);
	waitpid(processes[0].pid, NULL, 0);
}

/* Userfaultfd's descriptors are the parent's, the child's own too. */
static int performer(const struct step *step)
{
	int by_uffd = step->kind == REGISTER || step->kind == UNREGISTER || step->kind == PROTECT || step->kind == RESOLVE;

	return FORKS && step->page >= TABLE && !by_uffd;
}

/* Asks for one step; 0 if the process did not answer in time. */
static int ask(int i, struct answer *answer)
{
	struct process *process = &processes[performer(&steps[i])];
	struct pollfd ready = { .fd = process->tell[0], .events = POLLIN };

	if (write(process->ask[1], &i, sizeof(i)) != sizeof(i))
		return 0;
	if (poll(&ready, 1, SECONDS * 1000) != 1 || read(process->tell[0], answer, sizeof(*answer)) != sizeof(*answer))
		return 0;
	if (answer->child > 0 || steps[i].kind == EXIT_CHILD)
		processes[1].pid = answer->child;
	return 1;
}

static const char *const endings[] = { "done", "SIGBUS: trapped by userfaultfd", "SIGSEGV", "failed", "the page stayed in memory", "anything" };

/* Holds pagemap against what the model says; the pages that differ. */
static int check(const struct step *step)
{
	int i, page, wrong = 0;

	for (i = step->first; i < step->end; i++)
		for (page = expected[i].first; page < expected[i].end; page++) {
			pid_t pid = processes[FORKS && page >= TABLE].pid;
			uint64_t entry = pagemap(pid, address(page)), mask = expected[i].mask & checked;

			if (pid <= 0 || !((entry ^ expected[i].bits) & mask))
				continue;
			wrong++;
			printf("# page %d: pagemap has %#018llx, the model says %#018llx of %#018llx\n", page,
			       (unsigned long long)(entry & mask), (unsigned long long)(expected[i].bits & mask),
			       (unsigned long long)mask);
		}
	return wrong;
}

int main(void)
{
	int i, passed = 0, failed = 0, skipped = 0;
	const char *lost = NULL;

	printf("TAP version 13\n");
	if (sysconf(_SC_PAGESIZE) != (long)PAGE)
		skip_all("pages are not of 4096 bytes here");
	if (pagemap(getpid(), &i) == ~0ull)
		skip_all("/proc/PID/pagemap cannot be read");
	probe_soft_dirty();
	if (UFFD_FEATURES)
		probe_uffd();
	if (NEEDS_SWAP)
		probe_swap();
	start();
	printf("1..%d\n", STEPS);
	for (i = 0; i < STEPS; i++) {
		struct answer answer = { 0 };
		const struct step *step = &steps[i];
		int wrong;

		if (lost) {
			printf("ok %d %s # SKIP %s\n", i + 1, step->line, lost);
			skipped++;
			continue;
		}
		if (!ask(i, &answer)) {
			printf("# the process did not answer within %d s\nnot ok %d %s\n", SECONDS, i + 1, step->line);
			lost = "the process is gone";
			failed++;
			continue;
		}
		if (answer.ending == KEPT) {
			printf("ok %d %s # SKIP the kernel kept the page in memory\n", i + 1, step->line);
			lost = "a page that had to leave memory stayed";
			skipped++;
			continue;
		}
		wrong = step->ending != ANYTHING && answer.ending != step->ending;
		if (wrong)
			printf("# it ended with: %s%s%s; the model says: %s\n", endings[answer.ending], answer.error ? ", " : "",
			       answer.error ? strerror(answer.error) : "", endings[step->ending]);
		wrong += check(step);
		printf("%s %d %s\n", wrong ? "not ok" : "ok", i + 1, step->line);
		wrong ? failed++ : passed++;
	}
	stop();
	printf("# Totals: pass:%d fail:%d xfail:0 xpass:0 skip:%d error:0\n", passed, failed, skipped);
	return failed ? KSFT_FAIL : passed ? KSFT_PASS : KSFT_SKIP;
}
