// SPDX-License-Identifier: GPL-2.0
/*
 * virtuos-core: the primary's front end, core and door. The module's start and stop stand above
 * both: the core calls nothing of the door but what the door gives it here.
 */
#include <linux/module.h>
#include "door_priv.h"

static const struct vos_door_ops door_ops = {
	.events = vdoor_uchan_events,
	.link_dead = vdoor_link_dead,
	.session_gone = vdoor_replay_is_lost,
	.account_exit = vdoor_claim_exit,
	.account_free = vdoor_claim_free,
	.sums = vdoor_claim_sums,
	.ask_costs = vdoor_costs_ask,
};

static int __init virtuos_init(void)
{
	int rc = vos_core_start(&door_ops);

	if (rc)
		return rc;
	/* Once doors can be opened, the module stays. */
	rc = vdoor_init();
	if (rc) {
		vos_core_stop();
		return rc;
	}
	if (vos_account_init())
		pr_warn("virtuos: the kernel's account hooks are taken\n");
	/* If another module has them, service domains interrupt this one more often. */
	if (vos_poll_init())
		pr_warn("virtuos: the kernel's ring hooks are taken\n");
	return 0;
}

static void __exit virtuos_exit(void)
{
	vos_core_stop();
}

module_init(virtuos_init);
module_exit(virtuos_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("VirtuOS front end: sessions, calls, and the exceptionless door");
