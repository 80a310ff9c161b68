/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_planted.h - kernels with an error on purpose: what a power-fail campaign must find.
 *
 * A planted kernel is the kernel of the build with one place of its source changed. Only the file
 * that has the place is compiled again; all else is what ninja made of kernel/, linked with the
 * command that ninja has for it.
 */
#ifndef LATCHKEY_TESTS_SUPPORT_PLANTED_H
#define LATCHKEY_TESTS_SUPPORT_PLANTED_H

#include "emulator/base/error.h"

#define PLANTED_PATH_BYTES 1000u

struct planted {
    const char *name;
    const char *file, *from, *to; /* kernel/FILE says from in one place, and should say to */
    const char *campaign;         /* the least that finds it: image and options */
    int status;                   /* that the campaign ends with */
    const char *outcome;          /* and what it calls it */
    const char *phase, *write, *symbol; /* of the minimised failure */
};

#define PLANTED_KERNELS 8u
extern const struct planted planted_kernels[PLANTED_KERNELS];

/* planted_build - make it, unless it is there and newer than the kernel.
 *
 * path     out: the kernel.
 * Errors   ERROR_FORMAT the place is not in the source, or not once; it cannot be compiled.
 *          ERROR_IO a file.
 */
MUST_CHECK bool planted_build(const struct planted *planted, char path[PLANTED_PATH_BYTES],
                              struct error *error);

#endif
