/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench.c - statistics, the table and the JSON of the bench. Called by the suites and bench_main.c.
 */
#include "bench/bench.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "emulator/base/json.h"
#include "emulator/base/memory.h"

static double clock_seconds(clockid_t clock)
{
    struct timespec now;
    int result = clock_gettime(clock, &now);
    assert(result == 0);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double bench_seconds(void)
{
    return clock_seconds(CLOCK_MONOTONIC);
}

double bench_processor_seconds(void)
{
    return clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
}

void bench_times_add(struct bench_times *times, double seconds)
{
    assert(times->count < BENCH_REPEATS_MAX);
    unsigned at = times->count++;
    for (; at > 0 && times->seconds[at - 1] > seconds; at--)
        times->seconds[at] = times->seconds[at - 1];
    times->seconds[at] = seconds;
}

double bench_median(const struct bench_times *times)
{
    assert(times->count > 0);
    unsigned middle = times->count / 2;
    if (times->count % 2)
        return times->seconds[middle];
    return (times->seconds[middle - 1] + times->seconds[middle]) / 2;
}

double bench_least(const struct bench_times *times)
{
    assert(times->count > 0);
    return times->seconds[0];
}

double bench_spread(const struct bench_times *times)
{
    assert(times->count > 0);
    double median = bench_median(times);
    return median > 0 ? (times->seconds[times->count - 1] - times->seconds[0]) / median : 0;
}

void bench_row_add(struct bench *bench, const struct bench_row *row)
{
    assert(bench->row_count < BENCH_ROWS_MAX);
    bench->rows[bench->row_count++] = *row;
}

/* Does the row reach a threshold? */
static bool reaches(const struct bench_row *row, double threshold)
{
    switch (row->goal) {
    case GOAL_RATIO_AT_LEAST:
        return row->ratio >= threshold;
    case GOAL_VALUE_AT_MOST:
        return row->value <= threshold;
    case GOAL_VALUE_AT_LEAST:
        return row->value >= threshold;
    case GOAL_NONE:
        break;
    }
    return true;
}

bool bench_row_good(const struct bench_row *row)
{
    return reaches(row, row->must);
}

/* A figure in a column; empty for "none". */
static void cell_print(double value, bool present)
{
    if (!present)
        printf(" %10s", "");
    else if (value >= 1000)
        printf(" %10.0f", value);
    else
        printf(" %10.3g", value);
}

static const char *verdict(const struct bench_row *row)
{
    if (row->goal == GOAL_NONE)
        return "";
    if (!bench_row_good(row))
        return "MISSED";
    return reaches(row, row->aim) ? "aim" : "must";
}

void bench_table_print(const struct bench *bench)
{
    printf("%-8s %-40s %-10s %10s %10s %10s %10s %10s %7s  %s\n", "suite", "row", "unit", "ours",
           "reference", "ratio", "must", "aim", "spread", "reached");
    for (size_t i = 0; i < bench->row_count; i++) {
        const struct bench_row *row = &bench->rows[i];
        printf("%-8s %-40s %-10s", row->suite, row->name, row->unit);
        cell_print(row->value, true);
        cell_print(row->reference, row->reference > 0);
        cell_print(row->ratio, row->ratio > 0);
        cell_print(row->must, row->goal != GOAL_NONE);
        cell_print(row->aim, row->goal != GOAL_NONE);
        printf(" %6.1f%%  %s\n", row->spread * 100, verdict(row));
    }
}

static void number_add(cJSON *object, const char *name, double value, bool present)
{
    if (present)
        (void)cJSON_AddNumberToObject(object, name, value);
    else
        (void)cJSON_AddNullToObject(object, name);
}

static cJSON *row_json(const struct bench_row *row)
{
    cJSON *object = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(object, "suite", row->suite);
    (void)cJSON_AddStringToObject(object, "row", row->name);
    (void)cJSON_AddNumberToObject(object, "value", row->value);
    (void)cJSON_AddStringToObject(object, "unit", row->unit);
    number_add(object, "reference", row->reference, row->reference > 0);
    number_add(object, "ratio", row->ratio, row->ratio > 0);
    number_add(object, "must", row->must, row->goal != GOAL_NONE);
    number_add(object, "aim", row->aim, row->goal != GOAL_NONE);
    (void)cJSON_AddNumberToObject(object, "spread", row->spread);
    (void)cJSON_AddBoolToObject(object, "ok", bench_row_good(row));
    return object;
}

bool bench_json_write(const struct bench *bench, const char *path, struct error *error)
{
    cJSON *rows = cJSON_CreateArray();
    for (size_t i = 0; i < bench->row_count; i++)
        cJSON_AddItemToArray(rows, row_json(&bench->rows[i]));
    return json_write(json_text(rows), path, error);
}
