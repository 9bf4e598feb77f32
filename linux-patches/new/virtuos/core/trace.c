// SPDX-License-Identifier: GPL-2.0
/* The tracepoints of vos_trace.h, once. */
#include "core_priv.h"
#define CREATE_TRACE_POINTS
#include "vos_trace.h"

/* The file system waits for some of its calls itself. */
EXPORT_TRACEPOINT_SYMBOL_GPL(wait_begin);
EXPORT_TRACEPOINT_SYMBOL_GPL(wait_end);
