/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of the configuration parser, by nobody else. */
#ifndef VIRTUOS_CONFIG_PRIV_H
#define VIRTUOS_CONFIG_PRIV_H

#include <libxlutil.h>
#include "config.h"

#define KEY_MAX		63
#define MAX_KEYS	512

/* One assignment in the file, as the scanner saw it. */
struct key {
	char name[KEY_MAX + 1];
	int line;
	bool addition;		/* += */
	bool used;		/* somebody asked for it */
};

/* What the parsing functions pass around. */
struct parse {
	const char *path;
	XLU_Config *xlu;
	struct key *keys;
	int n_keys;
	char *err;		/* VD_ERR_MAX bytes; "" = none so far */
};

/* scan.c: find the keys and their lines. 0 or -1 (err set). */
int vd_scan_keys(struct parse *p, const char *text, size_t len);
struct key *vd_find_key(struct parse *p, const char *name);

/* Say what is wrong with a key (the first error wins). Always returns -1. */
int vd_fail_key(struct parse *p, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * values.c: one value each. All return 1 when set, 0 when the key is absent, -1 on
 * error (err set). Strings are malloc'ed.
 */
int vd_get_string(struct parse *p, const char *key, char **value);
int vd_get_number(struct parse *p, const char *key, long min, long max, long *value);
int vd_get_choice(struct parse *p, const char *key, const char *const *choices, int *value);
int vd_get_list(struct parse *p, const char *key, int max, const char **items, int *n);

/* devices.c: the lists of devices. 0 or -1 (err set). */
int vd_get_pci(struct parse *p, const char *key, struct vd_domain_config *d);
int vd_get_disks(struct parse *p, const char *key, struct vd_domain_config *d);
int vd_get_vifs(struct parse *p, const char *key, struct vd_domain_config *d);

/* values.c: "0,2-3,^1" into a bit map; 0 or -1 with a reason. */
int vd_parse_cpus(const char *text, uint8_t map[VD_CPUMAP_BYTES], const char **why);

/* address.c: "dhcp" or "A.B.C.D/N [gw E.F.G.H]" into the kernel's ip= value. */
char *vd_parse_address(const char *text, const char **why);

#endif
