/* SPDX-License-Identifier: MIT */
/* vexec: framing, and the START payload. See vexec.h for the rules. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vexec.h"

/* Two largest frames, so that a complete one never blocks the next read. */
#define PARSER_SIZE	(2u * (VX_HEADER_SIZE + VX_MAX_PAYLOAD))

uint32_t vx_get32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

uint16_t vx_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

void vx_put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

void vx_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

int vx_parser_init(struct vx_parser *p)
{
	p->buf = malloc(PARSER_SIZE);
	p->head = 0;
	p->tail = 0;
	return p->buf ? 0 : -1;
}

void vx_parser_free(struct vx_parser *p)
{
	free(p->buf);
	p->buf = NULL;
}

void vx_parser_reset(struct vx_parser *p)
{
	p->head = 0;
	p->tail = 0;
}

size_t vx_parser_room(struct vx_parser *p, uint8_t **where)
{
	if (p->head) {
		memmove(p->buf, p->buf + p->head, p->tail - p->head);
		p->tail -= p->head;
		p->head = 0;
	}
	*where = p->buf + p->tail;
	return PARSER_SIZE - p->tail;
}

void vx_parser_fill(struct vx_parser *p, size_t n)
{
	p->tail += n;
}

int vx_parser_next(struct vx_parser *p, struct vx_frame *f)
{
	const uint8_t *h;
	uint32_t len;

	while (p->head < p->tail && p->buf[p->head] == VX_PAD)
		p->head++;
	if (p->tail - p->head < VX_HEADER_SIZE)
		return 0;
	h = p->buf + p->head;
	len = vx_get32(h + 4);
	if (h[0] >= VX_TYPE_END || h[1] || h[2] || h[3] || len > VX_MAX_PAYLOAD)
		return -1;
	if (p->tail - p->head < VX_HEADER_SIZE + len)
		return 0;
	f->type = h[0];
	f->len = len;
	f->payload = h + VX_HEADER_SIZE;
	p->head += VX_HEADER_SIZE + len;
	return 1;
}

void vx_out_init(struct vx_out *o)
{
	memset(o, 0, sizeof(*o));
}

void vx_out_free(struct vx_out *o)
{
	free(o->buf);
	vx_out_init(o);
}

static int out_reserve(struct vx_out *o, size_t need)
{
	uint8_t *bigger;
	size_t size;

	if (o->head) {
		memmove(o->buf, o->buf + o->head, o->tail - o->head);
		o->tail -= o->head;
		o->head = 0;
	}
	if (o->size - o->tail >= need)
		return 0;
	size = o->tail + need + 4096;
	bigger = realloc(o->buf, size);
	if (!bigger)
		return -1;
	o->buf = bigger;
	o->size = size;
	return 0;
}

int vx_out_frame(struct vx_out *o, enum vx_type type, const void *data, size_t len)
{
	uint8_t *h;

	if (len > VX_MAX_PAYLOAD || out_reserve(o, VX_HEADER_SIZE + len))
		return -1;
	h = o->buf + o->tail;
	memset(h, 0, VX_HEADER_SIZE);
	h[0] = (uint8_t)type;
	vx_put32(h + 4, (uint32_t)len);
	if (len)
		memcpy(h + VX_HEADER_SIZE, data, len);
	o->tail += VX_HEADER_SIZE + len;
	return 0;
}

int vx_out_u32(struct vx_out *o, enum vx_type type, uint32_t v)
{
	uint8_t b[4];

	vx_put32(b, v);
	return vx_out_frame(o, type, b, sizeof(b));
}

size_t vx_out_pending(const struct vx_out *o, const uint8_t **data)
{
	*data = o->buf + o->head;
	return o->tail - o->head;
}

void vx_out_sent(struct vx_out *o, size_t n)
{
	o->head += n;
	if (o->head == o->tail) {
		o->head = 0;
		o->tail = 0;
	}
}

/* Cut the next NUL-terminated string off; the copy ends with a NUL of ours. */
static char *next_string(char **pos, char *end)
{
	char *s = *pos;

	if (s > end)
		return NULL;
	*pos = s + strlen(s) + 1;
	return s;
}

static int parse_argc(const char *s, unsigned int *argc)
{
	unsigned long n = 0;

	if (!*s || strlen(s) > 5)
		return -1;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		n = n * 10 + (unsigned long)(*s - '0');
	}
	if (n < 1 || n > VX_MAX_STRINGS / 2)
		return -1;
	*argc = (unsigned int)n;
	return 0;
}

static int start_env(struct vx_start *s, char **pos, char *end, const char **why)
{
	unsigned int n = 0;
	char *e;

	while ((e = next_string(pos, end))) {
		if (!*e)
			continue;
		if (*e == '=' || !strchr(e, '=')) {
			*why = "environment entry is not NAME=VALUE";
			return -1;
		}
		if (n >= VX_MAX_STRINGS / 2) {
			*why = "too many environment entries";
			return -1;
		}
		s->envp[n++] = e;
	}
	return 0;
}

static int start_fields(struct vx_start *s, char *end, const char **why)
{
	char *pos = s->copy;
	char *flags = next_string(&pos, end);
	char *cwd = next_string(&pos, end);
	char *argc = next_string(&pos, end);
	unsigned int i;

	if (!flags || !cwd || !argc || parse_argc(argc, &s->argc)) {
		*why = "malformed START";
		return -1;
	}
	if (flags[strspn(flags, "t")]) {
		*why = "unknown flag in START";
		return -1;
	}
	s->pty = *flags != 0;
	s->cwd = cwd;
	for (i = 0; i < s->argc; i++) {
		s->argv[i] = next_string(&pos, end);
		if (!s->argv[i]) {
			*why = "fewer arguments than announced";
			return -1;
		}
	}
	if (!*s->argv[0]) {
		*why = "empty command";
		return -1;
	}
	return start_env(s, &pos, end, why);
}

int vx_start_parse(const uint8_t *payload, size_t len, struct vx_start *s,
		   const char **why)
{
	memset(s, 0, sizeof(*s));
	*why = "out of memory";
	s->copy = malloc(len + 1);
	s->argv = calloc(VX_MAX_STRINGS / 2 + 1, sizeof(char *));
	s->envp = calloc(VX_MAX_STRINGS / 2 + 1, sizeof(char *));
	if (!s->copy || !s->argv || !s->envp)
		goto out_free;
	if (len)
		memcpy(s->copy, payload, len);
	s->copy[len] = 0;
	if (start_fields(s, s->copy + len, why))
		goto out_free;
	return 0;

out_free:
	vx_start_free(s);
	return -1;
}

void vx_start_free(struct vx_start *s)
{
	free(s->copy);
	free(s->argv);
	free(s->envp);
	memset(s, 0, sizeof(*s));
}

/* Append one string with its NUL to a payload that must stay within bounds. */
static int add_string(uint8_t *buf, size_t *len, const char *s)
{
	size_t n = strlen(s) + 1;

	if (n > VX_MAX_PAYLOAD - *len)
		return -1;
	memcpy(buf + *len, s, n);
	*len += n;
	return 0;
}

int vx_out_start(struct vx_out *o, bool pty, const char *cwd,
		 char *const *argv, char *const *envp)
{
	unsigned int argc = 0;
	size_t len = 0;
	uint8_t *buf;
	char num[16];
	int r = -1;

	while (argv[argc])
		argc++;
	if (!argc || argc > VX_MAX_STRINGS / 2)
		return -1;
	buf = malloc(VX_MAX_PAYLOAD);
	if (!buf)
		return -1;
	snprintf(num, sizeof(num), "%u", argc);
	if (add_string(buf, &len, pty ? "t" : "") || add_string(buf, &len, cwd) ||
	    add_string(buf, &len, num))
		goto out_free;
	for (; *argv; argv++)
		if (add_string(buf, &len, *argv))
			goto out_free;
	for (; envp && *envp; envp++)
		if (add_string(buf, &len, *envp))
			goto out_free;
	r = vx_out_frame(o, VX_START, buf, len);

out_free:
	free(buf);
	return r;
}
