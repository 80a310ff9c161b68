/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_power.c - see support_power.h. Calls the machine, check and digest. */
#include "tests/support_power.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disks/make.h"
#include "emulator/base/input_file.h"

#define RAM_BYTES (32u << 20)

void image_copy(const char *source_path, const char *target_path)
{
    uint8_t bytes[1u << 16];
    int source = open(source_path, O_RDONLY), target = open(target_path, O_RDWR | O_CREAT, 0644);
    cr_assert(source >= 0 && target >= 0, "%s, %s", source_path, target_path);
    for (off_t at = 0;;) {
        ssize_t count = read(source, bytes, sizeof(bytes));
        cr_assert(count >= 0);
        if (count == 0)
            break;
        cr_assert_eq(pwrite(target, bytes, (size_t)count, at), count);
        at += count;
    }
    close(source);
    close(target);
}

void demo_make(const char *path, const char *words)
{
    struct error error;
    uint8_t *text;
    size_t size_bytes;
    static const char line[] = "store demo ";
    static const char source[] = LATCHKEY_SOURCE_DIR "/disks/recipes/demo.recipe";
    struct recipe *recipe = calloc(1, sizeof(*recipe));
    cr_assert_not_null(recipe);
    cr_assert(input_read(source, 1u << 16, &text, &size_bytes, &error), "%s", error.text);
    char *changed = calloc(1, size_bytes + strlen(words) + 1), *at = strstr((char *)text, line);
    cr_assert(changed && at);
    at += strlen(line);
    (void)sprintf(changed, "%.*s%s%s", (int)(at - (char *)text), (char *)text, words, at);
    cr_assert(recipe_parse(recipe, source, changed, &error), "%s", error.text);
    cr_assert(make_image(recipe, path, &error), "%s", error.text);
    free(changed);
    free(text);
    free(recipe);
}

struct machine *checkpoint_machine(const char *const *images, unsigned count,
                                   struct transcript *transcript)
{
    struct machine *machine;
    struct error error;
    struct machine_config config = {.kernel_path = LATCHKEY_BUILD_DIR "/kernel.elf",
                                    .ram_bytes = RAM_BYTES, .disk_count = count,
                                    .append = "checkpoint=20"};
    for (unsigned i = 0; i < count; i++)
        config.disks[i] = (struct machine_disk){.path = images[i]};
    config.console = transcript_sink(transcript);
    cr_assert(machine_create(&machine, &config, &error), "%s", error.text);
    return machine;
}

void machine_cut(struct machine *machine, enum power_policy policy, uint64_t seed)
{
    struct error error;
    const struct power_cut cut = {.policy = policy, .seed = seed};
    cr_assert(machine_power_cut(machine, &cut, &error), "%s", error.text);
    machine_destroy(machine);
}

uint64_t image_digest(const char *const *paths, unsigned count, struct digest *digest,
                      uint64_t *found, const char *where)
{
    struct error error;
    struct check_report report;
    struct store_digest result;
    struct store *store = malloc(sizeof(*store));
    cr_assert_not_null(store);
    cr_assert(store_open(store, paths, count, &error), "%s: %s", where, error.text);
    (void)check_store(store, &report);
    for (size_t i = 0; i < report.count; i++)
        cr_assert(report.findings[i].kind != FINDING_DAMAGE, "%s: %s", where,
                  report.findings[i].text);
    if (found)
        *found = report.counts[FINDING_REPAIRABLE];
    check_report_finish(&report);
    bool good = digest_store(store, 0, &result, &error);
    cr_assert(good, "%s: %s", where, good ? "" : error.text);
    store_close(store);
    free(store);
    *digest = result.digest;
    return result.generation;
}

void restart_expect(struct machine *machine, struct transcript *transcript, uint64_t generation,
                    const char *where)
{
    struct machine_until until = machine_until_never();
    until.trace_kind = TRACE_RESTARTED;
    until.trace_argument = UINT64_MAX;
    until.cycles = machine_cycles(machine) + POWER_CYCLES_MAX;
    *transcript = (struct transcript){.length = 0};
    struct machine_stop stop = machine_run(machine, &until);
    cr_assert_eq(stop.reason, MACHINE_STOP_TRACE, "%s: %s", where, transcript->text);
    cr_assert_eq(machine_stats(machine).generation, generation, "%s", where);
    until = machine_until_never();
    until.generation = generation + 1;
    until.cycles = machine_cycles(machine) + POWER_CYCLES_MAX;
    stop = machine_run(machine, &until);
    cr_assert_eq(stop.reason, MACHINE_STOP_GENERATION, "%s: %s", where, transcript->text);
    cr_assert_null(strstr(transcript->text, ": trap "), "%s: %s", where, transcript->text);
}
