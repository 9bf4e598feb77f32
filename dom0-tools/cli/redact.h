/* SPDX-License-Identifier: GPL-2.0-only */
/* What must not leave the host with a report: passwords, keys, the second half of MAC addresses. */
#ifndef VIRTUOS_REDACT_H
#define VIRTUOS_REDACT_H

#include <stdbool.h>

/* Its state between the lines of one text; it begins all zero. */
struct redact {
	bool in_key;		/* between the lines that begin and end a private key */
};

/**
 * redact_line - blank the secrets in a line of a text
 * @r: the text's
 * @line: the line; it never gets longer
 *
 * The value of an assignment is a secret if its name ends with password, passwd, passphrase,
 * secret, token, psk or private_key. A line of a private key is blanked as a whole.
 */
void redact_line(struct redact *r, char *line);

#endif
