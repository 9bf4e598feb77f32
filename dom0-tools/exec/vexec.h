/* SPDX-License-Identifier: MIT */
/*
 * vexec: the framed protocol by which a host runs commands in a guest. It needs any reliable
 * byte stream (libxenvchan, virtio-serial port, pty). README.md describes it for people that
 * write another end of it.
 *
 * Invariant: nothing in here trusts the peer. A frame is handed out only when its header has
 * been checked and its payload is complete, in private memory.
 *
 * Used by virtuos-agent (server), by `virtuos exec` (client) and by the unit tests; does no I/O
 * and knows nothing of Xen.
 */
#ifndef VEXEC_H
#define VEXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VX_HEADER_SIZE	8u
#define VX_MAX_PAYLOAD	65536u
#define VX_WINDOW	(256u * 1024u)	/* unacknowledged data bytes, each way */
#define VX_MAX_STRINGS	8192u		/* argv and env of one START */

enum vx_type {
	VX_PAD = 0,		/* a single byte, skipped where a header may start */
	VX_START = 1,
	VX_STDIN = 2,
	VX_STDIN_EOF = 3,
	VX_SIGNAL = 4,
	VX_WINSIZE = 5,
	VX_STDOUT = 6,
	VX_STDERR = 7,
	VX_EXIT = 8,
	VX_ERROR = 9,
	VX_RESET = 10,
	VX_RESET_DONE = 11,
	VX_ACK = 12,
	VX_TYPE_END
};

struct vx_frame {
	enum vx_type type;
	uint32_t len;
	const uint8_t *payload;	/* valid until the parser is used again */
};

/* Receive side: bytes in, frames out. */
struct vx_parser {
	uint8_t *buf;
	size_t head;		/* first byte not yet handed out */
	size_t tail;		/* end of the bytes received */
};

/* Send side: frames in, bytes out; grows as needed, the caller bounds it. */
struct vx_out {
	uint8_t *buf;
	size_t head, tail, size;
};

/* A decoded START; all pointers lead into one private copy. */
struct vx_start {
	char *copy;
	char **argv;		/* NULL-terminated */
	char **envp;		/* NULL-terminated */
	const char *cwd;	/* "" = the server's choice */
	unsigned int argc;
	bool pty;
};

/**
 * vx_get32 - read 32 bits, little endian
 * @p: where
 *
 * Return: the value.
 */
uint32_t vx_get32(const uint8_t *p);

/**
 * vx_get16 - read 16 bits, little endian
 * @p: where
 *
 * Return: the value.
 */
uint16_t vx_get16(const uint8_t *p);

/**
 * vx_put32 - write 32 bits, little endian
 * @p: where
 * @v: the value
 */
void vx_put32(uint8_t *p, uint32_t v);

/**
 * vx_put16 - write 16 bits, little endian
 * @p: where
 * @v: the value
 */
void vx_put16(uint8_t *p, uint16_t v);

/**
 * vx_parser_init - prepare a parser
 * @p: filled
 *
 * Return: 0, or -1: out of memory.
 */
int vx_parser_init(struct vx_parser *p);

/**
 * vx_parser_free - free a parser's memory
 * @p: the parser
 */
void vx_parser_free(struct vx_parser *p);

/**
 * vx_parser_reset - forget everything received so far
 * @p: the parser
 */
void vx_parser_reset(struct vx_parser *p);

/**
 * vx_parser_room - get the place for received bytes
 * @p: the parser
 * @where: set to the place
 *
 * Return: the room there; never 0 after vx_parser_next() returned 0.
 */
size_t vx_parser_room(struct vx_parser *p, uint8_t **where);

/**
 * vx_parser_fill - add bytes that were put where vx_parser_room() said
 * @p: the parser
 * @n: number of bytes
 */
void vx_parser_fill(struct vx_parser *p, size_t n);

/**
 * vx_parser_next - take the next frame
 * @p: the parser
 * @f: set to the frame
 *
 * Return: 1: a frame; 0: more bytes are needed; -1: the peer broke the protocol.
 */
int vx_parser_next(struct vx_parser *p, struct vx_frame *f);

/**
 * vx_out_init - prepare an empty queue of frames
 * @o: filled
 */
void vx_out_init(struct vx_out *o);

/**
 * vx_out_free - free a queue's memory
 * @o: the queue
 */
void vx_out_free(struct vx_out *o);

/**
 * vx_out_frame - queue a frame
 * @o: the queue
 * @type: of the frame
 * @data: its payload
 * @len: bytes of @data
 *
 * Return: 0, or -1: out of memory, or @len is over VX_MAX_PAYLOAD.
 */
int vx_out_frame(struct vx_out *o, enum vx_type type, const void *data, size_t len);

/**
 * vx_out_u32 - queue a frame whose payload is a number
 * @o: the queue
 * @type: of the frame
 * @v: the number
 *
 * Return: as vx_out_frame().
 */
int vx_out_u32(struct vx_out *o, enum vx_type type, uint32_t v);

/**
 * vx_out_pending - get the bytes that are not sent yet
 * @o: the queue
 * @data: set to them
 *
 * Return: number of bytes.
 */
size_t vx_out_pending(const struct vx_out *o, const uint8_t **data);

/**
 * vx_out_sent - drop bytes that have been sent
 * @o: the queue
 * @n: number of bytes
 */
void vx_out_sent(struct vx_out *o, size_t n);

/**
 * vx_start_parse - decode the payload of a START
 * @payload: the payload
 * @len: its bytes
 * @s: filled; vx_start_free() frees its memory
 * @why: on error, set to a short text
 *
 * Return: 0 or -1.
 */
int vx_start_parse(const uint8_t *payload, size_t len, struct vx_start *s,
		   const char **why);

/**
 * vx_start_free - free a decoded START
 * @s: as vx_start_parse() filled it
 */
void vx_start_free(struct vx_start *s);

/**
 * vx_out_start - queue a START
 * @o: the queue
 * @pty: the command gets a terminal
 * @cwd: its directory; "": the server's choice
 * @argv: its arguments, NULL at the end
 * @envp: its environment, NULL at the end; or NULL
 *
 * Return: 0, or -1: it does not fit into one frame.
 */
int vx_out_start(struct vx_out *o, bool pty, const char *cwd,
		 char *const *argv, char *const *envp);

#endif
