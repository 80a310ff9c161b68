/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gauge.c - does each kind of call over and over, for bench/message_bench.c to count. Keys: 0..3
 * servers (gauge_server.c: plain, three keys, registers, memory), 4 keeper, 5 number, 6 node,
 * 8 a server with a meter of its own, power. Argument 0: how often. */
#include "disks/domains/gauge.h"

#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

enum { PLAIN, KEYS, REGISTERS, MEMORY, KEEPER, NUMBER, NODE, FETCHED, METERED };

static _Alignas(PAGE_BYTES) uint8_t text[STRING_BYTES_MAX];

static void calls_with_keys(void)
{
    uint64_t sent = 0;
    for (unsigned i = 0; i <= 3; i++) {
        (void)gauge_exchange(INVOKE_CALL, KEYS, GAUGE_CALL_KEYS_0 + i, sent, ENTRY_CODE);
        sent |= EXIT_SENDS(i, NUMBER + i);
    }
}

static void calls_with_strings(void)
{
    static const uint16_t lengths[] = {0, 64, 1024, STRING_BYTES_MAX};
    (void)gauge_exchange_buffers(INVOKE_CALL, REGISTERS, GAUGE_CALL_REGISTERS,
                                 EXIT_STRING(STRING_REGISTERS), ENTRY_CODE, NULL,
                                 STRING_REGISTER_BYTES, NULL, 0);
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
        (void)gauge_exchange_buffers(INVOKE_CALL, MEMORY, GAUGE_CALL_MEMORY_0 + i,
                                     EXIT_STRING(STRING_MEMORY), ENTRY_CODE, text, lengths[i],
                                     NULL, 0);
}

static void faults(void)
{
    volatile uint8_t *hole = (volatile uint8_t *)GAUGE_HOLE;
    hole[0] = 1; /* the keeper inserts a page */
    (void)gauge_exchange(INVOKE_CALL, KEEPER, GAUGE_REMOVE, 0, ENTRY_CODE);
    (void)gauge_exchange(INVOKE_CALL, KEEPER, GAUGE_INSERT, 0, ENTRY_CODE);
    hole[0] = 2; /* only the table entry is missing */
    (void)gauge_exchange(INVOKE_CALL, KEEPER, GAUGE_REMOVE, 0, ENTRY_CODE);
}

int domain_main(uint64_t rounds, uint64_t argument_1)
{
    (void)argument_1;
    for (uint64_t i = 0; i < rounds; i++) {
        (void)gauge_exchange(INVOKE_CALL, PLAIN, GAUGE_CALL, 0, ENTRY_CODE);
        (void)gauge_exchange(INVOKE_CALL, METERED, GAUGE_CALL_METER, 0, ENTRY_CODE);
        calls_with_keys();
        calls_with_strings();
        (void)gauge_exchange(INVOKE_CALL, NUMBER, GAUGE_DATA_KEY, 0, ENTRY_CODE);
        (void)gauge_exchange(INVOKE_CALL, NODE, NODE_FETCH + GAUGE_FETCH_SLOT, 0,
                             ENTRY_CODE | ENTRY_TAKES(0, FETCHED));
        faults();
    }
    (void)power_off(SLOT_POWER, 0);
    return 0;
}
