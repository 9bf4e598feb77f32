/* SPDX-License-Identifier: MIT */
/* The other side of the exceptionless door, for tests: see fake.h. */
#include "fake.h"
#include "../../../libsyscall-forward/filetype.h"
#include "../../../libsyscall-forward/interpose.c"

struct fake fake;

static void add(int *p)
{
	__atomic_add_fetch(p, 1, __ATOMIC_RELAXED);
}

/*
 * Let others go on. Who yields on a busy machine comes back when everybody has had his
 * turn; who has slept, at once.
 */
void rest(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
}

static void *shared(size_t size)
{
	void *p = aligned_alloc(VOS_PAGE_SIZE, size);

	assert_non_null(p);
	memset(p, 0, size);
	return p;
}

#ifdef FWD_COPY_CHECKED
#ifndef __has_feature		/* gcc has none */
#define __has_feature(x) 0
#endif
#ifdef __SANITIZE_THREAD__
void __tsan_read_range(void *p, long n);
void __tsan_write_range(void *p, long n);
#elif defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define ADDRESSES
void *__asan_region_is_poisoned(void *p, size_t n);
#endif

/* What the sanitizer would have seen of memcpy(). */
void fwd_copy_check(void *to, const void *from, size_t n)
{
#ifdef __SANITIZE_THREAD__
	__tsan_read_range((void *)from, n);
	__tsan_write_range(to, n);
#elif defined(ADDRESSES)
	if (__asan_region_is_poisoned(to, n) || __asan_region_is_poisoned((void *)from, n))
		memmove(to, from, n);	/* which says where */
#else
	(void)to;
	(void)from;
	(void)n;
#endif
}
#endif

/* --- the service ------------------------------------------------------------ */

static struct object *object_of(const struct vos_sqe *e)
{
	int i;

	for (i = 0; i < FDS; i++)
		if (fake.fd[i] && fake.fd[i]->slot == e->obj && fake.fd[i]->gen == e->gen)
			return fake.fd[i];
	return NULL;
}

/* As the word that its process reads says. */
static bool may(const struct object *o, __u8 right)
{
	if (o->kind != VOS_KIND_FILE)
		return true;
	return o->flags & (right == VOS_RIGHT_READ ? VOS_WORD_READ : VOS_WORD_WRITE);
}

static __u32 mask_of(const struct object *o)
{
	return (o->rx_len ? EPOLLIN : 0) | (o->tx_room ? EPOLLOUT : 0) |
	       (o->error ? EPOLLERR : 0);
}

static void show_poll(const struct object *o)
{
	struct fake_chan *c = fake.chan[VOS_DOOR_NET];

	if (c) {
		vos_store(&c->head->slot[o->slot].poll, mask_of(o));
		vos_store_release(&c->head->slot[o->slot].gen, o->gen);
	}
}

/* An error is told once. */
static __s64 take_error(struct object *o)
{
	int err = o->error;

	o->error = 0;
	return -err;
}

static __s64 take_rx(struct object *o, char *to, size_t max)
{
	size_t n = o->rx_len < max ? o->rx_len : max;

	if (o->error)
		return take_error(o);
	if (!n)
		return -EAGAIN;
	memcpy(to, o->rx + o->rx_head, n);
	o->rx_head += n;
	o->rx_len -= n;
	return n;
}

static __s64 give_back(struct object *o, const char *from, size_t len)
{
	if (len > o->rx_head)
		return -EINVAL;
	o->rx_head -= len;
	o->rx_len += len;
	memcpy(o->rx + o->rx_head, from, len);
	return 0;
}

static __s64 put_tx(struct object *o, const char *from, size_t len)
{
	size_t n = o->tx_room < len ? o->tx_room : len;

	if (o->error)
		return take_error(o);
	if (!n)
		return -EAGAIN;
	memcpy(o->tx + o->tx_len, from, n);
	o->tx_len += n;
	o->tx_room -= n;
	return n;
}

static __s64 file_read(struct object *o, char *to, size_t len, __u64 pos)
{
	size_t n = pos < o->size ? o->size - pos : 0;

	if (n > len)
		n = len;
	if (n)
		memcpy(to, o->data + pos, n);
	return n;
}

static __s64 file_write(struct object *o, const char *from, size_t len, __u64 pos)
{
	if (pos > FILE_MAX || len > FILE_MAX - pos)
		return -EFBIG;
	if (pos > o->size)
		memset(o->data + o->size, 0, pos - o->size);
	memcpy(o->data + pos, from, len);
	if (pos + len > o->size)
		o->size = pos + len;
	return len;
}

static __s64 do_write(struct fake_chan *c, struct object *o, const struct vos_sqe *e,
		      struct vos_cqe *a, __u32 len)
{
	__s64 n = file_write(o, c->arena + e->ext[0].off, len, e->arg[0]);

	a->out[0] = ++fake.seq;
	if (fake.durable_at_once)
		vos_store_release(&c->head->slot[o->slot].durable, fake.seq);
	return n;
}

static __s64 do_commit(struct fake_chan *c)
{
	__u32 i;

	fake.commits++;
	if (fake.commit_works)
		for (i = 0; i < VOS_UCHAN_SLOTS; i++)
			vos_store_release(&c->head->slot[i].durable, fake.seq);
	return 0;
}

/* What the engine does before a service sees the call. */
static const struct vos_op ops[VOS_NR_OPCODES] = { VOS_OPCODES(VOS_OP_FACTS) };

static __s64 admit(const struct fake_chan *c, const struct vos_sqe *e, const struct vos_op *op,
		   struct object **o)
{
	enum vos_class class = c == fake.chan[VOS_DOOR_NET] ? VOS_CLASS_NET : VOS_CLASS_STORAGE;
	int rc = vos_op_check(op, VOS_FROM_PROCESS, class);

	if (!rc)
		rc = vos_ext_check(op->ext[0], e->ext[0].len);
	if (!rc)
		rc = vos_ext_check(op->ext[1], e->ext[1].len);
	*o = object_of(e);
	if (rc || op->right == VOS_RIGHT_NONE || op->right == VOS_RIGHT_WHOLE)
		return rc;
	return *o && may(*o, op->right) ? 0 : -EBADF;
}

static __s64 do_sock_call(struct fake_chan *c, struct object *o, const struct vos_sqe *e,
			  struct vos_cqe *a, __u32 len)
{
	switch (e->opcode) {
	case VOS_OP_RECVMSG:
		if (e->ext[1].len)
			memcpy(c->arena + e->ext[1].off, "address", 8);
		a->out[0] = e->ext[1].len ? 8 : 0;
		return take_rx(o, c->arena + e->ext[0].off, len);
	case VOS_OP_SENDMSG:
		return put_tx(o, c->arena + e->ext[0].off, len);
	case VOS_OP_UNREAD:
		return give_back(o, c->arena + e->ext[0].off, len);
	case VOS_OP_SETINT:
		o->option = (int)e->arg[2];
		return 0;
	}
	return -ENOSYS;
}

static __s64 do_call(struct fake_chan *c, const struct vos_sqe *e, struct vos_cqe *a)
{
	const struct vos_op *op = &ops[e->opcode];
	__u32 len = e->ext[0].len;
	struct object *o;
	__s64 n = admit(c, e, op, &o);

	if (n || op->class == VOS_CLASS_CORE)
		return n;
	if (fake.max_call && len > fake.max_call)
		len = fake.max_call;
	switch (e->opcode) {
	case VOS_OP_COMMIT:
		return do_commit(c);
	case VOS_OP_READ:
		return file_read(o, c->arena + e->ext[0].off, len, e->arg[0]);
	case VOS_OP_WRITE:
		return do_write(c, o, e, a, len);
	}
	n = do_sock_call(c, o, e, a, len);
	show_poll(o);
	a->poll = mask_of(o);
	return n;
}

static bool serve_lane(struct fake_chan *c, unsigned int lane)
{
	struct vos_cqe a = { 0 };
	struct vos_sqe e;
	enum answer how;

	if (!vos_ring_pop(&c->sq[lane], &e))
		return false;
	a.tag = e.tag;
	how = fake.hook ? fake.hook(&e, &a) : ANSWER;
	if (how == ANSWER)
		a.result = do_call(c, &e, &a);
	if (how != SILENT)
		vos_ring_push(&c->cq[lane], &a);
	return true;
}

/* Under the lock. */
static bool serve_lanes(struct fake_chan *c)
{
	unsigned int lane;
	bool any = false;

	for (lane = 0; c && !vos_load(&c->dead) && lane < LANES; lane++)
		any |= serve_lane(c, lane);
	return any;
}

bool serve_all(void)
{
	unsigned int s;
	bool any = false;

	pthread_mutex_lock(&fake.lock);
	for (s = 0; s < VOS_DOOR_SERVICES; s++)
		any |= serve_lanes(fake.chan[s]);
	pthread_mutex_unlock(&fake.lock);
	return any;
}

static void *service(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&fake.stop, __ATOMIC_RELAXED))
		if (!serve_all())
			rest();
	return NULL;
}

/* Takes the lock, so that the service is not in the middle of anything. */
void kill_channel(unsigned int s)
{
	int i;

	for (i = 0; i < FDS; i++)
		if (fake.fd[i] && (fake.fd[i]->kind == VOS_KIND_FILE) == (s == VOS_DOOR_STORAGE))
			vos_store_release(&fake.state->word[i], 0ull);
	vos_store(&fake.chan[s]->dead, true);
	vos_store_release(&fake.state->epoch[s], fake.state->epoch[s] + 1);
}

/* --- the kernel ------------------------------------------------------------- */

static struct fake_chan *all_chans[1024];
static int nr_all_chans;

static long kernel_channel(unsigned int s, struct vos_door_channel *info)
{
	size_t pages = VOS_UCHAN_HEAD_PAGES + LANES, arena = LANES * LANE_ARENA + LOG_SIZE;
	struct fake_chan *c;
	unsigned int i;

	add(&fake.channels);
	if (fake.channel_rc)
		return fake.channel_rc;
	c = calloc(1, sizeof(*c));
	all_chans[nr_all_chans++] = c;
	c->mem = shared(pages * VOS_PAGE_SIZE + arena);
	c->head = (void *)c->mem;
	c->arena = c->mem + pages * VOS_PAGE_SIZE;
	for (i = 0; i < VOS_UCHAN_SLOTS; i++)
		c->head->pos[i] = VOS_POS_KERNEL;
	c->head->log_head = fake.log_head;
	for (i = 0; i < LANES; i++) {
		struct vos_lane_page *p = (void *)(c->mem + (2 + i) * VOS_PAGE_SIZE);

		vos_ring_init(&c->sq[i], &p->sq, p->sqe, VOS_LANE_ENTRIES, VOS_SQ_PHASE);
		vos_ring_init(&c->cq[i], &p->cq, p->cqe, VOS_LANE_ENTRIES, VOS_CQ_PHASE);
	}
	*info = (struct vos_door_channel){
		.base = (uintptr_t)c->mem, .nr_lanes = LANES,
		.arena_pages = arena / VOS_PAGE_SIZE, .lane_arena = LANE_ARENA,
		.log_off = LANES * LANE_ARENA,
	};
	/* One that dies meanwhile is another. */
	pthread_mutex_lock(&fake.lock);
	info->epoch = fake.state->epoch[s];
	fake.chan[s] = c;
	pthread_mutex_unlock(&fake.lock);
	return 0;
}

static long kernel_attach(int fd, long flags)
{
	struct object *o = (unsigned int)fd < FDS ? fake.fd[fd] : NULL;
	struct fake_chan *c;
	__u32 kind;

	add(&fake.attaches);
	if (!o)
		return -EBADF;
	if (o->kind == VOS_KIND_TRAP) {
		vos_store_release(&fake.state->word[fd], (__u64)VOS_KIND_TRAP);
		return VOS_KIND_TRAP;
	}
	if (flags & VOS_ATTACH_WINDOW && !o->window)
		return -EAGAIN;
	c = fake.chan[o->kind == VOS_KIND_FILE];
	if (!c || vos_load(&c->dead))
		return fake.tell_kind ? (long)o->kind : -EAGAIN;
	pthread_mutex_lock(&fake.lock);
	if (o->kind == VOS_KIND_FILE) {
		vos_store(&c->head->slot[o->slot].gen, o->gen);
		vos_store(&c->head->pos[o->slot], o->pos);
	} else {
		show_poll(o);
	}
	kind = o->window ? VOS_KIND_WINDOW : o->kind;
	vos_store_release(&fake.state->word[fd], VOS_WORD(kind | o->flags, o->slot, o->gen));
	pthread_mutex_unlock(&fake.lock);
	return kind;
}

static long kernel_window(int fd, struct vos_door_window *info)
{
	struct object *o = fake.fd[fd];

	add(&fake.windows);
	pthread_mutex_lock(&fake.lock);
	info->base = (uintptr_t)o->data;
	info->size = o->size;
	info->slot = o->slot;
	info->gen = o->gen;
	pthread_mutex_unlock(&fake.lock);
	return 0;
}

static long kernel_enter(unsigned int s, __u32 arg)
{
	struct fake_chan *c = fake.chan[s];
	struct vos_ring *cq = &c->cq[arg & VOS_ENTER_LANE];

	add(&fake.enters);
	if (fake.enter)
		return fake.enter(s, arg);
	if (arg & VOS_ENTER_KICK) {
		add(&fake.kicks);
		vos_store(&c->sq[arg & VOS_ENTER_LANE].hdr->need_wakeup, 0u);
	}
	if (!(arg & VOS_ENTER_WAIT))
		return vos_load(&c->dead) ? -ENOTCONN : 0;
	if (fake.in_wait)
		fake.in_wait();
	while (!vos_ring_waiting(cq->hdr, cq->entry, cq->entries, VOS_CQ_PHASE)) {
		if (vos_load(&c->dead))
			return -ENOTCONN;
		/* On a busy machine the service's thread may not run for long. */
		if (__atomic_load_n(&fake.stop, __ATOMIC_RELAXED) || !serve_all())
			rest();
	}
	return 0;
}

static __s64 trap_io(int fd, char *buf, size_t n, bool out, bool at, __u64 pos);
static __u64 pos_take(struct object *o);
static void pos_give(struct object *o, __u64 pos);

/* A file is known as long as some descriptor has it, or a lane writes it. */
static long kernel_rest(const struct vos_door_rest *r)
{
	long n;
	int fd;

	add(&fake.rests);
	for (fd = 0; fd < FDS; fd++)
		if (fake.fd[fd] && fake.fd[fd]->slot == VOS_WORD_SLOT(r->word) &&
		    fake.fd[fd]->gen == VOS_WORD_GEN(r->word))
			break;
	if (fd == FDS)
		return -ESTALE;
	n = r->len ? trap_io(fd, (char *)(uintptr_t)r->data, r->len, true, true, r->pos) : 0;
	if (r->end) {
		__u64 pos;

		pthread_mutex_lock(&fake.lock);
		pos = pos_take(fake.fd[fd]);
		pos_give(fake.fd[fd], pos == r->end ? r->pos + (n > 0 ? n : 0) : pos);
		pthread_mutex_unlock(&fake.lock);
	}
	return n;
}

long fwd_kernel(long op, long a, long b)
{
	switch (op) {
	case VOS_DOOR_OPEN:
		add(&fake.opens);
		if (vos_load(&fake.state->closed))
			return -EPERM;
		if (!fake.open_rc)
			*(struct vos_door_info *)a = (struct vos_door_info){
				VOS_DOOR_VERSION, VOS_DOOR_FDS, (uintptr_t)fake.state };
		return fake.open_rc;
	case VOS_DOOR_CHANNEL:
		return kernel_channel(a, (void *)b);
	case VOS_DOOR_ATTACH:
		return kernel_attach(a, b);
	case VOS_DOOR_WINDOW:
		return kernel_window(a, (void *)b);
	case VOS_DOOR_RECALL:
		add(&fake.recalls);
		return 0;
	case VOS_DOOR_TIDY:
		add(&fake.tidies);
		return 0;
	case VOS_DOOR_REST:
		return kernel_rest((const void *)a);
	case VOS_DOOR_ENTER:
		return kernel_enter(a, b);
	case VOS_DOOR_ACCOUNT:
		add(&fake.accounts);
		return fake.account ? fake.account() : -EINVAL;
	}
	return -EINVAL;
}

long fwd_write_at(int fd, const void *buf, size_t n, __u64 pos)
{
	int saved = errno;
	long rc = fwd_trap_pwrite(fd, buf, n, pos);

	rc = rc < 0 ? -errno : rc;
	errno = saved;
	return rc;
}

/* The memory is freed at the end, that of a channel in use would be missed. */
void fwd_unmap(void *p, size_t size)
{
	add(&fake.unmaps);
	memset(p, 0xaa, size);
}

/* What a descriptor of the fake is: the service follows from it. */
enum fwd_filetype fwd_filetype(int fd)
{
	if (!fake.fd[fd])
		return FWD_OTHER;
	return fake.fd[fd]->kind == VOS_KIND_FILE ? FWD_REGULAR : FWD_SOCKET;
}

/* --- the trap door ---------------------------------------------------------- */

static ssize_t said(__s64 rc)
{
	if (rc >= 0)
		return rc;
	errno = -rc;
	return -1;
}

static __u64 pos_take(struct object *o)
{
	struct fake_chan *c = fake.chan[VOS_DOOR_STORAGE];
	__u64 p = c ? __atomic_exchange_n(&c->head->pos[o->slot], VOS_POS_KERNEL,
					  __ATOMIC_ACQ_REL) : VOS_POS_KERNEL;

	return p == VOS_POS_KERNEL ? o->pos : p;
}

static void pos_give(struct object *o, __u64 pos)
{
	struct fake_chan *c = fake.chan[VOS_DOOR_STORAGE];

	o->pos = pos;
	if (c && !vos_load(&c->dead))
		vos_store_release(&c->head->pos[o->slot], pos);
}

static __s64 trap_io(int fd, char *buf, size_t n, bool out, bool at, __u64 pos)
{
	struct object *o = (unsigned int)fd < FDS ? fake.fd[fd] : NULL;
	__s64 rc;

	add(&fake.traps);
	if (!o || fake.trap_rc)
		return o ? fake.trap_rc : -EBADF;
	pthread_mutex_lock(&fake.lock);
	if (o->kind != VOS_KIND_FILE) {
		rc = out ? put_tx(o, buf, n) : take_rx(o, buf, n);
		show_poll(o);
	} else {
		if (!at)
			pos = pos_take(o);
		rc = out ? file_write(o, buf, n, pos) : file_read(o, buf, n, pos);
		if (!at)
			pos_give(o, rc > 0 ? pos + rc : pos);
	}
	pthread_mutex_unlock(&fake.lock);
	return rc;
}

ssize_t fwd_trap_read(int fd, void *b, size_t n) { return said(trap_io(fd, b, n, 0, 0, 0)); }
ssize_t fwd_trap_write(int fd, const void *b, size_t n)
{
	return said(trap_io(fd, (void *)b, n, 1, 0, 0));
}
ssize_t fwd_trap_pread(int fd, void *b, size_t n, off_t p) { return said(trap_io(fd, b, n, 0, 1, p)); }
ssize_t fwd_trap_pwrite(int fd, const void *b, size_t n, off_t p)
{
	return said(trap_io(fd, (void *)b, n, 1, 1, p));
}
ssize_t fwd_trap_recv(int fd, void *b, size_t n, int f) { (void)f; return fwd_trap_read(fd, b, n); }
ssize_t fwd_trap_send(int fd, const void *b, size_t n, int f) { (void)f; return fwd_trap_write(fd, b, n); }
ssize_t fwd_trap_recvfrom(int fd, void *b, size_t n, int f, struct sockaddr *a, socklen_t *l)
{
	(void)a; (void)l;
	return fwd_trap_recv(fd, b, n, f);
}
ssize_t fwd_trap_sendto(int fd, const void *b, size_t n, int f, const struct sockaddr *a, socklen_t l)
{
	(void)a; (void)l;
	return fwd_trap_send(fd, b, n, f);
}
static ssize_t trap_none(void) { add(&fake.traps); errno = EINVAL; return -1; }
ssize_t fwd_trap_readv(int fd, const struct iovec *v, int n) { (void)fd; (void)v; (void)n; return trap_none(); }
ssize_t fwd_trap_writev(int fd, const struct iovec *v, int n) { (void)fd; (void)v; (void)n; return trap_none(); }
ssize_t fwd_trap_recvmsg(int fd, struct msghdr *m, int f) { (void)fd; (void)m; (void)f; return trap_none(); }
ssize_t fwd_trap_sendmsg(int fd, const struct msghdr *m, int f) { (void)fd; (void)m; (void)f; return trap_none(); }

int fwd_trap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	(void)level; (void)name;
	add(&fake.traps);
	if (len != sizeof(int) || !fake.fd[fd])
		return said(-EINVAL);
	/* What was submitted before comes before. */
	while (serve_all())
		;
	memcpy(&fake.fd[fd]->option, value, len);
	return 0;
}

/* --- for tests -------------------------------------------------------------- */

struct object *fake_open(int fd, __u32 kind, __u32 flags)
{
	struct object *o = calloc(1, sizeof(*o));

	o->kind = kind;
	o->flags = flags;
	o->slot = fd;
	o->gen = 100 + fd;
	o->tx_room = sizeof(o->tx);
	if (kind == VOS_KIND_FILE)
		o->data = o->own = calloc(1, FILE_MAX);
	pthread_mutex_lock(&fake.lock);
	fake.fd[fd] = o;
	pthread_mutex_unlock(&fake.lock);
	return o;
}

bool attach_now(int fd)
{
	int i;

	for (i = 0; i < 20000; i++)
		if (VOS_WORD_KIND(fwd_word(fd, 1)) > VOS_KIND_TRAP)
			return true;
	return false;
}

struct object *fake_window(int fd, __u32 flags, const void *data, size_t size)
{
	struct object *o = fake_open(fd, VOS_KIND_FILE, flags);

	memcpy(o->data, data, size);
	o->size = size;
	o->window = true;
	assert_true(attach_now(fd));
	assert_int_equal(VOS_WORD_KIND(fake.state->word[fd]), VOS_KIND_WINDOW);
	return o;
}

void feed(struct object *o, const void *p, size_t n)
{
	pthread_mutex_lock(&fake.lock);
	if (!o->rx_len)
		o->rx_head = 0;
	memcpy(o->rx + o->rx_head + o->rx_len, p, n);
	o->rx_len += n;
	show_poll(o);
	pthread_mutex_unlock(&fake.lock);
}

void stop_service(void)
{
	__atomic_store_n(&fake.stop, true, __ATOMIC_RELAXED);
	pthread_join(fake.service, NULL);
}

int start_service(void)
{
	fake.stop = false;
	return pthread_create(&fake.service, NULL, service, NULL);
}

void fake_begin(void)
{
	pthread_mutexattr_t adaptive;

	memset(&fake, 0, sizeof(fake));
	fwd_account_forget();
	/* One that spins a little: whoever sleeps waits for a processor as well. */
	pthread_mutexattr_init(&adaptive);
	pthread_mutexattr_settype(&adaptive, PTHREAD_MUTEX_ADAPTIVE_NP);
	pthread_mutex_init(&fake.lock, &adaptive);
	fake.state = shared(2 * VOS_PAGE_SIZE);
	fake.tell_kind = true;
	fake.durable_at_once = fake.commit_works = true;
	fwd_door_off = 0;
	fwd_spin_us = 20;	/* a service that has no processor now is not waited for */
	if (fwd_door)	/* as fork leaves it */
		memset(fwd_door, 0, sizeof(*fwd_door));
}

void fake_end(void)
{
	int i;

	for (i = 0; i < nr_all_chans; i++) {
		free(all_chans[i]->mem);
		free(all_chans[i]);
	}
	nr_all_chans = 0;
	for (i = 0; i < FDS; i++) {
		if (fake.fd[i])
			free(fake.fd[i]->own);
		free(fake.fd[i]);
	}
	free(fake.state);
}

int setup(void **state)
{
	(void)state;
	fake_begin();
	return start_service();
}

int teardown(void **state)
{
	(void)state;
	stop_service();
	fake_end();
	return 0;
}
