# SPDX-License-Identifier: MIT
TESTED_vexec := $(addprefix $(TOP)/dom0-tools/,exec/vexec.c exec/client.c common/printable.c)
