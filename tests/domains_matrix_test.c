/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domains_matrix_test.c - every call that there is, on the machine (disks/domains/matrix): a part
 * of all cases, each order of each key among them; all with LATCHKEY_LONG=1. With the kernel
 * checking itself, and with amnesia, where it has forgotten everything at each exit. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support_machine.h"
#include "tests/support_recipe.h"

#define ARGUMENT "argument 1 0" /* of the driver: cases left out between two */

static void image_make(unsigned left_out, const char *path)
{
    char argument[32];
    snprintf(argument, sizeof(argument), "argument 1 %u", left_out);
    const struct recipe_change changes[RECIPE_CHANGES_MAX] = {{ARGUMENT, argument}};
    recipe_image("matrix", changes, false, path);
}

static void run(unsigned left_out, bool amnesia, const char *path)
{
    struct transcript transcript = {.length = 0};
    struct machine *machine;
    struct error error;
    image_make(getenv("LATCHKEY_LONG") ? 0 : left_out, path);
    struct machine_config config = {.kernel_path = LATCHKEY_BUILD_DIR "/kernel.elf",
                                    .disk_count = 1, .check = !amnesia, .amnesia = amnesia};
    config.disks[0] = (struct machine_disk){.path = path, .read_only = true};
    config.console = transcript_sink(&transcript);
    cr_assert(machine_create(&machine, &config, &error), "%s", error.text);
    struct machine_until until = machine_until_never();
    struct machine_stop stop = machine_run(machine, &until);
    cr_expect_eq(stop.reason, MACHINE_STOP_POWER_OFF, "%s", transcript.text);
    cr_expect_eq(stop.code, 0, "%s", transcript.text);
    cr_expect(strstr(transcript.text, " claims, 0 wrong"), "%s", transcript.text);
    machine_destroy(machine);
    (void)unlink(path);
}

Test(matrix, every_call_does_what_the_oracle_says, .timeout = 3600)
{
    run(30, false, "test-matrix.img");
}

Test(matrix, whatever_the_kernel_forgets, .timeout = 3600)
{
    run(2000, true, "test-matrix-amnesia.img");
}
