/* SPDX-License-Identifier: GPL-2.0-or-later */
/* console_log.c - see console_log.h. */
#include "frontend/console_log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"

void console_log_init(struct console_log *log, FILE *output)
{
    *log = (struct console_log){.output = output};
    terminal_init(&log->terminal);
}

void console_log_finish(struct console_log *log)
{
    free(log->bytes);
    console_log_init(log, NULL);
}

static void older_drop(struct console_log *log)
{
    size_t half = log->size / 2;
    memmove(log->bytes, log->bytes + half, log->size - half);
    log->size -= half;
    log->first += half;
}

static void byte_append(struct console_log *log, uint8_t byte)
{
    if (log->size == CONSOLE_LOG_BYTES_MAX) {
        (void)console_log_terminal(log); /* it has seen what goes */
        older_drop(log);
    }
    log->bytes = memory_grow(log->bytes, log->size, &log->capacity, 1);
    log->bytes[log->size++] = byte;
}

void console_log_put(struct console_log *log, const uint8_t *data, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++) {
        if (log->at == log->first + log->size)
            byte_append(log, data[i]);
        log->at++;
        if (log->at > log->told && log->output)
            (void)fputc(data[i], log->output);
        if (log->at > log->told)
            log->told = log->at;
    }
}

void console_log_go(struct console_log *log, uint64_t at)
{
    assert(at <= log->first + log->size);
    log->at = at;
}

void console_log_branch(struct console_log *log)
{
    log->told = log->at;
    log->size = log->at > log->first ? (size_t)(log->at - log->first) : 0;
    if (log->at < log->first)
        log->first = log->at;
    if (log->terminal_at > log->at)
        (void)console_log_terminal(log);
}

const struct terminal *console_log_terminal(struct console_log *log)
{
    if (log->terminal_at > log->at || log->terminal_at < log->first) {
        terminal_init(&log->terminal);
        log->terminal_at = log->first;
    }
    if (log->terminal_at < log->at)
        terminal_put(&log->terminal, log->bytes + (log->terminal_at - log->first),
                     (size_t)(log->at - log->terminal_at));
    if (log->terminal_at < log->at)
        log->terminal_at = log->at;
    return &log->terminal;
}
