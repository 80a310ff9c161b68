/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_smallest.c - see campaign_smallest.h. */
#include "emulator/campaign_smallest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/input_file.h"
#include "emulator/base/memory.h"
#include "emulator/base/output_file.h"
#include "emulator/base/text.h"
#include "emulator/campaign_result.h"
#include "emulator/machine.h"

#define FILE_NAME "smallest-failure"
#define FILE_BYTES_MAX 65536u

const struct campaign_failure *campaign_smallest_first(const struct campaign_summary *summary)
{
    for (size_t i = 0; i < summary->listed; i++)
        if (!strchr(summary->list[i].name, CAMPAIGN_PATH_SEPARATOR))
            return &summary->list[i];
    return summary->listed > 0 ? &summary->list[0] : NULL;
}

/* Words, each with a value, that say which cases are made: one case is named. */
static const char *const words_of_many[] = {" --checkpoints ", " --policy ", " --phase ",
                                            " --draws ",       " --depth ",  " --nested ",
                                            " --seed "};

static void command_add(struct byte_writer *line, const struct campaign_summary *summary)
{
    const char *at = summary->command ? summary->command : "latchkey campaign";
    while (*at) {
        size_t skipped = 0;
        for (size_t i = 0; i < sizeof(words_of_many) / sizeof(words_of_many[0]); i++) {
            size_t length = strlen(words_of_many[i]);
            if (strncmp(at, words_of_many[i], length) == 0)
                skipped = length + strcspn(at + length, " ");
        }
        if (skipped == 0)
            write_u8(line, (uint8_t)*at++);
        at += skipped;
    }
    text_add(line, " --checkpoints %u --case %s", summary->minimal.checkpoints,
             summary->minimal.name);
}

static void write_add(struct byte_writer *line, const struct campaign_write *write)
{
    static const char *const fates[] = {
        [WRITE_SURVIVED] = "written", [WRITE_LOST] = "lost", [WRITE_TORN] = "torn"};
    text_add(line, "; %s: disk %u, sectors %" PRIu64 "..%" PRIu64 ", %s, sent at instruction %"
                   PRIu64 " from pc 0x%" PRIx64,
             fates[write->fate], write->disk, write->sector,
             write->sector + write->sector_count - 1, write->holds, write->instructions,
             write->pc);
    if (write->callers[0])
        text_add(line, ", %s", write->callers);
}

void campaign_smallest_tell(struct campaign_summary *summary)
{
    const struct campaign_minimal *minimal = &summary->minimal;
    const struct campaign_result *result = &minimal->result;
    struct byte_writer line = {0};
    if (!minimal->found)
        return;
    text_add(&line, "%s: %s; phase %s, instruction %" PRIu64 "; of %u cached writes %u survive",
             campaign_outcome_name(result->outcome), result->text,
             result->phase ? machine_phase_name(result->phase) : "none", result->instructions,
             minimal->cached, minimal->kept);
    if (minimal->write.known)
        write_add(&line, &minimal->write);
    write_u8(&line, 0);
    free(summary->smallest);
    summary->smallest = (char *)line.data;
}

char *campaign_smallest_command(const struct campaign_summary *summary)
{
    struct byte_writer line = {0};
    if (!summary->minimal.found)
        return NULL;
    command_add(&line, summary);
    write_u8(&line, 0);
    return (char *)line.data;
}

/* --- in a folder: what it was made from, what is said of it, checkpoints and name, a line each ---
 */

bool campaign_smallest_write(const struct campaign_summary *summary, const char *folder,
                             struct error *error)
{
    char path[CAMPAIGN_FILE_BYTES];
    struct byte_writer text = {0};
    if (!summary->smallest)
        return true;
    text_add(&text, "%s\n%s\n%u\n%s\n", campaign_smallest_first(summary)->name,
             summary->smallest, summary->minimal.checkpoints, summary->minimal.name);
    bool good = campaign_file_path(folder, FILE_NAME, path, error) &&
                output_write(path, text.data, text.size_bytes, error);
    writer_finish(&text);
    return good;
}

void campaign_smallest_read(struct campaign_summary *summary, const char *folder)
{
    const struct campaign_failure *first = campaign_smallest_first(summary);
    char path[CAMPAIGN_FILE_BYTES], *lines[4] = {NULL};
    struct error ignored;
    uint8_t *bytes;
    size_t size_bytes;
    if (!first || !campaign_file_path(folder, FILE_NAME, path, &ignored) ||
        !input_read(path, FILE_BYTES_MAX, &bytes, &size_bytes, &ignored))
        return;
    char *rest = (char *)bytes;
    for (unsigned i = 0; i < 4; i++)
        lines[i] = strsep(&rest, "\n");
    bool good = lines[3] && strcmp(lines[0], first->name) == 0 &&
                campaign_part_name_good(lines[3]);
    if (good) {
        summary->minimal.found = true;
        summary->minimal.checkpoints = (unsigned)strtoul(lines[2], NULL, 10);
        (void)snprintf(summary->minimal.name, sizeof(summary->minimal.name), "%s", lines[3]);
        free(summary->smallest);
        summary->smallest = memory_must(strdup(lines[1]));
    }
    free(bytes);
}
