/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_picture.c - the pictures of a campaign's page, as SVG inside it: the timeline and the
 * histogram of restarts. Contract: campaign_report.h. Colours are the page's (campaign_page.c).
 *
 * The timeline has two scales, since nearly all that a disk does happens in a small part of a run:
 * above, the phases over instructions; below, a column an event. Lines join them.
 */
#include <assert.h>
#include <inttypes.h>
#include <math.h>

#include "emulator/base/memory.h"
#include "emulator/base/text.h"
#include "emulator/campaign_report.h"

/* Lengths are in pixels of the picture. */
#define LEFT 92.0  /* of names */
#define PLOT 1216.0
#define COLUMN_MIN 1.5
#define COLUMNS_MAX 4000u /* more events share columns */
#define JOINED_MAX 400u   /* events; of more, only where a phase begins */
#define STRIP_TOP 20.0
#define STRIP_HEIGHT 22.0
#define COLUMNS_TOP 92.0
#define HEAD_HEIGHT 10.0
#define ROW_HEIGHT 24.0
#define DOUBT_HEIGHT 44.0
#define LABEL_WIDTH 7.0 /* of a letter, generously */

struct timeline {
    const struct campaign_report *report;
    struct byte_writer *page;
    double plot, column; /* widths */
    size_t group, columns; /* events in a column; columns */
    double cells_top, doubt_top, bottom;
};

static double time_x(const struct timeline *timeline, uint64_t instructions)
{
    uint64_t all = timeline->report->plan->instructions;
    if (all == 0 || instructions > all)
        return LEFT + timeline->plot;
    return LEFT + timeline->plot * (double)instructions / (double)all;
}

static double column_x(const struct timeline *timeline, size_t column)
{
    return LEFT + timeline->column * (double)column;
}

/* --- the strip of phases --- */

static void phase_band(const struct timeline *timeline, uint64_t phase, uint64_t from, uint64_t to)
{
    double left = time_x(timeline, from), right = time_x(timeline, to);
    const char *name = campaign_phase_text((unsigned)phase);
    text_add(timeline->page,
             "<rect class=\"h%" PRIu64 "\" x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" height=\"%.0f\">"
             "<title>%s: instructions %" PRIu64 " to %" PRIu64 "</title></rect>\n",
             phase, left, STRIP_TOP, right - left, STRIP_HEIGHT, name, from, to);
    if (phase > 0 && right - left > LABEL_WIDTH * 12)
        text_add(timeline->page, "<text class=\"in\" x=\"%.1f\" y=\"%.0f\">%s</text>\n",
                 (left + right) / 2, STRIP_TOP + 15, name);
}

static void strip_draw(const struct timeline *timeline)
{
    const struct campaign_report *report = timeline->report;
    uint64_t phase = 0, from = 0, all = report->plan->instructions;
    double free_x = 0; /* labels end there */
    text_add(timeline->page, "<text class=\"name\" x=\"%.0f\" y=\"%.0f\">run</text>\n",
             LEFT - 8, STRIP_TOP + 15);
    for (size_t i = 0; i < report->mark_count; i++) {
        const struct campaign_mark *mark = &report->marks[i];
        if (mark->kind == CAMPAIGN_MARK_PHASE) {
            phase_band(timeline, phase, from, mark->instructions);
            phase = mark->argument;
            from = mark->instructions;
        }
    }
    phase_band(timeline, phase, from, all);
    for (size_t i = 0; i < report->mark_count; i++) {
        const struct campaign_mark *mark = &report->marks[i];
        double x = time_x(timeline, mark->instructions);
        if (mark->kind == CAMPAIGN_MARK_PHASE)
            continue;
        text_add(timeline->page,
                 "<path class=\"mark\" d=\"M%.1f %.0fl-4 -7h8z\"><title>generation %" PRIu64
                 " %s at instruction %" PRIu64 "</title></path>\n",
                 x, STRIP_TOP, mark->argument,
                 mark->kind == CAMPAIGN_MARK_COMMITTED ? "committed" : "restarted",
                 mark->instructions);
        if (x < free_x)
            continue;
        text_add(timeline->page,
                 "<text class=\"tick\" x=\"%.1f\" y=\"%.0f\">g%" PRIu64 " %s</text>\n", x + 7,
                 STRIP_TOP - 6, mark->argument,
                 mark->kind == CAMPAIGN_MARK_COMMITTED ? "committed" : "restarted");
        free_x = x + LABEL_WIDTH * 17;
    }
}

/* A round number of instructions between ticks, so that there are 5 to 12 of them. */
static uint64_t tick_step(uint64_t all)
{
    uint64_t step = 1;
    while (all / step > 12)
        step *= all / step > 60 ? 10 : all / step > 24 ? 5 : 2;
    return step;
}

static void ticks_draw(const struct timeline *timeline)
{
    uint64_t all = timeline->report->plan->instructions, step = tick_step(all);
    for (uint64_t at = 0; at <= all; at += step) {
        double x = time_x(timeline, at);
        text_add(timeline->page,
                 "<path class=\"axis\" d=\"M%.1f %.0fv4\"/><text class=\"tick mid\" x=\"%.1f\" "
                 "y=\"%.0f\">%g%s</text>\n",
                 x, STRIP_TOP + STRIP_HEIGHT, x, STRIP_TOP + STRIP_HEIGHT + 14,
                 step >= 100000 ? (double)at / 1e6 : (double)at, step >= 100000 ? " M" : "");
    }
}

static void joints_draw(const struct timeline *timeline)
{
    const struct campaign_report *report = timeline->report;
    text_add(timeline->page, "<path class=\"joint\" d=\"");
    for (size_t i = 0; i < report->point_count; i++) {
        bool begins = i > 0 && report->points[i].phase != report->points[i - 1].phase;
        if (report->point_count > JOINED_MAX && !begins)
            continue;
        text_add(timeline->page, "M%.1f %.0fv19L%.1f %.0f",
                 time_x(timeline, report->points[i].instructions), STRIP_TOP + STRIP_HEIGHT,
                 column_x(timeline, i / timeline->group) + timeline->column / 2,
                 COLUMNS_TOP);
    }
    text_add(timeline->page, "\"/>\n");
}

/* --- a column an event --- */

static uint64_t cell_max(const struct campaign_report *report)
{
    uint64_t max = 1;
    for (size_t i = 0; i < report->point_count; i++)
        for (unsigned row = 0; row < CAMPAIGN_ROWS; row++) {
            const struct campaign_cell *cell = &report->points[i].cells[row];
            uint64_t all = cell->passed + cell->failed;
            max = all > max ? all : max;
        }
    return max;
}

static void column_title(const struct timeline *timeline, size_t first, size_t end)
{
    const struct campaign_point *point = &timeline->report->points[first];
    text_add(timeline->page, "<title>event %zu", first);
    if (end - first > 1)
        text_add(timeline->page, " to %zu, of them the first", end - 1);
    text_add(timeline->page, ": instruction %" PRIu64 ", phase %s, disk %u\n%s at sector %" PRIu64
             ", %" PRIu64 " sectors in doubt; generation %" PRIu64 " is promised",
             point->instructions, campaign_phase_text(point->phase), point->disk,
             first == 0 ? "before any write" : point->settles ? "settled, last" : "write",
             point->sector, point->doubt, point->promised);
    for (unsigned row = 0; row < CAMPAIGN_ROWS; row++) {
        uint64_t passed = 0, failed = 0;
        for (size_t i = first; i < end; i++) {
            passed += timeline->report->points[i].cells[row].passed;
            failed += timeline->report->points[i].cells[row].failed;
        }
        if (passed + failed > 0)
            text_add(timeline->page, "\n%s: %" PRIu64 " passed, %" PRIu64 " failed",
                     campaign_row_text(row), passed, failed);
    }
    text_add(timeline->page, "</title>");
}

/* One cell of one column; row counts those that are shown. */
static void cell_draw(const struct timeline *timeline, size_t column, unsigned row,
                      const struct campaign_cell *cell, uint64_t max)
{
    double x = column_x(timeline, column), gap = timeline->column > 6 ? 1 : 0;
    double y = timeline->cells_top + ROW_HEIGHT * row, width = timeline->column - gap;
    double share = log2(1 + (double)(cell->passed + cell->failed)) / log2(1 + (double)max);
    bool linked = cell->failure != CAMPAIGN_NO_FAILURE;
    if (cell->passed + cell->failed == 0)
        return;
    if (linked)
        text_add(timeline->page, "<a href=\"#failures\">");
    text_add(timeline->page,
             "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"",
             cell->failed ? "bad" : "good", x, y + 1, width, ROW_HEIGHT - 2);
    if (!cell->failed)
        text_add(timeline->page, " fill-opacity=\"%.2f\"", 0.2 + 0.7 * share);
    text_add(timeline->page, "/>%s", linked ? "</a>" : "");
}

static void column_draw(const struct timeline *timeline, size_t column, uint64_t max,
                        double doubt_scale)
{
    const struct campaign_report *report = timeline->report;
    size_t first = column * timeline->group, end = first + timeline->group;
    uint64_t doubt = 0;
    unsigned shown = 0;
    end = end < report->point_count ? end : report->point_count;
    text_add(timeline->page, "<g>");
    column_title(timeline, first, end);
    text_add(timeline->page,
             "<rect class=\"h%u\" x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" height=\"%.0f\"/>",
             report->points[first].phase, column_x(timeline, column), COLUMNS_TOP,
             timeline->column, HEAD_HEIGHT);
    for (unsigned row = 0; row < CAMPAIGN_ROWS; row++) {
        struct campaign_cell sum = {.failure = CAMPAIGN_NO_FAILURE};
        if (!campaign_row_shown(report, row))
            continue;
        for (size_t i = first; i < end; i++) {
            const struct campaign_cell *cell = &report->points[i].cells[row];
            sum.passed += cell->passed;
            sum.failed += cell->failed;
            if (sum.failure == CAMPAIGN_NO_FAILURE)
                sum.failure = cell->failure;
        }
        cell_draw(timeline, column, shown++, &sum, max);
    }
    for (size_t i = first; i < end; i++)
        doubt = report->points[i].doubt > doubt ? report->points[i].doubt : doubt;
    double height = log2(1 + (double)doubt) * doubt_scale;
    text_add(timeline->page,
             "<rect class=\"doubt\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/></g>\n",
             column_x(timeline, column), timeline->doubt_top + DOUBT_HEIGHT - height,
             timeline->column > 6 ? timeline->column - 1 : timeline->column, height);
}

static void columns_draw(const struct timeline *timeline)
{
    const struct campaign_report *report = timeline->report;
    uint64_t max = cell_max(report), doubt = 1;
    for (size_t i = 0; i < report->point_count; i++)
        doubt = report->points[i].doubt > doubt ? report->points[i].doubt : doubt;
    double scale = DOUBT_HEIGHT / log2(1 + (double)doubt);
    for (size_t column = 0; column < timeline->columns; column++)
        column_draw(timeline, column, max, scale);
    unsigned shown = 0;
    for (unsigned row = 0; row < CAMPAIGN_ROWS; row++)
        if (campaign_row_shown(report, row))
            text_add(timeline->page, "<text class=\"name\" x=\"%.0f\" y=\"%.1f\">%s</text>\n",
                     LEFT - 8, timeline->cells_top + ROW_HEIGHT * shown++ + 16,
                     campaign_row_text(row));
    text_add(timeline->page,
             "<text class=\"name\" x=\"%.0f\" y=\"%.1f\">in doubt</text><text class=\"name tick\" "
             "x=\"%.0f\" y=\"%.1f\">up to %" PRIu64 "</text>\n",
             LEFT - 8, timeline->doubt_top + 18, LEFT - 8, timeline->doubt_top + 33, doubt);
}

/* Which generation must be left, at least: a bracket below the events that it holds for. */
static void promises_draw(const struct timeline *timeline)
{
    const struct campaign_report *report = timeline->report;
    double y = timeline->doubt_top + DOUBT_HEIGHT + 6, free_x = 0;
    text_add(timeline->page, "<text class=\"name\" x=\"%.0f\" y=\"%.1f\">promised</text>\n",
             LEFT - 8, y + 15);
    for (size_t first = 0, end; first < report->point_count; first = end) {
        uint64_t promised = report->points[first].promised;
        for (end = first + 1;
             end < report->point_count && report->points[end].promised == promised;)
            end++;
        double left = column_x(timeline, first / timeline->group);
        double right = column_x(timeline, (end - 1) / timeline->group) + timeline->column;
        text_add(timeline->page, "<path class=\"axis\" d=\"M%.1f %.1fv5H%.1fv-5\"/>\n", left + 1, y,
                 right - 1);
        double middle = (left + right) / 2;
        if (middle < free_x)
            continue;
        text_add(timeline->page,
                 "<text class=\"tick mid\" x=\"%.1f\" y=\"%.1f\">%s%" PRIu64 "</text>\n", middle,
                 y + 18, right - left > LABEL_WIDTH * 13 ? "generation " : "g", promised);
        free_x = middle + LABEL_WIDTH * 4;
    }
}

void campaign_timeline(const struct campaign_report *report, struct byte_writer *page)
{
    struct timeline timeline = {.report = report, .page = page};
    unsigned rows = 0;
    assert(report->point_count > 0);
    for (unsigned row = 0; row < CAMPAIGN_ROWS; row++)
        rows += campaign_row_shown(report, row);
    timeline.group = (report->point_count + COLUMNS_MAX - 1) / COLUMNS_MAX;
    timeline.columns = (report->point_count + timeline.group - 1) / timeline.group;
    timeline.column = PLOT / (double)timeline.columns;
    if (timeline.column < COLUMN_MIN)
        timeline.column = COLUMN_MIN;
    timeline.plot = timeline.column * (double)timeline.columns;
    timeline.cells_top = COLUMNS_TOP + HEAD_HEIGHT + 4;
    timeline.doubt_top = timeline.cells_top + ROW_HEIGHT * rows + 6;
    timeline.bottom = timeline.doubt_top + DOUBT_HEIGHT + 30;
    text_add(page,
             "<svg width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
             "aria-label=\"timeline of all cuts\">\n",
             LEFT + timeline.plot + 8, timeline.bottom, LEFT + timeline.plot + 8,
             timeline.bottom);
    joints_draw(&timeline);
    strip_draw(&timeline);
    ticks_draw(&timeline);
    columns_draw(&timeline);
    promises_draw(&timeline);
    text_add(page, "</svg>\n");
}

/* --- how long restarts took --- */

#define BINS 44u
#define CHART_WIDTH 560.0
#define CHART_HEIGHT 190.0
#define CHART_LEFT 62.0
#define CHART_TOP 26.0

struct chart {
    struct byte_writer *page;
    double min, max; /* milliseconds */
    uint64_t bins[BINS], most;
};

static double chart_x(const struct chart *chart, double milliseconds)
{
    return CHART_LEFT + CHART_WIDTH * (milliseconds - chart->min) / (chart->max - chart->min);
}

static double chart_height(const struct chart *chart, uint64_t count)
{
    return CHART_HEIGHT * log10(1 + (double)count) / log10(1 + (double)chart->most);
}

static void bins_fill(struct chart *chart, const struct campaign_numbers *restarts)
{
    chart->min = (double)restarts->list[0] / 1e6;
    chart->max = (double)restarts->list[restarts->count - 1] / 1e6;
    if (chart->max - chart->min < 0.01) { /* all the same: a bar in the middle */
        chart->min -= 0.05;
        chart->max += 0.05;
    }
    for (size_t i = 0; i < restarts->count; i++) {
        double share = ((double)restarts->list[i] / 1e6 - chart->min) / (chart->max - chart->min);
        unsigned bin = (unsigned)(share * BINS);
        uint64_t count = ++chart->bins[bin < BINS ? bin : BINS - 1];
        chart->most = count > chart->most ? count : chart->most;
    }
}

static void chart_axes(const struct chart *chart)
{
    double bottom = CHART_TOP + CHART_HEIGHT;
    for (uint64_t count = 1; count <= chart->most; count *= 10) {
        char text[CAMPAIGN_COUNT_BYTES];
        double y = bottom - chart_height(chart, count);
        text_add(chart->page,
                 "<path class=\"grid\" d=\"M%.0f %.1fH%.0f\"/><text class=\"name tick\" "
                 "x=\"%.0f\" y=\"%.1f\">%s</text>\n",
                 CHART_LEFT, y, CHART_LEFT + CHART_WIDTH, CHART_LEFT - 6, y + 4,
                 campaign_count_text(count, text));
    }
    for (unsigned i = 0; i <= 5; i++) {
        double at = chart->min + (chart->max - chart->min) * i / 5;
        text_add(chart->page, "<text class=\"tick mid\" x=\"%.1f\" y=\"%.0f\">%.2f ms</text>\n",
                 chart_x(chart, at), bottom + 16, at);
    }
}

static void chart_line(const struct chart *chart, const char *name, uint64_t nanoseconds,
                       double label_y)
{
    double x = chart_x(chart, (double)nanoseconds / 1e6);
    bool late = x > CHART_LEFT + CHART_WIDTH - 110;
    text_add(chart->page,
             "<path class=\"line\" d=\"M%.1f %.1fV%.0f\"/><text class=\"tick%s\" x=\"%.1f\" "
             "y=\"%.1f\">%s %.2f ms</text>\n",
             x, label_y - 8, CHART_TOP + CHART_HEIGHT, late ? " name" : "", late ? x - 4 : x + 4,
             label_y, name, (double)nanoseconds / 1e6);
}

void campaign_histogram(const struct campaign_report *report, struct byte_writer *page)
{
    const struct campaign_numbers *restarts = &report->restarts;
    struct chart chart = {.page = page};
    if (restarts->count == 0) {
        text_add(page, "<p>Nothing restarted.</p>\n");
        return;
    }
    bins_fill(&chart, restarts);
    text_add(page,
             "<svg width=\"%.0f\" height=\"%.0f\" role=\"img\" aria-label=\"histogram of restart "
             "times\">\n",
             CHART_LEFT + CHART_WIDTH + 34, CHART_TOP + CHART_HEIGHT + 24);
    chart_axes(&chart);
    for (unsigned i = 0; i < BINS; i++) {
        double height = chart_height(&chart, chart.bins[i]), width = CHART_WIDTH / BINS;
        if (chart.bins[i] == 0)
            continue;
        text_add(page,
                 "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>"
                 "%.2f to %.2f ms: %" PRIu64 " cases</title></rect>\n",
                 CHART_LEFT + width * i, CHART_TOP + CHART_HEIGHT - height, width - 1, height,
                 chart.min + (chart.max - chart.min) * i / BINS,
                 chart.min + (chart.max - chart.min) * (i + 1) / BINS, chart.bins[i]);
    }
    chart_line(&chart, "median", restarts->list[restarts->count / 2], CHART_TOP - 12);
    chart_line(&chart, "99 %", restarts->list[restarts->count - 1 - restarts->count / 100],
               CHART_TOP);
    text_add(page, "</svg>\n");
}
