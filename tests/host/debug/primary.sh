# SPDX-License-Identifier: MIT
# What the primary of DEBUG=… does before its modules are loaded. Sourced by its /init.
insmod $MODULES/virtuos-noinet.ko
