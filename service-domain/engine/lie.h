/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A service domain that lies by order of a test: where the engine asks whether to. Built
 * with VIRTUOS_LIES=y only (scripts/lies.sh), never in the package; else all of this is
 * nothing. See lie.c.
 */
#ifndef VOS_ENGINE_LIE_H
#define VOS_ENGINE_LIE_H

struct vos_chan;
struct vos_conn;
struct vos_scall;

#ifdef VIRTUOS_LIES

int vos_lie_init(void);
void vos_lie_exit(void);
void vos_lie_conn(struct vos_conn *conn);
void vos_lie_conn_gone(struct vos_conn *conn);
bool vos_lie_eats(const struct vos_scall *call);
void vos_lie_answer(struct vos_scall *call);
bool vos_lie_repeats(void);
void vos_lie_taken(struct vos_chan *chan);
bool vos_lie_keeps_pages(void);
bool vos_lie_reconnects(void);

#else

static inline int vos_lie_init(void) { return 0; }
static inline void vos_lie_exit(void) { }
static inline void vos_lie_conn(struct vos_conn *conn) { }
static inline void vos_lie_conn_gone(struct vos_conn *conn) { }
static inline bool vos_lie_eats(const struct vos_scall *call) { return false; }
static inline void vos_lie_answer(struct vos_scall *call) { }
static inline bool vos_lie_repeats(void) { return false; }
static inline void vos_lie_taken(struct vos_chan *chan) { }
static inline bool vos_lie_keeps_pages(void) { return false; }
static inline bool vos_lie_reconnects(void) { return false; }

#endif
#endif
