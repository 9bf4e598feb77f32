/* SPDX-License-Identifier: GPL-2.0-only */
/* Nothing but printable text: see printable.h. */
#include "printable.h"

void vd_printable(char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			text[i] = text[i] == '\t' ? ' ' : '?';
}
