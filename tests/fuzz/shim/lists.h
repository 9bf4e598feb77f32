/* SPDX-License-Identifier: GPL-2.0 */
/* A part of kernel.h, which includes it: lists of one and of two directions. */
#ifndef SHIM_LISTS_H
#define SHIM_LISTS_H

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD(x)	struct list_head x = { &(x), &(x) }

static inline void INIT_LIST_HEAD(struct list_head *l)
{
	l->next = l->prev = l;
}

static inline void shim_list_link(struct list_head *n, struct list_head *prev,
				  struct list_head *next)
{
	shim_assert(prev->next == next && next->prev == prev);
	shim_assert(n != prev && n != next);
	next->prev = n;
	n->next = next;
	n->prev = prev;
	prev->next = n;
}

static inline void list_add(struct list_head *n, struct list_head *head)
{
	shim_list_link(n, head, head->next);
}

static inline void list_add_tail(struct list_head *n, struct list_head *head)
{
	shim_list_link(n, head->prev, head);
}

static inline void shim_list_unlink(struct list_head *n)
{
	shim_assert(n->next && n->prev && n->next->prev == n && n->prev->next == n);
	n->next->prev = n->prev;
	n->prev->next = n->next;
}

static inline void list_del(struct list_head *n)
{
	shim_list_unlink(n);
	n->next = n->prev = NULL;
}

static inline void list_del_init(struct list_head *n)
{
	shim_list_unlink(n);
	INIT_LIST_HEAD(n);
}

static inline bool list_empty(const struct list_head *l)
{
	return READ_ONCE(l->next) == l;
}

#define list_empty_careful(l) list_empty(l)

static inline void list_splice_tail_init(struct list_head *from, struct list_head *to)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	INIT_LIST_HEAD(from);
}

#define list_entry(p, type, member)		container_of(p, type, member)
#define list_first_entry(l, type, member)	list_entry((l)->next, type, member)
#define list_first_entry_or_null(l, type, member) \
	(list_empty(l) ? NULL : list_first_entry(l, type, member))
#define list_for_each_entry(p, l, member)						\
	for (p = list_entry((l)->next, typeof(*p), member); &p->member != (l);		\
	     p = list_entry(p->member.next, typeof(*p), member))
#define list_for_each_entry_safe(p, n, l, member)					\
	for (p = list_entry((l)->next, typeof(*p), member),				\
	     n = list_entry(p->member.next, typeof(*p), member); &p->member != (l);	\
	     p = n, n = list_entry(n->member.next, typeof(*n), member))

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

static inline void INIT_HLIST_NODE(struct hlist_node *n)
{
	n->next = NULL;
	n->pprev = NULL;
}

static inline bool hlist_unhashed(const struct hlist_node *n)
{
	return !n->pprev;
}

static inline bool hlist_empty(const struct hlist_head *h)
{
	return !h->first;
}

static inline void hlist_add_head(struct hlist_node *n, struct hlist_head *h)
{
	shim_assert(hlist_unhashed(n));
	n->next = h->first;
	if (n->next)
		n->next->pprev = &n->next;
	h->first = n;
	n->pprev = &h->first;
}

static inline void hlist_del_init(struct hlist_node *n)
{
	shim_assert(*n->pprev == n);
	*n->pprev = n->next;
	if (n->next)
		n->next->pprev = n->pprev;
	INIT_HLIST_NODE(n);
}

#define shim_hlist_entry(p, type, member) ({						\
	struct hlist_node *hlist_ = (p);						\
	hlist_ ? container_of(hlist_, type, member) : NULL;				\
})
#define hlist_for_each_entry(p, h, member)						\
	for (p = shim_hlist_entry((h)->first, typeof(*p), member); p;			\
	     p = shim_hlist_entry(p->member.next, typeof(*p), member))
#define DECLARE_HASHTABLE(x, bits) struct hlist_head x[1u << (bits)]

struct llist_node {
	struct llist_node *next;
};

struct llist_head {
	struct llist_node *first;
};

static inline void init_llist_head(struct llist_head *h)
{
	h->first = NULL;
}

static inline bool llist_empty(const struct llist_head *h)
{
	return !h->first;
}

static inline bool llist_add(struct llist_node *n, struct llist_head *h)
{
	n->next = h->first;
	h->first = n;
	return !n->next;
}

static inline struct llist_node *llist_del_all(struct llist_head *h)
{
	struct llist_node *all = h->first;

	h->first = NULL;
	return all;
}

static inline struct llist_node *llist_reverse_order(struct llist_node *n)
{
	struct llist_node *to = NULL, *next;

	for (; n; n = next) {
		next = n->next;
		n->next = to;
		to = n;
	}
	return to;
}

#define llist_entry_(p, type, member) ((p) ? container_of(p, type, member) : NULL)
#define llist_for_each_entry_safe(p, n, l, member)					\
	for (p = llist_entry_(l, typeof(*p), member); p &&				\
	     (n = llist_entry_(p->member.next, typeof(*p), member), true); p = n)

#endif
