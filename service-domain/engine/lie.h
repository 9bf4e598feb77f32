/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A service domain that lies by order of a test: the points where the engine asks for a lie.
 * Only VIRTUOS_LIES=y builds lie.c (scripts/lies.sh), and never into the package. Without it
 * the compiler removes all of this.
 */
#ifndef VENG_LIE_H
#define VENG_LIE_H

struct veng_chan;
struct veng_conn;
struct veng_scall;

#ifdef VIRTUOS_LIES

int veng_lie_init(void);
void veng_lie_exit(void);
void veng_lie_conn(struct veng_conn *conn);
void veng_lie_conn_gone(struct veng_conn *conn);
bool veng_lie_eats(const struct veng_scall *call);
void veng_lie_answer(struct veng_scall *call);
bool veng_lie_repeats(void);
void veng_lie_taken(struct veng_chan *chan);
bool veng_lie_keeps_pages(void);
bool veng_lie_reconnects(void);

#else

static inline int veng_lie_init(void) { return 0; }
static inline void veng_lie_exit(void) { }
static inline void veng_lie_conn(struct veng_conn *conn) { }
static inline void veng_lie_conn_gone(struct veng_conn *conn) { }
static inline bool veng_lie_eats(const struct veng_scall *call) { return false; }
static inline void veng_lie_answer(struct veng_scall *call) { }
static inline bool veng_lie_repeats(void) { return false; }
static inline void veng_lie_taken(struct veng_chan *chan) { }
static inline bool veng_lie_keeps_pages(void) { return false; }
static inline bool veng_lie_reconnects(void) { return false; }

#endif
#endif
