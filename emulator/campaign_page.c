/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_page.c - report.html: one file, no script, nothing loaded from elsewhere. Contract:
 * campaign_report.h. What went wrong comes first, then what was covered, then what was seen.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/text.h"
#include "emulator/campaign_report.h"
#include "emulator/campaign_smallest.h"

#define BUCKETS_SHOWN 50u
#define BUCKETS_OPEN 3u /* so that the timeline is seen as well */

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1d2430;--dim:#657083;--paper:#fff;--wash:#f3f5f8;"
    "--rule:#dde2ea;--good:#2c7a52;--bad:#c4261d;--stuck:#b36b00}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#dfe5ee;--dim:#8d99ab;--paper:#14181f;"
    "--wash:#1d232d;--rule:#323b49;--good:#4bb27e;--bad:#f0584e;--stuck:#e09a2b}}\n"
    "body{margin:0 auto;max-width:1336px;padding:18px 24px;background:var(--paper);"
    "color:var(--ink);font:14px/1.45 system-ui,'DejaVu Sans',sans-serif}\n"
    "h1{font-size:21px;margin:0}h2{font-size:15px;margin:22px 0 6px}\n"
    "p{margin:4px 0;max-width:1100px}small,.dim{color:var(--dim);font-size:12.5px}\n"
    "code,pre,td.n,.big{font-family:ui-monospace,'DejaVu Sans Mono',monospace}\n"
    "pre{background:var(--wash);border:1px solid var(--rule);border-radius:4px;padding:6px 9px;"
    "margin:4px 0;white-space:pre-wrap;overflow-wrap:anywhere;user-select:all;font-size:12.5px}\n"
    "header{display:flex;justify-content:space-between;align-items:center;gap:24px;"
    "border-left:8px solid var(--good);background:var(--wash);padding:10px 16px}\n"
    "header.lost{border-color:var(--bad)}header.stuck,header.part{border-color:var(--stuck)}\n"
    "header b{font-size:24px;color:var(--good)}header.lost b{color:var(--bad)}"
    "header.stuck b,header.part b{color:var(--stuck)}\n"
    ".flow{display:flex;gap:10px;margin:12px 0 6px}.flow div{flex:1;border:1px solid var(--rule);"
    "border-radius:4px;padding:7px 12px}.big{font-size:21px;display:block}\n"
    "table{border-collapse:collapse;font-size:13px}th{text-align:left;font-weight:600;"
    "color:var(--dim)}th,td{padding:3px 10px;border-bottom:1px solid var(--rule);"
    "vertical-align:top}td.n,th.n{text-align:right;white-space:nowrap}\n"
    "td.bad{background:var(--bad);color:#fff}td.none{color:var(--dim)}\n"
    ".two{display:flex;gap:28px;align-items:flex-start;flex-wrap:wrap}.wide{overflow-x:auto}\n"
    ".key span{display:inline-block;width:11px;height:11px;margin:0 5px 0 14px}\n"
    "svg{display:block}svg text{font:12px system-ui,'DejaVu Sans',sans-serif;fill:var(--ink)}\n"
    "svg text.tick{fill:var(--dim);font-size:11px}svg text.name{text-anchor:end}"
    "svg text.mid,svg text.in{text-anchor:middle}svg text.in{fill:#fff;font-size:11px}\n"
    ".good,.bar{fill:var(--good)}.bad{fill:var(--bad)}.mark{fill:var(--ink)}"
    ".doubt{fill:var(--dim);fill-opacity:.55}\n"
    ".axis,.line{stroke:var(--dim);fill:none}.grid{stroke:var(--rule)}"
    ".joint{stroke:var(--dim);stroke-opacity:.3;fill:none}.line{stroke-dasharray:4 3}\n"
    ".h0{fill:var(--rule);background:var(--rule)}.h1{fill:#7d8794;background:#7d8794}"
    ".h2{fill:#8456a5;background:#8456a5}.h3{fill:#3f7fbf;background:#3f7fbf}"
    ".h4{fill:#2a9d9a;background:#2a9d9a}.h5{fill:#6a8f2f;background:#6a8f2f}"
    ".h6{fill:#c2571a;background:#c2571a}.h7{fill:#b08a1e;background:#b08a1e}"
    ".h8{fill:#b24a86;background:#b24a86}\n";

static const char *const policy_about[CAMPAIGN_POLICY_COUNT] = {
    [CAMPAIGN_KEEP] = "all that the disk took is on the media",
    [CAMPAIGN_DROP] = "all that was only in the cache is gone",
    [CAMPAIGN_PREFIX] = "the first so many cached sectors, in order",
    [CAMPAIGN_SUBSET] = "any of the cached sectors, in any order",
    [CAMPAIGN_TORN] = "a prefix, and part of the next sector",
    [CAMPAIGN_GARBAGE] = "a prefix; the next sector is garbage or unreadable",
    [CAMPAIGN_MISREPORT] = "flushes did nothing: expected to lose"};

static void count_add(struct byte_writer *page, uint64_t count)
{
    char text[CAMPAIGN_COUNT_BYTES];
    text_add(page, "%s", campaign_count_text(count, text));
}

/* A line of the plan, "WORD VALUE". */
static void fact_add(const struct campaign_summary *summary, const char *word,
                     struct byte_writer *page)
{
    size_t length = strlen(word);
    for (const char *at = summary->facts; at; at = strchr(at, '\n')) {
        char value[512];
        at += *at == '\n';
        if (strncmp(at, word, length) != 0 || at[length] != ' ')
            continue;
        at += length + 1;
        (void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\n"), at);
        text_escape(page, value);
        return;
    }
}

/* --- the verdict --- */

static void verdict_add(const struct campaign_summary *summary, struct byte_writer *page)
{
    bool lost = summary->safety + summary->unjudged > 0, stuck = summary->liveness > 0;
    text_add(page, "<header class=\"%s\"><div><b>",
             lost ? "lost" : stuck ? "stuck" : summary->units_missing ? "part" : "kept");
    if (lost || stuck) {
        count_add(page, lost ? summary->safety + summary->unjudged : summary->liveness);
        text_add(page, " of ");
        count_add(page, summary->cases);
        text_add(page, lost ? " cases lost something" : " cases do not go on");
    } else {
        text_add(page, summary->units_missing ? "Nothing lost so far" : "Nothing lost");
    }
    text_add(page, "</b><br><span class=\"dim\">power-fail campaign, workload ");
    fact_add(summary, "workload", page);
    text_add(page, ", checkpoints ");
    fact_add(summary, "checkpoints", page);
    text_add(page, "</span></div><div class=\"dim\">");
    static const struct {
        const char *name, *word;
    } facts[] = {{"image", "image-0"}, {"kernel", "kernel"}};
    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        text_add(page, "%s <code>", facts[i].name);
        fact_add(summary, facts[i].word, page);
        text_add(page, "</code><br>");
    }
    char digest[33];
    digest_text(summary->digest, digest);
    text_add(page, "verdicts <code>%s</code></div></header>\n", digest);
}

static void tile_add(struct byte_writer *page, uint64_t count, const char *name, const char *about)
{
    text_add(page, "<div><span class=\"big\">");
    count_add(page, count);
    text_add(page, "</span>%s<br><small>%s</small></div>\n", name, about);
}

static void certificate_add(const struct campaign_summary *summary, struct byte_writer *page)
{
    text_add(page, "<div class=\"flow\">\n");
    bool whole = campaign_summary_whole(summary);
    tile_add(page, summary->instructions, whole ? "instructions covered" : "instructions",
             whole ? "each one, for between two events all leave the same"
                   : "of the run; not each one is covered");
    tile_add(page, summary->events, "events", "changes of what a cut would leave");
    tile_add(page, summary->cases, "cases", "an event, and what a disk may then keep");
    tile_add(page, summary->distinct, "different media", "byte by byte");
    tile_add(page, summary->recoveries, "different restarts", "by all that the restart read");
    tile_add(page, summary->states, "states that were left", "by digest of the whole store");
    text_add(page, "</div>\n<p class=\"dim\">");
    if (summary->units_missing) {
        count_add(page, summary->units_missing);
        text_add(page, " of ");
        count_add(page, summary->units);
        text_add(page, " units are of other shards: see latchkey campaign merge. ");
    }
    if (summary->sample)
        text_add(page, "Only a sample of %" PRIu64 " cases was judged. ", summary->sample);
    if (!whole && !summary->sample)
        text_add(page, "Only the phases that were asked for were cut. ");
    if (summary->policies >> CAMPAIGN_SUBSET & 1)
        text_add(page,
                 "Subset: every one of up to %" PRIu64 " cached writes; of more, each lost alone "
                 "and kept alone, and %" PRIu64 " drawn an event. ",
                 summary->subsets, summary->draws);
    if ((summary->policies >> CAMPAIGN_SUBSET & 1) && summary->reads)
        text_add(page,
                 "And every subset of the writes that a restart reads, but at %" PRIu64
                 " events, where these are too many. ",
                 summary->incomplete);
    text_add(page, "</p>\n");
}

/* --- what failed --- */

/* The same words, whatever the numbers between them. */
static bool same_words(const char *left, const char *right)
{
    static const char digits[] = "0123456789";
    for (;; left++, right++) {
        left += strspn(left, digits);
        right += strspn(right, digits);
        if (*left != *right || *left == '\0')
            return *left == *right;
    }
}

static bool same_bucket(const struct campaign_failure *left, const struct campaign_failure *right)
{
    return left->result.outcome == right->result.outcome &&
           left->result.phase == right->result.phase &&
           same_words(left->result.text, right->result.text);
}

/* How many are like this one; 0: an earlier one is. */
static size_t bucket_count(const struct campaign_summary *summary, size_t index)
{
    size_t count = 0;
    for (size_t i = 0; i < summary->listed; i++) {
        bool same = same_bucket(&summary->list[i], &summary->list[index]);
        if (same && i < index)
            return 0;
        count += same;
    }
    return count;
}

static void bucket_add(const struct campaign_summary *summary, size_t index, size_t count,
                       struct byte_writer *page)
{
    const struct campaign_failure *failure = &summary->list[index];
    text_add(page, "<tr><td class=\"n\">%zu</td><td><b>%s</b></td><td>%s</td><td class=\"n\">",
             count, campaign_outcome_name(failure->result.outcome),
             campaign_phase_text(failure->result.phase));
    count_add(page, failure->result.instructions);
    text_add(page, "</td><td>");
    text_escape(page, failure->result.text);
    text_add(page, "<pre>");
    text_escape(page, summary->command ? summary->command : "latchkey campaign");
    text_add(page, " --case ");
    text_escape(page, failure->name);
    text_add(page, "</pre></td></tr>\n");
}

static const char bucket_head[] = "<table><tr><th class=\"n\">cases<th>outcome<th>phase"
                                  "<th class=\"n\">instruction<th>why, and the first case again"
                                  "</tr>\n";

static void failures_add(const struct campaign_summary *summary, struct byte_writer *page)
{
    size_t shown = 0;
    if (summary->failures == 0)
        return;
    if (summary->smallest) {
        char *command = campaign_smallest_command(summary);
        text_add(page, "<h2>The smallest failure</h2>\n<p>");
        text_escape(page, summary->smallest);
        text_add(page, "</p>\n<pre>");
        text_escape(page, command);
        text_add(page, "</pre>\n");
        free(command);
    }
    text_add(page, "<h2 id=\"failures\">What failed, by what was seen</h2>\n%s", bucket_head);
    for (size_t i = 0; i < summary->listed && shown < BUCKETS_SHOWN; i++) {
        size_t count = bucket_count(summary, i);
        if (count == 0)
            continue;
        if (shown++ == BUCKETS_OPEN)
            text_add(page, "</table>\n<details><summary>more kinds</summary>%s", bucket_head);
        bucket_add(summary, i, count, page);
    }
    text_add(page, "</table>\n%s", shown > BUCKETS_OPEN ? "</details>\n" : "");
    if (summary->failures > summary->listed)
        text_add(page,
                 "<p class=\"dim\">Counted are the first %zu failures of %" PRIu64 ".</p>\n",
                 summary->listed, summary->failures);
    if (shown == BUCKETS_SHOWN)
        text_add(page, "<p class=\"dim\">More kinds are in result.json.</p>\n");
}

/* --- what was covered --- */

static void timeline_add(const struct campaign_report *report, struct byte_writer *page)
{
    text_add(page, "<h2>Every cut and its outcome</h2>\n<p class=\"dim key\">");
    for (unsigned phase = 1; phase < TRACE_PHASE_COUNT; phase++)
        text_add(page, "<span class=\"h%u\"></span>%s", phase, campaign_phase_text(phase));
    text_add(page, "<span style=\"background:var(--good)\"></span>all passed (stronger: more cases)"
                   "<span style=\"background:var(--bad)\"></span>some failed</p>\n"
                   "<div class=\"wide\">\n");
    campaign_timeline(report, page);
    text_add(page, "</div>\n");
}

static void cell_add(const struct campaign_summary *summary, unsigned phase, unsigned policy,
                     struct byte_writer *page)
{
    uint64_t passed = summary->passed[phase][policy], failed = summary->failed[phase][policy];
    if (passed + failed == 0) {
        text_add(page, "<td class=\"n none\">&middot;</td>");
        return;
    }
    text_add(page, "<td class=\"n%s\">", failed ? " bad" : "");
    if (failed) {
        count_add(page, failed);
        text_add(page, " of ");
    }
    count_add(page, passed + failed);
    text_add(page, "</td>");
}

static void coverage_add(const struct campaign_summary *summary, struct byte_writer *page)
{
    text_add(page, "<div><h2>Cases by phase and policy</h2>\n<table><tr><th>phase");
    for (unsigned policy = 0; policy < CAMPAIGN_POLICY_COUNT; policy++)
        if (summary->policies >> policy & 1)
            text_add(page, "<th class=\"n\">%s", campaign_policy_name(policy));
    text_add(page, "</tr>\n");
    for (unsigned phase = 0; phase < TRACE_PHASE_COUNT; phase++) {
        text_add(page, "<tr><td>%s</td>", campaign_phase_text(phase));
        for (unsigned policy = 0; policy < CAMPAIGN_POLICY_COUNT; policy++)
            if (summary->policies >> policy & 1)
                cell_add(summary, phase, policy, page);
        text_add(page, "</tr>\n");
    }
    text_add(page, "</table>\n<p class=\"dim\">&middot; not cut%s.</p></div>\n",
             !campaign_summary_whole(summary)
                 ? ""
                 : ": no write enters or leaves a cache there, so nothing differs");
}

/* --- what was left --- */

static void number_cell(uint64_t number, bool bad, struct byte_writer *page)
{
    text_add(page, "<td class=\"n%s\">", bad && number > 0 ? " bad" : "");
    count_add(page, number);
    text_add(page, "</td>");
}

/* A name, what it means, and the numbers that all rows have. */
static void left_begin(const struct campaign_left *left, const char *name, const char *about,
                       struct byte_writer *page)
{
    text_add(page, "<tr><td><b>%s</b><br><small>%s</small></td>", name, about);
    number_cell(left->cases, false, page);
    number_cell(left->media, false, page);
    number_cell(left->recoveries, false, page);
    number_cell(left->states, false, page);
}

static void left_end(const struct campaign_left *left, struct byte_writer *page)
{
    number_cell(left->failed, true, page);
    if (left->restarts.count > 0)
        text_add(page, "<td class=\"n\">%.2f ms</td><td class=\"n\">%.2f ms</td></tr>\n",
                 (double)left->restarts.list[left->restarts.count / 2] / 1e6,
                 (double)left->restarts.list[left->restarts.count - 1] / 1e6);
    else
        text_add(page, "<td class=\"n none\">&middot;</td><td class=\"n none\">&middot;</td>"
                       "</tr>\n");
}

static const char left_first[] = "<th class=\"n\">cases<th class=\"n\">different media"
                                 "<th class=\"n\">different restarts<th class=\"n\">states";
static const char left_last[] = "<th class=\"n\">failed<th class=\"n\">restart,<br>median"
                                "<th class=\"n\">longest</tr>\n";

static void left_add(const struct campaign_report *report, struct byte_writer *page)
{
    text_add(page, "<h2>What each policy left</h2>\n<table><tr><th>policy%s"
                   "<th class=\"n\">newest generation<br>that was announced"
                   "<th class=\"n\">a newer one<th class=\"n\">an older one"
                   "<th class=\"n\">cuts of<br>restarts%s",
             left_first, left_last);
    for (unsigned policy = 0; policy < CAMPAIGN_POLICY_COUNT; policy++) {
        const struct campaign_left *left = &report->left[policy];
        if (left->cases == 0)
            continue;
        left_begin(left, campaign_policy_name(policy), policy_about[policy], page);
        number_cell(left->announced, false, page);
        number_cell(left->newer, false, page);
        number_cell(left->older, true, page);
        number_cell(left->nested, false, page);
        left_end(left, page);
    }
    text_add(page, "</table>\n");
}

/* Cuts that keep or drop all, and besides a disk that is not as it should be. */
static void faults_add(const struct campaign_report *report, struct byte_writer *page)
{
    static const char *const about[DISK_FAULT_KINDS] = {
        [DISK_FAULT_UNREADABLE] = "a sector cannot be read",
        [DISK_FAULT_FLIP] = "a bit of a sector flipped",
        [DISK_FAULT_LOST] = "the last write of a block was said to be done, and was not",
        [DISK_FAULT_MISDIRECTED] = "it went to a neighbour",
        [DISK_FAULT_DEAD] = "a disk answers no more"};
    if (!campaign_row_shown(report, CAMPAIGN_ROW_FAULT))
        return;
    text_add(page, "<h2>What each fault led to</h2>\n<table><tr><th>fault%s"
                   "<th class=\"n\">right<th class=\"n\">refused,<br>with a reason%s",
             left_first, left_last);
    for (unsigned kind = 0; kind < DISK_FAULT_KINDS; kind++) {
        const struct campaign_left *left = &report->faults[kind];
        if (left->cases == 0)
            continue;
        left_begin(left, disk_fault_name(kind), about[kind], page);
        number_cell(left->cases - left->failed - left->refused, false, page);
        number_cell(left->refused, false, page);
        left_end(left, page);
    }
    text_add(page, "</table>\n");
}

static void repeat_add(const struct campaign_summary *summary, struct byte_writer *page)
{
    text_add(page, "<h2>Any case again</h2>\n<p>A case is named by its event and what was kept; it "
                   "ends at the same instruction in the same way, on any host. With --media FILE "
                   "what it leaves is an image, for latchkey disk and latchkey run:</p>\n<pre>");
    text_escape(page, summary->command ? summary->command : "latchkey campaign");
    text_add(page,
             " --case event=%" PRIu64 ",policy=drop</pre>\n<details><summary class=\"dim\">"
             "What this is the result of</summary><pre>",
             summary->events - 1);
    text_escape(page, summary->facts);
    text_add(page, "</pre></details>\n");
}

void campaign_page(const struct campaign_report *report, struct byte_writer *page)
{
    const struct campaign_summary *summary = report->summary;
    text_add(page,
             "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
             "<meta name=\"viewport\" content=\"width=device-width\">\n"
             "<title>%s: power-fail campaign</title>\n<style>\n%s</style></head>\n<body>\n",
             summary->failures ? "failures" : "nothing lost", style);
    verdict_add(summary, page);
    certificate_add(summary, page);
    failures_add(summary, page);
    timeline_add(report, page);
    text_add(page, "<div class=\"two\">\n");
    coverage_add(summary, page);
    text_add(page, "<div><h2>How long restarts took, of the machine's time</h2>\n");
    campaign_histogram(report, page);
    text_add(page, "</div></div>\n");
    left_add(report, page);
    faults_add(report, page);
    repeat_add(summary, page);
    text_add(page, "</body></html>\n");
}
