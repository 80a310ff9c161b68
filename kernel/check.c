/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.c - every module's own check, thing by thing. All at once: called by sched when the check
 * knob is set, and at restart. In pieces, between which domains run: called by checkpoint before
 * the header; then what can only be counted over all things at one moment is not compared. */
#include "kernel/check.h"

#include "kernel/checkpoint.h"
#include "kernel/depend.h"
#include "kernel/meter.h"
#include "kernel/object.h"
#include "kernel/sched.h"
#include "kernel/space.h"
#include "kernel/table.h"

struct checking checking;

bool check_leaves(uint64_t addr)
{
    bool leaves = !checking.whole && checkpoint_time_is_up();
    if (leaves)
        checking.addr = addr;
    return leaves;
}

COLD bool check_some(void)
{
    static bool (*const stages[])(uint32_t index) = {
        check_node, object_check_page, check_domain, meter_check, table_check, space_check,
        depend_check};
    while (checking.stage < sizeof(stages) / sizeof(stages[0])) {
        checking.from = checking.addr;
        checking.addr = 0;
        if (!stages[checking.stage](checking.index)) {
            checking.stage++;
            checking.index = 0;
        } else if (checking.addr == 0) {
            checking.index++;
        }
        if (!checking.whole && checkpoint_time_is_up())
            return false;
    }
    checking.stage = 0;
    return true;
}

void check_all(void)
{
    checking = (struct checking){.whole = true};
    while (!check_some())
        continue;
    sched_check();
    checking.whole = false;
}
