// SPDX-License-Identifier: GPL-2.0
/*
 * What the commands of SIOCETHTOOL read and write of a program's memory: a structure, and
 * elements behind it. A number in the structure says how many. The table follows
 * net/ethtool/ioctl.c of Linux. A command that is not here is refused.
 *
 * Invariant: whatever the network domain's structure says, the bytes that follow from the
 * program's structure are a limit.
 *
 * The functions touch no memory but their own, so that tests/fuzz can include this file as it
 * is.
 */
#include <linux/array_size.h>
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/ethtool.h>
#include <linux/minmax.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include "ethtool.h"

#define CMD	sizeof(u32)
/* Size of struct ethtool_rxnfc when it was introduced. */
#define RXFH	(offsetof(struct ethtool_rxnfc, data) + sizeof(u64))
/* All that SRSSH answers. */
#define SRSSH	(offsetof(struct ethtool_rxfh, rss_context) + sizeof(u32))

static_assert(sizeof(struct ethtool_rxnfc) <= VNET_ETHTOOL_HEAD);

static const struct vnet_ethtool commands[] = {
#define IN		VNET_ETHTOOL_IN
#define OUT		VNET_ETHTOOL_OUT
#define GET(name, type)		{ ETHTOOL_##name, CMD, sizeof(struct type) }
#define SET(name, type)		{ ETHTOOL_##name, sizeof(struct type), 0 }
#define BOTH(name, type)	{ ETHTOOL_##name, sizeof(struct type), sizeof(struct type) }
#define GET_LIST(name, type, count, unit) { ETHTOOL_##name, sizeof(struct type),	\
	sizeof(struct type), offsetof(struct type, count), unit, OUT }
#define GET_ALL(name, type, count, unit) { ETHTOOL_##name, sizeof(struct type),	\
	sizeof(struct type), offsetof(struct type, count), unit, OUT, true }
#define SET_LIST(name, type, count, unit) { ETHTOOL_##name, sizeof(struct type),	\
	0, offsetof(struct type, count), unit, IN }
#define OWN(name, in, out, way)	{ ETHTOOL_##name, in, out, 0, 0, way }
	GET(GSET, ethtool_cmd),
	SET(SSET, ethtool_cmd),
	GET(GDRVINFO, ethtool_drvinfo),
	GET_LIST(GREGS, ethtool_regs, len, 1),
	GET(GWOL, ethtool_wolinfo),
	SET(SWOL, ethtool_wolinfo),
	GET(GMSGLVL, ethtool_value),
	SET(SMSGLVL, ethtool_value),
	{ ETHTOOL_NWAY_RST, CMD, 0 },
	GET(GLINK, ethtool_value),
	GET_LIST(GEEPROM, ethtool_eeprom, len, 1),
	SET_LIST(SEEPROM, ethtool_eeprom, len, 1),
	GET(GCOALESCE, ethtool_coalesce),
	SET(SCOALESCE, ethtool_coalesce),
	GET(GRINGPARAM, ethtool_ringparam),
	SET(SRINGPARAM, ethtool_ringparam),
	GET(GPAUSEPARAM, ethtool_pauseparam),
	SET(SPAUSEPARAM, ethtool_pauseparam),
	GET(GRXCSUM, ethtool_value),
	SET(SRXCSUM, ethtool_value),
	GET(GTXCSUM, ethtool_value),
	SET(STXCSUM, ethtool_value),
	GET(GSG, ethtool_value),
	SET(SSG, ethtool_value),
	GET_ALL(TEST, ethtool_test, len, sizeof(u64)),
	GET_ALL(GSTRINGS, ethtool_gstrings, len, ETH_GSTRING_LEN),
	SET(PHYS_ID, ethtool_value),
	GET_ALL(GSTATS, ethtool_stats, n_stats, sizeof(u64)),
	GET(GTSO, ethtool_value),
	SET(STSO, ethtool_value),
	GET_LIST(GPERMADDR, ethtool_perm_addr, size, 1),
	GET(GGSO, ethtool_value),
	SET(SGSO, ethtool_value),
	GET(GFLAGS, ethtool_value),
	SET(SFLAGS, ethtool_value),
	GET(GPFLAGS, ethtool_value),
	SET(SPFLAGS, ethtool_value),
	OWN(GRXFH, RXFH, RXFH, IN | OUT),
	OWN(SRXFH, RXFH, 0, IN),
	GET(GGRO, ethtool_value),
	SET(SGRO, ethtool_value),
	BOTH(GRXRINGS, ethtool_rxnfc),
	BOTH(GRXCLSRLCNT, ethtool_rxnfc),
	BOTH(GRXCLSRULE, ethtool_rxnfc),
	GET_LIST(GRXCLSRLALL, ethtool_rxnfc, rule_cnt, sizeof(u32)),
	SET(SRXCLSRLDEL, ethtool_rxnfc),
	BOTH(SRXCLSRLINS, ethtool_rxnfc),
	SET(FLASHDEV, ethtool_flash),
	BOTH(RESET, ethtool_value),
	OWN(GSSET_INFO, sizeof(struct ethtool_sset_info), sizeof(struct ethtool_sset_info), OUT),
	GET_LIST(GRXFHINDIR, ethtool_rxfh_indir, size, sizeof(u32)),
	SET_LIST(SRXFHINDIR, ethtool_rxfh_indir, size, sizeof(u32)),
	GET_LIST(GFEATURES, ethtool_gfeatures, size, sizeof(struct ethtool_get_features_block)),
	SET_LIST(SFEATURES, ethtool_sfeatures, size, sizeof(struct ethtool_set_features_block)),
	GET(GCHANNELS, ethtool_channels),
	SET(SCHANNELS, ethtool_channels),
	SET(SET_DUMP, ethtool_dump),
	BOTH(GET_DUMP_FLAG, ethtool_dump),
	GET_LIST(GET_DUMP_DATA, ethtool_dump, len, 1),
	GET(GET_TS_INFO, ethtool_ts_info),
	BOTH(GMODULEINFO, ethtool_modinfo),
	GET_LIST(GMODULEEEPROM, ethtool_eeprom, len, 1),
	GET(GEEE, ethtool_eee),
	SET(SEEE, ethtool_eee),
	OWN(GRSSH, sizeof(struct ethtool_rxfh), sizeof(struct ethtool_rxfh), OUT),
	OWN(SRSSH, sizeof(struct ethtool_rxfh), SRSSH, IN),
	GET_LIST(GTUNABLE, ethtool_tunable, len, 1),
	SET_LIST(STUNABLE, ethtool_tunable, len, 1),
	GET_ALL(GPHYSTATS, ethtool_stats, n_stats, sizeof(u64)),
	OWN(GLINKSETTINGS, sizeof(struct ethtool_link_settings),
	    sizeof(struct ethtool_link_settings), OUT),
	OWN(SLINKSETTINGS, sizeof(struct ethtool_link_settings), 0, IN),
	GET_LIST(PHY_GTUNABLE, ethtool_tunable, len, 1),
	SET_LIST(PHY_STUNABLE, ethtool_tunable, len, 1),
	GET(GFECPARAM, ethtool_fecparam),
	SET(SFECPARAM, ethtool_fecparam),
#undef IN
#undef OUT
#undef GET
#undef SET
#undef BOTH
#undef GET_LIST
#undef GET_ALL
#undef SET_LIST
#undef OWN
};

/**
 * vnet_ethtool_find - find what a command reads and writes
 * @cmd: as the program has it
 *
 * Context: any.
 * Return: the description, or NULL: no such command is known.
 */
const struct vnet_ethtool *vnet_ethtool_find(u32 cmd)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].cmd == cmd)
			return &commands[i];
	return NULL;
}

static u64 tail_of_rxfh(const u8 *head)
{
	struct ethtool_rxfh h;

	memcpy(&h, head, sizeof(h));
	if (h.indir_size == ETH_RXFH_INDIR_NO_CHANGE)
		h.indir_size = 0;
	return (u64)h.indir_size * sizeof(u32) + h.key_size;
}

/*
 * Compute the length of three masks. A number of words below 0 announces how many words each
 * has, and none follows.
 */
static u64 tail_of_link(const u8 *head)
{
	s8 words = head[offsetof(struct ethtool_link_settings, link_mode_masks_nwords)];

	return words > 0 ? 3 * words * sizeof(u32) : 0;
}

static u64 tail_of_rxnfc(const u8 *head)
{
	u32 flow_type;

	memcpy(&flow_type, head + offsetof(struct ethtool_rxnfc, flow_type), sizeof(flow_type));
	return flow_type & FLOW_RSS ? sizeof(struct ethtool_rxnfc) - RXFH : 0;
}

static u64 tail_of_ssets(const u8 *head)
{
	u64 mask;

	memcpy(&mask, head + offsetof(struct ethtool_sset_info, sset_mask), sizeof(mask));
	return hweight64(mask) * sizeof(u32);
}

/**
 * vnet_ethtool_tail - compute how much follows a structure
 * @e: the command
 * @head: @in bytes of its structure, as a program or a network domain has filled it
 *
 * Context: any.
 * Return: bytes. The structure may have any number in it, so this may be any.
 */
u64 vnet_ethtool_tail(const struct vnet_ethtool *e, const u8 *head)
{
	u32 n;

	switch (e->cmd) {
	case ETHTOOL_GSSET_INFO:
		return tail_of_ssets(head);
	case ETHTOOL_GRXFH:
	case ETHTOOL_SRXFH:
		return tail_of_rxnfc(head);
	case ETHTOOL_GRSSH:
	case ETHTOOL_SRSSH:
		return tail_of_rxfh(head);
	case ETHTOOL_GLINKSETTINGS:
	case ETHTOOL_SLINKSETTINGS:
		return tail_of_link(head);
	}
	memcpy(&n, head + e->count, sizeof(n));
	return (u64)n * e->unit;
}

/**
 * vnet_ethtool_clamp - limit the number of elements in an answer to what was asked for
 * @e: the command
 * @head: its structure as the network domain has filled it
 * @asked: bytes of elements asked for; 0: the caller asked how many there are
 *
 * A program may use the number, and has memory for what it asked for.
 *
 * Context: any.
 */
void vnet_ethtool_clamp(const struct vnet_ethtool *e, u8 *head, u64 asked)
{
	u32 n;

	if (!e->unit || !asked)
		return;
	memcpy(&n, head + e->count, sizeof(n));
	n = min_t(u64, n, asked / e->unit);
	memcpy(head + e->count, &n, sizeof(n));
}
