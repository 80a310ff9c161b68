/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_power_cut_test.c - `latchkey run --power-cut`: the run ends where it is told, the image
 * holds what the policy says, and a restart goes on from there. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/base/input_file.h"
#include "emulator/power_place.h"
#include "tests/support_command.h"

#define RUN "./latchkey run --headless --append checkpoint=5 "

struct cut {
    double instructions;
    char digest[40]; /* of the store that is left; "" when it is damaged */
};

static struct command_result *shell(const char *format, const char *first, const char *second,
                                    const char *third)
{
    char command[1000];
    (void)snprintf(command, sizeof(command), format, first, second, third);
    return command_run(command);
}

/* Run a copy of the image up to a cut. */
static struct cut cut_run(const char *where)
{
    struct cut cut = {.instructions = 0};
    char *image = command_file("power-cut.img"), *stats = command_file("power-cut.json");
    free(shell("cp shared-pingpong.img %s", image, NULL, NULL));
    struct command_result *result =
        shell(RUN "--power-cut %s --stats %s %s </dev/null", where, stats, image);
    cr_assert_eq(result->status, 0, "%s: %s", where, result->errors);
    free(result);
    uint8_t *text;
    size_t size_bytes;
    struct error error;
    cr_assert(input_read(stats, 65536, &text, &size_bytes, &error), "%s", error.text);
    cJSON *object = cJSON_Parse((char *)text);
    cr_expect_str_eq(cJSON_GetObjectItem(object, "exit_reason")->valuestring, "power-cut");
    cut.instructions = cJSON_GetObjectItem(object, "instructions")->valuedouble;
    cJSON_Delete(object);
    free(text);
    result = shell("./latchkey disk check %s >/dev/null && ./latchkey disk digest %s", image, image,
                   NULL);
    if (result->status == 0)
        (void)snprintf(cut.digest, sizeof(cut.digest), "%.32s", result->output);
    free(result);
    result = shell(RUN "--until phase=commit %s </dev/null", image, NULL, NULL);
    cr_expect_eq(result->status, 0, "%s: no restart: %s%s", where, result->output, result->errors);
    free(result);
    (void)unlink(image);
    (void)unlink(stats);
    free(image);
    free(stats);
    return cut;
}

Test(power_cut, the_place_is_exact_and_the_same_each_time, .timeout = 60)
{
    struct cut first = cut_run("insn=2000000"), second = cut_run("disk0.write=2");
    struct cut third = cut_run("disk0.write=2"), fourth = cut_run("phase=migrate");
    cr_expect_eq(first.instructions, 2000000);
    cr_expect_gt(second.instructions, 1000000);
    cr_expect_eq(second.instructions, third.instructions);
    cr_expect_str_eq(second.digest, third.digest);
    cr_expect_gt(fourth.instructions, second.instructions);
}

Test(power_cut, writes_are_counted_from_where_the_phase_begins, .timeout = 60)
{
    struct cut begin = cut_run("phase=commit"), one = cut_run("phase=commit+1");
    struct cut two = cut_run("phase=commit+2");
    cr_expect_lt(begin.instructions, one.instructions);
    cr_expect_lt(one.instructions, two.instructions);
}

Test(power_cut, the_policy_decides_what_is_left, .timeout = 60)
{
    struct cut made = cut_run("insn=1"), lost = cut_run("phase=commit+1,policy=drop");
    struct cut kept = cut_run("phase=migrate,policy=keep");
    struct cut durable = cut_run("phase=migrate,policy=drop");
    cr_expect_str_not_empty(made.digest);
    cr_expect_str_eq(made.digest, lost.digest, "it was not committed");
    cr_expect_str_neq(made.digest, kept.digest);
    cr_expect_str_eq(kept.digest, durable.digest, "what is announced does not depend on it");
}

Test(power_cut, words_are_read_and_wrong_ones_refused)
{
    static const char *const right[] = {"insn=0", "phase=write-out+12", "disk3.write=1",
                                        "insn=5,policy=torn,seed=18446744073709551615"};
    static const char *const wrong[] = {
        "",             "insn=",         "insn=1x",      "insn=5,",        "phase=",
        "phase=commit+", "phase=commits", "disk4.write=1", "disk0.write=0", "disk0.read=1",
        "disk",         "disk.write=1",  "insn=1,policy=", "insn=1,policy=most",
        "insn=1,seed=-1", "insn=18446744073709551616", "insn=1,color=red"};
    struct power_place place;
    struct error error;
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
        cr_expect(power_place_parse(right[i], &place, &error), "%s", right[i]);
    cr_expect_eq(place.cut.seed, UINT64_MAX);
    cr_expect_eq(place.cut.policy, POWER_TORN);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        cr_expect_not(power_place_parse(wrong[i], &place, &error), "%s", wrong[i]);
        cr_expect_eq(error.code, ERROR_USAGE);
    }
}
