/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_SEQLOCK_H
#define SHIM_SEQLOCK_H

#include "kernel.h"

typedef struct { int unused; } seqcount_t;

#endif
