/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench.h - rows of figures with what they must reach, and how to measure a time.
 *
 * Called by the suites (*_bench.c) and by bench_main.c.
 *
 * Invariants
 *  1. A ratio above 1 is always good for us: it is reference over ours for times and counts, ours
 * over reference for rates.
 *  2. Times are medians of repeated runs, ours and the reference in turn, after a warm-up of each;
 *     those of suite "replay", which are to differ by a hundredth, are the least.
 */
#ifndef LATCHKEY_BENCH_BENCH_H
#define LATCHKEY_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulator/base/error.h"

#define BENCH_ROWS_MAX 128u
#define BENCH_REPEATS_MAX 15u

/* What a row's must and aim are held against. */
enum bench_goal {
    GOAL_NONE,
    GOAL_RATIO_AT_LEAST, /* the ratio reaches must */
    GOAL_VALUE_AT_MOST,  /* the value does not exceed must */
    GOAL_VALUE_AT_LEAST  /* the value reaches must */
};

struct bench_row {
    char suite[16], name[64], unit[16];
    double value;
    double reference; /* 0: none */
    double ratio;     /* 0: none */
    double must;      /* a row that misses it is a failure */
    double aim;       /* further than must, and only reported; both only with a goal */
    double spread; /* of ours: (slowest - fastest) / median; 0: exact or one run */
    enum bench_goal goal;
};

struct bench {
    const char *build_path; /* where kernel.elf, images and guests are */
    unsigned repeats;
    bool quick; /* only what takes seconds */
    struct bench_row rows[BENCH_ROWS_MAX];
    size_t row_count;
};

/* Repeated measurements of one thing. */
struct bench_times {
    double seconds[BENCH_REPEATS_MAX];
    unsigned count;
};

/* bench_seconds - the host's monotonic clock. bench_processor_seconds - what the processor gave
 * this process. */
double bench_seconds(void);
double bench_processor_seconds(void);
void bench_times_add(struct bench_times *times, double seconds);
/* bench_median, bench_least, bench_spread - of at least one measurement. */
double bench_median(const struct bench_times *times);
double bench_least(const struct bench_times *times);
double bench_spread(const struct bench_times *times);

/* bench_row_add - append a row; it is copied. */
void bench_row_add(struct bench *bench, const struct bench_row *row);
/* bench_row_good - the row reaches its must; true when it has none. */
bool bench_row_good(const struct bench_row *row);
/* bench_table_print - all rows on stdout. */
void bench_table_print(const struct bench *bench);
/* bench_json_write - all rows to a file. Errors: ERROR_IO. */
MUST_CHECK bool bench_json_write(const struct bench *bench, const char *path, struct error *error);

/* The suites. Errors: ERROR_IO something to be measured is not built or cannot be run; ERROR_FORMAT
 * what was measured gave a wrong answer. */
MUST_CHECK bool cpu_bench(struct bench *bench, struct error *error);
MUST_CHECK bool message_bench(struct bench *bench, struct error *error);
MUST_CHECK bool kernel_bench(struct bench *bench, struct error *error);
MUST_CHECK bool campaign_bench(struct bench *bench, struct error *error);
MUST_CHECK bool store_bench(struct bench *bench, struct error *error);
MUST_CHECK bool replay_bench(struct bench *bench, struct error *error);
MUST_CHECK bool timing_bench(struct bench *bench, struct error *error);
/* timing_speeds - the rows of the timing models in suite "replay". Errors as above. */
MUST_CHECK bool timing_speeds(struct bench *bench, struct error *error);

#endif
