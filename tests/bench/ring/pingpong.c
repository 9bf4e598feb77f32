// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor: two threads that hand a number to and fro, each by a cache line of its
 * own, with nothing else in the way. No message between two processors can take
 * less.
 */
#include "bench.h"

#define STOP UINT64_MAX
#define POLLS_PER_CLOCK_READ 64

struct line {
	_Alignas(CACHE_LINE) uint64_t value;
};

struct pingpong {
	struct line ping, pong;
	_Alignas(CACHE_LINE) bool tight;
};

static void send(struct line *l, uint64_t value)
{
	__atomic_store_n(&l->value, value, __ATOMIC_RELEASE);
}

/* Wait for the number after @last. */
static uint64_t receive(struct line *l, uint64_t last, bool tight)
{
	uint64_t value;

	while ((value = __atomic_load_n(&l->value, __ATOMIC_ACQUIRE)) == last)
		if (!tight)
			wait_step();
	return value;
}

static void *answer_all(void *arg)
{
	struct pingpong *p = arg;
	bool tight = p->tight;
	uint64_t value = 0;

	while ((value = receive(&p->ping, value, tight)) != STOP)
		send(&p->pong, value);
	return NULL;
}

int pingpong_run(const struct bench_case *c, uint64_t ns, struct slice *out)
{
	static struct pingpong p;
	struct peer *peer;
	struct watch watch;
	uint64_t n = 0;

	p.ping.value = p.pong.value = 0;
	p.tight = c->tight;
	peer = peer_start(answer_all, &p);
	watch_start(&watch, ns);
	do {
		for (int i = 0; i < POLLS_PER_CLOCK_READ; i++) {
			send(&p.ping, n + 1);
			n = receive(&p.pong, n, c->tight);
		}
	} while (!watch_over(&watch, n, out));
	send(&p.ping, STOP);
	peer_join(peer);
	return 0;
}
