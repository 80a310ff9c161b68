/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sbi.c - decodes SBI calls. Called by machine.c; calls struct sbi_host only. Keeps no state.
 * Source: sbi.h. */
#include "emulator/sbi.h"

#include <assert.h>

enum {
    LEGACY_SET_TIMER = 0, LEGACY_PUT = 1, LEGACY_GET = 2, LEGACY_CLEAR_IPI = 3,
    LEGACY_SEND_IPI = 4, LEGACY_FENCE_FIRST = 5, LEGACY_FENCE_LAST = 7, LEGACY_SHUTDOWN = 8,
    LEGACY_LAST = 0x0f,
};
#define EXTENSION_BASE 0x10u
#define EXTENSION_TIME 0x54494d45u
#define EXTENSION_IPI 0x735049u
#define EXTENSION_RFENCE 0x52464e43u
#define EXTENSION_HSM 0x48534du
#define EXTENSION_SRST 0x53525354u
#define EXTENSION_DBCN 0x4442434eu
#define SPEC_VERSION (1u << 24) /* 1.0 */
#define IMPLEMENTATION_ID 0x4c4bu /* not one that is assigned; "LK" */
#define IMPLEMENTATION_VERSION 1u
#define ERROR_NOT_SUPPORTED ((uint64_t)-2)
#define ERROR_INVALID_PARAM ((uint64_t)-3)
#define ERROR_ALREADY_AVAILABLE ((uint64_t)-6)
#define CONSOLE_CHUNK_BYTES 256u
#define CONSOLE_BYTES_MAX 65536u /* of one DBCN call; the rest is left to the next */

static bool extension_known(uint64_t extension)
{
    switch (extension) {
    case EXTENSION_BASE:
    case EXTENSION_TIME:
    case EXTENSION_IPI:
    case EXTENSION_RFENCE:
    case EXTENSION_HSM:
    case EXTENSION_SRST:
    case EXTENSION_DBCN:
        return true;
    default:
        return extension <= LEGACY_SHUTDOWN;
    }
}

static uint64_t base_call(uint64_t function, uint64_t argument, uint64_t *value)
{
    switch (function) {
    case 0:
        *value = SPEC_VERSION;
        return 0;
    case 1:
        *value = IMPLEMENTATION_ID;
        return 0;
    case 2:
        *value = IMPLEMENTATION_VERSION;
        return 0;
    case 3:
        *value = extension_known(argument);
        return 0;
    case 4: /* mvendorid, marchid, mimpid: none */
    case 5:
    case 6:
        *value = 0;
        return 0;
    default:
        return ERROR_NOT_SUPPORTED;
    }
}

/* Does a hart mask name hart 0, and no other? base -1: all harts. */
static bool mask_valid(uint64_t mask, uint64_t base)
{
    return base == UINT64_MAX || (base == 0 && (mask & ~1ull) == 0) || mask == 0;
}

static uint64_t ipi_call(const struct sbi_host *host, const uint64_t args[8])
{
    if (args[6] != 0)
        return ERROR_NOT_SUPPORTED;
    if (!mask_valid(args[0], args[1]))
        return ERROR_INVALID_PARAM;
    if (args[1] == UINT64_MAX || (args[0] & 1))
        host->soft_set(host->context, true);
    return 0;
}

/* One hart: its own sfence.vma and fence.i have done all there is to do. */
static uint64_t fence_call(const uint64_t args[8])
{
    if (args[6] > 2)
        return ERROR_NOT_SUPPORTED;
    return mask_valid(args[0], args[1]) ? 0 : ERROR_INVALID_PARAM;
}

static uint64_t hart_call(const uint64_t args[8], uint64_t *value)
{
    switch (args[6]) {
    case 0: /* start */
        return args[0] == 0 ? ERROR_ALREADY_AVAILABLE : ERROR_INVALID_PARAM;
    case 2: /* status: started */
        *value = 0;
        return args[0] == 0 ? 0 : ERROR_INVALID_PARAM;
    default:
        return ERROR_NOT_SUPPORTED;
    }
}

static uint64_t reset_call(const struct sbi_host *host, const uint64_t args[8])
{
    uint32_t type = (uint32_t)args[0], reason = (uint32_t)args[1];
    if (args[6] != 0)
        return ERROR_NOT_SUPPORTED;
    if (type > 2 || reason > 1)
        return ERROR_INVALID_PARAM;
    host->reset(host->context, type == 0 ? SBI_RESET_SHUTDOWN : SBI_RESET_REBOOT, reason == 1);
    return 0;
}

static uint64_t console_write(const struct sbi_host *host, uint64_t addr, uint64_t size_bytes,
                              uint64_t *value)
{
    uint8_t chunk[CONSOLE_CHUNK_BYTES];
    *value = 0;
    if (size_bytes > CONSOLE_BYTES_MAX)
        size_bytes = CONSOLE_BYTES_MAX;
    while (*value < size_bytes) {
        uint64_t part = size_bytes - *value;
        if (part > sizeof(chunk))
            part = sizeof(chunk);
        if (!host->memory_read(host->context, addr + *value, chunk, part))
            return ERROR_INVALID_PARAM;
        for (uint64_t i = 0; i < part; i++)
            host->console_put(host->context, chunk[i]);
        *value += part;
    }
    return 0;
}

static uint64_t console_read(const struct sbi_host *host, uint64_t addr, uint64_t size_bytes,
                             uint64_t *value)
{
    uint8_t probe[1], byte;
    *value = 0;
    if (size_bytes > CONSOLE_BYTES_MAX)
        size_bytes = CONSOLE_BYTES_MAX;
    if (size_bytes > 0 && (!host->memory_read(host->context, addr, probe, 1) ||
                           !host->memory_read(host->context, addr + size_bytes - 1, probe, 1)))
        return ERROR_INVALID_PARAM;
    while (*value < size_bytes && host->console_take(host->context, &byte)) {
        if (!host->memory_write(host->context, addr + *value, &byte, 1))
            return ERROR_INVALID_PARAM;
        ++*value;
    }
    return 0;
}

static uint64_t debug_console_call(const struct sbi_host *host, const uint64_t args[8],
                                   uint64_t *value)
{
    if (args[6] < 2 && args[2] != 0) /* the upper half of the address */
        return ERROR_INVALID_PARAM;
    switch (args[6]) {
    case 0:
        return console_write(host, args[1], args[0], value);
    case 1:
        return console_read(host, args[1], args[0], value);
    case 2:
        host->console_put(host->context, (uint8_t)args[0]);
        return 0;
    default:
        return ERROR_NOT_SUPPORTED;
    }
}

/* Legacy calls answer in a0 alone. */
static uint64_t legacy_call(const struct sbi_host *host, const uint64_t args[8])
{
    uint8_t byte;
    switch (args[7]) {
    case LEGACY_SET_TIMER:
        host->timer_set(host->context, args[0]);
        return 0;
    case LEGACY_PUT:
        host->console_put(host->context, (uint8_t)args[0]);
        return 0;
    case LEGACY_GET:
        return host->console_take(host->context, &byte) ? byte : (uint64_t)-1;
    case LEGACY_CLEAR_IPI:
        host->soft_set(host->context, false);
        return 0;
    case LEGACY_SEND_IPI:
        host->soft_set(host->context, true);
        return 0;
    case LEGACY_SHUTDOWN:
        host->reset(host->context, SBI_RESET_SHUTDOWN, false);
        return 0;
    default:
        return args[7] >= LEGACY_FENCE_FIRST && args[7] <= LEGACY_FENCE_LAST
                   ? 0
                   : ERROR_NOT_SUPPORTED;
    }
}

void sbi_call(const struct sbi_host *host, const uint64_t args[8], uint64_t result[2])
{
    assert(host->reset != NULL);
    if (args[7] <= LEGACY_LAST) {
        result[0] = legacy_call(host, args);
        return;
    }
    result[1] = 0;
    switch (args[7]) {
    case EXTENSION_BASE:
        result[0] = base_call(args[6], args[0], &result[1]);
        return;
    case EXTENSION_TIME:
        result[0] = args[6] == 0 ? 0 : ERROR_NOT_SUPPORTED;
        if (args[6] == 0)
            host->timer_set(host->context, args[0]);
        return;
    case EXTENSION_IPI:
        result[0] = ipi_call(host, args);
        return;
    case EXTENSION_RFENCE:
        result[0] = fence_call(args);
        return;
    case EXTENSION_HSM:
        result[0] = hart_call(args, &result[1]);
        return;
    case EXTENSION_SRST:
        result[0] = reset_call(host, args);
        return;
    case EXTENSION_DBCN:
        result[0] = debug_console_call(host, args, &result[1]);
        return;
    default:
        result[0] = ERROR_NOT_SUPPORTED;
    }
}
