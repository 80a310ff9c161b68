/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_record.h - recorded runs of the demo with random input, power cuts, disk models and
 * slices, for the tests of traces and timelines. */
#ifndef LATCHKEY_TESTS_SUPPORT_RECORD_H
#define LATCHKEY_TESTS_SUPPORT_RECORD_H

#include "emulator/recorder.h"
#include "emulator/replay.h"
#include "tests/support_disks.h"

#define RECORDED_PLACES_MAX 256u

/* Where the run was, when it came there first. */
struct recorded_place {
    uint64_t instructions;
    struct digest digest;
};

struct recorded {
    char image[SCRATCH_PATH_BYTES], trace[SCRATCH_PATH_BYTES];
    struct recorded_place places[RECORDED_PLACES_MAX];
    unsigned place_count;
    uint64_t inputs, cuts, resets, faults, instructions;
    struct digest digest; /* at the end */
};

/* record_random - record a run of a copy of the demo into the scratch folder, NAME.img and
 * NAME.trace. Everything random comes from seed. instructions: about how long. Failing ends the
 * test. record_hostile - the same of the malicious driver (guest/hostile.c) on an empty disk. */
void record_random(const struct scratch *scratch, const char *name, uint64_t seed,
                   uint64_t instructions, struct recorded *recorded);
void record_hostile(const struct scratch *scratch, const char *name, uint64_t seed,
                    uint64_t instructions, struct recorded *recorded);
/* replay_of - open its trace. budget_bytes: of the timeline; check: compare. */
struct replay *replay_of(const struct recorded *recorded, size_t budget_bytes, bool check);
/* digest_same - for cr_assert. */
bool digest_same(struct digest left, struct digest right);

#endif
