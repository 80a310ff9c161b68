/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_ledger_test.c - the ledger counts every instruction once, and changes nothing. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disks/domains/gauge.h"
#include "emulator/ledger.h"
#include "emulator/record_identity.h"
#include "tests/support_machine.h"
#include "tests/support_program.h"

#define DEMO_INSTRUCTIONS 60000000u
#define KERNEL LATCHKEY_BUILD_DIR "/kernel.elf"
#define IMAGE(name) LATCHKEY_BUILD_DIR "/shared-" name ".img"

static struct machine_config config_of(const char *image)
{
    return (struct machine_config){.kernel_path = KERNEL,
                                   .disks = {{.path = image, .read_only = true}},
                                   .disk_count = 1};
}

static struct machine *machine_start(const struct machine_config *config)
{
    struct machine *machine;
    struct error error;
    cr_assert(machine_create(&machine, config, &error), "%s", error.text);
    return machine;
}

static struct machine *machine_of(const char *image)
{
    const struct machine_config config = config_of(image);
    return machine_start(&config);
}

static struct ledger *ledger_of(struct machine *machine, const char *kernel)
{
    struct ledger *ledger;
    struct error error;
    cr_assert(ledger_open(&ledger, machine, kernel, NULL, &error), "%s", error.text);
    return ledger;
}

static void run_to(struct machine *machine, uint64_t instructions)
{
    struct machine_until until = machine_until_never();
    until.instructions = instructions;
    (void)machine_run(machine, &until);
}

static void share_add(struct ledger_share *share, uint64_t instructions, uint64_t cycles)
{
    share->instructions += instructions;
    share->cycles += cycles;
}

static void share_expect(struct ledger_share share, uint64_t instructions, uint64_t cycles,
                         const char *what)
{
    cr_expect_eq(share.instructions, instructions, "%s: %" PRIu64 " instructions, not %" PRIu64,
                 what, share.instructions, instructions);
    cr_expect_eq(share.cycles, cycles, "%s: %" PRIu64 " cycles, not %" PRIu64, what, share.cycles,
                 cycles);
}

static struct ledger_share accounts_sum(const struct ledger_accounts *accounts)
{
    struct ledger_share sum = {0, 0};
    for (size_t i = 0; i < accounts->count; i++) {
        const struct ledger_account *account = &accounts->accounts[i];
        share_add(&sum, account->user.instructions, account->user.cycles);
        share_add(&sum, account->kernel.instructions, account->kernel.cycles);
    }
    return sum;
}

/* Each way to add up gives what the machine retired. */
static void sums_expect(const struct ledger *ledger, uint64_t instructions, uint64_t cycles)
{
    struct ledger_view view = ledger_view(ledger);
    struct ledger_share rows = view.user, tree = view.user;
    uint64_t busy = cycles - view.idle_cycles;
    for (size_t i = 0; i < view.row_count; i++)
        share_add(&rows, view.rows[i].instructions.sum, view.rows[i].cycles.sum);
    for (size_t i = 0; i < view.tree->count; i++)
        share_add(&tree, view.tree->nodes[i].instructions, view.tree->nodes[i].cycles);
    share_expect(view.total, instructions, busy, "total");
    share_expect(rows, instructions, busy, "rows");
    share_expect(tree, instructions, busy, "tree");
    share_expect(accounts_sum(view.domains), instructions, busy, "domains");
    share_expect(accounts_sum(view.meters), instructions, busy, "meters");
}

static const struct ledger_row *row_of(const struct ledger *ledger, unsigned kind, uint64_t order,
                                       enum ledger_outcome outcome)
{
    struct ledger_view view = ledger_view(ledger);
    for (size_t i = 0; i < view.row_count; i++) {
        const struct ledger_path *path = &view.paths[view.rows[i].path].path;
        if (path->kind == kind && path->order == order && view.rows[i].result.outcome == outcome)
            return &view.rows[i];
    }
    return NULL;
}

static void median_expect(const struct ledger *ledger, unsigned kind, uint64_t order,
                          enum ledger_outcome outcome, uint64_t instructions)
{
    const struct ledger_row *row = row_of(ledger, kind, order, outcome);
    cr_assert_not_null(row, "kind %u order %" PRIx64, kind, order);
    struct occurrence_summary summary = occurrences_summary(&row->instructions);
    cr_expect_eq(summary.median, instructions, "kind %u order %" PRIx64 ": %" PRIu64, kind, order,
                 summary.median);
    cr_expect_geq(summary.count, 200);
}

Test(ledger, message_paths_are_what_the_bench_counts, .timeout = 60)
{
    struct machine *machine = machine_of(IMAGE("gauge"));
    struct ledger *ledger = ledger_of(machine, KERNEL);
    const struct machine_until never = machine_until_never();
    cr_expect_eq(machine_run(machine, &never).reason, MACHINE_STOP_POWER_OFF);
    ledger_settle(ledger);
    sums_expect(ledger, machine_instructions(machine), machine_cycles(machine));
    /* bench/budget, and bench/message_bench.c, which steps through them one by one. */
    median_expect(ledger, LEDGER_CALL, GAUGE_CALL, RESULT_DELIVERED, 104);
    median_expect(ledger, LEDGER_CALL, GAUGE_CALL_KEYS_3, RESULT_DELIVERED, 157);
    median_expect(ledger, LEDGER_RETURN, GAUGE_RETURN, RESULT_DELIVERED, 93);
    median_expect(ledger, LEDGER_CALL, GAUGE_DATA_KEY, RESULT_ANSWERED, 50);
    median_expect(ledger, LEDGER_CALL, NODE_FETCH, RESULT_ANSWERED, 72);
    const struct ledger_row *row = row_of(ledger, LEDGER_CALL, GAUGE_CALL, RESULT_DELIVERED);
    cr_expect_eq(occurrences_summary(&row->cycles).median, 114);
    ledger_close(ledger);
    machine_destroy(machine);
}

Test(ledger, does_not_change_the_machine, .timeout = 100)
{
    struct machine *plain = machine_of(IMAGE("demo"));
    struct machine *watched = machine_of(IMAGE("demo"));
    struct ledger *ledger = ledger_of(watched, KERNEL);
    for (unsigned i = 1; i <= 6; i++) {
        run_to(plain, i * (uint64_t)(DEMO_INSTRUCTIONS / 6));
        run_to(watched, i * (uint64_t)(DEMO_INSTRUCTIONS / 6));
        cr_expect_eq(machine_cycles(plain), machine_cycles(watched));
        cr_assert(digest_equal(machine_digest(plain), machine_digest(watched)));
        ledger_settle(ledger);
        sums_expect(ledger, machine_instructions(watched), machine_cycles(watched));
    }
    ledger_close(ledger);
    run_to(plain, DEMO_INSTRUCTIONS + 1000000);
    run_to(watched, DEMO_INSTRUCTIONS + 1000000);
    cr_expect(digest_equal(machine_digest(plain), machine_digest(watched)));
    machine_destroy(plain);
    machine_destroy(watched);
}

/* The same rows with the same values? */
static void ledgers_expect_equal(const struct ledger *left, const struct ledger *right)
{
    struct ledger_view one = ledger_view(left), other = ledger_view(right);
    cr_assert_eq(one.row_count, other.row_count);
    for (size_t i = 0; i < one.row_count; i++) {
        struct occurrence_summary values[4] = {occurrences_summary(&one.rows[i].instructions),
                                               occurrences_summary(&one.rows[i].cycles),
                                               occurrences_summary(&other.rows[i].instructions),
                                               occurrences_summary(&other.rows[i].cycles)};
        cr_expect(ledger_path_equal(&one.paths[one.rows[i].path].path,
                                    &other.paths[other.rows[i].path].path));
        cr_expect_arr_eq(values, values + 2, 2 * sizeof(values[0]));
    }
}

Test(ledger, is_the_same_instruction_by_instruction_and_in_pieces, .timeout = 100)
{
    const uint64_t end = 2000000;
    struct dice dice = {20261121};
    struct machine_config config = config_of(IMAGE("gauge"));
    struct machine *whole = machine_start(&config), *pieces = machine_start(&config);
    config.step_mode = true;
    struct machine *steps = machine_start(&config);
    struct ledger *of_whole = ledger_of(whole, KERNEL), *of_pieces = ledger_of(pieces, KERNEL);
    struct ledger *of_steps = ledger_of(steps, KERNEL);
    run_to(whole, end);
    run_to(steps, end);
    for (uint64_t at = 0; at < end;) {
        at += 1 + dice_below(&dice, 3000);
        run_to(pieces, at < end ? at : end);
    }
    ledger_settle(of_whole);
    ledger_settle(of_pieces);
    ledger_settle(of_steps);
    sums_expect(of_pieces, end, machine_cycles(pieces));
    sums_expect(of_steps, end, machine_cycles(steps));
    ledgers_expect_equal(of_whole, of_pieces);
    struct ledger_view one = ledger_view(of_whole), other = ledger_view(of_steps);
    cr_assert_eq(one.row_count, other.row_count);
    for (size_t i = 0; i < one.row_count; i++)
        cr_expect_eq(one.rows[i].instructions.sum, other.rows[i].instructions.sum);
    ledger_close(of_whole);
    ledger_close(of_pieces);
    ledger_close(of_steps);
    machine_destroy(whole);
    machine_destroy(pieces);
    machine_destroy(steps);
}

Test(ledger, goes_on_over_a_power_cut_and_another_history, .timeout = 100)
{
    struct error error;
    struct byte_writer state = {0};
    struct machine *machine = machine_of(IMAGE("pingpong"));
    struct ledger *ledger = ledger_of(machine, KERNEL);
    run_to(machine, 3000001);
    machine_save(machine, &state);
    cr_assert(machine_power_cut(machine, &(struct power_cut){.policy = POWER_DROP}, &error));
    cr_assert(machine_reset(machine, &error), "%s", error.text);
    run_to(machine, 5000000);
    ledger_settle(ledger);
    sums_expect(ledger, 5000000, machine_cycles(machine));
    uint64_t cycles = machine_cycles(machine);
    struct byte_reader reader;
    reader_init(&reader, state.data, state.size_bytes);
    cr_assert(machine_rewind(machine, &reader, &error), "%s", error.text);
    uint64_t from = machine_cycles(machine);
    run_to(machine, 4000000);
    ledger_settle(ledger);
    sums_expect(ledger, 5000000 + 999999, cycles + machine_cycles(machine) - from);
    writer_finish(&state);
    ledger_close(ledger);
    machine_destroy(machine);
}

Test(ledger, a_kernel_that_nobody_knows_has_sums_too, .timeout = 60)
{
    const struct machine_config config = {.kernel_path = LATCHKEY_BUILD_DIR
                                          "/guest/bench_trap.elf"};
    struct machine *machine = machine_start(&config);
    struct ledger *ledger = ledger_of(machine, "no such file");
    run_to(machine, 300000);
    ledger_settle(ledger);
    sums_expect(ledger, machine_instructions(machine), machine_cycles(machine));
    cr_expect_not(ledger_view(ledger).ours);
    cr_expect_not_null(row_of(ledger, LEDGER_ECALL, 8, RESULT_RESUMED));
    cr_expect_gt(ledger_view(ledger).user.instructions, 0);
    ledger_close(ledger);
    machine_destroy(machine);
}

Test(ledger, orders_that_count_up_are_put_together, .timeout = 60)
{
    struct machine *machine = machine_of(IMAGE("pingpong"));
    struct ledger *ledger = ledger_of(machine, KERNEL);
    run_to(machine, 8000000);
    ledger_settle(ledger);
    sums_expect(ledger, 8000000, machine_cycles(machine));
    struct ledger_view view = ledger_view(ledger);
    uint32_t *rows;
    size_t count = ledger_rows_sorted(&view, &rows);
    cr_expect_lt(count, 200);
    cr_expect_eq(view.paths[view.rows[rows[0]].path].path.order, LEDGER_MANY);
    free(rows);
    ledger_close(ledger);
    machine_destroy(machine);
}

/* Under a model that charges blocks, when the next begins, too. */
Test(ledger, cycles_add_up_with_every_timing_model, .timeout = 60)
{
    struct machine_config config = config_of(IMAGE("gauge"));
    for (config.timing = 0; config.timing < TIMING_MODEL_COUNT; config.timing++) {
        struct machine *machine = machine_start(&config);
        struct ledger *ledger = ledger_of(machine, KERNEL);
        for (uint64_t at = 0; at < 4000000; at += 271828)
            run_to(machine, at);
        ledger_settle(ledger);
        sums_expect(ledger, machine_instructions(machine), machine_cycles(machine));
        median_expect(ledger, LEDGER_CALL, GAUGE_CALL_KEYS_3, RESULT_DELIVERED, 157);
        ledger_close(ledger);
        machine_destroy(machine);
    }
}

/* The cycles of two meters as the kernel counts them itself, and a domain prints them: three lines
 * "policy: weights A to B: M and N cycles". */
static void kernel_says(const char *text, uint64_t cycles[2])
{
    unsigned lines = 0;
    for (const char *at = text; (at = strstr(at, "weights ")) != NULL; at++, lines++) {
        unsigned long long one, other;
        cr_assert_eq(sscanf(at, "weights %*u to %*u: %llu and %llu cycles", &one, &other), 2);
        cycles[0] += one;
        cycles[1] += other;
    }
    cr_assert_eq(lines, 3, "%s", text);
}

Test(ledger, meters_agree_with_what_the_kernel_charges_them, .timeout = 60)
{
    static struct transcript transcript;
    struct machine_config config = config_of(IMAGE("policy"));
    config.console = transcript_sink(&transcript);
    struct machine *machine = machine_start(&config);
    struct ledger *ledger = ledger_of(machine, KERNEL);
    const struct machine_until never = machine_until_never();
    cr_expect_eq(machine_run(machine, &never).reason, MACHINE_STOP_POWER_OFF);
    ledger_settle(ledger);
    uint64_t charged[2] = {0, 0};
    kernel_says(transcript.text, charged);
    struct ledger_view view = ledger_view(ledger);
    uint32_t *meters = ledger_accounts_sorted(view.meters);
    for (unsigned i = 0; i < 2; i++) {
        const struct ledger_account *first = &view.meters->accounts[meters[0]];
        const struct ledger_account *second = &view.meters->accounts[meters[1]];
        const struct ledger_account *account = (first->id < second->id) == (i == 0) ? first
                                                                                    : second;
        uint64_t used = account->user.cycles + account->kernel.cycles;
        /* The kernel changes meters within an interval, and looks before the very end. */
        cr_expect_leq(used, charged[i] * 103 / 100, "meter %" PRIu64, account->id);
        cr_expect_geq(used, charged[i] * 97 / 100, "meter %" PRIu64, account->id);
    }
    free(meters);
    ledger_close(ledger);
    machine_destroy(machine);
}

/* A kernel comes from outside: nothing in its symbols may hurt, or end a word of a format. */
Test(ledger, functions_are_read_from_any_bytes)
{
    for (unsigned seed = 0; seed < 300; seed++) {
        struct dice dice = {seed};
        uint8_t symbols[24 * 40], names[200];
        struct elf_file elf = {.symbols = {symbols, dice_below(&dice, sizeof(symbols) + 1)},
                               .names = {names, dice_below(&dice, sizeof(names) + 1)},
                               .segments = {{.virtual_addr = 0x1000,
                                             .physical_addr = 0x1000,
                                             .memory_bytes = 0x2000,
                                             .executable = true}},
                               .segment_count = 1};
        for (size_t i = 0; i < sizeof(names); i++)
            names[i] = (uint8_t)(dice_below(&dice, 4) ? 1 + dice_below(&dice, 255) : 0);
        for (size_t i = 0; i < sizeof(symbols); i++)
            symbols[i] = (uint8_t)dice_next(&dice);
        for (size_t i = 0; i < sizeof(symbols); i += 24) { /* Elf64_Sym: most of them are near */
            const uint64_t addr = 0x1000 + dice_below(&dice, 0x2100);
            const uint32_t name = dice_below(&dice, 220);
            memcpy(symbols + i, &name, sizeof(name));
            symbols[i + 4] = (uint8_t)(dice_below(&dice, 2) * 2); /* a label, or a function */
            memcpy(symbols + i + 8, &addr, sizeof(addr));
        }
        struct ledger_functions functions;
        ledger_functions_read(&functions, &elf);
        for (unsigned i = 1; i <= functions.count; i++) {
            const char *name = ledger_function_name(&functions, i);
            cr_expect_gt(strlen(name), 0, "seed %u", seed);
            cr_expect_eq(strcspn(name, " ;,\"'&\\\n\x7f"), strlen(name), "seed %u: %s",
                         seed, name);
            cr_expect(i == 1 || functions.functions[i - 1].addr > functions.functions[i - 2].addr);
        }
        ledger_functions_finish(&functions);
    }
}

Test(ledger, medians_are_exact)
{
    for (unsigned round = 0; round < 200; round++) {
        struct dice dice = {round};
        struct occurrences occurrences = {0};
        uint64_t counts[32] = {0}, median = 0;
        unsigned total = 1 + dice_below(&dice, 300);
        for (unsigned i = 0; i < total; i++) {
            uint32_t value = dice_below(&dice, 32);
            counts[value]++;
            occurrences_add(&occurrences, value * 0x123456789ull);
        }
        for (unsigned seen = 0; (seen += (unsigned)counts[median]) <= (total - 1) / 2;)
            median++;
        struct occurrence_summary summary = occurrences_summary(&occurrences);
        cr_expect_eq(summary.count, total, "seed %u", round);
        cr_expect_eq(summary.median, median * 0x123456789ull, "seed %u", round);
        occurrences_finish(&occurrences);
    }
}
