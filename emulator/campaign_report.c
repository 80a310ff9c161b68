/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_report.c - gathers what the reports show from the plan and the parts. Invariants:
 * campaign_report.h. */
#include "emulator/campaign_report.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/json.h"
#include "emulator/base/memory.h"
#include "emulator/base/output_file.h"
#include "emulator/machine.h"

#define PLAN_LINE_BYTES 512u
#define INSTRUCTIONS_MAX (1ull << 62) /* an axis ends a tick later */

const char *campaign_count_text(uint64_t count, char text[CAMPAIGN_COUNT_BYTES])
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);
    char *to = text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return text;
}

const char *campaign_phase_text(unsigned phase)
{
    const char *name = phase ? machine_phase_name(phase) : NULL;
    return name ? name : "none";
}

const char *campaign_row_text(unsigned row)
{
    return row == CAMPAIGN_ROW_FAULT ? "and a fault"
                                     : campaign_policy_name((enum campaign_policy)row);
}

bool campaign_row_shown(const struct campaign_report *report, unsigned row)
{
    uint64_t cases = 0;
    for (unsigned kind = 0; kind < DISK_FAULT_KINDS; kind++)
        cases += report->faults[kind].cases;
    return row == CAMPAIGN_ROW_FAULT ? cases > 0 : report->summary->policies >> row & 1;
}

/* --- the plan --- */

static bool event_read(struct campaign_report *report, const char *line)
{
    struct campaign_point point = {0};
    unsigned phase, disk;
    char kind[8];
    if (sscanf(line,
               "event-%*u %" SCNu64 " phase %u disk %u %7s promised %" SCNu64
               " state %*u sector %" SCNu64 " count %" SCNu64 " doubt %" SCNu64,
               &point.instructions, &phase, &disk, kind, &point.promised, &point.sector,
               &point.count, &point.doubt) != 8 ||
        phase >= TRACE_PHASE_COUNT || disk >= BOARD_DISK_COUNT_MAX)
        return false;
    point.phase = (uint8_t)phase;
    point.disk = (uint8_t)disk;
    point.settles = strcmp(kind, "settle") == 0;
    for (unsigned i = 0; i < CAMPAIGN_ROWS; i++)
        point.cells[i].failure = CAMPAIGN_NO_FAILURE;
    report->points = memory_grow(report->points, report->point_count, &report->point_capacity,
                                 sizeof(*report->points));
    report->points[report->point_count++] = point;
    return true;
}

static bool mark_read(struct campaign_report *report, const char *line)
{
    static const char *const kinds[] = {"phase", "restarted", "committed"};
    struct campaign_mark mark;
    char kind[12];
    unsigned number = 0;
    if (sscanf(line, "mark-%*u %" SCNu64 " %11s %" SCNu64, &mark.instructions, kind,
               &mark.argument) != 3)
        return false;
    while (number < 3 && strcmp(kinds[number], kind) != 0)
        number++;
    mark.kind = (enum campaign_mark_kind)number;
    if (number == 3 || (mark.kind == CAMPAIGN_MARK_PHASE && mark.argument >= TRACE_PHASE_COUNT))
        return false;
    report->marks = memory_grow(report->marks, report->mark_count, &report->mark_capacity,
                                sizeof(*report->marks));
    report->marks[report->mark_count++] = mark;
    return true;
}

static bool plan_gather(struct campaign_report *report, struct error *error)
{
    bool good = true;
    for (const char *at = report->plan->text; at && good; at = strchr(at, '\n')) {
        char line[PLAN_LINE_BYTES]; /* sscanf() looks for the end of all that it is given */
        at += *at == '\n';
        (void)snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
        if (strncmp(line, "event-", 6) == 0)
            good = event_read(report, line);
        else if (strncmp(line, "mark-", 5) == 0)
            good = mark_read(report, line);
    }
    good = good && report->point_count == report->plan->events && report->point_count > 0 &&
           report->plan->instructions <= INSTRUCTIONS_MAX;
    return good || error_set(error, ERROR_FORMAT, "campaign: the plan's events are not whole");
}

/* --- the parts --- */

static void generation_count(struct campaign_left *left, uint64_t generation, uint64_t promised)
{
    left->announced += generation == promised;
    left->newer += generation > promised;
    left->older += generation < promised;
}

static unsigned row_of(const struct campaign_case *cut)
{
    return cut->fault ? CAMPAIGN_ROW_FAULT : cut->policy;
}

static void case_take(void *context, const char *name, const struct campaign_result *result)
{
    struct campaign_report *report = context;
    char first[CAMPAIGN_NAME_BYTES];
    const char *last = strrchr(name, CAMPAIGN_PATH_SEPARATOR);
    struct campaign_case cut, which;
    struct error ignored;
    int length = (int)strcspn(name, "/");
    bool passed = result->outcome == OUTCOME_PASSED;
    assert(CAMPAIGN_PATH_SEPARATOR == '/');
    (void)snprintf(first, sizeof(first), "%.*s", length, name);
    if (!campaign_case_parse(first, &cut, &ignored) ||
        !campaign_case_parse(last ? last + 1 : name, &which, &ignored) ||
        cut.event >= report->point_count)
        return; /* of a part that somebody made up */
    struct campaign_point *point = &report->points[cut.event];
    point->cells[row_of(&cut)].passed += passed;
    point->cells[row_of(&cut)].failed += !passed;
    struct campaign_left *left = which.fault ? &report->faults[which.fault - 1]
                                             : &report->left[which.policy];
    left->cases++;
    left->failed += !passed;
    left->refused += passed && result->text[0] != '\0';
    left->nested += last != NULL;
    if (!last && result->generation > 0)
        generation_count(left, result->generation, point->promised);
    campaign_numbers_add(&left->media_list, result->media);
    campaign_numbers_add(&left->recovery_list, result->recovery);
    campaign_numbers_add(&left->state_list, result->digest.low);
    if (result->restart_ns) {
        campaign_numbers_add(&left->restarts, result->restart_ns);
        campaign_numbers_add(&report->restarts, result->restart_ns);
    }
}

static void left_close(struct campaign_left *left)
{
    left->media = campaign_numbers_distinct(&left->media_list);
    left->recoveries = campaign_numbers_distinct(&left->recovery_list);
    left->states = campaign_numbers_distinct(&left->state_list);
    (void)campaign_numbers_distinct(&left->restarts);
    campaign_numbers_finish(&left->media_list);
    campaign_numbers_finish(&left->recovery_list);
    campaign_numbers_finish(&left->state_list);
}

/* Each cell names the first failure that is known by name. */
static void failures_place(struct campaign_report *report)
{
    for (size_t i = report->summary->listed; i-- > 0;) {
        char first[CAMPAIGN_NAME_BYTES];
        struct campaign_case cut;
        struct error ignored;
        const char *name = report->summary->list[i].name;
        (void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(name, "/"), name);
        if (campaign_case_parse(first, &cut, &ignored) && cut.event < report->point_count)
            report->points[cut.event].cells[row_of(&cut)].failure = i;
    }
}

bool campaign_report_make(struct campaign_report *report, const struct campaign_parts *parts,
                          const struct campaign_summary *summary, struct error *error)
{
    *report = (struct campaign_report){.plan = parts->plan, .summary = summary};
    if (!plan_gather(report, error))
        return false;
    for (uint64_t unit = 0; unit < parts->plan->units; unit++)
        if (campaign_parts_have(parts, unit) &&
            !campaign_parts_take(parts, unit, report, case_take))
            return error_set(error, ERROR_FORMAT, "campaign: unit %" PRIu64 " has gone", unit);
    for (unsigned i = 0; i < CAMPAIGN_POLICY_COUNT; i++)
        left_close(&report->left[i]);
    for (unsigned i = 0; i < DISK_FAULT_KINDS; i++)
        left_close(&report->faults[i]);
    (void)campaign_numbers_distinct(&report->restarts);
    failures_place(report);
    return true;
}

void campaign_report_finish(struct campaign_report *report)
{
    free(report->points);
    free(report->marks);
    for (unsigned i = 0; i < CAMPAIGN_POLICY_COUNT; i++)
        campaign_numbers_finish(&report->left[i].restarts);
    for (unsigned i = 0; i < DISK_FAULT_KINDS; i++)
        campaign_numbers_finish(&report->faults[i].restarts);
    campaign_numbers_finish(&report->restarts);
    *report = (struct campaign_report){.plan = NULL};
}

/* --- the files --- */

static bool text_write(const struct campaign_report *report, const char *folder, const char *name,
                       void (*make)(const struct campaign_report *report,
                                    struct byte_writer *text),
                       struct error *error)
{
    char path[CAMPAIGN_FILE_BYTES];
    struct byte_writer text = {0};
    make(report, &text);
    bool good = campaign_file_path(folder, name, path, error) &&
                output_write(path, text.data, text.size_bytes, error);
    writer_finish(&text);
    return good;
}

bool campaign_report_write(const struct campaign_parts *parts,
                           const struct campaign_summary *summary, const char *folder,
                           struct error *error)
{
    struct campaign_report report;
    char path[CAMPAIGN_FILE_BYTES];
    bool good = campaign_report_make(&report, parts, summary, error) &&
                text_write(&report, folder, "junit.xml", campaign_junit, error) &&
                text_write(&report, folder, "report.html", campaign_page, error) &&
                campaign_file_path(folder, "result.json", path, error) &&
                json_write(campaign_summary_json(summary), path, error);
    campaign_report_finish(&report);
    return good;
}
