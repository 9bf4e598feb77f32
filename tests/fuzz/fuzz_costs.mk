# SPDX-License-Identifier: MIT
SOURCES_costs := $(addprefix $(TOP)/dom0-tools/perf/,text.c snapshot.c costs.c show.c metrics.c) \
	$(TOP)/dom0-tools/common/printable.c
LIBS_costs := -lm
