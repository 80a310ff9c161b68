/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_planted.c - the table of planted kernels, and how they are made. Contract:
 * support_planted.h. Calls ninja and the cross tools. */
#include "tests/support_planted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "emulator/base/input_file.h"
#include "emulator/base/memory.h"
#include "emulator/base/output_file.h"
#include "tests/support_command.h"

#define SOURCE_BYTES_MAX (1u << 20)
#define OBJECTS "CMakeFiles/kernel.elf.dir/"
#define KERNEL LATCHKEY_BUILD_DIR "/kernel.elf"

/* Short places, so that they survive most changes of the kernel; one that is gone fails its test,
 * and another is to be found for it. */
const struct planted planted_kernels[PLANTED_KERNELS] = {
    {.name = "header-before-flush",
     .file = "checkpoint.c", .from = "FLUSH, CHECK, HEADER,", .to = "HEADER, FLUSH, CHECK,",
     .campaign = "shared-witness.img --checkpoints 1 --policy subset",
     .status = 1, .outcome = "damaged", .phase = "commit", .write = "checkpoint header",
     .symbol = "header_write"},
    {.name = "no-barrier-before-commit",
     .file = "checkpoint.c", .from = "static bool flush(void)\n{\n",
     .to = "static bool flush(void)\n{\n    if (checkpoint.phase == FLUSH)\n        return true;\n",
     .campaign = "shared-witness.img --checkpoints 1 --policy subset",
     .status = 1, .outcome = "damaged", .phase = "commit", .write = "checkpoint header",
     .symbol = "header_write"},
    {.name = "area-freed-early",
     .file = "checkpoint.c", .from = "    checkpoint.area = 1 - checkpoint.area;\n", .to = "",
     .campaign = "shared-witness.img --checkpoints 2 --policy keep",
     .status = 1, .outcome = "damaged", .phase = "write-out", .write = "checkpoint area",
     .symbol = "blocks_send"},
    {.name = "one-node-home",
     .file = "migrate_pots.c", .from = "IO_PLEX(pots.plex)", .to = "IO_PLEX(0)",
     .campaign = "shared-witness.img --checkpoints 2 --policy torn",
     .status = 1, .outcome = "damaged", .phase = "migrate", .write = "pots",
     .symbol = "migrate_step"},
    {.name = "journal-acknowledged-early",
     .file = "journal.c", .from = "if (good && journal.state == GROUP_WRITING)",
     .to = "if (false)",
     .campaign = "shared-commit.img --workload commit --checkpoints 1 --policy drop",
     .status = 1, .outcome = "lost", .phase = "none", .write = "journal",
     .symbol = "journal_step"},
    {.name = "older-header-skipped",
     .file = "restart.c", .from = "restarted.places |= 1u",
     .to = "if (header->generation > restarted.header.generation)\n"
           "            restarted.places |= 1u",
     .campaign = "shared-witness.img --checkpoints 2 --policy torn",
     .status = 4, .outcome = "no-restart", .phase = "commit", .write = "checkpoint header",
     .symbol = "header_write"},
    {.name = "copy-on-write-hole",
     .file = "dirty.c", .from = "memcpy(copy->data, page->data, PAGE_BYTES)",
     .to = "memcpy(copy->data, page->data, PAGE_BYTES / 2)",
     .campaign = "shared-witness.img --checkpoints 1 --policy keep",
     .status = 1, .outcome = "invariant", .phase = "commit", .write = "checkpoint header",
     .symbol = "header_write"},
    {.name = "allocation-count-not-bumped",
     .file = "migrate_pots.c", .from = "entry->allocation_count | flags",
     .to = "PAGE_POT_COUNT(&((struct page_pot *)block)->pages[id - held->first_id]) | flags",
     .campaign = "shared-witness.img --checkpoints 1 --policy keep",
     .status = 1, .outcome = "invariant", .phase = "commit", .write = "checkpoint header",
     .symbol = "header_write"},
};

/* The text with all that says from saying to; the caller frees it. *count: how often it did. */
static char *text_replace(const char *text, const char *from, const char *to, unsigned *count)
{
    size_t each = strlen(to) > strlen(from) ? strlen(to) - strlen(from) : 0;
    *count = 0;
    for (const char *at = text; (at = strstr(at, from)) != NULL; at += strlen(from))
        ++*count;
    char *result = memory_must(malloc(strlen(text) + *count * each + 1)), *end = result;
    for (const char *at; (at = strstr(text, from)) != NULL; text = at + strlen(from)) {
        memcpy(end, text, (size_t)(at - text));
        end += at - text;
        end = stpcpy(end, to);
    }
    (void)stpcpy(end, text);
    return result;
}

/* Is it older than the other, or missing? */
static bool older(const char *path, const char *other)
{
    struct stat mine, its;
    if (stat(path, &mine) != 0 || stat(other, &its) != 0)
        return true;
    if (mine.st_mtim.tv_sec != its.st_mtim.tv_sec)
        return mine.st_mtim.tv_sec < its.st_mtim.tv_sec;
    return mine.st_mtim.tv_nsec < its.st_mtim.tv_nsec;
}

/* Write the changed file, unless it is there as it should be. */
static bool source_change(const struct planted *planted, const char *path, struct error *error)
{
    char original[PLANTED_PATH_BYTES];
    uint8_t *text, *there = NULL;
    size_t size_bytes, there_bytes;
    unsigned count;
    struct error ignored;
    (void)snprintf(original, sizeof(original), LATCHKEY_SOURCE_DIR "/kernel/%s", planted->file);
    if (!input_read(original, SOURCE_BYTES_MAX, &text, &size_bytes, error))
        return false;
    char *changed = text_replace((char *)text, planted->from, planted->to, &count);
    bool good = count == 1;
    if (!good)
        (void)error_set(error, ERROR_FORMAT,
                        "planted kernel %s: kernel/%s says `%.*s` in %u places, not in one: "
                        "tests/support_planted.c needs another place",
                        planted->name, planted->file, (int)strcspn(planted->from, "\n"),
                        planted->from, count);
    bool same = good && input_read(path, SOURCE_BYTES_MAX, &there, &there_bytes, &ignored) &&
                strcmp((char *)there, changed) == 0;
    good = good && (same || output_write(path, changed, strlen(changed), error));
    free(there);
    free(changed);
    free(text);
    return good;
}

/* The line of ninja's commands that makes a file, with the planted kernel's names in it. The
 * caller frees it; NULL: there is none. */
static char *command_adapt(const char *commands, const char *makes, const char *const names[][2],
                           unsigned name_count)
{
    char sought[PLANTED_PATH_BYTES];
    unsigned count;
    (void)snprintf(sought, sizeof(sought), " -o %s ", makes);
    const char *found = strstr(commands, sought), *start = found;
    while (start && start > commands && start[-1] != '\n')
        start--;
    if (!found)
        return NULL;
    char *line = strndup(start, strcspn(start, "\n"));
    for (unsigned i = 0; i < name_count; i++) {
        char *next = text_replace(memory_must(line), names[i][0], names[i][1], &count);
        free(line);
        line = next;
    }
    return line;
}

static bool command_carry_out(const struct planted *planted, const char *line,
                              struct error *error)
{
    if (!line)
        return error_set(error, ERROR_FORMAT, "planted kernel %s: ninja does not say how kernel/%s "
                                              "is made", planted->name, planted->file);
    char *command = memory_must(malloc(strlen(line) + 100));
    (void)sprintf(command, "cd kernel && %s", line);
    struct command_result *result = command_run(command);
    bool good = result->status == 0 ||
                error_set(error, ERROR_FORMAT, "planted kernel %s: %.150s", planted->name,
                          result->errors);
    free(result);
    free(command);
    return good;
}

/* Compile the file and link the kernel, as ninja would. */
static bool kernel_make(const struct planted *planted, const char *source, const char *path,
                        struct error *error)
{
    char object[PLANTED_PATH_BYTES], object_new[PLANTED_PATH_BYTES];
    char original[PLANTED_PATH_BYTES], output[PLANTED_PATH_BYTES];
    (void)snprintf(object, sizeof(object), OBJECTS "%s.obj", planted->file);
    (void)snprintf(object_new, sizeof(object_new), "%.900s.obj", source);
    (void)snprintf(original, sizeof(original), LATCHKEY_SOURCE_DIR "/kernel/%s", planted->file);
    (void)snprintf(output, sizeof(output), "-o %.900s ", path);
    const char *const names[][2] = {
        {object, object_new}, {original, source}, {"-o " KERNEL " ", output}};
    struct command_result *commands = command_run(
        "ninja -C kernel -t commands kernel.elf | sed -n '/ -o /p' >planted/commands");
    bool good = commands->status == 0 ||
                error_set(error, ERROR_FORMAT, "planted kernel %s: %.150s", planted->name,
                          commands->errors);
    uint8_t *text = NULL;
    size_t size_bytes;
    good = good && input_read(LATCHKEY_BUILD_DIR "/planted/commands", SOURCE_BYTES_MAX, &text,
                              &size_bytes, error);
    char *compile = good ? command_adapt((char *)text, object, names, 2) : NULL;
    char *link = good ? command_adapt((char *)text, KERNEL, names, 3) : NULL;
    good = good && command_carry_out(planted, compile, error) &&
           command_carry_out(planted, link, error);
    free(compile);
    free(link);
    free(text);
    free(commands);
    return good;
}

bool planted_build(const struct planted *planted, char path[PLANTED_PATH_BYTES],
                   struct error *error)
{
    char source[PLANTED_PATH_BYTES];
    const char *file = strrchr(planted->file, '/');
    file = file ? file + 1 : planted->file;
    (void)mkdir(LATCHKEY_BUILD_DIR "/planted", 0777);
    (void)snprintf(source, sizeof(source), LATCHKEY_BUILD_DIR "/planted/%s-%s", planted->name,
                   file);
    (void)snprintf(path, PLANTED_PATH_BYTES, LATCHKEY_BUILD_DIR "/planted/%s.elf", planted->name);
    if (!source_change(planted, source, error))
        return false;
    return (!older(path, KERNEL) && !older(path, source)) ||
           kernel_make(planted, source, path, error);
}
