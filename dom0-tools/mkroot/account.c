/* SPDX-License-Identifier: GPL-2.0-only */
/* How root gets into the new system: see account.h. */
#define _GNU_SOURCE
#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../host/host.h"
#include "account.h"
#include "inroot.h"

#define KEYS		"root/.ssh/authorized_keys"
#define LOCKED		"!"
#define MOST_PASSWORD	256

static const char *const kinds[] = { "ssh-", "ecdsa-", "sk-" };

static bool is_key(const char *line)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strncmp(line, kinds[i], strlen(kinds[i])) && strchr(line, ' '))
			return true;
	return false;
}

/* Each line of authorized_keys(5) that is taken begins with a kind of key; options are refused. */
static bool are_keys(char *text)
{
	char *line, *rest = text;
	int n = 0;

	while ((line = strsep(&rest, "\n"))) {
		if (!*line || *line == '#')
			continue;
		if (!is_key(line))
			return false;
		n++;
	}
	return n;
}

static char *read_host_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL;
	struct stat st;
	ssize_t n = -1;

	if (fd >= 0 && !fstat(fd, &st) && (!S_ISREG(st.st_mode) || st.st_size > INROOT_MAX))
		errno = EINVAL;
	else if (fd >= 0)
		text = calloc(1, (size_t)st.st_size + 1);
	if (text)
		n = read(fd, text, (size_t)st.st_size);
	if (fd >= 0)
		close(fd);
	if (n >= 0 && (size_t)n == strlen(text))
		return text;
	if (n >= 0)
		errno = EINVAL;
	vd_log("%s: %s", path, strerror(errno));
	free(text);
	return NULL;
}

static int check_key(const char *path)
{
	char *text = read_host_file(path);
	bool ok;

	if (!text)
		return -1;
	ok = are_keys(text);
	free(text);
	if (!ok)
		vd_log("%s: has lines that are no public keys of ssh", path);
	return ok ? 0 : -1;
}

/* The first line. */
static int read_password(const char *path, char password[MOST_PASSWORD])
{
	char *text = read_host_file(path);
	size_t len;

	if (!text)
		return -1;
	len = strcspn(text, "\r\n");
	if (len && len < MOST_PASSWORD)
		snprintf(password, MOST_PASSWORD, "%.*s", (int)len, text);
	explicit_bzero(text, strlen(text));
	free(text);
	if (len && len < MOST_PASSWORD)
		return 0;
	vd_log("%s: its first line must have 1 to %d bytes, the password", path, MOST_PASSWORD - 1);
	return -1;
}

int mkroot_account_check(const struct mkroot_options *o)
{
	char password[MOST_PASSWORD];
	size_t i;

	for (i = 0; i < o->n_keys; i++)
		if (check_key(o->key[i]))
			return -1;
	if (o->password_file && read_password(o->password_file, password))
		return -1;
	explicit_bzero(password, sizeof(password));
	return 0;
}

static int hash_password(const char *path, char hash[CRYPT_OUTPUT_SIZE])
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE], password[MOST_PASSWORD];
	struct crypt_data data = { 0 };
	const char *made = NULL;

	if (read_password(path, password))
		return -1;
	if (crypt_gensalt_rn(NULL, 0, NULL, 0, setting, sizeof(setting)))
		made = crypt_r(password, setting, &data);
	explicit_bzero(password, sizeof(password));
	if (!made || *made == '*') {
		vd_log("the password cannot be hashed: %s", strerror(errno));
		return -1;
	}
	snprintf(hash, CRYPT_OUTPUT_SIZE, "%s", made);
	return 0;
}

/* "root:FIELD:..." gets another FIELD. Return: how many lines were there. */
static int replace_field(const char *text, const char *field, FILE *out)
{
	size_t len, second;
	int n = 0;

	for (; *text; text += len) {
		len = strcspn(text, "\n");
		len += text[len] == '\n';
		second = strncmp(text, "root:", 5) ? 0 : strcspn(text + 5, ":\n");
		if (!second && strncmp(text, "root:", 5)) {
			fwrite(text, 1, len, out);
			continue;
		}
		fprintf(out, "root:%s%.*s", field, (int)(len - 5 - second), text + 5 + second);
		n++;
	}
	return n;
}

static int set_field(int root, const char *path, const char *field)
{
	char *former = mkroot_read(root, path), *text = NULL;
	size_t len = 0;
	FILE *f = former ? open_memstream(&text, &len) : NULL;
	int n = 0, r = -1;

	if (f) {
		n = replace_field(former, field, f);
		if (!fclose(f) && n)
			r = mkroot_write(root, path, text, len, 0);
		if (!n)
			errno = ENOKEY;
	}
	if (r)
		vd_log("/%s in the root file system: root's password cannot be set: %s", path,
		       n ? strerror(errno) : f ? "there is no root" : strerror(errno));
	free(text);
	free(former);
	return r;
}

static int put_password(const struct mkroot_options *o, int root)
{
	char hash[CRYPT_OUTPUT_SIZE] = LOCKED;

	if (o->password_file && hash_password(o->password_file, hash))
		return -1;
	/* A password in passwd(5) would count, and so would an empty one. */
	return set_field(root, "etc/passwd", "x") || set_field(root, "etc/shadow", hash) ? -1 : 0;
}

static int append_key(FILE *f, const char *path)
{
	char *text = read_host_file(path);
	bool ok;

	if (!text)
		return -1;
	ok = fputs(text, f) >= 0 && (!*text || text[strlen(text) - 1] == '\n' || fputc('\n', f) >= 0);
	free(text);
	return ok ? 0 : -1;
}

static int put_keys(const struct mkroot_options *o, int root)
{
	char *former, *text = NULL;
	size_t len = 0, i;
	int dir, r = 0;
	FILE *f;

	if (!o->n_keys)
		return 0;
	dir = mkroot_dir(root, "root/.ssh");
	former = mkroot_read(root, KEYS);
	f = open_memstream(&text, &len);
	if (dir < 0 || !f || fchmodat(dir, ".", 0700, 0))
		r = -1;
	if (!r && former)
		fputs(former, f);
	for (i = 0; !r && i < o->n_keys; i++)
		r = append_key(f, o->key[i]);
	if ((f && fclose(f)) || r || mkroot_write(root, KEYS, text, len, 0600)) {
		vd_log("/" KEYS " in the root file system: %s", strerror(errno));
		r = -1;
	}
	if (dir >= 0)
		close(dir);
	free(former);
	free(text);
	if (!r && !mkroot_exists(root, "usr/sbin/sshd"))
		printf("   there is no /usr/sbin/sshd for the keys: install openssh-server in the primary\n");
	return r;
}

int mkroot_account_put(const struct mkroot_options *o, int root)
{
	return put_password(o, root) || put_keys(o, root) ? -1 : 0;
}
