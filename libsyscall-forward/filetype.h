/* SPDX-License-Identifier: MIT */
#ifndef VOS_LIB_FILETYPE_H
#define VOS_LIB_FILETYPE_H

enum vos_filetype { VOS_OTHER, VOS_SOCKET, VOS_REGULAR };

enum vos_filetype vos_filetype(int fd);

#endif
