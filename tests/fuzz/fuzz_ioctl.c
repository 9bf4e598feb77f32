// SPDX-License-Identifier: GPL-2.0
/*
 * ioctls of sockets: the primary's side (net/ioctl.c, ethtool.c, call.c) for a process that
 * hands in anything and a network domain that answers anything (ioctl/primary.c), the network
 * domain's (service-domain/net/ioctl.c) for a front end that submits anything (ioctl/domain.c).
 *
 * Wanted, of the primary:
 * - no byte of a process's memory is read or written that Linux would not read or write
 *   (ioctl/linux.c), and none is written if the command fails, but for memory that is not
 *   there;
 * - the network domain gets what was read, each byte at its place, and zeros: nothing of the
 *   kernel's memory, and no pointer;
 * - no more of a list is told of than there is room for.
 *
 * Of the network domain:
 * - the command sees what was submitted, in the window, and nothing of an earlier call; the
 *   one pointer it finds leads there; it is none that would act on the domain's own processes;
 * - what is answered is the window's, within the extents, and nothing if the command fails;
 * - the file stands for the primary's socket while the command runs, and only then; a
 *   reference is given back once.
 */
#include "shim/state.h"
#include "ioctl/ioctl.h"

struct input in;

void shim_relax(void)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	in = (struct input){ data, size };
	shim_begin();
	if (in_u8(&in) % 4)
		try_primary();
	else
		try_domain();
	shim_end();
	return 0;
}
