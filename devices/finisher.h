/* SPDX-License-Identifier: GPL-2.0-or-later */
/* finisher.h - sifive,test0: the guest ends the run, passing or failing, or asks for a reboot.
 *
 * emulator/machine.c ends the run from notify().
 */
#ifndef LATCHKEY_DEVICES_FINISHER_H
#define LATCHKEY_DEVICES_FINISHER_H

#include "devices/device.h"

struct finisher; /* the state block of finisher_ops */

struct finisher_request {
    uint32_t kind; /* 0: none yet, FINISHER_PASS, FINISHER_FAIL or FINISHER_RESET (board.h) */
    uint32_t code; /* exit code, 0..65535; 0 for PASS and RESET */
};

struct finisher_config {
    void *context;
    /* The guest wrote a request. May be NULL. */
    void (*notify)(void *context, struct finisher_request request);
};

extern const struct device_ops finisher_ops; /* init wants a struct finisher_config */

/* finisher_request - what the guest last asked for since reset. */
struct finisher_request finisher_request(const struct finisher *finisher);

#endif
