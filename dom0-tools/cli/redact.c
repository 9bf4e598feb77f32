/* SPDX-License-Identifier: GPL-2.0-only */
/* Secrets in a report: see redact.h. */
#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "redact.h"

#define MAC_LEN		17	/* "00:16:3e:aa:bb:cc" */
#define MAC_KEPT	9	/* its maker */

static const char *const secret_names[] = {
	"password", "passwd", "passphrase", "secret", "token", "psk", "private_key", "privatekey",
};

static void blank(char *from, const char *to)
{
	memset(from, '*', (size_t)(to - from));
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static bool is_secret_name(const char *name, size_t len)
{
	size_t i, n;

	for (i = 0; i < sizeof(secret_names) / sizeof(secret_names[0]); i++) {
		n = strlen(secret_names[i]);
		if (len >= n && !strncasecmp(name + len - n, secret_names[i], n))
			return true;
	}
	return false;
}

/* Blank a value: up to its closing quote, or to the next space. Return: what is behind it. */
static char *blank_value(char *at)
{
	size_t len;

	at += strspn(at, " \t=:");
	if (*at == '"' || *at == '\'') {
		char quote[] = { *at++, '\n', 0 };

		len = strcspn(at, quote);
	} else {
		len = strcspn(at, " \t,;\n");
	}
	blank(at, at + len);
	return at + len;
}

static void blank_assignments(char *line)
{
	char *at = line, *name, *end;

	while (*at) {
		name = at;
		while (is_word(*at))
			at++;
		end = at;
		/* JSON has quotes around names. */
		at += strspn(at, "\"' \t");
		if (end != name && (*at == '=' || *at == ':') &&
		    is_secret_name(name, (size_t)(end - name)))
			at = blank_value(at);
		else if (end == name && at == end)
			at++;
	}
}

static bool is_mac(const char *at)
{
	int i;

	for (i = 0; i < MAC_LEN; i++)
		if (i % 3 == 2 ? at[i] != ':' : !isxdigit((unsigned char)at[i]))
			return false;
	return !isxdigit((unsigned char)at[i]) && at[i] != ':';
}

static void blank_macs(char *line)
{
	char *at = line;

	for (; *at; at++) {
		if ((at > line && (isxdigit((unsigned char)at[-1]) || at[-1] == ':')) || !is_mac(at))
			continue;
		at += MAC_KEPT;
		for (; isxdigit((unsigned char)*at); at += at[2] == ':' ? 3 : 2)
			blank(at, at + 2);
		at--;
	}
}

void redact_line(struct redact *r, char *line)
{
	bool begins = strstr(line, "-----BEGIN ") && strstr(line, "PRIVATE KEY-----");
	bool ends = strstr(line, "-----END ") && strstr(line, "PRIVATE KEY-----");

	if (r->in_key && !ends) {
		blank(line, line + strcspn(line, "\n"));
		return;
	}
	r->in_key = begins && !ends;
	blank_assignments(line);
	blank_macs(line);
}
