/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints "virtuos:*". A tracepoint that is off is a jump that is not taken. trace_points.h
 * has what each shows.
 */
#ifndef VOS_TRACE_H
#define VOS_TRACE_H

#include "vos_front.h"

#ifdef CONFIG_TRACEPOINTS
#include "trace_points.h"
#else
static inline void trace_call_submit(const struct vos_channel *channel,
				     const struct vos_sqe *sqe) { }
static inline void trace_call_done(u32 service, const struct vos_call *call) { }
static inline void trace_wait_begin(u32 service, const struct vos_call *call) { }
static inline void trace_wait_end(u32 service, const struct vos_call *call) { }
static inline void trace_object_event(u32 service, u32 obj) { }
static inline void trace_link_up(u32 service, u32 epoch) { }
static inline void trace_link_down(u32 service, u32 epoch) { }
static inline void trace_recover_begin(u32 service, u32 epoch) { }
static inline void trace_recover_end(u32 service, u32 epoch) { }
#endif

#endif
