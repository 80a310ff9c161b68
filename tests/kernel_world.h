/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_world.h - a store with a few domains full of random keys, and random calls of theirs, for
 * tests that run the same seed in different circumstances. Equal seeds make equal calls as long as
 * the same domains run. */
#ifndef LATCHKEY_TESTS_KERNEL_WORLD_H
#define LATCHKEY_TESTS_KERNEL_WORLD_H

#include "tests/arch_host.h"

#define WORLD_DOMAINS 6u

struct world {
    struct store *store;
    uint64_t random;
    uint64_t roots[WORLD_DOMAINS];
    bool forks; /* several processes at once: then the order depends on what is cached */
    /* Has the last fault or trap been put off, so that it happens again? NULL: it has not. */
    bool (*put_off)(void);
};

/* world_make - a store for a world; boot it with host_boot() and host_run(). */
void world_make(struct world *world, uint64_t seed);
/* world_steps - so many random calls, faults, traps and stores. */
void world_steps(struct world *world, unsigned steps);

#endif
