/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_pause_test.c - how long all domains stand still at a checkpoint, in instructions: from the
 * announcement that the freeze begins to the first instruction of a domain, against what had
 * changed. A domain changes pages and nodes in rounds (rounds.recipe); others wait and run, so
 * that the kernel holds them decoded. What each checkpoint has is of one moment: the domain would
 * notice if it were not.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/cpu.h"
#include "tests/support_disks.h"
#include "tests/support_power.h"
#include "tests/support_recipe.h"

#define IMAGE "test-pause.img"
#define FREEZES 4u
#define CUTS 12u
#define CUT_INSTRUCTIONS 20000000u /* at least, in each life */
#define INSTRUCTIONS_MAX 2000000000u /* to a freeze */
#define STEPS_MAX 100000u            /* from its end to a domain */
#define STAYS_INSTRUCTIONS 40000000u /* from one freeze to the next, and more */
#define SAMPLE 200u
#define DOMAIN_NODES 5u
/* The target, of the design of the store. */
#define EACH_PAGE 25u
#define EACH_NODE 150u
#define FIXED 20000u
#define STEP 30000u /* what follows a freeze, at a time */

struct load {
    unsigned pages, nodes, domains; /* that change in each round */
    unsigned ram_mib;
    bool small;
};

/* Domains that change nothing but themselves, and run between two freezes. */
static char *more_domains(unsigned count)
{
    static const char text[] = "domain idler_%u {\n    program domains/rounds.elf\n"
                               "    priority 1\n    key 11 = timer\n    run\n}\n";
    char *all = calloc(count + 2, sizeof(text) + 8), *at = all;
    cr_assert(all);
    at += sprintf(at, "domain worker {");
    for (unsigned i = 0; i < count; i++) {
        at = all + strlen(all) - strlen("domain worker {");
        at += sprintf(at, text, i);
        (void)sprintf(at, "domain worker {");
    }
    return all;
}

static void image_make(const struct load *load)
{
    char store[80], pages[40], nodes[40], work[60], *domains = more_domains(load->domains);
    snprintf(store, sizeof(store), "nodes %u pages %u area %u", load->nodes + 2000,
             load->pages + 2000, load->pages + load->nodes / 10 + 1000);
    snprintf(pages, sizeof(pages), "argument 0 %u\n", load->pages);
    snprintf(nodes, sizeof(nodes), "argument 1 %u\n", load->nodes);
    snprintf(work, sizeof(work), "zero %uK\n", 4 * (load->pages ? load->pages : 1));
    const struct recipe_change changes[RECIPE_CHANGES_MAX] = {
        {"nodes 2000 pages 2000 area 1600", store}, {"argument 0 100\n", pages},
        {"argument 1 100\n", nodes}, {"zero 400K\n", work}, {"domain worker {", domains}};
    recipe_image("rounds", changes, false, IMAGE);
    free(domains);
}

static struct machine *machine_make(const struct load *load, struct transcript *transcript)
{
    struct machine *machine;
    struct error error;
    struct machine_config config = {.kernel_path = LATCHKEY_BUILD_DIR "/kernel.elf",
                                    .ram_bytes = (uint64_t)load->ram_mib << 20, .disk_count = 1,
                                    .append = load->small ? "checkpoint=0 small" : "checkpoint=0"};
    config.disks[0] = (struct machine_disk){.path = IMAGE};
    *transcript = (struct transcript){.length = 0};
    config.console = transcript_sink(transcript);
    image_make(load);
    cr_assert(machine_create(&machine, &config, &error), "%s", error.text);
    return machine;
}

/* Go on until a freeze begins. */
static void freeze_reach(struct machine *machine, const struct transcript *transcript)
{
    struct machine_until until = machine_until_never();
    until.phases = 1u << TRACE_PHASE_FREEZE;
    until.instructions = machine_instructions(machine) + INSTRUCTIONS_MAX;
    cr_assert_eq(machine_run(machine, &until).reason, MACHINE_STOP_PHASE, "no freeze: %s",
                 transcript->text);
}

/* From where it is to the first instruction of a domain. */
static uint64_t pause_measure(struct machine *machine)
{
    uint64_t begin = machine_instructions(machine);
    struct machine_until until = machine_until_never();
    until.trace_kind = TRACE_PHASE_LEAVE;
    until.trace_argument = TRACE_PHASE_FREEZE;
    until.instructions = begin + INSTRUCTIONS_MAX;
    cr_assert_eq(machine_run(machine, &until).reason, MACHINE_STOP_TRACE);
    uint64_t frozen = machine_instructions(machine);
    until = machine_until_never();
    while (cpu_privilege(machine_cpu(machine)) != 0) {
        until.instructions = machine_instructions(machine) + 1;
        cr_assert_lt(until.instructions, frozen + STEPS_MAX, "no domain runs");
        cr_assert_eq(machine_run(machine, &until).reason, MACHINE_STOP_INSTRUCTIONS);
    }
    return machine_instructions(machine) - begin;
}

/* The longest of a few pauses. */
static uint64_t pause_of(const struct load *load)
{
    struct transcript transcript;
    struct machine *machine = machine_make(load, &transcript);
    uint64_t longest = 0;
    for (unsigned i = 0; i < FREEZES; i++) {
        freeze_reach(machine, &transcript);
        uint64_t pause = pause_measure(machine);
        if (i > 0 && pause > longest) /* the first may come before all has been changed */
            longest = pause;
    }
    cr_expect_null(strstr(transcript.text, " holds "), "%s", transcript.text);
    machine_destroy(machine);
    return longest;
}

static uint64_t target_of(const struct load *load)
{
    uint64_t nodes = load->nodes + DOMAIN_NODES * (load->domains + 2);
    return EACH_PAGE * load->pages + EACH_NODE * nodes + FIXED;
}

Test(pause, is_bounded_by_the_pages_and_nodes_that_changed)
{
    static const struct load loads[] = {
        {0, 0, 0, 16, false},     {100, 0, 0, 16, false},  {1000, 0, 0, 16, false},
        {2000, 0, 0, 16, false},  {0, 100, 0, 16, false},  {0, 1000, 0, 32, false},
        {1000, 1000, 0, 48, false}, {0, 0, 20, 32, false}, {0, 0, 55, 48, false},
        {1500, 1000, 55, 48, false},
    };
    for (unsigned i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
        uint64_t pause = pause_of(&loads[i]), target = target_of(&loads[i]);
        cr_log_info("%5u pages, %5u nodes, %2u domains: %7llu of %7llu", loads[i].pages,
                    loads[i].nodes, loads[i].domains, (unsigned long long)pause,
                    (unsigned long long)target);
        cr_expect_leq(pause, target, "%u pages, %u nodes, %u domains: %llu of %llu",
                      loads[i].pages, loads[i].nodes, loads[i].domains,
                      (unsigned long long)pause, (unsigned long long)target);
    }
}

/* How long the kernel keeps the hart from domains while a checkpoint is written and brought home,
 * by the phase in which it began; to SAMPLE instructions. */
static void stays_measure(const struct load *load, uint64_t longest[TRACE_PHASE_COUNT])
{
    struct transcript transcript;
    struct machine *machine = machine_make(load, &transcript);
    freeze_reach(machine, &transcript);
    (void)pause_measure(machine);
    freeze_reach(machine, &transcript); /* all that is to change has changed */
    (void)pause_measure(machine);
    struct machine_until until = machine_until_never();
    uint64_t begin = machine_instructions(machine), end = begin + STAYS_INSTRUCTIONS, traps = 0;
    uint32_t phase = TRACE_PHASE_FREEZE;
    for (uint64_t at = begin; at < end; at += SAMPLE) {
        until.instructions = at;
        cr_assert_eq(machine_run(machine, &until).reason, MACHINE_STOP_INSTRUCTIONS);
        struct machine_stats stats = machine_stats(machine);
        if (cpu_privilege(machine_cpu(machine)) == 0 || stats.traps + stats.interrupts != traps) {
            begin = at;
            phase = stats.phase;
        }
        traps = stats.traps + stats.interrupts;
        if (at - begin > longest[phase])
            longest[phase] = at - begin;
    }
    machine_destroy(machine);
}

Test(pause, of_the_steps_that_follow_is_bounded_however_much_there_is_to_write)
{
    static const struct load load = {1500, 1000, 20, 48, false};
    uint64_t longest[TRACE_PHASE_COUNT] = {0};
    stays_measure(&load, longest);
    for (uint32_t phase = 0; phase < TRACE_PHASE_COUNT; phase++) {
        if (longest[phase] == 0 || phase <= TRACE_PHASE_FREEZE)
            continue; /* what begins in no phase is the next freeze */
        cr_log_info("%s: %llu", machine_phase_name(phase), (unsigned long long)longest[phase]);
        cr_expect_leq(longest[phase], STEP, "%s: %llu", machine_phase_name(phase),
                      (unsigned long long)longest[phase]);
    }
}

/* The power goes again and again; the domain finds at every restart what one moment had. */
Test(pause, what_a_restart_finds_is_of_one_moment)
{
    static const struct load load = {200, 200, 5, 16, false};
    struct transcript transcript;
    struct random random = {1};
    struct machine *machine = machine_make(&load, &transcript);
    struct error error;
    for (unsigned i = 0; i < CUTS; i++) {
        struct machine_until until = machine_until_never();
        const struct power_cut cut = {.policy = (enum power_policy)(i % POWER_POLICY_COUNT)};
        until.instructions = machine_instructions(machine) + CUT_INSTRUCTIONS +
                             random_below(&random, CUT_INSTRUCTIONS);
        cr_assert_eq(machine_run(machine, &until).reason, MACHINE_STOP_INSTRUCTIONS, "%s",
                     transcript.text);
        cr_assert(machine_power_cut(machine, &cut, &error), "%s", error.text);
        cr_assert(machine_reset(machine, &error), "%s", error.text);
    }
    cr_expect_null(strstr(transcript.text, " holds "), "%s", transcript.text);
    cr_expect_gt(machine_stats(machine).generation, CUTS / 2, "generation %u",
                 (unsigned)machine_stats(machine).generation);
    machine_destroy(machine);
}
