/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_plan.c - what a campaign's folder belongs to, as text. Contract: campaign_result.h. */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/input_file.h"
#include "emulator/base/output_file.h"
#include "emulator/campaign_result.h"

#define PLAN_BYTES_MAX (16u << 20)
#define KERNEL_BYTES_MAX (64u << 20)
#define PATH_BYTES 4096u
#define LINE_BYTES 512u

static const char plan_first[] = "latchkey-plan 1";

static void line_add(struct byte_writer *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void line_add(struct byte_writer *text, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof(line) - 1, format, arguments);
    va_end(arguments);
    size_t used = length < 0 ? 0 : (size_t)length < sizeof(line) - 1 ? (size_t)length
                                                                      : sizeof(line) - 2;
    line[used] = '\n';
    write_bytes(text, line, used + 1);
}

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
    line_add(text, "policies %" PRIx32, request->policies);
    line_add(text, "phases %" PRIx32, request->phases);
    line_add(text, "draws %u", request->draws);
    line_add(text, "sample %" PRIu64 " seed %" PRIu64, request->sample, request->seed);
    line_add(text, "depth %u nested %" PRIu64, options->depth, options->nested_sample);
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
                        const struct campaign_run_learned *learned, uint64_t cases,
                        uint64_t units, struct error *error)
{
    struct byte_writer text = {0};
    uint64_t kernel = 0;
    char digest[33];
    *plan = (struct campaign_plan){.events = learned->events.count,
                                   .instructions = learned->log->instructions, .cases = cases,
                                   .units = units, .policies = options->request.policies,
                                   .draws = options->request.draws,
                                   .sample = options->request.sample};
    if (!kernel_hash(options->setup.kernel_path, &kernel, error))
        return false;
    line_add(&text, "%s", plan_first);
    line_add(&text, "kernel %016" PRIx64, kernel);
    for (unsigned i = 0; i < images->count; i++) {
        digest_text(images->digests[i], digest);
        line_add(&text, "image-%u %s", i, digest);
    }
    line_add(&text, "append %.400s", options->setup.append);
    line_add(&text, "ram %" PRIu64 " seed %" PRIu64 " check %u", options->setup.ram_bytes,
             options->setup.seed, options->setup.check);
    line_add(&text, "workload %s", options->setup.workload->name);
    line_add(&text, "checkpoints %u", options->checkpoints);
    request_lines(&text, options);
    digest_text(campaign_log_digest(learned->log), digest);
    line_add(&text, "run %s", digest);
    line_add(&text, "instructions %" PRIu64, plan->instructions);
    line_add(&text, "events %" PRIu64, plan->events);
    line_add(&text, "cases %" PRIu64, plan->cases);
    line_add(&text, "units %" PRIu64, plan->units);
    for (size_t i = 0; i < learned->events.count; i++) {
        const struct campaign_event *event = &learned->events.list[i];
        line_add(&text,
                 "event-%zu %" PRIu64 " phase %u disk %u %s promised %" PRIu64 " state %" PRIu64, i,
                 event->instructions, event->phase, event->disk,
                 event->kind == RECORD_ENTERED ? "write" : "settle", event->promised,
                 event->state);
    }
    plan_take(plan, &text);
    return true;
}

static bool path_make(const char *folder, char path[PATH_BYTES], struct error *error)
{
    int length = snprintf(path, PATH_BYTES, "%s/plan", folder);
    return (length > 0 && (size_t)length < PATH_BYTES) ||
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
    char path[PATH_BYTES];
    uint8_t *bytes;
    size_t size_bytes;
    uint64_t policies = 0;
    *plan = (struct campaign_plan){.text = NULL};
    *missing = false;
    if (!path_make(folder, path, error))
        return false;
    if (!input_read(path, PLAN_BYTES_MAX, &bytes, &size_bytes, error)) {
        *missing = error->code == ERROR_IO;
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
                number_find(plan->text, "sample", 10, &plan->sample) &&
                number_find(plan->text, "policies", 16, &policies);
    plan->policies = (uint32_t)policies;
    return good || error_set(error, ERROR_FORMAT, "%.150s: not the plan of a campaign", path);
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
    char path[PATH_BYTES];
    return path_make(folder, path, error) &&
           output_write(path, plan->text, strlen(plan->text), error);
}

void campaign_plan_finish(struct campaign_plan *plan)
{
    free(plan->text);
    *plan = (struct campaign_plan){.text = NULL};
}
