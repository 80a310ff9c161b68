/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_profile_test.c - `latchkey profile` and --trace-out: each thing that is written is read
 * by a program, or a library, that somebody else made for it, and adds up. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <inttypes.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/input_file.h"
#include "emulator/base/memory.h"
#include "tests/support_folder.h"

/* A run with checkpoints, so with phases and disk requests. */
#define IMAGE "cp shared-pingpong.img %1$s/p.img && "
#define RUN "./latchkey profile --append checkpoint=5 --until insn=6000000 %1$s/p.img "
#define INSTRUCTIONS 6000000u

static char *file_read(const char *folder, const char *name)
{
    char path[600];
    uint8_t *bytes;
    size_t size_bytes;
    struct error error;
    (void)snprintf(path, sizeof(path), "%s/%s/%s", LATCHKEY_BUILD_DIR, folder, name);
    cr_assert(input_read(path, (size_t)256 << 20, &bytes, &size_bytes, &error), "%s", error.text);
    char *text = memory_zeroed(size_bytes + 1, 1);
    memcpy(text, bytes, size_bytes);
    free(bytes);
    return text;
}

/* Make a folder with what one run writes: %1$s/options. */
static char *profiled(const char *options)
{
    char command[600];
    char *folder = folder_make("profile");
    (void)snprintf(command, sizeof(command), "%s%s%s", "mkdir -p %1$s && " IMAGE RUN, options,
                   " > %1$s/out");
    folder_status(0, command, folder);
    return folder;
}

/* Is the program there? Without it a test says so, and has nothing to say. */
static bool is_there(const char *program)
{
    char command[100];
    (void)snprintf(command, sizeof(command), "command -v %s", program);
    struct command_result *result = command_run(command);
    bool there = result->status == 0;
    free(result);
    if (!there)
        cr_log_warn("%s is not installed: what it would read is not looked at\n", program);
    return there;
}

static double number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    cr_assert(cJSON_IsNumber(item), "%s", name);
    return item->valuedouble;
}

Test(profile, a_call_of_104_instructions_is_104_in_the_table, .timeout = 60)
{
    struct command_result *result =
        command_run("./latchkey profile shared-gauge.img,readonly --rows 0");
    const char *row = strstr(result->output, "CALL       start        0x6a0000  ");
    unsigned count, insn[3], cycles[3];
    cr_assert_eq(result->status, 0, "%s", result->errors);
    cr_assert_not_null(row, "%s", result->output);
    cr_assert_eq(sscanf(row, "CALL start 0x6a0000 0 - delivered %u %u %u %u %u %u %u", &count,
                        &insn[0], &insn[1], &insn[2], &cycles[0], &cycles[1], &cycles[2]),
                 7);
    cr_expect_geq(count, 200);
    cr_expect_eq(insn[0], 104);
    cr_expect_eq(insn[1], 104);
    cr_expect_eq(cycles[1], 114);
    cr_expect_not_null(strstr(result->output, "return_go"));
    cr_expect_str_eq(result->errors, "");
    free(result);
}

Test(profile, the_run_is_the_same_run, .timeout = 60)
{
    static const char command[] =
        "mkdir -p %1$s; for out in '' '--trace-out %1$s/t.json --svg %1$s/t.svg'; do "
        "cp shared-pingpong.img %1$s/p.img; ./latchkey run --headless --append checkpoint=5 "
        "--until insn=6000000 $out --stats %1$s/stats %1$s/p.img < /dev/null; "
        "grep -E 'instructions|\"cycles|digest|traps|events' %1$s/stats; md5sum < %1$s/p.img; done";
    char *folder = folder_make("same");
    struct command_result *result = folder_run(command, folder);
    size_t length = strlen(result->output);
    cr_assert_eq(result->status, 0, "%s", result->errors);
    cr_assert(length % 2 == 0 && length > 100, "%s", result->output);
    cr_expect(memcmp(result->output, result->output + length / 2, length / 2) == 0, "%s",
              result->output);
    free(result);
    folder_end(folder);
}

Test(profile, json_adds_up, .timeout = 60)
{
    char *folder = profiled("--json");
    char *text = file_read(folder, "out");
    cJSON *object = cJSON_Parse(text);
    const cJSON *path, *row, *account;
    cr_assert_not_null(object);
    double rows = number(cJSON_GetObjectItem(object, "user"), "instructions"), accounts = 0;
    cJSON_ArrayForEach(path, cJSON_GetObjectItem(object, "paths"))
        cJSON_ArrayForEach(row, cJSON_GetObjectItem(path, "results"))
            rows += number(cJSON_GetObjectItem(row, "instructions"), "sum");
    cJSON_ArrayForEach(account, cJSON_GetObjectItem(object, "domains"))
        accounts += number(cJSON_GetObjectItem(account, "user"), "instructions") +
                    number(cJSON_GetObjectItem(account, "kernel"), "instructions");
    cr_expect_eq(rows, INSTRUCTIONS);
    cr_expect_eq(accounts, INSTRUCTIONS);
    cr_expect_not_null(strstr(text, "\"ping\""));
    cr_expect_not_null(strstr(text, "\"pong\""));
    cJSON_Delete(object);
    free(text);
    folder_end(folder);
}

Test(profile, csv_and_folded_stacks_add_up, .timeout = 60)
{
    char *folder = profiled("--csv %1$s/csv --folded %1$s/folded");
    /* The sum of column 8, and of user mode; awk splits as any reader would. */
    struct command_result *csv =
        folder_run("awk -F, 'NR > 1 { kernel += $8; if (NF != 15) bad++ } END { print kernel, "
                   "bad + 0 }' %1$s/csv; awk '{ all += $2; if ($1 ~ /^user;/) user += $2; if (NF "
                   "!= 2) bad++ } END { print all, user, bad + 0 }' %1$s/folded",
                   folder);
    unsigned kernel, bad, all, user, bad_folded;
    cr_assert_eq(sscanf(csv->output, "%u %u %u %u %u", &kernel, &bad, &all, &user, &bad_folded), 5,
                 "%s", csv->output);
    cr_expect_eq(bad + bad_folded, 0);
    cr_expect_eq(all, INSTRUCTIONS);
    cr_expect_eq(kernel + user, INSTRUCTIONS);
    free(csv);
    folder_end(folder);
}

Test(profile, callgrind_annotate_reads_what_callgrind_would_have_written, .timeout = 60)
{
    char *folder = profiled("--callgrind %1$s/callgrind");
    if (is_there("callgrind_annotate")) {
        struct command_result *result = folder_run(
            "callgrind_annotate --inclusive=yes %1$s/callgrind", folder);
        cr_expect_eq(result->status, 0);
        cr_expect_str_eq(result->errors, "");
        cr_expect_not_null(strstr(result->output, "6,000,000 (100.0%) "));
        cr_expect_not_null(strstr(result->output, "PROGRAM TOTALS"));
        cr_expect_not_null(strstr(result->output, ":trap_entry"));
        free(result);
    }
    folder_end(folder);
}

/* --- the trace --- */

struct span {
    double from, to, pid, tid;
};

static int span_compare(const void *left, const void *right)
{
    const struct span *one = left, *other = right;
    const double keys[4][2] = {{one->pid, other->pid},
                               {one->tid, other->tid},
                               {one->from, other->from},
                               {other->to, one->to}};
    for (unsigned i = 0; i < 4; i++)
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    return 0;
}

/* Perfetto: two spans of a track are apart, or one holds the other. */
static void nesting_expect(struct span *spans, size_t count)
{
    double *ends = memory_zeroed(count + 1, sizeof(*ends));
    size_t depth = 0;
    qsort(spans, count, sizeof(*spans), span_compare);
    for (size_t i = 0; i < count; i++) {
        bool same = i > 0 && spans[i].pid == spans[i - 1].pid && spans[i].tid == spans[i - 1].tid;
        depth = same ? depth : 0;
        while (depth > 0 && ends[depth - 1] <= spans[i].from + 1e-6)
            depth--;
        cr_assert(depth == 0 || spans[i].to <= ends[depth - 1] + 1e-6, "at %f us of track %f/%f",
                  spans[i].from, spans[i].pid, spans[i].tid);
        ends[depth++] = spans[i].to;
    }
    free(ends);
}

struct seen {
    struct span *spans;
    size_t count;
    unsigned begun, ended, kernel, user, phases, names;
};

static void event_see(const cJSON *event, struct seen *seen)
{
    const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "ph"));
    const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "cat"));
    cr_assert_not_null(type);
    seen->begun += *type == 'b';
    seen->ended += *type == 'e';
    seen->names += *type == 'M';
    if (*type != 'X')
        return;
    seen->kernel += strcmp(kind, "kernel") == 0;
    seen->user += strcmp(kind, "user") == 0;
    seen->phases += strcmp(kind, "phase") == 0;
    double from = number(event, "ts"), length = number(event, "dur");
    cr_assert(from >= 0 && length >= 0);
    seen->spans[seen->count++] =
        (struct span){from, from + length, number(event, "pid"), number(event, "tid")};
}

Test(profile, the_trace_nests_and_has_domains_phases_and_requests, .timeout = 60)
{
    char *folder = profiled("--trace-out %1$s/trace");
    char *text = file_read(folder, "trace");
    cJSON *object = cJSON_Parse(text);
    const cJSON *event, *events = cJSON_GetObjectItemCaseSensitive(object, "traceEvents");
    cr_assert(cJSON_IsArray(events));
    struct seen seen = {.spans = memory_zeroed((size_t)cJSON_GetArraySize(events),
                                               sizeof(struct span))};
    cJSON_ArrayForEach(event, events)
        event_see(event, &seen);
    nesting_expect(seen.spans, seen.count);
    cr_expect_gt(seen.kernel, 1000);
    cr_expect_gt(seen.user, 1000);
    cr_expect_gt(seen.phases, 4);
    cr_expect_gt(seen.begun, 4);
    cr_expect_eq(seen.begun, seen.ended);
    cr_expect_gt(seen.names, 10);
    free(seen.spans);
    cJSON_Delete(object);
    free(text);
    folder_end(folder);
}

Test(profile, gtkwaves_tools_read_the_wave_forms, .timeout = 60)
{
    char *folder = profiled("--vcd %1$s/vcd");
    if (is_there("vcd2fst") && is_there("fst2vcd")) {
        struct command_result *result =
            folder_run("grep -c '^b*[01]' %1$s/vcd; vcd2fst %1$s/vcd %1$s/fst && "
                       "fst2vcd %1$s/fst > %1$s/again && grep -c '^b*[01]' %1$s/again; "
                       "grep -o ' [a-z0-9]* $end' %1$s/again | sort | uniq | wc -l",
                       folder);
        unsigned changes, again, names;
        cr_assert_eq(result->status, 0, "%s", result->errors);
        cr_assert_eq(sscanf(result->output, "%u %u %u", &changes, &again, &names), 3, "%s",
                     result->output);
        cr_expect_gt(changes, 2000);
        cr_expect_eq(changes, again);
        cr_expect_gt(names, 15);
        free(result);
    }
    folder_end(folder);
}

/* --- the flame graph --- */

static bool is_warm(const uint8_t *pixel)
{
    return pixel[0] > 180 && pixel[2] < 100 && pixel[1] > 80;
}

static void picture_expect(const char *path)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    unsigned warm = 0;
    cr_assert(png_image_begin_read_from_file(&image, path), "%s", image.message);
    image.format = PNG_FORMAT_RGB;
    uint8_t *pixels = memory_zeroed(PNG_IMAGE_SIZE(image), 1);
    cr_assert(png_image_finish_read(&image, NULL, pixels, 0, NULL), "%s", image.message);
    for (size_t i = 0; i < (size_t)image.width * image.height; i++)
        warm += is_warm(pixels + 3 * i);
    cr_expect_gt(warm, 1000 * 18 * 3, "three rows of frames: %u pixels", warm);
    free(pixels);
}

Test(profile, the_flame_graph_is_a_picture, .timeout = 200)
{
    char *folder = profiled("--svg %1$s/flames.svg");
    struct command_result *result = folder_run(
        "grep -c '^<g class=.frame. ' %1$s/flames.svg; grep -c '</g>$' %1$s/flames.svg; "
        "grep -o 'data-left=.0. data-size=.[0-9]*. data-name=.all' %1$s/flames.svg",
        folder);
    unsigned begins, ends, size;
    cr_assert_eq(sscanf(result->output,
                        "%u %u data-left=\"0\" data-size=\"%u\" data-name=\"all", &begins, &ends,
                        &size),
                 3, "%s", result->output);
    cr_expect_gt(begins, 100);
    cr_expect_eq(begins, ends);
    cr_expect_eq(size, INSTRUCTIONS);
    free(result);
    if (getenv("LATCHKEY_LONG") && is_there("chromium")) {
        char path[600];
        folder_status(0,
                      "timeout 120 chromium --headless --no-sandbox --disable-gpu "
                      "--hide-scrollbars --user-data-dir=$PWD/%1$s/browser "
                      "--window-size=1220,600 --screenshot=$PWD/%1$s/flames.png "
                      "file://$PWD/%1$s/flames.svg 2> %1$s/chromium.log",
                      folder);
        (void)snprintf(path, sizeof(path), "%s/%s/flames.png", LATCHKEY_BUILD_DIR, folder);
        picture_expect(path);
    }
    folder_end(folder);
}

Test(profile, a_recorded_run_has_the_ledger_of_the_run, .timeout = 60)
{
    char *folder = folder_make("trace");
    struct command_result *result = folder_run(
        "mkdir -p %1$s; cp shared-pingpong.img %1$s/p.img; ./latchkey run --headless --append "
        "checkpoint=5 --until insn=5000000 --csv %1$s/run.csv --record "
        "%1$s/trace,every=300000 %1$s/p.img < /dev/null > %1$s/out && ./latchkey profile "
        "%1$s/trace --verify --csv %1$s/again.csv > %1$s/table "
        "&& cmp %1$s/run.csv %1$s/again.csv && head -1 %1$s/table; ./latchkey profile %1$s/trace "
        "--to insn=1000000 | head -1; ./latchkey profile %1$s/trace --svg %1$s/p.img; echo $?",
        folder);
    cr_expect_not_null(strstr(result->output, "5000000 instructions: "), "%s", result->output);
    cr_expect_not_null(strstr(result->output, "1000000 instructions: "), "%s", result->output);
    cr_expect(command_one_line(result, "the replay uses this file"), "%s", result->errors);
    free(result);
    static const char *const others[] = {
        "./latchkey profile %1$s/trace --bundle %1$s/other",
        "./latchkey profile %1$s/trace --snapshots %1$s/other",
        "./latchkey profile %1$s/trace --gdb 0",
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        command_expect_refused(folder_run(others[i], folder), 2, "of a trace, --to, ", others[i]);
    command_expect_refused(
        folder_run("./latchkey profile %1$s/trace --svg %1$s/other --csv %1$s/other", folder), 2,
        "another output's file", "--svg and --csv");
    folder_end(folder);
}

Test(profile, a_trace_is_as_strict_as_for_replay, .timeout = 60)
{
    char *folder = folder_make("strict");
    struct command_result *result = folder_run(
        "mkdir -p %1$s; cp shared-pingpong.img %1$s/p.img; ./latchkey run --headless "
        "--until insn=1000000 --record %1$s/trace %1$s/p.img < /dev/null > %1$s/out && "
        "head -c -200 %1$s/trace > %1$s/half && ./latchkey profile --to insn=500000 %1$s/trace | "
        "head -1; ./latchkey profile --kernel %1$s/trace --seed 5 --rows 1 p.img", folder);
    cr_expect_not_null(strstr(result->output, "500000 instructions: "), "%s", result->output);
    cr_expect(!strstr(result->errors, "unknown option"), "%s", result->errors);
    free(result);
    result = folder_run("./latchkey profile %1$s/half", folder);
    cr_expect_eq(result->status, 1);
    cr_expect(command_one_line(result, "its end is missing"), "%s", result->errors);
    cr_expect_not_null(strstr(result->output, " instructions: "), "%s", result->output);
    free(result);
    result = folder_run("./latchkey profile %1$s/half > /dev/full", folder); /* the first failure */
    cr_expect_eq(result->status, 1);
    cr_expect(command_one_line(result, "its end is missing"), "%s", result->errors);
    free(result);
    static const char *const others[][2] = {
        {"./latchkey profile %1$s/trace --to insn=99999999", "the trace ends before that"},
        {"./latchkey profile %1$s/trace --headless", "of a trace, --to, "},
        {"./latchkey profile --history 5 %1$s/trace", "of a trace, --to, "},
        {"./latchkey profile --seed 5 %1$s/trace", "--seed: unknown option"},
        {"./latchkey profile %1$s/p.img --record %1$s/trace --stats %1$s/p.img", "--stats"},
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        command_expect_refused(folder_run(others[i][0], folder), 2, others[i][1], others[i][0]);
    folder_end(folder);
}

Test(profile, what_cannot_be_is_said_in_one_line, .timeout = 60)
{
    static const struct {
        const char *words, *text;
        int status;
    } cases[] = {
        {"profile --rows many", "--rows many", 2},
        {"profile --rows", "--rows: needs a value", 2},
        {"profile --svg", "--svg: needs a value", 2},
        {"profile --flames x", "--flames", 2},
        {"profile shared-gauge.img,readonly --gdb 0", "--gdb", 2},
        {"profile no-such.img", "no-such.img", 3},
        {"profile shared-gauge.img,readonly --svg no-such-folder/x", "no-such-folder", 3},
        {"profile shared-gauge.img,readonly --svg shared-gauge.img", "uses this file", 2},
        {"profile shared-gauge.img,readonly --svg a.out --csv a.out", "another output", 2},
        {"run --headless shared-gauge.img,readonly --trace-out a.out --stats a.out",
         "another output", 2},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char command[200];
        (void)snprintf(command, sizeof(command), "./latchkey %s < /dev/null", cases[i].words);
        command_expect_refused(command_run(command), cases[i].status, cases[i].text, command);
    }
}
