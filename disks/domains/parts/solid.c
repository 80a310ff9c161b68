/* SPDX-License-Identifier: GPL-2.0-or-later */
/* solid.c - an icosahedron: three golden rectangles at right angles to each other. Called by the
 * screen domain. */
#include "disks/domains/parts/solid.h"

#define QUARTER (SOLID_TURN / 4)
#define HALF_TURN (SOLID_TURN / 2)
/* Half the sides of a golden rectangle whose corners are 16384 from the middle: 16384 / sqrt(1 +
 * phi^2), and phi times that. */
#define SHORT_SIDE 8613
#define LONG_SIDE 13937
/* The eye is this many radii away. */
#define EYE_Q14 (4 * 16384)

/* Bhaskara's approximation: sin x = 16 x (pi - x) / (5 pi^2 - 4 x (pi - x)) for 0..pi. */
int32_t solid_sine(int32_t angle)
{
    int32_t within = angle & (HALF_TURN - 1);
    int64_t product = (int64_t)within * (HALF_TURN - within);
    int64_t value = 16 * product * 16384 / (5ll * HALF_TURN * HALF_TURN - 4 * product);
    return (int32_t)(angle & HALF_TURN ? -value : value);
}

static int32_t cosine(int32_t angle)
{
    return solid_sine(angle + QUARTER);
}

struct corner {
    int32_t x, y, z;
};

static struct corner corner_at(unsigned index)
{
    int32_t a = index & 1 ? -SHORT_SIDE : SHORT_SIDE;
    int32_t b = index & 2 ? -LONG_SIDE : LONG_SIDE;
    switch (index / 4) {
    case 0:
        return (struct corner){0, a, b};
    case 1:
        return (struct corner){a, b, 0};
    default:
        return (struct corner){b, 0, a};
    }
}

static int32_t turned(int32_t a, int32_t cosine_q14, int32_t b, int32_t sine_q14)
{
    return (int32_t)(((int64_t)a * cosine_q14 + (int64_t)b * sine_q14) >> 14);
}

/* Corners one side apart are joined: their distance is twice the short side. */
static bool joined(struct corner a, struct corner b)
{
    int64_t x = a.x - b.x, y = a.y - b.y, z = a.z - b.z;
    return x * x + y * y + z * z < 5ll * SHORT_SIDE * SHORT_SIDE;
}

/* From back to front, so that nearer ones are drawn over farther ones. */
static void edges_order(struct solid_view *view, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        struct solid_edge edge = view->edges[i];
        unsigned at = i;
        for (; at > 0 && view->edges[at - 1].near_q8 > edge.near_q8; at--)
            view->edges[at] = view->edges[at - 1];
        view->edges[at] = edge;
    }
}

void solid_look(struct solid_view *view, int32_t angle, int32_t tilt, struct point_q8 center,
                int32_t radius_q8)
{
    int32_t cosine_angle = cosine(angle), sine_angle = solid_sine(angle);
    int32_t cosine_tilt = cosine(tilt), sine_tilt = solid_sine(tilt);
    for (unsigned i = 0; i < SOLID_CORNERS; i++) {
        struct corner corner = corner_at(i);
        int32_t x = turned(corner.x, cosine_angle, corner.z, sine_angle);
        int32_t z = turned(corner.z, cosine_angle, corner.x, -sine_angle);
        int32_t y = turned(corner.y, cosine_tilt, z, sine_tilt);
        z = turned(z, cosine_tilt, corner.y, -sine_tilt);
        int64_t size = (int64_t)radius_q8 * EYE_Q14 / (EYE_Q14 - z);
        view->corners[i].x = center.x + (int32_t)(size * x >> 14);
        view->corners[i].y = center.y + (int32_t)(size * y >> 14);
        view->corner_near_q8[i] = z >> 6;
    }
    unsigned count = 0;
    for (uint8_t from = 0; from < SOLID_CORNERS; from++)
        for (uint8_t to = (uint8_t)(from + 1); to < SOLID_CORNERS && count < SOLID_EDGES; to++)
            if (joined(corner_at(from), corner_at(to)))
                view->edges[count++] = (struct solid_edge){
                    from, to, (view->corner_near_q8[from] + view->corner_near_q8[to]) / 2};
    edges_order(view, count);
}
