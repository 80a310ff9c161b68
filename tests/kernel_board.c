/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_board.c - see kernel_board.h. Time stands still but in board_pass() and while the kernel
 * asks for the time, so that a wait with a limit ends.
 */
#include "tests/kernel_board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/plic.h"
#include "devices/rtc.h"
#include "devices/trace_port.h"
#include "devices/uart.h"
#include "devices/finisher.h"
#include "devices/virtio_gpu.h"
#include "devices/virtio_input.h"
#include "kernel/arch/arch.h"
#include "kernel/driver/devices.h"
#include "kernel/driver/driver.h"
#include "kernel/driver/mmio.h"
#include "kernel/driver/sbi.h"
#include "kernel/driver/uart.h"
#include "kernel/history.h"
#include "kernel/main.h"

#define NO_MEMORY_BYTES 4096u /* no memory is below */
#define TICK_NS (1000000000ull / BOARD_TIMEBASE_HZ)
#define TIME_READ_NS 1000000ull /* passes with every look at the clock */

struct fdt_facts main_facts;
static struct {
    void *states[BOARD_REGION_COUNT];
    struct device_env envs[BOARD_REGION_COUNT];
    const struct board_double *doubles[BOARD_REGION_COUNT];
    uint8_t *media[BOARD_DISK_COUNT_MAX];
    struct disk_store stores[BOARD_DISK_COUNT_MAX];
    struct disk_config disks[BOARD_DISK_COUNT_MAX];
    struct virtio_gpu_config gpu;
    struct board_seen seen;
    uint64_t now_ns;
    bool external; /* the PLIC's line to the hart */
    bool held;     /* interrupts are */
    bool deaf;
} board;

/* The outside of the models. */

static void env_irq_set(void *context, uint32_t irq, bool level)
{
    (void)context;
    plic_line_set(board.states[BOARD_INDEX_PLIC], irq, level);
}

/* Wild addresses are the sanitizer's to find; what a zeroed descriptor names is refused here. */
static bool env_dma_read(void *context, uint64_t addr, void *target, size_t size_bytes)
{
    (void)context;
    if (addr < NO_MEMORY_BYTES)
        return false;
    memcpy(target, (const void *)addr, size_bytes);
    return true;
}

static bool env_dma_write(void *context, uint64_t addr, const void *source, size_t size_bytes)
{
    (void)context;
    if (addr < NO_MEMORY_BYTES)
        return false;
    memcpy((void *)addr, source, size_bytes);
    return true;
}

static uint64_t env_now_ns(void *context)
{
    (void)context;
    return board.now_ns;
}

static void plic_output(void *context, unsigned plic_context, bool level)
{
    (void)context;
    if (plic_context == BOARD_PLIC_CONTEXT_S)
        board.external = level;
}

static void text_append(char *target, size_t room, const uint8_t *data, size_t size_bytes)
{
    size_t length = strlen(target);
    for (size_t i = 0; i < size_bytes && length < room - 1; i++)
        target[length++] = (char)data[i];
    target[length] = '\0';
}

static void uart_sink(void *context, const uint8_t *data, size_t size_bytes)
{
    (void)context;
    text_append(board.seen.shown, sizeof(board.seen.shown), data, size_bytes);
}

static void trace_announce(void *context, uint32_t kind, uint64_t argument)
{
    (void)context;
    board.seen.trace_kind = kind;
    board.seen.trace_argument = argument;
}

static bool store_read(void *context, uint64_t sector, void *target, size_t sector_count)
{
    memcpy(target, (uint8_t *)context + sector * DISK_SECTOR_BYTES,
           sector_count * DISK_SECTOR_BYTES);
    return true;
}

static bool store_write(void *context, uint64_t sector, const void *source, size_t sector_count)
{
    memcpy((uint8_t *)context + sector * DISK_SECTOR_BYTES, source,
           sector_count * DISK_SECTOR_BYTES);
    return true;
}

static bool store_sync(void *context)
{
    (void)context;
    return true;
}

/* Time. */

static uint64_t deadline(unsigned index)
{
    const struct device_ops *ops = board_regions[index].ops;
    return ops->deadline_ns ? ops->deadline_ns(board.states[index]) : DEVICE_NEVER;
}

static void interrupt(void)
{
    while (board.external && !board.held) {
        board.seen.interrupts++;
        driver_interrupt();
    }
}

/* Let every model do what is due at end_ns, in order of time. */
static void pass(uint64_t end_ns)
{
    for (;;) {
        unsigned first = BOARD_REGION_COUNT;
        for (unsigned i = 0; i < BOARD_REGION_COUNT; i++)
            if (board.states[i] && deadline(i) <= end_ns &&
                (first == BOARD_REGION_COUNT || deadline(i) < deadline(first)))
                first = i;
        if (first == BOARD_REGION_COUNT)
            break;
        if (deadline(first) > board.now_ns)
            board.now_ns = deadline(first);
        board_regions[first].ops->tick(board.states[first]);
    }
    board.now_ns = end_ns;
}

void board_pass(uint64_t time_ns)
{
    uint64_t end_ns = board.now_ns + time_ns, step_ns = time_ns / 16 + 1;
    interrupt();
    while (board.now_ns < end_ns) {
        pass(board.now_ns + step_ns < end_ns ? board.now_ns + step_ns : end_ns);
        interrupt();
    }
}

void board_interrupts(bool on)
{
    board.held = !on;
    interrupt();
}

/* The registers: mmio.h. */

static unsigned region_at(uint64_t addr, unsigned size_bytes)
{
    for (unsigned i = 0; i < BOARD_REGION_COUNT; i++)
        if (addr >= board_regions[i].base &&
            addr - board_regions[i].base + size_bytes <= board_regions[i].size_bytes)
            return i;
    fprintf(stderr, "no device at %#llx\n", (unsigned long long)addr);
    abort();
}

static uint64_t mmio_read(const volatile void *addr, unsigned size_bytes)
{
    unsigned index = region_at((uint64_t)addr, size_bytes);
    uint64_t offset = (uint64_t)addr - board_regions[index].base, value = 0;
    const struct board_double *substitute = board.doubles[index];
    if (substitute)
        return substitute->read(substitute->context, offset, size_bytes);
    if (!board_regions[index].ops->read(board.states[index], offset, size_bytes, &value)) {
        fprintf(stderr, "%s: access fault reading %#llx\n", board_regions[index].name,
                (unsigned long long)offset);
        abort();
    }
    return value;
}

static void mmio_write(volatile void *addr, unsigned size_bytes, uint64_t value)
{
    unsigned index = region_at((uint64_t)addr, size_bytes);
    uint64_t offset = (uint64_t)addr - board_regions[index].base;
    const struct board_double *substitute = board.doubles[index];
    if (substitute) {
        substitute->write(substitute->context, offset, size_bytes, value);
        return;
    }
    if (!board_regions[index].ops->write(board.states[index], offset, size_bytes, value)) {
        fprintf(stderr, "%s: access fault writing %#llx\n", board_regions[index].name,
                (unsigned long long)offset);
        abort();
    }
}

uint8_t mmio_read8(const volatile void *addr)
{
    return (uint8_t)mmio_read(addr, 1);
}

uint32_t mmio_read32(const volatile void *addr)
{
    return (uint32_t)mmio_read(addr, 4);
}

void mmio_write8(volatile void *addr, uint8_t value)
{
    mmio_write(addr, 1, value);
}

void mmio_write32(volatile void *addr, uint32_t value)
{
    mmio_write(addr, 4, value);
}

void mmio_write64(volatile void *addr, uint64_t value)
{
    mmio_write(addr, 8, value);
}

/* What the drivers want from the kernel: arch.h, sbi.h, devices.h, main.h. */

void *arch_physical_to_virtual(uint64_t physical)
{
    return (void *)physical;
}

uint64_t arch_virtual_to_physical(const void *virtual_address)
{
    return (uint64_t)virtual_address;
}

uint64_t arch_time(void)
{
    pass(board.now_ns + TIME_READ_NS);
    return board.now_ns / TICK_NS;
}

void sbi_put(char character)
{
    uint8_t byte = (uint8_t)character;
    text_append(board.seen.kernel, sizeof(board.seen.kernel), &byte, 1);
}

void sbi_timer_set(uint64_t time)
{
    (void)time; /* the tests of the scheduler are elsewhere */
}

void sbi_finisher_set(volatile uint32_t *finisher)
{
    if ((uint64_t)finisher != BOARD_FINISHER_BASE)
        abort();
}

_Noreturn void sbi_power_off(uint32_t exit_code)
{
    fprintf(stderr, "power off, code %u, after: %s\n", exit_code, board.seen.kernel);
    abort();
}

_Noreturn void sbi_reset(void)
{
    abort();
}

void console_received(void)
{
    uint8_t byte;
    board.seen.console_received++;
    while (!board.deaf && uart_read(&byte))
        text_append(board.seen.typed, sizeof(board.seen.typed), &byte, 1);
    uart_listen(!board.deaf);
}

void board_deaf(bool deaf)
{
    board.deaf = deaf;
    uart_listen(!deaf);
    interrupt();
}

void input_received(void)
{
    board.seen.input_received++;
}

void display_finished(void)
{
    board.seen.display_finished++;
}

void history_print(void)
{
}

/* Power on. */

static struct fdt_device fact_of(unsigned index)
{
    return (struct fdt_device){.base = board_regions[index].base, .irq = board_regions[index].irq};
}

static void facts_set(const struct kernel_board *config)
{
    struct fdt_facts *facts = &main_facts;
    const struct fdt_device none = {0};
    facts->timebase_hz = BOARD_TIMEBASE_HZ;
    facts->plic_context = BOARD_PLIC_CONTEXT_S;
    facts->plic_sources = BOARD_PLIC_SOURCES;
    facts->uart = config->no_uart ? none : fact_of(BOARD_INDEX_UART);
    facts->plic = config->no_plic ? none : fact_of(BOARD_INDEX_PLIC);
    facts->rtc = config->no_rtc ? none : fact_of(BOARD_INDEX_RTC);
    facts->trace = config->no_trace ? none : fact_of(BOARD_INDEX_TRACE);
    facts->finisher = fact_of(BOARD_INDEX_FINISHER);
    for (unsigned i = 0; i < BOARD_VIRTIO_COUNT; i++)
        facts->virtio[facts->virtio_count++] = fact_of(BOARD_INDEX_BLOCK_0 + i);
}

static void model_start(unsigned index, const void *config)
{
    const struct device_ops *ops = board_regions[index].ops;
    board.states[index] = calloc(1, ops->state_bytes);
    board.envs[index] = (struct device_env){
        .irq = board_regions[index].irq, .irq_set = env_irq_set, .dma_read = env_dma_read,
        .dma_write = env_dma_write, .now_ns = env_now_ns};
    if (!board.states[index])
        abort();
    ops->init(board.states[index], &board.envs[index], config);
    ops->reset(board.states[index]);
}

static void disk_start(unsigned disk, const struct kernel_board *config)
{
    board.disks[disk] = (struct disk_config){
        .store = &board.stores[disk], .timing = config->disk_timing,
        .write_through = config->disk_write_through, .seed = disk};
    board.media[disk] = calloc(BOARD_DISK_SECTORS, DISK_SECTOR_BYTES);
    if (!board.media[disk])
        abort();
    board.stores[disk] = (struct disk_store){
        .context = board.media[disk], .sector_count = BOARD_DISK_SECTORS,
        .read_only = config->disk_read_only, .read = store_read, .write = store_write,
        .sync = store_sync};
    model_start(BOARD_INDEX_BLOCK_0 + disk, &board.disks[disk]);
}

void board_start(const struct kernel_board *config)
{
    static const struct plic_config plic = {.output = plic_output};
    static const struct uart_config uart = {.sink = {.put = uart_sink}};
    static const struct rtc_config rtc = {.base_time_ns = BOARD_CALENDAR_NS};
    static const struct trace_port_config trace = {.announce = trace_announce};
    static const struct finisher_config finisher = {0};
    static const struct virtio_input_config keyboard = {VIRTIO_INPUT_KEYBOARD};
    static const struct virtio_input_config tablet = {VIRTIO_INPUT_TABLET};
    board.gpu = (struct virtio_gpu_config){config->screen_width, config->screen_height};
    model_start(BOARD_INDEX_PLIC, &plic);
    model_start(BOARD_INDEX_UART, &uart);
    model_start(BOARD_INDEX_RTC, &rtc);
    model_start(BOARD_INDEX_TRACE, &trace);
    model_start(BOARD_INDEX_FINISHER, &finisher);
    for (unsigned i = 0; i < BOARD_DISK_COUNT_MAX; i++) {
        if (i < config->disk_count)
            disk_start(i, config);
        else
            model_start(BOARD_INDEX_BLOCK_0 + i, NULL);
    }
    model_start(BOARD_INDEX_GPU, config->screen_width ? &board.gpu : NULL);
    model_start(BOARD_INDEX_KEYBOARD, config->keyboard ? &keyboard : NULL);
    model_start(BOARD_INDEX_TABLET, config->tablet ? &tablet : NULL);
    model_start(BOARD_INDEX_EMPTY, NULL);
    facts_set(config);
    driver_init();
}

void *board_state(enum board_index index)
{
    return board.states[index];
}

uint8_t *board_media(unsigned disk)
{
    return board.media[disk];
}

const struct board_seen *board_seen(void)
{
    return &board.seen;
}

void board_replace(enum board_index index, const struct board_double *substitute)
{
    board.doubles[index] = substitute;
}

void board_line(enum board_index index, bool level)
{
    env_irq_set(NULL, board_regions[index].irq, level);
}
