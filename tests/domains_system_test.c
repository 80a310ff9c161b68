/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domains_system_test.c - the domains that make it a system, on the machine: each image holds them
 * and a domain that tests them, which counts what was wrong. Plainly with the kernel checking
 * itself, and with amnesia: all that the kernel caches is dropped at every exit. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support_machine.h"
#include "tests/support_recipe.h"

/* Run an image until it powers off; it is to say this, with this exit code. */
static void expect_image_says(const char *path, bool amnesia, const char *text, int code)
{
    struct transcript transcript = {.length = 0};
    struct machine *machine;
    struct error error;
    struct machine_config config = {.kernel_path = LATCHKEY_BUILD_DIR "/kernel.elf",
                                    .disk_count = 1, .check = !amnesia, .amnesia = amnesia};
    config.disks[0] = (struct machine_disk){.path = path, .read_only = true};
    config.console = transcript_sink(&transcript);
    cr_assert(machine_create(&machine, &config, &error), "%s", error.text);
    struct machine_until until = machine_until_never();
    struct machine_stop stop = machine_run(machine, &until);
    cr_expect_eq(stop.reason, MACHINE_STOP_POWER_OFF, "%s: %s", path, transcript.text);
    cr_expect_eq(stop.code, code, "%s: %s", path, transcript.text);
    cr_expect(strstr(transcript.text, text), "%s: %s", path, transcript.text);
    machine_destroy(machine);
}

/* Run an image in which nothing may be wrong. */
static void expect_image_run(const char *path, bool amnesia, const char *last)
{
    expect_image_says(path, amnesia, last, 0);
}

/* An image of the build, both ways. */
static void expect_run(const char *name, const char *last)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/shared-%s.img", LATCHKEY_BUILD_DIR, name);
    expect_image_run(path, false, last);
    expect_image_run(path, true, last);
}

static void image_make(const char *name, const char *from, const char *to, const char *path)
{
    const struct recipe_change changes[RECIPE_CHANGES_MAX] = {{from, to}};
    recipe_image(name, changes, false, path);
}

Test(system, the_space_bank_keeps_its_protocol)
{
    expect_run("bank", "bank: 530 claims, 0 wrong");
}

Test(system, a_bank_without_room_for_its_books_says_so_and_sells_nothing)
{
    const char *path = "test-books.img";
    image_make("bank", "argument 0 65536", "argument 0 500", path);
    expect_image_says(path, false, "bank: books of 500 bytes are too small for ", 1);
    (void)unlink(path);
}

Test(system, domain_creators_keep_theirs)
{
    expect_run("creator", "creator: 262 claims, 0 wrong");
}

Test(system, fresh_segments_keep_theirs)
{
    expect_run("fresh", "fresh: 248 claims, 0 wrong");
}

/* Amnesia costs much: all the integers there are, only with LATCHKEY_LONG. */
Test(system, queues_alarms_and_integers_keep_theirs, .timeout = 600)
{
    const char *path = "test-services.img";
    bool all = getenv("LATCHKEY_LONG") != NULL;
    expect_image_run(LATCHKEY_BUILD_DIR "/shared-services.img", false, " claims, 0 wrong");
    image_make("services", "argument 0 0", all ? "argument 0 0" : "argument 0 1", path);
    expect_image_run(path, true, " claims, 0 wrong");
    (void)unlink(path);
}

/* Amnesia costs much: it gets a tenth of the orders, unless LATCHKEY_LONG is set. */
Test(system, random_orders_to_banks_are_answered_as_a_model_says, .timeout = 600)
{
    const char *path = "test-random.img";
    bool all = getenv("LATCHKEY_LONG") != NULL;
    expect_image_run(LATCHKEY_BUILD_DIR "/shared-random.img", false,
                     "bank random: 30848 claims, 0 wrong");
    image_make("random", "argument 0 10000", all ? "argument 0 10000" : "argument 0 1000", path);
    expect_image_run(path, true, " claims, 0 wrong");
    (void)unlink(path);
}
