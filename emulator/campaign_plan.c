/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_plan.c - what a campaign's folder belongs to, as text. Contract: campaign_result.h. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/base/input_file.h"
#include "emulator/base/output_file.h"
#include "emulator/base/text.h"
#include "emulator/campaign_pending.h"
#include "emulator/campaign_result.h"

#define PLAN_BYTES_MAX (16u << 20)
#define KERNEL_BYTES_MAX (64u << 20)
#define COMMAND_BYTES_MAX (64u << 10)

static const char plan_first[] = "latchkey-plan 1";

static bool kernel_hash(const char *path, uint64_t *hash, struct error *error)
{
    uint8_t *bytes;
    size_t size_bytes;
    if (!input_read(path, KERNEL_BYTES_MAX, &bytes, &size_bytes, error))
        return false;
    *hash = hash64(bytes, size_bytes);
    free(bytes);
    return true;
}

static void request_lines(struct byte_writer *text, const struct campaign_options *options)
{
    const struct campaign_request *request = &options->request;
    text_add(text, "policies %" PRIx32 "\n", request->policies);
    text_add(text, "phases %" PRIx32 "\n", request->phases);
    text_add(text, "draws %u\n", request->draws);
    text_add(text, "subsets %u\n", request->subsets);
    text_add(text, "reads %u\n", options->reads);
    text_add(text, "faults %" PRIx32 "\n", request->faults);
    for (unsigned i = 0; i < options->setup.fault_count; i++) {
        const struct machine_fault *fault = &options->setup.faults[i];
        text_add(text, "fault %u %s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", fault->disk,
                 disk_fault_name(fault->fault.kind), fault->fault.time_ns, fault->fault.sector,
                 fault->fault.argument);
    }
    text_add(text, "sample %" PRIu64 " seed %" PRIu64 "\n", request->sample, request->seed);
    text_add(text, "depth %u nested %" PRIu64 "\n", options->depth, options->nested_sample);
}

/* Which phase the system is in from here on, and what it announced. */
static void mark_lines(struct byte_writer *text, const struct campaign_log *log)
{
    unsigned count = 0;
    for (uint64_t i = 0; i < log->count; i++) {
        const struct campaign_record *record = &log->records[i];
        if (record->kind != RECORD_TRACE)
            continue;
        bool committed = record->order == TRACE_COMMITTED;
        if (committed || record->order == TRACE_RESTARTED)
            text_add(text, "mark-%u %" PRIu64 " %s %" PRIu64 "\n", count++, record->instructions,
                     committed ? "committed" : "restarted", record->sector);
        else
            text_add(text, "mark-%u %" PRIu64 " phase %u\n", count++, record->instructions,
                     record->phase);
    }
}

static uint64_t sectors_in_doubt(const struct campaign_pending *pending, unsigned disks)
{
    uint64_t count = 0;
    for (unsigned disk = 0; disk < disks; disk++)
        count += pending->disks[disk].count;
    return count;
}

static void event_lines(struct byte_writer *text, const struct campaign_run_learned *learned,
                        unsigned disks)
{
    struct campaign_pending pending = {0};
    const struct campaign_log *log = learned->log;
    uint64_t record = 0;
    for (size_t i = 0; i < learned->events.count; i++) {
        const struct campaign_event *event = &learned->events.list[i];
        uint64_t first = record;
        for (; record < event->records; record++)
            campaign_pending_follow(&pending, &log->records[record]);
        const struct campaign_record *last = record > first ? &log->records[record - 1] : NULL;
        text_add(text,
                 "event-%zu %" PRIu64 " phase %u disk %u %s promised %" PRIu64 " state %" PRIu64
                 " sector %" PRIu64 " count %" PRIu32 " doubt %" PRIu64 " steps %" PRIu64
                 "\n",
                 i, event->instructions, event->phase, event->disk,
                 event->kind == RECORD_ENTERED ? "write" : "settle", event->promised,
                 event->state, last ? last->sector : 0, last ? last->sector_count : 0,
                 sectors_in_doubt(&pending, disks), event->steps);
    }
    campaign_pending_finish(&pending);
}

static void plan_take(struct campaign_plan *plan, struct byte_writer *text)
{
    write_u8(text, 0);
    plan->text = (char *)text->data;
    plan->hash = hash64(plan->text, strlen(plan->text));
    *text = (struct byte_writer){0};
}

bool campaign_plan_make(struct campaign_plan *plan, const struct campaign_options *options,
                        const struct campaign_images *images,
                        const struct campaign_run_learned *learned, uint64_t incomplete,
                        uint64_t cases,
                        uint64_t units, struct error *error)
{
    struct byte_writer text = {0};
    uint64_t kernel = 0;
    char digest[33];
    *plan = (struct campaign_plan){.events = learned->events.count,
                                   .instructions = learned->log->instructions, .cases = cases,
                                   .units = units, .policies = options->request.policies,
                                   .draws = options->request.draws,
                                   .subsets = options->request.subsets,
                                   .reads = options->reads, .incomplete = incomplete,
                                   .sample = options->request.sample};
    if (!kernel_hash(options->setup.kernel_path, &kernel, error))
        return false;
    text_add(&text, "%s\n", plan_first);
    text_add(&text, "kernel %016" PRIx64 "\n", kernel);
    for (unsigned i = 0; i < images->count; i++) {
        digest_text(images->digests[i], digest);
        text_add(&text, "image-%u %s\n", i, digest);
    }
    text_add(&text, "append %.400s\n", options->setup.append);
    text_add(&text, "ram %" PRIu64 " seed %" PRIu64 " check %u\n", options->setup.ram_bytes,
             options->setup.seed, options->setup.check);
    text_add(&text, "workload %s\n", options->setup.workload->name);
    text_add(&text, "checkpoints %u\n", options->checkpoints);
    request_lines(&text, options);
    digest_text(campaign_log_digest(learned->log), digest);
    text_add(&text, "run %s\n", digest);
    text_add(&text, "instructions %" PRIu64 "\n", plan->instructions);
    text_add(&text, "events %" PRIu64 "\n", plan->events);
    text_add(&text, "incomplete %" PRIu64 "\n", plan->incomplete);
    text_add(&text, "cases %" PRIu64 "\n", plan->cases);
    text_add(&text, "units %" PRIu64 "\n", plan->units);
    mark_lines(&text, learned->log);
    event_lines(&text, learned, images->count);
    plan_take(plan, &text);
    return true;
}

bool campaign_file_path(const char *folder, const char *name, char path[CAMPAIGN_FILE_BYTES],
                        struct error *error)
{
    int length = snprintf(path, CAMPAIGN_FILE_BYTES, "%s/%s", folder, name);
    return (length > 0 && (size_t)length < CAMPAIGN_FILE_BYTES) ||
           error_set(error, ERROR_IO, "%.100s: the name is too long", folder);
}

/* The number after "\nWORD ". */
static bool number_find(const char *text, const char *word, int base, uint64_t *number)
{
    char sought[32], *end;
    (void)snprintf(sought, sizeof(sought), "\n%s ", word);
    const char *at = strstr(text, sought);
    if (!at)
        return false;
    at += strlen(sought);
    *number = strtoull(at, &end, base);
    return end != at;
}

bool campaign_plan_read(struct campaign_plan *plan, const char *folder, bool *missing,
                        struct error *error)
{
    char path[CAMPAIGN_FILE_BYTES];
    uint8_t *bytes;
    size_t size_bytes;
    uint64_t policies = 0;
    *plan = (struct campaign_plan){.text = NULL};
    *missing = false;
    if (!campaign_file_path(folder, "plan", path, error))
        return false;
    if (!input_read(path, PLAN_BYTES_MAX, &bytes, &size_bytes, error)) {
        *missing = error->code == ERROR_IO && access(path, F_OK) != 0;
        return *missing;
    }
    plan->text = (char *)bytes;
    plan->hash = hash64(plan->text, strlen(plan->text));
    bool good = strlen(plan->text) == size_bytes &&
                strncmp(plan->text, plan_first, strlen(plan_first)) == 0 &&
                number_find(plan->text, "events", 10, &plan->events) &&
                number_find(plan->text, "instructions", 10, &plan->instructions) &&
                number_find(plan->text, "cases", 10, &plan->cases) &&
                number_find(plan->text, "units", 10, &plan->units) &&
                number_find(plan->text, "draws", 10, &plan->draws) &&
                number_find(plan->text, "subsets", 10, &plan->subsets) &&
                number_find(plan->text, "reads", 10, &plan->reads) &&
                number_find(plan->text, "incomplete", 10, &plan->incomplete) &&
                number_find(plan->text, "sample", 10, &plan->sample) &&
                number_find(plan->text, "policies", 16, &policies) && plan->units > 0 &&
                plan->units <= plan->cases; /* else nothing judged would be nothing lost */
    plan->policies = (uint32_t)policies;
    if (good)
        return true;
    campaign_plan_finish(plan);
    return error_set(error, ERROR_FORMAT, "%.150s: not the plan of a campaign", path);
}

/* The first line in which they differ names what changed. */
bool campaign_plan_same(const struct campaign_plan *plan, const struct campaign_plan *other,
                        const char *folder, struct error *error)
{
    const char *left = plan->text, *right = other->text;
    if (strcmp(left, right) == 0)
        return true;
    size_t line = 0, at = 0;
    for (; left[at] && left[at] == right[at]; at++)
        if (left[at] == '\n')
            line = at + 1;
    size_t word = strcspn(left + line, " \n"), rest = strcspn(left + line, "\n");
    size_t was = strcspn(right + line, "\n");
    return error_set(error, ERROR_FORMAT,
                     "%.80s: of another campaign: %.*s differs: now %.*s, there %.*s", folder,
                     (int)word, left + line, (int)(rest > word ? rest - word - 1 : 0),
                     left + line + word + (rest > word), (int)(was > 60 ? 60 : was),
                     right + line);
}

bool campaign_plan_write(const struct campaign_plan *plan, const char *folder,
                         struct error *error)
{
    char path[CAMPAIGN_FILE_BYTES];
    return campaign_file_path(folder, "plan", path, error) &&
           output_write(path, plan->text, strlen(plan->text), error);
}

void campaign_plan_finish(struct campaign_plan *plan)
{
    free(plan->text);
    *plan = (struct campaign_plan){.text = NULL};
}

bool campaign_command_write(const char *command, const char *folder, struct error *error)
{
    char path[CAMPAIGN_FILE_BYTES];
    struct byte_writer text = {0};
    text_add(&text, "%s\n", command);
    bool good = campaign_file_path(folder, "command", path, error) &&
                output_write(path, text.data, text.size_bytes, error);
    writer_finish(&text);
    return good;
}

char *campaign_command_read(const char *folder)
{
    char path[CAMPAIGN_FILE_BYTES];
    struct error ignored;
    uint8_t *bytes;
    size_t size_bytes;
    if (!campaign_file_path(folder, "command", path, &ignored) ||
        !input_read(path, COMMAND_BYTES_MAX, &bytes, &size_bytes, &ignored))
        return NULL;
    bytes[strcspn((char *)bytes, "\n")] = '\0';
    return (char *)bytes;
}
