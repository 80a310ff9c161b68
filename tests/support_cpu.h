/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_cpu.h - a hart with the smallest machine around it: firmware console, timer, power-off,
 * and one page of device registers. For tests and bench of the cpu alone.
 *
 * Who calls: tests/emulator_cpu*_test.c. Whom it calls: emulator/cpu.h.
 */
#ifndef LATCHKEY_TESTS_SUPPORT_CPU_H
#define LATCHKEY_TESTS_SUPPORT_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulator/cpu.h"

#define BENCH_ENTRY 0x80200000u
#define BENCH_TREE 0x82000000u /* a1 at start: no tree is there */
#define BENCH_DEVICE 0x10000000u
#define BENCH_DEVICE_BYTES 4096u
/* Registers of the device. The first 1024 bytes are memory. */
#define BENCH_DEVICE_IRQ 0x400u   /* write: level of the external line */
#define BENCH_DEVICE_STOP 0x408u  /* write: cpu_stop() */
#define BENCH_DEVICE_COUNT 0x410u /* read: instructions */
#define BENCH_DEVICE_FAULT 0x418u /* access fault */
#define BENCH_CONSOLE_BYTES 65536u
#define BENCH_REPORTS 64u

struct bench_cpu {
    struct cpu *cpu;
    uint8_t device[1024];
    char console[BENCH_CONSOLE_BYTES];
    size_t console_bytes;
    uint64_t timer; /* cycle; UINT64_MAX: off */
    bool powered_off;
    uint64_t reports[BENCH_REPORTS][4];
    unsigned report_count;
    /* DMA: at cycle dma_at, copy dma_bytes from dma_data to dma_addr, then call cpu_ram_written().
     */
    uint64_t dma_at, dma_addr;
    const uint8_t *dma_data;
    size_t dma_bytes;
};

/* bench_cpu_create - a hart and its surroundings; aborts when there is none. */
struct bench_cpu *bench_cpu_create(const struct cpu_config *config);
void bench_cpu_destroy(struct bench_cpu *bench);
/* bench_cpu_config - 128 MiB, everything else default. */
struct cpu_config bench_cpu_config(void);
/* bench_cpu_load - a guest program of the build, by name, at its entry; aborts when it is missing.
 */
void bench_cpu_load(struct bench_cpu *bench, const char *name);
/* bench_cpu_poke - bytes into guest memory, as a loader does. */
void bench_cpu_poke(struct bench_cpu *bench, uint64_t addr, const void *data, size_t size_bytes);
uint64_t bench_cpu_peek(struct bench_cpu *bench, uint64_t addr);
/* bench_cpu_digest - registers, position, and the first ram_bytes of RAM. */
uint64_t bench_cpu_digest(struct bench_cpu *bench, size_t ram_bytes);
/* bench_cpu_save, bench_cpu_load_state - everything, RAM included (its first ram_bytes). */
void bench_cpu_save(struct bench_cpu *bench, struct byte_writer *writer, size_t ram_bytes);
void bench_cpu_load_state(struct bench_cpu *bench, struct byte_reader *reader, size_t ram_bytes);

#endif
