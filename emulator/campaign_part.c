/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_part.c - see campaign_part.h. Called by campaign.c, campaign_level.c and
 * campaign_result.c. */
#include "emulator/campaign_part.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/input_file.h"

#define PART_BYTES_MAX (64u << 20)
#define LINE_WORDS 11u
#define LINE_BYTES (CAMPAIGN_PATH_BYTES + CAMPAIGN_TEXT_BYTES + 256u)

void campaign_part_begin(struct byte_writer *part, uint64_t plan, uint64_t unit)
{
    char line[100];
    int length = snprintf(line, sizeof(line), "latchkey-part 1 %016" PRIx64 " %" PRIu64 "\n", plan,
                          unit);
    write_bytes(part, line, (size_t)length);
}

void campaign_part_add(struct byte_writer *part, const char *name,
                       const struct campaign_result *result)
{
    char line[LINE_BYTES], text[CAMPAIGN_TEXT_BYTES];
    (void)snprintf(text, sizeof(text), "%s", result->text);
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < 0x20) /* it would be another word, or line */
            *at = ' ';
    int length = snprintf(
        line, sizeof(line),
        "%s\t%u\t%u\t%" PRIu64 "\t%" PRIu64 "\t%016" PRIx64 "\t%016" PRIx64 "\t%016" PRIx64
        "\t%016" PRIx64 "\t%" PRIu64 "\t%s\n",
        name, (unsigned)result->outcome, result->phase, result->instructions, result->generation,
        result->digest.high, result->digest.low, result->media, result->recovery,
        result->restart_ns, text);
    write_bytes(part, line, (size_t)length);
}

static size_t lines_count(const uint8_t *bytes, size_t size_bytes)
{
    size_t count = 0;
    for (size_t i = 0; i < size_bytes; i++)
        count += bytes[i] == '\n';
    return count;
}

void campaign_part_end(struct byte_writer *part)
{
    char line[100];
    int length = snprintf(line, sizeof(line), "end %zu %016" PRIx64 "\n",
                          lines_count(part->data, part->size_bytes) - 1,
                          hash64(part->data, part->size_bytes));
    write_bytes(part, line, (size_t)length);
}

bool campaign_part_path(const char *folder, uint64_t unit, char *path, size_t size_bytes)
{
    int length = snprintf(path, size_bytes, "%s/part-%06" PRIu64, folder, unit);
    return length > 0 && (size_t)length < size_bytes;
}

bool campaign_part_name_good(const char *name)
{
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789=,-/") == strlen(name) &&
           strlen(name) < CAMPAIGN_PATH_BYTES;
}

static bool number_read(const char *word, int base, uint64_t *number)
{
    char *end;
    *number = strtoull(word, &end, base);
    return *word != '\0' && *end == '\0';
}

/* A line's words; false: it is none of a part. */
static bool line_read(char *line, const char **name, struct campaign_result *result)
{
    char *words[LINE_WORDS], *rest = line;
    uint64_t outcome, phase;
    unsigned count = 0;
    while (rest && count < LINE_WORDS)
        words[count++] = strsep(&rest, "\t");
    if (rest || count != LINE_WORDS || !campaign_part_name_good(words[0]))
        return false;
    *result = (struct campaign_result){.outcome = OUTCOME_NONE};
    *name = words[0];
    bool good = number_read(words[1], 10, &outcome) && outcome < OUTCOME_COUNT &&
                number_read(words[2], 10, &phase) && phase < TRACE_PHASE_COUNT &&
                number_read(words[3], 10, &result->instructions) &&
                number_read(words[4], 10, &result->generation) &&
                number_read(words[5], 16, &result->digest.high) &&
                number_read(words[6], 16, &result->digest.low) &&
                number_read(words[7], 16, &result->media) &&
                number_read(words[8], 16, &result->recovery) &&
                number_read(words[9], 10, &result->restart_ns);
    if (!good)
        return false;
    result->outcome = (enum campaign_outcome)outcome;
    result->phase = (uint8_t)phase;
    (void)snprintf(result->text, sizeof(result->text), "%s", words[10]);
    return true;
}

/* Is it whole, and of this plan? */
static bool part_whole(const char *bytes, size_t size_bytes, uint64_t plan, uint64_t unit)
{
    char first[100], last[100];
    int length = snprintf(first, sizeof(first), "latchkey-part 1 %016" PRIx64 " %" PRIu64 "\n",
                          plan, unit);
    if (size_bytes < 2 || bytes[size_bytes - 1] != '\n' ||
        strncmp(bytes, first, (size_t)length) != 0)
        return false;
    size_t end = size_bytes - 1;
    while (end > 0 && bytes[end - 1] != '\n')
        end--;
    (void)snprintf(last, sizeof(last), "end %zu %016" PRIx64 "\n",
                   lines_count((const uint8_t *)bytes, end) - 1, hash64(bytes, end));
    return strlen(last) == size_bytes - end && memcmp(bytes + end, last, size_bytes - end) == 0;
}

bool campaign_part_read(const char *folder, uint64_t plan, uint64_t unit, void *context,
                        void (*take)(void *context, const char *name,
                                     const struct campaign_result *result))
{
    char path[4096];
    struct error error;
    uint8_t *bytes;
    size_t size_bytes;
    if (!campaign_part_path(folder, unit, path, sizeof(path)) ||
        !input_read(path, PART_BYTES_MAX, &bytes, &size_bytes, &error))
        return false;
    bool whole = strlen((char *)bytes) == size_bytes &&
                 part_whole((char *)bytes, size_bytes, plan, unit);
    char *rest = (char *)bytes;
    if (whole)
        (void)strsep(&rest, "\n");
    while (whole && rest) {
        char *line = strsep(&rest, "\n");
        struct campaign_result result;
        const char *name;
        if (line_read(line, &name, &result) && take)
            take(context, name, &result);
    }
    free(bytes);
    return whole;
}
