/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_journal_test.c - the plug is pulled at the disk's writes while a domain commits a page to
 * the journal step by step and checkpoints go on beside it. What is left is one checkpoint, the one
 * before or the one being written, and over it the page as it was at the newest step that was
 * answered, or one later; and the domain, restarted, finds just that.
 *
 * As in store_cut_test.c one machine runs undisturbed in small steps, and a second one suffers the
 * cuts. LATCHKEY_LONG: every write, with every policy.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/base/pack.h"
#include "kernel/abi.h"
#include "tests/support_disks.h"
#include "tests/support_power.h"

#define STEP_CYCLES 300u
#define STEPS 30u       /* of the domain */
#define GENERATIONS 64u /* more than there are meanwhile */
#define CASES_MAX 20000u
#define RESTART_EACH 8u /* one cut in so many */
#define CYCLES_MAX 200000000u

static const char *const original = "journal-original.img";
static const char *const victim = "journal-victim.img";

/* What a cut, or the undisturbed run, left on the media. */
struct left {
    uint64_t generation;
    uint64_t count;     /* in the page */
    struct digest base; /* of all but the journal */
};

struct cut_case {
    unsigned event, answered; /* steps that had been answered */
    uint64_t committed;       /* and the generation that had been announced */
    enum power_policy policy;
    struct left left;
};

struct trial {
    struct machine *original, *victim;
    struct transcript transcript, victim_transcript;
    struct digest bases[GENERATIONS]; /* by generation */
    struct cut_case *cases;
    unsigned case_count, event_count, restart_count, answered;
    size_t judged; /* of the transcript */
    uint64_t committed;
    bool all;
};

static uint64_t counter_find(struct store *store)
{
    struct store_node node;
    for (uint64_t id = 1; (id = store_next(store, RANGE_NODES, id)) != 0; id++)
        if (!store_node(store, id, &node) && node.node.slots[0].type == KEY_PAGE &&
            node.node.slots[1].type == KEY_JOURNAL)
            return disk_id(node.node.slots[0].object_id);
    cr_assert_fail("nobody holds the page");
    return 0;
}

/* All pages and nodes, as the store has them without its journal. */
static struct digest base_digest(struct store *store)
{
    static struct store_page page;
    struct store_node node;
    struct digest_state *state = digest_create();
    for (uint64_t id = 1; (id = store_next(store, RANGE_PAGE_POTS, id)) != 0; id++) {
        cr_assert_null(store_page(store, id, &page));
        digest_add(state, &page.allocation_count, sizeof(page.allocation_count));
        digest_add(state, page.data, sizeof(page.data));
    }
    for (uint64_t id = 1; (id = store_next(store, RANGE_NODES, id)) != 0; id++) {
        cr_assert_null(store_node(store, id, &node));
        digest_add(state, &node.node, sizeof(node.node));
    }
    return digest_end(state);
}

static struct left left_read(const char *path, const char *where)
{
    struct left left;
    struct digest digest;
    struct store_page *page = malloc(sizeof(*page));
    left.generation = image_digest(&path, 1, &digest, NULL, where);
    cr_assert_not_null(page);
    struct store *store = store_opened(path);
    cr_assert_null(store_page(store, counter_find(store), page), "%s", where);
    memcpy(&left.count, page->data, sizeof(left.count));
    store_journal_finish(&store->journal);
    left.base = base_digest(store);
    store_dropped(store);
    free(page);
    return left;
}

static struct machine *machine_on(const char *path, struct transcript *transcript)
{
    struct error error;
    struct machine *machine;
    struct machine_config config = {.kernel_path = LATCHKEY_BUILD_DIR "/kernel.elf",
                                    .ram_bytes = 16u << 20, .disk_count = 1,
                                    .append = "checkpoint=15"};
    config.disks[0] = (struct machine_disk){.path = path, .timing = DISK_TIMING_SSD};
    config.console = transcript_sink(transcript);
    cr_assert(machine_create(&machine, &config, &error), "%s", error.text);
    return machine;
}

/* The power is back: the domain says after which step its new life begins. */
static void victim_restart(struct trial *trial, const struct left *left, const char *where)
{
    struct error error;
    struct machine_until until = machine_until_never();
    unsigned life, step;
    trial->victim_transcript = (struct transcript){.length = 0};
    cr_assert(machine_reset(trial->victim, &error), "%s: %s", where, error.text);
    until.console = "is durable";
    until.cycles = machine_cycles(trial->victim) + CYCLES_MAX;
    cr_assert_eq(machine_run(trial->victim, &until).reason, MACHINE_STOP_CONSOLE, "%s: %s", where,
                 trial->victim_transcript.text);
    const char *told = strstr(trial->victim_transcript.text, "life ");
    /* One that was in the middle of a step does that first, with the page as it is. */
    if (told && sscanf(told, "life %u begins after step %u", &life, &step) == 2)
        cr_assert(step == left->count || step == left->count + 1, "%s: %s, count %u", where, told,
                  (unsigned)left->count);
    trial->restart_count++;
}

static void cut(struct trial *trial, const struct byte_writer *state, enum power_policy policy)
{
    struct error error;
    char where[100];
    struct byte_reader reader = {.data = state->data, .size_bytes = state->size_bytes};
    struct power_cut power = {.policy = policy, .seed = trial->event_count};
    (void)snprintf(where, sizeof(where), "event %u, policy %s, after generation %u, step %u",
                   trial->event_count, power_policy_name(policy), (unsigned)trial->committed,
                   trial->answered);
    image_copy(original, victim);
    cr_assert(machine_load(trial->victim, &reader, &error), "%s: %s", where, error.text);
    cr_assert(machine_power_cut(trial->victim, &power, &error), "%s: %s", where, error.text);
    cr_assert_lt(trial->case_count, CASES_MAX);
    struct cut_case *found = &trial->cases[trial->case_count++];
    *found = (struct cut_case){.event = trial->event_count, .answered = trial->answered,
                               .committed = trial->committed, .policy = policy,
                               .left = left_read(victim, where)};
    cr_assert(found->left.count == trial->answered || found->left.count == trial->answered + 1,
              "%s: the page is at step %u", where, (unsigned)found->left.count);
    if (trial->case_count % RESTART_EACH == 0)
        victim_restart(trial, &found->left, where);
}

static void event(struct trial *trial)
{
    struct byte_writer state = {0};
    trial->event_count++;
    machine_save(trial->original, &state);
    for (unsigned policy = 0; policy < POWER_POLICY_COUNT; policy++)
        if (trial->all || policy == trial->event_count % POWER_POLICY_COUNT ||
            policy == (trial->event_count + 2) % POWER_POLICY_COUNT)
            cut(trial, &state, (enum power_policy)policy);
    writer_finish(&state);
}

static uint64_t disk_events(const struct machine *machine)
{
    const struct machine_stats stats = machine_stats(machine);
    return stats.disks[0].write_requests + stats.disks[0].flush_requests;
}

/* What the domain was answered, by what it printed since. */
static void answers_count(struct trial *trial)
{
    const char *at = trial->transcript.text + trial->judged;
    for (const char *end; (end = strchr(at, '\n')) != NULL; at = end + 1)
        (void)sscanf(at, "step %u is durable", &trial->answered);
    trial->judged = (size_t)(at - trial->transcript.text);
}

static void base_note(struct trial *trial)
{
    struct left left = left_read(original, "undisturbed");
    cr_assert_lt(left.generation, GENERATIONS);
    trial->bases[left.generation] = left.base;
}

/* The undisturbed run, until so many steps are answered. */
static void undisturbed(struct trial *trial)
{
    uint64_t events = 0;
    while (trial->answered < STEPS) {
        struct machine_until until = machine_until_never();
        until.cycles = machine_cycles(trial->original) + STEP_CYCLES;
        cr_assert_lt(until.cycles, POWER_CYCLES_MAX, "%s", trial->transcript.text);
        cr_assert_eq(machine_run(trial->original, &until).reason, MACHINE_STOP_CYCLES, "%s",
                     trial->transcript.text);
        answers_count(trial);
        uint64_t generation = machine_stats(trial->original).generation;
        if (generation != trial->committed)
            base_note(trial);
        trial->committed = generation;
        if (disk_events(trial->original) != events)
            event(trial);
        events = disk_events(trial->original);
    }
}

static void cases_judge(const struct trial *trial)
{
    for (unsigned i = 0; i < trial->case_count; i++) {
        const struct cut_case *found = &trial->cases[i];
        const struct digest *base = &trial->bases[found->left.generation];
        const char *policy = power_policy_name(found->policy);
        cr_assert(found->left.generation == found->committed ||
                      found->left.generation == found->committed + 1,
                  "event %u, %s: generation %u after %u", found->event, policy,
                  (unsigned)found->left.generation, (unsigned)found->committed);
        if (found->left.generation > trial->committed)
            continue; /* the run ended before it was committed there too */
        cr_assert(found->left.base.low == base->low && found->left.base.high == base->high,
                  "event %u, %s: generation %u has another digest", found->event, policy,
                  (unsigned)found->left.generation);
    }
}

Test(store_journal, no_cut_loses_a_step_that_was_answered_nor_mixes_checkpoints, .timeout = 6000)
{
    struct trial *trial = calloc(1, sizeof(*trial));
    cr_assert_not_null(trial);
    trial->cases = calloc(CASES_MAX, sizeof(*trial->cases));
    cr_assert_not_null(trial->cases);
    trial->all = getenv("LATCHKEY_LONG") != NULL;
    image_copy(LATCHKEY_BUILD_DIR "/shared-commit.img", original);
    image_copy(original, victim);
    trial->committed = 1;
    base_note(trial);
    trial->original = machine_on(original, &trial->transcript);
    trial->victim = machine_on(victim, &trial->victim_transcript);
    undisturbed(trial);
    cases_judge(trial);
    printf("%u events, %u cuts, %u restarts, generation %u\n", trial->event_count,
           trial->case_count, trial->restart_count, (unsigned)trial->committed);
    cr_expect_gt(trial->case_count, 3 * STEPS);
    cr_expect_gt(trial->committed, 2, "checkpoints went on");
    machine_destroy(trial->original);
    machine_destroy(trial->victim);
    (void)unlink(original);
    (void)unlink(victim);
    free(trial->cases);
    free(trial);
}
