/* SPDX-License-Identifier: GPL-2.0-only */
/* What a domain that died last said, into our log. Called by machine.c. */
#ifndef VIRTUOS_CONSOLE_H
#define VIRTUOS_CONSOLE_H

/* Nothing happens if xenconsoled keeps no logs (its option --log=guest). */
void console_tail(const char *domain);

#endif
