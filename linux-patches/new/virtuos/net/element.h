/* SPDX-License-Identifier: GPL-2.0 */
/* Batches that add elements to a set or a map, or delete them. See netlink_element.c. */
#ifndef VNET_ELEMENT_H
#define VNET_ELEMENT_H

#include <linux/types.h>

struct nlattr;

/**
 * struct vnet_elements - a message about elements of a set
 * @adds: it adds them, if they are not there. Otherwise it deletes them
 * @family: of the table
 * @table: its name; NULL: not given
 * @set: the set's name; NULL: not given
 * @list: the elements; NULL: all that the set has
 */
struct vnet_elements {
	bool adds;
	u8 family;
	const struct nlattr *table;
	const struct nlattr *set;
	const struct nlattr *list;
};

/**
 * enum vnet_touch - what a batch has to do with elements
 * @VNET_TOUCHES_NONE: nothing
 * @VNET_TOUCHES_SAME: it is about these, and nothing else
 * @VNET_TOUCHES_OTHER: it may make them or delete them, among other things
 * @VNET_TOUCHES_END: it ends their set, and does not make them afterwards
 */
enum vnet_touch {
	VNET_TOUCHES_NONE,
	VNET_TOUCHES_SAME,
	VNET_TOUCHES_OTHER,
	VNET_TOUCHES_END,
};

bool vnet_elements_get(const void *batch, int len, struct vnet_elements *e);
enum vnet_touch vnet_elements_touched(const struct vnet_elements *e, const void *batch, int len);
bool vnet_elements_equal(const struct vnet_elements *a, const struct vnet_elements *b);
void vnet_elements_make_safe(void *batch, int len);

#endif
