/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile_command.c - `latchkey profile`: a run without window and console, and the ledger of it.
 * Called by main.c; calls session.c, profile.c and export.h. */
#include "frontend/profile_command.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/export.h"
#include "frontend/profile.h"
#include "frontend/session.h"
#include "frontend/signals.h"

#define SLICE_INSTRUCTIONS 20000000u /* some 100 ms of host time, to answer signals */
#define ROWS_DEFAULT 40u

struct profile_words {
    bool json;
    size_t rows_max;
    char **rest; /* for options_parse() */
    int rest_count;
};

const char *profile_help(void)
{
    return "latchkey profile [IMG...] [options]\n"
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
           "All other options are those of latchkey run; see latchkey help run.\n";
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

/* Take out what run does not know. */
static bool words_read(struct profile_words *words, int argc, char **argv, struct error *error)
{
    *words = (struct profile_words){.rows_max = ROWS_DEFAULT};
    words->rest = memory_zeroed((size_t)argc + 1, sizeof(*words->rest));
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            words->json = true;
        } else if (strcmp(argv[i], "--rows") != 0) {
            words->rest[words->rest_count++] = argv[i];
        } else if (i + 1 == argc) {
            return error_set(error, ERROR_USAGE, "--rows: needs a value");
        } else if (!rows_read(words, argv[++i], error)) {
            return false;
        }
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
static bool print(const struct profile_words *words, struct session *session, struct error *error)
{
    struct byte_writer text = {0};
    struct ledger_view view = ledger_view(profile_ledger(session->profile));
    if (words->json)
        export_json(&view, &text);
    else
        export_table(&view, words->rows_max, &text);
    bool good = fwrite(text.data, 1, text.size_bytes, stdout) == text.size_bytes &&
                fflush(stdout) == 0;
    writer_finish(&text);
    return good || error_set(error, ERROR_IO, "standard output: %s", strerror(errno));
}

static int profile(const struct profile_words *words, const struct options *options)
{
    struct session session;
    struct signals signals;
    struct error error;
    const struct console_sink console = {.put = console_drop};
    if (!session_open(&session, options, &console, &error)) {
        fprintf(stderr, "latchkey: %s\n", error.text);
        return error_exit_status(&error);
    }
    signals_hold(&signals);
    run(&session, &signals);
    if (!print(words, &session, &error))
        session_fail(&session, &error);
    int status = session_close(&session);
    signals_release(&signals);
    return status;
}

int profile_command(int argc, char **argv)
{
    struct profile_words words;
    struct error error;
    int status;
    struct options *options = memory_zeroed(1, sizeof(*options));
    if (words_read(&words, argc, argv, &error) &&
        options_parse(options, words.rest_count, words.rest, &error)) {
        options->profile = true;
        status = profile(&words, options);
    } else {
        fprintf(stderr, "latchkey: %s\n", error.text);
        status = error_exit_status(&error);
    }
    free(words.rest);
    free(options);
    return status;
}
