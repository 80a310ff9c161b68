/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_options_test.c - the words of `latchkey run`. */
#include "emulator/options.h"

#include <criterion/criterion.h>
#include <string.h>

static bool parse(struct options *options, struct error *error, const char *first,
                  const char *second, const char *third)
{
    char words[3][256];
    char *argv[3];
    const char *given[3] = {first, second, third};
    int argc = 0;
    for (; argc < 3 && given[argc]; argc++) {
        (void)strncpy(words[argc], given[argc], sizeof(words[0]) - 1);
        words[argc][sizeof(words[0]) - 1] = '\0';
        argv[argc] = words[argc];
    }
    return options_parse(options, argc, argv, error);
}

Test(options, disks_carry_their_words)
{
    struct options options;
    struct error error;
    cr_assert(parse(&options, &error, "a.img", "--disk",
                    "b.img,cache=writethrough,timing=hdd,readonly,overlay=o.over"),
              "%s", error.text);
    cr_assert_eq(options.machine.disk_count, 2);
    cr_assert_str_eq(options.machine.disks[0].path, "a.img");
    cr_assert_null(options.machine.disks[0].overlay);
    cr_assert_str_eq(options.machine.disks[1].path, "b.img");
    cr_assert_str_eq(options.machine.disks[1].overlay, "o.over");
    cr_assert(options.machine.disks[1].write_through && options.machine.disks[1].read_only);
    cr_assert_eq(options.machine.disks[1].timing, DISK_TIMING_HDD);
}

Test(options, the_past_of_the_window_has_a_budget)
{
    struct options options;
    struct error error;
    cr_assert(parse(&options, &error, "a.img", NULL, NULL));
    cr_expect_eq(options.history_bytes, (size_t)OPTIONS_HISTORY_MIB << 20);
    cr_assert(parse(&options, &error, "a.img", "--history", "7"));
    cr_expect_eq(options.history_bytes, (size_t)7 << 20);
    cr_assert(parse(&options, &error, "--history", "0", NULL));
    cr_expect_eq(options.history_bytes, 0);
}

Test(options, faults_have_a_disk_a_kind_a_place_and_a_time)
{
    struct options options;
    struct error error;
    char words[][64] = {"--fault", "disk1.dead@ns=5000", "--fault", "disk0.unreadable=64+3",
                        "--fault", "disk0.flip=7:4095", "--fault", "disk2.misdirected=8:9@ns=1",
                        "--fault", "disk3.lost=0x10"};
    char *argv[10];
    for (unsigned i = 0; i < 10; i++)
        argv[i] = words[i];
    cr_assert(options_parse(&options, 10, argv, &error), "%s", error.text);
    static const struct machine_fault expected[] = {
        {1, {DISK_FAULT_DEAD, 5000, 0, 0}},       {0, {DISK_FAULT_UNREADABLE, 0, 64, 0}},
        {0, {DISK_FAULT_UNREADABLE, 0, 65, 0}},   {0, {DISK_FAULT_UNREADABLE, 0, 66, 0}},
        {0, {DISK_FAULT_FLIP, 0, 7, 4095}},       {2, {DISK_FAULT_MISDIRECTED, 1, 8, 9}},
        {3, {DISK_FAULT_LOST, 0, 16, 0}},
    };
    cr_assert_eq(options.machine.fault_count, sizeof(expected) / sizeof(expected[0]));
    for (unsigned i = 0; i < options.machine.fault_count; i++) {
        const struct machine_fault *fault = &options.machine.faults[i];
        cr_assert_eq(fault->disk, expected[i].disk, "%u", i);
        cr_assert_eq(fault->fault.kind, expected[i].fault.kind, "%u", i);
        cr_assert_eq(fault->fault.time_ns, expected[i].fault.time_ns, "%u", i);
        cr_assert_eq(fault->fault.sector, expected[i].fault.sector, "%u", i);
        cr_assert_eq(fault->fault.argument, expected[i].fault.argument, "%u", i);
    }
}

Test(options, the_earlier_limit_wins)
{
    struct options options;
    struct error error;
    char a[] = "--until", b[] = "insn=500", c[] = "--limit-insn", d[] = "300";
    char *argv[] = {a, b, c, d};
    cr_assert(options_parse(&options, 4, argv, &error), "%s", error.text);
    cr_assert_eq(options.until.instructions, 300);
    cr_assert_eq(options.limit_instructions, 300);
}

Test(options, every_mistake_names_the_word_and_has_its_status)
{
    static const struct {
        const char *first, *second, *named;
        int status;
    } bad[] = {
        {"--nonsense", NULL, "--nonsense", 2},     {"--ram", NULL, "--ram", 2},
        {"--fault", NULL, "--fault", 2},           {"--fault", "dead", "dead", 2},
        {"--fault", "disk0", "disk0", 2},          {"--fault", "disk0.dead=1", "dead=1", 2},
        {"--fault", "disk0.lost", "lost", 2},      {"--fault", "disk0.flip=1", "flip=1", 2},
        {"--fault", "disk0.lost=1:2", ":2", 2},    {"--fault", "disk0.lost=x", "=x", 2},
        {"--fault", "disk0.flip=1+2:3", "+2", 2},  {"--fault", "disk0.dead@ns=", "ns=", 2},
        {"--fault", "disk0.lost=1+257", "257", 2}, {"--fault", "disk0.lost=1+0", "+0", 2},
        {"--ram", "15", "15", 2},                  {"--ram", "99999", "99999", 2},
        {"--ram", "65", "65", 2},                  {"--ram", "1e3", "1e3", 2},
        {"--history", "65537", "0..65536", 2},       {"--history", "x", "--history x", 2},
        {"--seed", "-1", "-1", 2},                 {"--timing", "", "--timing", 2},
        {"--timing", "magic", "magic", 2},         {"--record", ",every=1", "--record", 2},
        {"--gdb", "65536", "--gdb", 2},            {"--power-cut", "x", "--power-cut", 2},
        {"--until", "insn=", "insn=", 2},          {"--until", "phase=x", "phase=x", 2},
        {"--disk", ",readonly", "--disk", 2},      {"--disk", "a,b", "'b'", 2},
        {"--clock-mhz", "0", "0", 2},              {"--until", "console=", "console=", 2},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct options options;
        struct error error;
        cr_assert_not(parse(&options, &error, bad[i].first, bad[i].second, NULL), "%zu", i);
        cr_assert(strstr(error.text, bad[i].named), "%zu: %s", i, error.text);
        cr_assert_eq(error_exit_status(&error), bad[i].status, "%s", error.text);
    }
}

Test(options, stop_conditions_add_up_and_the_earliest_number_wins)
{
    struct options options;
    struct error error;
    char words[][32] = {"--until", "console=one", "--until", "console=two", "--until",
                        "phase=commit", "--until", "phase=migrate", "--until", "generation=9",
                        "--until", "generation=4", "--until", "cycles=0x100", "--until",
                        "cycles=010"};
    char *argv[sizeof(words) / sizeof(words[0])];
    int argc = (int)(sizeof(words) / sizeof(words[0]));
    for (int i = 0; i < argc; i++)
        argv[i] = words[i];
    cr_assert(options_parse(&options, argc, argv, &error), "%s", error.text);
    cr_assert_str_eq(options.until.console, "one");
    cr_assert_str_eq(options.until.console_more[0], "two");
    cr_assert_null(options.until.console_more[1]);
    cr_assert_eq(options.until.phases, 1u << TRACE_PHASE_COMMIT | 1u << TRACE_PHASE_MIGRATE);
    cr_assert_eq(options.until.generation, 4);
    cr_assert_eq(options.until.cycles, 10, "decimal, whatever zeros it begins with");
}

Test(options, more_texts_than_can_be_watched_are_refused)
{
    struct options options;
    struct error error;
    char until[] = "--until", text[] = "console=x";
    char *argv[2 * (MACHINE_UNTIL_TEXTS_MORE + 2)];
    int argc = (int)(sizeof(argv) / sizeof(argv[0]));
    for (int i = 0; i < argc; i++)
        argv[i] = i % 2 ? text : until;
    cr_assert(options_parse(&options, argc - 2, argv, &error), "%s", error.text);
    cr_assert_not(options_parse(&options, argc, argv, &error));
    cr_assert_eq(error.code, ERROR_LIMIT);
}

Test(options, which_have_a_value_is_known)
{
    static const char *const with[] = {"--append", "--disk", "--until", "--ram", "--svg"};
    static const char *const without[] = {"--headless", "--step", "--nothing", "first.img", ""};
    for (size_t i = 0; i < 5; i++) {
        cr_expect(options_takes_value(with[i]), "%s", with[i]);
        cr_expect_not(options_takes_value(without[i]), "%s", without[i]);
    }
}
