/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_words.c - options of a campaign. Called by campaign_command.c. */
#include "frontend/campaign_words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/output_file.h"
#include "emulator/base/text.h"
#include "emulator/campaign_export.h"
#include "frontend/session.h"

struct reading {
    struct campaign_words *words;
    int argc, at;
    char **argv;
    struct error *error;
};

static const char *option(const struct reading *reading)
{
    return reading->argv[reading->at];
}

static bool value_read(struct reading *reading, const char **value)
{
    if (reading->at + 1 >= reading->argc)
        return error_set(reading->error, ERROR_USAGE, "campaign: %.60s: needs a value",
                         option(reading));
    *value = reading->argv[++reading->at];
    return true;
}

static bool name_read(struct reading *reading, const char **value)
{
    const char *name = option(reading);
    return value_read(reading, value) &&
           (**value != '\0' ||
            error_set(reading->error, ERROR_USAGE, "campaign: %s: the name is empty", name));
}

/* Text for the machine; in the plan it is a line. */
static bool line_read(struct reading *reading, const char **value)
{
    const char *name = option(reading);
    if (!value_read(reading, value))
        return false;
    for (const char *at = *value; *at; at++)
        if ((unsigned char)*at < 0x20)
            return error_set(reading->error, ERROR_USAGE, "campaign: %s: expected one line", name);
    return true;
}

static bool number_parse(const char *text, uint64_t min, uint64_t max, char end_expected,
                         uint64_t *number)
{
    char *end;
    errno = 0;
    if (*text < '0' || *text > '9')
        return false;
    *number = strtoull(text, &end, 10);
    return errno == 0 && *end == end_expected && *number >= min && *number <= max;
}

static bool number_read(struct reading *reading, uint64_t min, uint64_t max, uint64_t *number)
{
    const char *name = option(reading), *value = NULL;
    if (!value_read(reading, &value))
        return false;
    return number_parse(value, min, max, '\0', number) ||
           error_set(reading->error, ERROR_LIMIT,
                     "campaign: %.30s %.60s: expected a number in %llu..%llu", name, value,
                     (unsigned long long)min, (unsigned long long)max);
}

/* A list of names, separated by commas, as bits. */
static bool set_read(struct reading *reading, unsigned count,
                     const char *(*name_of)(unsigned number), uint32_t *bits)
{
    const char *name = option(reading), *value = NULL;
    if (!value_read(reading, &value))
        return false;
    *bits = 0;
    for (const char *at = value;; at++) {
        size_t length = strcspn(at, ",");
        unsigned found = 0;
        while (found < count && (strlen(name_of(found)) != length ||
                                 strncmp(name_of(found), at, length) != 0))
            found++;
        if (found == count)
            return error_set(reading->error, ERROR_USAGE, "campaign: %s %.80s: no %.*s there",
                             name, value, (int)(length > 40 ? 40 : length), at);
        *bits |= 1u << found;
        at += length;
        if (*at == '\0')
            return true;
    }
}

static const char *policy_name(unsigned number)
{
    return campaign_policy_name(number);
}

static const char *fault_name(unsigned number)
{
    return disk_fault_name((enum disk_fault_kind)number);
}

static const char *phase_name(unsigned number)
{
    return number == 0 ? "none" : machine_phase_name(number);
}

static bool shard_read(struct reading *reading)
{
    struct campaign_options *options = &reading->words->options;
    const char *value = NULL;
    if (!value_read(reading, &value))
        return false;
    const char *slash = strchr(value, '/');
    if (!slash || !number_parse(slash + 1, 1, CAMPAIGN_SHARDS_MAX, '\0', &options->shard_count) ||
        !number_parse(value, 1, options->shard_count, '/', &options->shard))
        return error_set(reading->error, ERROR_USAGE,
                         "campaign: --shard %.60s: expected I/N, I in 1..N", value);
    options->shard--;
    return true;
}

static bool workload_read(struct reading *reading)
{
    struct campaign_setup *setup = &reading->words->options.setup;
    const char *value = NULL;
    if (!value_read(reading, &value))
        return false;
    setup->workload = campaign_workload_find(value);
    return setup->workload ||
           error_set(reading->error, ERROR_USAGE, "campaign: --workload %.60s: no such workload",
                     value);
}

enum word {
    WORD_APPEND,
    WORD_CASE,
    WORD_CHECK,
    WORD_CHECKPOINTS,
    WORD_DEPTH,
    WORD_DRAWS,
    WORD_EXHAUSTIVE,
    WORD_FAULT,
    WORD_FAULTS,
    WORD_INTERVAL,
    WORD_JOBS,
    WORD_JSON,
    WORD_KERNEL,
    WORD_MEDIA,
    WORD_NESTED,
    WORD_OUT,
    WORD_PHASE,
    WORD_POLICY,
    WORD_RAM,
    WORD_SAMPLE,
    WORD_SEED,
    WORD_SHARD,
    WORD_SUBSETS,
    WORD_WORKLOAD,
    WORD_WRITE_LOG,
    WORD_COUNT
};

static enum word word_find(const char *text)
{
    static const char *const names[WORD_COUNT] = {
        "--append",   "--case",        "--check", "--checkpoints", "--depth",  "--draws",
        "--exhaustive", "--fault",     "--faults", "--interval",   "--jobs",   "--json",
        "--kernel",   "--media",       "--nested", "--out",        "--phase",  "--policy",
        "--ram",      "--sample",      "--seed",  "--shard",       "--subsets", "--workload",
        "--write-log"};
    unsigned found = 0;
    while (found < WORD_COUNT && strcmp(names[found], text) != 0)
        found++;
    return (enum word)found;
}

static bool image_read(struct reading *reading)
{
    struct campaign_options *options = &reading->words->options;
    const char *text = option(reading);
    if (text[0] == '-')
        return error_set(reading->error, ERROR_USAGE,
                         "campaign: %.80s: unknown option; see latchkey help campaign", text);
    if (text[0] == '\0')
        return error_set(reading->error, ERROR_USAGE, "campaign: a name is empty");
    if (options->path_count == BOARD_DISK_COUNT_MAX)
        return error_set(reading->error, ERROR_LIMIT, "campaign: more than %u images",
                         BOARD_DISK_COUNT_MAX);
    options->paths[options->path_count++] = text;
    return true;
}

static bool small_read(struct reading *reading, uint64_t min, uint64_t max, unsigned *number)
{
    uint64_t value;
    if (!number_read(reading, min, max, &value))
        return false;
    *number = (unsigned)value;
    return true;
}

static bool subsets_read(struct reading *reading)
{
    struct campaign_options *options = &reading->words->options;
    bool reads = reading->at + 1 < reading->argc && !strcmp(reading->argv[reading->at + 1], "read");
    options->reads = options->reads || reads;
    reading->at += reads;
    return reads || small_read(reading, 0, CAMPAIGN_MASK_MAX, &options->request.subsets);
}

static bool machine_word_read(struct reading *reading, enum word word)
{
    struct campaign_words *words = reading->words;
    struct campaign_setup *setup = &words->options.setup;
    const char *value = NULL;
    uint64_t mib;
    switch ((unsigned)word) {
    case WORD_APPEND:
        return line_read(reading, &words->append);
    case WORD_CHECK:
        setup->check = true;
        return true;
    case WORD_FAULT:
        setup->faults = words->faults;
        return value_read(reading, &value) &&
               options_faults_read(value, words->faults, &setup->fault_count, reading->error);
    case WORD_INTERVAL:
        return number_read(reading, 1, 1000000, &words->interval_ms);
    case WORD_KERNEL:
        return name_read(reading, &setup->kernel_path);
    case WORD_RAM:
        if (!number_read(reading, 16, 1024, &mib))
            return false;
        setup->ram_bytes = mib << 20;
        return true;
    case WORD_WORKLOAD:
        return workload_read(reading);
    default:
        return image_read(reading);
    }
}

static bool word_read(struct reading *reading)
{
    struct campaign_words *words = reading->words;
    struct campaign_options *options = &words->options;
    struct campaign_request *request = &options->request;
    enum word word = word_find(option(reading));
    switch ((unsigned)word) {
    case WORD_CASE:
        return value_read(reading, &options->only);
    case WORD_CHECKPOINTS:
        return small_read(reading, 1, 1000, &options->checkpoints);
    case WORD_DEPTH:
        return small_read(reading, 1, CAMPAIGN_DEPTH_MAX, &options->depth);
    case WORD_DRAWS:
        return small_read(reading, 0, CAMPAIGN_DRAWS_MAX, &request->draws);
    case WORD_EXHAUSTIVE:
        return words->exhaustive = true;
    case WORD_FAULTS:
        return set_read(reading, DISK_FAULT_KINDS, fault_name, &request->faults);
    case WORD_JOBS:
        return small_read(reading, 1, CAMPAIGN_JOBS_MAX, &options->jobs);
    case WORD_JSON:
        return words->json = true;
    case WORD_NESTED:
        return number_read(reading, 1, 1000000, &options->nested_sample);
    case WORD_OUT:
        return name_read(reading, &options->out);
    case WORD_PHASE:
        return set_read(reading, TRACE_PHASE_COUNT, phase_name, &request->phases);
    case WORD_POLICY:
        return set_read(reading, CAMPAIGN_POLICY_COUNT, policy_name, &request->policies);
    case WORD_SAMPLE:
        return number_read(reading, 1, UINT32_MAX, &request->sample);
    case WORD_SEED:
        return number_read(reading, 0, UINT64_MAX, &request->seed);
    case WORD_SUBSETS:
        return subsets_read(reading);
    case WORD_SHARD:
        return shard_read(reading);
    case WORD_MEDIA:
        return name_read(reading, &options->media);
    case WORD_WRITE_LOG:
        return name_read(reading, &options->write_log);
    default:
        return machine_word_read(reading, word);
    }
}

/* May the files, one a disk, be written, without harm to what the campaign reads? */
static bool output_free(const struct campaign_options *options, const char *option,
                        const char *path, struct error *error)
{
    char name[CAMPAIGN_EXPORT_PATH_BYTES];
    for (unsigned disk = 0; path && disk < options->path_count; disk++) {
        if (!campaign_export_path(path, disk, name, error))
            return false;
        bool used = output_same(name, options->setup.kernel_path);
        for (unsigned i = 0; i < options->path_count; i++)
            used = used || output_same(name, options->paths[i]);
        if (used)
            return error_set(error, ERROR_USAGE,
                             "campaign: %s %.150s: the campaign reads this file", option, name);
        if (!output_check(name, error))
            return false;
    }
    return true;
}

/* What was said only in part, or against itself. */
static bool words_complete(struct campaign_words *words, struct error *error)
{
    struct campaign_options *options = &words->options;
    if (options->path_count == 0)
        return error_set(error, ERROR_USAGE, "campaign: no image given; see latchkey help "
                                             "campaign");
    if (words->exhaustive && options->request.sample)
        return error_set(error, ERROR_USAGE, "campaign: --exhaustive and --sample exclude each "
                                             "other");
    if (options->only && (options->out || options->shard_count > 1))
        return error_set(error, ERROR_USAGE, "campaign: --case stands alone, without --out and "
                                             "--shard");
    if (options->media && !options->only)
        return error_set(error, ERROR_USAGE, "campaign: --media is of one case: --case is missing");
    options->request.disks = options->path_count;
    int length = snprintf(words->command_line, sizeof(words->command_line),
                          "%s%scheckpoint=%llu", words->append ? words->append : "",
                          words->append ? " " : "", (unsigned long long)words->interval_ms);
    if (length < 0 || (size_t)length >= sizeof(words->command_line))
        return error_set(error, ERROR_LIMIT, "campaign: --append: too long");
    options->setup.append = words->command_line;
    if (!options->setup.kernel_path) {
        options->setup.kernel_path = words->kernel_path;
        if (!session_kernel_find(words->kernel_path, error))
            return false;
    }
    if (options->media && options->write_log && output_same(options->media, options->write_log))
        return error_set(error, ERROR_USAGE, "campaign: --write-log %.150s: is the file of --media",
                         options->write_log);
    return output_free(options, "--media", options->media, error) &&
           output_free(options, "--write-log", options->write_log, error);
}

/* --- the line that repeats a case --- */

/* A word that a shell and repro read as it is. */
static void word_add(struct byte_writer *line, const char *word)
{
    if (*word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                              "-_=,./:+@%") == strlen(word)) {
        text_add(line, " %s", word);
        return;
    }
    text_add(line, " '");
    for (; *word; word++)
        if (*word == '\'')
            text_add(line, "'\\''");
        else
            write_u8(line, (uint8_t)*word);
    text_add(line, "'");
}

/* Words that another run of one case must not have. */
static bool word_leaves(const char *word, bool *value)
{
    static const char *const with_value[] = {"--out",  "--shard",  "--jobs",
                                             "--case", "--sample", "--write-log", "--media"};
    *value = false;
    for (size_t i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++)
        if (strcmp(word, with_value[i]) == 0)
            *value = true;
    return *value || strcmp(word, "--json") == 0 || strcmp(word, "--exhaustive") == 0;
}

static char *command_make(int argc, char **argv)
{
    struct byte_writer line = {0};
    text_add(&line, "latchkey campaign");
    for (int i = 0; i < argc; i++) {
        bool value;
        if (!word_leaves(argv[i], &value))
            word_add(&line, argv[i]);
        else if (value)
            i++;
    }
    write_u8(&line, 0);
    return (char *)line.data;
}

bool campaign_words_read(struct campaign_words *words, int argc, char **argv, struct error *error)
{
    struct reading reading = {.words = words, .argc = argc, .argv = argv, .error = error};
    *words = (struct campaign_words){.interval_ms = CAMPAIGN_INTERVAL_MS};
    campaign_options_init(&words->options);
    for (; reading.at < argc; reading.at++)
        if (!word_read(&reading))
            return false;
    words->command = command_make(argc, argv);
    words->options.command = words->command;
    return words_complete(words, error);
}

void campaign_words_finish(struct campaign_words *words)
{
    free(words->command);
    words->command = NULL;
}
