/* SPDX-License-Identifier: GPL-2.0-or-later */
/* demo_calls_test.c - a domain makes random key calls on the real kernel; nobody else notices.
 *
 * 100,000 calls with the kernel checking itself; with LATCHKEY_LONG=1, 1,000,000. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disks/make.h"
#include "emulator/base/input_file.h"
#include "tests/support_machine.h"

#define RECIPE LATCHKEY_SOURCE_DIR "/disks/recipes/fuzz.recipe"
#define IMAGE "test-fuzz.img"

/* The recipe's image, for so many calls. */
static void image_make(const char *calls)
{
    struct error error;
    uint8_t *text;
    size_t size_bytes;
    struct recipe *recipe = calloc(1, sizeof(*recipe));
    cr_assert(input_read(RECIPE, 1u << 16, &text, &size_bytes, &error), "%s", error.text);
    char *changed = calloc(1, size_bytes + 16);
    char *at = strstr((char *)text, "100000");
    cr_assert_not_null(at);
    (void)sprintf(changed, "%.*s%s%s", (int)(at - (char *)text), (char *)text, calls, at + 6);
    cr_assert(recipe_parse(recipe, "fuzz.recipe", changed, &error), "%s", error.text);
    cr_assert(make_image(recipe, IMAGE, &error), "%s", error.text);
    free(changed);
    free(text);
    free(recipe);
}

Test(demo, random_calls_harm_nobody, .timeout = 3600)
{
    struct transcript transcript = {.length = 0};
    struct machine *machine;
    struct error error;
    image_make(getenv("LATCHKEY_LONG") ? "1000000" : "100000");
    struct machine_config config = {.kernel_path = LATCHKEY_BUILD_DIR "/kernel.elf",
                                    .disk_count = 1, .check = true};
    config.disks[0] = (struct machine_disk){.path = IMAGE, .read_only = true};
    config.console = transcript_sink(&transcript);
    cr_assert(machine_create(&machine, &config, &error), "%s", error.text);
    struct machine_until until = machine_until_never();
    struct machine_stop stop = machine_run(machine, &until);
    cr_assert_eq(stop.reason, MACHINE_STOP_POWER_OFF, "%s", transcript.text);
    cr_assert_eq(stop.code, 0, "%s", transcript.text);
    cr_assert(strstr(transcript.text, " 0 wrong"), "%s", transcript.text);
    machine_destroy(machine);
    (void)unlink(IMAGE);
}
