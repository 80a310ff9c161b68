/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gauge_server.c - answers every message with the same code and nothing else. Argument 0: what it
 * takes (0 and 4 code and resume key, 1 three keys also, 2 a string in registers, 3 one in
 * memory). */
#include "disks/domains/gauge.h"
#include "disks/domains/rt/key.h"
#include "disks/domains/rt/slots.h"

static _Alignas(PAGE_BYTES) uint8_t buffer[STRING_BYTES_MAX];

int domain_main(uint64_t takes, uint64_t argument_1)
{
    static const uint64_t entries[] = {
        0, ENTRY_TAKES(0, 0) | ENTRY_TAKES(1, 1) | ENTRY_TAKES(2, 2),
        ENTRY_STRING(STRING_REGISTERS), ENTRY_STRING(STRING_MEMORY), 0};
    (void)argument_1;
    uint64_t entry = ENTRY_CODE | ENTRY_TAKES(3, SLOT_CALLER) | entries[takes];
    unsigned slot = SLOT_VOID;
    for (;;) {
        (void)gauge_exchange_buffers(INVOKE_RETURN, slot, GAUGE_RETURN + takes, 0, entry, NULL, 0,
                                     buffer, sizeof(buffer));
        slot = SLOT_CALLER;
    }
}
