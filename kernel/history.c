/* SPDX-License-Identifier: GPL-2.0-or-later */
/* history.c - a ring of the last invocations. Called by entry.c for each call, and by panic().
 *
 * Invariants
 *  1. history_print() reads only what is there whatever else is broken: the ring, and the root of
 *     the current domain.
 */
#include "kernel/history.h"

#include "kernel/arch/arch.h"
#include "kernel/orders.h"
#include "kernel/print.h"
#include "kernel/sched.h"

static struct {
    struct history_line lines[HISTORY_LINES];
    uint32_t next;
} history;

#define TYPE_NAME(name, class, number, weakened) [KEY_##name] = #name,
static const char type_names[KEY_TYPE_COUNT][13] = {ORDER_TYPES(TYPE_NAME)};

struct history_line *history_begin(const struct domain *domain)
{
    const uint64_t *a = &domain->registers[REGISTER_A0];
    struct history_line *line = &history.lines[history.next++ % HISTORY_LINES];
    line->root_id = domain->root->object_id;
    line->exit = a[1];
    line->head = domain->keys->slots[EXIT_SLOT(a[1])].head;
    line->order = a[0];
    line->outcome = HISTORY_UNDER_WAY;
    line->cycles = arch_cycles();
    return line;
}

void history_end(struct history_line *line, const struct domain *domain)
{
    line->cycles = arch_cycles() - line->cycles;
    line->code = domain->registers[REGISTER_A0];
    line->outcome = domain->state != DOMAIN_RUNNING  ? HISTORY_WAITS
                    : domain->root == sched.current ? HISTORY_RETURNED
                                                     : HISTORY_STALLED;
}

COLD static void line_print(const struct history_line *line)
{
    static const char kinds[][7] = {"?", "CALL", "RETURN", "FORK"};
    static const char outcomes[][10] = {"under way", "code", "waits", "stalled"};
    unsigned type = line->head & 0xff;
    bool ended = line->outcome != HISTORY_UNDER_WAY;
    print_line(" domain %lu, slot %u: %s %lu.%u, %s 0x%lx: %s 0x%lx, %lu cycles", line->root_id,
               EXIT_SLOT(line->exit), type < KEY_TYPE_COUNT ? type_names[type] : "?",
               line->head >> 16, (uint8_t)(line->head >> 8), kinds[EXIT_KIND(line->exit)],
               line->order, outcomes[line->outcome],
               line->outcome == HISTORY_RETURNED ? line->code : 0,
               ended ? line->cycles : arch_cycles() - line->cycles);
}

COLD void history_print(void)
{
    const struct node_frame *root = sched.current;
    if (!root)
        print_line("no domain is current");
    else /* pc 0x0: it is not decoded */
        print_line("current: domain %lu, pc 0x%lx", root->object_id,
                   root->gate->registers[REGISTER_PC]);
    for (uint32_t i = 1; i <= HISTORY_LINES; i++) {
        const struct history_line *line = &history.lines[(history.next - i) % HISTORY_LINES];
        if (line->root_id)
            line_print(line);
    }
}
