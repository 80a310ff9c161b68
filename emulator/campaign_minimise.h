/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_minimise.h - from a failure to the smallest one like it: the earliest event, then the
 * fewest writes that survive there, then the shortest run; and which write it is that matters.
 *
 * Used by campaign.c. Calls campaign_level.c, campaign_unit.c and campaign_write.c.
 *
 * Invariants
 *  1. What comes out was judged, and ended as the failure that was given: the same outcome.
 *  2. It is a function of the failure, the images, the kernel and the request.
 */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_MINIMISE_H
#define LATCHKEY_EMULATOR_CAMPAIGN_MINIMISE_H

#include "emulator/campaign_level.h"
#include "emulator/campaign_write.h"

struct campaign_minimal {
    bool found;
    char name[CAMPAIGN_PATH_BYTES]; /* of the case */
    struct campaign_result result;
    unsigned checkpoints; /* that the run needs */
    unsigned cached, kept; /* writes in caches at the cut, and those of which something survives */
    struct campaign_write write; /* the one that matters */
};

struct campaign_minimise_request {
    const struct campaign_request *cases;
    unsigned checkpoints; /* of the run */
    bool all_judged;      /* no case of the request is left out: none is earlier */
    bool as_it_is;        /* only say which write matters */
};

/* campaign_minimise - the smallest failure like this one.
 *
 * name     of a failure, and result how it ended.
 * Errors   as campaign_unit_run and campaign_machine_learn.
 */
MUST_CHECK bool campaign_minimise(struct campaign_machine *machine,
                                  const struct campaign_level *level,
                                  const struct campaign_minimise_request *request,
                                  const char *name, const struct campaign_result *result,
                                  struct campaign_minimal *minimal, struct error *error);

#endif
