/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_gdb.c - see support_gdb.h. */
#include "tests/support_gdb.h"

#include <string.h>

#include "emulator/base/text.h"
#include "emulator/gdb_packet.h"

#define FAKE_PC 4u

static const struct gdb_register registers[] = {
    {"a", 0, 64, "org.test.cpu", "int", NULL},     {"b", 1, 64, "org.test.cpu", "int", NULL},
    {"c", 2, 32, "org.test.cpu", "int", NULL},     {"d", 3, 8, "org.test.cpu", NULL, NULL},
    {"pc", 4, 64, "org.test.cpu", "code_ptr", NULL}, {"z", 99, 64, "org.test.own", NULL, "own"},
};

static bool register_read(void *context, uint64_t thread, uint32_t number, uint64_t *value)
{
    struct fake_target *target = context;
    if (thread > 2 || number == 3)
        return false;
    *value = target->registers[number == 99 ? 5 : number];
    return true;
}

static bool register_write(void *context, uint64_t thread, uint32_t number, uint64_t value)
{
    struct fake_target *target = context;
    if (thread > 2 || number == 99)
        return false;
    target->registers[number] = value;
    return true;
}

static size_t memory_read(void *context, uint64_t thread, bool physical, uint64_t addr, void *data,
                          size_t size_bytes)
{
    struct fake_target *target = context;
    uint64_t offset = physical ? addr : addr - FAKE_MEMORY_ADDR;
    (void)thread;
    if (offset >= FAKE_MEMORY_BYTES)
        return 0;
    if (size_bytes > FAKE_MEMORY_BYTES - offset)
        size_bytes = (size_t)(FAKE_MEMORY_BYTES - offset);
    memcpy(data, target->memory + offset, size_bytes);
    return size_bytes;
}

static bool memory_write(void *context, uint64_t thread, bool physical, uint64_t addr,
                         const void *data, size_t size_bytes)
{
    struct fake_target *target = context;
    uint64_t offset = physical ? addr : addr - FAKE_MEMORY_ADDR;
    (void)thread;
    if (offset >= FAKE_MEMORY_BYTES || size_bytes > FAKE_MEMORY_BYTES - offset)
        return false;
    memcpy(target->memory + offset, data, size_bytes);
    return true;
}

static size_t regions(void *context, struct gdb_region *out, size_t max)
{
    (void)context;
    (void)max;
    out[0] = (struct gdb_region){FAKE_MEMORY_ADDR, FAKE_MEMORY_BYTES};
    return 1;
}

static uint64_t thread_now(void *context)
{
    (void)context;
    return 2;
}

static size_t threads(void *context, struct gdb_thread *out, size_t max)
{
    (void)context;
    (void)max;
    out[0] = (struct gdb_thread){.id = 1, .name = "one"};
    out[1] = (struct gdb_thread){.id = 2, .name = "two <&>"};
    return 2;
}

static enum gdb_answer point_add(void *context, const struct gdb_point *point)
{
    struct fake_target *target = context;
    if (point->kind == GDB_WATCH_READ)
        return GDB_UNKNOWN;
    if (target->point_count == 8)
        return GDB_REFUSED;
    target->points[target->point_count++] = *point;
    return GDB_DONE;
}

static enum gdb_answer point_remove(void *context, const struct gdb_point *point)
{
    struct fake_target *target = context;
    for (size_t i = 0; i < target->point_count; i++)
        if (target->points[i].kind == point->kind && target->points[i].addr == point->addr) {
            target->points[i] = target->points[--target->point_count];
            return GDB_DONE;
        }
    return GDB_REFUSED;
}

static bool start(void *context, enum gdb_move move)
{
    struct fake_target *target = context;
    target->move = move;
    target->moves++;
    target->slices_left = 2;
    target->interrupted = false;
    return true;
}

static bool go_on(void *context, struct gdb_stop *stop)
{
    struct fake_target *target = context;
    *stop = target->next;
    if (target->move == GDB_STEP) {
        *stop = (struct gdb_stop){.kind = GDB_STOP_STEP};
        target->registers[FAKE_PC] += 4;
        return true;
    }
    if (target->interrupted)
        *stop = (struct gdb_stop){.kind = GDB_STOP_ASKED};
    return target->interrupted || target->slices_left-- == 0;
}

static void interrupt(void *context)
{
    struct fake_target *target = context;
    target->interrupted = true;
}

static bool monitor(void *context, const char *words, struct byte_writer *text)
{
    (void)context;
    if (strcmp(words, "long") == 0)
        for (unsigned i = 0; i < 5000; i++)
            text_add(text, "line %u\n", i);
    else if (strcmp(words, "hello") == 0)
        text_add(text, "hello\n");
    else
        return false;
    return true;
}

const struct gdb_ops *fake_ops(void)
{
    static const struct gdb_ops ops = {
        .registers = registers, .register_count = FAKE_REGISTERS, .plain_count = 5, .pc = FAKE_PC,
        .back = true, .register_read = register_read, .register_write = register_write,
        .memory_read = memory_read, .memory_write = memory_write, .regions = regions,
        .thread_now = thread_now, .threads = threads, .point_add = point_add,
        .point_remove = point_remove, .start = start, .go_on = go_on, .interrupt = interrupt,
        .monitor = monitor};
    return &ops;
}

void fake_send(struct gdb *gdb, const char *packet)
{
    struct byte_writer framed = {0};
    gdb_packet_write(&framed, packet, strlen(packet));
    gdb_receive(gdb, framed.data, framed.size_bytes);
    writer_finish(&framed);
}

const char *fake_answer(struct gdb *gdb)
{
    struct byte_writer *output = gdb_output(gdb);
    write_u8(output, 0);
    output->size_bytes = 0;
    return (const char *)output->data;
}

const char *fake_ask(struct gdb *gdb, const char *packet)
{
    fake_send(gdb, packet);
    while (gdb_runs(gdb))
        gdb_go_on(gdb);
    return fake_answer(gdb);
}
