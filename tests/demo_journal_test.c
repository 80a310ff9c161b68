/* SPDX-License-Identifier: GPL-2.0-or-later */
/* demo_journal_test.c - a domain that commits a page step by step never loses a step that was
 * answered, wherever and however the power fails, again and again; and of all that the cuts left
 * there is a good copy. LATCHKEY_LONG: more cuts. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support_disks.h"
#include "tests/support_machine.h"

#define KERNEL LATCHKEY_BUILD_DIR "/kernel.elf"
#define IMAGE LATCHKEY_BUILD_DIR "/shared-commit.img"
#define INSTRUCTIONS_MAX 400000000u
#define STEPS 60u

struct run {
    struct scratch scratch;
    char image[SCRATCH_PATH_BYTES];
    struct transcript transcript;
    struct machine_config config;
    struct machine *machine;
    size_t judged;     /* of the transcript */
    unsigned durable;  /* the newest step that was answered */
    unsigned lives;
    bool written;     /* in this life */
    bool rolled_back; /* the domain is back at a checkpoint, and has not looked at the page yet */
};

static void image_copy(const char *path)
{
    FILE *source = fopen(IMAGE, "rb"), *target = fopen(path, "wb");
    uint8_t block[BLOCK_BYTES];
    cr_assert(source != NULL);
    cr_assert(target != NULL);
    while (fread(block, sizeof(block), 1, source) == 1)
        cr_assert_eq(fwrite(block, sizeof(block), 1, target), 1);
    (void)fclose(source);
    cr_assert_eq(fclose(target), 0);
}

static void run_begin(struct run *run, uint64_t seed)
{
    struct error error;
    *run = (struct run){.durable = 0};
    scratch_make(&run->scratch);
    scratch_file(&run->scratch, "commit.img", run->image);
    image_copy(run->image);
    run->config = (struct machine_config){.ram_bytes = 16ull << 20, .seed = seed,
                                          .kernel_path = KERNEL, .append = "checkpoint=0",
                                          .disk_count = 1};
    run->config.disks[0] =
        (struct machine_disk){.path = run->image, .timing = DISK_TIMING_SSD};
    run->config.console = transcript_sink(&run->transcript);
    cr_assert(machine_create(&run->machine, &run->config, &error), "%s", error.text);
}

static void run_end(struct run *run)
{
    struct check_report report;
    machine_destroy(run->machine);
    /* The power may have gone between the two copies of a header. */
    bool clean = image_check(run->image, &report);
    cr_expect(clean || (report.count > 0 && report.counts[FINDING_DAMAGE] == 0), "%s",
              report.count ? report.findings[0].text : "it cannot be opened");
    check_report_finish(&report);
    scratch_remove(&run->scratch);
}

/* What was printed since: each step once more than the one before it, each life from where the one
 * before was answered, or one step later. */
static void transcript_judge(struct run *run, uint64_t seed)
{
    const char *at = run->transcript.text + run->judged;
    for (const char *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        unsigned first, second;
        if (sscanf(at, "life %u begins after step %u", &first, &second) == 2) {
            /* A life that left nothing on the disk may have its number used again. */
            cr_assert_geq(first, run->lives + run->written, "seed %llu",
                          (unsigned long long)seed);
            cr_assert(second == run->durable || second == run->durable + 1,
                      "seed %llu: after step %u a life begins at %u", (unsigned long long)seed,
                      run->durable, second);
            run->lives = first;
            run->durable = second;
            run->rolled_back = run->written = false;
        } else if (sscanf(at, "step %u is durable", &first) == 1) {
            /* What it was doing at the checkpoint it does again, with the page as it is now. */
            cr_assert(first == run->durable + 1 || (run->rolled_back && first <= run->durable),
                      "seed %llu: step %u after %u", (unsigned long long)seed, first,
                      run->durable);
            if (first > run->durable) {
                run->durable = first;
                run->written = true;
            }
        } else if (sscanf(at, "all %u steps are durable", &first) == 1) {
            /* The last one was perhaps durable before the cut, and not answered. */
            cr_assert_geq(run->durable + 1, first, "seed %llu: all after step %u",
                          (unsigned long long)seed, run->durable);
            run->durable = first;
        }
        /* A cut may leave one plex of a pot half written; then it says that there was another. */
        const char *other = strstr(at, "rewritten from the other");
        bool repaired = other && other < end;
        cr_assert(strncmp(at, "store:", 6) != 0 || repaired, "seed %llu: %.60s",
                  (unsigned long long)seed, at);
    }
    run->judged = (size_t)(at - run->transcript.text);
}

static struct machine_stop run_for(struct run *run, uint64_t instructions)
{
    struct machine_until until = machine_until_never();
    until.instructions = machine_instructions(run->machine) + instructions;
    return machine_run(run->machine, &until);
}

Test(journal, a_page_is_committed_step_by_step)
{
    struct run run;
    run_begin(&run, 1);
    cr_assert_eq(run_for(&run, INSTRUCTIONS_MAX).reason, MACHINE_STOP_POWER_OFF, "%s",
                 run.transcript.text);
    transcript_judge(&run, 1);
    cr_assert_eq(run.durable, STEPS);
    cr_assert(strstr(run.transcript.text, "checkpoint: code 0"), "%s", run.transcript.text);
    run_end(&run);
}

/* Cut a run at up to four random places, and let it end. */
static void cut_again_and_again(uint64_t seed, uint64_t whole)
{
    struct run run;
    struct random random = {seed};
    struct error error;
    run_begin(&run, seed);
    for (unsigned i = 0; i < 4; i++) {
        if (run_for(&run, random_below(&random, whole)).reason == MACHINE_STOP_POWER_OFF)
            break;
        const struct power_cut cut = {
            .policy = (enum power_policy)random_below(&random, POWER_POLICY_COUNT),
            .seed = random_next(&random)};
        transcript_judge(&run, seed);
        cr_assert(machine_power_cut(run.machine, &cut, &error), "%s", error.text);
        cr_assert(machine_reset(run.machine, &error), "%s", error.text);
        run.rolled_back = true;
    }
    cr_assert_eq(run_for(&run, INSTRUCTIONS_MAX).reason, MACHINE_STOP_POWER_OFF, "seed %llu: %s",
                 (unsigned long long)seed, run.transcript.text);
    transcript_judge(&run, seed);
    cr_assert_eq(run.durable, STEPS);
    run_end(&run);
}

Test(journal, no_cut_loses_a_step_that_was_answered)
{
    uint64_t count = getenv("LATCHKEY_LONG") ? 300 : 12, first = 1;
    if (getenv("LATCHKEY_SEED"))
        first = strtoull(getenv("LATCHKEY_SEED"), NULL, 0);
    struct run run;
    run_begin(&run, 1);
    (void)run_for(&run, INSTRUCTIONS_MAX);
    uint64_t whole = machine_instructions(run.machine);
    run_end(&run);
    cr_log_info("seed %llu", (unsigned long long)first);
    for (uint64_t seed = first; seed < first + count; seed++)
        cut_again_and_again(seed, whole);
}
