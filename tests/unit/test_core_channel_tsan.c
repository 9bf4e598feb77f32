/* SPDX-License-Identifier: MIT */
/* The same, looked at by the thread sanitizer. */
#include "test_core_channel.c"
