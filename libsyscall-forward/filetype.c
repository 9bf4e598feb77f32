// SPDX-License-Identifier: MIT
/* Alone in its file, for <sys/stat.h> and virtuos/abi.h define the same types. */
#include <fcntl.h>
#include <sys/stat.h>

#include "filetype.h"
#include "syscall.h"

/*
 * What kind of file is it? By the bare system call, so that errno stays as it is;
 * by the one that libc's fstat() makes, which is what a seccomp filter allows.
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
