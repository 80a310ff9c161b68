/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_replay_test.c - `latchkey run --record` and `latchkey replay`: a trace says the same
 * again, whatever became of the image meanwhile, and what is not the recorded run is refused. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/base/input_file.h"
#include "emulator/base/memory.h"
#include "emulator/record_read.h"
#include "emulator/record_write.h"
#include "tests/support_command.h"

#define RUN "./latchkey run --headless --append checkpoint=5 "
#define RECORD "rm -f replay.trace; cp shared-pingpong.img replay.img; "

/* Run a command that must end with a status; the caller frees the result. */
static struct command_result *expect(int status, const char *command)
{
    struct command_result *result = command_run(command);
    cr_assert_eq(result->status, status, "%s: %d: %s%s", command, result->status, result->output,
                 result->errors);
    return result;
}

static void quietly(int status, const char *command)
{
    free(expect(status, command));
}

/* A member of a JSON object, as text. */
static void member(const char *json, const char *name, char text[64])
{
    cJSON *object = cJSON_Parse(json);
    const cJSON *item = cJSON_GetObjectItem(object, name);
    cr_assert(item, "%s: not in %s", name, json);
    if (cJSON_IsString(item))
        (void)snprintf(text, 64, "%s", item->valuestring);
    else
        (void)snprintf(text, 64, "%.0f", item->valuedouble);
    cJSON_Delete(object);
}

static void record(const char *options)
{
    char command[600];
    (void)snprintf(command, sizeof(command),
                   RECORD RUN "--record replay.trace,every=300000 --stats replay.json %s "
                              "replay.img </dev/null",
                   options);
    quietly(0, command);
}

/* The digest of the run that was recorded, and that of its replay. */
static void replay_equals(const char *words)
{
    char command[300], recorded[64], replayed[64], verdict[64];
    struct command_result *stats = expect(0, "cat replay.json");
    (void)snprintf(command, sizeof(command), "./latchkey replay --verify --json %s", words);
    struct command_result *result = expect(0, command);
    member(stats->output, "digest", recorded);
    member(result->output, "digest", replayed);
    member(result->output, "verdict", verdict);
    cr_expect_str_eq(recorded, replayed, "%s", words);
    cr_expect_str_eq(verdict, "equal", "%s", words);
    member(stats->output, "instructions", recorded);
    member(result->output, "instructions", replayed);
    cr_expect_str_eq(recorded, replayed, "%s", words);
    free(stats);
    free(result);
}

static void clean(void)
{
    quietly(0, "rm -f replay.trace replay.img replay.json replay.over replay2.trace replay.png "
               "replay2.json moved.img own.img own.json own.trace");
}

Test(replay_command, a_trace_of_a_run_that_changed_its_image_replays_and_changes_nothing,
     .timeout = 120)
{
    record("--until generation=3");
    struct command_result *before = expect(0, "md5sum replay.img shared-pingpong.img");
    cr_assert(strncmp(before->output, strchr(before->output, '\n') + 1, 32) != 0,
              "the run changed nothing");
    replay_equals("replay.trace");
    struct command_result *after = expect(0, "md5sum replay.img shared-pingpong.img");
    cr_expect_str_eq(before->output, after->output);
    quietly(0, "mv replay.img moved.img"); /* found by its contents */
    replay_equals("replay.trace moved.img");
    replay_equals("replay.trace shared-pingpong.img");
    struct command_result *gone = command_run("./latchkey replay --headless replay.trace");
    cr_expect_eq(gone->status, 3);
    cr_expect(command_one_line(gone, "replay.img"), "%s", gone->errors);
    free(before);
    free(after);
    free(gone);
    clean();
}

Test(replay_command, a_trace_replays_with_the_timing_model_that_it_names, .timeout = 120)
{
    static const char *const models[] = {"inorder", "cache"};
    char cycles[2][64];
    for (unsigned i = 0; i < 2; i++) {
        char options[100];
        (void)snprintf(options, sizeof(options), "--timing %s --until insn=2000000", models[i]);
        record(options);
        replay_equals("replay.trace");
        struct command_result *stats = expect(0, "cat replay.json");
        member(stats->output, "cycles", cycles[i]);
        cr_expect(strstr(stats->output, models[i]), "%s", stats->output);
        cr_expect_eq(strstr(stats->output, "mcpi_data") != NULL, i == 1);
        free(stats);
    }
    cr_expect_str_neq(cycles[0], cycles[1]);
    clean();
}

Test(replay_command, the_console_is_printed_again, .timeout = 60)
{
    quietly(0, RECORD RUN "--record replay.trace --until generation=2 replay.img </dev/null "
                          "> replay.json");
    struct command_result *first = expect(0, "cat replay.json");
    struct command_result *second = expect(0, "./latchkey replay --headless replay.trace");
    cr_expect_str_eq(first->output, second->output);
    cr_expect_gt(strlen(first->output), 20);
    free(first);
    free(second);
    clean();
}

Test(replay_command, input_power_cuts_and_overlays_are_in_the_trace, .timeout = 120)
{
    record("--disk shared-first.img,overlay=replay.over,timing=hdd --power-cut "
           "phase=migrate,policy=torn,seed=5");
    replay_equals("replay.trace");
    record("--until generation=2 --fault disk0.flip=3000:7@ns=1000");
    replay_equals("replay.trace");
    quietly(0, RECORD "cp shared-shell.img replay.img; printf 'help\\r' | ./latchkey run "
                      "--headless --until 'console=not answered' --record replay.trace "
                      "--stats replay.json replay.img");
    replay_equals("replay.trace");
    struct command_result *result = expect(0, "./latchkey replay --json replay.trace");
    char inputs[64];
    member(result->output, "inputs", inputs);
    cr_expect_str_eq(inputs, "5");
    free(result);
    clean();
}

Test(replay_command, what_the_host_refused_the_disk_is_refused_again, .timeout = 60)
{
    quietly(1, RECORD "sh -c \"ulimit -f 4000; ./latchkey run --headless --append checkpoint=5 "
                      "--until insn=8000000 --record replay.trace --stats replay.json replay.img "
                      "</dev/null\"");
    struct command_result *result = expect(0, "./latchkey replay --json replay.trace");
    char refused[64];
    member(result->output, "refused", refused);
    cr_expect_str_neq(refused, "0");
    replay_equals("replay.trace");
    free(result);
    clean();
}

Test(replay_command, to_a_place_is_exactly_there, .timeout = 60)
{
    record("--until generation=3");
    char here[64], there[64];
    quietly(0, "cp shared-pingpong.img moved.img; " RUN
               "--until insn=1234567 --stats replay2.json moved.img </dev/null");
    struct command_result *run = expect(0, "cat replay2.json");
    struct command_result *result =
        expect(0, "./latchkey replay replay.trace --to insn=1234567 --json");
    member(run->output, "digest", here);
    member(result->output, "digest", there);
    cr_expect_str_eq(here, there);
    free(result);
    result = expect(0, "./latchkey replay replay.trace --to phase=commit");
    cr_expect(strstr(result->output, "phase commit"), "%s", result->output);
    free(result);
    result = expect(0, "./latchkey replay replay.trace --to time=5ms --screenshot replay.png");
    cr_expect(strstr(result->output, " 5000"), "%s", result->output);
    free(result);
    result = expect(2, "./latchkey replay replay.trace --to insn=999999999999");
    cr_expect(command_one_line(result, "ends before"), "%s", result->errors);
    free(result);
    command_expect_refused(
        command_run("./latchkey replay replay.trace --gdb 0 --to insn=999999999999 > replay.over"),
        2, "ends before", "--gdb --to");
    command_expect_refused(command_run("./latchkey replay replay.trace --to time=5"), 2,
                           "a number with ns, us, ms or s", "--to time=5");
    free(run);
    clean();
}

Test(replay_command, what_stdout_does_not_take_is_said, .timeout = 60)
{
    static const char *const options[] = {"--headless", "--verify", "--json", "--to insn=900000"};
    record("--until insn=1000000");
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        char command[200];
        (void)snprintf(command, sizeof(command), "./latchkey replay replay.trace %s > /dev/full",
                       options[i]);
        command_expect_refused(command_run(command), 3, "standard output: No space left", command);
    }
    clean();
}

Test(replay_command, a_bundle_needs_nothing_else, .timeout = 60)
{
    record("--until generation=2");
    quietly(0, "./latchkey replay replay.trace --bundle replay2.trace && "
               "rm replay.img replay.trace");
    replay_equals("replay2.trace");
    clean();
}

Test(replay_command, of_an_image_that_was_named_is_said_why_it_is_not_taken, .timeout = 60)
{
    record("--until insn=1000000");
    quietly(0, "mv replay.img own.img");
    command_expect_refused(command_run("./latchkey replay replay.trace shared-gauge.img"), 1,
                           "shared-gauge.img: not the image that was recorded with", "named");
    quietly(0, "./latchkey replay replay.trace own.img && rm own.img");
    clean();
}

Test(replay_command, each_output_is_a_file_of_its_own, .timeout = 60)
{
    static const char *const outputs[] = {"--stats own.json --screenshot ./own.json",
                                          "--bundle own.trace --snapshots own.trace",
                                          "--bundle ./own.trace --stats own.trace"};
    record("--until insn=1000000");
    for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
        char command[200];
        (void)snprintf(command, sizeof(command), "./latchkey replay replay.trace %s", outputs[i]);
        command_expect_refused(command_run(command), 2, "another output's file", command);
    }
    quietly(0, "[ ! -e own.json ] && [ ! -e own.trace ]");
    clean();
}

/* Nobody named the image but the trace. */
Test(replay_command, no_output_is_what_the_trace_was_recorded_with, .timeout = 60)
{
    static const char *const outputs[] = {"--bundle replay.img", "--stats replay.img",
                                          "--screenshot ./replay.img", "--bundle replay.trace",
                                          "--stats kernel.elf"};
    record("--until insn=1000000");
    quietly(0, "cat replay.img replay.trace kernel.elf | md5sum > replay.json");
    for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
        char command[200];
        (void)snprintf(command, sizeof(command), "./latchkey replay replay.trace %s", outputs[i]);
        struct command_result *result = expect(2, command);
        cr_expect(command_one_line(result, "the replay uses this file"), "%s", result->errors);
        free(result);
    }
    quietly(0, "cat replay.img replay.trace kernel.elf | md5sum | cmp - replay.json");
    clean();
}

Test(replay_command, a_trace_whose_end_is_missing_is_replayed_up_to_there, .timeout = 60)
{
    quietly(0, RECORD "(" RUN "--record replay.trace,every=300000 replay.img </dev/null & "
                      "until [ $(wc -c < replay.trace) -gt 2000 ]; do sleep 0.02; done; "
                      "kill -KILL $!; wait) 2>/dev/null; true");
    struct command_result *result = command_run("./latchkey replay --verify replay.trace");
    cr_expect_eq(result->status, 1, "%d %s", result->status, result->errors);
    cr_expect(command_one_line(result, "its end is missing"), "%s", result->errors);
    cr_expect(strncmp(result->output, "equal: ", 7) == 0, "%s", result->output);
    free(result);
    clean();
}

/* The trace again, changed by change(). */
static void forge(void (*change)(struct record *record))
{
    struct record *record = memory_zeroed(1, sizeof(*record));
    struct record_writer *writer;
    struct error error;
    cr_assert(record_read_file(record, LATCHKEY_BUILD_DIR "/replay.trace", &error), "%s",
              error.text);
    change(record);
    cr_assert(record_writer_open(&writer, LATCHKEY_BUILD_DIR "/replay2.trace", &record->head,
                                 &error));
    for (size_t i = 0; i < record->cluster_count; i++)
        record_writer_clusters(writer, record->clusters[i].disk, record->clusters[i].index,
                               record->clusters[i].data, 1);
    for (size_t i = 0; i < record->entry_count; i++)
        record_writer_entry(writer, &record->entries[i], record->hashes + record->entries[i].mark,
                            record->entries[i].kind == RECORD_MARK ? record_parts(record) : 0);
    cr_assert(record_writer_close(writer, &error));
    record_finish(record);
    free(record);
}

static void other_version(struct record *record)
{
    strcpy(record->head.version, "0.0");
}

static void other_engine(struct record *record)
{
    record->head.engine_version++;
}

static void other_kernel(struct record *record)
{
    record->head.kernel.low++;
}

static void other_image(struct record *record)
{
    record->head.disks[0].digest.low++;
}

static void other_seed(struct record *record)
{
    record->head.seed++;
}

static void other_byte(struct record *record)
{
    for (size_t i = 0; i < record->cluster_count; i++)
        record->clusters[i].data[100] ^= 1;
}

static void other_mark(struct record *record)
{
    record->hashes[record->hash_count - 1] ^= 1; /* of the last mark, the last MiB */
}

static void nothing(struct record *record)
{
    (void)record;
}

Test(replay_command, snapshots_on_disk_are_made_used_and_refused_when_damaged, .timeout = 240)
{
    char digests[3][64];
    record("--until generation=4");
    for (unsigned i = 0; i < 3; i++) { /* without, making them, and from them */
        struct command_result *result = expect(
            0, i == 0 ? "./latchkey replay replay.trace --to insn=3000000 --json"
                      : "./latchkey replay replay.trace --to insn=3000000 --json "
                        "--snapshots replay.over");
        member(result->output, "digest", digests[i]);
        cr_expect_str_eq(digests[i], digests[0]);
        free(result);
    }
    quietly(0, "./latchkey replay replay.trace --verify --snapshots replay.over");
    quietly(2, "./latchkey replay replay.trace --to insn=999999999999 --snapshots replay.over");
    struct command_result *result = command_run("printf x >> replay.over; ./latchkey replay "
                                                "replay.trace --snapshots replay.over");
    cr_expect_eq(result->status, 1);
    cr_expect(command_one_line(result, "replay.over: damaged"), "%s", result->errors);
    free(result);
    result = command_run("./latchkey replay replay.trace --snapshots replay.img");
    cr_expect_eq(result->status, 1);
    cr_expect(command_one_line(result, "not a file of snapshots"), "%s", result->errors);
    free(result);
    result = command_run("./latchkey replay replay.trace --verify --snapshots replay.img");
    cr_expect_eq(result->status, 2);
    cr_expect(command_one_line(result, "replay.img"), "%s", result->errors);
    free(result);
    clean();
}

Test(replay_command, what_is_not_the_recorded_run_is_refused_or_located, .timeout = 120)
{
    static const struct {
        void (*change)(struct record *record);
        const char *text;
        int status;
    } changes[] = {{nothing, "", 0},
                   {other_version, "version 0.0", 1},
                   {other_engine, "engine", 1},
                   {other_kernel, "kernel.elf: not the file", 1},
                   {other_image, "needs no image", 1},
                   {other_byte, "replay.img: not the image", 1},
                   {other_seed, "differs from the recorded one, between instruction 0", 1},
                   {other_mark, "differs from the recorded one", 1}};
    record("--until generation=2");
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        forge(changes[i].change);
        struct command_result *result =
            command_run("./latchkey replay --headless replay2.trace >/dev/null");
        if (changes[i].change == other_seed) {
            free(result);
            result = command_run("./latchkey replay replay2.trace --verify >/dev/null");
        }
        cr_expect_eq(result->status, changes[i].status, "%zu: %s", i, result->errors);
        cr_expect(changes[i].status == 0 || command_one_line(result, changes[i].text), "%zu: %s",
                  i, result->errors);
        free(result);
    }
    quietly(1, "printf x >> replay.trace; ./latchkey replay --headless replay.trace");
    clean();
}
