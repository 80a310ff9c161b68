/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_smallest.c - see campaign_smallest.h. */
#include "frontend/campaign_smallest.h"

#include <inttypes.h>
#include <string.h>

#include "emulator/base/text.h"
#include "emulator/machine.h"

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

char *campaign_smallest_line(const struct campaign_summary *summary)
{
    const struct campaign_minimal *minimal = &summary->minimal;
    const struct campaign_result *result = &minimal->result;
    struct byte_writer line = {0};
    if (!minimal->found)
        return NULL;
    text_add(&line, "smallest: %s: %s; phase %s, instruction %" PRIu64
                    "; of %u cached writes %u survive",
             campaign_outcome_name(result->outcome), result->text,
             result->phase ? machine_phase_name(result->phase) : "none", result->instructions,
             minimal->cached, minimal->kept);
    if (minimal->write.known)
        write_add(&line, &minimal->write);
    text_add(&line, "; again: ");
    command_add(&line, summary);
    write_u8(&line, 0);
    return (char *)line.data;
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
