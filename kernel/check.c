/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.c - calls every module's own check. Called by sched when the check knob is set, and at
 * restart. */
#include "kernel/check.h"

#include "kernel/depend.h"
#include "kernel/domain.h"
#include "kernel/meter.h"
#include "kernel/object.h"
#include "kernel/sched.h"
#include "kernel/space.h"
#include "kernel/table.h"

void check_all(void)
{
    object_check();
    domain_check();
    check_nodes();
    sched_check();
    meter_check();
    table_check();
    space_check();
    depend_check();
}
