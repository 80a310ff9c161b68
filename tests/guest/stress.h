/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stress.h - what the stress kernel and the test that feeds it agree on: addresses only. */
#ifndef LATCHKEY_TESTS_GUEST_STRESS_H
#define LATCHKEY_TESTS_GUEST_STRESS_H

/* Physical. RAM of 32 MiB is enough. */
#define STRESS_PARAMETERS 0x81400000u
#define STRESS_CODE 0x81500000u
#define STRESS_DATA 0x81600000u
#define STRESS_DEVICE 0x10000000u
#define STRESS_PAGES_MAX 64u

/* Virtual, in U-mode. The alias is the code again, writable and not executable. */
#define STRESS_CODE_ADDR 0x10000000u
#define STRESS_ALIAS_ADDR 0x18000000u
#define STRESS_DATA_ADDR 0x20000000u
#define STRESS_DEVICE_ADDR 0x30000000u

/* ecall: a7 */
#define STRESS_CALL_END 93u
#define STRESS_CALL_UNMAP 65u
#define STRESS_CALL_SOFT 66u

/* Words at STRESS_PARAMETERS. */
enum stress_parameter {
    STRESS_CODE_PAGES,
    STRESS_DATA_PAGES,
    STRESS_UNMAP_EVERY, /* page faults between two unmappings; 0: never */
    STRESS_TICK,        /* cycles between timer interrupts, about; 0: no timer */
    STRESS_PARAMETER_COUNT
};

#endif
