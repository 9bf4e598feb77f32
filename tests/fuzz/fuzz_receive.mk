# SPDX-License-Identifier: GPL-2.0
RECEIVE_NET := $(TOP)/linux-patches/new/virtuos/net
CFLAGS_receive := $(KERNEL_FLAGS) -I$(RECEIVE_NET) -I$(TOP)/linux-patches/new/virtuos/core \
	-I$(TOP)/linux-patches/new/virtuos/door
SOURCES_receive := $(addprefix $(RECEIVE_NET)/,recv.c control.c call.c)
