/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay_words.c - see replay_words.h. Calls nothing but base and the machine's names. */
#include "frontend/replay_words.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/options.h"

const char *replay_help(void)
{
    return "latchkey replay TRACE [IMG...] [options]\n"
           "\n"
           "Runs again what latchkey run --record wrote, or F12 in the window, from the trace\n"
           "alone: no image is changed. With a display it is shown in the window, back and forth,\n"
           "and one can go on from any place; else, and with the options marked *, its console is\n"
           "printed. Kernel and images are known by their contents;\n"
           "an image may be as it was before the run or after it. They are looked for where the\n"
           "trace says, beside the trace, and among the IMG given.\n"
           "\n"
           "  --headless      no window: *\n"
           "  --history MIB   memory for the past, default 256\n"
           "  --verify        *compare the machine with every digest in the trace; where they "
           "differ,\n"
           "                  say where first, down to the instruction when two ways of running "
           "it\n"
           "                  do not agree; exit status 1\n"
           "  --to insn=N     *stop there: insn=N, time=T (a number with ns, us, ms or s) or\n"
           "                  phase=NAME (of the kernel's checkpoint), and say where that is\n"
           "  --bundle OUT    *write the trace with kernel and images in it, and run nothing "
           "(unless\n"
           "                  --verify or --to says so)\n"
           "  --snapshots FILE\n"
           "                  *begin at the snapshot in it that is nearest to --to, and leave "
           "those\n"
           "                  that were taken on the way there, at most --history MIB; with "
           "--verify\n"
           "                  it is only written\n"
           "  --kernel ELF, --initrd FILE\n"
           "                  where else to look for them\n"
           "  --screenshot FILE.png, --stats FILE.json\n"
           "                  *as for latchkey run, at the end\n"
           "  --gdb PORT      *wait for gdb at this port of the host, 0: a free one; it can go\n"
           "                  back in time, too. With --to: from there on\n"
           "  --json          *print a report as JSON in place of the console\n"
           "\n"
           "A trace whose end is missing is run as far as it goes; exit status 1. One that is\n"
           "damaged, or of another version, is not run.\n";
}

static bool number_read(const char *text, char **end, uint64_t *number)
{
    errno = 0;
    if (!isdigit((unsigned char)text[0]))
        return false;
    *number = strtoull(text, end, 10);
    return errno == 0;
}

static bool time_read(const char *text, uint64_t *time_ns)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
    char *end;
    uint64_t number;
    if (!number_read(text, &end, &number))
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(end, units[i].name) == 0 && number < UINT64_MAX / units[i].ns) {
            *time_ns = number * units[i].ns;
            return true;
        }
    return false;
}

static bool to_read(struct replay_words *words, const char *value, struct error *error)
{
    char *end;
    uint32_t phase;
    words->to_given = true;
    if ((strncmp(value, "insn=", 5) == 0 &&
         number_read(value + 5, &end, &words->to.instructions) && *end == '\0') ||
        (strncmp(value, "time=", 5) == 0 && time_read(value + 5, &words->to.time_ns)))
        return true;
    if (strncmp(value, "phase=", 6) == 0 && machine_phase_find(value + 6, &phase)) {
        words->to.phases = 1u << phase;
        return true;
    }
    return error_set(error, ERROR_USAGE,
                     "--to %.80s: expected insn=N, time=T (a number with ns, us, ms or s) or "
                     "phase=NAME",
                     value);
}

static bool history_read(struct replay_words *words, const char *value, struct error *error)
{
    char *end;
    uint64_t mib;
    if (!number_read(value, &end, &mib) || *end != '\0' || mib > OPTIONS_HISTORY_MIB_MAX)
        return error_set(error, ERROR_LIMIT, "--history %.60s: expected a number in 0..%u", value,
                         OPTIONS_HISTORY_MIB_MAX);
    words->history_bytes = (size_t)mib << 20;
    words->history_given = true;
    return true;
}

static const char **file_option(struct replay_words *words, const char *word)
{
    const struct {
        const char *name, **path;
    } options[] = {{"--bundle", &words->bundle_path},
                   {"--kernel", &words->replay.kernel_path},
                   {"--initrd", &words->replay.initrd_path},
                   {"--snapshots", &words->snapshots_path},
                   {"--stats", &words->stats_path},
                   {"--screenshot", &words->screenshot_path}};
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (strcmp(word, options[i].name) == 0)
            return options[i].path;
    return NULL;
}

bool replay_takes_value(const char *word)
{
    struct replay_words none;
    return file_option(&none, word) || strcmp(word, "--to") == 0 ||
           strcmp(word, "--history") == 0 || strcmp(word, "--gdb") == 0;
}

static bool port_read(struct replay_words *words, const char *value, struct error *error)
{
    char *end;
    uint64_t number;
    words->gdb = true;
    if (!number_read(value, &end, &number) || *end != '\0' || number > UINT16_MAX)
        return error_set(error, ERROR_USAGE, "--gdb %.80s: expected a number in 0..65535", value);
    words->gdb_port = (uint16_t)number;
    return true;
}

static bool name_take(struct replay_words *words, const char *word, struct error *error)
{
    struct replay_options *replay = &words->replay;
    if (word[0] == '-')
        return error_set(error, ERROR_USAGE, "%.80s: unknown option; see latchkey help replay",
                         word);
    if (!replay->trace_path)
        replay->trace_path = word;
    else if (replay->image_count < REPLAY_IMAGES_MAX)
        replay->images[replay->image_count++] = word;
    else
        return error_set(error, ERROR_LIMIT, "%.80s: more than %u images", word,
                         REPLAY_IMAGES_MAX);
    return true;
}

bool replay_words_read(struct replay_words *words, int argc, char **argv, struct error *error)
{
    *words = (struct replay_words){.to = machine_until_never(),
                                   .history_bytes = (size_t)OPTIONS_HISTORY_MIB << 20};
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        const char **path = file_option(words, word);
        bool to = strcmp(word, "--to") == 0, history = strcmp(word, "--history") == 0;
        bool port = strcmp(word, "--gdb") == 0;
        if (replay_takes_value(word) && (i + 1 == argc || argv[i + 1][0] == '\0'))
            return error_set(error, ERROR_USAGE, "%s: needs a value", word);
        if (path)
            *path = argv[++i];
        else if (strcmp(word, "--verify") == 0)
            words->replay.check = true;
        else if (strcmp(word, "--json") == 0)
            words->json = true;
        else if (strcmp(word, "--headless") == 0)
            words->headless = true;
        else if (history ? !history_read(words, argv[++i], error)
                 : to    ? !to_read(words, argv[++i], error)
                 : port  ? !port_read(words, argv[++i], error)
                         : !name_take(words, word, error))
            return false;
    }
    if (words->gdb && (words->replay.check || words->json || words->bundle_path ||
                       words->stats_path || words->screenshot_path))
        return error_set(error, ERROR_USAGE, "--gdb: of the other options, only --to goes with it");
    return words->replay.trace_path ||
           error_set(error, ERROR_USAGE, "replay: no trace given; see latchkey help replay");
}
