/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What processes have mapped: see space.h. The paths are what the processes mapped; another file
 * may have taken their place since. So a file is read only if it is regular and its inode is the
 * mapped one's.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "space.h"

#define MAX_MAPPINGS	16384u	/* of one process */
#define PATH_SIZE	4096
#define NO_INO		0u

struct file {
	char *path;		/* the key, with the inode */
	uint64_t ino;
	struct vp_symbols symbols;
};

/* Code of a file at an address. */
struct mapped {
	uint64_t start;
	uint64_t len;
	uint64_t offset;
	struct file *file;
};

struct process {
	uint32_t pid;		/* the key */
	uint32_t n;
	struct mapped *mapped;	/* the latest is the last */
};

struct thread {
	uint32_t tid;		/* the key */
	char name[VP_COMM];
};

static void __attribute__((noreturn)) no_memory(void)
{
	fputs("virtuos: out of memory\n", stderr);
	exit(1);
}

/* Both kinds of records begin with their number. */
static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int by_path(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	if (x->ino != y->ino)
		return (x->ino > y->ino) - (x->ino < y->ino);
	return strcmp(x->path, y->path);
}

/* Find what has a number, or add it with @size bytes, all zero. */
static void *get(void **tree, uint32_t number, size_t size)
{
	void **at = tfind(&number, tree, by_number);
	uint32_t *new;

	if (at)
		return *at;
	new = calloc(1, size);
	if (!new)
		no_memory();
	*new = number;
	if (!tsearch(new, tree, by_number))
		no_memory();
	return new;
}

/* Read the functions of a file if it is the one that was mapped. */
static void read_file(struct file *f)
{
	char by_fd[64];
	struct stat st;
	int place = open(f->path, O_PATH | O_CLOEXEC), fd;

	if (place < 0)
		return;
	if (!fstat(place, &st) && S_ISREG(st.st_mode) && st.st_ino == f->ino) {
		snprintf(by_fd, sizeof(by_fd), "/proc/self/fd/%d", place);
		fd = open(by_fd, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			vp_symbols_elf(&f->symbols, fd);
			close(fd);
		}
	}
	close(place);
}

static struct file *get_file(struct vp_spaces *s, const char *path, uint64_t ino)
{
	struct file key = { .ino = ino }, *f, **at;

	key.path = strdup(path);
	if (!key.path)
		no_memory();
	at = tfind(&key, &s->file, by_path);
	if (at) {
		free(key.path);
		return *at;
	}
	f = malloc(sizeof(*f));
	if (!f)
		no_memory();
	*f = key;
	if (!tsearch(f, &s->file, by_path))
		no_memory();
	if (ino != NO_INO && *path == '/')
		read_file(f);
	return f;
}

static void add(struct vp_spaces *s, uint32_t pid, const struct mapped *m)
{
	struct process *p = get(&s->process, pid, sizeof(*p));
	struct mapped *all;

	if (p->n == MAX_MAPPINGS)
		return;
	if (!(p->n & (p->n - 1))) {
		all = reallocarray(p->mapped, p->n ? 2 * p->n : 1, sizeof(*all));
		if (!all)
			no_memory();
		p->mapped = all;
	}
	p->mapped[p->n++] = *m;
}

void vp_spaces_map(struct vp_spaces *s, uint32_t pid, const struct vp_mapping *m)
{
	struct mapped mapped = { m->start, m->len, m->offset, get_file(s, m->path, m->ino) };

	add(s, pid, &mapped);
}

void vp_spaces_name(struct vp_spaces *s, uint32_t tid, const char *name)
{
	struct thread *t = get(&s->thread, tid, sizeof(*t));

	snprintf(t->name, sizeof(t->name), "%s", name);
}

void vp_spaces_fork(struct vp_spaces *s, uint32_t pid, uint32_t ppid, uint32_t tid, uint32_t ptid)
{
	const struct process *parent;
	uint32_t i;

	vp_spaces_name(s, tid, vp_spaces_comm(s, ptid));
	if (pid == ppid)
		return;
	vp_spaces_exec(s, pid);
	parent = get(&s->process, ppid, sizeof(*parent));
	for (i = 0; i < parent->n; i++)
		add(s, pid, &parent->mapped[i]);
}

void vp_spaces_exec(struct vp_spaces *s, uint32_t pid)
{
	struct process *p = get(&s->process, pid, sizeof(*p));

	free(p->mapped);
	p->mapped = NULL;
	p->n = 0;
}

/* A line of /proc/PID/maps. */
static void read_mapping(struct vp_spaces *s, uint32_t pid, const char *line)
{
	char path[PATH_SIZE] = "";
	struct vp_mapping m = { .path = path };
	uint64_t end;
	char x;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*c%*c%c%*c %" SCNx64 " %*x:%*x %" SCNu64 " %4095[^\n]",
		   &m.start, &end, &x, &m.offset, &m.ino, path) < 5 || x != 'x' || end <= m.start)
		return;
	m.len = end - m.start;
	vp_spaces_map(s, pid, &m);
}

static void read_process(struct vp_spaces *s, const char *proc, uint32_t pid)
{
	char path[PATH_SIZE], line[PATH_SIZE + 128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%u/maps", proc, pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		read_mapping(s, pid, line);
	if (f)
		fclose(f);
}

static void read_thread(struct vp_spaces *s, const char *dir, const char *tid)
{
	char path[PATH_SIZE], name[VP_COMM] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/comm", dir, tid);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(name, sizeof(name), f)) {
		name[strcspn(name, "\n")] = 0;
		vp_spaces_name(s, (uint32_t)strtoul(tid, NULL, 10), name);
	}
	fclose(f);
}

static void read_threads(struct vp_spaces *s, const char *proc, uint32_t pid)
{
	char dir[PATH_SIZE / 2];
	struct dirent *d;
	DIR *all;

	snprintf(dir, sizeof(dir), "%s/%u/task", proc, pid);
	all = opendir(dir);
	while (all && (d = readdir(all)))
		if (*d->d_name != '.')
			read_thread(s, dir, d->d_name);
	if (all)
		closedir(all);
}

void vp_spaces_read(struct vp_spaces *s, const char *proc)
{
	struct dirent *d;
	DIR *all = opendir(proc);
	uint32_t pid;

	while (all && (d = readdir(all))) {
		pid = (uint32_t)strtoul(d->d_name, NULL, 10);
		if (!pid)
			continue;
		read_process(s, proc, pid);
		read_threads(s, proc, pid);
	}
	if (all)
		closedir(all);
}

const char *vp_spaces_comm(const struct vp_spaces *s, uint32_t tid)
{
	struct thread *const *at = tfind(&tid, &s->thread, by_number);

	return at && *(*at)->name ? (*at)->name : "?";
}

void vp_spaces_function(struct vp_spaces *s, uint32_t pid, uint64_t at, char *to, size_t size)
{
	const struct process *p = get(&s->process, pid, sizeof(*p));
	const struct mapped *m = NULL;
	const char *name, *path, *base;
	uint32_t i;

	for (i = p->n; i && !m; i--)
		if (at - p->mapped[i - 1].start < p->mapped[i - 1].len)
			m = &p->mapped[i - 1];
	if (!m) {
		snprintf(to, size, "[unknown]");
		return;
	}
	name = vp_symbols_find(&m->file->symbols, at - m->start + m->offset);
	path = m->file->path;
	base = strrchr(path, '/');
	if (name)
		snprintf(to, size, "%s", name);
	else
		snprintf(to, size, *path == '[' ? "%s" : "[%s]", base ? base + 1 : path);
}

static void free_process(void *p)
{
	free(((struct process *)p)->mapped);
	free(p);
}

static void free_file(void *p)
{
	struct file *f = p;

	vp_symbols_free(&f->symbols);
	free(f->path);
	free(f);
}

void vp_spaces_free(struct vp_spaces *s)
{
	tdestroy(s->process, free_process);
	tdestroy(s->thread, free);
	tdestroy(s->file, free_file);
	vp_symbols_free(&s->kernel);
	*s = (struct vp_spaces){ 0 };
}
