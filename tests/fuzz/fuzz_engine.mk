# SPDX-License-Identifier: GPL-2.0
# dispatch.c is included: a turn of the dispatcher is static.
ENGINE := $(TOP)/service-domain/engine
CFLAGS_engine := $(KERNEL_FLAGS) -I$(ENGINE)
SOURCES_engine := $(addprefix $(ENGINE)/,chan.c run.c ops.c uchan.c lanes.c cost.c trace.c trace_call.c handle.c object.c event.c turn.c conn.c peer.c)
TESTED_engine := $(SOURCES_engine) $(ENGINE)/dispatch.c
