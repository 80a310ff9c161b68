/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay_command.c - `latchkey replay`: runs a trace again, compares, reports. Called by main.c;
 * calls replay and divergence.
 *
 * The figures and the digest that are reported are those where the run ended, before the orderly
 * end of the host program moved the disks' caches to their media: as --stats of the run itself.
 */
#include "frontend/replay_command.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/json.h"
#include "emulator/base/memory.h"
#include "emulator/base/output_file.h"
#include "emulator/cpu.h"
#include "emulator/divergence.h"
#include "emulator/machine_mark.h"
#include "emulator/record_identity.h"
#include "frontend/failure.h"
#include "frontend/outputs.h"
#include "frontend/pace.h"
#include "frontend/replay_gdb.h"
#include "frontend/replay_words.h"
#include "frontend/screenshot.h"
#include "frontend/session.h"
#include "frontend/stats.h"
#include "frontend/window_run.h"

/* While verifying, so that narrowing does not begin from the beginning. */
#define VERIFY_BUDGET_BYTES ((size_t)256 << 20)

struct outcome {
    bool stopped; /* where --to said */
    bool differs;
    struct timeline_difference difference;
    struct divergence divergence;
    uint64_t host_ns;
};

static void console_put(void *context, const uint8_t *data, size_t size_bytes)
{
    (void)context;
    (void)fwrite(data, 1, size_bytes, stdout);
}

/* Where the entries begin that only end the recording. */
static size_t end_begin(const struct record *record)
{
    size_t end = record->entry_count;
    while (end > 0) {
        enum record_kind kind = record->entries[end - 1].kind;
        if (kind != RECORD_END && kind != RECORD_FLUSH && kind != RECORD_MARK &&
            kind != RECORD_REFUSED)
            break;
        end--;
    }
    return end;
}

static void media_forget(void *context)
{
    replay_media_forget(context);
}

/* Two machines, one that takes short cuts and one that takes none, from one place: do they part
 * before the trace does? */
static bool narrow_from(struct replay *replay, struct replay_twin *twin, uint64_t instructions,
                        struct outcome *outcome, struct error *error)
{
    struct timeline *timeline = replay_timeline(replay);
    struct timeline_state state;
    const struct divergence_sides sides = {.left = timeline, .right = twin->timeline,
                                           .context = replay, .prepare = media_forget};
    if (!timeline_seek(timeline, instructions, error))
        return false;
    timeline_save(timeline, &state);
    return divergence_find(&sides, &state, outcome->difference.differed.instructions,
                           &outcome->divergence, error);
}

/* From the last glance that agreed, which is near; if they do not part there, from the last mark:
 * RAM may have differed before. */
static bool narrow(struct replay *replay, struct outcome *outcome, struct error *error)
{
    struct replay_twin twin;
    const struct timeline_difference *difference = &outcome->difference;
    timeline_check(replay_timeline(replay), false);
    if (!replay_twin(replay, true, &twin, error))
        return false;
    bool good = narrow_from(replay, &twin, difference->glanced, outcome, error);
    if (good && !outcome->divergence.found && difference->glanced > difference->agreed.instructions)
        good = narrow_from(replay, &twin, difference->agreed.instructions, outcome, error);
    replay_twin_close(&twin);
    return good;
}

/* Where --to says; with snapshots from the nearest of them, unless nobody knows where it is. */
static bool to_go(struct replay *replay, const struct replay_words *words, struct error *error)
{
    struct timeline *timeline = replay_timeline(replay);
    const struct machine_until *to = &words->to;
    if (words->snapshots_path && to->instructions <= timeline_end(timeline))
        return timeline_seek(timeline, to->instructions, error);
    if (words->snapshots_path && to->time_ns <= timeline_end_ns(timeline))
        return timeline_seek_time(timeline, to->time_ns, error);
    return replay_to(replay, to, error);
}

/* To the end, or where --to says. */
static bool go(struct replay *replay, const struct replay_words *words, struct outcome *outcome,
               struct error *error)
{
    struct timeline *timeline = replay_timeline(replay);
    uint64_t start = host_clock_ns();
    bool good = words->to_given
                    ? to_go(replay, words, error)
                    : timeline_carry_out(timeline, end_begin(replay_record(replay)), error);
    outcome->stopped = good && words->to_given;
    outcome->host_ns = host_clock_ns() - start;
    outcome->difference = *timeline_difference(timeline);
    outcome->differs = outcome->difference.found;
    return outcome->differs ? narrow(replay, outcome, error) : good;
}

/* What only ends the recording; the last digest is compared in any case. */
static bool end_carry_out(struct replay *replay, struct outcome *outcome, struct error *error)
{
    struct timeline *timeline = replay_timeline(replay);
    timeline_check(timeline, true);
    if (timeline_carry_out(timeline, replay_record(replay)->entry_count, error))
        return true;
    outcome->difference = *timeline_difference(timeline);
    outcome->differs = outcome->difference.found;
    return outcome->differs;
}

/* --- the report --- */

static void difference_print(const struct replay *replay, const struct outcome *outcome)
{
    const struct timeline_difference *difference = &outcome->difference;
    const struct divergence *divergence = &outcome->divergence;
    char name[MARK_NAME_BYTES];
    printf("between instruction %" PRIu64 " and %" PRIu64 ", in:\n",
           difference->agreed.instructions, difference->differed.instructions);
    if (difference->glanced > difference->agreed.instructions)
        printf("  (the hart still agreed at %" PRIu64 ")\n", difference->glanced);
    if (difference->position)
        printf("  where it goes: to instruction %" PRIu64 ", event %" PRIu64 ", cycle %" PRIu64
               "; the recorded run went to %" PRIu64 ", %" PRIu64 ", %" PRIu64 "\n",
               difference->differed.instructions, difference->differed.events,
               difference->differed.cycles, difference->expected.instructions,
               difference->expected.events, difference->expected.cycles);
    for (uint64_t i = 0; i < difference->parts_count && i < 8; i++) {
        mark_name(difference->parts[i], name);
        printf("  %s\n", name);
    }
    if (difference->parts_count > 8)
        printf("  and %" PRIu64 " more\n", difference->parts_count - 8);
    if (divergence->found)
        printf("with and without short cuts, this program differs after instruction %" PRIu64
               ":\n%s",
               divergence->equal.instructions, divergence->text);
    else
        printf("this program does the same with and without short cuts there; %s\n",
               digest_equal(replay_record(replay)->head.program, record_program_digest())
                   ? "what was recorded is not what these inputs give"
                   : "the trace was recorded with another build of it");
}

static cJSON *difference_json(const struct outcome *outcome)
{
    char name[MARK_NAME_BYTES];
    const struct timeline_difference *difference = &outcome->difference;
    cJSON *object = cJSON_CreateObject(), *parts = cJSON_AddArrayToObject(object, "parts");
    json_count_add(object, "agreed", difference->agreed.instructions);
    json_count_add(object, "glanced", difference->glanced);
    json_count_add(object, "differed", difference->differed.instructions);
    for (uint64_t i = 0; i < difference->parts_count && i < 8; i++) {
        mark_name(difference->parts[i], name);
        cJSON_AddItemToArray(parts, cJSON_CreateString(name));
    }
    if (outcome->divergence.found) {
        json_count_add(object, "instruction", outcome->divergence.equal.instructions);
        json_text_add(object, "text", outcome->divergence.text);
    }
    return object;
}

/* How many entries of a kind were carried out. */
static uint64_t passed(struct replay *replay, enum record_kind kind)
{
    uint64_t count = 0;
    const struct record *record = replay_record(replay);
    for (size_t i = 0; i < timeline_entry(replay_timeline(replay)); i++)
        count += record->entries[i].kind == kind;
    return count;
}

static const char *verdict(const struct replay_words *words, const struct outcome *outcome)
{
    return outcome->differs ? "differs" : words->replay.check ? "equal" : "replayed";
}

static void json_print(struct replay *replay, const struct replay_words *words,
                       const struct outcome *outcome, const struct machine_stats *stats,
                       struct digest digest)
{
    char text[33];
    const struct record *record = replay_record(replay);
    cJSON *object = cJSON_CreateObject();
    json_text_add(object, "trace", words->replay.trace_path);
    cJSON_AddStringToObject(object, "verdict", verdict(words, outcome));
    cJSON_AddBoolToObject(object, "complete", record->complete);
    cJSON_AddBoolToObject(object, "same_program",
                          digest_equal(record->head.program, record_program_digest()));
    json_count_add(object, "marks", passed(replay, RECORD_MARK));
    json_count_add(object, "glances", passed(replay, RECORD_GLANCE));
    json_count_add(object, "inputs", passed(replay, RECORD_INPUT));
    json_count_add(object, "power_cuts", passed(replay, RECORD_CUT));
    json_count_add(object, "refused", passed(replay, RECORD_REFUSED));
    json_count_add(object, "instructions", stats->instructions);
    json_count_add(object, "events", stats->events);
    json_count_add(object, "cycles", stats->cycles);
    json_count_add(object, "virtual_time_ns", stats->virtual_time_ns);
    digest_text(digest, text);
    cJSON_AddStringToObject(object, "digest", text);
    cJSON_AddNumberToObject(object, "mips", stats_mips(stats->instructions, outcome->host_ns));
    cJSON_AddNumberToObject(object, "host_seconds", (double)outcome->host_ns / 1e9);
    if (outcome->differs)
        cJSON_AddItemToObject(object, "difference", difference_json(outcome));
    char *printed = json_text(object);
    puts(printed);
    free(printed);
}

static void text_print(struct replay *replay, const struct replay_words *words,
                       const struct outcome *outcome, const struct machine_stats *stats)
{
    if (outcome->differs)
        difference_print(replay, outcome);
    else if (outcome->stopped)
        printf("\nat instruction %" PRIu64 ", event %" PRIu64 ", cycle %" PRIu64 ", %" PRIu64
               " ns, pc 0x%" PRIx64 ", generation %" PRIu64 "%s%s\n",
               stats->instructions, stats->events, stats->cycles, stats->virtual_time_ns,
               cpu_pc_get(machine_cpu(replay_machine(replay))), stats->generation,
               stats->phase ? ", phase " : "", machine_phase_name(stats->phase));
    else if (words->replay.check)
        printf("equal: %" PRIu64 " marks and %" PRIu64 " glances in %" PRIu64 " instructions\n",
               passed(replay, RECORD_MARK), passed(replay, RECORD_GLANCE), stats->instructions);
}

static bool outputs_write(struct replay *replay, const struct replay_words *words,
                          const struct outcome *outcome, struct error *error)
{
    struct machine *machine = replay_machine(replay);
    const struct stats_run run = {.exit_reason = verdict(words, outcome),
                                  .seed = replay_record(replay)->head.seed,
                                  .host_ns = outcome->host_ns};
    return (!words->screenshot_path ||
            screenshot_write(words->screenshot_path, machine, error)) &&
           (!words->stats_path || stats_write(machine, &run, words->stats_path, error));
}

static int replayed(struct replay *replay, const struct replay_words *words,
                    struct outcome *outcome)
{
    struct error error;
    const char *trace = words->replay.trace_path;
    if (!go(replay, words, outcome, &error))
        return failure_tell(&error);
    struct machine_stats stats = machine_stats(replay_machine(replay));
    struct digest digest = machine_digest(replay_machine(replay));
    if (!outputs_write(replay, words, outcome, &error) ||
        (!outcome->differs && !outcome->stopped && !end_carry_out(replay, outcome, &error)))
        return failure_tell(&error);
    if (words->json)
        json_print(replay, words, outcome, &stats, digest);
    else
        text_print(replay, words, outcome, &stats);
    (void)fflush(stdout); /* before the line on stderr */
    if (outcome->differs)
        (void)error_set(&error, ERROR_FORMAT,
                        "%.100s: the run differs from the recorded one, between instruction "
                        "%" PRIu64 " and %" PRIu64,
                        trace, outcome->difference.agreed.instructions,
                        outcome->difference.differed.instructions);
    else if (outcome->stopped || replay_whole(replay, &error))
        return 0;
    return failure_tell(&error);
}

static bool trace_uses(const void *context, const char *path)
{
    return output_same(path, context);
}

/* replay   NULL: not open yet, and only the trace is known. */
static bool replay_outputs_check(const struct replay *replay, const struct replay_words *words,
                                 struct error *error)
{
    const struct output outputs[] = {{"--bundle", words->bundle_path},
                                     {"--stats", words->stats_path},
                                     {"--screenshot", words->screenshot_path},
                                     {"--snapshots", words->snapshots_path}};
    size_t count = sizeof(outputs) / sizeof(outputs[0]);
    if (replay)
        return outputs_check_replay(outputs, count, replay, error);
    return outputs_check(outputs, count, "replay", trace_uses, words->replay.trace_path, error);
}

/* Nothing was asked for that is said on a terminal or written at the end. */
static bool shows(const struct replay_words *words)
{
    return !words->headless && !words->gdb && !words->json && !words->to_given &&
           !words->replay.check && !words->bundle_path && !words->stats_path &&
           !words->screenshot_path && !words->snapshots_path && window_display();
}

/* In the window. Errors: as window_run(). */
static bool shown(const struct replay_words *words, int *status, struct error *error)
{
    struct options *options = memory_zeroed(1, sizeof(*options));
    *options = (struct options){.until = machine_until_never(), .limit_instructions = UINT64_MAX,
                                .history_bytes = words->history_bytes};
    bool good = window_run(options, &words->replay, status, error);
    free(options);
    return good;
}

static int debug(struct replay *replay, const struct replay_words *words)
{
    struct error error;
    if (words->to_given && !replay_to(replay, &words->to, &error))
        return failure_tell(&error);
    return replay_debug(replay, words->gdb_port);
}

int replay_command(int argc, char **argv)
{
    int status = 0;
    struct replay_words words;
    struct error error, ignored, no_window = {.code = ERROR_NONE};
    struct replay *replay;
    char kernel_path[PATH_MAX];
    if (!replay_words_read(&words, argc, argv, &error) ||
        !replay_outputs_check(NULL, &words, &error))
        return failure_tell(&error);
    if (!words.replay.kernel_path && session_kernel_find(kernel_path, &ignored))
        words.replay.kernel_path = kernel_path;
    if (shows(&words) && shown(&words, &status, &no_window))
        return status;
    if (!words.json && !words.replay.check)
        words.replay.console = (struct console_sink){.put = console_put};
    if (words.snapshots_path || words.gdb)
        words.replay.budget_bytes = words.history_bytes;
    if (words.replay.check) /* all of it: nothing is passed over */
        words.replay.budget_bytes = VERIFY_BUDGET_BYTES;
    else
        words.replay.snapshots_path = words.snapshots_path;
    struct replay_console console = {.newest = 0};
    if (words.gdb)
        words.replay.console = replay_console_sink(&console);
    if (!replay_open(&replay, &words.replay, &error))
        return failure_tell(&error);
    if (!replay_outputs_check(replay, &words, &error) ||
        (words.bundle_path && !replay_bundle(replay, words.bundle_path, &error))) {
        replay_close(replay);
        return failure_tell(&error);
    }
    console.machine = replay_machine(replay);
    if (no_window.code != ERROR_NONE)
        fprintf(stderr, "latchkey: %s; the console is here instead\n", no_window.text);
    if (words.gdb)
        status = debug(replay, &words);
    else if (!words.bundle_path || words.replay.check || words.to_given) {
        struct outcome *outcome = memory_zeroed(1, sizeof(*outcome));
        status = replayed(replay, &words, outcome);
        if (status == 0 && words.snapshots_path &&
            !replay_snapshots(replay, words.snapshots_path, &error))
            status = failure_tell(&error);
        free(outcome);
    }
    replay_close(replay);
    return status;
}
