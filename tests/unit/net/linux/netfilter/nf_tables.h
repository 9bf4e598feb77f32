/* SPDX-License-Identifier: GPL-2.0 */
/* What the host's header, of an older kernel, does not have yet. */
#ifndef UNIT_NF_TABLES_H
#define UNIT_NF_TABLES_H

#include_next <linux/netfilter/nf_tables.h>

#define NFT_MSG_DESTROYTABLE	26
#define NFT_MSG_DESTROYSET	29
#define NFT_MSG_DESTROYSETELEM	30

#endif
