/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz.h - what the fuzzing domain, its mender and its judge share. */
#ifndef LATCHKEY_DOMAINS_FUZZ_H
#define LATCHKEY_DOMAINS_FUZZ_H

#include <stdint.h>

#define FUZZ_SHARED_ADDR 0x50000000ull /* where the recipe maps the shared page, in all of them */
#define FUZZ_SEED 88172645463325252ull
#define FUZZ_ENTRY 0x10000ull      /* domain.ld */
#define FUZZ_STACK 0x40000000ull   /* recipe.h: where stacks end */

struct fuzz_state {
    uint64_t random; /* 0: not begun */
    uint64_t calls;
};

#endif
