/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile_command.c - `latchkey profile`: a run without window and console, and the ledger of it.
 * Or a trace, run again. Called by main.c; calls session.c, replay.h, profile.c and export.h. */
#include "frontend/profile_command.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/base/memory.h"
#include "emulator/export.h"
#include "emulator/record_format.h"
#include "frontend/failure.h"
#include "frontend/outputs.h"
#include "frontend/profile.h"
#include "frontend/replay_words.h"
#include "frontend/session.h"
#include "frontend/signals.h"

#define SLICE_INSTRUCTIONS 20000000u /* some 100 ms of host time, to answer signals */
#define ROWS_DEFAULT 40u

struct profile_words {
    bool json;
    size_t rows_max;
    const char *paths[PROFILE_OUTPUT_COUNT];
    char **rest; /* for options_parse(), or of a replay */
    int rest_count;
};

const char *profile_help(void)
{
    return "latchkey profile [IMG...] [options]\n"
           "latchkey profile TRACE [IMG...] [options]\n"
           "\n"
           "Runs a machine without window and console, and says where its instructions and cycles\n"
           "went: how often each way through the kernel was taken and what it took; what each\n"
           "domain and each meter used; and in which of the kernel's functions. The run is the\n"
           "same as without. It ends as latchkey run does, or when the guest waits for input.\n"
           "\n"
           "  --json            print everything as JSON in place of the tables\n"
           "  --rows N          rows of each table, default 40; 0: all\n"
           "  --csv FILE        the message paths as comma-separated values\n"
           "  --folded FILE     folded stacks, for flamegraph.pl and speedscope\n"
           "  --svg FILE        a flame graph\n"
           "  --callgrind FILE  for callgrind_annotate and kcachegrind\n"
           "  --trace-out FILE  Chrome's trace format, for ui.perfetto.dev: who ran when, phases\n"
           "                    of checkpoints, disk requests\n"
           "  --vcd FILE        interrupt lines, mode, phase and domain, for gtkwave\n"
           "\n"
           "All other options but --gdb are those of latchkey run; see latchkey help run. A TRACE\n"
           "that it recorded is run again, up to its end or to what --to says; --verify compares\n"
           "it on the way; see latchkey help replay.\n";
}

static bool rows_read(struct profile_words *words, const char *text, struct error *error)
{
    char *end;
    errno = 0;
    unsigned long long rows = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end || errno)
        return error_set(error, ERROR_USAGE, "--rows %.60s: expected a number", text);
    words->rows_max = rows == 0 || rows > SIZE_MAX ? SIZE_MAX : (size_t)rows;
    return true;
}

/* Take out what only profiles know. */
static bool words_read(struct profile_words *words, int argc, char **argv, struct error *error)
{
    *words = (struct profile_words){.rows_max = ROWS_DEFAULT};
    words->rest = memory_zeroed((size_t)argc + 1, sizeof(*words->rest));
    for (int i = 0; i < argc; i++) {
        const char **path = options_profile_path(words->paths, argv[i]);
        bool rows = strcmp(argv[i], "--rows") == 0;
        if ((path || rows) && (i + 1 == argc || argv[i + 1][0] == '\0'))
            return error_set(error, ERROR_USAGE, "%s: needs a value", argv[i]);
        if (path)
            *path = argv[++i];
        else if (strcmp(argv[i], "--json") == 0)
            words->json = true;
        else if (!rows)
            words->rest[words->rest_count++] = argv[i];
        else if (!rows_read(words, argv[++i], error))
            return false;
    }
    return true;
}

static void console_drop(void *context, const uint8_t *data, size_t size_bytes)
{
    (void)context;
    (void)data;
    (void)size_bytes;
}

static void run(struct session *session, struct signals *signals)
{
    for (;;) {
        struct machine_until slice = machine_until_never();
        slice.instructions = machine_instructions(session->machine) + SLICE_INSTRUCTIONS;
        enum session_state state = session_run(session, &slice);
        int number = signals_next(signals);
        if (number != 0)
            session_finish_as(session, SESSION_END_SIGNAL, number);
        if (state == SESSION_WAITS) /* for what nobody will type: that is all there is */
            session_finish_as(session, SESSION_END_QUIT, 0);
        if (state == SESSION_ENDED || session->end != SESSION_NOT_ENDED)
            return;
    }
}

/* A power cut that the options asked for, and a machine that refused, have a ledger, too. */
static void print(const struct profile_words *words, struct profile *profile)
{
    struct byte_writer text = {0};
    struct ledger_view view = ledger_view(profile_ledger(profile));
    if (words->json)
        export_json(&view, &text);
    else
        export_table(&view, words->rows_max, &text);
    (void)fwrite(text.data, 1, text.size_bytes, stdout);
    writer_finish(&text);
}

static int profile_run(const struct profile_words *words, struct options *options)
{
    struct session session;
    struct signals signals;
    struct error error;
    const struct console_sink console = {.put = console_drop};
    bool good = options_parse(options, words->rest_count, words->rest, &error);
    if (good && options->gdb)
        good = error_set(&error, ERROR_USAGE,
                         "--gdb: latchkey run takes it, and the same outputs");
    if (!good)
        return failure_tell(&error);
    options->profile = true;
    memcpy(options->profile_paths, words->paths, sizeof(words->paths));
    if (!session_open(&session, options, &console, NULL, &error))
        return failure_tell(&error);
    signals_hold(&signals);
    run(&session, &signals);
    print(words, session.profile);
    int status = session_close(&session);
    signals_release(&signals);
    return status;
}

/* --- of a trace --- */

static bool is_trace(const char *path)
{
    char magic[RECORD_MAGIC_BYTES];
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); /* no wait, ever */
    if (descriptor < 0)
        return false;
    bool good = read(descriptor, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
                memcmp(magic, RECORD_MAGIC, sizeof(magic)) == 0;
    (void)close(descriptor);
    return good;
}

/* Is one of the names among the words that of a trace? */
static bool trace_named(const struct profile_words *words)
{
    for (int i = 0; i < words->rest_count; i++) {
        const char *word = words->rest[i];
        if (replay_takes_value(word) || options_takes_value(word))
            i++;
        else if (is_trace(word))
            return true;
    }
    return false;
}

static bool trace_words_read(struct replay_words *to, const struct profile_words *words,
                             char kernel_path[PATH_MAX], struct error *error)
{
    struct error ignored;
    if (!replay_words_read(to, words->rest_count, words->rest, error))
        return false;
    if (to->bundle_path || to->stats_path || to->screenshot_path || to->snapshots_path ||
        to->gdb || to->headless || to->history_given)
        return error_set(error, ERROR_USAGE,
                         "profile: of a trace, --to, --verify, --kernel and --initrd are taken");
    if (!to->replay.kernel_path && session_kernel_find(kernel_path, &ignored))
        to->replay.kernel_path = kernel_path;
    return true;
}

static bool replay_profile(const struct profile_words *words, struct replay *replay,
                           const struct replay_words *to, struct options *options,
                           struct error *error)
{
    struct timeline_stop stop;
    struct profile *profile;
    options->profile = true;
    memcpy(options->profile_paths, words->paths, sizeof(words->paths));
    struct output outputs[PROFILE_OUTPUT_COUNT];
    profile_outputs(options, outputs);
    if (!outputs_check_replay(outputs, PROFILE_OUTPUT_COUNT, replay, error) ||
        !profile_open(&profile, options, replay_machine(replay), replay_kernel_path(replay),
                      error))
        return false;
    bool good = to->to_given ? replay_to(replay, &to->to, error)
                             : timeline_run(replay_timeline(replay), &to->to, &stop, error);
    if (good) {
        print(words, profile);
        good = profile_write(profile, error) && (to->to_given || replay_whole(replay, error));
    }
    profile_close(profile);
    return good;
}

static int profile_replay(const struct profile_words *words, struct options *options)
{
    struct replay_words to;
    struct replay *replay;
    struct error error;
    char kernel_path[PATH_MAX];
    if (!trace_words_read(&to, words, kernel_path, &error) ||
        !replay_open(&replay, &to.replay, &error))
        return failure_tell(&error);
    bool good = replay_profile(words, replay, &to, options, &error);
    replay_close(replay);
    return good ? 0 : failure_tell(&error);
}

int profile_command(int argc, char **argv)
{
    struct profile_words words;
    struct error error;
    int status;
    struct options *options = memory_zeroed(1, sizeof(*options));
    if (!words_read(&words, argc, argv, &error))
        status = failure_tell(&error);
    else if (trace_named(&words))
        status = profile_replay(&words, options);
    else
        status = profile_run(&words, options);
    free(words.rest);
    free(options);
    return status;
}
