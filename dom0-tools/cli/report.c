/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtuos report: what a report of a bug needs, in one archive. A part that is not to be had is
 * named in it, and the rest is collected all the same.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture.h"
#include "cli.h"

#define SECONDS		20	/* for each command */
#define FOLDER		"virtuos-report"
#define MAX_WORDS	8

/* What is asked, and the file that has the answer. */
static const struct part {
	const char *file;
	const char *argv[MAX_WORDS];
} parts[] = {
	{ "version.txt", { "virtuos", "--version" } },
	{ "packages.txt", { "dpkg-query", "-W", "virtuos*", "xen*", "libxen*", "linux-image*" } },
	{ "list.json", { "virtuos", "list", "--json" } },
	{ "status.txt", { "virtuos", "status" } },
	{ "check.txt", { "virtuos", "check" } },
	{ "scan.txt", { "virtuos", "scan" } },
	{ "metrics.txt", { "virtuos", "metrics" } },
	{ "top.txt", { "virtuos", "top", "--batch", "-n", "1", "-d", "2" } },
	{ "primary-dmesg.txt", { "virtuos", "exec", "--", "dmesg" } },
	{ "primary-units.txt", { "virtuos", "exec", "--", "systemctl", "--failed", "--no-pager" } },
	{ "xl-info.txt", { "xl", "info", "-n" } },
	{ "xl-list.txt", { "xl", "list", "-v" } },
	{ "xl-dmesg.txt", { "xl", "dmesg" } },
	{ "dmesg.txt", { "dmesg" } },
	{ "pci.txt", { "lspci", "-nnk" } },
	{ "journal.txt", { "journalctl", "-b", "-u", "virtuos*", "-o", "short-iso-precise", "--no-pager" } },
};

static const char *const logs[] = {
	"/etc/virtuos/*.cfg", VD_LOG_DIR "/*.log*", "/var/log/xen/console/*.log",
	"/var/log/xen/xl-*.log",
};

/*
 * struct report - the report that is made
 * @folder: where its files are, until they are in the archive
 * @index: its table of contents
 * @n: parts that are there
 * @missing: parts that are not, or not whole
 */
struct report {
	char folder[64];
	FILE *index;
	int n;
	int missing;
};

static FILE *open_part(const struct report *r, const char *file)
{
	char path[3 * VD_PATH_MAX];

	snprintf(path, sizeof(path), "%s/" FOLDER "/%s", r->folder, file);
	return fopen(path, "wxe");
}

/* Note in the index how a part came out. @why: "": well */
static void note(struct report *r, const char *file, const char *source, const char *why)
{
	r->n++;
	r->missing += !!*why;
	fprintf(r->index, "%-24s %s%s%s\n", file, source, *why ? ": " : "", why);
}

static void add_command(struct report *r, const struct part *p)
{
	char source[256] = "", why[64];
	FILE *out = open_part(r, p->file);
	int i;

	for (i = 0; i < MAX_WORDS && p->argv[i]; i++)
		snprintf(source + strlen(source), sizeof(source) - strlen(source), "%s%s",
			 i ? " " : "", p->argv[i]);
	if (!out) {
		note(r, p->file, source, strerror(errno));
		return;
	}
	capture_command(p->argv, SECONDS, out, why);
	note(r, p->file, source, why);
	fclose(out);
}

/* "/var/log/xen/xl-net.log" becomes "var-log-xen-xl-net.log". */
static void add_log(struct report *r, const char *path)
{
	char file[VD_PATH_MAX], *at;
	FILE *out;

	snprintf(file, sizeof(file), "%s", path + 1);
	for (at = file; *at; at++)
		if (*at == '/')
			*at = '-';
	out = open_part(r, file);
	note(r, file, path, out && !capture_file(path, out) ? "" : strerror(errno));
	if (out)
		fclose(out);
}

static void add_logs(struct report *r, const char *pattern)
{
	glob_t found;
	size_t i;

	if (!glob(pattern, 0, NULL, &found))
		for (i = 0; i < found.gl_pathc; i++)
			add_log(r, found.gl_pathv[i]);
	globfree(&found);
}

static int begin(struct report *r)
{
	char inner[2 * VD_PATH_MAX];

	*r = (struct report){ .n = 0 };
	snprintf(r->folder, sizeof(r->folder), "/tmp/virtuos-report.XXXXXX");
	if (!mkdtemp(r->folder))
		return -1;
	snprintf(inner, sizeof(inner), "%s/" FOLDER, r->folder);
	if (mkdir(inner, 0700))
		return -1;
	r->index = open_part(r, "README");
	return r->index ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void end(struct report *r)
{
	if (r->index)
		fclose(r->index);
	nftw(r->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Make the archive; a file that is there already is not touched. */
static int pack(const struct report *r, const char *output)
{
	int fd = open(output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), status = 0;
	pid_t pid;

	if (fd < 0)
		return -1;
	pid = fork();
	if (!pid) {
		if (dup2(fd, STDOUT_FILENO) >= 0)
			execlp("tar", "tar", "-C", r->folder, "-cz", FOLDER, (char *)NULL);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid > 0 && !status && !close(fd))
		return 0;
	unlink(output);
	errno = EIO;
	return -1;
}

static int make_report(const char *output)
{
	struct report r;
	int rc;
	size_t i;

	if (!access(output, F_OK)) {
		vd_log("%s: %s", output, strerror(EEXIST));
		return 1;
	}
	rc = begin(&r);
	if (rc) {
		vd_log("%s: %s", r.folder, strerror(errno));
		end(&r);
		return 1;
	}
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		add_command(&r, &parts[i]);
	for (i = 0; i < sizeof(logs) / sizeof(logs[0]); i++)
		add_logs(&r, logs[i]);
	fflush(r.index);
	rc = pack(&r, output);
	if (rc)
		vd_log("%s: %s", output, strerror(errno));
	else
		printf("%s: %d parts, %d of them missing or cut short (see README in it)\n"
		       "Passwords, keys and halves of MAC addresses are blanked. Read it before you send it.\n",
		       output, r.n, r.missing);
	end(&r);
	return rc ? 1 : 0;
}

int cmd_report(int argc, char **argv)
{
	char usual[64];
	time_t now = time(NULL);

	if (argc != 1 && !(argc == 3 && !strcmp(argv[1], "-o")))
		return BAD_USAGE;
	umask(077);
	strftime(usual, sizeof(usual), FOLDER "-%Y%m%d-%H%M%S.tar.gz", localtime(&now));
	return make_report(argc == 3 ? argv[2] : usual);
}
