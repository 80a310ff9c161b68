/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_away_test.c - a store over two disks of which one, with the only home of some objects, is
 * away at the start or dies on the way. What the checkpoint has of them stays in it; the others
 * answer with a code; and when the disk is back everything is there. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disks/add.h"
#include "kernel/abi.h"
#include "tests/support_disks.h"
#include "tests/support_power.h"

#define BOX_MARK 0x5ba7u /* by which the node is found whose slots get keys to the pages */
#define PAGES 300u       /* on the second disk */

static const char recipe[] = "store away nodes 300 pages 500\n"
                             "node box {\n0 = number 23463\n}\n"
                             "domain away {\n"
                             "program " LATCHKEY_BUILD_DIR "/domains/away.elf\n"
                             "key 0 = node box\n"
                             "key 2 = checkpoint\n"
                             "key 12 = console\n"
                             "run\n"
                             "}\n";

struct world {
    struct scratch scratch;
    char text[2][SCRATCH_PATH_BYTES];
    const char *paths[2];
    struct transcript transcript;
    struct machine *machine;
    size_t judged; /* of the transcript */
};

/* What the domain said of its newest step. */
struct step {
    unsigned count, mark;
    int count_code, mark_code;
};

static void keys_put(struct disk_node *node, const void *argument)
{
    const uint64_t *first = argument;
    for (unsigned i = 0; i < 2; i++) {
        struct disk_key key = {.type = KEY_PAGE};
        uint64_t id = *first + i * (PAGES - 1);
        memcpy(key.object_id, &id, sizeof(key.object_id));
        node->slots[i] = key;
    }
}

static uint64_t box_find(struct store *store)
{
    struct store_node node;
    for (uint64_t id = 1; (id = store_next(store, RANGE_NODES, id)) != 0; id++)
        if (!store_node(store, id, &node) && node.node.slots[0].type == KEY_DATA &&
            node.node.slots[0].count == BOX_MARK)
            return id;
    cr_assert_fail("the box is not there");
    return 0;
}

static void world_make(struct world *world)
{
    struct error error;
    struct add_request request = {.page_count = PAGES};
    static const char *const names[2] = {"away.img", "more.img"};
    *world = (struct world){.judged = 0};
    scratch_make(&world->scratch);
    for (unsigned i = 0; i < 2; i++) {
        scratch_file(&world->scratch, names[i], world->text[i]);
        world->paths[i] = world->text[i];
    }
    cr_assert(recipe_make(&world->scratch, recipe, names[0], &error), "%s", error.text);
    struct store *store = store_opened(world->paths[0]);
    uint64_t box = box_find(store), first = store_end(store, RANGE_PAGE_POTS);
    cr_assert(add_volume(store, &request, world->paths[1], &error), "%s", error.text);
    store_dropped(store);
    node_change(world->paths[0], box, 3, keys_put, &first);
}

/* Switch on with so many of the disks. */
static void world_start(struct world *world, unsigned disks)
{
    struct error error;
    struct machine_config config = {.ram_bytes = 16u << 20, .disk_count = disks,
                                    .kernel_path = LATCHKEY_BUILD_DIR "/kernel.elf",
                                    .append = "checkpoint=0"};
    for (unsigned i = 0; i < disks; i++)
        config.disks[i] = (struct machine_disk){.path = world->paths[i]};
    world->transcript = (struct transcript){.length = 0};
    world->judged = 0;
    config.console = transcript_sink(&world->transcript);
    cr_assert(machine_create(&world->machine, &config, &error), "%s", error.text);
}

/* Let the domain do its next step. */
static struct step step_next(struct world *world)
{
    struct step step;
    struct machine_until until = machine_until_never();
    until.console = "step ";
    until.cycles = machine_cycles(world->machine) + POWER_CYCLES_MAX;
    struct machine_stop stop = machine_run(world->machine, &until);
    cr_assert_eq(stop.reason, MACHINE_STOP_CONSOLE, "%s", world->transcript.text);
    until.console = "\n";
    (void)machine_run(world->machine, &until);
    const char *line = strstr(world->transcript.text + world->judged, "step ");
    cr_assert_not_null(line);
    unsigned number;
    cr_assert_eq(sscanf(line, "step %u: count %u code %d, mark %u code %d", &number, &step.count,
                        &step.count_code, &step.mark, &step.mark_code),
                 5, "%s", line);
    world->judged = world->transcript.length;
    return step;
}

/* Both disks are a clean store, though one may not have been there when it was last written. */
static void checked(struct world *world)
{
    struct digest digest;
    uint64_t found;
    (void)image_digest(world->paths, 2, &digest, &found, "both disks");
    cr_expect_eq(found, 0);
}

/* Let the second disk see both pages, the mark at home, and the count in a checkpoint that is not
 * migrated; returns the count. */
static unsigned both_used(struct world *world)
{
    unsigned count = 0;
    for (unsigned i = 1; i <= 4; i++) {
        struct step step = step_next(world);
        cr_assert(step.count == i && step.count_code == 0 && step.mark_code == 0, "%s",
                  world->transcript.text);
        cr_assert_eq(step.mark, i > 1 ? 77 : 0);
        count = step.count;
    }
    return count;
}

static void machine_begins(struct world *world, enum trace_phase phase)
{
    struct machine_until until = machine_until_never();
    until.phases = 1u << phase;
    until.cycles = machine_cycles(world->machine) + POWER_CYCLES_MAX;
    struct machine_stop stop = machine_run(world->machine, &until);
    cr_assert_eq(stop.reason, MACHINE_STOP_PHASE, "%s", world->transcript.text);
}

/* The domain without the second disk: what the checkpoint has goes on, the rest answers so. */
static unsigned alone(struct world *world, unsigned count)
{
    for (unsigned i = 0; i < 5; i++) {
        struct step step = step_next(world);
        cr_assert(step.count_code == 0 && step.mark_code == -17, "%s", world->transcript.text);
        /* The step that the checkpoint was in the middle of is done again. */
        cr_assert(step.count == count + 1 || (i == 0 && step.count == count), "%s",
                  world->transcript.text);
        count = step.count;
    }
    return count;
}

static void together(struct world *world, unsigned count)
{
    for (unsigned i = 0; i < 4; i++) {
        struct step step = step_next(world);
        cr_assert(step.count_code == 0 && step.mark_code == 0, "%s", world->transcript.text);
        cr_assert(step.count == count + 1 || (i == 0 && step.count == count), "%s",
                  world->transcript.text);
        cr_assert_eq(step.mark, 77, "%s", world->transcript.text);
        count = step.count;
    }
}

Test(store_away, what_the_checkpoint_has_of_a_disk_that_is_away_stays_in_it, .timeout = 120)
{
    struct world *world = calloc(1, sizeof(*world));
    cr_assert_not_null(world);
    world_make(world);
    world_start(world, 2);
    unsigned count = both_used(world);
    machine_begins(world, TRACE_PHASE_MIGRATE);
    machine_cut(world->machine, POWER_DROP, 0);
    for (unsigned round = 0; round < 3; round++) { /* away through more than one restart */
        world_start(world, 1);
        count = alone(world, count);
        cr_assert(strstr(world->transcript.text, "disks 2 are away"), "%s", world->transcript.text);
        machine_begins(world, round % 2 ? TRACE_PHASE_FREEZE : TRACE_PHASE_MIGRATE);
        machine_cut(world->machine, POWER_DROP, 0);
        checked(world);
    }
    world_start(world, 2);
    together(world, count);
    machine_cut(world->machine, POWER_DROP, 0);
    checked(world);
    scratch_remove(&world->scratch);
    free(world);
}

Test(store_away, a_disk_that_dies_with_the_only_homes_does_not_stop_the_others, .timeout = 240)
{
    for (enum trace_phase phase = TRACE_PHASE_FREEZE; phase <= TRACE_PHASE_MIGRATE; phase++) {
        struct world *world = calloc(1, sizeof(*world));
        struct machine_fault dead = {1, {.kind = DISK_FAULT_DEAD}};
        struct error error;
        cr_assert_not_null(world);
        world_make(world);
        world_start(world, 2);
        unsigned count = both_used(world);
        machine_begins(world, phase);
        cr_assert(machine_disk_fault(world->machine, &dead, &error), "%s", error.text);
        for (unsigned i = 0; i < 5; i++) { /* both pages are in memory */
            struct step step = step_next(world);
            cr_assert(step.count_code == 0 && step.mark_code == 0, "%s", world->transcript.text);
            count = step.count;
        }
        cr_assert(strstr(world->transcript.text, "disk 1: it cannot be written"), "phase %u: %s",
                  phase, world->transcript.text);
        machine_begins(world, phase);
        machine_cut(world->machine, POWER_DROP, 0);
        world_start(world, 1);
        count = alone(world, count);
        machine_cut(world->machine, POWER_DROP, 0);
        world_start(world, 2); /* it was mended */
        together(world, count);
        machine_cut(world->machine, POWER_DROP, 0);
        checked(world);
        scratch_remove(&world->scratch);
        free(world);
    }
}
