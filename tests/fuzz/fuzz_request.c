// SPDX-License-Identifier: GPL-2.0
/*
 * The storage service's requests and replies (storage/request.c) out of an arena that a front
 * end has written.
 *
 * Wanted: what is taken lies within the request, and is a copy: what the front end writes
 * afterwards changes nothing; a string ends, a name is one; the reply stays in its room, and
 * says how long it is.
 */
#include "vst.h"
#include "shim/state.h"
#include "input.h"

#define ARENA	(VST_MAX_BODY + 8192u)

static u8 *arena;
static struct input in;

void shim_relax(void)
{
}

void *veng_conn_priv(struct veng_conn *conn)
{
	return NULL;
}

/* All of it is ours to read. */
static void read_all(const void *p, size_t n)
{
	const u8 *b = p;
	u8 sum = 0;

	while (n--)
		sum += *b++;
	__asm__ volatile("" : : "r" (sum));
}

static void take(struct vst_req *r)
{
	u32 len = in_lie(&in, 8), before = r->pos;
	const char *s;
	const void *p;

	switch (in_u8(&in) % 4) {
	case 0:
		p = vst_arg(r, len);
		shim_assert(!p || r->pos == before + len);
		if (p)
			read_all(p, len);
		break;
	case 1:
		s = vst_string(r);
		shim_assert(!s || strlen(s) == r->pos - before - 1);
		break;
	case 2:
		s = vst_name(r);
		shim_assert(!s || (*s && !strchr(s, '/')));
		break;
	default:
		memset(arena, in_u8(&in), 64);	/* the front end writes meanwhile */
	}
	shim_assert(r->pos <= r->body_len);
}

static void reply(struct vst_req *r)
{
	static const u8 data[600];
	u32 len = in_u16(&in) % sizeof(data), before = r->out_len;
	int rc = vst_reply(r, data, len);

	shim_assert(rc ? r->out_len == before : r->out_len == before + len);
	shim_assert(r->out_len <= r->room);
}

static void serve(struct veng_scall *call)
{
	struct vst_req r;
	int i, rc = vst_req_begin(&r, call), err;
	s64 result;

	if (rc) {
		shim_assert(rc < 0);
		return;
	}
	shim_assert(r.in.len == call->sqe.ext[0].len);
	for (i = 0; i < 50 && !in_end(&in); i++)
		if (in_u8(&in) % 4)
			take(&r);
		else
			reply(&r);
	err = in_u8(&in) % 3 == 1 ? -ENOENT : 0;
	result = vst_req_end(&r, err);
	if (!r.out)
		shim_assert(result == err);
	else
		shim_assert(result >= 16 && result <= (s64)call->sqe.ext[1].len);
}

/* As the engine hands it on: within the arena; FUSE has the first extent. */
static void place(struct veng_scall *call, u32 len, u32 room)
{
	u32 off = in_u8(&in) % 2 ? ARENA - len : 0;

	call->sqe.opcode = VOS_OP_FUSE;
	call->sqe.flags = in_u8(&in);
	call->sqe.ext[0] = (struct vos_extent){ off, len };
	call->sqe.ext[1] = (struct vos_extent){ ARENA - room, room };
	call->in[0] = arena + off;
	call->out[1] = room ? arena + ARENA - room : NULL;
}

static void write_header(u8 *to, u32 len)
{
	struct fuse_in_header h = {
		.len = in_lie(&in, len), .opcode = in_u8(&in) % 2 ? FUSE_WRITE : in_u8(&in),
		.unique = 7,
	};

	memcpy(to, &h, min_t(u32, len, sizeof(h)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct veng_scall call = { 0 };
	u32 len, room, n;

	in = (struct input){ data, size };
	shim_begin();
	arena = calloc(1, ARENA);
	len = in_u8(&in) % 8 ? in_u16(&in) % 2000 + 1 : in_u32(&in) % ARENA + 1;
	room = in_u8(&in) % 4 ? in_u16(&in) % 1000 : 0;
	place(&call, len, room);
	n = in_u8(&in);
	in_bytes(&in, (u8 *)call.in[0] + (len > 40 ? 40 : 0), len > 40 + n ? n : 0);
	write_header((u8 *)call.in[0], len);
	serve(&call);
	free(arena);
	shim_end();
	return 0;
}
