/* SPDX-License-Identifier: GPL-2.0-or-later */
/* power_place.h - where in a run the power fails, and how, from the words of --power-cut. Used by
 * options.c; the session makes it so. */
#ifndef LATCHKEY_EMULATOR_POWER_PLACE_H
#define LATCHKEY_EMULATOR_POWER_PLACE_H

#include "emulator/base/error.h"
#include "emulator/power.h"

enum power_place_kind {
    POWER_PLACE_NONE,
    POWER_PLACE_INSTRUCTIONS, /* after so many */
    POWER_PLACE_PHASE,        /* after so many writes to the disks since it began */
    POWER_PLACE_WRITE         /* when a disk has taken so many */
};

struct power_place {
    enum power_place_kind kind;
    uint64_t count;
    uint32_t phase; /* enum trace_phase */
    unsigned disk;
    struct power_cut cut;
};

/* power_place_parse - insn=N | phase=NAME[+WRITES] | diskN.write=COUNT, then [,policy=P][,seed=N].
 *
 * Errors   ERROR_USAGE it is none of these.
 */
MUST_CHECK bool power_place_parse(const char *text, struct power_place *place,
                                  struct error *error);

#endif
