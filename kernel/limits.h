/* SPDX-License-Identifier: GPL-2.0-or-later */
/* limits.h - every fixed size of the kernel, with its reason, and the relations between them.
 *
 * Memory is divided among the pools once at boot (pools.c); the numbers here are their minima,
 * maxima and shares. Nothing grows later.
 */
#ifndef LATCHKEY_KERNEL_LIMITS_H
#define LATCHKEY_KERNEL_LIMITS_H

#include <assert.h>

#include "disks/format.h"
#include "kernel/abi.h"

/* Domains whose registers are held decoded. An order about a domain whose answer
 * goes to another needs three; the rest is a cache. */
#define LIMIT_DOMAINS_CACHED 64u
#define LIMIT_DOMAINS_MIN 3u
/* Of the RAM left after the kernel: 1/8 for node frames, 1/16 for page tables, 1/64 for
 * dependencies, the rest for page frames. A node frame is 640 bytes: 64 MiB of RAM gives about
 * 13,000 nodes. */
#define LIMIT_NODE_SHARE 8u
#define LIMIT_TABLE_SHARE 16u
#define LIMIT_DEPEND_SHARE 64u
/* One operation meets at most: the nodes of two domains (10), four keys, and three walks over two
 * pages each of SEGMENT_DEPTH_MAX nodes (120) in the worst case. */
#define LIMIT_NODES_MIN 160u
#define LIMIT_PAGES_MIN 32u /* two strings, a page key and its source: 6; the rest is locality */
/* An instruction across two pages that accesses two: a root, and two more for each; and one. */
#define LIMIT_TABLES_MIN 10u
#define LIMIT_DEPENDS_MIN 256u
/* Decoded meters: the deepest chain, and a chain's length more, so that one that can be written
 * back is always found; the rest is a cache. */
#define LIMIT_METERS 64u
#define LIMIT_METERS_MIN (2u * METER_DEPTH_MAX)
/* Cycles of the hart in a tick of the timebase, on our machine: 100 MHz to 10 MHz. Where it is
 * another number, a meter that runs dry is noticed a little early or late. */
#define LIMIT_CYCLES_PER_TICK 10u
/* Pots in memory: a node fetch needs one, a page fetch one; the rest is locality. */
#define LIMIT_POTS 32u
#define LIMIT_POTS_MIN 4u
/* What walks found, remembered for each 64 KiB (fault.c) in 128 bytes: at this share of the memory
 * up to all of it, once. */
#define LIMIT_REGION_SHARE 512u
/* Address spaces with page tables, each with an ASID of its own. */
#define LIMIT_SPACES 64u
#define LIMIT_SPACES_MIN 1u
/* Requests in flight on all disks together. */
#define LIMIT_IO_REQUESTS 64u
/* Between two checkpoints, unless the bootargs or a checkpoint key say otherwise: what a person can
 * bear to type again. KeyKOS took one every few minutes, on disks a thousand times slower. */
#define LIMIT_CHECKPOINT_MS 5000u
/* Waiting domains are chained through their root nodes: no limit. */
#define LIMIT_DISKS VOLUME_DISKS_MAX
/* Ranges over all volumes of the store. */
#define LIMIT_RANGES (LIMIT_DISKS * VOLUME_RANGES_MAX)
#define NS_PER_SECOND 1000000000ull
/* A slice: 5 ms of the 10 MHz timebase. KeyKOS's granule was about 100,000 instructions; at 100 MHz
 * and an instruction a cycle this is 500,000. */
#define LIMIT_SLICE_TICKS 50000u
#define LIMIT_PRIORITIES 8u
/* Input events kept for a domain that does not read them; older ones are dropped and counted. */
#define LIMIT_INPUT_EVENTS 256u
#define LIMIT_CONSOLE_BYTES 1024u
/* Pages of the largest screen: 1920 x 1200 x 4 bytes. */
#define LIMIT_DISPLAY_PAGES 2250u
/* Kernel exits between two runs of check_all() when the check knob is set. */
#define LIMIT_CHECK_INTERVAL 997u
#define LIMIT_CHECK_INTERVAL_SELDOM 100000u /* check-seldom, for long runs */

static_assert(LIMIT_DOMAINS_CACHED >= LIMIT_DOMAINS_MIN, "sender, receiver, and who it is about");
static_assert(LIMIT_SPACES >= LIMIT_DOMAINS_CACHED / 2, "spaces are shared or recycled");
static_assert(LIMIT_METERS >= LIMIT_METERS_MIN, "two chains: the old one and the new one");
static_assert(LIMIT_POTS >= LIMIT_POTS_MIN, "a node and a page fetch at once");

#endif
