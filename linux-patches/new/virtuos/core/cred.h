/* SPDX-License-Identifier: GPL-2.0 */
/* For cred.c and register.c. */
#ifndef VOS_CORE_CRED_H
#define VOS_CORE_CRED_H

#include <linux/cred.h>
#include <linux/user_namespace.h>
#include "core_priv.h"

static inline u64 vos_cred_caps(const struct cred *cred)
{
	/* Capabilities over another user namespace mean nothing out there. */
	return cred->user_ns == &init_user_ns ? cred->cap_effective.val : 0;
}

#endif
