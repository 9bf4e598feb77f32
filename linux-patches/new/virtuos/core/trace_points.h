/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tracepoints show; for vos_trace.h. Each submitted call has one call_submit and one
 * call_done, in this order and with the same channel and tag. Calls of the exceptionless door
 * have none: the kernel is not told of them.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM virtuos

#if !defined(VOS_TRACE_POINTS_H) || defined(TRACE_HEADER_MULTI_READ)
#define VOS_TRACE_POINTS_H

#include <linux/tracepoint.h>
#include <virtuos/door.h>
#include <virtuos/ops.h>
#include "vos_front.h"

#undef VOS_TRACE_OPCODE
#define VOS_TRACE_OPCODE(NAME, name, nr, class, from, right, after, answer, e0, e1) { nr, #NAME },

#undef show_service
#define show_service(nr)							\
	__print_symbolic(nr, { VOS_DOOR_NET, "net" }, { VOS_DOOR_STORAGE, "storage" })

#undef show_op
#define show_op(nr)								\
	__print_symbolic(nr, VOS_OPCODES(VOS_TRACE_OPCODE) { VOS_NR_OPCODES, "?" })

/* TRACE_DEFINE_ENUM() tells readers of the trace the numbers. */
TRACE_DEFINE_ENUM(VOS_DOOR_NET);
TRACE_DEFINE_ENUM(VOS_DOOR_STORAGE);

TRACE_EVENT(call_submit,
	TP_PROTO(const struct vos_channel *channel, const struct vos_sqe *sqe),
	TP_ARGS(channel, sqe),
	TP_STRUCT__entry(
		__field(u32, tag)
		__field(u32, obj)
		__field(u32, bytes)
		__field(u8, service)
		__field(u8, op)
		__field(u8, chan)
	),
	TP_fast_assign(
		__entry->tag = sqe->tag;
		__entry->obj = sqe->obj;
		__entry->bytes = sqe->ext[0].len + sqe->ext[1].len;
		__entry->service = channel->service;
		__entry->op = sqe->opcode;
		__entry->chan = channel->nr;
	),
	TP_printk("service=%s op=%s obj=%u tag=%#x chan=%u bytes=%u",
		  show_service(__entry->service), show_op(__entry->op), __entry->obj,
		  __entry->tag, __entry->chan, __entry->bytes)
);

/* A call that ends because its service domain has died has a status, and no cost. */
TRACE_EVENT(call_done,
	TP_PROTO(u32 service, const struct vos_call *call),
	TP_ARGS(service, call),
	TP_STRUCT__entry(
		__field(s64, result)
		__field(u64, wait)
		__field(u32, ticks)
		__field(u32, tag)
		__field(u32, obj)
		__field(int, status)
		__field(u8, service)
		__field(u8, op)
		__field(u8, chan)
	),
	TP_fast_assign(
		bool answered = !call->status;

		__entry->result = answered ? call->cqe.result : 0;
		__entry->wait = answered ? call->cqe.out[4] : 0;
		__entry->ticks = answered ? VOS_COST_TICKS(call->cqe.cost) : 0;
		__entry->tag = call->sqe.tag;
		__entry->obj = call->sqe.obj;
		__entry->status = call->status;
		__entry->service = service;
		__entry->op = call->sqe.opcode;
		__entry->chan = call->chan->nr;
	),
	TP_printk("service=%s op=%s obj=%u tag=%#x chan=%u status=%d result=%lld ticks=%u wait=%llu",
		  show_service(__entry->service), show_op(__entry->op), __entry->obj,
		  __entry->tag, __entry->chan, __entry->status, __entry->result, __entry->ticks,
		  __entry->wait)
);

DECLARE_EVENT_CLASS(vos_wait,
	TP_PROTO(u32 service, const struct vos_call *call),
	TP_ARGS(service, call),
	TP_STRUCT__entry(
		__field(u32, tag)
		__field(u8, service)
		__field(u8, op)
		__field(u8, chan)
	),
	TP_fast_assign(
		__entry->tag = call->sqe.tag;
		__entry->service = service;
		__entry->op = call->sqe.opcode;
		__entry->chan = call->chan->nr;
	),
	TP_printk("service=%s op=%s tag=%#x chan=%u",
		  show_service(__entry->service), show_op(__entry->op), __entry->tag,
		  __entry->chan)
);

/* The caller has polled in vain, and sleeps until its answer comes. */
DEFINE_EVENT(vos_wait, wait_begin,
	TP_PROTO(u32 service, const struct vos_call *call),
	TP_ARGS(service, call)
);

DEFINE_EVENT(vos_wait, wait_end,
	TP_PROTO(u32 service, const struct vos_call *call),
	TP_ARGS(service, call)
);

/* The service says that an object's poll mask has changed. */
TRACE_EVENT(object_event,
	TP_PROTO(u32 service, u32 obj),
	TP_ARGS(service, obj),
	TP_STRUCT__entry(
		__field(u32, obj)
		__field(u8, service)
	),
	TP_fast_assign(
		__entry->obj = obj;
		__entry->service = service;
	),
	TP_printk("service=%s obj=%u", show_service(__entry->service), __entry->obj)
);

DECLARE_EVENT_CLASS(vos_link,
	TP_PROTO(u32 service, u32 epoch),
	TP_ARGS(service, epoch),
	TP_STRUCT__entry(
		__field(u32, epoch)
		__field(u8, service)
	),
	TP_fast_assign(
		__entry->epoch = epoch;
		__entry->service = service;
	),
	TP_printk("service=%s epoch=%u", show_service(__entry->service), __entry->epoch)
);

DEFINE_EVENT(vos_link, link_down,
	TP_PROTO(u32 service, u32 epoch),
	TP_ARGS(service, epoch)
);

/* The session's user restores what it keeps; other callers wait. */
DEFINE_EVENT(vos_link, recover_begin,
	TP_PROTO(u32 service, u32 epoch),
	TP_ARGS(service, epoch)
);

DEFINE_EVENT(vos_link, recover_end,
	TP_PROTO(u32 service, u32 epoch),
	TP_ARGS(service, epoch)
);

DEFINE_EVENT(vos_link, link_up,
	TP_PROTO(u32 service, u32 epoch),
	TP_ARGS(service, epoch)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace_points
#include <trace/define_trace.h>
