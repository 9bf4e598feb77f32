// SPDX-License-Identifier: GPL-2.0
/*
 * Replay of logs. If a storage domain has died, some data that processes wrote through it was
 * not on the disk yet. That data is written again from the logs in their user channels.
 *
 * The log is the process's own memory. A record counts only if it names a handle that this
 * kernel made for writing. A process that damages its log harms files that it may write anyway.
 * Records of all processes are carried out in the order of their sequence numbers, which the
 * dead domain gave.
 */
#include <linux/capability.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/sort.h>
#include "door_priv.h"

struct entry {
	struct vdoor_handle *h;
	u64 seq;
	u64 node;
	u64 pos;
	const void __peer *data;
	u32 len;
	bool kill_privs;
};

struct replay {
	struct entry *entry;
	u32 nr;
	u32 max;
};

static u32 log_bytes(const struct vdoor_uchan *uc)
{
	return (uc->arena_pages << PAGE_SHIFT) - uc->nr_lanes * uc->lane_bytes;
}

static const void __peer *log_start(const struct vdoor_uchan *uc)
{
	return vos_area_page(&uc->area, VOS_UCHAN_HEAD_PAGES + uc->nr_lanes) +
	       uc->nr_lanes * uc->lane_bytes;
}

/* Add a record to the replay if it is valid. @rec is a private copy. */
static void add_record(struct replay *r, struct vdoor_uchan *uc, const struct vos_log_record *rec,
		       const void __peer *data, u32 room)
{
	struct vdoor_handle *h;
	struct entry *e;

	if (rec->slot >= VOS_UCHAN_SLOTS || !rec->seq || rec->len > room ||
	    rec->pos > LLONG_MAX - rec->len || r->nr == r->max)
		return;
	h = &uc->handle[rec->slot];
	if (h->gen != rec->gen || !(h->target.flags & VOS_HANDLE_WRITE) ||
	    READ_ONCE(h->state) < VDOOR_HANDLE_LIVE)
		return;
	if (rec->seq <= vos_load(&uc->head->slot[rec->slot].durable))
		return;
	e = &r->entry[r->nr++];
	e->h = h;
	e->seq = rec->seq;
	e->node = h->target.node;
	e->pos = rec->pos;
	e->len = rec->len;
	e->data = data;
	/*
	 * The privileges that the write took from the file may not have reached the disk
	 * either.
	 */
	e->kill_privs = !(uc->door->cred->cap_effective & BIT_ULL(CAP_FSETID));
}

static void read_log(struct replay *r, struct vdoor_uchan *uc)
{
	u32 size = log_bytes(uc), at = vos_load(&uc->head->log_tail);
	u32 left = vos_load(&uc->head->log_head) - at;

	if (!size || left > size)
		return;
	while (left >= sizeof(struct vos_log_record)) {
		u32 off = at % size;
		struct vos_log_record rec;

		if (off % sizeof(rec))
			return;
		vos_peer_read(&rec, log_start(uc) + off, sizeof(rec));
		/* From here on only the copy is checked and used. */
		barrier();
		if (rec.room < sizeof(rec) || rec.room > left || rec.room > size - off)
			return;
		if (rec.slot != VOS_LOG_SKIP)
			add_record(r, uc, &rec, log_start(uc) + off + sizeof(rec),
				   rec.room - sizeof(rec));
		at += rec.room;
		left -= rec.room;
	}
}

static int by_seq(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/**
 * vdoor_uchan_has_log - test whether a channel's log may have what a dead service lost
 * @uc: the channel
 *
 * Context: any.
 * Return: true if it may.
 */
bool vdoor_uchan_has_log(const struct vdoor_uchan *uc)
{
	return uc->provider->replay && log_bytes(uc);
}

static int write_all(const struct vdoor_provider *p, const struct replay *r)
{
	u32 i;

	for (i = 0; i < r->nr; i++) {
		const struct entry *e = &r->entry[i];
		int rc = p->replay(e->node, e->pos, e->data, e->len, e->kill_privs);

		if (rc == -ENOTCONN)
			return rc;
		if (!rc)
			continue;
		pr_err("virtuos: %u bytes written at %llu are lost: error %d\n",
		       e->len, e->pos, rc);
		/* Before end_kept() lets the handle end, which reports it. */
		WRITE_ONCE(e->h->lost, rc);
	}
	return 0;
}

/* Let handles end that wait for a replay. @lost: there was none. */
static void end_kept(struct vos_session *session, bool lost)
{
	struct vdoor_uchan *uc = NULL;

	while ((uc = vdoor_uchan_next(session, uc))) {
		if (!xchg(&uc->kept, false))
			continue;
		WRITE_ONCE(uc->lost, lost);
		/* Whatever finds it replayed finds out whether it is lost (awaits_replay()). */
		smp_store_release(&uc->replayed, true);
		vdoor_uchan_kick(uc);
		vdoor_uchan_put(uc);
	}
}

/* See vdoor_provider.h. */
void vdoor_replay_is_lost(struct vos_session *session)
{
	end_kept(session, true);
}
EXPORT_SYMBOL_GPL(vdoor_replay_is_lost);

/* See vdoor_provider.h. */
int vdoor_replay(struct vos_session *session)
{
	const struct vdoor_provider *p = vdoor_provider_of(VOS_DOOR_STORAGE);
	struct vdoor_uchan *uc = NULL;
	struct replay r = {};
	int rc;

	if (!p || p->session != session)
		return 0;
	while ((uc = vdoor_uchan_next(session, uc)))
		if (uc->kept)
			r.max += log_bytes(uc) / sizeof(struct vos_log_record);
	if (!r.max)
		return 0;
	r.entry = kvcalloc(r.max, sizeof(*r.entry), GFP_KERNEL);
	if (!r.entry) {
		pr_err("virtuos: no memory to replay logs, which are lost\n");
		end_kept(session, true);
		return -ENOMEM;
	}
	while ((uc = vdoor_uchan_next(session, uc)))
		if (uc->kept)
			read_log(&r, uc);
	sort(r.entry, r.nr, sizeof(*r.entry), by_seq, NULL);
	rc = write_all(p, &r);
	if (r.nr)
		pr_info("virtuos: %u writes replayed\n", r.nr);
	/* If this domain has died as well, the next one is tried. */
	if (!rc)
		end_kept(session, false);
	kvfree(r.entry);
	return rc;
}
EXPORT_SYMBOL_GPL(vdoor_replay);
