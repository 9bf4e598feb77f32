/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A disk that is a namespace on another machine, reached by NVMe over TCP. The words are those
 * of nvme-cli: "traddr=192.0.2.1,trsvcid=4420,nqn=nqn.2026-11.com.example:disks".
 *
 * All of it gets onto a kernel's command line, and from there to the domain's
 * /dev/nvme-fabrics, which parts it at commas. So each value has the form that its name asks for.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_priv.h"

#define NQN_MAX		223
#define PORT		"4420"		/* IANA's for NVMe over TCP */
#define NSID		"1"
#define ALNUM		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static bool is_digits(const char *s, size_t n)
{
	return strspn(s, "0123456789") >= n;
}

/* A decimal number without leading zeros, from 1 to @max. */
static bool is_number(const char *s, unsigned long max)
{
	size_t n = strlen(s);

	return n && n <= 10 && *s != '0' && is_digits(s, n) && strtoul(s, NULL, 10) <= max;
}

static bool is_transport(const char *s)
{
	return !strcmp(s, "tcp");
}

static bool is_unicast(const char *s)
{
	struct in_addr a;

	if (inet_pton(AF_INET, s, &a) != 1)
		return false;
	a.s_addr = ntohl(a.s_addr);
	return a.s_addr >> 24 && a.s_addr >> 24 != 127 && a.s_addr >> 28 < 0xe;
}

static bool is_port(const char *s)
{
	return is_number(s, 65535);
}

/* "nqn.YYYY-MM." and what the owner of a domain name has chosen */
static bool is_nqn(const char *s)
{
	size_t n = strlen(s);

	return n > 12 && n <= NQN_MAX && !strncmp(s, "nqn.", 4) && is_digits(s + 4, 4) &&
	       s[8] == '-' && is_digits(s + 9, 2) && s[11] == '.' &&
	       strspn(s, ALNUM ".:-_+/") == n;
}

static bool is_nsid(const char *s)
{
	return is_number(s, 0xfffffffeUL);
}

/* Linux numbers no more of a disk (DISK_MAX_PARTS). */
static bool is_partition(const char *s)
{
	return is_number(s, 255);
}

static bool is_seconds(const char *s)
{
	return is_number(s, 3600);
}

static bool is_uuid(const char *s)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t i;

	for (i = 0; form[i]; i++)
		if (form[i] == 'x' ? !strspn(s + i, "0123456789abcdefABCDEF") : s[i] != form[i])
			return false;
	return !s[i] && strspn(s, "0-") != i;
}

/* A word without a check stands without a value. */
static const struct word {
	const char *name, *form;
	bool (*is)(const char *value);
} words[VD_NVME_WORDS] = {
	[VD_NVME_TRANSPORT]	= { "transport", "\"tcp\"", is_transport },
	[VD_NVME_TRADDR]	= { "traddr", "the IPv4 address of a machine", is_unicast },
	[VD_NVME_TRSVCID]	= { "trsvcid", "a port from 1 to 65535", is_port },
	[VD_NVME_NQN]		= { "nqn", "a name such as nqn.2026-11.com.example:disks", is_nqn },
	[VD_NVME_NSID]		= { "nsid", "the number of a namespace, from 1", is_nsid },
	[VD_NVME_PARTITION]	= { "partition", "a number from 1 to 255", is_partition },
	[VD_NVME_HOSTNQN]	= { "hostnqn", "a name such as nqn.2026-11.com.example:host", is_nqn },
	[VD_NVME_HOSTID]	= { "hostid", "a UUID that is not 0", is_uuid },
	[VD_NVME_KATO]		= { "keep_alive_tmo", "a number of seconds from 1 to 3600", is_seconds },
	[VD_NVME_HDR_DIGEST]	= { "hdr_digest", NULL, NULL },
	[VD_NVME_DATA_DIGEST]	= { "data_digest", NULL, NULL },
};

static int find_word(const char *name)
{
	int i;

	for (i = 0; i < VD_NVME_WORDS && strcmp(words[i].name, name); i++)
		;
	return i;
}

static int parse_word(struct parse *p, const char *key, struct vd_nvme *v, char *name)
{
	char *value = strchr(name, '=');
	int i;

	if (value)
		*value++ = 0;
	i = find_word(name);
	if (i == VD_NVME_WORDS)
		return vd_fail_key(p, key, "\"%s\" is not known; virtuos.cfg(5) lists what is", name);
	if (v->word[i])
		return vd_fail_key(p, key, "%s is given twice", name);
	if (!words[i].is && value)
		return vd_fail_key(p, key, "%s has no value", name);
	if (words[i].is && (!value || !words[i].is(value)))
		return vd_fail_key(p, key, "%s must be %s", name, words[i].form);
	v->word[i] = strdup(value ? value : "");
	return v->word[i] ? 0 : vd_fail_key(p, key, "out of memory");
}

static int set_default(struct parse *p, const char *key, struct vd_nvme *v, int i,
		       const char *value)
{
	if (!v->word[i])
		v->word[i] = strdup(value);
	return v->word[i] ? 0 : vd_fail_key(p, key, "out of memory");
}

static int parse_words(struct parse *p, const char *key, struct vd_nvme *v, char *text)
{
	char *item;

	while ((item = strsep(&text, ",")))
		if (parse_word(p, key, v, item + strspn(item, " \t")))
			return -1;
	if (!v->word[VD_NVME_TRADDR])
		return vd_fail_key(p, key, "traddr is missing: which machine has the disk?");
	if (!v->word[VD_NVME_NQN])
		return vd_fail_key(p, key, "nqn is missing: which of the machine's subsystems is it?");
	if (set_default(p, key, v, VD_NVME_TRANSPORT, "tcp") ||
	    set_default(p, key, v, VD_NVME_TRSVCID, PORT))
		return -1;
	return 0;
}

/* A new address at each start is a new machine to the server, and has a new address by DHCP. */
static int check_network(struct parse *p, const struct vd_domain_config *d)
{
	char key[KEY_MAX + 1];

	if (!d->n_vif && !d->n_pci)
		return vd_fail_key(p, vd_key_of(key, d, "nvme"), "needs an interface: %s_vif or %s_pci",
				   d->name, d->name);
	if (!d->ip)
		return vd_fail_key(p, vd_key_of(key, d, "nvme"), "needs %s_address", d->name);
	if (d->n_vif && !d->vif[0].has_mac)
		return vd_fail_key(p, vd_key_of(key, d, "vif"), "needs mac=, which stays the same at each start");
	if (d->n_disk)
		return vd_fail_key(p, vd_key_of(key, d, "disk"), "the domain has its disk by %s_nvme",
				   d->name);
	return 0;
}

/* A disk of this host needs no network, and a domain without one cannot be reached by it. */
static int check_no_network(struct parse *p, const struct vd_domain_config *d)
{
	static const char why[] = "a storage domain has a network for the disk of %s_nvme only";
	char key[KEY_MAX + 1];

	if (d->n_vif)
		return vd_fail_key(p, vd_key_of(key, d, "vif"), why, d->name);
	return d->ip ? vd_fail_key(p, vd_key_of(key, d, "address"), why, d->name) : 0;
}

int vd_get_nvme(struct parse *p, struct vd_domain_config *d)
{
	char key[KEY_MAX + 1], *text = NULL;
	int r = vd_get_string(p, vd_key_of(key, d, "nvme"), &text);

	if (r < 0)
		return -1;
	if (!r)
		return check_no_network(p, d);
	r = parse_words(p, key, &d->nvme, text);
	free(text);
	return r ? -1 : check_network(p, d);
}

bool vd_nvme_used(const struct vd_nvme *v)
{
	return v->word[VD_NVME_NQN];
}

/* The number of the namespace, by which the domain finds it: the device's name is not fixed. */
static const char *nsid_of(const struct vd_nvme *v)
{
	return v->word[VD_NVME_NSID] ? v->word[VD_NVME_NSID] : NSID;
}

bool vd_nvme_same(const struct vd_domain_config *a, const struct vd_domain_config *b)
{
	const char *one, *other;

	if (!vd_nvme_used(&a->nvme) || !vd_nvme_used(&b->nvme) ||
	    strcmp(a->nvme.word[VD_NVME_NQN], b->nvme.word[VD_NVME_NQN]))
		return false;
	if (strcmp(nsid_of(&a->nvme), nsid_of(&b->nvme)))
		return false;
	one = a->nvme.word[VD_NVME_PARTITION];
	other = b->nvme.word[VD_NVME_PARTITION];
	/* Two may have a partition each, and one without has all of them. */
	return !one || !other || !strcmp(one, other);
}

void vd_nvme_print(FILE *f, const struct vd_domain_config *d)
{
	const struct vd_nvme *v = &d->nvme;
	const char *separator = " virtuos.nvme=";
	int i;

	for (i = 0; i < VD_NVME_WORDS; i++) {
		/* The kernel connects to a subsystem; init finds the namespace and its partition. */
		if (!v->word[i] || i == VD_NVME_NSID || i == VD_NVME_PARTITION)
			continue;
		fprintf(f, "%s%s%s%s", separator, words[i].name, words[i].is ? "=" : "", v->word[i]);
		separator = ",";
	}
	fprintf(f, " virtuos.nsid=%s", nsid_of(v));
	if (v->word[VD_NVME_PARTITION])
		fprintf(f, " virtuos.partition=%s", v->word[VD_NVME_PARTITION]);
}

void vd_nvme_free(struct vd_nvme *v)
{
	int i;

	for (i = 0; i < VD_NVME_WORDS; i++)
		free(v->word[i]);
}
