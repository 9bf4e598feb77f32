# SPDX-License-Identifier: GPL-2.0
CORE := $(TOP)/linux-patches/new/virtuos/core
CFLAGS_front := $(KERNEL_FLAGS) -I$(CORE)
SOURCES_front := $(addprefix $(CORE)/,channel.c cost.c slot.c queue.c call.c object.c arena.c)
