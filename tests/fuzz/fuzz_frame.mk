# SPDX-License-Identifier: GPL-2.0
FRAME_NET := $(TOP)/linux-patches/new/virtuos/net
# Debian's headers for programs are older than the kernel.
CFLAGS_frame := $(KERNEL_FLAGS) -I$(FRAME_NET) -I$(TOP)/linux-patches/new/virtuos/core \
	'-DTP_STATUS_GSO_TCP=(1 << 8)'
SOURCES_frame := $(FRAME_NET)/frame.c
