// SPDX-License-Identifier: MIT
/* stat(), whose header must not come together with virtuos/door.h. */
#include <sys/stat.h>

mode_t mode_of_path(const char *path);

/* Return: the mode, or 0. */
mode_t mode_of_path(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_mode;
}

int set_mode(const char *path, mode_t mode);

int set_mode(const char *path, mode_t mode)
{
	return chmod(path, mode);
}
