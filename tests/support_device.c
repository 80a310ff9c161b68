/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_device.c - the board behind the device tests. Called by tests/devices_*_test.c; calls the
 * devices under test.
 *
 * Invariants
 *  1. DMA outside the board's RAM copies nothing, is counted and answers false, as device.h
 * promises.
 *  2. Time moves only in fake_advance().
 */
#include "tests/support_device.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_TICKS_MAX 100000u

static void board_irq_set(void *context, uint32_t irq, bool level)
{
    struct fake_board *board = context;
    assert(irq < FAKE_LINE_COUNT);
    if (level && !board->line[irq])
        board->rises[irq]++;
    board->line[irq] = level;
}

static uint8_t *board_range(struct fake_board *board, uint64_t addr, size_t size_bytes)
{
    if (addr < BOARD_RAM_BASE || size_bytes > board->ram_bytes)
        return NULL;
    if (addr - BOARD_RAM_BASE > board->ram_bytes - size_bytes)
        return NULL;
    return board->ram + (addr - BOARD_RAM_BASE);
}

static bool board_dma_read(void *context, uint64_t addr, void *target, size_t size_bytes)
{
    struct fake_board *board = context;
    const uint8_t *source = board_range(board, addr, size_bytes);
    if (source == NULL) {
        board->refused_transfers++;
        return false;
    }
    memcpy(target, source, size_bytes);
    return true;
}

static bool board_dma_write(void *context, uint64_t addr, const void *source, size_t size_bytes)
{
    struct fake_board *board = context;
    uint8_t *target = board_range(board, addr, size_bytes);
    if (target == NULL) {
        board->refused_transfers++;
        return false;
    }
    memcpy(target, source, size_bytes);
    return true;
}

static uint64_t board_now_ns(void *context)
{
    const struct fake_board *board = context;
    return board->now_ns;
}

struct fake_board *fake_board_create(size_t ram_bytes)
{
    struct fake_board *board = calloc(1, sizeof(*board));
    assert(board != NULL);
    board->ram = calloc(1, ram_bytes);
    assert(board->ram != NULL);
    board->ram_bytes = ram_bytes;
    return board;
}

void fake_board_destroy(struct fake_board *board)
{
    free(board->ram);
    free(board);
}

void fake_device_init(struct fake_device *device, struct fake_board *board,
                      const struct device_ops *ops, uint32_t irq, const void *config)
{
    assert(irq < FAKE_LINE_COUNT);
    *device = (struct fake_device){.board = board, .ops = ops, .config = config};
    device->env = (struct device_env){
        .context = board,
        .irq = irq,
        .irq_set = board_irq_set,
        .dma_read = board_dma_read,
        .dma_write = board_dma_write,
        .now_ns = board_now_ns,
    };
    device->state = calloc(1, ops->state_bytes);
    assert(device->state != NULL);
    ops->init(device->state, &device->env, config);
    ops->reset(device->state);
}

void fake_device_finish(struct fake_device *device)
{
    if (device->ops->finish != NULL)
        device->ops->finish(device->state);
    free(device->state);
    device->state = NULL;
}

bool fake_read(struct fake_device *device, uint64_t offset, unsigned size_bytes, uint64_t *value)
{
    return device->ops->read(device->state, offset, size_bytes, value);
}

bool fake_write(struct fake_device *device, uint64_t offset, unsigned size_bytes, uint64_t value)
{
    return device->ops->write(device->state, offset, size_bytes, value);
}

uint64_t fake_get(struct fake_device *device, uint64_t offset, unsigned size_bytes)
{
    uint64_t value = 0;
    bool done = fake_read(device, offset, size_bytes, &value);
    assert(done);
    return value;
}

void fake_set(struct fake_device *device, uint64_t offset, unsigned size_bytes, uint64_t value)
{
    bool done = fake_write(device, offset, size_bytes, value);
    assert(done);
}

uint64_t fake_deadline(const struct fake_device *device)
{
    if (device->ops->deadline_ns == NULL)
        return DEVICE_NEVER;
    return device->ops->deadline_ns(device->state);
}

uint32_t fake_advance(struct fake_device *device, uint64_t time_ns)
{
    uint32_t ticks = 0;
    assert(time_ns >= device->board->now_ns);
    for (;;) {
        uint64_t deadline_ns = fake_deadline(device);
        if (deadline_ns > time_ns || deadline_ns == DEVICE_NEVER)
            break;
        if (deadline_ns > device->board->now_ns)
            device->board->now_ns = deadline_ns;
        device->ops->tick(device->state);
        ticks++;
        assert(ticks < FAKE_TICKS_MAX);
    }
    device->board->now_ns = time_ns;
    return ticks;
}

struct byte_writer fake_save(const struct fake_device *device)
{
    struct byte_writer writer = {0};
    device->ops->save(device->state, &writer);
    return writer;
}

bool fake_load(struct fake_device *device, const uint8_t *data, size_t size_bytes)
{
    struct byte_reader reader;
    reader_init(&reader, data, size_bytes);
    device->ops->load(device->state, &reader);
    return !reader.failed && reader_left(&reader) == 0;
}

bool fake_round_trip(struct fake_device *device)
{
    struct byte_writer first = fake_save(device);
    struct fake_device copy;
    fake_device_init(&copy, device->board, device->ops, 0, device->config);
    bool equal = true;
    /* All short truncations, and a sample of the rest when the state is large. */
    size_t stride = first.size_bytes / 512 + 1;
    for (size_t size = 0; size < first.size_bytes && equal; size += stride)
        equal = !fake_load(&copy, first.data, size);
    equal = equal && fake_load(&copy, first.data, first.size_bytes);
    struct byte_writer second = fake_save(&copy);
    equal = equal && second.size_bytes == first.size_bytes &&
            (first.size_bytes == 0 || memcmp(first.data, second.data, first.size_bytes) == 0);
    writer_finish(&first);
    writer_finish(&second);
    fake_device_finish(&copy);
    return equal;
}

uint8_t *fake_ram(struct fake_board *board, uint64_t addr, size_t size_bytes)
{
    uint8_t *range = board_range(board, addr, size_bytes);
    assert(range != NULL);
    return range;
}

void fake_ram_set_u16(struct fake_board *board, uint64_t addr, uint16_t value)
{
    store_u16(fake_ram(board, addr, sizeof(value)), value);
}

void fake_ram_set_u32(struct fake_board *board, uint64_t addr, uint32_t value)
{
    store_u32(fake_ram(board, addr, sizeof(value)), value);
}

void fake_ram_set_u64(struct fake_board *board, uint64_t addr, uint64_t value)
{
    store_u64(fake_ram(board, addr, sizeof(value)), value);
}

uint16_t fake_ram_get_u16(struct fake_board *board, uint64_t addr)
{
    return load_u16(fake_ram(board, addr, sizeof(uint16_t)));
}

uint32_t fake_ram_get_u32(struct fake_board *board, uint64_t addr)
{
    return load_u32(fake_ram(board, addr, sizeof(uint32_t)));
}

uint64_t fake_ram_get_u64(struct fake_board *board, uint64_t addr)
{
    return load_u64(fake_ram(board, addr, sizeof(uint64_t)));
}

uint64_t fake_random_next(struct fake_random *random)
{
    random->state += 0x9e3779b97f4a7c15u; /* Steele, Lea, Flood 2014: SplitMix */
    uint64_t value = random->state;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

uint64_t fake_random_below(struct fake_random *random, uint64_t limit)
{
    assert(limit > 0);
    return fake_random_next(random) % limit;
}

uint64_t fake_random_seed(void)
{
    const char *text = getenv("LATCHKEY_SEED");
    return text != NULL ? strtoull(text, NULL, 0) : 20250101u;
}

uint64_t fake_steps(uint64_t ordinary)
{
    const char *text = getenv("LATCHKEY_LONG");
    return text != NULL && strcmp(text, "1") == 0 ? ordinary * 10 : ordinary;
}
