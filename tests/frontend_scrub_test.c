/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_scrub_test.c - what is marked on the bar of the past, and what the console shows there:
 * both go back and forth with the machine. */
#include "frontend/scrub.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "devices/board.h"
#include "frontend/console_log.h"

#define MS 1000000ull

static void see(struct scrub *scrub, uint64_t time_ns, uint32_t phase, uint64_t generation)
{
    const struct machine_stats stats = {.virtual_time_ns = time_ns, .phase = phase,
                                        .generation = generation};
    scrub_see(scrub, &stats);
}

static unsigned count(const struct scrub *scrub, enum window_mark_kind kind)
{
    unsigned found = 0;
    for (size_t i = 0; i < scrub->count; i++)
        found += scrub->marks[i].kind == kind;
    return found;
}

/* A start, and two checkpoints. */
static void run_seen(struct scrub *scrub)
{
    see(scrub, 0, TRACE_PHASE_BOOT, 0);
    see(scrub, 10 * MS, 0, 1);
    see(scrub, 500 * MS, TRACE_PHASE_FREEZE, 1);
    see(scrub, 510 * MS, TRACE_PHASE_WRITE_OUT, 1);
    see(scrub, 600 * MS, TRACE_PHASE_MIGRATE, 2);
    see(scrub, 700 * MS, 0, 2);
    see(scrub, 900 * MS, TRACE_PHASE_FREEZE, 2);
    see(scrub, 950 * MS, 0, 3);
}

Test(scrub, checkpoints_and_phases_are_marked_once)
{
    struct scrub scrub = {0};
    run_seen(&scrub);
    cr_expect_eq(count(&scrub, MARK_CHECKPOINT), 3);
    cr_expect_eq(count(&scrub, MARK_PHASE), 5);
    for (unsigned i = 0; i < 2; i++) /* the machine went back, and passes again */
        run_seen(&scrub);
    cr_expect_eq(count(&scrub, MARK_CHECKPOINT), 3);
    cr_expect_eq(count(&scrub, MARK_PHASE), 5);
    for (size_t i = 0; i < scrub.count; i++)
        if (scrub.marks[i].kind == MARK_PHASE && strcmp(scrub.marks[i].name, "migrate") == 0)
            cr_expect(scrub.marks[i].time_ns == 600 * MS && scrub.marks[i].end_ns == 700 * MS);
    scrub_finish(&scrub);
}

Test(scrub, what_never_was_is_no_longer_marked)
{
    struct scrub scrub = {0};
    run_seen(&scrub);
    const struct machine_stats there = {.virtual_time_ns = 650 * MS, .generation = 2,
                                        .phase = TRACE_PHASE_MIGRATE};
    scrub_cut_off(&scrub, &there, 0);
    cr_expect_eq(count(&scrub, MARK_CHECKPOINT), 2);
    for (size_t i = 0; i < scrub.count; i++)
        cr_expect_leq(scrub.marks[i].end_ns, 650 * MS);
    see(&scrub, 660 * MS, 0, 2);
    see(&scrub, 800 * MS, 0, 3);
    cr_expect_eq(count(&scrub, MARK_CHECKPOINT), 3);
    uint64_t found;
    cr_expect(scrub_next(&scrub, 700 * MS, true, &found) && found == 800 * MS);
    scrub_finish(&scrub);
}

Test(scrub, one_goes_from_mark_to_mark_and_stops_at_the_last)
{
    struct scrub scrub = {0};
    uint64_t at = 0, found, steps = 0;
    run_seen(&scrub);
    while (scrub_next(&scrub, at, true, &found)) {
        cr_assert_gt(found, at);
        at = found;
        steps++;
    }
    cr_expect_eq(at, 950 * MS);
    cr_expect_eq(steps, 6);
    while (scrub_next(&scrub, at + 1000, false, &found)) { /* a seek ends a little behind */
        cr_assert_lt(found, at);
        at = found;
        steps--;
    }
    cr_expect_eq(at, 0);
    cr_expect_eq(steps, 0);
    scrub_finish(&scrub);
}

Test(scrub, inputs_near_each_other_are_one_mark_and_cuts_are_marked)
{
    struct scrub scrub = {0};
    struct record record;
    record_init(&record);
    for (uint64_t i = 0; i < 20; i++) {
        const struct record_entry run = {
            .kind = RECORD_RUN, .run = {.cycles = i * 1000000, .arrival = ARRIVAL_CYCLE}};
        const struct record_entry input = {.kind = i == 12 ? RECORD_CUT : RECORD_INPUT};
        if (i != 5 && i != 6 && i != 7 && i != 8 && i != 9 && i != 10)
            record_add(&record, &run, NULL), record_add(&record, &input, NULL);
        scrub_scan(&scrub, &record);
    }
    cr_expect_eq(count(&scrub, MARK_INPUT), 2);
    cr_expect_eq(count(&scrub, MARK_CUT), 1);
    const struct machine_stats there = {.virtual_time_ns = 30 * MS};
    record_cut_off(&record, 8);
    scrub_cut_off(&scrub, &there, record.entry_count);
    scrub_scan(&scrub, &record);
    cr_expect_eq(count(&scrub, MARK_INPUT), 1);
    cr_expect_eq(count(&scrub, MARK_CUT), 0);
    scrub_finish(&scrub);
    record_finish(&record);
}

static void put(struct console_log *log, const char *text)
{
    console_log_put(log, (const uint8_t *)text, strlen(text));
}

static void expect_row(struct console_log *log, const char *expected)
{
    char text[TERMINAL_COLUMNS + 1];
    const struct terminal *terminal = console_log_terminal(log);
    terminal_row_text(terminal, 0, text);
    cr_expect_str_eq(text, expected);
}

Test(console_log, what_is_printed_again_is_told_once_and_the_grid_shows_the_place)
{
    char *told;
    size_t size;
    struct console_log log;
    FILE *output = open_memstream(&told, &size);
    console_log_init(&log, output);
    put(&log, "one two ");
    uint64_t there = log.at;
    put(&log, "three");
    expect_row(&log, "one two three");
    console_log_go(&log, there);
    expect_row(&log, "one two");
    put(&log, "th");
    expect_row(&log, "one two th");
    console_log_branch(&log);
    put(&log, "istle");
    expect_row(&log, "one two thistle");
    console_log_go(&log, 0);
    expect_row(&log, "");
    put(&log, "one two thistle!");
    expect_row(&log, "one two thistle!");
    cr_assert_eq(fclose(output), 0);
    cr_expect_str_eq(told, "one two threeistle!");
    log.output = NULL;
    console_log_finish(&log);
    free(told);
}

Test(console_log, a_long_one_forgets_its_older_half)
{
    struct console_log log;
    console_log_init(&log, NULL);
    for (unsigned i = 0; i < 3 * CONSOLE_LOG_BYTES_MAX / 64; i++)
        put(&log, "\rsixty-three letters and a return are what is printed every time");
    cr_expect_leq(log.size, CONSOLE_LOG_BYTES_MAX);
    cr_expect_gt(log.first, 0);
    expect_row(&log, "sixty-three letters and a return are what is printed every time");
    uint64_t end = log.at;
    console_log_go(&log, 5); /* what was there then is not known any more */
    expect_row(&log, "");
    console_log_go(&log, end);
    expect_row(&log, "sixty-three letters and a return are what is printed every time");
    console_log_go(&log, 70);
    console_log_branch(&log);
    put(&log, "\rnew");
    expect_row(&log, "new");
    cr_expect_eq(log.at, 74);
    console_log_finish(&log);
}
