/* SPDX-License-Identifier: GPL-2.0-only */
/* Which kernel a domain was started with: see kernel.h. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"

#define CHUNK		65536
#define HEAD		"%016" PRIx64 " %016" PRIx64 " "
#define HEAD_LEN	34	/* of that */
#define SEPARATOR	'\t'

struct kernel_sums {
	uint64_t contents;
	uint64_t touched;	/* changes with every write and every new file */
};

/* Each step can be undone, so one word that differs is never lost. The files are ours: no file lies. */
static uint64_t mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * 0x9e3779b97f4a7c15;
	return sum << 29 | sum >> 35;
}

static uint64_t mix_bytes(uint64_t sum, const unsigned char *bytes, size_t len)
{
	uint64_t word;
	size_t n;

	for (; len; bytes += n, len -= n) {
		n = len < sizeof(word) ? len : sizeof(word);
		word = 0;
		memcpy(&word, bytes, n);
		sum = mix(sum, word);
	}
	return sum;
}

static bool add_touched(const char *path, struct kernel_sums *s)
{
	struct stat st;

	if (stat(path, &st))
		return false;
	s->touched = mix(mix(s->touched, st.st_dev), st.st_ino);
	s->touched = mix(s->touched, (uint64_t)st.st_size);
	s->touched = mix(mix(s->touched, (uint64_t)st.st_mtim.tv_sec), (uint64_t)st.st_mtim.tv_nsec);
	s->touched = mix(mix(s->touched, (uint64_t)st.st_ctim.tv_sec), (uint64_t)st.st_ctim.tv_nsec);
	return true;
}

static bool add_contents(const char *path, struct kernel_sums *s)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char bytes[CHUNK];
	uint64_t len = 0;
	ssize_t n = -1;

	while (fd >= 0 && (n = read(fd, bytes, sizeof(bytes))) > 0) {
		s->contents = mix_bytes(s->contents, bytes, (size_t)n);
		len += (uint64_t)n;
	}
	s->contents = mix(s->contents, len);
	if (fd >= 0)
		close(fd);
	return !n;
}

void vd_kernel_note(const char *kernel, const char *ramdisk, char note[VD_KERNEL_NOTE])
{
	struct kernel_sums s = { 0, 0 };
	int len;

	*note = 0;
	/* Touched comes first: what is replaced between the two is read once more. */
	if (strpbrk(kernel, "\t\n") || strpbrk(ramdisk, "\t\n") ||
	    !add_touched(kernel, &s) || !add_touched(ramdisk, &s) ||
	    !add_contents(kernel, &s) || !add_contents(ramdisk, &s))
		return;
	len = snprintf(note, VD_KERNEL_NOTE, HEAD "%s%c%s", s.contents, s.touched, kernel, SEPARATOR,
		       ramdisk);
	if (len >= VD_KERNEL_NOTE)
		*note = 0;
}

/* Take a note apart. */
static bool read_note(const char *note, struct kernel_sums *s, char paths[VD_KERNEL_NOTE], char **ramdisk)
{
	if (sscanf(note, "%16" SCNx64 " %16" SCNx64 " ", &s->contents, &s->touched) != 2 ||
	    strlen(note) < HEAD_LEN)
		return false;
	snprintf(paths, VD_KERNEL_NOTE, "%s", note + HEAD_LEN);
	*ramdisk = strchr(paths, SEPARATOR);
	if (!*ramdisk)
		return false;
	*(*ramdisk)++ = 0;
	return true;
}

enum vd_kernel vd_kernel_judge(const char *note)
{
	struct kernel_sums noted, now = { 0, 0 };
	char paths[VD_KERNEL_NOTE], *ramdisk;

	if (!read_note(note, &noted, paths, &ramdisk) || !add_touched(paths, &now) ||
	    !add_touched(ramdisk, &now))
		return VD_KERNEL_UNKNOWN;
	if (now.touched == noted.touched)
		return VD_KERNEL_INSTALLED;
	if (!add_contents(paths, &now) || !add_contents(ramdisk, &now))
		return VD_KERNEL_UNKNOWN;
	return now.contents == noted.contents ? VD_KERNEL_INSTALLED : VD_KERNEL_OLDER;
}
