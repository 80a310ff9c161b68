/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_test.c - the bench's statistics and verdicts are right, and a short run of it measures. */
#include "bench/bench.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support_command.h"

Test(bench, the_median_is_of_the_middle_whatever_the_order)
{
    struct bench_times times = {.count = 0};
    const double seconds[] = {5, 1, 9, 2, 7};
    for (size_t i = 0; i < 5; i++)
        bench_times_add(&times, seconds[i]);
    cr_expect_eq(bench_median(&times), 5.0);
    cr_expect_lt(fabs(bench_spread(&times) - 8.0 / 5.0), 1e-12);
    bench_times_add(&times, 6);
    cr_expect_eq(bench_median(&times), 5.5);
}

Test(bench, a_row_is_good_when_it_reaches_its_must)
{
    struct bench_row row = {.goal = GOAL_RATIO_AT_LEAST, .ratio = 1.1, .must = 1.1};
    cr_expect(bench_row_good(&row));
    row.ratio = 1.09;
    cr_expect(!bench_row_good(&row));
    row = (struct bench_row){.goal = GOAL_VALUE_AT_MOST, .value = 110, .must = 110};
    cr_expect(bench_row_good(&row));
    row.value = 111;
    cr_expect(!bench_row_good(&row));
    row = (struct bench_row){.goal = GOAL_NONE, .value = 1e9};
    cr_expect(bench_row_good(&row));
}

Test(bench, the_host_clock_is_the_time_that_passes)
{
    double start = bench_seconds(), end = start;
    for (unsigned i = 0; i < 1000000 && end == start; i++)
        end = bench_seconds();
    cr_expect_gt(end, start);
    cr_expect_lt(end - start, 1.0);
}

/* A field of the JSON row with this name; NAN when there is none. */
static double row_value(const cJSON *rows, const char *name)
{
    const cJSON *row;
    cJSON_ArrayForEach(row, rows) if (strcmp(cJSON_GetObjectItem(row, "row")->valuestring, name) ==
                                      0) return cJSON_GetObjectItem(row, "value")
        ->valuedouble;
    return NAN;
}

/* The rows of one suite, as JSON. */
static cJSON *suite_rows(const char *suite)
{
    char *path = command_file("bench.json"), command[1024];
    snprintf(command, sizeof(command), "./latchkey_bench . --quick --suite %s --json %s; cat %s",
             suite, path, path);
    struct command_result *result = command_run(command);
    (void)remove(path);
    const char *start = strstr(result->output, "\n[");
    cr_assert(start, "no rows: %s%s", result->output, result->errors);
    cJSON *rows = cJSON_Parse(start);
    free(path);
    free(result);
    return rows;
}

/* A line of the budget: "MOST ROW", or ">LEAST ROW". */
static void budget_judge(const char *line, double value)
{
    char name[64];
    double limit;
    bool least = line[0] == '>';
    cr_assert_eq(sscanf(line + least, "%lf %63[^\n]", &limit, name), 2, "bench/budget: %s", line);
    cr_expect(least ? value >= limit : value <= limit, "%s: %.1f, the budget is %.1f", name, value,
              limit);
}

Test(bench, no_exact_count_is_above_its_budget)
{
    FILE *budget = fopen(LATCHKEY_SOURCE_DIR "/bench/budget", "r");
    cr_assert(budget, "bench/budget cannot be read");
    cJSON *suites[] = {suite_rows("message"), suite_rows("kernel"), suite_rows("store")};
    char line[128], name[64];
    unsigned count = 0;
    while (fgets(line, sizeof(line), budget)) {
        if (line[0] == '#')
            continue;
        cr_assert_eq(sscanf(line, "%*s %63[^\n]", name), 1, "bench/budget: %s", line);
        double value = NAN;
        for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]) && isnan(value); i++)
            value = row_value(suites[i], name);
        budget_judge(line, value);
        count++;
    }
    cr_expect_geq(count, 8);
    (void)fclose(budget);
    for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
        cJSON_Delete(suites[i]);
}

Test(bench, message_paths_are_exact_counts_and_equal_in_two_runs)
{
    double round_trip[2];
    for (int i = 0; i < 2; i++) {
        cJSON *rows = suite_rows("message");
        double call = row_value(rows, "CALL, start key, other space");
        double answer = row_value(rows, "RETURN through a resume key");
        round_trip[i] = row_value(rows, "round trip");
        cr_expect_gt(call, 20, "%f instructions are too few to be true", call);
        cr_expect_lt(call, 20000);
        cr_expect_eq(round_trip[i], call + answer);
        cJSON_Delete(rows);
    }
    cr_expect_eq(round_trip[0], round_trip[1]);
}

Test(bench, a_restart_costs_the_same_whatever_the_size_of_the_store)
{
    cJSON *rows = suite_rows("store");
    double small = row_value(rows, "restart of 64 MiB");
    double large = row_value(rows, "restart of 256 MiB");
    double sectors = row_value(rows, "restart of 64 MiB, read");
    cr_expect_gt(small, 100000);
    cr_expect_eq(small, large);
    cr_expect_gt(sectors, 8);
    cr_expect_eq(sectors, row_value(rows, "restart of 256 MiB, read"));
    cJSON_Delete(rows);
}

Test(bench, a_suite_that_is_not_there_is_refused_in_one_line)
{
    struct command_result *later = command_run("./latchkey_bench . --suite domains");
    struct command_result *unknown = command_run("./latchkey_bench . --suite nothing");
    struct command_result *option = command_run("./latchkey_bench . --json");
    cr_expect_eq(later->status, 3);
    cr_expect(command_one_line(later, "--suite domains: not in this version"), "%s",
              later->errors);
    cr_expect_eq(unknown->status, 2);
    cr_expect(command_one_line(unknown, "--suite nothing: no such suite"), "%s", unknown->errors);
    cr_expect_eq(option->status, 2);
    cr_expect(command_one_line(option, "--json: needs a value"), "%s", option->errors);
    free(later);
    free(unknown);
    free(option);
}

Test(bench, what_is_not_built_is_named)
{
    struct command_result *result = command_run("./latchkey_bench nowhere --suite message");
    cr_expect_eq(result->status, 3);
    cr_expect(command_one_line(result, "nowhere/"), "%s", result->errors);
    free(result);
}
