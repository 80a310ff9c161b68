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
    const char *text = ledger_panel_text(panel, 1, "wait");
    domain_expect(text, "        16        1 ", 1000000);
    domain_expect(text, "        21        1 ", 1000000);
    cr_expect_not_null(strstr(text, "CALL:start:any "), "%s", text);
    cr_expect_not_null(strstr(text, "       144 "), "a call with three keys: %s", text);
    char before[4096];
    (void)snprintf(before, sizeof(before), "%s", text);
    run_to(machine, 6100000);
    cr_expect_str_eq(ledger_panel_text(panel, LEDGER_PANEL_PERIOD_NS, "wait"), before, "not yet");
    text = ledger_panel_text(panel, LEDGER_PANEL_PERIOD_NS + 1, "wait");
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
    cr_expect_not_null(strstr(ledger_panel_text(panel, 1, "wait"), "power-on"));
    ledger_panel_close(panel);
    run_to(machine, 2500000);
    ledger_settle(ledger);
    cr_expect_eq(ledger_view(ledger).total.instructions, 2500000);
    ledger_close(ledger);
    machine_destroy(machine);
}

Test(panel, of_a_machine_that_stands_the_last_figures_stay_and_it_says_what_would_run_it)
{
    struct error error;
    struct ledger_panel *panel;
    struct machine *machine = machine_start();
    const uint64_t period = LEDGER_PANEL_PERIOD_NS;
    run_to(machine, 3000000);
    cr_assert(ledger_panel_open(&panel, machine, KERNEL, NULL, &error), "%s", error.text);
    cr_expect_str_eq(ledger_panel_text(panel, 1, "push"), "Nothing has run since F11: push\n");
    cr_expect_str_eq(ledger_panel_text(panel, 1 + period, "pull"),
                     "Nothing has run since F11: pull\n");
    run_to(machine, 6000000);
    char figures[4096];
    (void)snprintf(figures, sizeof(figures), "%s", ledger_panel_text(panel, 1 + 2 * period, ""));
    cr_expect_null(strstr(figures, "Nothing"), "%s", figures);
    domain_expect(figures, "        16        1 ", 1000000);
    for (unsigned i = 3; i < 5; i++) { /* and says it once */
        const char *text = ledger_panel_text(panel, 1 + i * period, "push");
        cr_expect_eq(strncmp(text, figures, strlen(figures)), 0, "%s", text);
        cr_expect_str_eq(text + strlen(figures), "\nNothing has run since: push\n");
    }
    run_to(machine, 6500000);
    cr_expect_null(strstr(ledger_panel_text(panel, 1 + 5 * period, ""), "Nothing"));
    ledger_panel_close(panel);
    machine_destroy(machine);
}

Test(panel, calls_nobody_so)
{
    struct error error;
    struct ledger_panel *panel;
    struct machine *machine = machine_start();
    cr_assert(ledger_panel_open(&panel, machine, KERNEL, NULL, &error), "%s", error.text);
    run_to(machine, 2000000);
    const char *text = ledger_panel_text(panel, 1, "");
    const char *line = strstr(text, "\n         -        - ");
    cr_assert_not_null(line, "power-on is on nobody's behalf: %s", text);
    const char *end = strchr(line + 1, '\n');
    cr_assert_not_null(end);
    cr_expect_eq(strncmp(end - 8, "  nobody", 8), 0, "%s", text);
    ledger_panel_close(panel);
    machine_destroy(machine);
}
