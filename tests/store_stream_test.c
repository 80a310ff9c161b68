/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_stream_test.c - the demo on a machine with a stream; its plug is pulled, also while a
 * checkpoint is committed; a copy made at the start follows from the stream, is then the same, and
 * goes on by itself. And the store goes on when the stream's disk dies. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disks/add.h"
#include "disks/apply.h"
#include "tests/support_power.h"
#include "tests/support_store.h"

#define DISKS 2u /* the store, and its stream */
#define SLOTS 8u
#define ROUNDS 12u
#define MARK 0x5au
#define DEMO LATCHKEY_BUILD_DIR "/shared-demo.img"
#define COMMIT_CYCLES 4000000u /* from its beginning to the next phase, and some of that */

static const char *const paths[DISKS] = {"stream-store.img", "stream.img"};
static const char *const plain = "stream-plain.img";
static const char *const standby[DISKS] = {"stream-standby.img", "stream.img"};

struct pair {
    struct transcript transcript;
    struct machine *machine;
    size_t groups; /* of journals that were equal */
};

static void start(struct pair *pair, const char *const *images, unsigned count)
{
    pair->transcript = (struct transcript){.length = 0};
    pair->machine = checkpoint_machine(images, count, &pair->transcript);
}

/* The demo or another store, a copy of it, and its stream; switched on. */
static struct pair *pair_make(const char *image)
{
    struct error error;
    struct pair *pair = calloc(1, sizeof(*pair));
    struct store *store = malloc(sizeof(*store));
    const struct add_request request = {.stream_slots = SLOTS};
    cr_assert(pair && store);
    for (unsigned i = 0; i < DISKS; i++)
        (void)unlink(paths[i]);
    image_copy(image, paths[0]);
    image_copy(image, standby[0]);
    bool good = store_open(store, paths, 1, &error) && store_use(store, 0, &error) &&
                add_volume(store, &request, paths[1], &error);
    cr_assert(good, "%s", good ? "" : error.text);
    store_close(store);
    free(store);
    start(pair, paths, DISKS);
    return pair;
}

static void pair_finish(struct pair *pair)
{
    for (unsigned i = 0; i < DISKS; i++)
        (void)unlink(paths[i]);
    (void)unlink(standby[0]);
    (void)unlink(plain);
    free(pair);
}

/* To a generation; 0: so many cycles further. */
static void run_on(struct pair *pair, uint64_t generation, uint64_t cycles)
{
    struct machine_until until = machine_until_never();
    until.generation = generation ? generation : until.generation;
    until.cycles = machine_cycles(pair->machine) + (generation ? POWER_CYCLES_MAX : cycles);
    enum machine_stop_reason reason = machine_run(pair->machine, &until).reason;
    cr_assert_eq(reason, generation ? MACHINE_STOP_GENERATION : MACHINE_STOP_CYCLES, "%s",
                 pair->transcript.text);
    cr_assert_null(strstr(pair->transcript.text, ": trap "), "%s", pair->transcript.text);
}

/* A store without its journal. */
static uint64_t digest_plain(const char *path, struct digest *digest, const char *where)
{
    static const uint8_t zeros[BLOCK_BYTES];
    uint64_t found;
    (void)unlink(plain);
    image_copy(path, plain);
    struct volume_range ring = range_of(plain, RANGE_JOURNAL, 0);
    for (uint64_t i = 0; i < ring.block_count; i++)
        block_save(plain, ring.start_block + i, zeros);
    return image_digest(&plain, 1, digest, &found, where);
}

/* Both are at the same generation. Of what was journalled since, both have all but what was not
 * acknowledged, the last group. */
static void journals_compare(struct pair *pair, const char *where)
{
    struct digest digests[2];
    size_t groups[2];
    uint64_t found;
    const char *const both[2] = {paths[0], standby[0]};
    for (unsigned i = 0; i < 2; i++) {
        struct store *store = store_opened(both[i]);
        groups[i] = store->journal.group_count;
        store_dropped(store);
        (void)image_digest(&both[i], 1, &digests[i], &found, where);
        cr_assert_eq(found, 0, "%s", where);
    }
    cr_assert_leq(groups[0], groups[1] + 1, "%s", where);
    cr_assert_leq(groups[1], groups[0] + 1, "%s", where);
    if (groups[0] != groups[1])
        return;
    cr_assert(memcmp(&digests[0], &digests[1], sizeof(digests[0])) == 0, "%s", where);
    pair->groups += groups[0];
}

/* Bring the standby forward; it is what the store is. Returns the generation. */
static uint64_t follow(struct pair *pair, const char *where)
{
    struct error error;
    struct apply_report report;
    struct digest store, follower;
    uint64_t generation = digest_plain(paths[0], &store, where);
    cr_assert(apply_stream(standby, DISKS, NULL, &report, &error), "%s: %s", where, error.text);
    /* The stream's header is the last that is written; then the standby is one behind. */
    cr_assert(report.to == generation || report.to + 1 == generation, "%s", where);
    cr_assert_eq(digest_plain(standby[0], &follower, where), report.to);
    if (report.to == generation) {
        cr_assert(store.low == follower.low && store.high == follower.high, "%s", where);
        journals_compare(pair, where);
    }
    return report.to;
}

Test(stream, a_standby_follows_a_machine_over_power_cuts_and_takes_over)
{
    struct pair *pair = pair_make(DEMO);
    struct apply_report report;
    struct error error;
    run_on(pair, 3, 0);
    bool good = apply_stream(standby, DISKS, NULL, &report, &error);
    cr_assert(good, "while the store is in use: %s", good ? "" : error.text);
    cr_assert_geq(report.to, 2);
    run_on(pair, 5, 0);
    run_on(pair, 0, 300000); /* into its migration */
    machine_cut(pair->machine, POWER_DROP, 0);
    cr_assert_eq(follow(pair, "after five"), 5);
    start(pair, paths, DISKS); /* the store goes on, and so does its stream */
    run_on(pair, 8, 0);
    machine_cut(pair->machine, POWER_DROP, 1);
    cr_assert_eq(follow(pair, "after eight"), 8);
    cr_assert_null(strstr(pair->transcript.text, "away"), "%s", pair->transcript.text);
    pair->machine = NULL;
    start(pair, standby, 1); /* without the stream */
    restart_expect(pair->machine, &pair->transcript, 8, "takes over");
    cr_assert_null(strstr(pair->transcript.text, "away"), "%s", pair->transcript.text);
    run_on(pair, 11, 0);
    machine_destroy(pair->machine);
    cr_assert_not(apply_stream(standby, DISKS, NULL, &report, &error), "it went its own way");
    pair_finish(pair);
}

/* A group in the journal of a store that is off, with a page that nobody uses. */
static void page_journal(uint64_t *id)
{
    struct store_page page;
    static const uint8_t data[1][BLOCK_BYTES] = {{MARK}};
    struct store *store = store_opened(paths[0]);
    const struct ckpt_header *header = &store->header;
    for (*id = store_end(store, RANGE_PAGES) - 1;; --*id)
        if (!store_page(store, *id, &page) && page.zero)
            break;
    const struct store_journal *journal = &store->journal;
    const struct group group = {.ids = id, .pages = data, .count = 1,
                                .generation = header->generation,
                                .sequence = header->journal_sequence + journal->group_count,
                                .restart_count = journal->restart_count,
                                .allocation_count = page.allocation_count};
    uint64_t block = header->journal_block;
    if (journal->group_count > 0)
        block = journal->groups[journal->group_count - 1].first_block + 1 +
                journal->groups[journal->group_count - 1].page_count;
    cr_assert_lt(block, 60, "in the ring");
    (void)group_write(paths, 1, &group, block);
    store_dropped(store);
}

Test(stream, what_a_restart_finds_in_the_journal_is_in_the_next_generation)
{
    struct pair *pair = pair_make(DEMO);
    struct store_page page;
    uint64_t id;
    run_on(pair, 3, 0);
    machine_cut(pair->machine, POWER_DROP, 0);
    page_journal(&id);
    start(pair, paths, DISKS);
    run_on(pair, 6, 0);
    machine_cut(pair->machine, POWER_DROP, 0);
    cr_assert_eq(follow(pair, "after a page of the journal"), 6);
    struct store *store = store_opened(standby[0]);
    cr_assert_null(store_page(store, id, &page));
    cr_assert_eq(page.data[0], MARK);
    store_dropped(store);
    pair_finish(pair);
}

/* A domain that journals a page all the time, and is cut off as often. */
Test(stream, a_journal_at_work_does_not_break_the_stream)
{
    const uint64_t seed = 3;
    struct random random = {seed};
    struct pair *pair = pair_make(LATCHKEY_BUILD_DIR "/shared-transfer.img");
    struct digest digest;
    uint64_t generation = 1, applied = 1;
    for (unsigned round = 0; round < ROUNDS; round++) {
        if (round > 0)
            start(pair, paths, DISKS);
        run_on(pair, generation + 1, 0);
        run_on(pair, 0, 1 + random_below(&random, 1000000));
        machine_cut(pair->machine, (enum power_policy)random_below(&random, POWER_POLICY_COUNT),
                    round);
        generation = digest_plain(paths[0], &digest, "a journal at work");
        if (round % 3 != 2)
            continue;
        uint64_t now = follow(pair, "a journal at work");
        cr_assert_gt(now, applied, "seed %u, round %u", (unsigned)seed, round);
        applied = now;
    }
    cr_expect_gt(pair->groups, 0);
    pair_finish(pair);
}

Test(stream, no_cut_in_a_commit_breaks_the_stream)
{
    struct pair *pair = pair_make(DEMO);
    struct digest digest;
    uint64_t generation = 1, found, applied = 1, both = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct machine_until until = machine_until_never();
        if (round > 0)
            start(pair, paths, DISKS);
        run_on(pair, generation + 1, 0);
        until.phases = 1u << TRACE_PHASE_COMMIT;
        until.cycles = machine_cycles(pair->machine) + POWER_CYCLES_MAX;
        cr_assert_eq(machine_run(pair->machine, &until).reason, MACHINE_STOP_PHASE);
        run_on(pair, 0, 1 + round * (COMMIT_CYCLES / ROUNDS));
        machine_cut(pair->machine, round % 2 ? POWER_DROP : POWER_KEEP, round);
        uint64_t now = image_digest(paths, DISKS, &digest, &found, "cut in a commit");
        both |= 1u << (now - generation);
        generation = now;
        if (round % 3 != 2)
            continue; /* it may be some generations behind */
        now = follow(pair, "cut in a commit");
        cr_assert_gt(now, applied);
        applied = now;
    }
    cr_expect_eq(both, 1u << 1 | 1u << 2, "cuts before and after the commit point");
    pair_finish(pair);
}

Test(stream, the_store_goes_on_when_its_stream_dies_or_is_away)
{
    struct pair *pair = pair_make(DEMO);
    struct error error;
    struct apply_report report;
    struct digest digest;
    uint64_t found;
    const struct machine_fault dead = {1, {.kind = DISK_FAULT_DEAD}};
    run_on(pair, 3, 0);
    run_on(pair, 0, 100000);
    cr_assert(machine_disk_fault(pair->machine, &dead, &error), "%s", error.text);
    run_on(pair, 6, 0);
    cr_assert(strstr(pair->transcript.text, "disk 1: it cannot be written"), "%s",
              pair->transcript.text);
    machine_cut(pair->machine, POWER_DROP, 0);
    cr_assert_eq(image_digest(paths, 1, &digest, &found, "alone"), 6);
    cr_assert_eq(found, 0);
    start(pair, paths, 1); /* away */
    run_on(pair, 8, 0);
    cr_assert_null(strstr(pair->transcript.text, "away"), "%s", pair->transcript.text);
    machine_cut(pair->machine, POWER_DROP, 0);
    start(pair, paths, DISKS); /* back, with a hole */
    run_on(pair, 10, 0);
    machine_cut(pair->machine, POWER_DROP, 0);
    cr_assert_not(apply_stream(standby, DISKS, NULL, &report, &error), "there is a hole");
    cr_expect_not_null(strstr(error.text, "one between them is missing"), "%s", error.text);
    cr_expect_eq(image_digest(standby, 1, &digest, &found, "untouched"), 1);
    pair_finish(pair);
}
