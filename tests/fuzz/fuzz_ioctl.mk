# SPDX-License-Identifier: GPL-2.0
# Both sides: what a process and a network domain say to a primary, what a primary says to
# a network domain.
IOCTL_NET := $(TOP)/linux-patches/new/virtuos/net
TESTED_ioctl := $(addprefix $(IOCTL_NET)/,ioctl.c layout.c ethtool.c call.c) $(TOP)/service-domain/net/ioctl.c
CFLAGS_ioctl := $(KERNEL_FLAGS) -I$(IOCTL_NET) -I$(TOP)/linux-patches/new/virtuos/core \
	-I$(TOP)/service-domain/net -I$(TOP)/service-domain/engine
SOURCES_ioctl := $(TESTED_ioctl) $(addprefix $(HERE)/ioctl/,user.c linux.c primary.c domain.c)
