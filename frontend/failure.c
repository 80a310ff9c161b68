/* SPDX-License-Identifier: GPL-2.0-or-later */
/* failure.c - see failure.h. */
#include "frontend/failure.h"

#include <stdio.h>

int failure_tell(const struct error *error)
{
    fprintf(stderr, "latchkey: %s\n", error->text);
    return error_exit_status(error);
}
