/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of the configuration parser only. */
#ifndef VIRTUOS_CONFIG_PRIV_H
#define VIRTUOS_CONFIG_PRIV_H

#include <stdio.h>
#include <libxlutil.h>
#include "config.h"

#define KEY_MAX		63
#define MAX_KEYS	512

/* One assignment in the file, as the scanner saw it. */
struct key {
	char name[KEY_MAX + 1];
	int line;
	bool addition;		/* += */
	bool used;		/* the parser has read it */
};

/* The state of the parser. */
struct parse {
	const char *path;
	XLU_Config *xlu;
	struct key *keys;
	int n_keys;
	char *err;		/* VD_ERR_MAX bytes; "" = none so far */
};

/**
 * vd_scan_keys - find the keys of a file and their lines
 * @p: the parser
 * @text: the file
 * @len: its bytes
 *
 * Return: 0 or -1 (err set).
 */
int vd_scan_keys(struct parse *p, const char *text, size_t len);

/**
 * vd_find_key - find a key of the file
 * @p: the parser
 * @name: of the key
 *
 * Return: the key or NULL.
 */
struct key *vd_find_key(struct parse *p, const char *name);

/**
 * vd_fail_key - report an error in a key (the first error wins)
 * @p: the parser
 * @key: name of the key
 * @fmt: as for printf()
 *
 * Return: -1.
 */
int vd_fail_key(struct parse *p, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * vd_get_string - get a value that is a string
 * @p: the parser
 * @key: name of the key
 * @value: set to it, from malloc()
 *
 * Return: 1: set; 0: the key is absent; -1: error (err set).
 */
int vd_get_string(struct parse *p, const char *key, char **value);

/**
 * vd_get_number - get a value that is a number
 * @p: the parser
 * @key: name of the key
 * @min: the least that is allowed
 * @max: the most that is allowed
 * @value: set to it
 *
 * Return: as vd_get_string().
 */
int vd_get_number(struct parse *p, const char *key, long min, long max, long *value);

/**
 * vd_get_choice - get a value that is one of several words
 * @p: the parser
 * @key: name of the key
 * @choices: the words, NULL at the end
 * @value: set to its index
 *
 * Return: as vd_get_string().
 */
int vd_get_choice(struct parse *p, const char *key, const char *const *choices, int *value);

/**
 * vd_get_list - get a value that is a list of strings
 * @p: the parser
 * @key: name of the key
 * @max: room in @items
 * @items: set to the strings, which libxlu owns
 * @n: set to their number
 *
 * Return: as vd_get_string().
 */
int vd_get_list(struct parse *p, const char *key, int max, const char **items, int *n);

/**
 * vd_get_pci - get the PCI devices of a domain
 * @p: the parser
 * @key: name of the key
 * @d: the domain
 *
 * Return: 0 or -1 (err set).
 */
int vd_get_pci(struct parse *p, const char *key, struct vd_domain_config *d);

/**
 * vd_get_disks - get the disks of a domain
 * @p: the parser
 * @key: name of the key
 * @d: the domain
 *
 * Return: 0 or -1 (err set).
 */
int vd_get_disks(struct parse *p, const char *key, struct vd_domain_config *d);

/**
 * vd_get_vifs - get the network interfaces of a domain
 * @p: the parser
 * @key: name of the key
 * @d: the domain
 *
 * Return: 0 or -1 (err set).
 */
int vd_get_vifs(struct parse *p, const char *key, struct vd_domain_config *d);

/**
 * vd_parse_cpus - parse a list of CPUs such as "0,2-3,^1"
 * @text: the list
 * @map: set to a bit for each CPU
 * @why: on error, set to the reason
 *
 * Return: 0 or -1.
 */
int vd_parse_cpus(const char *text, uint8_t map[VD_CPUMAP_BYTES], const char **why);

/**
 * vd_parse_address - turn "dhcp" or "A.B.C.D/N [gw E.F.G.H]" into the kernel's ip= value
 * @text: the address
 * @why: on error, set to the reason
 *
 * Return: the value, from malloc(), or NULL.
 */
char *vd_parse_address(const char *text, const char **why);

/**
 * vd_get_nvme - get a storage domain's disk on another machine, and check what goes with it
 * @p: the parser
 * @d: the domain, with its devices and its address
 *
 * Return: 0 or -1 (err set).
 */
int vd_get_nvme(struct parse *p, struct vd_domain_config *d);

/**
 * vd_nvme_print - write what a domain's init needs to know of its disk on another machine
 * @f: the command line so far
 * @d: the domain that has it
 */
void vd_nvme_print(FILE *f, const struct vd_domain_config *d);

/**
 * vd_nvme_free - free what the words of a disk on another machine take
 * @v: the disk
 */
void vd_nvme_free(struct vd_nvme *v);

/* domain.c */

/**
 * vd_key_of - make the name of a domain's key: "<name>_<what>", or "primary_<what>"
 * @buf: for the name
 * @d: the domain
 * @what: the rest of the name
 *
 * Return: @buf.
 */
const char *vd_key_of(char buf[KEY_MAX + 1], const struct vd_domain_config *d, const char *what);

/**
 * vd_name_ok - test whether a string may be a domain's name
 * @s: the string
 *
 * Return: true if so.
 */
bool vd_name_ok(const char *s);

/**
 * vd_get_primary - get all that the file says of the primary
 * @p: the parser
 * @c: filled
 *
 * Return: 0 or -1 (err set).
 */
int vd_get_primary(struct parse *p, struct vd_config *c);

/**
 * vd_get_service - get all that the file says of a service domain
 * @p: the parser
 * @d: filled; it has its name
 *
 * Return: 0 or -1 (err set).
 */
int vd_get_service(struct parse *p, struct vd_domain_config *d);

#endif
