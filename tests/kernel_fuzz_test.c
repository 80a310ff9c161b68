/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_fuzz_test.c - random invocations of random keys with random everything, natively, with
 * every invariant checked after every call; and the same run under amnesia, in little memory and
 * with single pools and pairs of them at their minima, which must all end in the same state:
 * nothing that the kernel caches may matter.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kernel_world.h"

#define STEPS 400u
#define SEEDS 8u
#define EXTREME_SEEDS 2u
#define LITTLE_BYTES (588u << 10) /* for the least pools that limits.h allows */

/* What can be set to its minimum. */
enum pool {
    POOL_NODES,
    POOL_PAGES,
    POOL_TABLES,
    POOL_DEPENDS,
    POOL_SPACES,
    POOL_DOMAINS,
    POOL_POTS,
    POOL_METERS,
    POOL_REGIONS,
    POOL_REQUESTS,
    POOL_COUNT
};

/* These worlds take no checkpoints: a page that changed keeps its frame, and when too few others
 * are left that is an outcome of its own, "no space". */
#define PAGES_CHANGED 8u

/* What may not change the outcome of a run. */
struct variant {
    const char *name;
    size_t ram_bytes;
    bool amnesia;
    unsigned least; /* bit n: enum pool n is at its minimum */
    bool walks;     /* no page fault takes the short way */
};
static const struct variant variants[] = {
    {"plain", 8u << 20, false, 0, false},
    {"once more", 8u << 20, false, 0, false},
    {"every fault walks", 8u << 20, false, 0, true},
    {"amnesia", 8u << 20, true, 0, false},
    {"little memory", LITTLE_BYTES, false, 0, false},
    {"little memory, amnesia", LITTLE_BYTES, true, 0, false},
};
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

static const char *world_boot(const struct world *world, const struct variant *variant)
{
    struct pool_sizes sizes = pools_of(variant->ram_bytes);
    unsigned least = variant->least, requests = HOST_REQUESTS;
    if (least & 1u << POOL_NODES)
        sizes.node_bytes = 0;
    if (least & 1u << POOL_PAGES)
        sizes.pages_max = LIMIT_PAGES_MIN + PAGES_CHANGED;
    if (least & 1u << POOL_TABLES)
        sizes.table_bytes = 0;
    if (least & 1u << POOL_DEPENDS)
        sizes.depend_bytes = 0;
    if (least & 1u << POOL_SPACES)
        sizes.spaces = LIMIT_SPACES_MIN;
    if (least & 1u << POOL_DOMAINS)
        sizes.domains = LIMIT_DOMAINS_MIN;
    if (least & 1u << POOL_POTS)
        sizes.pots = LIMIT_POTS_MIN;
    if (least & 1u << POOL_METERS)
        sizes.meters = LIMIT_METERS_MIN;
    if (least & 1u << POOL_REGIONS)
        sizes.region_bytes = 0;
    if (least & 1u << POOL_REQUESTS)
        requests = 1;
    return host_boot_with(world->store, variant->ram_bytes, &sizes, requests);
}

static uint64_t world_run(uint64_t seed, const struct variant *variant, bool forks)
{
    struct world world = {.forks = forks};
    world_make(&world, seed);
    if (world_boot(&world, variant))
        abort();
    host_knobs(variant->amnesia, true);
    host_quick_faults(!variant->walks);
    (void)host_run();
    world_steps(&world, STEPS);
    return host_digest();
}

struct run {
    uint64_t seed;
    const struct variant *variant;
    bool forks;
};

static uint64_t run_one(const void *argument)
{
    const struct run *run = argument;
    return world_run(run->seed, run->variant, run->forks);
}

/* Returns the digest; 0: it crashed or panicked. */
static uint64_t world_run_apart(uint64_t seed, const struct variant *variant, bool forks)
{
    struct run run = {seed, variant, forks};
    return host_apart(run_one, &run);
}

Test(fuzz, no_call_breaks_an_invariant_and_no_cache_changes_the_outcome)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t plain = world_run_apart(seed, &variants[0], false);
        cr_assert_neq(plain, 0, "seed %lu", seed);
        for (unsigned i = 1; i < VARIANTS; i++)
            cr_assert_eq(world_run_apart(seed, &variants[i], false), plain, "seed %lu: %s", seed,
                         variants[i].name);
    }
}

Test(fuzz, pools_at_their_minima_one_by_one_and_in_pairs_do_not_change_the_outcome)
{
    for (uint64_t seed = 200; seed < 200 + EXTREME_SEEDS; seed++) {
        uint64_t plain = world_run_apart(seed, &variants[0], false);
        cr_assert_neq(plain, 0, "seed %lu", seed);
        for (unsigned one = 0; one < POOL_COUNT; one++)
            for (unsigned other = one; other < POOL_COUNT; other++) {
                struct variant variant = {"pools at their minima", 8u << 20, false,
                                          1u << one | 1u << other, false};
                cr_expect_eq(world_run_apart(seed, &variant, false), plain,
                             "seed %lu: pools %u and %u", seed, one, other);
            }
        struct variant all = {"all", LITTLE_BYTES, true, (1u << POOL_COUNT) - 1, false};
        cr_expect_eq(world_run_apart(seed, &all, false), plain, "seed %lu: all pools", seed);
    }
}

Test(fuzz, many_processes_at_once_break_no_invariant)
{
    for (uint64_t seed = 100; seed < 100 + SEEDS; seed++)
        for (unsigned i = 0; i < VARIANTS; i++)
            cr_assert_neq(world_run_apart(seed, &variants[i], true), 0, "seed %lu: %s", seed,
                          variants[i].name);
}
