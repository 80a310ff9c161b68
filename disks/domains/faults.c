/* SPDX-License-Identifier: GPL-2.0-or-later */
/* faults.c - has faulty trap in every way and checks what its keeper made of it; powers off, with
 * code 0 if all was right. Keys: 0 faulty, 1 its keeper (for questions), power, console. */
#include <stdio.h>

#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

#define SLOT_FAULTY 0u
#define SLOT_KEEPER 1u

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    struct keeper_report report = {0};
    unsigned bad = 0;
    for (uint64_t kind = 0; kind < FAULT_KIND_COUNT; kind++) {
        uint64_t value, code = faulty_run(SLOT_FAULTY, kind, &value);
        bool good = code == (kind == FAULT_STACK ? RC_NOT_THERE : RC_OK);
        printf("faults: %lu answered 0x%lx: %s\n", kind, value, good ? "good" : "wrong");
        bad += !good;
    }
    uint64_t code = keeper_report(SLOT_KEEPER, &report);
    bad += code != RC_OK || report.trap_count != FAULT_KIND_COUNT || report.restart_count != 1;
    printf("faults: %lu traps, %lu restarts, %u wrong\n", report.trap_count, report.restart_count,
           bad);
    (void)power_off(SLOT_POWER, bad != 0);
    return 0;
}
