/* SPDX-License-Identifier: GPL-2.0-only */
/* What services record: see rings.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "mounts.h"
#include "rings.h"

#define DEBUGFS		"/sys/kernel/debug"
#define AT_ONCE		512u
#define READS		256u	/* at a time: a service that lies always has more */

static const char *const file_name[VOS_DOOR_SERVICES] = {
	DEBUGFS "/virtuos/net/trace", DEBUGFS "/virtuos/storage/trace",
};

/* Return: 0; -1 (said). */
static int begin(struct vp_rings *r, int service)
{
	r->over[service] = write(r->fd[service], "1", 1) != 1;
	if (!r->over[service] || errno == ENOTCONN)
		return 0;
	fprintf(stderr, "virtuos-perf: %s: %s\n", file_name[service],
		errno == EOPNOTSUPP ? "the service domain keeps no records of calls" :
		strerror(errno));
	return -1;
}

static int open_ring(struct vp_rings *r, int service)
{
	r->fd[service] = open(file_name[service], O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (r->fd[service] >= 0)
		return begin(r, service);
	if (errno == ENOENT)
		return 0;
	fprintf(stderr, "virtuos-perf: %s: %s\n", file_name[service],
		errno == EBUSY ? "another program traces" : strerror(errno));
	return -1;
}

int vp_rings_open(struct vp_rings *r, struct vp_timeline *to)
{
	int i, n = 0;

	*r = (struct vp_rings){ .to = to };
	for (i = 0; i < VOS_DOOR_SERVICES; i++)
		r->fd[i] = -1;
	vp_mounts_need("debugfs", DEBUGFS, DEBUGFS "/virtuos");
	for (i = 0; i < VOS_DOOR_SERVICES; i++) {
		if (open_ring(r, i))
			return -1;
		n += r->fd[i] >= 0;
	}
	if (n)
		return 0;
	fprintf(stderr, "virtuos-perf: " DEBUGFS "/virtuos: this kernel shows no records of services\n");
	return -1;
}

/* Return: 1: there may be more; 0: not now; -1: the trace is over. */
static int take_some(struct vp_rings *r, int service)
{
	struct vos_trace_record record[AT_ONCE];
	ssize_t n = read(r->fd[service], record, sizeof(record));
	ssize_t i;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	n /= (ssize_t)sizeof(*record);
	for (i = 0; i < n; i++)
		vp_timeline_record(r->to, (uint8_t)service, &record[i]);
	return n ? 1 : -1;
}

static void take_from(struct vp_rings *r, int service)
{
	unsigned int i;
	int more = 1;

	for (i = 0; more > 0 && i < READS; i++)
		more = take_some(r, service);
	r->over[service] = more < 0;
}

void vp_rings_take(struct vp_rings *r)
{
	int i;

	for (i = 0; i < VOS_DOOR_SERVICES; i++) {
		if (r->fd[i] < 0)
			continue;
		/* Until it is back, this fails. */
		if (r->over[i])
			r->over[i] = write(r->fd[i], "1", 1) != 1;
		if (!r->over[i])
			take_from(r, i);
	}
}

void vp_rings_stop(struct vp_rings *r)
{
	int i;

	for (i = 0; i < VOS_DOOR_SERVICES; i++)
		if (r->fd[i] >= 0 && !r->over[i] && write(r->fd[i], "0", 1) == 1)
			take_from(r, i);
}

void vp_rings_close(struct vp_rings *r)
{
	int i;

	for (i = 0; i < VOS_DOOR_SERVICES; i++)
		if (r->fd[i] >= 0)
			close(r->fd[i]);
}
