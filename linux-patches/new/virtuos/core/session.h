/* SPDX-License-Identifier: GPL-2.0 */
/* What session.c and session_link.c share. */
#ifndef VOS_CORE_SESSION_H
#define VOS_CORE_SESSION_H

#include <linux/rcupdate.h>
#include "core_priv.h"

/* Get the link in use, or NULL. The session's lock is held. */
static inline struct vos_link *vos_session_in_use(struct vos_session *s)
{
	return rcu_dereference_protected(s->link, lockdep_is_held(&s->lock));
}

#endif
