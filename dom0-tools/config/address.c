/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The address of a network domain, as people write it, into the ip= parameter of its
 * kernel: "dhcp", or "10.0.2.15/24", or "10.0.2.15/24 gw 10.0.2.2".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_priv.h"

/* Cut the next word off; NULL at the end. */
static char *next_word(char **pos)
{
	char *word;

	*pos += strspn(*pos, " \t");
	if (!**pos)
		return NULL;
	word = *pos;
	*pos += strcspn(*pos, " \t");
	if (**pos)
		*(*pos)++ = 0;
	return word;
}

/* "A.B.C.D/N" into address and mask. */
static int parse_prefix(char *word, struct in_addr *addr, struct in_addr *mask)
{
	char *slash = strchr(word, '/');
	int n;

	if (!slash)
		return -1;
	*slash++ = 0;
	if (!*slash || strlen(slash) > 2 || slash[strspn(slash, "0123456789")])
		return -1;
	n = atoi(slash);
	if (n < 1 || n > 32 || inet_pton(AF_INET, word, addr) != 1)
		return -1;
	mask->s_addr = htonl(0xffffffffu << (32 - n));
	return 0;
}

static char *static_address(char *text, const char **why)
{
	struct in_addr addr, mask, gw = { 0 };
	char a[INET_ADDRSTRLEN], m[INET_ADDRSTRLEN], g[INET_ADDRSTRLEN] = "";
	char *word, *result, *pos = text;

	word = next_word(&pos);
	if (!word || parse_prefix(word, &addr, &mask)) {
		*why = "must be \"dhcp\" or \"A.B.C.D/N [gw E.F.G.H]\"";
		return NULL;
	}
	word = next_word(&pos);
	if (word) {
		if (strcmp(word, "gw")) {
			*why = "only \"gw ADDRESS\" may follow the address";
			return NULL;
		}
		word = next_word(&pos);
		if (!word || inet_pton(AF_INET, word, &gw) != 1 || next_word(&pos)) {
			*why = "gw must be followed by one IPv4 address";
			return NULL;
		}
		if ((gw.s_addr ^ addr.s_addr) & mask.s_addr) {
			*why = "the gateway is not in the address's network";
			return NULL;
		}
		inet_ntop(AF_INET, &gw, g, sizeof(g));
	}
	inet_ntop(AF_INET, &addr, a, sizeof(a));
	inet_ntop(AF_INET, &mask, m, sizeof(m));
	if (asprintf(&result, "%s::%s:%s:net:eth0:off", a, g, m) < 0) {
		*why = "out of memory";
		return NULL;
	}
	return result;
}

char *vd_parse_address(const char *text, const char **why)
{
	char *copy, *result;

	*why = "out of memory";
	if (!strcmp(text, "dhcp"))
		return strdup("dhcp");
	copy = strdup(text);
	if (!copy)
		return NULL;
	result = static_address(copy, why);
	free(copy);
	return result;
}
