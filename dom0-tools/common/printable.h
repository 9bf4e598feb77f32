/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text that may come from a guest, on its way to a terminal or a log. What our tools
 * say themselves passes here; a command's own output, and a console, which the user
 * asked for, do not.
 */
#ifndef VIRTUOS_PRINTABLE_H
#define VIRTUOS_PRINTABLE_H

#include <stddef.h>

/*
 * Put "?" for all bytes that are not printable ASCII: no escape sequence and no new line
 * is left, nor bytes that some terminal takes for a control character.
 */
void vd_printable(char *text, size_t len);

#endif
