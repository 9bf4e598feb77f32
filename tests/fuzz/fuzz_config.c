/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration parser: any file at all gets one line that says what is wrong, or
 * becomes a configuration that is complete and consistent.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "../../dom0-tools/config/scan.c"
#include "../../dom0-tools/config/values.c"
#include "../../dom0-tools/config/devices.c"
#include "../../dom0-tools/config/domain.c"
#include "../../dom0-tools/config/address.c"
#include "../../dom0-tools/config/cmdline.c"
#include "../../dom0-tools/config/nvme.c"
#include "../../dom0-tools/config/config.c"
#include "input.h"

/* libxlu forgets values when it meets a syntax error; that is not ours to mend. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:xlu__cfg\nleak:xlu_cfg_readdata\nleak:xlu__cfgl\n";
}

static void must_hold(int yes)
{
	if (!yes)
		abort();
}

static void check_text(const char *s)
{
	for (; *s; s++)
		must_hold((unsigned char)*s >= ' ' && *s != 0x7f);
}

static void check_domain(const struct vd_config *c, const struct vd_domain_config *d)
{
	char line[VD_CMDLINE_MAX];

	must_hold(vd_name_ok(d->name) && d->kernel && d->ramdisk);
	must_hold(d->n_pci <= VD_MAX_DEVICES && d->n_disk <= VD_MAX_DEVICES &&
		  d->n_vif <= VD_MAX_DEVICES);
	must_hold(d->role != VD_ROLE_STORAGE || ((d->device || vd_nvme_used(&d->nvme)) && d->fstype));
	must_hold(d->memory >= 32 && d->vcpus >= 1);
	must_hold(!vd_config_cmdline(c, d, line, sizeof(line)));
	must_hold(strlen(line) < sizeof(line));
	check_text(line);
}

static void check_config(const struct vd_config *c)
{
	int i;

	must_hold(c->n_services >= 1 && c->n_services <= VD_MAX_SERVICES);
	must_hold(c->restart_timeout >= 1 && c->start_limit_burst <= VD_MAX_BURST);
	check_domain(c, &c->primary);
	for (i = 0; i < c->n_services; i++)
		check_domain(c, &c->service[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char err[VD_ERR_MAX], *exact = malloc(size ? size : 1);
	struct vd_config *c;

	must_hold(!!exact);
	if (size)
		memcpy(exact, data, size);
	c = vd_config_parse("f.cfg", exact, size, err);
	if (c) {
		check_config(c);
		vd_config_free(c);
	} else {
		must_hold(*err && strlen(err) < VD_ERR_MAX && !strchr(err, '\n'));
	}
	free(exact);
	return 0;
}
