/* SPDX-License-Identifier: GPL-2.0-only */
/* Call chains as a tree: see frames.h. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/printable.h"
#include "frames.h"

#define NAME_MAX	200u	/* C++ has longer ones */
#define NSEC_PER_USEC	1000u

static void __attribute__((noreturn)) no_memory(void)
{
	fputs("virtuos: out of memory\n", stderr);
	exit(1);
}

/* Copy a name into NAME_MAX bytes. */
static void clean_name(const char *name, char *to)
{
	char *p;

	snprintf(to, NAME_MAX, "%s", *name ? name : "?");
	vd_printable(to, strlen(to));
	for (p = to; *p; p++)
		if (*p == ';')
			*p = ':';
}

struct vp_frame *vp_frame_of(struct vp_frame *parent, const char *name)
{
	struct vp_frame **at, *f;
	char clean[NAME_MAX];

	clean_name(name, clean);
	for (at = &parent->child; *at; at = &(*at)->next)
		if (!strcmp((*at)->name, clean))
			break;
	f = *at;
	if (f) {
		*at = f->next;		/* it comes to the front: it is likely the next one, too */
	} else {
		f = calloc(1, sizeof(*f));
		if (!f || !(f->name = strdup(clean)))
			no_memory();
	}
	f->next = parent->child;
	parent->child = f;
	return f;
}

static int by_name(const void *a, const void *b)
{
	const struct vp_frame *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static void sort_children(struct vp_frame *parent)
{
	struct vp_frame *f, **all, **at;
	size_t n = 0, i = 0;

	for (f = parent->child; f; f = f->next)
		n++;
	if (n < 2)
		return;
	all = calloc(n, sizeof(*all));
	if (!all)
		no_memory();
	for (f = parent->child; f; f = f->next)
		all[i++] = f;
	qsort(all, n, sizeof(*all), by_name);
	for (i = 0, at = &parent->child; i < n; i++, at = &(*at)->next)
		*at = all[i];
	*at = NULL;
	free(all);
}

/* Half a microsecond or more counts as one. */
static uint64_t usec(uint64_t ns)
{
	return (ns + NSEC_PER_USEC / 2) / NSEC_PER_USEC;
}

/* @path: the names of those above @parent, each with a semicolon. */
static void fold(struct vp_frame *parent, struct vp_text *path, struct vp_text *t)
{
	struct vp_frame *f;
	size_t len = path->len;

	sort_children(parent);
	for (f = parent->child; f; f = f->next) {
		vp_text_add(path, "%s", f->name);
		if (usec(f->self))
			vp_text_add(t, "%s %" PRIu64 "\n", path->buf, usec(f->self));
		vp_text_add(path, ";");
		fold(f, path, t);
		path->len = len;
		path->buf[len] = 0;
	}
}

void vp_frames_folded(struct vp_frame *root, struct vp_text *t)
{
	struct vp_text path = { 0 };

	vp_text_add(&path, "%s", "");
	fold(root, &path, t);
	vp_text_free(&path);
}

void vp_frames_free(struct vp_frame *root)
{
	struct vp_frame *f, *next;

	for (f = root->child; f; f = next) {
		next = f->next;
		free(f->name);
		vp_frames_free(f);
		free(f);
	}
	*root = (struct vp_frame){ 0 };
}

/* A string of JavaScript, in a page: it must not end the script. */
static void js_string(const char *s, struct vp_text *t)
{
	vp_text_add(t, "\"");
	for (; *s; s++)
		vp_text_add(t, strchr("\"\\<>&", *s) ? "\\u%04x" : "%c", (unsigned int)*s);
	vp_text_add(t, "\"");
}

/* [name, microseconds of its own, [those that it calls]] */
static void js_tree(struct vp_frame *f, const char *name, struct vp_text *t)
{
	struct vp_frame *child;

	sort_children(f);
	vp_text_add(t, "[");
	js_string(name, t);
	vp_text_add(t, ",%" PRIu64 ",[", usec(f->self));
	for (child = f->child; child; child = child->next) {
		js_tree(child, child->name, t);
		if (child->next)
			vp_text_add(t, ",");
	}
	vp_text_add(t, "]]");
}

static const char page_begin[] =
	"<!DOCTYPE html>\n"
	"<meta charset=\"utf-8\">\n"
	"<style>\n"
	"body { font: 12px sans-serif; margin: 8px }\n"
	"#graph { position: relative }\n"
	"#graph div { position: absolute; height: 17px; overflow: hidden; white-space: nowrap;\n"
	"  box-sizing: border-box; border: 1px solid white; padding-left: 2px; cursor: pointer }\n"
	"</style>\n"
	"<p><b id=\"title\"></b>: click a frame to widen it, the lowest one to see all.\n"
	"Blue: service domains. Orange: the primary's kernel.\n"
	"<input id=\"find\" placeholder=\"find a name\">\n"
	"<p id=\"what\">&nbsp;\n"
	"<div id=\"graph\"></div>\n"
	"<script>\n";

/* A frame is as wide as its time; what it calls stands on it. */
static const char page_end[] =
	"const graph = document.getElementById('graph'), what = document.getElementById('what');\n"
	"const find = document.getElementById('find');\n"
	"document.title = document.getElementById('title').textContent = title;\n"
	"function measure(f) {\n"
	"  f.total = f[2].reduce((sum, c) => { c.parent = f; return sum + measure(c); }, f[1]);\n"
	"  f.depth = 1 + f[2].reduce((d, c) => Math.max(d, c.depth), 0);\n"
	"  return f.total;\n"
	"}\n"
	"function color(f) {\n"
	"  for (let g = f; g; g = g.parent)\n"
	"    if (/^\\[(net|storage)\\]$/.test(g[0])) return '#9cf';\n"
	"  return f[0].endsWith('_[k]') ? '#fb6' : '#fd9';\n"
	"}\n"
	"function put(f, left, width, level) {\n"
	"  if (width * graph.clientWidth < 1) return;\n"
	"  const d = document.createElement('div');\n"
	"  const share = (100 * f.total / tree.total).toFixed(1) + ' %';\n"
	"  d.textContent = f[0];\n"
	"  d.title = f[0] + ': ' + (f.total / 1000).toFixed(3) + ' ms, ' + share;\n"
	"  d.style.left = 100 * left + '%';\n"
	"  d.style.width = 100 * width + '%';\n"
	"  d.style.bottom = 17 * level + 'px';\n"
	"  d.style.background = find.value && f[0].includes(find.value) ? '#f6f' : color(f);\n"
	"  d.onmouseover = () => { what.textContent = d.title; };\n"
	"  d.onclick = () => show(f);\n"
	"  graph.appendChild(d);\n"
	"  for (const c of f[2]) {\n"
	"    const w = width * c.total / f.total;\n"
	"    put(c, left, w, level + 1);\n"
	"    left += w;\n"
	"  }\n"
	"}\n"
	"let shown = tree;\n"
	"function show(f) {\n"
	"  const below = [];\n"
	"  for (let g = f.parent; g; g = g.parent) below.unshift(g);\n"
	"  shown = f;\n"
	"  graph.replaceChildren();\n"
	"  graph.style.height = 17 * (below.length + f.depth) + 'px';\n"
	"  below.forEach((g, level) => put(Object.assign([g[0], 0, []],\n"
	"    { total: g.total, parent: g.parent }), 0, 1, level));\n"
	"  [...graph.children].forEach((d, i) => { d.onclick = () => show(below[i]); });\n"
	"  put(f, 0, 1, below.length);\n"
	"}\n"
	"find.oninput = () => show(shown);\n"
	"window.onresize = () => show(shown);\n"
	"measure(tree);\n"
	"show(tree);\n"
	"</script>\n";

void vp_frames_html(struct vp_frame *root, const char *title, struct vp_text *t)
{
	char clean[NAME_MAX];

	clean_name(title, clean);
	vp_text_add(t, "%s", page_begin);
	vp_text_add(t, "const title = ");
	js_string(clean, t);
	vp_text_add(t, ";\nconst tree = ");
	js_tree(root, "all", t);
	vp_text_add(t, ";\n%s", page_end);
}
