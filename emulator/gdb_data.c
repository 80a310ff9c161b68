/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb_data.c - the packets about registers and memory. Called by gdb_command.c; calls the ops. */
#include <assert.h>
#include <stdlib.h>

#include "emulator/base/memory.h"
#include "emulator/gdb_state.h"

#define MEMORY_BYTES_MAX (GDB_PACKET_BYTES / 2) /* that one packet asks for, or hex brings */

/* --- registers --- */

static const struct gdb_register *register_find(const struct gdb *gdb, uint64_t number)
{
    for (size_t i = 0; i < gdb->ops->register_count; i++)
        if (gdb->ops->registers[i].number == number)
            return &gdb->ops->registers[i];
    return NULL;
}

static void register_write_hex(struct gdb *gdb, const struct gdb_register *one)
{
    uint8_t bytes[8];
    uint64_t value = 0;
    if (!gdb->ops->register_read(gdb->context, gdb->thread, one->number, &value)) {
        for (unsigned i = 0; i < one->bits / 8; i++)
            gdb_text(gdb, "xx"); /* it cannot be known */
        return;
    }
    store_u64(bytes, value);
    gdb_hex_write(&gdb->reply, bytes, one->bits / 8);
}

bool gdb_registers_get(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    (void)rest;
    (void)size_bytes;
    for (size_t i = 0; i < gdb->ops->plain_count; i++)
        register_write_hex(gdb, &gdb->ops->registers[i]);
    return true;
}

static bool register_put(struct gdb *gdb, const struct gdb_register *one, const char *text)
{
    uint8_t bytes[8] = {0};
    assert(one->bits <= 64);
    return gdb_hex_read(text, bytes, one->bits / 8) &&
           gdb->ops->register_write(gdb->context, gdb->thread, one->number, load_u64(bytes));
}

bool gdb_registers_put(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    size_t at = 0;
    for (size_t i = 0; i < gdb->ops->plain_count && at < size_bytes; i++) {
        uint64_t old;
        uint8_t bytes[8] = {0};
        const struct gdb_register *one = &gdb->ops->registers[i];
        /* What stays as it is is not written: it may be one that cannot be. */
        bool same = gdb_hex_read(rest + at, bytes, one->bits / 8) &&
                    gdb->ops->register_read(gdb->context, gdb->thread, one->number, &old) &&
                    old == load_u64(bytes);
        if (!same && !register_put(gdb, one, rest + at))
            return gdb_fail(gdb);
        at += one->bits / 4;
    }
    return gdb_done(gdb);
}

bool gdb_register_get(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    uint64_t number;
    (void)size_bytes;
    const struct gdb_register *one =
        gdb_number_read(&rest, &number) && *rest == '\0' ? register_find(gdb, number) : NULL;
    if (!one)
        return gdb_fail(gdb);
    register_write_hex(gdb, one);
    return true;
}

bool gdb_register_set(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    uint64_t number;
    (void)size_bytes;
    const struct gdb_register *one =
        gdb_number_read(&rest, &number) && *rest == '=' ? register_find(gdb, number) : NULL;
    return one && register_put(gdb, one, rest + 1) ? gdb_done(gdb) : gdb_fail(gdb);
}

/* --- memory --- */

static bool memory_get(struct gdb *gdb, const char *rest, bool hex)
{
    uint64_t addr, wanted;
    if (!gdb_place_read(&rest, &addr, &wanted) || *rest != '\0')
        return gdb_fail(gdb);
    if (wanted > MEMORY_BYTES_MAX)
        wanted = MEMORY_BYTES_MAX;
    uint8_t *data = memory_zeroed(MEMORY_BYTES_MAX, 1);
    size_t got = gdb->ops->memory_read(gdb->context, gdb->thread, gdb->physical, addr, data,
                                       (size_t)wanted);
    bool good = got > 0 || wanted == 0;
    if (good && hex) {
        gdb_hex_write(&gdb->reply, data, got);
    } else if (good) {
        gdb_text(gdb, "b");
        write_bytes(&gdb->reply, data, got);
    }
    free(data);
    return good || gdb_fail(gdb);
}

bool gdb_memory_hex(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    (void)size_bytes;
    return memory_get(gdb, rest, true);
}

bool gdb_memory_binary(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    (void)size_bytes;
    return memory_get(gdb, rest, false);
}

static bool memory_put(struct gdb *gdb, const char *rest, size_t size_bytes, bool hex)
{
    const char *text = rest;
    uint64_t addr, wanted;
    uint8_t *data = NULL;
    if (!gdb_place_read(&text, &addr, &wanted) || *text != ':')
        return gdb_fail(gdb);
    size_t there = size_bytes - (size_t)(text + 1 - rest);
    if (hex)
        there /= 2;
    if (wanted != there)
        return gdb_fail(gdb);
    bool good = true;
    if (hex && there > 0) {
        data = memory_zeroed(there, 1);
        good = gdb_hex_read(text + 1, data, there);
    }
    good = good && (there == 0 ||
                    gdb->ops->memory_write(gdb->context, gdb->thread, gdb->physical, addr,
                                           hex ? (const void *)data : text + 1, there));
    free(data);
    return good ? gdb_done(gdb) : gdb_fail(gdb);
}

bool gdb_memory_put_hex(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    return memory_put(gdb, rest, size_bytes, true);
}

bool gdb_memory_put_binary(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    return memory_put(gdb, rest, size_bytes, false);
}

bool gdb_physical_set(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    if (size_bytes != 1 || (*rest != '0' && *rest != '1'))
        return gdb_fail(gdb);
    gdb->physical = *rest == '1';
    return gdb_done(gdb);
}

bool gdb_physical_get(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    (void)rest;
    (void)size_bytes;
    gdb_text(gdb, gdb->physical ? "1" : "0");
    return true;
}
