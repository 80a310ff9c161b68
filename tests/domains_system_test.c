/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domains_system_test.c - the domains that make it a system, on the machine: each image holds them
 * and a domain that tests them, which counts what was wrong. Plainly with the kernel checking
 * itself, and with amnesia: all that the kernel caches is dropped at every exit. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "emulator/machine.h"

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

/* Run an image of the build until it powers off; its last line is to say this. */
static void expect_run(const char *name, bool amnesia, const char *last)
{
    struct transcript transcript = {.length = 0};
    struct machine *machine;
    struct error error;
    char path[512];
    snprintf(path, sizeof(path), "%s/shared-%s.img", LATCHKEY_BUILD_DIR, name);
    struct machine_config config = {.kernel_path = LATCHKEY_BUILD_DIR "/kernel.elf",
                                    .disk_count = 1, .check = !amnesia, .amnesia = amnesia};
    config.disks[0] = (struct machine_disk){.path = path, .read_only = true};
    config.console = (struct console_sink){&transcript, transcript_put};
    cr_assert(machine_create(&machine, &config, &error), "%s", error.text);
    struct machine_until until = machine_until_never();
    struct machine_stop stop = machine_run(machine, &until);
    transcript.text[transcript.length] = '\0';
    cr_expect_eq(stop.reason, MACHINE_STOP_POWER_OFF, "%s: %s", name, transcript.text);
    cr_expect_eq(stop.code, 0, "%s: %s", name, transcript.text);
    cr_expect(strstr(transcript.text, last), "%s: %s", name, transcript.text);
    machine_destroy(machine);
}

Test(system, the_space_bank_keeps_its_protocol)
{
    expect_run("bank", false, "bank: 525 claims, 0 wrong");
    expect_run("bank", true, "bank: 525 claims, 0 wrong");
}
