# SPDX-License-Identifier: MIT
LIBS_config := -lxlutil -lxenlight
TESTED_config := $(wildcard $(TOP)/dom0-tools/config/*.c)
