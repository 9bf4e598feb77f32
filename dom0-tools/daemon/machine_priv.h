/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the system's state machine share; machine.h is for others. */
#ifndef VIRTUOS_MACHINE_PRIV_H
#define VIRTUOS_MACHINE_PRIV_H

#include "machine.h"

#define WORK_MS		120000	/* a worker that takes longer is stuck */
#define LINK_PAUSE	1000	/* ms from a connection to the next that is asked for or tried */

/* phase.c */
bool dom_is_primary(const struct dom *d);
const char *dom_phase_name(const struct dom *d);
void dom_save(struct machine *m, struct dom *d);
void dom_set_phase(struct machine *m, struct dom *d, enum phase phase, int64_t ms);
void dom_forget_deaths(struct dom *d);
void dom_set_running(struct machine *m, struct dom *d);
void dom_work(struct machine *m, struct dom *d, bool destroy_name);
void dom_clear_away(struct machine *m, struct dom *d, bool again, int64_t wait);

/* connect.c */
struct vd_link dom_link_ends(struct machine *m, const struct dom *s);
bool dom_is_linked(struct machine *m, const struct dom *s);
void dom_watch_link(struct machine *m, const struct vd_link *l, bool on);
void dom_unlink(struct machine *m, struct dom *s);
int dom_link(struct machine *m, struct dom *s);
void dom_relink(struct machine *m, struct dom *s, int64_t at);
void dom_unlink_all(struct machine *m, struct dom *d);
int dom_link_all(struct machine *m, struct dom *d);

/* death.c */
bool dom_restart_wanted(const struct machine *m, const struct dom *d,
			libxl_shutdown_reason reason);
void dom_note_death(struct dom *d, const char *reason);

/* machine.c */
void machine_next_step_down(struct machine *m);

#endif
