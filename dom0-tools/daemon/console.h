/* SPDX-License-Identifier: GPL-2.0-only */
/* Copy the end of a dead domain's console into our log. Called by machine.c. */
#ifndef VIRTUOS_CONSOLE_H
#define VIRTUOS_CONSOLE_H

/**
 * console_tail - copy the end of a domain's console into our log
 * @domain: its name
 *
 * Nothing happens if xenconsoled keeps no logs (its option --log=guest).
 */
void console_tail(const char *domain);

#endif
