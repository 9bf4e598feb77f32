// SPDX-License-Identifier: MIT
/*
 * The log: data of writes that the service may not have on its disk yet, in memory of the
 * primary. See struct vos_log_record.
 *
 * The log belongs to all lanes. A thread that allocates holds a lock for some hundred
 * instructions. No thread waits for the lock longer than that takes: a signal handler may have
 * interrupted its holder.
 *
 * A record begins as one to be skipped, with no sequence number: the kernel does not replay it,
 * and its room is not reclaimed. When the data is in it, it is made real.
 */
#include "iov.h"

#define TRIES	200
#define ALIGN	((__u32)sizeof(struct vos_log_record))

static bool lock(struct fwd_chan *c)
{
	int i;

	for (i = 0; i < TRIES; i++) {
		if (!vos_load(&c->log_lock) &&
		    !__atomic_exchange_n(&c->log_lock, 1u, __ATOMIC_ACQUIRE))
			return true;
		__builtin_ia32_pause();
	}
	return false;
}

static void unlock(struct fwd_chan *c)
{
	vos_store_release(&c->log_lock, 0u);
}

static struct vos_log_record *at(struct fwd_chan *c, __u32 where)
{
	return (void *)(c->arena + c->log_off + where % c->log_size);
}

/* Return: true if the oldest record may go. */
static bool may_go(const struct fwd_chan *c, struct vos_log_record *r)
{
	__u64 seq = vos_load_acquire(&r->seq);
	__u32 slot = vos_load(&r->slot);
	const struct vos_uchan_slot *s;

	if (!seq)
		return false;
	if (slot >= VOS_UCHAN_SLOTS)	/* VOS_LOG_SKIP */
		return true;
	s = &c->head->slot[slot];
	/* A handle is dropped only when all of it is durable. */
	return seq <= vos_load_acquire(&s->durable) ||
	       vos_load_acquire(&s->gen) != vos_load(&r->gen);
}

/* Context: under the lock. The service can write there too, so check everything. */
static void reclaim(struct fwd_chan *c)
{
	while (c->log_tail != c->log_head) {
		struct vos_log_record *r = at(c, c->log_tail);
		__u32 room = vos_load(&r->room);

		if (room < ALIGN || room % ALIGN || room > c->log_head - c->log_tail) {
			c->log_size = 0;	/* no log any more */
			return;
		}
		if (!may_go(c, r))
			break;
		c->log_tail += room;
	}
	vos_store_release(&c->head->log_tail, c->log_tail);
}

/* Context: under the lock; there is room. */
static struct vos_log_record *append(struct fwd_chan *c, __u32 room, __u64 seq)
{
	struct vos_log_record *r = at(c, c->log_head);

	vos_store(&r->slot, VOS_LOG_SKIP);
	vos_store(&r->gen, 0u);
	vos_store(&r->len, 0u);
	vos_store(&r->room, room);
	vos_store(&r->seq, seq);
	c->log_head += room;
	/* The record must be visible before the head that covers it. */
	vos_store_release(&c->head->log_head, c->log_head);
	return r;
}

static struct vos_log_record *alloc(struct fwd_chan *c, __u32 room)
{
	__u32 to_end = c->log_size - c->log_head % c->log_size;
	__u32 need = room <= to_end ? room : room + to_end;

	if (need > c->log_size - (c->log_head - c->log_tail))
		reclaim(c);
	if (!c->log_size || need > c->log_size - (c->log_head - c->log_tail))
		return NULL;
	if (need != room)
		append(c, to_end, 1);
	return append(c, room, 0);
}

/**
 * fwd_log_alloc - allocate a record with room for data
 * @c: the channel
 * @len: bytes of data
 *
 * Return: the record, still one to be skipped; NULL: there is no room now.
 */
struct vos_log_record *fwd_log_alloc(struct fwd_chan *c, __u32 len)
{
	__u32 room = ALIGN + ((len + ALIGN - 1) & ~(ALIGN - 1));
	struct vos_log_record *r = NULL;

	if (!c->log_size || !lock(c))
		return NULL;
	if (c->log_size && room <= c->log_size)
		r = alloc(c, room);
	unlock(c);
	return r;
}

/**
 * fwd_log_fill - make a record real, whose data is in place
 * @r: the record
 * @io: the write
 * @pos: position in the file
 * @len: bytes of data
 */
void fwd_log_fill(struct vos_log_record *r, const struct fwd_io *io, __u64 pos, __u32 len)
{
	vos_store(&r->gen, VOS_WORD_GEN(io->word));
	vos_store(&r->pos, pos);
	vos_store(&r->len, len);
	vos_store_release(&r->slot, VOS_WORD_SLOT(io->word));
}

/**
 * fwd_log_complete - note the end of a record's write
 * @r: the record
 * @len: bytes that were written; 0: none, so the kernel must not replay it
 * @seq: the write's sequence number
 */
void fwd_log_complete(struct vos_log_record *r, __u32 len, __u64 seq)
{
	if (!len) {
		vos_store_release(&r->slot, VOS_LOG_SKIP);
		seq = 1;
	}
	vos_store(&r->len, len);
	vos_store_release(&r->seq, seq);
}
