/* SPDX-License-Identifier: MIT */
/* test_door_account.c with ThreadSanitizer. */
#include "test_door_account.c"
