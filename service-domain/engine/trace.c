// SPDX-License-Identifier: GPL-2.0
/*
 * Records of what happens to calls, while their primary wants them (TRACE_CTL). A connection
 * has rings of its own, so no primary sees another's calls.
 *
 * There is a ring for each processor. Its producer runs on that processor with interrupts off;
 * its consumer is the connection's control thread. The control thread alone makes and frees
 * rings, as long as there is one.
 *
 * Invariant: a record is never overwritten. One that does not fit is counted as lost.
 */
#include <linux/cpumask.h>
#include <linux/jump_label.h>
#include <linux/log2.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include "engine_priv.h"

DEFINE_STATIC_KEY_FALSE(veng_trace_used);

/*
 * struct trace_ring - records of one processor; entry = index & mask
 * @head: the producer's
 * @lost: same
 * @tail: the consumer's
 */
struct trace_ring {
	u32 head;
	u64 lost;
	u32 tail ____cacheline_aligned;
	struct vos_trace_record *record;
};

/*
 * struct veng_trace - a connection's rings
 * @on: records are taken
 * @mask: number of entries of a ring, less one
 */
struct veng_trace {
	bool on;
	u32 mask;
	u32 nr_rings;
	struct trace_ring ring[];
};

static void put_record(struct trace_ring *ring, u32 mask, const struct vos_trace_record *record)
{
	u32 head = ring->head;

	/* Pairs with take_records(): the entry has been read. */
	if (head - smp_load_acquire(&ring->tail) > mask) {
		WRITE_ONCE(ring->lost, ring->lost + 1);
		return;
	}
	ring->record[head & mask] = *record;
	/* Pairs with take_records(): the entry before the index. */
	smp_store_release(&ring->head, head + 1);
}

/* Reading is no news: a reader would never come to an end. */
static bool is_of_trace(u8 opcode)
{
	return opcode == VOS_OP_TRACE_CTL || opcode == VOS_OP_TRACE_READ;
}

static void describe(struct vos_trace_record *record, const struct veng_scall *call)
{
	const struct veng_chan *chan = call->chan;

	record->tag = call->sqe.tag;
	record->obj = call->sqe.obj;
	record->chan = chan->uc ? chan->uc->id : chan->nr;
	record->lane = chan->uc ? chan->nr : VOS_TRACE_NO_LANE;
	record->op = call->sqe.opcode;
}

/**
 * veng_trace_note - record what happens to a call
 * @call: the call
 * @type: enum vos_trace_type
 * @tsc: when
 * @arg: as @type has it
 *
 * Context: any but a non-maskable interrupt; the caller owns the call.
 */
void veng_trace_note(const struct veng_scall *call, u8 type, u64 tsc, u64 arg)
{
	struct vos_trace_record record = { .tsc = tsc, .type = type, .arg = arg };
	struct veng_trace *trace;
	unsigned long flags;
	u32 cpu;

	if (is_of_trace(call->sqe.opcode))
		return;
	describe(&record, call);
	rcu_read_lock();
	trace = rcu_dereference(call->conn->trace);
	if (trace && READ_ONCE(trace->on)) {
		local_irq_save(flags);
		cpu = raw_smp_processor_id();
		record.cpu = cpu;
		put_record(&trace->ring[cpu], trace->mask, &record);
		local_irq_restore(flags);
	}
	rcu_read_unlock();
}

static void free_rings(struct veng_trace *trace)
{
	u32 i;

	for (i = 0; i < trace->nr_rings; i++)
		kvfree(trace->ring[i].record);
	kvfree(trace);
}

static struct veng_trace *make_rings(u32 entries)
{
	struct veng_trace *trace = kvzalloc(struct_size(trace, ring, nr_cpu_ids), GFP_KERNEL);
	u32 i;

	if (!trace)
		return NULL;
	trace->on = true;
	trace->mask = entries - 1;
	for (i = 0; i < nr_cpu_ids; i++) {
		trace->ring[i].record = kvmalloc_array(entries, sizeof(*trace->ring[i].record),
						       GFP_KERNEL);
		if (!trace->ring[i].record) {
			free_rings(trace);
			return NULL;
		}
		trace->nr_rings++;
	}
	return trace;
}

static struct veng_trace *rings_of(struct veng_conn *conn)
{
	return rcu_dereference_protected(conn->trace, true);
}

/**
 * veng_trace_begin - record what happens to a connection's calls from now on
 * @conn: the connection
 * @entries: of the ring for each processor
 *
 * Context: control thread.
 * Return: 0, -EINVAL, -ENOMEM; -EBUSY: it has rings.
 */
int veng_trace_begin(struct veng_conn *conn, u64 entries)
{
	struct veng_trace *trace;

	if (!is_power_of_2(entries) || entries > VOS_TRACE_MAX)
		return -EINVAL;
	if (rings_of(conn))
		return -EBUSY;
	trace = make_rings(entries);
	if (!trace)
		return -ENOMEM;
	rcu_assign_pointer(conn->trace, trace);
	static_branch_inc(&veng_trace_used);
	return 0;
}

/**
 * veng_trace_stop - record no more, and keep the records
 * @conn: the connection
 *
 * Idempotent.
 *
 * Context: control thread, or after its end.
 * Return: 0; -EINVAL: it has no rings.
 */
int veng_trace_stop(struct veng_conn *conn)
{
	struct veng_trace *trace = rings_of(conn);

	if (!trace)
		return -EINVAL;
	if (trace->on) {
		WRITE_ONCE(trace->on, false);
		static_branch_dec(&veng_trace_used);
	}
	return 0;
}

/**
 * veng_trace_end - record no more, and free a connection's rings
 * @conn: the connection
 *
 * Idempotent.
 *
 * Context: control thread, or after its end.
 */
void veng_trace_end(struct veng_conn *conn)
{
	struct veng_trace *trace = rings_of(conn);

	if (veng_trace_stop(conn))
		return;
	RCU_INIT_POINTER(conn->trace, NULL);
	synchronize_rcu();
	free_rings(trace);
}

/* Copy records out, @room at most. Return: how many. */
static u32 take_records(struct trace_ring *ring, u32 mask, struct vos_trace_record __peer *to,
			u32 room)
{
	u32 tail = ring->tail, n, i;

	/* Pairs with put_record(): the entries after the index. */
	n = min(smp_load_acquire(&ring->head) - tail, room);
	for (i = 0; i < n; i++)
		vos_peer_write(to + i, &ring->record[(tail + i) & mask], sizeof(*to));
	/* Pairs with put_record(): the entries are free when they have been read. */
	smp_store_release(&ring->tail, tail + n);
	return n;
}

/**
 * veng_trace_take - hand records over, those of one processor in order
 * @conn: the connection
 * @to: there
 * @room: how many at most
 * @lost: set to how many did not fit into a ring so far
 *
 * Context: control thread.
 * Return: how many; -EINVAL: it has no rings.
 */
int veng_trace_take(struct veng_conn *conn, struct vos_trace_record __peer *to, u32 room,
		    u64 *lost)
{
	struct veng_trace *trace = rings_of(conn);
	u32 n = 0, i;

	*lost = 0;
	if (!trace)
		return -EINVAL;
	for (i = 0; i < trace->nr_rings; i++) {
		n += take_records(&trace->ring[i], trace->mask, to + n, room - n);
		*lost += READ_ONCE(trace->ring[i].lost);
	}
	return n;
}
