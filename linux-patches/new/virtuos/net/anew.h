/* SPDX-License-Identifier: GPL-2.0 */
/* Batches of nf_tables that delete a table, perhaps to make it anew. See netlink_anew.c. */
#ifndef VNET_ANEW_H
#define VNET_ANEW_H

#include "element.h"

struct nlmsghdr;

struct nlmsghdr *vnet_anew_find(void *batch, int len, const struct nlmsghdr *after);
enum vnet_touch vnet_anew_touched(const struct nlmsghdr *deletion, const void *batch, int len);
bool vnet_anew_is_all(const void *batch, int len);
u64 vnet_anew_adds(const void *batch, int len);
void vnet_anew_make_safe(void *batch, int len, struct nlmsghdr *deletion, bool existed);

#endif
