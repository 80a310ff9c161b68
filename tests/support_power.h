/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_power.h - machines on copies of images, and what is left on a copy: for tests that pull
 * the plug or damage what a kernel wrote. */
#ifndef LATCHKEY_TESTS_SUPPORT_POWER_H
#define LATCHKEY_TESTS_SUPPORT_POWER_H

#include "disks/check.h"
#include "disks/digest.h"
#include "tests/support_machine.h"

/* Six seconds of the machine: what is waited for comes sooner. */
#define POWER_CYCLES_MAX 600000000u

/* image_copy - make a file hold what another holds; one that is open stays the same file. */
void image_copy(const char *source_path, const char *target_path);
/* demo_make - the demo's image, or images, with more words on its recipe's store line. */
void demo_make(const char *path, const char *words);
/* checkpoint_machine - a machine that checkpoints its disks every 20 ms; transcript outlives it. */
struct machine *checkpoint_machine(const char *const *images, unsigned count,
                                   struct transcript *transcript);
/* machine_cut - pull its plug, and destroy it: what is left is on its images. */
void machine_cut(struct machine *machine, enum power_policy policy, uint64_t seed);
/* image_digest - check and digest a store from all its images: damage ends the test. found: out,
 * the findings that are no notes; NULL is fine. where: for messages. Returns the generation. */
uint64_t image_digest(const char *const *paths, unsigned count, struct digest *digest,
                      uint64_t *found, const char *where);
/* restart_expect - run a machine that has just been switched on until it has restarted from a
 * generation and committed the next, and no domain may trap on the way. */
void restart_expect(struct machine *machine, struct transcript *transcript, uint64_t generation,
                    const char *where);

#endif
