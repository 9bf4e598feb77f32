// SPDX-License-Identifier: MIT
/* <sys/stat.h> and virtuos/abi.h define the same types, so this has a file of its own. */
#include <fcntl.h>
#include <sys/stat.h>

#include "filetype.h"
#include "syscall.h"

/**
 * fwd_filetype - get the kind of file of a descriptor
 * @fd: the descriptor
 *
 * The bare system call leaves errno as it is. It is the one that libc's fstat() makes, which is
 * what a seccomp filter allows.
 *
 * Return: the kind; FWD_OTHER on error, too.
 */
enum fwd_filetype fwd_filetype(int fd)
{
	struct stat st;

	if (fwd_syscall(SYS_newfstatat, fd, (long)"", (long)&st, AT_EMPTY_PATH, 0, 0))
		return FWD_OTHER;
	if (S_ISSOCK(st.st_mode))
		return FWD_SOCKET;
	return S_ISREG(st.st_mode) ? FWD_REGULAR : FWD_OTHER;
}
