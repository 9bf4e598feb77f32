# SPDX-License-Identifier: MIT
# door.c and recall.c are included, so that what they remember can be forgotten.
CFLAGS_library := -D_GNU_SOURCE -DFWD_COPY_CHECKED -mno-red-zone -I$(TOP)/libsyscall-forward '-DFILE_MAX=(1u << 16)'
SOURCES_library := $(TOP)/tests/unit/door/fake.c $(addprefix $(TOP)/libsyscall-forward/,lane.c recv.c send.c option.c file.c \
	section.c copy.c window.c write.c log.c stats.c)
TESTED_library := $(SOURCES_library) $(addprefix $(TOP)/libsyscall-forward/,door.c recall.c \
	interpose.c lane.h file.h iov.h socket.h fwd_priv.h)
LIBS_library := -lcmocka
