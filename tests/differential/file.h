/* SPDX-License-Identifier: MIT */
/* What the steps of the names mode and of the data mode share. */
#ifndef FILE_H
#define FILE_H

#include <sys/stat.h>

#include "vosdiff.h"

#define USER	1000	/* who has no capabilities */

/* file_stat.c */
void out_stat(int dir, const char *path, int flags);
void out_tree(void);
void do_statx(void);
void do_times(void);

/* file_attr.c */
void do_setxattr(void);
void do_getxattr(void);
void do_acl(void);

/* names.c */
const char *some_path(void);
int some_dir(unsigned int *shown);
int some_fd(unsigned int *shown);
void put_fd(int fd);
void out_path(const char *path);

/* names_change.c */
void do_create(void);
void do_mkdir(void);
void do_mknod(void);
void do_symlink(void);
void do_link(void);
void do_unlink(void);
void do_rename(void);
void do_tmpfile(void);
void do_chmod(void);
void do_chown(void);
void do_truncate(void);
void do_utimens(void);
void do_user(void);

/* names_look.c */
void do_access(void);
void do_readlink(void);
void do_list(void);
void do_list_changing(void);
void do_chdir(void);
void do_close_fd(void);
void do_dup_fd(void);
void do_io(void);
void do_handle(void);

/* names_more.c */
void more_begin(void);
void do_reopen_fd(void);
void do_openat2(void);
void do_statx_mask(void);
void do_flags(void);
void do_exact(void);
void do_small_list(void);
void do_statfs(void);
void do_chmod2(void);

/* data.c */
#define FILES	8
extern struct open_file {
	int fd;
	int flags;
} files[FILES];
extern unsigned char data[1 << 18];
unsigned int some_file(void);
unsigned int empty_file(void);
size_t some_length(void);
off_t some_offset(void);
void out_at(unsigned int i);
void do_open(void);
void do_close_file(void);
void do_reopen(void);
void do_dup_file(void);
void do_remove(void);

/* data_io.c */
void do_pwrite(void);
void do_pread(void);
void do_file_write(void);
void do_file_read(void);
void do_vector(void);
void do_seek(void);
void do_file_fcntl(void);
void do_limit(void);
void do_direct(void);
void do_bits(void);

/* data_range.c */
void do_ftruncate(void);
void do_fallocate(void);
void do_copy_range(void);
void do_file_sendfile(void);
void do_file_splice(void);
void do_sync(void);
void do_advise(void);
void do_fstat(void);
void do_file_ioctl(void);

/* data_map.c */
void maps_begin(void);
void do_map(void);
void do_unmap(void);
void do_store(void);
void do_load(void);
void do_msync(void);
void do_protect(void);

/* data_odd.c */
void do_file_odd(void);
void do_file_pass(void);

/* file_uring.c */
void do_file_uring(void);

/* file_watch.c */
void do_watch(void);
void do_events(void);
void do_notify(void);
void do_fanotify(void);
void do_lease_break(void);

/* data_lock.c */
void do_lock(void);
void do_flock(void);
void do_lease(void);
void do_lock_block(void);
void do_file_child(void);

#endif
