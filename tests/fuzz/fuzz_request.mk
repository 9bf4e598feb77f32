# SPDX-License-Identifier: GPL-2.0
CFLAGS_request := $(KERNEL_FLAGS) -I$(TOP)/service-domain/storage -I$(TOP)/service-domain/engine
SOURCES_request := $(TOP)/service-domain/storage/request.c
