/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * perf events: see sampler.h. Two events of a processor share a ring. So what a process maps is
 * told in order with the samples of both.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pmu.h"
#include "sampler.h"

#define RING_SIZE	(512u << 10)	/* what perf_event_mlock_kb lets every user have */
#define NSEC		1000000000u

static int complain(const char *what)
{
	fprintf(stderr, "virtuos-perf: cannot sample %s: %s (/proc/sys/kernel/perf_event_paranoid says who may)\n",
		what, strerror(errno));
	return -1;
}

static struct perf_event_attr attributes(pid_t pid, uint32_t type, uint64_t config, uint64_t period)
{
	return (struct perf_event_attr){
		.size = sizeof(struct perf_event_attr), .type = type, .config = config,
		.sample_period = period, .sample_type = VP_SAMPLE_TYPE, .sample_id_all = 1,
		.disabled = 1, .enable_on_exec = pid >= 0, .inherit = pid >= 0,
	};
}

/* An ordinary user may not see what the kernel does. */
static int open_event(struct perf_event_attr *a, pid_t pid, unsigned int cpu)
{
	long fd = syscall(SYS_perf_event_open, a, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0 && (errno == EACCES || errno == EPERM)) {
		a->exclude_kernel = 1;
		a->exclude_hv = 1;
		fd = syscall(SYS_perf_event_open, a, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	}
	return (int)fd;
}

/*
 * The event that also tells of processes has the ring. There is none for a processor that is off.
 * Return: 0, -1 (said).
 */
static int open_time(struct vp_sampler *s, unsigned int cpu, pid_t pid, unsigned int hz)
{
	struct perf_event_attr a = attributes(pid, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK,
					      NSEC / hz);
	void *ring;

	a.mmap = 1;
	a.mmap2 = 1;
	a.comm = 1;
	a.comm_exec = 1;
	a.task = 1;
	s->time[cpu] = open_event(&a, pid, cpu);
	if (s->time[cpu] < 0)
		return errno == ENODEV ? 0 : complain("the processor");
	ring = mmap(NULL, (size_t)getpagesize() + RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		    s->time[cpu], 0);
	if (ring == MAP_FAILED)
		return complain("the processor");
	s->ring[cpu] = ring;
	return 0;
}

static int open_work(struct vp_sampler *s, unsigned int cpu, pid_t pid, const struct vp_event *e,
		     unsigned int ns)
{
	struct perf_event_attr a = attributes(pid, e->type, e->config[0], ns);
	uint64_t id;

	s->work[cpu] = open_event(&a, pid, cpu);
	if (s->work[cpu] < 0 || ioctl(s->work[cpu], PERF_EVENT_IOC_ID, &id) ||
	    ioctl(s->work[cpu], PERF_EVENT_IOC_SET_OUTPUT, s->time[cpu]))
		return complain("services' work");
	vp_samples_service(s->to, id);
	return 0;
}

static void each_event(struct vp_sampler *s, unsigned long order)
{
	unsigned int cpu;

	for (cpu = 0; cpu < s->cpus; cpu++) {
		if (s->time[cpu] >= 0)
			ioctl(s->time[cpu], order, 0);
		if (s->work[cpu] >= 0)
			ioctl(s->work[cpu], order, 0);
	}
}

int vp_sampler_open(struct vp_sampler *s, pid_t pid, unsigned int hz, unsigned int ns,
		    struct vp_samples *to)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	struct vp_event e;
	unsigned int cpu;

	*s = (struct vp_sampler){ .to = to };
	if (vp_pmu_event(VP_PMU_DIR, "service-ns", &e)) {
		fprintf(stderr, "virtuos-perf: there is no event virtuos/service-ns/: this is no primary of VirtuOS, or virtuos-perf.ko is not loaded\n");
		return -1;
	}
	s->cpus = cpus < 1 ? 1 : cpus > (long)VP_SAMPLER_CPUS ? VP_SAMPLER_CPUS : (unsigned int)cpus;
	for (cpu = 0; cpu < s->cpus; cpu++)
		s->time[cpu] = s->work[cpu] = -1;
	for (cpu = 0; cpu < s->cpus; cpu++)
		if (open_time(s, cpu, pid, hz) ||
		    (s->ring[cpu] && open_work(s, cpu, pid, &e, ns)))
			return -1;
	if (pid < 0)
		each_event(s, PERF_EVENT_IOC_ENABLE);
	return 0;
}

/* Copy from a ring, whose end may come before the bytes'. */
static void copy(const unsigned char *data, uint64_t at, void *to, size_t n)
{
	size_t begin = at % RING_SIZE, first = RING_SIZE - begin < n ? RING_SIZE - begin : n;

	memcpy(to, data + begin, first);
	memcpy((unsigned char *)to + first, data, n - first);
}

static void take_ring(struct vp_samples *to, struct perf_event_mmap_page *ring)
{
	static union {
		struct perf_event_header h;
		unsigned char bytes[1 << 16];	/* a record's most */
	} record;
	const unsigned char *data = (const unsigned char *)ring + getpagesize();
	uint64_t head = __atomic_load_n(&ring->data_head, __ATOMIC_ACQUIRE), at = ring->data_tail;

	while (head - at >= sizeof(record.h)) {
		copy(data, at, &record.h, sizeof(record.h));
		if (record.h.size < sizeof(record.h) || record.h.size > head - at)
			break;
		copy(data, at, record.bytes, record.h.size);
		vp_samples_add(to, &record.h);
		at += record.h.size;
	}
	__atomic_store_n(&ring->data_tail, head, __ATOMIC_RELEASE);
}

void vp_sampler_take(struct vp_sampler *s)
{
	unsigned int cpu;

	for (cpu = 0; cpu < s->cpus; cpu++)
		if (s->ring[cpu])
			take_ring(s->to, s->ring[cpu]);
}

void vp_sampler_stop(struct vp_sampler *s)
{
	each_event(s, PERF_EVENT_IOC_DISABLE);
	vp_sampler_take(s);
}

void vp_sampler_close(struct vp_sampler *s)
{
	unsigned int cpu;

	for (cpu = 0; cpu < s->cpus; cpu++) {
		if (s->ring[cpu])
			munmap(s->ring[cpu], (size_t)getpagesize() + RING_SIZE);
		if (s->work[cpu] >= 0)
			close(s->work[cpu]);
		if (s->time[cpu] >= 0)
			close(s->time[cpu]);
	}
	s->cpus = 0;
}
