// SPDX-License-Identifier: MIT
/* Modes of files. <sys/stat.h> must not come together with doortest.h, so that declares these. */
#include <sys/stat.h>

mode_t mode_of_path(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_mode;
}

int set_mode(const char *path, mode_t mode)
{
	return chmod(path, mode);
}
