/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_command.c - `latchkey disk make|info|check|digest|diff|add|apply`: words in, text or JSON
 * out. Called by main.c; calls disks/ for everything. */
#include "frontend/disk_command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disks/add.h"
#include "disks/apply.h"
#include "disks/check.h"
#include "disks/digest.h"
#include "disks/info.h"
#include "disks/make.h"
#include "emulator/base/json.h"
#include "emulator/base/memory.h"
#include "emulator/base/output_file.h"
#include "frontend/disk_diff.h"
#include "frontend/failure.h"

#define OBJECTS_MAX (1ull << 32) /* new ones at a time: 16 TiB of pages */

struct disk_words {
    const char *paths[STORE_PATHS_MAX + 1]; /* images; of make, the recipe; of add, the new last */
    unsigned path_count;
    const char *output;
    uint64_t generation; /* 0: the newest */
    struct add_request add;
    bool json;
};

static int usage(const char *what)
{
    struct error error;
    (void)error_set(&error, ERROR_USAGE,
                    "disk: %s; expected make RECIPE -o IMG, info IMG..., check IMG..., "
                    "digest IMG..., diff A B, add IMG... NEW or apply STREAM IMG...; see latchkey "
                    "help disk",
                    what);
    return failure_tell(&error);
}

static bool generation_read(const char *text, uint64_t *generation, struct error *error)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || *end != '\0' || text[0] < '0' || text[0] > '9' || value == 0)
        return error_set(error, ERROR_USAGE, "--generation %s: expected a number from 1 on", text);
    *generation = value;
    return true;
}

static bool count_read(const char *option, const char *text, uint64_t *count, struct error *error)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || *end != '\0' || text[0] < '0' || text[0] > '9' || value == 0 ||
        value > OBJECTS_MAX)
        return error_set(error, ERROR_USAGE, "%s %s: expected a number from 1 to %llu", option,
                         text, OBJECTS_MAX);
    *count = value;
    return true;
}

/* The options of add. *at: the word that is being read, and the last that was. */
static bool add_option(struct disk_words *words, int argc, char **argv, int *at,
                       struct error *error)
{
    const char *option = argv[*at];
    if (strcmp(option, "--mirror") == 0)
        return words->add.mirror = true;
    uint64_t *count = strcmp(option, "--nodes") == 0    ? &words->add.node_count
                      : strcmp(option, "--pages") == 0  ? &words->add.page_count
                      : strcmp(option, "--stream") == 0 ? &words->add.stream_slots
                                                        : NULL;
    if (!count || *at + 1 == argc)
        return error_set(error, ERROR_USAGE,
                         "disk add: %.80s: unknown or incomplete option; see latchkey help disk",
                         option);
    if (!count_read(option, argv[++*at], count, error))
        return false;
    uint64_t slots = words->add.stream_slots;
    return slots == 0 || (slots >= STREAM_SLOTS_MIN && slots <= STREAM_SLOTS_MAX) ||
           error_set(error, ERROR_USAGE, "%s %s: expected a number from %u to %u", option,
                     argv[*at], STREAM_SLOTS_MIN, STREAM_SLOTS_MAX);
}

static bool words_read(struct disk_words *words, int argc, char **argv, struct error *error)
{
    const char *verb = argv[0];
    bool add = strcmp(verb, "add") == 0;
    bool prints = strcmp(verb, "make") != 0 && strcmp(verb, "apply") != 0;
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (add && argv[i][0] == '-') {
            if (!add_option(words, argc, argv, &i, error))
                return false;
        } else if (strcmp(argv[i], "--json") == 0 && prints) {
            words->json = true;
        } else if (strcmp(argv[i], "-o") == 0 && strcmp(verb, "make") == 0 && more) {
            words->output = argv[++i];
        } else if (strcmp(argv[i], "--generation") == 0 && strcmp(verb, "digest") == 0 && more) {
            if (!generation_read(argv[++i], &words->generation, error))
                return false;
        } else if (argv[i][0] == '-') {
            return error_set(error, ERROR_USAGE,
                             "disk %s: %.80s: unknown or incomplete option; see latchkey help disk",
                             verb, argv[i]);
        } else if (argv[i][0] == '\0') {
            return error_set(error, ERROR_USAGE, "disk %s: a name is empty", verb);
        } else if (words->path_count == STORE_PATHS_MAX + add) {
            return error_set(error, ERROR_LIMIT, "%s: a store has at most %u volumes and a stream",
                             argv[i], VOLUME_DISKS_MAX);
        } else {
            words->paths[words->path_count++] = argv[i];
        }
    }
    return true;
}

static int disk_make(const struct disk_words *words)
{
    struct error error;
    if (words->path_count != 1 || !words->output || !*words->output)
        return usage("make needs one recipe and -o IMG");
    if (output_same(words->paths[0], words->output)) {
        (void)error_set(&error, ERROR_USAGE, "disk make: -o %.150s: is the recipe", words->output);
        return failure_tell(&error);
    }
    struct recipe *recipe = memory_must(malloc(sizeof(*recipe)));
    bool good = recipe_read(recipe, words->paths[0], &error) &&
                make_image(recipe, words->output, &error);
    free(recipe);
    return good ? 0 : failure_tell(&error);
}

static int disk_info(struct store *store, const struct disk_words *words)
{
    struct byte_writer writer = {0};
    if (words->json)
        info_json(store, &writer);
    else
        info_text(store, &writer);
    (void)fwrite(writer.data, 1, writer.size_bytes, stdout);
    writer_finish(&writer);
    return 0;
}

static void json_print(cJSON *object)
{
    char *text = json_text(object);
    puts(text);
    free(text);
}

static const char *const finding_names[FINDING_KINDS] = {"note", "repairable", "damage"};

static void check_print_json(const struct check_report *found, const char *path)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "image", path);
    for (unsigned kind = 0; kind < FINDING_KINDS; kind++)
        cJSON_AddNumberToObject(object, finding_names[kind], (double)found->counts[kind]);
    cJSON *findings = cJSON_AddArrayToObject(object, "findings");
    for (size_t i = 0; i < found->count; i++) {
        cJSON *finding = cJSON_CreateObject();
        cJSON_AddStringToObject(finding, "kind", finding_names[found->findings[i].kind]);
        cJSON_AddStringToObject(finding, "text", found->findings[i].text);
        cJSON_AddItemToArray(findings, finding);
    }
    json_print(object);
}

static void check_print(const struct check_report *found, const char *path)
{
    unsigned long long total = 0;
    for (size_t i = 0; i < found->count; i++)
        printf("%s: %s (%s)\n", path, found->findings[i].text,
               finding_names[found->findings[i].kind]);
    for (unsigned kind = 0; kind < FINDING_KINDS; kind++)
        total += found->counts[kind];
    if (total > found->count)
        printf("%s: and %llu more\n", path, total - found->count);
    unsigned long long repairable = found->counts[FINDING_REPAIRABLE];
    unsigned long long damage = found->counts[FINDING_DAMAGE];
    if (repairable + damage == 0)
        printf("%s: clean\n", path);
    else if (damage == 0)
        printf("%s: %llu findings, all repairable\n", path, repairable);
    else
        printf("%s: %llu findings, %llu of them repairable\n", path, repairable + damage,
               repairable);
}

static int disk_check(struct store *store, const struct disk_words *words)
{
    struct check_report found;
    bool clean = check_store(store, &found);
    if (words->json)
        check_print_json(&found, words->paths[0]);
    else
        check_print(&found, words->paths[0]);
    check_report_finish(&found);
    return clean ? 0 : 1;
}

static int disk_digest(struct store *store, const struct disk_words *words)
{
    struct error error;
    struct store_digest result;
    char text[33];
    if (!digest_store(store, words->generation, &result, &error))
        return failure_tell(&error);
    digest_text(result.digest, text);
    if (!words->json) {
        printf("%s\n", text);
        return 0;
    }
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "digest", text);
    cJSON_AddNumberToObject(object, "generation", (double)result.generation);
    cJSON_AddNumberToObject(object, "nodes", (double)result.node_count);
    cJSON_AddNumberToObject(object, "pages", (double)result.page_count);
    cJSON_AddNumberToObject(object, "running", (double)result.running_count);
    json_print(object);
    return 0;
}

static int disk_add(struct store *store, const struct disk_words *words)
{
    struct error error;
    const char *path = words->paths[words->path_count - 1];
    if (!store_use(store, 0, &error) || !add_volume(store, &words->add, path, &error))
        return failure_tell(&error);
    return 0;
}

static int disk_apply(const struct disk_words *words)
{
    struct error error;
    struct apply_report done;
    bool good = apply_stream(words->paths, words->path_count, NULL, &done, &error);
    if (done.to > done.from || good)
        printf("generation %llu, from %llu\n", (unsigned long long)done.to,
               (unsigned long long)done.from);
    return good ? 0 : failure_tell(&error);
}

/* What reads one store. make, diff and apply are the verbs that do not. */
static const struct reading {
    const char *word;
    int (*carry_out)(struct store *store, const struct disk_words *words);
} readings[] = {{"info", disk_info}, {"check", disk_check}, {"digest", disk_digest},
                {"add", disk_add}};

static const struct reading *reading_find(const char *word)
{
    for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++)
        if (strcmp(word, readings[i].word) == 0)
            return &readings[i];
    return NULL;
}

static int disk_read(const struct reading *reading, const struct disk_words *words)
{
    struct error error;
    struct store *store = memory_must(malloc(sizeof(*store)));
    unsigned images = words->path_count - (reading->carry_out == disk_add);
    int status = store_open(store, words->paths, images, &error)
                     ? reading->carry_out(store, words)
                     : failure_tell(&error);
    store_close(store);
    free(store);
    return status;
}

int disk_command(int argc, char **argv)
{
    struct disk_words words = {0};
    struct error error;
    if (argc < 1)
        return usage("no subcommand");
    const struct reading *reading = reading_find(argv[0]);
    bool apply = strcmp(argv[0], "apply") == 0, diff = strcmp(argv[0], "diff") == 0;
    if (!reading && !apply && !diff && strcmp(argv[0], "make") != 0)
        return usage("unknown subcommand");
    if (!words_read(&words, argc, argv, &error))
        return failure_tell(&error);
    if (diff)
        return words.path_count != 2 ? usage("diff needs two stores")
                                     : disk_diff(words.paths, words.json);
    if (apply)
        return words.path_count < 2 ? usage("apply needs a stream and the volumes of a standby")
                                    : disk_apply(&words);
    if (!reading)
        return disk_make(&words);
    if (reading->carry_out == disk_add && words.path_count < 2)
        return usage("add needs the volumes of a store and a new file");
    return words.path_count ? disk_read(reading, &words) : usage("no image given");
}
