/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domains_matrix_test.c - every call that there is, on the machine (disks/domains/matrix): a part
 * of all cases, each order of each key among them; all with LATCHKEY_LONG=1. With the kernel
 * checking itself, and with amnesia, where it has forgotten everything at each exit. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disks/make.h"
#include "emulator/base/input_file.h"
#include "emulator/machine.h"

#define RECIPE LATCHKEY_SOURCE_DIR "/disks/recipes/matrix.recipe"
#define ARGUMENT "argument 1 0" /* of the driver: cases left out between two */

struct transcript {
    char text[8192];
    size_t length;
};

static void transcript_put(void *context, const uint8_t *data, size_t size_bytes)
{
    struct transcript *transcript = context;
    for (size_t i = 0; i < size_bytes && transcript->length + 1 < sizeof(transcript->text); i++)
        transcript->text[transcript->length++] = (char)data[i];
}

static void image_make(unsigned left_out, const char *path)
{
    struct error error;
    uint8_t *text;
    size_t size_bytes;
    struct recipe *recipe = calloc(1, sizeof(*recipe));
    cr_assert(input_read(RECIPE, 1u << 16, &text, &size_bytes, &error), "%s", error.text);
    char *at = strstr((char *)text, ARGUMENT), *changed = calloc(1, size_bytes + 32);
    cr_assert_not_null(at);
    (void)sprintf(changed, "%.*sargument 1 %u%s", (int)(at - (char *)text), (char *)text, left_out,
                  at + strlen(ARGUMENT));
    cr_assert(recipe_parse(recipe, RECIPE, changed, &error), "%s", error.text);
    cr_assert(make_image(recipe, path, &error), "%s", error.text);
    free(changed);
    free(text);
    free(recipe);
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
    config.console = (struct console_sink){&transcript, transcript_put};
    cr_assert(machine_create(&machine, &config, &error), "%s", error.text);
    struct machine_until until = machine_until_never();
    struct machine_stop stop = machine_run(machine, &until);
    transcript.text[transcript.length] = '\0';
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
