/* SPDX-License-Identifier: GPL-2.0-or-later */
/* solid.h - a turning solid of 12 corners and 30 edges, seen in perspective, in integers. */
#ifndef LATCHKEY_DOMAINS_SOLID_H
#define LATCHKEY_DOMAINS_SOLID_H

#include <stdint.h>

#include "disks/domains/parts/draw.h"

#define SOLID_CORNERS 12u
#define SOLID_EDGES 30u
#define SOLID_TURN 4096 /* of an angle: all the way round */

struct solid_edge {
    uint8_t from, to; /* corners */
    int32_t near_q8;  /* of its middle: -256 at the back .. 256 in front */
};
struct solid_view {
    struct point_q8 corners[SOLID_CORNERS];
    int32_t corner_near_q8[SOLID_CORNERS];
    struct solid_edge edges[SOLID_EDGES]; /* from back to front */
};

/* solid_sine - of an angle in 1/SOLID_TURN of a turn; -16384..16384, off by at most 30. */
int32_t solid_sine(int32_t angle);
/* solid_look - the solid turned by two angles, around center, about radius in size. */
void solid_look(struct solid_view *view, int32_t angle, int32_t tilt, struct point_q8 center,
                int32_t radius_q8);

#endif
