/* SPDX-License-Identifier: GPL-2.0-or-later */
/* demo_policy_test.c - processor time on the real kernel: a policy outside of it hands out shares,
 * and bad programs take no more than their meter allows. The recipes' own domains judge and power
 * off with the verdict; here the numbers they print are looked at once more. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support_machine.h"
#include "tests/support_recipe.h"

#define BAD_CYCLES 10000000 /* bad.recipe gives them */

static void image_run(const char *image, const struct machine_config *how,
                      struct transcript *transcript)
{
    struct machine *machine;
    struct error error;
    struct machine_config config = *how;
    config.kernel_path = LATCHKEY_BUILD_DIR "/kernel.elf";
    config.disk_count = 1;
    *transcript = (struct transcript){.length = 0};
    config.disks[0] = (struct machine_disk){.path = image, .read_only = true};
    config.console = transcript_sink(transcript);
    cr_assert(machine_create(&machine, &config, &error), "%s", error.text);
    struct machine_until until = machine_until_never();
    struct machine_stop stop = machine_run(machine, &until);
    cr_assert_eq(stop.reason, MACHINE_STOP_POWER_OFF, "%s", transcript->text);
    machine_destroy(machine);
}

static void good_expect(const struct transcript *transcript)
{
    cr_expect(strstr(transcript->text, " 0 wrong"), "%s", transcript->text);
    cr_expect_null(strstr(transcript->text, ": wrong"), "%s", transcript->text);
}

Test(policy, two_workers_get_the_shares_that_their_meters_keeper_gives)
{
    static const double due[3][2] = {{3, 1}, {1, 4}, {1, 0}};
    struct transcript transcript;
    image_run(LATCHKEY_BUILD_DIR "/shared-policy.img", &(struct machine_config){0}, &transcript);
    cr_expect_null(strstr(transcript.text, ": wrong"), "%s", transcript.text);
    const char *at = transcript.text;
    for (unsigned phase = 0; phase < 3; phase++) {
        unsigned long first, second;
        at = strstr(at, "weights ");
        cr_assert_not_null(at, "%s", transcript.text);
        cr_assert_eq(sscanf(at, "weights %*u to %*u: %lu and %lu cycles", &first, &second), 2);
        at++;
        double share = (double)first / (double)(first + second);
        cr_expect_float_eq(share, due[phase][0] / (due[phase][0] + due[phase][1]), 0.01, "%f",
                           share);
        cr_expect_geq(first, 4000000, "40 rounds");
    }
}

/* The cycles of the wait, and who had them. */
struct shares {
    unsigned long cycles, worked, bad;
};

static struct shares bad_shares(const struct transcript *transcript)
{
    struct shares shares;
    const char *at = strstr(transcript->text, "bad: of ");
    cr_assert_not_null(at, "%s", transcript->text);
    cr_assert_eq(sscanf(at, "bad: of %lu cycles the worker had %lu and the bad ones %lu",
                        &shares.cycles, &shares.worked, &shares.bad), 3);
    return shares;
}

static void bad_run(const char *append)
{
    struct transcript transcript;
    image_run(LATCHKEY_BUILD_DIR "/shared-bad.img", &(struct machine_config){.append = append},
              &transcript);
    good_expect(&transcript);
    struct shares shares = bad_shares(&transcript);
    cr_expect_leq(shares.bad, BAD_CYCLES + BAD_CYCLES / 100);
    cr_expect_geq(shares.worked, shares.cycles - BAD_CYCLES - shares.cycles / 100);
}

Test(policy, bad_programs_end_in_their_keepers_and_take_no_more_than_their_meter_has)
{
    bad_run(NULL);
    bad_run("general");
}

/* None of them pays for the time of the kernel's knobs: the worker misses it. The cycles are judged
 * here, and nothing else may be wrong. */
static void bad_expect(const char *path, const struct machine_config *how, unsigned long most)
{
    struct transcript transcript;
    image_run(path, how, &transcript);
    struct shares shares = bad_shares(&transcript);
    cr_expect_leq(shares.bad, most);
    cr_expect_leq(shares.worked + shares.bad, shares.cycles);
    for (const char *at = transcript.text; (at = strstr(at, ": wrong")) != NULL; at++) {
        const char *line = at;
        while (line > transcript.text && line[-1] != '\n')
            line--;
        cr_expect(strncmp(line, "bad: cycles of the ", 19) == 0, "%s", transcript.text);
    }
}

Test(policy, nor_do_they_take_more_while_the_kernel_checks_itself)
{
    bad_expect(LATCHKEY_BUILD_DIR "/shared-bad.img", &(struct machine_config){.check = true},
               BAD_CYCLES + BAD_CYCLES / 100);
}

/* What was forgotten is found again at their own cost, also to find that their meter is dry: it has
 * more, and the judge waits longer. */
Test(policy, nor_do_they_when_the_kernel_forgets_everything_each_time)
{
    const char *path = "test-bad.img";
    const struct recipe_change changes[RECIPE_CHANGES_MAX] = {
        {"3 = number 10000000\n", "3 = number 30000000\n"},
        {"argument 0 400000000\n    argument 1 10000000\n",
         "argument 0 2000000000\n    argument 1 30000000\n"}};
    recipe_image("bad", changes, false, path);
    bad_expect(path, &(struct machine_config){.amnesia = true}, 33000000);
    (void)unlink(path);
}
