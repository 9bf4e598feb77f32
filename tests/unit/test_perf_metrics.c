/* SPDX-License-Identifier: MIT */
/*
 * `virtuos metrics`: each text is checked by the grammar and the rules of OpenMetrics 1.0, as
 * far as counters and gauges need them. And the file is replaced at once.
 */
#include <dirent.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "metrics.h"
#include "output.h"

#define NAME	"[a-zA-Z_:][a-zA-Z0-9_:]*"
#define LABEL	"[a-zA-Z_][a-zA-Z0-9_]*=\"([^\"\\\n]|\\\\[\"\\n])*\""
#define SAMPLE	"^(" NAME ")(\\{" LABEL "(," LABEL ")*\\})? (-?[0-9]+(\\.[0-9]+)?)$"
#define TYPE	"^# TYPE (" NAME ") (counter|gauge)$"
#define UNIT	"^# UNIT (" NAME ") ([a-z]+)$"
#define HELP	"^# HELP (" NAME ") [^\\\\]+$"
#define MOST	200

static regex_t type_line, unit_line, help_line, sample_line;

/* What has been seen of a text. */
struct seen {
	char family[MOST][100];		/* the last is the one that the lines belong to */
	unsigned int families;
	bool counter;
	bool unit;
	bool help;
	char series[MOST][400];		/* name and labels */
	unsigned int n_series;
};

static int compile(void **state)
{
	(void)state;
	return regcomp(&type_line, TYPE, REG_EXTENDED) || regcomp(&unit_line, UNIT, REG_EXTENDED) ||
	       regcomp(&help_line, HELP, REG_EXTENDED) || regcomp(&sample_line, SAMPLE, REG_EXTENDED);
}

static int release(void **state)
{
	(void)state;
	regfree(&type_line);
	regfree(&unit_line);
	regfree(&help_line);
	regfree(&sample_line);
	return 0;
}

static void copy_match(char *to, size_t size, const char *line, const regmatch_t *m)
{
	snprintf(to, size, "%.*s", (int)(m->rm_eo - m->rm_so), line + m->rm_so);
}

static bool matches(const regex_t *re, const char *line, char name[100], char second[100])
{
	regmatch_t m[3];

	if (regexec(re, line, 3, m, 0))
		return false;
	copy_match(name, 100, line, &m[1]);
	copy_match(second, 100, line, &m[2]);
	return true;
}

static const char *family_of(const struct seen *s)
{
	assert_true(s->families > 0);
	return s->family[s->families - 1];
}

/* A family begins: it has not been before, so all of its samples stand together. */
static void new_family(struct seen *s, const char *name, const char *type)
{
	unsigned int i;

	for (i = 0; i < s->families; i++)
		assert_string_not_equal(s->family[i], name);
	assert_true(s->families < MOST);
	strcpy(s->family[s->families++], name);
	s->counter = !strcmp(type, "counter");
	s->unit = s->help = false;
}

static void check_unit(struct seen *s, const char *name, const char *unit)
{
	size_t n = strlen(name), u = strlen(unit);

	assert_string_equal(name, family_of(s));
	assert_true(n > u + 1 && name[n - u - 1] == '_');
	assert_string_equal(name + n - u, unit);
	assert_false(s->unit);
	s->unit = true;
}

static void check_sample(struct seen *s, const char *line)
{
	char name[200], wanted[200];
	regmatch_t m[6];
	unsigned int i;

	if (regexec(&sample_line, line, 6, m, 0))
		fail_msg("no sample: %s", line);
	copy_match(name, sizeof(name), line, &m[1]);
	snprintf(wanted, sizeof(wanted), "%s%s", family_of(s), s->counter ? "_total" : "");
	assert_string_equal(name, wanted);
	assert_true(s->help);
	assert_true(!s->counter || strrchr(line, ' ')[1] != '-');
	assert_true(s->n_series < MOST);
	snprintf(s->series[s->n_series], sizeof(s->series[0]), "%.*s",
		 (int)(strrchr(line, ' ') - line), line);
	for (i = 0; i < s->n_series; i++)
		assert_string_not_equal(s->series[i], s->series[s->n_series]);
	s->n_series++;
}

static void check_line(struct seen *s, const char *line)
{
	char name[100], second[100];

	if (matches(&type_line, line, name, second)) {
		new_family(s, name, second);
	} else if (matches(&unit_line, line, name, second)) {
		check_unit(s, name, second);
	} else if (matches(&help_line, line, name, second)) {
		assert_string_equal(name, family_of(s));
		assert_false(s->help);
		s->help = true;
	} else {
		check_sample(s, line);
	}
}

static void check(const struct vp_text *t)
{
	struct seen *s = calloc(1, sizeof(*s));
	char *copy = strdup(t->buf), *line, *rest = copy;

	assert_non_null(s);
	assert_int_equal(strlen(t->buf), t->len);
	while ((line = strsep(&rest, "\n")) && strcmp(line, "# EOF"))
		check_line(s, line);
	/* The last line, with its end and nothing behind it. */
	assert_non_null(line);
	assert_non_null(rest);
	assert_string_equal(rest, "");
	free(copy);
	free(s);
}

static struct vp_snapshot parsed(const char *text)
{
	struct vp_snapshot s;

	assert_int_equal(vp_snapshot_parse(text, strlen(text), &s), 0);
	return s;
}

#define SERVICES \
	"virtuos-snapshot 1\nmonotonic_ns 1\ntsc_khz 2000000\n" \
	"service net\nstate up\ndied 2\nservice_calls 18446744073709551615\nservice_ticks 3000000000\n" \
	"service_wait_ticks 1\npoll_ticks 18446744073709551615\nrunning_ns 7000000001\nclaimed_ticks 4\n" \
	"unclaimed_calls 5\nunclaimed_ticks 6\ncost_refused 7\nsends 8\ninterrupts 9\nbytes 10\n" \
	"service storage\nstate down\ndied 0\nend\n"

static const struct vp_domain domains[] = {
	{ .system = "primary", .name = "primary", .role = "primary", .state = "running",
	  .builds = 1, .uptime = 77, .memory = 1 << 30 },
	{ .system = "primary", .name = "net", .role = "network", .state = "dead", .service = true,
	  .restarts = 3, .builds = 4, .uptime = -1 },
	{ .system = "a\"b\\c\nd", .name = "\033[2J", .role = "?", .state = "nonsense", .service = true,
	  .connected = true, .degraded = true, .uptime = 1 },
};

static void contains(const struct vp_text *t, const char *line)
{
	if (!strstr(t->buf, line))
		fail_msg("%s is missing in:\n%s", line, t->buf);
}

static void from_domain_0(void **state)
{
	struct vp_snapshot s = parsed(SERVICES);
	const struct vp_primary primary[] = { { "primary", &s }, { "other", NULL } };
	struct vp_text t = { 0 };

	(void)state;
	vp_metrics(domains, 3, primary, 2, &t);
	check(&t);
	contains(&t, "virtuos_domain_state{system=\"primary\",domain=\"net\",role=\"network\",state=\"dead\"} 1\n");
	contains(&t, "virtuos_domain_state{system=\"primary\",domain=\"net\",role=\"network\",state=\"running\"} 0\n");
	contains(&t, "virtuos_domain_restarts_total{system=\"primary\",domain=\"net\",role=\"network\"} 3\n");
	contains(&t, "virtuos_domain_uptime_seconds{system=\"primary\",domain=\"primary\",role=\"primary\"} 77\n");
	contains(&t, "virtuos_primary_up{system=\"primary\"} 1\n");
	contains(&t, "virtuos_primary_up{system=\"other\"} 0\n");
	contains(&t, "virtuos_service_up{system=\"primary\",service=\"net\"} 1\n");
	contains(&t, "virtuos_service_up{system=\"primary\",service=\"storage\"} 0\n");
	contains(&t, "virtuos_service_outages_total{system=\"primary\",service=\"net\"} 2\n");
	contains(&t, "virtuos_service_calls_total{system=\"primary\",service=\"net\"} 18446744073709551615\n");
	contains(&t, "virtuos_service_called_seconds_total{system=\"primary\",service=\"net\"} 1.500000000\n");
	contains(&t, "virtuos_service_cpu_seconds_total{system=\"primary\",service=\"net\"} 7.000000001\n");
	/* What the storage service has not said is left out. */
	assert_null(strstr(t.buf, "virtuos_service_calls_total{system=\"primary\",service=\"storage\"}"));
	assert_null(strchr(t.buf, '\033'));
	vp_text_free(&t);
	vp_snapshot_free(&s);
}

static void from_the_primary(void **state)
{
	struct vp_snapshot s = parsed(SERVICES);
	const struct vp_primary primary = { .snapshot = &s };
	struct vp_text t = { 0 };

	(void)state;
	vp_metrics(NULL, 0, &primary, 1, &t);
	check(&t);
	contains(&t, "virtuos_primary_up 1\n");
	contains(&t, "virtuos_service_outages_total{service=\"net\"} 2\n");
	vp_text_free(&t);
	vp_snapshot_free(&s);
}

static void with_little_or_nothing(void **state)
{
	struct vp_snapshot s = parsed("virtuos-snapshot 1\nservice net\nservice_ticks 5\nend\n");
	const struct vp_primary primary = { .snapshot = &s };
	struct vp_text t = { 0 };

	(void)state;
	vp_metrics(NULL, 0, NULL, 0, &t);
	assert_string_equal(t.buf, "# EOF\n");
	vp_text_clear(&t);
	vp_metrics(domains, 1, NULL, 0, &t);
	check(&t);
	vp_text_clear(&t);
	vp_metrics(NULL, 0, &primary, 1, &t);
	check(&t);
	assert_null(strstr(t.buf, "called_seconds_total"));	/* the rate of the clock is not known */
	vp_text_free(&t);
	vp_snapshot_free(&s);
}

static int entries(const char *dir)
{
	DIR *d = opendir(dir);
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void a_file_is_replaced_at_once(void **state)
{
	char dir[] = "/tmp/test_perf_metrics.XXXXXX", path[100], got[100] = "";
	struct vp_text t = { 0 };
	struct stat before, after;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x.prom", dir);
	vp_text_add(&t, "first\n");
	assert_int_equal(vp_output(&t, path), 0);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(before.st_mode & 07777, 0644);
	vp_text_clear(&t);
	vp_text_add(&t, "second\n");
	assert_int_equal(vp_output(&t, path), 0);
	assert_int_equal(stat(path, &after), 0);
	/* A reader of the old one still has all of it. */
	assert_non_null(fgets(got, sizeof(got), f));
	assert_string_equal(got, "first\n");
	fclose(f);
	assert_true(before.st_ino != after.st_ino);
	assert_int_equal(entries(dir), 1);
	/* What cannot be written leaves nothing. */
	unlink(path);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(vp_output(&t, path), -1);
	assert_int_equal(entries(dir), 1);
	assert_int_equal(vp_output(&t, "/nonexistent/x"), -1);
	rmdir(path);
	rmdir(dir);
	vp_text_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_domain_0),
		cmocka_unit_test(from_the_primary),
		cmocka_unit_test(with_little_or_nothing),
		cmocka_unit_test(a_file_is_replaced_at_once),
	};

	return cmocka_run_group_tests_name("perf_metrics", tests, compile, release);
}
