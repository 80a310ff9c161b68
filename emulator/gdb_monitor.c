/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb_monitor.c - the commands of `monitor`. Called through gdb_machine_ops(); calls the machine,
 * the ledger and export.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/base/text.h"
#include "emulator/export.h"
#include "emulator/gdb_machine_state.h"
#include "emulator/ledger_path.h"
#include "kernel/abi.h"
#include "kernel/arch/offsets.h"

#define LEDGER_ROWS 20u
#define KEY_BYTES (1u << KEY_SHIFT)
#define HEAD_TYPE 0xffu
#define HEAD_DATA_BYTE_SHIFT 8
#define HEAD_OBJECT_SHIFT 16 /* kernel/key.h */

static void help(struct gdb_machine *target, const char *rest, struct byte_writer *text)
{
    (void)target;
    (void)rest;
    text_add(text, "monitor when           where the machine stands\n"
                   "monitor phase          what the kernel's checkpoint is doing\n"
                   "monitor at insn=N      the next continue or reverse-continue stops there, too\n"
                   "monitor power-cut      pull the plug, and start again from the disks\n"
                   "monitor digest         of the whole machine\n"
                   "monitor domains        the domains that the kernel has in its cache\n"
                   "monitor keys DOMAIN    the keys that a domain holds\n"
                   "monitor ledger         where instructions went since it was asked first\n"
                   "monitor phys, virt     addresses of memory are physical, or virtual again\n");
}

static void when(struct gdb_machine *target, const char *rest, struct byte_writer *text)
{
    struct machine_position here = machine_position(target->machine);
    const struct timeline *timeline = target->config.timeline;
    (void)rest;
    text_add(text, "instruction %llu, event %llu, cycle %llu, %llu ns\n",
             (unsigned long long)here.instructions, (unsigned long long)here.events,
             (unsigned long long)here.cycles,
             (unsigned long long)machine_time_ns(target->machine));
    if (timeline)
        text_add(text, "the history goes from instruction %llu to %llu\n",
                 (unsigned long long)timeline_begin(timeline),
                 (unsigned long long)timeline_end(timeline));
    if (*target->fault)
        text_add(text, "it cannot go on: %s\n", target->fault);
}

static void phase(struct gdb_machine *target, const char *rest, struct byte_writer *text)
{
    struct machine_stats stats = machine_stats(target->machine);
    (void)rest;
    text_add(text, "phase %s, generation %llu\n",
             stats.phase ? machine_phase_name(stats.phase) : "none",
             (unsigned long long)stats.generation);
}

static void at(struct gdb_machine *target, const char *rest, struct byte_writer *text)
{
    uint64_t number, here = machine_instructions(target->machine);
    if (strncmp(rest, "insn=", 5) != 0 || !text_number(rest + 5, &number)) {
        text_add(text, "expected insn=N\n");
        return;
    }
    if (number == here || (number < here && !target->config.timeline)) {
        text_add(text, "it stands at instruction %llu\n", (unsigned long long)here);
        return;
    }
    target->at = number;
    text_add(text, "%s goes to instruction %llu, or stops before\n",
             number > here ? "continue" : "reverse-continue", (unsigned long long)number);
}

static void power_cut(struct gdb_machine *target, const char *rest, struct byte_writer *text)
{
    struct error error;
    (void)rest;
    if (!target->config.power_cut)
        text_add(text, "what is recorded has happened; there is no other power cut in it\n");
    else if (target->config.power_cut(target->config.context, &error))
        text_add(text, "the power failed and is back; now type: maintenance flush register-cache\n"
                       "(gdb remembers registers)\n");
    else
        text_add(text, "%s\n", error.text);
}

static void digest(struct gdb_machine *target, const char *rest, struct byte_writer *text)
{
    char words[33];
    (void)rest;
    digest_text(machine_digest(target->machine), words);
    text_add(text, "%s\n", words);
}

static void domains(struct gdb_machine *target, const char *rest, struct byte_writer *text)
{
    (void)rest;
    struct gdb_thread *threads = memory_zeroed(GDB_THREADS_MAX, sizeof(*threads));
    size_t count = domains_list(target, threads, GDB_THREADS_MAX);
    for (size_t i = 0; i < count; i++)
        text_add(text, "%s\n", threads[i].name);
    free(threads);
}

static void key_print(struct gdb_machine *target, uint64_t node, unsigned slot,
                      struct byte_writer *text)
{
    uint64_t words[2] = {0, 0}; /* head, count */
    uint64_t addr = node + NODE_SLOT + (uint64_t)slot * KEY_BYTES;
    if (!kernel_read(target, addr, words, sizeof(words)) || (words[0] == 0 && words[1] == 0))
        return;
    uint64_t type = words[0] & HEAD_TYPE;
    text_add(text, "%2u  at 0x%llx  ", slot, (unsigned long long)addr);
    if (type == KEY_DATA)
        text_add(text, "data 0x%llx\n", (unsigned long long)words[1]);
    else
        text_add(text, "%s, data byte 0x%02llx, object %llu, count %llu\n",
                 type < KEY_TYPE_COUNT ? ledger_key_name((unsigned)type) : "?",
                 (unsigned long long)(words[0] >> HEAD_DATA_BYTE_SHIFT & 0xff),
                 (unsigned long long)(words[0] >> HEAD_OBJECT_SHIFT),
                 (unsigned long long)words[1]);
}

static void keys(struct gdb_machine *target, const char *rest, struct byte_writer *text)
{
    uint64_t id = domain_id(target), node = 0;
    char called[NAMES_DOMAIN_BYTES];
    if (*rest && !text_number(rest, &id)) {
        text_add(text, "expected the number of a domain; see monitor domains\n");
        return;
    }
    uint64_t domain = domain_of(target, id);
    if (!domain || !kernel_read(target, domain + DOMAIN_KEYS, &node, sizeof(node))) {
        text_add(text, "no such domain is in the kernel's cache\n");
        return;
    }
    names_domain(&target->names, id, called);
    text_add(text, "keys of %s, slot by slot; the others are zero\n", called);
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++)
        key_print(target, node, slot, text);
}

static void ledger(struct gdb_machine *target, const char *rest, struct byte_writer *text)
{
    struct error error;
    (void)rest;
    if (target->config.profiled) {
        text_add(text, "the run has a ledger already, which is written at its end\n");
    } else if (!target->ledger) {
        if (ledger_open(&target->ledger, target->machine, target->config.kernel_path, NULL,
                        &error))
            text_add(text, "from here on there is a ledger, until the run goes back; ask again"
                           " later\n");
        else
            text_add(text, "%s\n", error.text);
    } else {
        ledger_settle(target->ledger);
        struct ledger_view view = ledger_view(target->ledger);
        export_table(&view, LEDGER_ROWS, text);
    }
}

bool monitor_answer(void *context, const char *words, struct byte_writer *text)
{
    static const struct {
        const char *name;
        void (*answer)(struct gdb_machine *target, const char *rest, struct byte_writer *text);
    } commands[] = {{"help", help},           {"when", when},       {"phase", phase},
                    {"at", at},               {"power-cut", power_cut}, {"digest", digest},
                    {"domains", domains},     {"keys", keys},       {"ledger", ledger}};
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        size_t length = strlen(commands[i].name);
        if (strncmp(words, commands[i].name, length) != 0 ||
            (words[length] != '\0' && words[length] != ' '))
            continue;
        const char *rest = words + length;
        commands[i].answer(context, rest + strspn(rest, " "), text);
        return true;
    }
    return false;
}
