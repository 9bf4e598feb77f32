/* SPDX-License-Identifier: GPL-2.0-only */
/* Costs as a table for people and as JSON for programs. No I/O. */
#ifndef VIRTUOS_PERF_SHOW_H
#define VIRTUOS_PERF_SHOW_H

#include "costs.h"
#include "text.h"

/**
 * vp_show_table - write costs as a table
 * @c: the costs, sorted
 * @rows: at most so many lines; 0: any number
 * @t: the text is added there
 */
void vp_show_table(const struct vp_costs *c, unsigned int rows, struct vp_text *t);

/**
 * vp_show_json - write costs as one line of JSON
 * @c: the costs, sorted
 * @t: the text is added there
 */
void vp_show_json(const struct vp_costs *c, struct vp_text *t);

#endif
