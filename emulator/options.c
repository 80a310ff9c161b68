/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options.c - parses the options of `latchkey run`. Called by the frontend and tests; calls base
 * only. Every word that is not understood is named in the error. */
#include "emulator/options.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "emulator/base/text.h"
#include "emulator/clock.h"

#define RAM_MIB_MIN 16u
#define RAM_MIB_MAX 8192u
#define CLOCK_MHZ_MAX (CLOCK_HZ_MAX / 1000000u)

/* The arguments, and what they fill. */
struct parser {
    struct options *options;
    struct error *error;
    char **argv;
    int argc, at;
};

static bool number_parse(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
    return text_number(text, number) && *number >= least && *number <= most;
}

static bool value_next(struct parser *parser, const char **value)
{
    if (parser->at + 1 >= parser->argc)
        return error_set(parser->error, ERROR_USAGE, "%s: needs a value", parser->argv[parser->at]);
    *value = parser->argv[++parser->at];
    return true;
}

static bool value_number(struct parser *parser, uint64_t least, uint64_t most, uint64_t *number)
{
    const char *option = parser->argv[parser->at], *value = NULL;
    if (!value_next(parser, &value))
        return false;
    if (number_parse(value, least, most, number))
        return true;
    return error_set(parser->error, ERROR_LIMIT, "%s %.60s: expected a number in %llu..%llu",
                     option, value, (unsigned long long)least, (unsigned long long)most);
}

/* Copy a part of an argument to where it can be NUL-terminated. */
static bool text_keep(struct parser *parser, const char *text, size_t length, const char **kept)
{
    struct options *options = parser->options;
    if (length >= sizeof(options->storage) - options->storage_used)
        return error_set(parser->error, ERROR_LIMIT, "%.40s...: the names are too long", text);
    char *target = options->storage + options->storage_used;
    memcpy(target, text, length);
    target[length] = '\0';
    options->storage_used += length + 1;
    *kept = target;
    return true;
}

static bool disk_word(struct parser *parser, struct machine_disk *disk, const char *word)
{
    if (strcmp(word, "cache=writeback") == 0)
        disk->write_through = false;
    else if (strcmp(word, "cache=writethrough") == 0)
        disk->write_through = true;
    else if (strcmp(word, "timing=instant") == 0)
        disk->timing = DISK_TIMING_INSTANT;
    else if (strcmp(word, "timing=ssd") == 0)
        disk->timing = DISK_TIMING_SSD;
    else if (strcmp(word, "timing=hdd") == 0)
        disk->timing = DISK_TIMING_HDD;
    else if (strcmp(word, "readonly") == 0)
        disk->read_only = true;
    else if (strncmp(word, "overlay=", 8) == 0 && word[8] != '\0')
        disk->overlay = word + 8;
    else
        return error_set(parser->error, ERROR_USAGE,
                         "--disk: '%.60s': expected cache=, timing=, readonly or overlay=FILE",
                         word);
    return true;
}

/* IMG[,word]... */
static bool disk_add(struct parser *parser, const char *text)
{
    struct machine_config *config = &parser->options->machine;
    if (config->disk_count == BOARD_DISK_COUNT_MAX)
        return error_set(parser->error, ERROR_LIMIT, "%.80s: more than %u disks", text,
                         BOARD_DISK_COUNT_MAX);
    struct machine_disk *disk = &config->disks[config->disk_count++];
    *disk = (struct machine_disk){.timing = DISK_TIMING_SSD};
    size_t length = strcspn(text, ",");
    if (length == 0)
        return error_set(parser->error, ERROR_USAGE, "--disk: no image given");
    if (!text_keep(parser, text, length, &disk->path))
        return false;
    for (text += length; *text == ','; text += length) {
        const char *word;
        length = strcspn(++text, ",");
        if (!text_keep(parser, text, length, &word) || !disk_word(parser, disk, word))
            return false;
    }
    return true;
}

/* diskN.KIND[=SECTOR[+COUNT|:ARGUMENT]][@ns=T]: the parts between the marks, as numbers. The mark
 * is cut off. */
static bool part_parse(char *text, const char *mark, uint64_t *number, bool *given)
{
    char *at = strstr(text, mark);
    *given = at != NULL;
    if (!at)
        return true;
    *at = '\0';
    return number_parse(at + strlen(mark), 0, UINT64_MAX, number);
}

static enum disk_fault_kind fault_kind_parse(const char *name)
{
    unsigned kind = 0;
    while (kind < DISK_FAULT_KINDS && strcmp(name, disk_fault_name((enum disk_fault_kind)kind)))
        kind++;
    return (enum disk_fault_kind)kind;
}

/* Is what was given what this kind needs? */
static bool fault_words_parse(char *text, struct machine_fault *fault, uint64_t *count)
{
    bool timed, argument, counted, placed;
    struct disk_fault *made = &fault->fault;
    if (strncmp(text, "disk", 4) != 0 || !isdigit((unsigned char)text[4]) || text[5] != '.')
        return false;
    fault->disk = (unsigned)(text[4] - '0');
    if (!part_parse(text, "@ns=", &made->time_ns, &timed) ||
        !part_parse(text, ":", &made->argument, &argument) ||
        !part_parse(text, "+", count, &counted) || !part_parse(text, "=", &made->sector, &placed))
        return false;
    made->kind = fault_kind_parse(text + 6);
    bool wants = made->kind == DISK_FAULT_FLIP || made->kind == DISK_FAULT_MISDIRECTED;
    return made->kind != DISK_FAULT_KINDS && placed == (made->kind != DISK_FAULT_DEAD) &&
           argument == wants && (!counted || (placed && !wants));
}

bool options_faults_read(const char *value, struct machine_fault *faults, unsigned *fault_count,
                         struct error *error)
{
    char text[128];
    uint64_t count = 1;
    struct machine_fault fault = {.disk = 0};
    if (strlen(value) >= sizeof(text) || !fault_words_parse(strcpy(text, value), &fault, &count))
        return error_set(error, ERROR_USAGE,
                         "--fault %.80s: expected diskN.dead, .unreadable=S, .lost=S, .flip=S:BIT "
                         "or .misdirected=S:TO, and @ns=T", value);
    if (count == 0 || count > OPTIONS_FAULTS_MAX - *fault_count)
        return error_set(error, ERROR_LIMIT, "--fault %.80s: more than %u faults", value,
                         OPTIONS_FAULTS_MAX);
    for (; count > 0; count--, fault.fault.sector++)
        faults[(*fault_count)++] = fault;
    return true;
}

static bool faults_add(struct parser *parser, const char *value)
{
    struct machine_config *machine = &parser->options->machine;
    machine->faults = parser->options->faults;
    return options_faults_read(value, parser->options->faults, &machine->fault_count,
                               parser->error);
}

static bool until_text_add(struct parser *parser, const char *text)
{
    struct machine_until *until = &parser->options->until;
    if (!until->console) {
        until->console = text;
        return true;
    }
    for (unsigned i = 0; i < MACHINE_UNTIL_TEXTS_MORE; i++)
        if (!until->console_more[i]) {
            until->console_more[i] = text;
            return true;
        }
    return error_set(parser->error, ERROR_LIMIT, "--until console=%.60s: more than %u texts", text,
                     MACHINE_UNTIL_TEXTS_MORE + 1);
}

static bool until_add(struct parser *parser)
{
    struct machine_until *until = &parser->options->until;
    const char *value = NULL;
    uint64_t number;
    uint32_t phase;
    if (!value_next(parser, &value))
        return false;
    if (strncmp(value, "insn=", 5) == 0 && number_parse(value + 5, 0, UINT64_MAX, &number)) {
        if (number < until->instructions)
            until->instructions = number;
    } else if (strncmp(value, "cycles=", 7) == 0 &&
               number_parse(value + 7, 0, UINT64_MAX, &number)) {
        if (number < until->cycles)
            until->cycles = number;
    } else if (strncmp(value, "console=", 8) == 0 && value[8] != '\0' &&
               strlen(value + 8) < MACHINE_UNTIL_TEXT_BYTES) {
        return until_text_add(parser, value + 8);
    } else if (strncmp(value, "phase=", 6) == 0 && machine_phase_find(value + 6, &phase)) {
        until->phases |= 1u << phase;
    } else if (strncmp(value, "generation=", 11) == 0 &&
               number_parse(value + 11, 1, UINT64_MAX - 1, &number)) {
        if (number < until->generation)
            until->generation = number;
    } else {
        return error_set(parser->error, ERROR_USAGE,
                         "--until %.80s: expected insn=N, cycles=N, console=STR, phase=NAME or "
                         "generation=G", value);
    }
    return true;
}

static bool timing_parse(struct parser *parser)
{
    const char *value = NULL;
    if (!value_next(parser, &value))
        return false;
    return timing_find(value, &parser->options->machine.timing) ||
           error_set(parser->error, ERROR_USAGE, "--timing %.60s: expected insn, inorder or cache",
                     value);
}

/* FILE[,every=N] */
static bool record_parse(struct parser *parser)
{
    const char *value = NULL;
    struct options *options = parser->options;
    if (!value_next(parser, &value))
        return false;
    const char *every = strstr(value, ",every=");
    size_t length = every ? (size_t)(every - value) : strlen(value);
    if (length == 0)
        return error_set(parser->error, ERROR_USAGE, "--record: the name is empty");
    if (every && !number_parse(every + 7, 1, UINT64_MAX / 4, &options->record_spacing))
        return error_set(parser->error, ERROR_USAGE, "--record %.80s: expected every=N", value);
    return text_keep(parser, value, length, &options->record_path);
}

const char *options_profile_name(enum profile_output output)
{
    static const char *const names[PROFILE_OUTPUT_COUNT] = {"--trace-out", "--vcd", "--csv",
                                                            "--folded",    "--svg", "--callgrind"};
    assert(output < PROFILE_OUTPUT_COUNT);
    return names[output];
}

const char **options_profile_path(const char *paths[PROFILE_OUTPUT_COUNT], const char *word)
{
    for (unsigned i = 0; i < PROFILE_OUTPUT_COUNT; i++)
        if (strcmp(word, options_profile_name((enum profile_output)i)) == 0)
            return &paths[i];
    return NULL;
}

/* Options that take a file or text. NULL: not one of them. */
static const char **text_option(struct options *options, const char *word)
{
    if (strcmp(word, "--kernel") == 0)
        return &options->machine.kernel_path;
    if (strcmp(word, "--initrd") == 0)
        return &options->machine.initrd_path;
    if (strcmp(word, "--append") == 0)
        return &options->machine.append;
    if (strcmp(word, "--input") == 0)
        return &options->input_path;
    if (strcmp(word, "--screenshot") == 0)
        return &options->screenshot_path;
    if (strcmp(word, "--stats") == 0)
        return &options->stats_path;
    return options_profile_path(options->profile_paths, word);
}

/* Options without a value. NULL: not one of them. */
static bool *flag_option(struct options *options, const char *word)
{
    if (strcmp(word, "--headless") == 0)
        return &options->headless;
    if (strcmp(word, "--fast") == 0)
        return &options->fast;
    if (strcmp(word, "--amnesia") == 0)
        return &options->machine.amnesia;
    if (strcmp(word, "--check") == 0)
        return &options->machine.check;
    if (strcmp(word, "--step") == 0)
        return &options->machine.step_mode;
    if (strcmp(word, "--slow-stores") == 0)
        return &options->machine.slow_stores;
    return NULL;
}

static bool ram_parse(struct parser *parser)
{
    uint64_t number;
    if (!value_number(parser, RAM_MIB_MIN, RAM_MIB_MAX, &number))
        return false;
    if (number % 2)
        return error_set(parser->error, ERROR_LIMIT, "--ram %llu: must be even",
                         (unsigned long long)number);
    parser->options->machine.ram_bytes = number << 20;
    return true;
}

static bool seed_parse(struct parser *parser)
{
    return value_number(parser, 0, UINT64_MAX, &parser->options->machine.seed);
}

static bool clock_parse(struct parser *parser)
{
    uint64_t number;
    if (!value_number(parser, 1, CLOCK_MHZ_MAX, &number))
        return false;
    parser->options->machine.clock_hz = number * 1000000u;
    return true;
}

static bool limit_parse(struct parser *parser)
{
    return value_number(parser, 1, UINT64_MAX - 1, &parser->options->limit_instructions);
}

static bool history_parse(struct parser *parser)
{
    uint64_t number;
    if (!value_number(parser, 0, OPTIONS_HISTORY_MIB_MAX, &number))
        return false;
    parser->options->history_bytes = (size_t)number << 20;
    return true;
}

static bool gdb_parse(struct parser *parser)
{
    uint64_t number;
    if (!value_number(parser, 0, UINT16_MAX, &number))
        return false;
    parser->options->gdb = parser->options->headless = true;
    parser->options->gdb_port = (uint16_t)number;
    return true;
}

static bool disk_parse(struct parser *parser)
{
    const char *value = NULL;
    return value_next(parser, &value) && disk_add(parser, value);
}

static bool fault_parse(struct parser *parser)
{
    const char *value = NULL;
    return value_next(parser, &value) && faults_add(parser, value);
}

static bool power_cut_parse(struct parser *parser)
{
    const char *value = NULL;
    return value_next(parser, &value) &&
           power_place_parse(value, &parser->options->power_cut, parser->error);
}

/* Options with a value that is more than a text. */
static const struct valued {
    const char *name;
    bool (*parse)(struct parser *parser);
} valued[] = {{"--until", until_add},         {"--timing", timing_parse},
              {"--disk", disk_parse},         {"--fault", fault_parse},
              {"--record", record_parse},     {"--power-cut", power_cut_parse},
              {"--ram", ram_parse},           {"--seed", seed_parse},
              {"--clock-mhz", clock_parse},   {"--limit-insn", limit_parse},
              {"--history", history_parse},   {"--gdb", gdb_parse}};

/* NULL: not one of them. */
static const struct valued *valued_option(const char *word)
{
    for (size_t i = 0; i < sizeof(valued) / sizeof(valued[0]); i++)
        if (strcmp(word, valued[i].name) == 0)
            return &valued[i];
    return NULL;
}

bool options_takes_value(const char *word)
{
    struct options none;
    return valued_option(word) || text_option(&none, word);
}

static bool word_parse(struct parser *parser)
{
    const char *word = parser->argv[parser->at];
    const char **text = text_option(parser->options, word);
    if (text) {
        if (!value_next(parser, text))
            return false;
        return **text || text == &parser->options->machine.append ||
               error_set(parser->error, ERROR_USAGE, "%s: the name is empty", word);
    }
    bool *flag = flag_option(parser->options, word);
    if (flag) {
        *flag = true;
        return true;
    }
    const struct valued *option = valued_option(word);
    if (option)
        return option->parse(parser);
    if (word[0] == '-')
        return error_set(parser->error, ERROR_USAGE, "%.80s: unknown option; see latchkey help run",
                         word);
    return disk_add(parser, word);
}

bool options_parse(struct options *options, int argc, char **argv, struct error *error)
{
    assert(argc >= 0);
    *options = (struct options){.until = machine_until_never(),
                                .limit_instructions = UINT64_MAX,
                                .history_bytes = (size_t)OPTIONS_HISTORY_MIB << 20};
    struct parser parser = {.options = options, .error = error, .argv = argv, .argc = argc};
    error->code = ERROR_NONE;
    for (; parser.at < argc; parser.at++)
        if (!word_parse(&parser))
            return false;
    if (options->limit_instructions < options->until.instructions)
        options->until.instructions = options->limit_instructions;
    return true;
}

const char *options_help(void)
{
    return "latchkey run [IMG...] [options]: boot a machine; in a window if there is a display\n"
           "\n"
           "  --headless            no window; the console is stdin and stdout (Ctrl-A x ends)\n"
           "  --disk IMG[,WORD]...  attach a disk; a bare IMG is the same; up to 4. The words:\n"
           "                          readonly       the guest cannot write\n"
           "                          overlay=FILE   what it writes goes to FILE, not to IMG\n"
           "                          cache=writeback|writethrough   default writeback\n"
           "                          timing=instant|ssd|hdd         default ssd\n"
           "  --kernel FILE         another kernel than the built-in one: ELF or Image\n"
           "  --initrd FILE         a file that is put into RAM for the kernel\n"
           "  --append STR          the kernel's command line\n"
           "  --ram MIB             16..8192, even, default 64\n"
           "  --clock-mhz N         1..10000, default 100\n"
           "  --timing MODEL        what takes how many cycles: insn (the default; one each),\n"
           "                        inorder (a core like SiFive U54), cache (and its caches)\n"
           "  --seed N              everything that could differ between runs follows from it\n"
           "  --fast                do not keep pace with real time\n"
           "  --history MIB         memory for the past that the window can go back to, 0..65536,\n"
           "                        default 256; 0: none is kept\n"
           "  --input FILE          timed events for keyboard, pointer and console; what a line\n"
           "                        looks like: emulator/input_script.h\n"
           "\n"
           "When to stop; may be given more than once, and the first that holds wins:\n"
           "  --until insn=N        N instructions, or cycles=N, were executed\n"
           "  --until console=STR   STR was printed on the console\n"
           "  --until phase=NAME    the kernel begins boot, restart, freeze, write-out, "
           "directory,\n"
           "                        commit, migrate or journal\n"
           "  --until generation=G  checkpoint G, or a later one, was written or restarted from\n"
           "  --limit-insn N        give up after N instructions, exit status 124\n"
           "\n"
           "What goes wrong; may be given more than once. S: a sector of 512 bytes; +N: and those "
           "after it\n"
           "  --fault diskN.dead    disk N, counted from 0, answers nothing but errors\n"
           "  --fault diskN.KIND=.. unreadable=S[+N] until written; flip=S:BIT on the media;\n"
           "                        lost=S[+N] the next write; misdirected=S:TO the next write\n"
           "      ...@ns=T          each from virtual time T on\n"
           "  --power-cut WHERE[,policy=P][,seed=N]\n"
           "                        the run ends there, and disks keep what the policy says:\n"
           "                        keep, drop (all that was not flushed), prefix, subset, torn\n"
           "                        WHERE: insn=N; diskN.write=K, when it has taken K writes;\n"
           "                        phase=NAME[+K], and K writes after that\n"
           "\n"
           "What to write:\n"
           "  --record FILE         a trace that latchkey replay runs again, as the run goes\n"
           "      FILE,every=N      with a digest of the machine every N instructions\n"
           "  --screenshot FILE.png the screen at the end\n"
           "  --stats FILE.json     figures of the run, at the end\n"
           "  --trace-out FILE.json who ran when, for Perfetto; also --vcd, --csv, --folded, "
           "--svg,\n"
           "                        --callgrind, as for latchkey profile\n"
           "\n"
           "For who works on the kernel or the machine; all are slower, with the same results:\n"
           "  --amnesia             the kernel drops its caches at every exit\n"
           "  --check               the kernel checks its tables now and then\n"
           "  --step, --slow-stores the machine takes no short cuts\n"
           "  --gdb PORT            stand at power-on until gdb comes to this port of the host, 0: "
           "a\n"
           "                        free one; without a window\n";
}
