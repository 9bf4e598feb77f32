/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text that may come from a guest, on its way to a terminal or a log. Messages of the tools
 * pass here. A command's own output and a console do not, for the user asked for them.
 */
#ifndef VIRTUOS_PRINTABLE_H
#define VIRTUOS_PRINTABLE_H

#include <stddef.h>

/**
 * vd_printable - replace all bytes that are not printable ASCII by a question mark
 * @text: the text
 * @len: its bytes
 *
 * No escape sequence and no new line is left, nor bytes that some terminal takes for a control
 * character. A tab becomes a blank.
 */
void vd_printable(char *text, size_t len);

#endif
