/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine.c - puts cpu, bus, devices, disks and clock together, and runs them.
 *
 * Called by frontend, bench and tests (machine.h). Calls cpu, bus, loader, disk_file, sbi; is
 * called back by the cpu (struct cpu_bus), by the devices (struct device_env) and by sbi (struct
 * sbi_host).
 *
 * Invariants
 *  1. The cpu's deadline is never later than the earliest of: SBI timer, device deadlines, queued
 *     input, until. Whoever moves one of these calls machine_deadline_renew().
 *  2. Inside one run, time moves only by instructions, stalls, and idle skips to the next deadline.
 */
#include "emulator/machine.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/uart.h"
#include "devices/virtio_block.h"
#include "emulator/base/memory.h"
#include "emulator/clock.h"
#include "emulator/machine_state.h"

#define DISPLAY_WIDTH_DEFAULT 1024u
#define DISPLAY_HEIGHT_DEFAULT 768u
/* The insn timing model's stated costs: a trap empties a short in-order pipeline and redirects
 * fetch (5 stages twice); a device access crosses an uncached bus; a firmware call is a trap into
 * M-mode and back. */
#define TRAP_CYCLES 10u
#define DEVICE_CYCLES 20u
#define SBI_CYCLES 100u
/* 2026-01-01 00:00:00 UTC, plus the seed's low bits in seconds: the calendar at power-on. */
#define CALENDAR_BASE_SECONDS 1767225600ull
#define CALENDAR_SEED_MASK 0xffffull

static uint64_t now_ns(void *context)
{
    struct machine *machine = context;
    return clock_ns(cpu_cycles(machine->cpu), machine->clock_hz);
}

static void *device(struct machine *machine, unsigned index)
{
    return machine->bus.states[index];
}

static uint64_t earlier(uint64_t left, uint64_t right)
{
    return left < right ? left : right;
}

void machine_deadline_renew(struct machine *machine)
{
    uint64_t ns = earlier(bus_deadline_ns(&machine->bus), input_queue_next_ns(&machine->inputs));
    uint64_t cycle = clock_cycles_at_ns(ns, machine->clock_hz);
    cycle = earlier(cycle, machine->timer_cycle);
    cpu_deadline_set(machine->cpu, earlier(cycle, machine->until_cycle));
}

static void stop(struct machine *machine, enum machine_stop_reason reason, int code)
{
    if (machine->stopping)
        return;
    machine->stopping = true;
    machine->stop = (struct machine_stop){.reason = reason, .code = code};
    cpu_stop(machine->cpu);
}

/* The guest is done: this machine does not run on by itself, now or after a load. */
static void end(struct machine *machine, enum machine_stop_reason reason, int code)
{
    assert(reason == MACHINE_STOP_POWER_OFF || reason == MACHINE_STOP_RESET);
    machine->ended = true;
    machine->end = (struct machine_stop){.reason = reason, .code = code};
    stop(machine, reason, code);
}

/* --- what the devices ask for --- */

static void device_irq_set(void *context, uint32_t irq, bool level)
{
    struct machine *machine = context;
    plic_line_set(device(machine, BOARD_INDEX_PLIC), irq, level);
    if (machine->probe.device_line)
        machine->probe.device_line(machine->probe.context, irq, level);
}

static bool ram_holds(const struct machine *machine, uint64_t addr, size_t size_bytes)
{
    uint64_t ram_bytes = cpu_ram_bytes(machine->cpu);
    return addr >= BOARD_RAM_BASE && addr - BOARD_RAM_BASE <= ram_bytes &&
           size_bytes <= ram_bytes - (addr - BOARD_RAM_BASE);
}

static bool dma_read(void *context, uint64_t addr, void *target, size_t size_bytes)
{
    struct machine *machine = context;
    if (!ram_holds(machine, addr, size_bytes))
        return false;
    memcpy(target, cpu_ram(machine->cpu) + (addr - BOARD_RAM_BASE), size_bytes);
    return true;
}

static bool dma_write(void *context, uint64_t addr, const void *source, size_t size_bytes)
{
    struct machine *machine = context;
    if (!ram_holds(machine, addr, size_bytes))
        return false;
    memcpy(cpu_ram(machine->cpu) + (addr - BOARD_RAM_BASE), source, size_bytes);
    cpu_ram_written(machine->cpu, addr, size_bytes);
    return true;
}

static void plic_output(void *context, unsigned plic_context, bool level)
{
    struct machine *machine = context;
    if (plic_context == BOARD_PLIC_CONTEXT_S)
        machine_line_set(machine, CPU_IRQ_EXTERNAL, level);
}

static void finisher_notify(void *context, struct finisher_request request)
{
    struct machine *machine = context;
    if (request.kind == FINISHER_RESET)
        end(machine, MACHINE_STOP_RESET, 0);
    else
        end(machine, MACHINE_STOP_POWER_OFF, (int)request.code);
}

static void trace_announce(void *context, uint32_t kind, uint64_t argument)
{
    struct machine *machine = context;
    if (kind == TRACE_COMMITTED || kind == TRACE_RESTARTED)
        machine->generation = argument;
    if (kind == TRACE_PHASE_ENTER && argument < TRACE_PHASE_COUNT)
        machine->phase = (uint32_t)argument;
    if (kind == TRACE_PHASE_LEAVE && argument == machine->phase)
        machine->phase = 0;
    if (kind == TRACE_PANIC)
        machine->panic_addr = argument;
    if (machine->probe.announced)
        machine->probe.announced(machine->probe.context, kind, argument);
    enum machine_stop_reason reason;
    if (watch_trace(&machine->watch, kind, argument, &reason))
        stop(machine, reason, 0);
}

void machine_write_taken(struct machine *machine, unsigned disk)
{
    const struct machine_until *until = &machine->watch.until;
    machine->writes[disk]++;
    if (machine_writes(machine, until->write_disk) >= until->writes)
        stop(machine, MACHINE_STOP_WRITE, 0);
}

static void console_put(void *context, const uint8_t *data, size_t size_bytes)
{
    struct machine *machine = context;
    if (machine->config.console.put)
        machine->config.console.put(machine->config.console.context, data, size_bytes);
    for (size_t i = 0; i < size_bytes; i++)
        if (watch_console(&machine->watch, data[i]))
            stop(machine, MACHINE_STOP_CONSOLE, 0);
}

/* --- what firmware calls do --- */

static void sbi_timer_set(void *context, uint64_t ticks)
{
    struct machine *machine = context;
    machine->timer_cycle = clock_cycles_at_ticks(ticks, machine->clock_hz);
    machine_line_set(machine, CPU_IRQ_TIMER, false);
    machine_deadline_renew(machine);
}

static void sbi_soft_set(void *context, bool level)
{
    struct machine *machine = context;
    machine_line_set(machine, CPU_IRQ_SOFT, level);
}

static void sbi_console_put(void *context, uint8_t byte)
{
    console_put(context, &byte, 1);
}

static bool sbi_console_take(void *context, uint8_t *byte)
{
    struct machine *machine = context;
    return uart_input_take(device(machine, BOARD_INDEX_UART), byte);
}

static void sbi_reset(void *context, enum sbi_reset reset, bool failure)
{
    struct machine *machine = context;
    if (reset == SBI_RESET_SHUTDOWN)
        end(machine, MACHINE_STOP_POWER_OFF, failure ? 1 : 0);
    else
        end(machine, MACHINE_STOP_RESET, 0);
}

/* --- what the cpu asks for --- */

static bool cpu_bus_read(void *context, uint64_t addr, unsigned size_bytes, uint64_t *value)
{
    struct machine *machine = context;
    bool good = bus_read(&machine->bus, addr, size_bytes, value);
    machine_deadline_renew(machine);
    return good;
}

static bool cpu_bus_write(void *context, uint64_t addr, unsigned size_bytes, uint64_t value)
{
    struct machine *machine = context;
    bool good = bus_write(&machine->bus, addr, size_bytes, value);
    machine_deadline_renew(machine);
    return good;
}

static void cpu_sbi_call(void *context, const uint64_t args[8], uint64_t result[2])
{
    struct machine *machine = context;
    sbi_call(&machine->sbi, args, result);
}

static uint64_t cpu_time(void *context)
{
    struct machine *machine = context;
    return clock_ticks(cpu_cycles(machine->cpu), machine->clock_hz);
}

static void input_deliver(struct machine *machine, const struct machine_input *input)
{
    struct virtio_input *keyboard = device(machine, BOARD_INDEX_KEYBOARD);
    struct virtio_input *tablet = device(machine, BOARD_INDEX_TABLET);
    switch (input->kind) {
    case INPUT_CONSOLE:
        (void)uart_input(device(machine, BOARD_INDEX_UART), (uint8_t)input->code);
        return;
    case INPUT_KEY:
        (void)virtio_input_key(keyboard, input->code, input->down);
        return;
    case INPUT_POINTER:
        (void)virtio_input_pointer(tablet, input->x, input->y);
        return;
    case INPUT_BUTTON:
        (void)virtio_input_button(tablet, input->code, input->down);
        return;
    case INPUT_WHEEL:
        (void)virtio_input_wheel(tablet, input->y);
        return;
    }
}

/* Deliver everything that is due at the present cycle. */
static void events_deliver(struct machine *machine)
{
    struct machine_input input;
    uint64_t cycles = cpu_cycles(machine->cpu), now = now_ns(machine);
    if (cycles >= machine->timer_cycle) {
        machine->timer_cycle = CLOCK_NEVER;
        machine_line_set(machine, CPU_IRQ_TIMER, true);
    }
    bus_tick(&machine->bus, now);
    while (input_queue_take(&machine->inputs, now, &input))
        input_deliver(machine, &input);
    if (cycles >= machine->until_cycle)
        stop(machine,
             cycles >= machine->watch.until.cycles ? MACHINE_STOP_CYCLES : MACHINE_STOP_TIME, 0);
}

static void cpu_deadline(void *context)
{
    struct machine *machine = context;
    events_deliver(machine);
    machine_deadline_renew(machine);
}

static bool cpu_idle(void *context)
{
    struct machine *machine = context;
    uint64_t ns = earlier(bus_deadline_ns(&machine->bus), input_queue_next_ns(&machine->inputs));
    uint64_t cycle = earlier(clock_cycles_at_ns(ns, machine->clock_hz), machine->timer_cycle);
    cycle = earlier(cycle, machine->until_cycle);
    if (cycle == CLOCK_NEVER)
        return false;
    uint64_t now = cpu_cycles(machine->cpu);
    if (cycle > now)
        cpu_stall(machine->cpu, cycle - now);
    cpu_deadline(machine);
    return true;
}

/* --- making it --- */

static const char *string_keep(struct machine *machine, const char *text)
{
    if (!text)
        return NULL;
    assert(machine->string_count < sizeof(machine->strings) / sizeof(machine->strings[0]));
    char *copy = memory_must(strdup(text));
    machine->strings[machine->string_count++] = copy;
    return copy;
}

static void config_keep(struct machine *machine, const struct machine_config *config)
{
    struct machine_config *kept = &machine->config;
    *kept = *config;
    kept->kernel_path = string_keep(machine, config->kernel_path);
    kept->initrd_path = string_keep(machine, config->initrd_path);
    kept->append = string_keep(machine, config->append);
    for (unsigned i = 0; i < config->disk_count; i++) {
        kept->disks[i].path = string_keep(machine, config->disks[i].path);
        kept->disks[i].overlay = string_keep(machine, config->disks[i].overlay);
    }
    if (kept->ram_bytes == 0)
        kept->ram_bytes = MACHINE_RAM_BYTES_DEFAULT;
    if (kept->display_width == 0 || kept->display_height == 0) {
        kept->display_width = DISPLAY_WIDTH_DEFAULT;
        kept->display_height = DISPLAY_HEIGHT_DEFAULT;
    }
    machine->clock_hz = config->clock_hz ? config->clock_hz : CLOCK_HZ_DEFAULT;
}

static bool config_check(const struct machine_config *config, struct error *error)
{
    if (!config->kernel_path)
        return error_set(error, ERROR_USAGE, "machine: no kernel given");
    if (config->disk_count > BOARD_DISK_COUNT_MAX)
        return error_set(error, ERROR_LIMIT, "disks: %u, more than the %u of the board",
                         config->disk_count, BOARD_DISK_COUNT_MAX);
    if (config->clock_hz && (config->clock_hz < CLOCK_HZ_MIN || config->clock_hz > CLOCK_HZ_MAX))
        return error_set(error, ERROR_LIMIT, "clock: %llu Hz is not in 1 MHz .. 10 GHz",
                         (unsigned long long)config->clock_hz);
    if (config->display_width > VIRTIO_GPU_SIDE_MAX ||
        config->display_height > VIRTIO_GPU_SIDE_MAX)
        return error_set(error, ERROR_LIMIT, "display: at most %u pixels a side",
                         VIRTIO_GPU_SIDE_MAX);
    return true;
}

static bool cpu_make(struct machine *machine, struct error *error)
{
    const struct machine_config *config = &machine->config;
    const struct cpu_config cpu_config = {.ram_base = BOARD_RAM_BASE,
                                          .ram_bytes = config->ram_bytes,
                                          .step_mode = config->step_mode,
                                          .slow_stores = config->slow_stores,
                                          .recycle_bytes = config->recycle_bytes,
                                          .timing = config->timing,
                                          .trap_cycles = TRAP_CYCLES,
                                          .device_cycles = DEVICE_CYCLES,
                                          .sbi_cycles = SBI_CYCLES};
    const struct cpu_bus bus = {.context = machine, .read = cpu_bus_read,
                                .write = cpu_bus_write, .sbi_call = cpu_sbi_call,
                                .time = cpu_time, .deadline = cpu_deadline, .idle = cpu_idle};
    machine->sbi = (struct sbi_host){.context = machine, .timer_set = sbi_timer_set,
                                     .soft_set = sbi_soft_set, .console_put = sbi_console_put,
                                     .console_take = sbi_console_take, .memory_read = dma_read,
                                     .memory_write = dma_write, .reset = sbi_reset};
    return cpu_create(&machine->cpu, &cpu_config, &bus, error);
}

static void devices_make(struct machine *machine)
{
    const struct device_env env = {.context = machine, .irq_set = device_irq_set,
                                   .dma_read = dma_read, .dma_write = dma_write,
                                   .now_ns = now_ns};
    const struct machine_config *config = &machine->config;
    struct device_configs *made = &machine->device_configs;
    made->finisher = (struct finisher_config){machine, finisher_notify};
    made->plic = (struct plic_config){machine, plic_output};
    made->trace = (struct trace_port_config){machine, trace_announce};
    made->uart = (struct uart_config){.sink = {machine, console_put}};
    made->rtc.base_time_ns = (CALENDAR_BASE_SECONDS + (config->seed & CALENDAR_SEED_MASK)) *
                             CLOCK_NS_PER_SECOND;
    made->gpu = (struct virtio_gpu_config){config->display_width, config->display_height};
    made->keyboard.kind = VIRTIO_INPUT_KEYBOARD;
    made->tablet.kind = VIRTIO_INPUT_TABLET;
    const void *configs[BOARD_REGION_COUNT] = {
        [BOARD_INDEX_FINISHER] = &made->finisher, [BOARD_INDEX_RTC] = &made->rtc,
        [BOARD_INDEX_PLIC] = &made->plic,         [BOARD_INDEX_UART] = &made->uart,
        [BOARD_INDEX_GPU] = &made->gpu,           [BOARD_INDEX_KEYBOARD] = &made->keyboard,
        [BOARD_INDEX_TABLET] = &made->tablet,     [BOARD_INDEX_TRACE] = &made->trace,
    };
    for (unsigned i = 0; i < config->disk_count; i++)
        configs[BOARD_INDEX_BLOCK_0 + i] = &made->disks[i];
    bus_init(&machine->bus, &env, configs);
}

/* Load RAM and put the cpu at the kernel's entry. */
static bool power_on(struct machine *machine, struct error *error)
{
    const struct machine_config *config = &machine->config;
    struct loader_request request = {.ram = cpu_ram(machine->cpu),
                                     .ram_base = BOARD_RAM_BASE,
                                     .ram_bytes = config->ram_bytes,
                                     .kernel_path = config->kernel_path,
                                     .initrd_path = config->initrd_path,
                                     .facts = {.seed = config->seed, .append = config->append,
                                               .amnesia = config->amnesia,
                                               .check = config->check}};
    struct loader_result result;
    if (!loader_load(&request, &result, error))
        return false;
    cpu_reset(machine->cpu, result.entry, 0, result.tree_addr);
    machine->timer_cycle = CLOCK_NEVER;
    machine->phase = 0;
    machine->ended = false;
    return true;
}

bool machine_create(struct machine **out, const struct machine_config *config,
                    struct error *error)
{
    *out = NULL;
    if (!config_check(config, error))
        return false;
    struct machine *machine = memory_zeroed(1, sizeof(*machine));
    config_keep(machine, config);
    machine->until_cycle = machine->timer_cycle = CLOCK_NEVER;
    bool good = machine_disks_open(machine, error) && cpu_make(machine, error);
    if (good) {
        devices_make(machine);
        good = machine_disks_damage(machine, config, error) && power_on(machine, error);
    }
    if (!good) {
        machine_destroy(machine);
        return false;
    }
    *out = machine;
    return true;
}

void machine_destroy(struct machine *machine)
{
    struct error ignored;
    if (!machine)
        return;
    (void)!machine_flush(machine, &ignored);
    bus_finish(&machine->bus);
    cpu_destroy(machine->cpu);
    for (unsigned i = 0; i < machine->config.disk_count; i++)
        (void)media_finish(&machine->media[i]);
    for (unsigned i = 0; i < machine->string_count; i++)
        free(machine->strings[i]);
    free(machine);
}

bool machine_reset(struct machine *machine, struct error *error)
{
    bus_reset(&machine->bus);
    machine_line_set(machine, CPU_IRQ_SOFT | CPU_IRQ_TIMER | CPU_IRQ_EXTERNAL, false);
    machine_ram_clear(machine, 0, cpu_ram_bytes(machine->cpu));
    if (!power_on(machine, error))
        return false;
    cpu_ram_written(machine->cpu, BOARD_RAM_BASE, cpu_ram_bytes(machine->cpu));
    machine_deadline_renew(machine);
    machine_tell(machine, &(struct machine_act){.kind = ACT_RESET});
    return true;
}

/* --- running it --- */

struct machine_until machine_until_never(void)
{
    return (struct machine_until){.instructions = UINT64_MAX, .cycles = UINT64_MAX,
                                  .time_ns = UINT64_MAX, .trace_argument = UINT64_MAX,
                                  .generation = UINT64_MAX, .writes = UINT64_MAX,
                                  .write_disk = BOARD_DISK_COUNT_MAX};
}

/* A stop that was asked for at an instruction comes at its end or, where a block begins after it,
 * once what is due there has happened. */
static enum machine_arrival arrival_of(const struct machine *machine, enum cpu_stop cpu_stopped)
{
    if (machine->ended)
        return ARRIVAL_END;
    if (cpu_stopped == CPU_STOP_IDLE)
        return ARRIVAL_IDLE;
    bool asked = cpu_stopped == CPU_STOP_ASKED || cpu_stopped == CPU_STOP_DEBUG;
    return asked && cpu_at_boundary(machine->cpu) ? ARRIVAL_CYCLE : ARRIVAL_INSTRUCTION;
}

static uint64_t until_cycle_of(const struct machine *machine, const struct machine_until *until)
{
    return earlier(until->cycles, clock_cycles_at_ns(until->time_ns, machine->clock_hz));
}

struct machine_stop machine_run(struct machine *machine, const struct machine_until *until)
{
    uint64_t now = cpu_cycles(machine->cpu);
    if (!machine->ended && now >= until_cycle_of(machine, until))
        return (struct machine_stop){.reason = now >= until->cycles ? MACHINE_STOP_CYCLES
                                                                    : MACHINE_STOP_TIME};
    return machine_go(machine, until);
}

struct machine_stop machine_go(struct machine *machine, const struct machine_until *until)
{
    if (machine->ended)
        return machine->end;
    watch_begin(&machine->watch, until);
    machine->until_cycle = until_cycle_of(machine, until);
    machine->stopping = false;
    machine_deadline_renew(machine);
    enum cpu_stop cpu_stopped = cpu_run(machine->cpu, until->instructions);
    watch_end(&machine->watch);
    machine->until_cycle = CLOCK_NEVER;
    machine_deadline_renew(machine);
    machine->arrival = arrival_of(machine, cpu_stopped);
    if (machine->stopping)
        return machine->stop;
    switch (cpu_stopped) {
    case CPU_STOP_LIMIT:
        return (struct machine_stop){.reason = MACHINE_STOP_INSTRUCTIONS};
    case CPU_STOP_IDLE:
        return (struct machine_stop){.reason = MACHINE_STOP_IDLE};
    case CPU_STOP_DEBUG:
        return (struct machine_stop){.reason = MACHINE_STOP_DEBUG};
    case CPU_STOP_FAULT:
        return (struct machine_stop){.reason = MACHINE_STOP_FAULT};
    case CPU_STOP_ASKED:
        break;
    }
    assert(!"the cpu was asked to stop, and nobody asked");
    return machine->stop;
}

const char *machine_fault_text(const struct machine *machine)
{
    return cpu_fault_text(machine->cpu);
}

struct machine_display machine_display(const struct machine *machine)
{
    struct virtio_gpu_display display =
        virtio_gpu_display(machine->bus.states[BOARD_INDEX_GPU]);
    return (struct machine_display){.pixels = display.pixels, .width = display.width,
                                    .height = display.height,
                                    .stride_pixels = display.stride_pixels,
                                    .serial = display.serial};
}

uint64_t machine_writes(const struct machine *machine, unsigned disk)
{
    uint64_t writes = 0;
    for (unsigned i = 0; i < BOARD_DISK_COUNT_MAX; i++)
        if (disk == BOARD_DISK_COUNT_MAX || disk == i)
            writes += machine->writes[i];
    return writes;
}

uint64_t machine_instructions(const struct machine *machine)
{
    return cpu_instructions(machine->cpu);
}

uint64_t machine_cycles(const struct machine *machine)
{
    return cpu_cycles(machine->cpu);
}

uint64_t machine_time_ns(const struct machine *machine)
{
    return clock_ns(cpu_cycles(machine->cpu), machine->clock_hz);
}

uint64_t machine_clock_hz(const struct machine *machine)
{
    return machine->clock_hz;
}

struct cpu *machine_cpu(struct machine *machine)
{
    return machine->cpu;
}

struct machine_stats machine_stats(const struct machine *machine)
{
    struct cpu_facts facts = cpu_facts(machine->cpu);
    struct machine_stats stats = {
        .instructions = cpu_instructions(machine->cpu), .events = cpu_events(machine->cpu),
        .cycles = cpu_cycles(machine->cpu), .virtual_time_ns = machine_time_ns(machine),
        .traps = facts.traps, .interrupts = facts.interrupts, .sbi_calls = facts.sbi_calls,
        .device_accesses = facts.device_accesses, .recycles = facts.recycles,
        .blocks_translated = facts.blocks_translated, .generation = machine->generation,
        .phase = machine->phase, .fast_stores = facts.fast_stores,
        .panic_addr = machine->panic_addr, .disk_count = machine->config.disk_count,
        .timing = machine->config.timing, .timing_counts = cpu_timing(machine->cpu),
    };
    for (unsigned i = 0; i < stats.disk_count; i++)
        stats.disks[i] = disk_counters(
            virtio_block_disk(machine->bus.states[BOARD_INDEX_BLOCK_0 + i]));
    return stats;
}
