/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_cpu.c - see support_cpu.h. One cycle is one tick of `time`. */
#include "tests/support_cpu.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/pack.h"
#include "tests/guest/guest.h"

static void timer_aim(struct bench_cpu *bench)
{
    cpu_deadline_set(bench->cpu, bench->timer < bench->dma_at ? bench->timer : bench->dma_at);
}

static bool device_read(void *context, uint64_t addr, unsigned size_bytes, uint64_t *value)
{
    struct bench_cpu *bench = context;
    uint64_t offset = addr - BENCH_DEVICE;
    *value = 0;
    if (offset == BENCH_DEVICE_COUNT)
        *value = cpu_instructions(bench->cpu);
    else if (offset <= sizeof(bench->device) - size_bytes)
        memcpy(value, bench->device + offset, size_bytes);
    else
        return false;
    return true;
}

static bool device_write(void *context, uint64_t addr, unsigned size_bytes, uint64_t value)
{
    struct bench_cpu *bench = context;
    uint64_t offset = addr - BENCH_DEVICE;
    if (offset == BENCH_DEVICE_IRQ)
        cpu_irq_set(bench->cpu, CPU_IRQ_EXTERNAL, value != 0);
    else if (offset == BENCH_DEVICE_STOP)
        cpu_stop(bench->cpu);
    else if (offset <= sizeof(bench->device) - size_bytes)
        memcpy(bench->device + offset, &value, size_bytes);
    else
        return false;
    return true;
}

static void console_put(struct bench_cpu *bench, char byte)
{
    if (bench->console_bytes + 1 < sizeof(bench->console))
        bench->console[bench->console_bytes++] = byte;
}

static void firmware(void *context, const uint64_t args[8], uint64_t result[2])
{
    struct bench_cpu *bench = context;
    switch (args[7]) {
    case SBI_PUT_CHAR:
        console_put(bench, (char)args[0]);
        result[0] = 0;
        break;
    case SBI_SET_TIMER:
        bench->timer = args[0];
        cpu_irq_set(bench->cpu, CPU_IRQ_TIMER, false);
        timer_aim(bench);
        result[0] = 0;
        break;
    case SBI_SRST:
        bench->powered_off = true;
        cpu_stop(bench->cpu);
        break;
    case SBI_REPORT:
        if (bench->report_count < BENCH_REPORTS)
            memcpy(bench->reports[bench->report_count++], args, 4 * sizeof(args[0]));
        break;
    default:
        result[0] = (uint64_t)-2; /* SBI_ERR_NOT_SUPPORTED */
        break;
    }
}

static uint64_t clock_read(void *context)
{
    struct bench_cpu *bench = context;
    return cpu_cycles(bench->cpu);
}

static void deadline(void *context)
{
    struct bench_cpu *bench = context;
    uint64_t now = cpu_cycles(bench->cpu);
    if (now >= bench->timer) {
        bench->timer = UINT64_MAX;
        cpu_irq_set(bench->cpu, CPU_IRQ_TIMER, true);
    }
    if (now >= bench->dma_at) {
        bench->dma_at = UINT64_MAX;
        bench_cpu_poke(bench, bench->dma_addr, bench->dma_data, bench->dma_bytes);
    }
    timer_aim(bench);
}

static bool idle(void *context)
{
    struct bench_cpu *bench = context;
    uint64_t now = cpu_cycles(bench->cpu);
    uint64_t next = bench->timer < bench->dma_at ? bench->timer : bench->dma_at;
    if (next == UINT64_MAX)
        return false;
    if (next > now)
        cpu_stall(bench->cpu, next - now);
    deadline(bench);
    return true;
}

struct cpu_config bench_cpu_config(void)
{
    return (struct cpu_config){.ram_base = 0x80000000u, .ram_bytes = 128u << 20};
}

struct bench_cpu *bench_cpu_create(const struct cpu_config *config)
{
    struct bench_cpu *bench = calloc(1, sizeof(*bench));
    assert(bench);
    bench->timer = bench->dma_at = UINT64_MAX;
    const struct cpu_bus bus = {.context = bench,
                                .read = device_read,
                                .write = device_write,
                                .sbi_call = firmware,
                                .time = clock_read,
                                .deadline = deadline,
                                .idle = idle};
    struct error error;
    if (!cpu_create(&bench->cpu, config, &bus, &error)) {
        (void)fprintf(stderr, "%s\n", error.text);
        abort();
    }
    return bench;
}

void bench_cpu_destroy(struct bench_cpu *bench)
{
    if (!bench)
        return;
    cpu_destroy(bench->cpu);
    free(bench);
}

void bench_cpu_poke(struct bench_cpu *bench, uint64_t addr, const void *data, size_t size_bytes)
{
    memcpy(cpu_ram(bench->cpu) + (addr - 0x80000000u), data, size_bytes);
    cpu_ram_written(bench->cpu, addr, size_bytes);
}

uint64_t bench_cpu_peek(struct bench_cpu *bench, uint64_t addr)
{
    return load_u64(cpu_ram(bench->cpu) + (addr - 0x80000000u));
}

void bench_cpu_load(struct bench_cpu *bench, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/guest/%s.bin", LATCHKEY_BUILD_DIR, name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        (void)fprintf(stderr, "%s: missing; build the target guests\n", path);
        abort();
    }
    size_t room = cpu_ram_bytes(bench->cpu) - (BENCH_ENTRY - 0x80000000u);
    size_t size_bytes = fread(cpu_ram(bench->cpu) + (BENCH_ENTRY - 0x80000000u), 1, room, file);
    (void)fclose(file);
    assert(size_bytes > 0);
    cpu_ram_written(bench->cpu, BENCH_ENTRY, size_bytes);
    cpu_reset(bench->cpu, BENCH_ENTRY, 0, BENCH_TREE);
}

uint64_t bench_cpu_digest(struct bench_cpu *bench, size_t ram_bytes)
{
    struct byte_writer writer = {0};
    cpu_save(bench->cpu, &writer);
    uint64_t digest = hash64(writer.data, writer.size_bytes);
    writer_finish(&writer);
    return digest ^ hash64(cpu_ram(bench->cpu), ram_bytes);
}

void bench_cpu_save(struct bench_cpu *bench, struct byte_writer *writer, size_t ram_bytes)
{
    cpu_save(bench->cpu, writer);
    write_u64(writer, bench->timer);
    write_u64(writer, bench->dma_at);
    write_bytes(writer, cpu_ram(bench->cpu), ram_bytes);
}

void bench_cpu_load_state(struct bench_cpu *bench, struct byte_reader *reader, size_t ram_bytes)
{
    cpu_load(bench->cpu, reader);
    bench->timer = read_u64(reader);
    bench->dma_at = read_u64(reader);
    read_bytes(reader, cpu_ram(bench->cpu), ram_bytes);
    cpu_ram_written(bench->cpu, 0x80000000u, ram_bytes);
    assert(!reader->failed);
    timer_aim(bench);
}
