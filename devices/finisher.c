/* SPDX-License-Identifier: GPL-2.0-or-later */
/* finisher.c - sifive,test0, the device with which a guest ends its run. Called by the bus; calls
 * the notify() of its config.
 *
 * Invariants
 *  1. The last valid request wins; a write of anything else changes nothing.
 *  2. code is 0 unless kind is FINISHER_FAIL.
 *
 * Source: the register and its three values as on QEMU's virt board (hw/misc/sifive_test.c): one
 * write of 16 or 32 bits at offset 0, status in bits 15..0, code in bits 31..16.
 */
#include "devices/finisher.h"

#include <assert.h>

#include "devices/board.h"

struct finisher {
    const struct finisher_config *config;
    struct finisher_request request;
};

static bool finisher_kind_is_valid(uint32_t kind)
{
    return kind == FINISHER_FAIL || kind == FINISHER_PASS || kind == FINISHER_RESET;
}

static void finisher_init(void *state, const struct device_env *env, const void *config)
{
    struct finisher *finisher = state;
    assert(env != NULL);
    assert(config != NULL);
    finisher->config = config;
}

static void finisher_reset(void *state)
{
    struct finisher *finisher = state;
    finisher->request = (struct finisher_request){0};
}

static bool finisher_read(void *state, uint64_t offset, unsigned size_bytes, uint64_t *value)
{
    assert(state != NULL);
    *value = 0;
    return offset == 0 && (size_bytes == 2 || size_bytes == 4);
}

static bool finisher_write(void *state, uint64_t offset, unsigned size_bytes, uint64_t value)
{
    struct finisher *finisher = state;
    if (offset != 0 || (size_bytes != 2 && size_bytes != 4))
        return false;
    uint32_t kind = (uint32_t)(value & 0xffffu);
    if (!finisher_kind_is_valid(kind))
        return true;
    finisher->request.kind = kind;
    finisher->request.code = kind == FINISHER_FAIL ? (uint32_t)(value >> 16 & 0xffffu) : 0;
    if (finisher->config->notify != NULL)
        finisher->config->notify(finisher->config->context, finisher->request);
    return true;
}

static void finisher_save(const void *state, struct byte_writer *writer)
{
    const struct finisher *finisher = state;
    write_u32(writer, finisher->request.kind);
    write_u32(writer, finisher->request.code);
}

static void finisher_load(void *state, struct byte_reader *reader)
{
    struct finisher *finisher = state;
    struct finisher_request request;
    request.kind = read_u32(reader);
    request.code = read_u32(reader);
    if (request.kind != 0 && !finisher_kind_is_valid(request.kind))
        reader_fail(reader);
    if (request.code > 0xffffu || (request.code != 0 && request.kind != FINISHER_FAIL))
        reader_fail(reader);
    if (!reader->failed)
        finisher->request = request;
}

struct finisher_request finisher_request(const struct finisher *finisher)
{
    assert(finisher != NULL);
    assert(finisher->request.kind == 0 || finisher_kind_is_valid(finisher->request.kind));
    return finisher->request;
}

const struct device_ops finisher_ops = {
    .name = "finisher",
    .compatible = "sifive,test0",
    .state_bytes = sizeof(struct finisher),
    .init = finisher_init,
    .reset = finisher_reset,
    .read = finisher_read,
    .write = finisher_write,
    .save = finisher_save,
    .load = finisher_load,
};
