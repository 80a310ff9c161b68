/* SPDX-License-Identifier: GPL-2.0-or-later */
/* error.c - filling struct error, and its exit status. Called by everyone on the host side; calls
 * libc. */
#include "emulator/base/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

bool error_set(struct error *error, enum error_code code, const char *format, ...)
{
    assert(error);
    assert(code != ERROR_NONE);
    va_list arguments;
    va_start(arguments, format);
    error->code = code;
    (void)vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    /* One line, whatever a file name or a foreign image put into it. */
    for (char *at = error->text; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    return false;
}

int error_exit_status(const struct error *error)
{
    assert(error);
    switch (error->code) {
    case ERROR_USAGE:
    case ERROR_LIMIT:
        return 2;
    case ERROR_FORMAT:
        return 1;
    case ERROR_IO:
    case ERROR_UNSUPPORTED:
        return 3;
    case ERROR_NONE:
        break;
    }
    assert(!"error_exit_status of no error");
    return 1;
}
