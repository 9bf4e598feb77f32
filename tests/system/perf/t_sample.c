// SPDX-License-Identifier: MIT
/* Samples: as many as periods have been used up, each at the call that did it. */
#include <sys/mman.h>

#include "perftest.h"

#define PAGES	64		/* of samples */
#define N	100000
#define PERIOD	1000

struct samples {
	unsigned int n;
	unsigned int elsewhere;	/* not at the call site */
	unsigned int others;	/* records that are no samples */
	uint64_t period;	/* sum */
	uint64_t weight;	/* same */
	unsigned int wrong;	/* raw fields of another call */
};

/* The record of a sample with IP, PERIOD, RAW and WEIGHT, in perf's order. */
struct record {
	struct perf_event_header header;
	uint64_t ip;
	uint64_t period;
	uint32_t raw_size;
	uint8_t service;
	uint8_t opcode;
	uint16_t reserved;
	uint32_t obj;
	uint32_t ticks;
	uint64_t weight;
};

static void *map_ring(int fd)
{
	void *p = mmap(NULL, (PAGES + 1) * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static void take(struct samples *s, const struct perf_event_header *h, bool whole)
{
	const struct record *r = (const struct record *)h;

	if (h->type != PERF_RECORD_SAMPLE) {
		s->others++;
		return;
	}
	s->n++;
	s->elsewhere += !is_call_site(r->ip);
	if (!whole)
		return;
	CHECK_EQ(h->size, sizeof(*r));
	s->period += r->period;
	s->weight += r->weight;
	s->wrong += r->service != NET || r->opcode != OP_GETNAME || r->ticks != r->weight;
}

static struct samples read_ring(void *ring, bool whole)
{
	struct perf_event_mmap_page *page = ring;
	const char *data = (const char *)ring + 4096;
	uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE), at;
	struct samples s = {};

	CHECK(head <= PAGES * 4096);		/* nothing has been written over */
	for (at = 0; at < head; at += ((const struct perf_event_header *)(data + at))->size)
		take(&s, (const struct perf_event_header *)(data + at), whole);
	return s;
}

/* One in a thousand calls, by the thread that makes them. */
TEST(samples_are_exact)
{
	struct perf_event_attr attr = attr_of("virtuos", "calls");
	int s = new_socket(), fd;
	struct samples got;
	void *ring;

	attr.config |= NET << 8;
	attr.sample_period = PERIOD;
	attr.sample_type = PERF_SAMPLE_IP;
	fd = CHECK_OK(try_open(&attr, 0, -1, -1));
	ring = map_ring(fd);
	start(fd);
	ask_names(s, N);
	stop(fd);
	got = read_ring(ring, false);
	CHECK_EQ(count_of(fd), N);
	CHECK_EQ(got.n, N / PERIOD);
	CHECK_EQ(got.elsewhere, 0);
	CHECK_EQ(got.others, 0);
}

/* Periods and weights add up to the count, within one period. */
TEST(samples_weigh_what_calls_cost)
{
	struct perf_event_attr attr = attr_of("virtuos", "service-ticks");
	int s = new_socket(), fd;
	struct samples got;
	uint64_t count;
	void *ring;

	attr.config |= NET << 8;
	attr.sample_period = PERIOD;
	attr.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_PERIOD | PERF_SAMPLE_RAW |
			   PERF_SAMPLE_WEIGHT;
	fd = CHECK_OK(try_open(&attr, 0, -1, -1));
	ring = map_ring(fd);
	start(fd);
	ask_names(s, 200);
	stop(fd);
	got = read_ring(ring, true);
	count = count_of(fd);
	CHECK(got.n > 0);
	CHECK(got.n <= 200);
	CHECK_EQ(got.elsewhere, 0);
	CHECK_EQ(got.wrong, 0);
	CHECK(got.weight > 0);
	CHECK(got.weight <= count);
	if (!got.others)		/* it was not throttled */
		CHECK(got.period <= count && got.period + PERIOD > count);
}

/* The thread may have slept between the send and the charge, which takes the sample. */
TEST(sends_are_sampled)
{
	struct perf_event_attr attr = attr_of("virtuos", "sends");
	int s = new_socket(), fd, i;
	struct samples got;
	void *ring;

	attr.sample_period = 1;
	attr.sample_type = PERF_SAMPLE_IP;
	fd = CHECK_OK(try_open(&attr, 0, -1, -1));
	ring = map_ring(fd);
	start(fd);
	/* After a pause the service sleeps, so the call needs a send. */
	for (i = 0; i < 30; i++) {
		usleep(20000);
		ask_names(s, 1);
	}
	stop(fd);
	got = read_ring(ring, false);
	CHECK(count_of(fd) > 0);
	CHECK_EQ(got.n, count_of(fd));
}

TEST(frequencies_are_kept)
{
	struct perf_event_attr attr = attr_of("virtuos", "calls");
	int s = new_socket(), fd;
	double end = now() + 2;
	struct samples got;
	void *ring;

	attr.config |= NET << 8;
	attr.freq = 1;
	attr.sample_freq = 50;
	attr.sample_type = PERF_SAMPLE_IP;
	fd = CHECK_OK(try_open(&attr, 0, -1, -1));
	ring = map_ring(fd);
	start(fd);
	while (now() < end)
		ask_names(s, 100);
	stop(fd);
	got = read_ring(ring, false);
	CHECK(got.n > 5);
	CHECK(got.n < 4000);		/* it begins with each call */
	CHECK_EQ(got.elsewhere, 0);
}
