/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of functions: see symbols.h. */
#define _GNU_SOURCE
#include <elf.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols.h"

#define MAX_SEGMENTS	64u
#define MAX_SECTIONS	65536u
#define MAX_BYTES	(256u << 20)	/* of symbols, and of names */

/* A program's file while it is read. */
struct elf {
	int fd;
	Elf64_Ehdr head;
	Elf64_Phdr segment[MAX_SEGMENTS];
	Elf64_Shdr *section;
	Elf64_Sym *sym;
	size_t syms;
};

static int read_at(int fd, void *to, size_t n, uint64_t offset)
{
	return offset <= INT64_MAX && pread(fd, to, n, (off_t)offset) == (ssize_t)n ? 0 : -1;
}

/* Read bytes into new memory, which ends with a NUL. */
static void *read_new(int fd, uint64_t n, uint64_t offset)
{
	char *p = n && n <= MAX_BYTES ? malloc(n + 1) : NULL;

	if (p && read_at(fd, p, n, offset)) {
		free(p);
		return NULL;
	}
	if (p)
		p[n] = 0;
	return p;
}

static int read_head(struct elf *e)
{
	if (read_at(e->fd, &e->head, sizeof(e->head), 0) ||
	    memcmp(e->head.e_ident, ELFMAG, SELFMAG) || e->head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    e->head.e_ident[EI_DATA] != ELFDATA2LSB || e->head.e_phnum > MAX_SEGMENTS ||
	    e->head.e_phentsize != sizeof(Elf64_Phdr) ||
	    e->head.e_shentsize != sizeof(Elf64_Shdr) || !e->head.e_shnum)
		return -1;
	if (read_at(e->fd, e->segment, e->head.e_phnum * sizeof(Elf64_Phdr), e->head.e_phoff))
		return -1;
	e->section = read_new(e->fd, e->head.e_shnum * sizeof(Elf64_Shdr), e->head.e_shoff);
	return e->section ? 0 : -1;
}

/* The table of all symbols, or of those that other files may use. */
static const Elf64_Shdr *find_table(const struct elf *e)
{
	const Elf64_Shdr *found = NULL, *s;

	for (s = e->section; s < e->section + e->head.e_shnum; s++) {
		if (s->sh_type != SHT_SYMTAB && s->sh_type != SHT_DYNSYM)
			continue;
		if (s->sh_entsize != sizeof(Elf64_Sym) || s->sh_link >= e->head.e_shnum)
			continue;
		if (!found || s->sh_type == SHT_SYMTAB)
			found = s;
	}
	return found;
}

/* Where in the file an address is. False: nowhere. */
static bool place_of(const struct elf *e, uint64_t address, uint64_t *place)
{
	const Elf64_Phdr *p;

	for (p = e->segment; p < e->segment + e->head.e_phnum; p++) {
		if (p->p_type != PT_LOAD || address < p->p_vaddr ||
		    address - p->p_vaddr >= p->p_filesz)
			continue;
		*place = address - p->p_vaddr + p->p_offset;
		return true;
	}
	return false;
}

static void take_symbols(const struct elf *e, struct vp_symbols *s)
{
	const Elf64_Sym *sym;
	uint64_t place;

	for (sym = e->sym; sym < e->sym + e->syms; sym++) {
		unsigned int type = ELF64_ST_TYPE(sym->st_info);

		if ((type != STT_FUNC && type != STT_GNU_IFUNC) || !sym->st_shndx ||
		    sym->st_name >= s->names_len || !place_of(e, sym->st_value, &place))
			continue;
		s->symbol[s->n++] = (struct vp_symbol){ place, sym->st_size, sym->st_name };
	}
}

static int by_address(const void *a, const void *b)
{
	const struct vp_symbol *x = a, *y = b;

	if (x->at != y->at)
		return (x->at > y->at) - (x->at < y->at);
	return (x->size > y->size) - (x->size < y->size);
}

static int finish(struct vp_symbols *s)
{
	if (!s->n) {
		vp_symbols_free(s);
		return -1;
	}
	qsort(s->symbol, s->n, sizeof(*s->symbol), by_address);
	return 0;
}

static int read_table(struct elf *e, struct vp_symbols *s)
{
	const Elf64_Shdr *table = find_table(e), *names;

	if (!table)
		return -1;
	names = &e->section[table->sh_link];
	e->syms = table->sh_size / sizeof(Elf64_Sym);
	e->sym = read_new(e->fd, e->syms * sizeof(Elf64_Sym), table->sh_offset);
	s->names = read_new(e->fd, names->sh_size, names->sh_offset);
	s->names_len = names->sh_size;
	s->symbol = e->sym && s->names ? calloc(e->syms, sizeof(*s->symbol)) : NULL;
	if (!s->symbol)
		return -1;
	take_symbols(e, s);
	return 0;
}

int vp_symbols_elf(struct vp_symbols *s, int fd)
{
	struct elf e = { .fd = fd };

	*s = (struct vp_symbols){ 0 };
	if (!read_head(&e))
		read_table(&e, s);
	free(e.sym);
	free(e.section);
	return finish(s);
}

/* Make room for another symbol and its name. */
static bool grow(struct vp_symbols *s, size_t *room, size_t *name_room, size_t len)
{
	void *p;

	if (s->n == *room) {
		*room = *room ? 2 * *room : 1024;
		p = reallocarray(s->symbol, *room, sizeof(*s->symbol));
		if (!p)
			return false;
		s->symbol = p;
	}
	if (s->names_len + len > *name_room) {
		*name_room = 2 * *name_room + len;
		p = *name_room <= MAX_BYTES ? realloc(s->names, *name_room) : NULL;
		if (!p)
			return false;
		s->names = p;
	}
	return true;
}

int vp_symbols_kernel(struct vp_symbols *s, const char *path)
{
	size_t room = 0, name_room = 0, len;
	char line[1024], name[512], type;
	FILE *f = fopen(path, "re");
	uint64_t at;

	*s = (struct vp_symbols){ 0 };
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNx64 " %c %511s", &at, &type, name) != 3 || !at ||
		    !strchr("tTwW", type))
			continue;
		len = strlen(name) + 1;
		if (!grow(s, &room, &name_room, len))
			break;
		memcpy(s->names + s->names_len, name, len);
		s->symbol[s->n++] = (struct vp_symbol){ at, 0, (uint32_t)s->names_len };
		s->names_len += len;
	}
	if (f)
		fclose(f);
	return finish(s);
}

const char *vp_symbols_find(const struct vp_symbols *s, uint64_t at)
{
	size_t low = 0, high = s->n, mid;
	const struct vp_symbol *found;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (s->symbol[mid].at <= at)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;
	found = &s->symbol[low - 1];
	if (found->size && at - found->at >= found->size)
		return NULL;
	return s->names + found->name;
}

void vp_symbols_free(struct vp_symbols *s)
{
	free(s->symbol);
	free(s->names);
	*s = (struct vp_symbols){ 0 };
}
