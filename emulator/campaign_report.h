/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_report.h - what a campaign leaves for people and their tools: result.json, junit.xml and
 * report.html.
 *
 * Called by campaign.c. campaign_report.c gathers, campaign_page.c and campaign_picture.c write the
 * page, campaign_junit.c the XML.
 *
 * Invariants
 *  1. The files are functions of the plan, the parts and the command line: equal for any number of
 *     jobs, any sharding and order. Nothing in them is of the host or of the clock.
 *  2. What others wrote (names, what a guest printed) is escaped wherever it is shown.
 */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_REPORT_H
#define LATCHKEY_EMULATOR_CAMPAIGN_REPORT_H

#include "devices/disk_fault.h"
#include "emulator/base/bytes.h"
#include "emulator/campaign_numbers.h"
#include "emulator/campaign_result.h"

#define CAMPAIGN_NO_FAILURE SIZE_MAX

/* The rows of an event: a policy each, and one for all cuts with a fault besides. */
#define CAMPAIGN_ROW_FAULT CAMPAIGN_POLICY_COUNT
#define CAMPAIGN_ROWS (CAMPAIGN_POLICY_COUNT + 1)

struct campaign_cell {
    uint64_t passed, failed;
    size_t failure; /* in the list of the summary: the first; CAMPAIGN_NO_FAILURE: none there */
};

/* An event of the run, and all cases that begin with a cut there, by the row of that cut. */
struct campaign_point {
    uint64_t instructions, promised;
    uint64_t sector, count; /* what was written; of a settling, the last */
    uint64_t doubt;         /* sectors in caches after it */
    uint8_t phase, disk;
    bool settles;
    struct campaign_cell cells[CAMPAIGN_ROWS];
};

enum campaign_mark_kind { CAMPAIGN_MARK_PHASE, CAMPAIGN_MARK_RESTARTED, CAMPAIGN_MARK_COMMITTED };

struct campaign_mark {
    enum campaign_mark_kind kind;
    uint64_t instructions;
    uint64_t argument; /* the phase from here on, or the generation */
};

/* What a policy or a kind of fault left; of cuts of the restart, what theirs did. */
struct campaign_left {
    uint64_t cases, failed;
    uint64_t refused;                   /* passed, for what was wrong was said to be so */
    uint64_t nested;                    /* cuts of a restart */
    uint64_t announced, newer, older;   /* of the others: which generation, against the newest that
                                           was announced */
    uint64_t media, recoveries, states; /* that differ */
    struct campaign_numbers media_list, recovery_list, state_list;
    struct campaign_numbers restarts; /* nanoseconds, sorted */
};

struct campaign_report {
    const struct campaign_plan *plan;
    const struct campaign_summary *summary;
    struct campaign_point *points;
    size_t point_count, point_capacity;
    struct campaign_mark *marks;
    size_t mark_count, mark_capacity;
    struct campaign_left left[CAMPAIGN_POLICY_COUNT]; /* without a fault */
    struct campaign_left faults[DISK_FAULT_KINDS];
    struct campaign_numbers restarts;
};

/* campaign_report_make - gather; campaign_report_finish frees it. plan and summary must outlive it.
 *
 * Errors   ERROR_FORMAT the plan is none, or a unit has gone.
 */
MUST_CHECK bool campaign_report_make(struct campaign_report *report,
                                     const struct campaign_parts *parts,
                                     const struct campaign_summary *summary, struct error *error);
void campaign_report_finish(struct campaign_report *report);

/* campaign_junit, campaign_page - the text of junit.xml and report.html. */
void campaign_junit(const struct campaign_report *report, struct byte_writer *xml);
void campaign_page(const struct campaign_report *report, struct byte_writer *page);
/* campaign_timeline, campaign_histogram - pictures of the page. */
void campaign_timeline(const struct campaign_report *report, struct byte_writer *page);
void campaign_histogram(const struct campaign_report *report, struct byte_writer *page);

#define CAMPAIGN_COUNT_BYTES 32u
/* campaign_count_text - 1,234,567. campaign_phase_text - "none" outside of all.
 * campaign_row_text - of an event. campaign_row_shown - was it asked for? */
const char *campaign_count_text(uint64_t count, char text[CAMPAIGN_COUNT_BYTES]);
const char *campaign_phase_text(unsigned phase);
const char *campaign_row_text(unsigned row);
bool campaign_row_shown(const struct campaign_report *report, unsigned row);

/* campaign_report_write - all files, into the folder.
 *
 * Errors   as campaign_report_make; ERROR_IO a file cannot be written.
 */
MUST_CHECK bool campaign_report_write(const struct campaign_parts *parts,
                                      const struct campaign_summary *summary, const char *folder,
                                      struct error *error);

#endif
