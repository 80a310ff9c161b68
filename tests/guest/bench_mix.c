/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_mix.c - a mix in the proportions that Weicker gave for Dhrystone (CACM 27(10), 1984):
 * assignments, record copies, string copies and comparisons, small calls, if and loop, array
 * indexing. Our own program. */
#include "tests/guest/guest.h"

#define ITERATIONS 1500000u
#define TEXT_BYTES 31u

struct record {
    struct record *link;
    uint64_t kind, choice, number;
    char text[TEXT_BYTES];
};

static struct record records[2];
static int64_t one[50], two[50][50];
static char text_a[TEXT_BYTES], text_b[TEXT_BYTES];

static void __attribute__((noinline)) copy_text(char *target, const char *source)
{
    while ((*target++ = *source++))
        ;
}

static int __attribute__((noinline)) compare_text(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a - *b;
}

static void __attribute__((noinline))
copy_record(struct record *target, const struct record *source)
{
    target->link = source->link;
    target->kind = source->kind;
    target->choice = source->choice;
    target->number = source->number;
    copy_text(target->text, source->text);
}

static uint64_t __attribute__((noinline)) add_small(uint64_t a, uint64_t b)
{
    return a + 2 + b;
}

static void __attribute__((noinline)) fill(int64_t *row, int64_t (*table)[50], int64_t i, int64_t v)
{
    int64_t at = i + 5;
    row[at] = v;
    row[at + 1] = row[at];
    row[at + 30] = at;
    for (int64_t j = at; j <= at + 1; j++)
        table[at][j] = at;
    table[at][at - 1] += 1;
    table[at + 20][at] = row[at];
}

static uint64_t __attribute__((noinline)) choose(uint64_t kind, uint64_t number)
{
    switch (kind) {
    case 0:
        return number > 100 ? 0 : 3;
    case 1:
        return 2;
    case 2:
        return number & 1;
    default:
        return 1;
    }
}

void guest_main(uint64_t hart, uint64_t tree)
{
    (void)hart;
    (void)tree;
    uint64_t sum = 0, kind = 0;
    records[0].link = &records[1];
    copy_text(records[0].text, "a program of ordinary size, 29");
    copy_text(text_a, "a program of ordinary size, 1'");
    for (uint64_t i = 0; i < ITERATIONS; i++) {
        uint64_t a = 2, b = 3, c;
        copy_text(text_b, "a program of ordinary size, 2'");
        sum += (uint64_t)(compare_text(text_a, text_b) > 0);
        while (a < b) {
            c = 5 * a - b;
            a = add_small(a, c) - 6;
            sum += c;
        }
        fill(one, two, (int64_t)(i & 15), (int64_t)(a + sum));
        records[0].number = i;
        copy_record(&records[1], &records[0]);
        kind = choose(kind, (uint64_t)one[8] & 255);
        records[1].kind = kind;
        c = b * a;
        b = c / (a | 1);
        sum += 7 * (c - b) - a + kind;
    }
    bench_report("mix", ITERATIONS, sum + (uint64_t)two[8][7] + records[1].number);
}

void guest_trap(struct frame *frame)
{
    wrong_trap(frame);
}
