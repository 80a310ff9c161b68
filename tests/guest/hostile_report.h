/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostile_report.h - a malicious driver: what the guest program hostile.elf and its harness
 * (tests/emulator_hostile_test.c) agree on.
 *
 * The program wants 64 MiB of RAM. The lower half holds the program and a canary pattern that the
 * harness lays and checks; nothing there is ever given to a device to write. The upper half is
 * everybody's: rings, requests, buffers, page tables and code.
 *
 * Invariant: no byte that the program stores in the upper half is 0x80, 0x81 or 0x20, but for ring
 * indices, page tables and code. So however devices copy, shift and tear what lies there, no word
 * comes out as an address in the lower half, nor as a page table entry for it, and every change of
 * the canary is the machine's fault.
 */
#ifndef LATCHKEY_TESTS_GUEST_HOSTILE_REPORT_H
#define LATCHKEY_TESTS_GUEST_HOSTILE_REPORT_H

#include <stdint.h>

#include "devices/board.h"

#define HOSTILE_RAM_BYTES (64u << 20)
#define HOSTILE_RAM_END (BOARD_RAM_BASE + HOSTILE_RAM_BYTES)
#define HOSTILE_REPORT 0x81000000u       /* struct hostile_report */
#define HOSTILE_CANARY_FIRST 0x81100000u /* up to the upper half */
#define HOSTILE_UPPER_HALF 0x82000000u
#define HOSTILE_DISK_SECTORS 4096u
#define HOSTILE_DISK_COUNT 3u /* instant; ssd; hdd, write-through; slot 3 is empty */

enum hostile_failure {
    HOSTILE_NO_FAILURE,
    HOSTILE_WRONG_TRAP,    /* detail: cause in the top byte, pc; detail_more: stval */
    HOSTILE_TEXT_CHANGED,  /* the program itself was overwritten */
    HOSTILE_STALE_CODE,    /* code that DMA replaced was run: detail: its answer */
    HOSTILE_DISK_UNUSABLE, /* after a reset; detail: slot */
    HOSTILE_DISK_WRONG,    /* what was written is not what is read; detail: slot */
    HOSTILE_SLOT_UNUSABLE, /* detail: slot */
};

/* The harness writes the first three words before the start; the program the others.
 *
 * settled   page tables are left alone while they are in use. Else the hart may go on with what
 *           they said before, for as long as the architecture allows: that is no part of its
 *           state, and ends when it is saved and loaded.
 */
struct hostile_report {
    uint64_t seed, steps, settled;
    uint64_t done, finished;
    uint64_t failure, detail, detail_more;
    uint64_t accesses, faults;            /* to devices and holes; those that trapped */
    uint64_t offered, used, broken;       /* buffers; buffers given back; devices seen broken */
    uint64_t user_runs, user_traps;       /* of code and tables that DMA rewrites */
    uint64_t interrupts, swaps, firmware; /* swaps: of running code by DMA */
};

#endif
