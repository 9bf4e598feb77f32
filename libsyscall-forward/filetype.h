/* SPDX-License-Identifier: MIT */
#ifndef FWD_FILETYPE_H
#define FWD_FILETYPE_H

enum fwd_filetype { FWD_OTHER, FWD_SOCKET, FWD_REGULAR };

enum fwd_filetype fwd_filetype(int fd);

#endif
