// SPDX-License-Identifier: GPL-2.0
/*
 * The table of FUSE's operations: see opcode.h. It has all operations that the client's header
 * names. The service serves them or answers ENOSYS.
 */
#include <linux/array_size.h>
#include <linux/bug.h>
#include <linux/fuse.h>
#include "opcode.h"

/* X(operation, name, flags, name_arg) */
#define OPCODES(X)									\
	X(LOOKUP,		"lookup",		0,			0)	\
	X(FORGET,		"forget",		0,			0)	\
	X(GETATTR,		"getattr",		0,			0)	\
	X(SETATTR,		"setattr",		VOSFS_CHANGES |			\
							VOSFS_LOGS,		0)	\
	X(READLINK,		"readlink",		0,			0)	\
	X(SYMLINK,		"symlink",		VOSFS_CHANGES |			\
							VOSFS_LOGS,		0)	\
	X(MKNOD,		"mknod",		VOSFS_CHANGES |			\
							VOSFS_LOGS,		0)	\
	X(MKDIR,		"mkdir",		VOSFS_CHANGES |			\
							VOSFS_LOGS,		0)	\
	X(UNLINK,		"unlink",		VOSFS_LOGS | VOSFS_CHANGES |	\
							VOSFS_UNLINKS,		0)	\
	X(RMDIR,		"rmdir",		VOSFS_CHANGES |			\
							VOSFS_LOGS,		0)	\
	X(RENAME,		"rename",		VOSFS_LOGS | VOSFS_CHANGES |	\
							VOSFS_REPLACES,		2)	\
	X(LINK,			"link",			VOSFS_CHANGES |			\
							VOSFS_LOGS,		0)	\
	X(OPEN,			"open",			0,			0)	\
	X(READ,			"read",			0,			0)	\
	X(WRITE,		"write",		VOSFS_CHANGES,		0)	\
	X(STATFS,		"statfs",		0,			0)	\
	X(RELEASE,		"release",		0,			0)	\
	X(FSYNC,		"fsync",		0,			0)	\
	X(SETXATTR,		"setxattr",		VOSFS_LOGS | VOSFS_CHANGES |	\
							VOSFS_SETS_XATTR,	1)	\
	X(GETXATTR,		"getxattr",		VOSFS_ASKS_XATTR,	1)	\
	X(LISTXATTR,		"listxattr",		VOSFS_AS_CALLER,	0)	\
	X(REMOVEXATTR,		"removexattr",		VOSFS_LOGS | VOSFS_CHANGES |	\
							VOSFS_SETS_XATTR,	0)	\
	X(FLUSH,		"flush",		0,			0)	\
	X(INIT,			"init",			0,			0)	\
	X(OPENDIR,		"opendir",		0,			0)	\
	X(READDIR,		"readdir",		0,			0)	\
	X(RELEASEDIR,		"releasedir",		0,			0)	\
	X(FSYNCDIR,		"fsyncdir",		0,			0)	\
	X(GETLK,		"getlk",		0,			0)	\
	X(SETLK,		"setlk",		0,			0)	\
	X(SETLKW,		"setlkw",		0,			0)	\
	X(ACCESS,		"access",		0,			0)	\
	X(CREATE,		"create",		VOSFS_CHANGES,		0)	\
	X(INTERRUPT,		"interrupt",		0,			0)	\
	X(BMAP,			"bmap",			0,			0)	\
	X(DESTROY,		"destroy",		0,			0)	\
	X(IOCTL,		"ioctl",		VOSFS_CHANGES,		0)	\
	X(POLL,			"poll",			0,			0)	\
	X(NOTIFY_REPLY,		"notify_reply",		0,			0)	\
	X(BATCH_FORGET,		"batch_forget",		0,			0)	\
	X(FALLOCATE,		"fallocate",		VOSFS_CHANGES,		0)	\
	X(READDIRPLUS,		"readdirplus",		0,			0)	\
	X(RENAME2,		"rename2",		VOSFS_LOGS | VOSFS_CHANGES |	\
							VOSFS_REPLACES,		2)	\
	X(LSEEK,		"lseek",		0,			0)	\
	X(COPY_FILE_RANGE,	"copy_file_range",	VOSFS_CHANGES,		0)	\
	X(SETUPMAPPING,		"setupmapping",		0,			0)	\
	X(REMOVEMAPPING,	"removemapping",	0,			0)	\
	X(SYNCFS,		"syncfs",		0,			0)	\
	X(TMPFILE,		"tmpfile",		VOSFS_CHANGES,		0)	\
	X(STATX,		"statx",		0,			0)

#define ROW(op, word, what, arg) \
	[FUSE_##op] = { .name = word, .flags = what, .name_arg = arg },

static const struct vosfs_opcode table[] = {
	/* An operation that is not known may change something. */
	[0] = { .name = "unknown", .flags = VOSFS_CHANGES },
	OPCODES(ROW)
};

static_assert(ARRAY_SIZE(table) == VOSFS_NR_OPCODES);

/* Each operation of the header has one row: two or none are an error here. */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wswitch"
#define CASE(op, word, what, arg) case FUSE_##op:

static void __maybe_unused check_rows(enum fuse_opcode opcode)
{
	switch (opcode) {
	OPCODES(CASE)
	case CUSE_INIT:			/* of character devices */
	case CUSE_INIT_BSWAP_RESERVED:	/* of no system */
	case FUSE_INIT_BSWAP_RESERVED:
		break;
	}
}

#pragma GCC diagnostic pop

/**
 * vosfs_opcode_index - get the place of an operation in the table
 * @opcode: FUSE_*
 *
 * Return: the index, also in arrays of VOSFS_NR_OPCODES.
 */
u32 vosfs_opcode_index(u32 opcode)
{
	bool known = opcode < ARRAY_SIZE(table) && table[opcode].name;

	return WARN_ON_ONCE(!known) ? 0 : opcode;
}

/**
 * vosfs_opcode - get what is known of an operation
 * @opcode: FUSE_*
 *
 * Return: its row, never NULL.
 */
const struct vosfs_opcode *vosfs_opcode(u32 opcode)
{
	return &table[vosfs_opcode_index(opcode)];
}
