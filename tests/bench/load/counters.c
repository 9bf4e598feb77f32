/* SPDX-License-Identifier: MIT */
/* What the primary's kernel counts of forwarding (docs/counters.md): the difference
 * over a section. Systems without it have none to show. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

#define SERVICES	2
#define NAMES		7

static const char *const service[SERVICES] = { "net", "storage" };
static const char *const name[NAMES] = {
	"calls", "sends", "interrupts", "grants", "bytes", "spun", "slept"
};
static unsigned long before[SERVICES][NAMES];

static bool read_all(unsigned long to[SERVICES][NAMES])
{
	char path[128];
	bool any = false;
	int s, n;

	for (s = 0; s < SERVICES; s++)
		for (n = 0; n < NAMES; n++) {
			FILE *f;

			to[s][n] = 0;
			snprintf(path, sizeof(path), "/sys/kernel/virtuos/%s/%s", service[s], name[n]);
			f = fopen(path, "r");
			if (!f)
				continue;
			if (fscanf(f, "%lu", &to[s][n]) == 1)
				any = true;
			fclose(f);
		}
	return any;
}

void counters_before(void)
{
	read_all(before);
}

/* As members of a JSON object that is being printed. */
void counters_print(void)
{
	unsigned long after[SERVICES][NAMES];
	int s, n;

	if (!read_all(after))
		return;
	for (s = 0; s < SERVICES; s++) {
		printf(",\"%s\":{", service[s]);
		for (n = 0; n < NAMES; n++)
			printf("%s\"%s\":%lu", n ? "," : "", name[n], after[s][n] - before[s][n]);
		printf("}");
	}
}
