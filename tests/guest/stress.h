/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stress.h - what the kernels of random programs (stress.c, turns.c) and the tests that feed them
 * agree on: addresses and calls only. */
#ifndef LATCHKEY_TESTS_GUEST_STRESS_H
#define LATCHKEY_TESTS_GUEST_STRESS_H

/* Physical. RAM of 32 MiB is enough. */
#define STRESS_PARAMETERS 0x81400000u
#define STRESS_CODE 0x81500000u
#define STRESS_DATA 0x81600000u
#define STRESS_SPARE 0x81700000u
#define STRESS_DEVICE 0x10000000u
#define STRESS_PAGES_MAX 64u
#define STRESS_PROGRAMS 2u
#define STRESS_PROGRAM_BYTES (STRESS_PAGES_MAX * 4096u) /* from one program's pages to the next's */

/* Virtual, in U-mode. The alias is the code again, writable and not executable. */
#define STRESS_CODE_ADDR 0x10000000u
#define STRESS_ALIAS_ADDR 0x18000000u
#define STRESS_DATA_ADDR 0x20000000u
#define STRESS_DEVICE_ADDR 0x30000000u

/* ecall: a7 */
#define STRESS_CALL_END 93u
#define STRESS_CALL_UNMAP 65u
#define STRESS_CALL_SOFT 66u

/* Of turns.c only. */
#define STRESS_CALL_YIELD 67u    /* the other program's turn */
#define STRESS_CALL_MOVE 68u     /* one of its code pages moves to other memory */
#define STRESS_CALL_SLEEP 69u    /* the kernel waits for an interrupt */
#define STRESS_CALL_DIRTY 70u    /* accessed and dirty bits off, here and there */
#define STRESS_CALL_LOOK 71u     /* the kernel writes to a data page by its user address */
#define STRESS_CALL_COUNTERS 72u /* which counters may be read changes */

/* Words at STRESS_PARAMETERS. */
enum stress_parameter {
    STRESS_CODE_PAGES,
    STRESS_DATA_PAGES,
    STRESS_UNMAP_EVERY, /* page faults between two unmappings; 0: never */
    STRESS_TICK,        /* cycles between timer interrupts, about; 0: no timer */
    STRESS_PARAMETER_COUNT
};

/* The same for turns.c; the pages are those of each program. */
enum turns_parameter {
    TURNS_CODE_PAGES,
    TURNS_DATA_PAGES,
    TURNS_UNMAP_EVERY,
    TURNS_TICK,
    TURNS_EVERY,      /* traps between two changes of program, about */
    TURNS_ASIDS,      /* 0: both spaces have the same, and changing flushes */
    TURNS_PRIVILEGED, /* bit i: program i runs in S-mode */
    TURNS_SHARE_CODE, /* 1: program 1 runs the code of program 0, in the same memory */
    TURNS_FLOAT_OFF,  /* traps between two losses of the floating point unit, about; 0: never */
    TURNS_PARAMETER_COUNT
};

#endif
