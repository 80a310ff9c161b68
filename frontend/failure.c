/* SPDX-License-Identifier: GPL-2.0-or-later */
/* failure.c - see failure.h. */
#include "frontend/failure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int failure_tell(const struct error *error)
{
    fprintf(stderr, "latchkey: %s\n", error->text);
    return error_exit_status(error);
}

int failure_of_output(int status)
{
    struct error error;
    if (status != 0) { /* something else failed first, and was told */
        (void)fflush(stdout);
        return status;
    }
    errno = 0;
    if (fflush(stdout) == 0) {
        if (!ferror(stdout))
            return status;
        /* What was not taken is gone from the stream, and why: the end of its line asks again. */
        (void)fputc('\n', stdout);
        (void)fflush(stdout);
    }
    (void)error_set(&error, ERROR_IO, "standard output: %s",
                    errno ? strerror(errno) : "not all of it was taken");
    return failure_tell(&error);
}
