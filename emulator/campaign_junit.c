/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_junit.c - a campaign as a JUnit report, as continuous integration reads it: a suite a
 * phase, a test an event and policy, or event and fault. Contract: campaign_report.h.
 *
 * The format is the common part of what Jenkins and GitLab read: testsuites, testsuite, testcase,
 * failure. There is no time in it: a report must not differ with the host.
 */
#include <inttypes.h>

#include "emulator/base/text.h"
#include "emulator/campaign_report.h"

struct tests {
    uint64_t tests, failures;
};

static struct tests phase_tests(const struct campaign_report *report, unsigned phase)
{
    struct tests tests = {0};
    for (size_t i = 0; i < report->point_count; i++)
        for (unsigned row = 0; row < CAMPAIGN_ROWS; row++) {
            const struct campaign_cell *cell = &report->points[i].cells[row];
            if (report->points[i].phase != phase || cell->passed + cell->failed == 0)
                continue;
            tests.tests++;
            tests.failures += cell->failed > 0;
        }
    return tests;
}

static void failure_add(const struct campaign_report *report, const struct campaign_cell *cell,
                        struct byte_writer *xml)
{
    const struct campaign_summary *summary = report->summary;
    const struct campaign_failure *failure =
        cell->failure == CAMPAIGN_NO_FAILURE ? NULL : &summary->list[cell->failure];
    text_add(xml, "      <failure type=\"%s\" message=\"",
             failure ? campaign_outcome_name(failure->result.outcome) : "failed");
    text_add(xml, "%" PRIu64 " of %" PRIu64 " cases failed", cell->failed,
             cell->passed + cell->failed);
    if (failure) {
        text_add(xml, "; the first: ");
        text_escape(xml, failure->result.text);
    }
    text_add(xml, "\">");
    if (failure) {
        text_escape(xml, summary->command ? summary->command : "latchkey campaign");
        text_add(xml, " --case ");
        text_escape(xml, failure->name);
    }
    text_add(xml, "</failure>\n");
}

static void point_add(const struct campaign_report *report, size_t index, struct byte_writer *xml)
{
    const struct campaign_point *point = &report->points[index];
    for (unsigned row = 0; row < CAMPAIGN_ROWS; row++) {
        const struct campaign_cell *cell = &point->cells[row];
        if (cell->passed + cell->failed == 0)
            continue;
        text_add(xml,
                 "    <testcase classname=\"campaign.%s\" name=\"event %zu, instruction %" PRIu64
                 ", %s: %" PRIu64 " cases\"",
                 campaign_phase_text(point->phase), index, point->instructions,
                 campaign_row_text(row), cell->passed + cell->failed);
        if (cell->failed == 0) {
            text_add(xml, "/>\n");
            continue;
        }
        text_add(xml, ">\n");
        failure_add(report, cell, xml);
        text_add(xml, "    </testcase>\n");
    }
}

void campaign_junit(const struct campaign_report *report, struct byte_writer *xml)
{
    struct tests all = {0};
    for (unsigned phase = 0; phase < TRACE_PHASE_COUNT; phase++) {
        struct tests tests = phase_tests(report, phase);
        all.tests += tests.tests;
        all.failures += tests.failures;
    }
    text_add(xml,
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
             "<testsuites name=\"latchkey campaign\" tests=\"%" PRIu64 "\" failures=\"%" PRIu64
             "\" errors=\"0\">\n",
             all.tests, all.failures);
    for (unsigned phase = 0; phase < TRACE_PHASE_COUNT; phase++) {
        struct tests tests = phase_tests(report, phase);
        if (tests.tests == 0)
            continue;
        text_add(xml,
                 "  <testsuite name=\"%s\" tests=\"%" PRIu64 "\" failures=\"%" PRIu64
                 "\" errors=\"0\" skipped=\"0\">\n",
                 campaign_phase_text(phase), tests.tests, tests.failures);
        for (size_t i = 0; i < report->point_count; i++)
            if (report->points[i].phase == phase)
                point_add(report, i, xml);
        text_add(xml, "  </testsuite>\n");
    }
    text_add(xml, "</testsuites>\n");
}
