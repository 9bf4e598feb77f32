/* SPDX-License-Identifier: GPL-2.0-only */
/* What a program prints that tests read. */
#ifndef PRINT_H
#define PRINT_H

#include <stdint.h>

void put(const char *s);
void put_number(const char *name, uint64_t v);
void put_end(void);
#endif
