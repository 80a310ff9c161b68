/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostile_virtio.c - a driver of all virtio slots that mixes good manners with every kind of bad
 * ones. Called by hostile.c and hostile_user.c.
 *
 * Every queue of every slot has rings of its own in the upper half; now and then one is set up with
 * the rings of another, or with something that is no ring at all.
 */
#include "tests/guest/guest.h"
#include "tests/guest/hostile.h"

#define QUEUES 2u
#define QUEUE_SIZE 16u
#define RINGS 0x82400000u /* 64 KiB a queue */
#define RING_DESCRIPTORS 0x1000u
#define RING_AVAILABLE 0x3000u
#define RING_USED 0x4000u
#define TABLES 0x82500000u
#define REQUESTS 0x82600000u
#define STATUS_BYTE 0x82600ff0u /* of requests that keep to the rules */
#define DESCRIPTOR_NEXT 1u
#define DESCRIPTOR_WRITE 2u
#define DESCRIPTOR_INDIRECT 4u
#define STATUS_READY 15u /* acknowledge, driver, DRIVER_OK, FEATURES_OK */
#define STATUS_AGREED 11u
#define SLOT_GPU BOARD_VIRTIO_SLOT_GPU
#define SLOT_KEYBOARD BOARD_VIRTIO_SLOT_KEYBOARD
#define WAIT_TURNS 2000u

struct queue {
    uint64_t descriptors, available, used; /* as the driver believes */
    uint16_t size, available_next, used_seen;
};
static struct queue queues[BOARD_VIRTIO_COUNT][QUEUES];

uint64_t slot_base(unsigned slot)
{
    return BOARD_VIRTIO_BASE + (uint64_t)BOARD_VIRTIO_STRIDE * slot;
}

static void set(unsigned slot, uint32_t offset, uint32_t value)
{
    device_write(slot_base(slot) + offset, value);
}

static uint32_t get(unsigned slot, uint32_t offset)
{
    return device_read(slot_base(slot) + offset);
}

bool virtio_address_register(uint64_t offset)
{
    return offset >= MMIO_DESCRIPTORS && offset < MMIO_USED + 8;
}

/* --- memory --- */

static void put_u16(uint64_t addr, uint64_t value)
{
    *(volatile uint16_t *)addr = (uint16_t)value;
}

static void put_u32(uint64_t addr, uint64_t value)
{
    *(volatile uint32_t *)addr = (uint32_t)clean(value);
}

static void put_u64(uint64_t addr, uint64_t value)
{
    put_u32(addr, value);
    put_u32(addr + 4, value >> 32);
}

static uint16_t get_u16(uint64_t addr)
{
    return *(volatile uint16_t *)addr;
}

struct segment {
    uint64_t addr;
    uint32_t size_bytes;
    uint32_t flags;
};

static void descriptor_put(uint64_t table, uint64_t index, struct segment segment, uint64_t next)
{
    uint64_t addr = table + 16 * index;
    put_u64(addr, segment.addr);
    put_u32(addr + 8, segment.size_bytes);
    put_u32(addr + 12, segment.flags | next << 16);
}

/* --- setting up --- */

static uint64_t rings_of(unsigned slot, unsigned index)
{
    return RINGS + 0x10000u * (uint64_t)(QUEUES * slot + index);
}

static void address_set(unsigned slot, uint32_t offset, uint64_t addr)
{
    set(slot, offset, (uint32_t)addr);
    set(slot, offset + 4, (uint32_t)(addr >> 32));
}

/* A queue of its own rings, empty. */
static void queue_up(unsigned slot, unsigned index, uint16_t size)
{
    struct queue *queue = &queues[slot][index];
    uint64_t rings = rings_of(slot, index);
    *queue = (struct queue){.descriptors = rings + RING_DESCRIPTORS,
                            .available = rings + RING_AVAILABLE,
                            .used = rings + RING_USED,
                            .size = size};
    for (uint64_t offset = 0; offset < 16; offset += 4) {
        put_u32(queue->available + offset, 0);
        put_u32(queue->used + offset, 0);
    }
    set(slot, MMIO_QUEUE_SELECT, index);
    set(slot, MMIO_QUEUE_READY, 0);
    set(slot, MMIO_QUEUE_SIZE, size);
    address_set(slot, MMIO_DESCRIPTORS, queue->descriptors);
    address_set(slot, MMIO_AVAILABLE, queue->available);
    address_set(slot, MMIO_USED, queue->used);
    set(slot, MMIO_QUEUE_READY, 1);
}

static void features_agree(unsigned slot, uint64_t refused)
{
    for (uint32_t half = 0; half < 2; half++) {
        set(slot, MMIO_FEATURES_SELECT, half);
        set(slot, MMIO_DRIVER_SELECT, half);
        uint32_t refused_half = (uint32_t)(refused >> 32 * half);
        set(slot, MMIO_DRIVER_FEATURES, get(slot, MMIO_FEATURES) & ~refused_half);
    }
    set(slot, MMIO_STATUS, STATUS_AGREED);
}

static void slot_up(unsigned slot, uint64_t refused, uint16_t size)
{
    set(slot, MMIO_STATUS, 0);
    features_agree(slot, refused);
    for (unsigned index = 0; index < QUEUES; index++)
        queue_up(slot, index, size);
    set(slot, MMIO_STATUS, STATUS_READY);
}

/* A place for a ring that the driver can write to as well: not across the end of RAM. */
static uint64_t ring_addr(void)
{
    uint64_t addr = upper_addr();
    return addr < HOSTILE_RAM_END - 0x2000u ? addr : addr - 0x2000u;
}

/* Well or nearly well: some features, some size, now and then rings of another. */
static void slot_up_somehow(unsigned slot)
{
    static const uint16_t sizes[] = {1, 2, 4, 8, 16, 16, 16, 32};
    uint64_t version = UINT64_C(1) << 32;
    slot_up(slot, random_next() & random_next() & ~version, sizes[below(8)]);
    if (!one_in(4))
        return;
    unsigned index = (unsigned)below(QUEUES);
    struct queue *queue = &queues[slot][index];
    set(slot, MMIO_QUEUE_SELECT, index);
    set(slot, MMIO_QUEUE_READY, 0);
    const struct queue *other = &queues[below(BOARD_VIRTIO_COUNT)][below(QUEUES)];
    if (other->used != 0)
        *queue = *other; /* two devices, one queue */
    if (one_in(3))       /* rings that overlap, or lie on page tables, code or buffers */
        queue->used = ring_addr() & ~UINT64_C(3);
    if (one_in(6))
        queue->available = ring_addr() & ~UINT64_C(1);
    if (one_in(6))
        queue->descriptors = ring_addr() & ~UINT64_C(15);
    address_set(slot, MMIO_DESCRIPTORS, queue->descriptors);
    address_set(slot, MMIO_AVAILABLE, queue->available);
    address_set(slot, MMIO_USED, queue->used);
    set(slot, MMIO_QUEUE_READY, 1);
}

/* --- offering --- */

static void head_offer(unsigned slot, unsigned index, uint64_t head)
{
    struct queue *queue = &queues[slot][index];
    if (queue->size == 0)
        return;
    put_u16(queue->available + 4 + 2 * (uint64_t)(queue->available_next & (queue->size - 1)),
            clean(head));
    queue->available_next++;
    put_u16(queue->available + 2, queue->available_next);
    report->offered++;
}

static struct segment some_segment(uint32_t flags)
{
    static const uint32_t sizes[] = {1, 4, 8, 16, 24, 64, 512, 512, 512, 1024, 4096, 4096, 16384};
    struct segment segment = {upper_addr(), sizes[below(13)], flags};
    if (one_in(30))
        segment.addr = nasty();
    if (one_in(30))
        segment.size_bytes = (uint32_t)nasty();
    return segment;
}

static struct segment block_header(uint64_t addr)
{
    static const uint32_t types[] = {0, 0, 0, 1, 1, 1, 4, 8, 13, 2};
    put_u32(addr, one_in(16) ? nasty() : types[below(10)]);
    put_u32(addr + 4, 0);
    put_u64(addr + 8, one_in(12) ? nasty() : below(HOSTILE_DISK_SECTORS));
    return (struct segment){addr, one_in(12) ? (uint32_t)below(32) : 16, 0};
}

/* A command of section 5.7.6: small images, at times a large one. */
static struct segment gpu_command(uint64_t addr)
{
    uint32_t type = one_in(20) ? 0x300 : 0x100 + (uint32_t)below(8);
    for (uint64_t offset = 0; offset < 64; offset += 4)
        put_u32(addr + offset, one_in(12) ? nasty() : below(5));
    put_u32(addr, type);
    if (type == 0x101 && !one_in(8)) { /* create: format, width, height */
        put_u32(addr + 28, 1);
        put_u32(addr + 32, one_in(60) ? 4096 : 1 + below(64));
        put_u32(addr + 36, 1 + below(64));
    }
    if (type == 0x106) { /* attach: count, then address and length of each */
        put_u32(addr + 28, one_in(12) ? nasty() : 1 + below(2));
        put_u64(addr + 32, one_in(8) ? nasty() : upper_addr());
        put_u32(addr + 40, one_in(8) ? nasty() : 1 + below(20000));
        put_u64(addr + 48, upper_addr());
        put_u32(addr + 56, 1 + below(4096));
    }
    return (struct segment){addr, one_in(12) ? (uint32_t)below(80) : 64, 0};
}

/* A chain as the device wants it, but for a sprinkling of nastiness. */
static void offer_plausible(unsigned slot, unsigned index)
{
    struct segment segments[5];
    unsigned count = 0;
    uint64_t request = REQUESTS + 64 * below(32) + 0x1000 * below(2);
    if (slot < SLOT_GPU)
        segments[count++] = block_header(request);
    else if (slot == SLOT_GPU)
        segments[count++] = gpu_command(request);
    else if (index == 1)
        segments[count++] = some_segment(0);
    if (one_in(4) && slot < SLOT_GPU)
        segments[count++] = some_segment(0);
    for (uint64_t more = below(3); more > 0; more--)
        segments[count++] = some_segment(DESCRIPTOR_WRITE);
    if (!one_in(12)) {
        segments[count] = some_segment(DESCRIPTOR_WRITE);
        segments[count++].size_bytes = slot < SLOT_GPU ? 1 : 8 << below(7);
    }
    uint64_t table = queues[slot][index].descriptors, head = below(QUEUE_SIZE - 5);
    bool indirect = one_in(4);
    uint64_t first = indirect ? 0 : head;
    if (indirect) {
        uint64_t place = TABLES + 0x100 * below(16);
        struct segment whole = {place, 16 * count, DESCRIPTOR_INDIRECT};
        descriptor_put(table, head, whole, 0);
        table = place;
    }
    for (unsigned i = 0; i < count; i++) {
        segments[i].flags |= i + 1 < count ? DESCRIPTOR_NEXT : 0;
        descriptor_put(table, first + i, segments[i], first + i + 1);
    }
    head_offer(slot, index, head);
}

/* Loops, chains of anything, indirect tables in indirect tables. */
static void offer_malicious(unsigned slot, unsigned index)
{
    uint64_t table = queues[slot][index].descriptors;
    for (uint64_t turns = 1 + below(6); turns > 0; turns--) {
        struct segment segment = some_segment((uint32_t)below(8));
        if (one_in(4))
            segment.flags = (uint32_t)nasty() & 0xffff;
        if (segment.flags & DESCRIPTOR_INDIRECT && !one_in(4)) {
            segment.addr = TABLES + 16 * below(64);
            segment.size_bytes = one_in(4) ? (uint32_t)nasty() : 16 * (uint32_t)below(40);
        }
        uint64_t next = one_in(8) ? nasty() & 0xffff : below(QUEUE_SIZE);
        descriptor_put(one_in(3) ? TABLES : table, below(QUEUE_SIZE), segment, next);
    }
    head_offer(slot, index, one_in(16) ? nasty() : below(QUEUE_SIZE));
}

/* Indices that run away or go back, entries and flags of no meaning. */
static void scribble(unsigned slot, unsigned index)
{
    struct queue *queue = &queues[slot][index];
    uint64_t ring = one_in(2) ? queue->available : queue->used;
    if (one_in(3)) {
        queue->available_next = (uint16_t)(queue->available_next + below(40) - 4);
        put_u16(queue->available + 2, queue->available_next);
    } else {
        put_u16(ring + 2 * below(24), clean(nasty()));
    }
}

static void collect(unsigned slot, unsigned index)
{
    struct queue *queue = &queues[slot][index];
    uint16_t now = get_u16(queue->used + 2);
    uint16_t fresh = (uint16_t)(now - queue->used_seen);
    if (fresh <= QUEUE_SIZE)
        report->used += fresh;
    queue->used_seen = now;
}

/* --- steps --- */

/* Write something to a register that means something. */
static void poke(unsigned slot)
{
    static const uint32_t offsets[] = {
        MMIO_QUEUE_SELECT,      MMIO_QUEUE_SIZE,      MMIO_QUEUE_READY,
        MMIO_NOTIFY,            MMIO_STATUS,          MMIO_STATUS,
        MMIO_DRIVER_FEATURES,   MMIO_DRIVER_SELECT,   MMIO_INTERRUPT_ACKNOWLEDGE,
        MMIO_DESCRIPTORS,       MMIO_AVAILABLE,       MMIO_USED,
        MMIO_DESCRIPTORS + 4,   MMIO_AVAILABLE + 4,   MMIO_USED + 4,
        0x100, 0x104, 0x13c};
    uint32_t offset = offsets[below(sizeof(offsets) / sizeof(offsets[0]))];
    uint32_t value = one_in(2) ? (uint32_t)below(16) : (uint32_t)nasty();
    if (virtio_address_register(offset) && offset % 8 == 0 && one_in(2))
        value = (uint32_t)upper_addr() & ~15u;
    set(slot, offset, value);
}

void virtio_step(void)
{
    unsigned slot = (unsigned)below(BOARD_VIRTIO_COUNT);
    unsigned index = slot < SLOT_GPU ? 0 : (unsigned)below(QUEUES);
    if (queues[slot][index].used == 0 || one_in(40) ||
        ((get(slot, MMIO_STATUS) & STATUS_NEEDS_RESET) != 0 && one_in(3))) {
        report->broken += (get(slot, MMIO_STATUS) & STATUS_NEEDS_RESET) != 0;
        slot_up_somehow(slot);
        return;
    }
    switch (below(16)) {
    case 0:
        poke(slot);
        break;
    case 1:
        scribble(slot, index);
        break;
    case 2:
        offer_malicious(slot, index);
        break;
    case 3:
        set(slot, MMIO_INTERRUPT_ACKNOWLEDGE, (uint32_t)below(4));
        break;
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
        set(slot, MMIO_NOTIFY, one_in(60) ? (uint32_t)nasty() : index);
        collect(slot, index);
        break;
    default:
        offer_plausible(slot, index);
        break;
    }
}

/* --- at peace --- */

void virtio_quiet(void)
{
    for (unsigned slot = 0; slot < BOARD_VIRTIO_COUNT; slot++)
        set(slot, MMIO_STATUS, 0);
}

void virtio_noisy(void)
{
    for (unsigned slot = 0; slot < BOARD_VIRTIO_COUNT; slot++)
        slot_up_somehow(slot);
}

volatile uint8_t *request_prepare(unsigned slot, uint32_t type, uint64_t sector, uint64_t addr,
                                  uint32_t size_bytes)
{
    volatile uint8_t *status = (volatile uint8_t *)((uint64_t)STATUS_BYTE + slot);
    uint64_t header = STATUS_BYTE - 64 * (uint64_t)(slot + 1);
    slot_up(slot, 0, QUEUE_SIZE);
    *status = 0xee;
    put_u32(header, type);
    put_u32(header + 4, 0);
    put_u64(header + 8, sector);
    uint64_t table = queues[slot][0].descriptors;
    uint32_t flags = DESCRIPTOR_NEXT | (type == 0 ? DESCRIPTOR_WRITE : 0);
    descriptor_put(table, 0, (struct segment){header, 16, DESCRIPTOR_NEXT}, 1);
    descriptor_put(table, 1, (struct segment){addr, size_bytes, flags}, 2);
    struct segment last = {(uint64_t)status, 1, DESCRIPTOR_WRITE};
    descriptor_put(table, 2, last, 0);
    head_offer(slot, 0, 0);
    return status;
}

volatile uint8_t *request_start(unsigned slot, uint32_t type, uint64_t sector, uint64_t addr,
                                uint32_t size_bytes)
{
    volatile uint8_t *status = request_prepare(slot, type, sector, addr, size_bytes);
    set(slot, MMIO_NOTIFY, 0);
    return status;
}

static void request_finish(unsigned slot, volatile uint8_t *status)
{
    for (unsigned turn = 0; *status == 0xee && turn < WAIT_TURNS; turn++)
        idle(1000);
    if (*status != 0)
        fail(HOSTILE_DISK_UNUSABLE, slot, *status);
}

static void disk_check(unsigned slot)
{
    const uint64_t out = 0x82c00000, in = 0x82c10000;
    for (uint64_t offset = 0; offset < 4096; offset += 8)
        put_u64(out + offset, random_next());
    request_finish(slot, request_start(slot, 1, 8, out, 4096));
    request_finish(slot, request_start(slot, 0, 8, in, 4096));
    for (uint64_t offset = 0; offset < 4096; offset += 8)
        if (*(volatile uint64_t *)(out + offset) != *(volatile uint64_t *)(in + offset))
            fail(HOSTILE_DISK_WRONG, slot, offset);
}

/* GET_DISPLAY_INFO is answered: the answer's type is OK_DISPLAY_INFO. */
static void gpu_check(void)
{
    const uint64_t answer = REQUESTS + 0x100;
    slot_up(SLOT_GPU, 0, QUEUE_SIZE);
    for (uint64_t offset = 0; offset < 0x300; offset += 4)
        put_u32(REQUESTS + offset, 0);
    put_u32(REQUESTS, 0x100);
    uint64_t table = queues[SLOT_GPU][0].descriptors;
    descriptor_put(table, 0, (struct segment){REQUESTS, 24, DESCRIPTOR_NEXT}, 1);
    descriptor_put(table, 1, (struct segment){answer, 408, DESCRIPTOR_WRITE}, 0);
    head_offer(SLOT_GPU, 0, 0);
    set(SLOT_GPU, MMIO_NOTIFY, 0);
    if (*(volatile uint32_t *)answer != 0x1101)
        fail(HOSTILE_SLOT_UNUSABLE, SLOT_GPU, *(volatile uint32_t *)answer);
}

void virtio_check(void)
{
    virtio_quiet();
    for (unsigned slot = 0; slot < HOSTILE_DISK_COUNT; slot++)
        disk_check(slot);
    gpu_check();
    for (unsigned slot = SLOT_KEYBOARD; slot < SLOT_KEYBOARD + 2; slot++) {
        slot_up(slot, 0, QUEUE_SIZE);
        if (get(slot, MMIO_STATUS) != STATUS_READY)
            fail(HOSTILE_SLOT_UNUSABLE, slot, get(slot, MMIO_STATUS));
    }
}
