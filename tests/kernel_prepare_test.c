/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_prepare_test.c - the dry-run discipline: whatever an operation has to prepare, it may have
 * to wait for; then nothing has happened yet, and the retry ends in the same state.
 *
 * The linker puts functions of this file between the kernel and each of its own functions that can
 * make an operation wait (kernel_tests.cmake has the list), so that any one call of them, known by
 * the place in the program where it is made, can be made to fail. A random run (kernel_world.h) is
 * repeated with one call at one place failing, and must end in the state of the undisturbed run.
 * The places are read from the program itself; none may be left out but those named here.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/check.h"
#include "kernel/depend.h"
#include "kernel/gate.h"
#include "kernel/keys.h"
#include "kernel/meter.h"
#include "kernel/order.h"
#include "kernel/pot.h"
#include "kernel/sched.h"
#include "kernel/segment.h"
#include "tests/kernel_matrix.h"
#include "tests/kernel_world.h"

#define RAM_BYTES (8u << 20)
#define STEPS 1500u
#define SEEDS 6u
#define PLACES_MAX 256u
#define NEVER UINT32_MAX

/* Where a step is called, as an offset into the program, and how often it was. */
struct place {
    uint64_t offset;
    uint32_t calls;
};

static struct {
    struct place places[PLACES_MAX];
    unsigned count;
    uint64_t offset; /* the call of this place with this number fails; NEVER: none does */
    uint32_t number;
    bool on, failed, told;
    struct queue waiters;
} prepare = {.number = NEVER};

extern const char __executable_start[];

static bool fails(const void *return_address)
{
    uint64_t offset = (uint64_t)return_address - (uint64_t)__executable_start;
    struct place *place = prepare.places;
    if (!prepare.on)
        return false;
    while (place < prepare.places + prepare.count && place->offset != offset)
        place++;
    if (place == prepare.places + prepare.count) {
        if (++prepare.count > PLACES_MAX)
            abort();
        place->offset = offset;
    }
    if (place->calls++ != prepare.number || offset != prepare.offset)
        return false;
    prepare.failed = true;
    return true;
}

static bool put_off(void)
{
    bool first = prepare.failed && !prepare.told;
    prepare.told = prepare.failed;
    return first;
}

/* The current domain waits for something that has just come. */
static void wait_a_moment(void)
{
    (void)sched_stall(&prepare.waiters);
    sched_wake_all(&prepare.waiters);
}

/* A step in the place of the kernel's; what is left behind when it fails. */
#define STEP(type, failed, left, name, parameters, arguments)                                      \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        if (!fails(__builtin_return_address(0)))                                                   \
            return __real_##name arguments;                                                        \
        left;                                                                                      \
        return failed;                                                                             \
    }
STEP(enum fetch, FETCH_STALL, wait_a_moment(), object_node, (uint64_t id, struct node_frame **out),
     (id, out))
STEP(enum fetch, FETCH_STALL, wait_a_moment(), object_page, (uint64_t id, struct page_frame **out),
     (id, out))
STEP(enum fetch, FETCH_STALL, wait_a_moment(), key_node,
     (struct key * key, struct node_frame **out), (key, out))
STEP(enum fetch, FETCH_STALL, wait_a_moment(), key_page,
     (struct key * key, struct page_frame **out), (key, out))
STEP(enum fetch, FETCH_STALL, wait_a_moment(), pot_node,
     (uint64_t id, const struct disk_node **out), (id, out))
STEP(enum fetch, FETCH_STALL, wait_a_moment(), pot_page,
     (uint64_t id, const struct page_pot_entry **out), (id, out))
STEP(enum fetch, FETCH_STALL, wait_a_moment(), segment_walk,
     (struct key * key, uint64_t offset, struct segment_walk *walk), (key, offset, walk))
STEP(enum touch, TOUCH_STALL, wait_a_moment(), segment_touch,
     (struct domain * domain, uint64_t addr, enum access access, uint8_t **data,
      struct segment_walk *walk),
     (domain, addr, access, data, walk))
STEP(enum touch, TOUCH_STALL, (wait_a_moment(), *pieces = (struct pieces){0}), pieces_touch,
     (struct domain * domain, uint64_t addr, uint64_t size_bytes, enum access access,
      struct pieces *pieces, struct segment_walk *walk),
     (domain, addr, size_bytes, access, pieces, walk))
STEP(enum touch, TOUCH_STALL, (wait_a_moment(), *buffer = (struct pieces){0}), gate_buffer_prepare,
     (struct domain * domain, struct pieces *buffer, struct segment_walk *walk),
     (domain, buffer, walk))
STEP(enum gate_prepared, GATE_STALL, wait_a_moment(), gate_prepare,
     (struct key * key, const struct domain *sender, struct gate_target *target),
     (key, sender, target))
STEP(enum fetch, FETCH_STALL, wait_a_moment(), domain_load,
     (struct node_frame * root, struct domain **out), (root, out))
STEP(bool, false, wait_a_moment(), key_settle, (struct key * key), (key))
STEP(enum metered, METERED_STALL, wait_a_moment(), meter_enter,
     (struct domain * domain, struct meter_answer *answer), (domain, answer))
/* These do not make the domain wait themselves. */
STEP(bool, false, (void)0, space_tables,
     (struct space * of, uint64_t addr, const struct table_part parts[2], struct table *tables[3]),
     (of, addr, parts, tables))
STEP(bool, false, (void)0, depend_add,
     (const void *source, struct table *table, unsigned first, unsigned count),
     (source, table, first, count))

/* What a run came to. */
struct ending {
    uint64_t digest; /* 0: it did not come to its end */
    bool failed;     /* the call was made */
    unsigned count;
    struct place places[PLACES_MAX];
};

/* Orders about page keys, which the random run hardly ever gives. */
static void pages_tell(const struct world *world)
{
    static const enum key_type types[] = {KEY_COMPARE, KEY_DISCRIM, KEY_DISCRIM};
    const struct disk_key page = store_key(KEY_PAGE, 0, OBJECT_ID_FIRST);
    const uint64_t orders[] = {0, DISCRIM_TYPE, DISCRIM_DISCREET};
    for (unsigned i = 0; i < 3; i++) {
        struct key tool = key_make(types[i], 0, 0, 0), sent = {0};
        memcpy(&sent, &page, sizeof(page));
        struct node_frame *keys = host_domain(world->roots[0])->keys;
        node_slot_set(keys, 0, &tool);
        node_slot_set(keys, 1, &sent);
        (void)host_call(orders[i], EXIT_BLOCK(INVOKE_CALL, 0) | EXIT_SENDS(0, 1) | EXIT_SENDS(1, 1),
                        ENTRY_CODE, 0, 0, 0, 0);
    }
}

static void world_run(uint64_t seed, struct ending *ending)
{
    struct world world = {.put_off = put_off};
    world_make(&world, seed);
    if (host_boot(world.store, RAM_BYTES))
        abort();
    prepare.on = true;
    (void)host_run();
    pages_tell(&world);
    world_steps(&world, STEPS);
    prepare.on = false;
    check_all();
    ending->digest = host_digest();
}

static void case_run(const struct matrix *matrix, const struct matrix_case *one,
                     struct ending *ending)
{
    struct expected expected = oracle(&matrix->objects, one);
    matrix_reset(matrix, one);
    prepare.on = true;
    const char *problem = matrix_call(matrix, one, &expected);
    prepare.on = false;
    ending->digest += problem != NULL;
}

/* Seed 0: every order of every key, in every way, as the oracle has it; the digest counts what is
 * wrong. */
static void matrix_run(struct ending *ending)
{
    static const enum invoke_kind kinds[] = {INVOKE_CALL, INVOKE_RETURN, INVOKE_FORK};
    static const enum domain_state states[] = {DOMAIN_AVAILABLE, DOMAIN_WAITING};
    static struct matrix matrix;
    static struct thing things[MATRIX_THINGS];
    ending->digest = 1;
    matrix_make(&matrix, things);
    for (unsigned i = 0; i < 6 * MATRIX_THINGS; i++) {
        struct matrix_case one = {.thing = &things[i / 6],
                                  .kind = kinds[i % 3],
                                  .state = states[i / 3 % 2],
                                  .key_count = MESSAGE_KEYS,
                                  .mode = STRING_MEMORY};
        for (one.order = 0; one.order <= STRING_BYTES_MAX; one.order++) {
            if (one.thing->type == KEY_POWER || !order_find(one.thing->type, one.order) ||
                (one.order > 100 && one.order < STRING_BYTES_MAX))
                continue;
            one.length_bytes = 16;
            case_run(&matrix, &one, ending);
            one.length_bytes = STRING_BYTES_MAX;
            case_run(&matrix, &one, ending);
        }
    }
    check_all();
}

static void run(uint64_t seed, uint64_t offset, uint32_t number, struct ending *ending)
{
    prepare.offset = offset;
    prepare.number = number;
    if (seed)
        world_run(seed, ending);
    else
        matrix_run(ending);
    ending->failed = prepare.failed;
    ending->count = prepare.count;
    memcpy(ending->places, prepare.places, sizeof(prepare.places));
}

/* In a process of its own, as a kernel boots once. */
static void run_apart(uint64_t seed, uint64_t offset, uint32_t number, struct ending *ending)
{
    int ends[2], status;
    *ending = (struct ending){.digest = 0};
    cr_assert_eq(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        FILE *from = fdopen(ends[1], "w");
        freopen("/dev/null", "w", stderr);
        run(seed, offset, number, ending);
        _exit(fwrite(ending, sizeof(*ending), 1, from) == 1 && fclose(from) == 0 ? 0 : 1);
    }
    close(ends[1]);
    FILE *into = fdopen(ends[0], "r");
    bool whole = fread(ending, sizeof(*ending), 1, into) == 1;
    fclose(into);
    cr_assert_eq(waitpid(child, &status, 0), child);
    if (!whole || status != 0)
        ending->digest = 0;
}

/* A call of a step in the program. */
struct site {
    uint64_t offset; /* of where it returns to */
    char function[64], file[64], step[32];
    uint32_t line;
    uint32_t calls; /* in the undisturbed runs */
};

struct sites {
    struct site site[PLACES_MAX];
    unsigned count;
};

/* Who calls, and from which line. false: not the kernel. */
static bool site_name(struct site *site)
{
    char command[128], function[256] = "", file[512] = "";
    snprintf(command, sizeof(command), "addr2line -f -e /proc/%d/exe %lx", (int)getpid(),
             site->offset - 1);
    FILE *pipe = popen(command, "r");
    cr_assert(pipe && fgets(function, sizeof(function), pipe) && fgets(file, sizeof(file), pipe));
    pclose(pipe);
    const char *module = strstr(file, "/kernel/");
    cr_assert(sscanf(function, "%63[^\n]", site->function) == 1);
    return module && sscanf(module + 1, "%63[^:]:%u", site->file, &site->line) == 2;
}

/* Every call of a step in this program, from the kernel. */
static void sites_find(struct sites *sites)
{
    char command[128], line[512];
    struct site site = {.offset = 0};
    snprintf(command, sizeof(command), "objdump -d --no-show-raw-insn /proc/%d/exe", (int)getpid());
    FILE *pipe = popen(command, "r");
    cr_assert(pipe);
    for (bool called = false; fgets(line, sizeof(line), pipe);) {
        unsigned long addr;
        if (called && sscanf(line, " %lx:", &addr) == 1) {
            site.offset = addr;
            if (site_name(&site))
                sites->site[sites->count++] = site;
            cr_assert_lt(sites->count, PLACES_MAX);
            called = false;
        }
        const char *target = strstr(line, "<__wrap_");
        cr_assert(!target || !strstr(line, "jmp"), "a call that does not come back: %s", line);
        if (target && strstr(line, "call"))
            called = sscanf(target, "<__wrap_%31[a-z_]>", site.step) == 1;
    }
    pclose(pipe);
}

static struct site *site_at(struct sites *sites, uint64_t offset)
{
    for (unsigned i = 0; i < sites->count; i++)
        if (sites->site[i].offset == offset)
            return &sites->site[i];
    return NULL;
}

/* One place of one seed: the first call there, and some later ones. Returns how many. */
static unsigned place_fails(struct sites *sites, uint64_t seed, const struct place *place,
                            uint64_t digest)
{
    const struct site *site = site_at(sites, place->offset);
    struct ending ending;
    unsigned made = 0;
    for (uint32_t number = 0; site && number < place->calls; number = number * 5 + 1, made++) {
        run_apart(seed, place->offset, number, &ending);
        cr_expect(ending.digest && ending.failed, "seed %lu: %s:%u: %s, call %u: no end", seed,
                  site->file, site->line, site->step, number);
        cr_expect_eq(ending.digest, digest, "seed %lu: %s:%u: %s, call %u: another state", seed,
                     site->file, site->line, site->step, number);
    }
    return made;
}

/* Where no run comes, how often such a call is in the program at most, and why. */
static const struct {
    const char *function, *step, *why;
} spared[] = {
    {"page_is_same", "pot_page", "at restart, which asks again by itself"},
    {"domain_start", "object_node", "nothing runs yet, and it is asked again in a loop"},
    {"carry_on", "object_node", "migration is no operation of a domain, and has tests of its own"},
    {"carry_on", "object_page", "the same"},
    {"backing_page", "segment_walk", "the pretended screen has no memory behind it"},
    {"depend_add_page", "depend_add", "only for a page that two tables show"},
    {"branded", "key_settle", "one of three copies; the others are reached"},
};

/* Print what was reached. Returns how many places were not, and are not spared. */
static unsigned sites_report(const struct sites *sites, unsigned failures)
{
    unsigned reached = 0, missing = 0;
    for (unsigned i = 0; i < sites->count; i++) {
        const struct site *site = &sites->site[i];
        const char *why = NULL;
        for (unsigned k = 0; k < sizeof(spared) / sizeof(spared[0]); k++)
            if (strcmp(site->function, spared[k].function) == 0 &&
                strcmp(site->step, spared[k].step) == 0)
                why = spared[k].why;
        reached += site->calls > 0;
        missing += site->calls == 0 && !why;
        fprintf(stderr, "%s:%u %s: %s, %u calls%s%s\n", site->file, site->line, site->function,
                site->step, site->calls, site->calls ? "" : ": ",
                site->calls ? ""
                : why       ? why
                            : "?");
    }
    fprintf(stderr, "%u of %u places reached, %u failures\n", reached, sites->count, failures);
    cr_assert_gt(reached, 40);
    return missing;
}

Test(prepare, whatever_has_to_wait_is_retried_into_the_same_state, .timeout = 3600)
{
    struct sites *sites = calloc(1, sizeof(*sites));
    unsigned failures = 0;
    uint64_t seeds = getenv("LATCHKEY_LONG") ? 10 * SEEDS : SEEDS;
    sites_find(sites);
    for (uint64_t seed = 0; seed <= seeds; seed++) {
        struct ending undisturbed;
        run_apart(seed, 0, NEVER, &undisturbed);
        cr_assert(undisturbed.digest, "seed %lu", seed);
        cr_assert(seed > 0 || undisturbed.digest == 1, "the oracle disagrees");
        for (unsigned i = 0; i < undisturbed.count; i++) {
            const struct place *place = &undisturbed.places[i];
            struct site *site = site_at(sites, place->offset);
            if (!site)
                continue;
            if (site->calls == 0 || seed <= 2 || getenv("LATCHKEY_LONG"))
                failures += place_fails(sites, seed, place, undisturbed.digest);
            site->calls += place->calls;
        }
    }
    cr_expect_eq(sites_report(sites, failures), 0);
    free(sites);
}

/* The digest tells states apart, and nothing else. */
Test(prepare, another_state_is_noticed)
{
    struct ending one, other;
    run_apart(1, 0, NEVER, &one);
    run_apart(2, 0, NEVER, &other);
    cr_assert_neq(one.digest, other.digest);
    run_apart(1, 0, NEVER, &other);
    cr_assert_eq(one.digest, other.digest);
}
