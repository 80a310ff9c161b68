/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_ledger_panel_test.c - the ledger in the window: what was done since the last look. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "emulator/record_identity.h"
#include "frontend/ledger_panel.h"

#define KERNEL LATCHKEY_BUILD_DIR "/kernel.elf"

static struct machine *machine_start(void)
{
    struct machine *machine;
    struct error error;
    const struct machine_config config = {
        .kernel_path = KERNEL,
        .disks = {{.path = LATCHKEY_BUILD_DIR "/shared-pingpong.img", .read_only = true}},
        .disk_count = 1};
    cr_assert(machine_create(&machine, &config, &error), "%s", error.text);
    return machine;
}

static void run_to(struct machine *machine, uint64_t instructions)
{
    struct machine_until until = machine_until_never();
    until.instructions = instructions;
    (void)machine_run(machine, &until);
}

/* The counts of a domain's line. */
static void domain_expect(const char *text, const char *start, unsigned long long least)
{
    unsigned long long user = 0, kernel = 0;
    const char *line = strstr(text, start);
    cr_assert_not_null(line, "%s", text);
    cr_assert_eq(sscanf(line + strlen(start), "%llu %llu", &user, &kernel), 2, "%s", line);
    cr_expect_geq(user + kernel, least, "%s", text);
}

Test(panel, shows_what_was_done_since_the_last_look_and_changes_nothing)
{
    struct error error;
    struct ledger_panel *panel;
    struct machine *plain = machine_start(), *machine = machine_start();
    run_to(machine, 3000000);
    cr_assert(ledger_panel_open(&panel, machine, KERNEL, NULL, &error), "%s", error.text);
    run_to(machine, 6000000);
    const char *text = ledger_panel_text(panel, 1);
    domain_expect(text, "        16        1 ", 1000000);
    domain_expect(text, "        21        1 ", 1000000);
    cr_expect_not_null(strstr(text, "CALL:start:any "), "%s", text);
    cr_expect_not_null(strstr(text, "       144 "), "a call with three keys: %s", text);
    char before[4096];
    (void)snprintf(before, sizeof(before), "%s", text);
    run_to(machine, 6100000);
    cr_expect_str_eq(ledger_panel_text(panel, LEDGER_PANEL_PERIOD_NS), before, "not yet");
    text = ledger_panel_text(panel, LEDGER_PANEL_PERIOD_NS + 1);
    cr_expect_str_neq(text, before);
    unsigned long long user = 0, kernel_insn = 0;
    const char *line = strstr(text, "        16        1 ");
    cr_assert_not_null(line, "%s", text);
    cr_assert_eq(sscanf(line, "%*u %*u %llu %llu", &user, &kernel_insn), 2);
    cr_expect_lt(user + kernel_insn, 100000, "only what came since: %s", text);
    ledger_panel_close(panel);
    run_to(machine, 7000000);
    run_to(plain, 7000000);
    cr_expect(digest_equal(machine_digest(plain), machine_digest(machine)));
    machine_destroy(plain);
    machine_destroy(machine);
}

Test(panel, looks_at_a_ledger_that_is_there)
{
    struct error error;
    struct ledger_panel *panel;
    struct ledger *ledger;
    struct machine *machine = machine_start();
    cr_assert(ledger_open(&ledger, machine, KERNEL, NULL, &error), "%s", error.text);
    cr_assert(ledger_panel_open(&panel, machine, KERNEL, ledger, &error), "%s", error.text);
    run_to(machine, 2000000);
    cr_expect_not_null(strstr(ledger_panel_text(panel, 1), "power-on"));
    ledger_panel_close(panel);
    run_to(machine, 2500000);
    ledger_settle(ledger);
    cr_expect_eq(ledger_view(ledger).total.instructions, 2500000);
    ledger_close(ledger);
    machine_destroy(machine);
}
