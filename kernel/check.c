/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.c - every module's own check, thing by thing. All at once: called by sched when the check
 * knob is set, and at restart. In pieces, between which domains run: called by checkpoint before
 * the header; then what can only be counted over all things at one moment is not compared. */
#include "kernel/check.h"

#include "kernel/checkpoint.h"
#include "kernel/depend.h"
#include "kernel/domain.h"
#include "kernel/meter.h"
#include "kernel/object.h"
#include "kernel/sched.h"
#include "kernel/space.h"
#include "kernel/table.h"

static struct {
    bool whole; /* all at once */
    unsigned stage;
    uint32_t index; /* of the thing that is next */
    uint64_t addr;  /* in it, where it was left; 0: it was not */
    uint64_t from;  /* the same of the one being checked */
} check;

bool check_is_whole(void)
{
    return check.whole;
}

uint64_t check_left_at(void)
{
    return check.from;
}

bool check_leaves(uint64_t addr)
{
    bool leaves = !check.whole && checkpoint_time_is_up();
    if (leaves)
        check.addr = addr;
    return leaves;
}

COLD bool check_some(void)
{
    static bool (*const stages[])(uint32_t index) = {
        check_node, object_check_page, check_domain, meter_check, table_check, space_check,
        depend_check};
    while (check.stage < sizeof(stages) / sizeof(stages[0])) {
        check.from = check.addr;
        check.addr = 0;
        if (!stages[check.stage](check.index)) {
            check.stage++;
            check.index = 0;
        } else if (check.addr == 0) {
            check.index++;
        }
        if (!check.whole && checkpoint_time_is_up())
            return false;
    }
    check.stage = 0;
    return true;
}

void check_all(void)
{
    check.stage = 0;
    check.index = 0;
    check.addr = 0;
    check.whole = true;
    while (!check_some())
        continue;
    sched_check();
    check.whole = false;
}
