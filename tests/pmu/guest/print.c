// SPDX-License-Identifier: GPL-2.0-only
/* Lines of a word and numbers. put() is the machine's, or the guest's of Xen (../pv). */
#include "print.h"

/* " name=0xnumber" */
void put_number(const char *name, uint64_t v)
{
	char digits[] = "0000000000000000";
	int i = 15;

	do {
		digits[i--] = "0123456789abcdef"[v & 15];
		v >>= 4;
	} while (v);
	put(" ");
	put(name);
	put("=0x");
	put(digits + i + 1);
}

void put_end(void)
{
	put("\n");
}
