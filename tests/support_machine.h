/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_machine.h - what a machine printed on its console, for tests that run whole machines. */
#ifndef LATCHKEY_TESTS_SUPPORT_MACHINE_H
#define LATCHKEY_TESTS_SUPPORT_MACHINE_H

#include "emulator/machine.h"

#define TRANSCRIPT_BYTES 16384u

struct transcript {
    char text[TRANSCRIPT_BYTES]; /* NUL-terminated; cut when it is full */
    size_t length;
};

/* transcript_sink - a console for struct machine_config. transcript must be zeroed and outlive the
 * machine. */
struct console_sink transcript_sink(struct transcript *transcript);

#endif
