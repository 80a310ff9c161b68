/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz.h - what the fuzzing domain, its mender, its judge and its watch share. */
#ifndef LATCHKEY_DOMAINS_FUZZ_H
#define LATCHKEY_DOMAINS_FUZZ_H

#include <stdint.h>

#define FUZZ_SHARED_ADDR 0x50000000ull /* where the recipe maps the shared page, in all of them */
#define FUZZ_SEED 88172645463325252ull /* if the recipe gives none */
#define FUZZ_ENTRY 0x10000ull          /* domain.ld */
#define FUZZ_STACK 0x40000000ull       /* recipe.h: where stacks end */
#define FUZZ_ROUND 32u                 /* calls between two to the judge */
#define FUZZ_SLOT_JUDGE 15u            /* of the fuzzing domain; no message puts a key there */

/* Data bytes of the mender's start keys. */
#define MENDER_RUNS 0u     /* keeper of the fuzzing domain: it runs again */
#define MENDER_WAITS 1u    /* keeper of the toy: it waits for a message again */
#define MENDER_STRANGER 77u /* nobody's keeper */

/* What came of a call, as far as its caller can tell. */
enum fuzz_outcome {
    FUZZ_OK,
    FUZZ_DATA_KEY,
    FUZZ_BAD_ORDER,
    FUZZ_FORMAT,
    FUZZ_READ_ONLY,
    FUZZ_NOT_THERE,
    FUZZ_OTHER,  /* other codes: answers of domains, types, numbers */
    FUZZ_STRING, /* beside one of those: a string came with it */
    FUZZ_OUTCOMES
};

struct fuzz_state {
    uint64_t random; /* 0: not begun */
    uint64_t calls, started_again;
    uint64_t digest; /* of all that came back */
    uint64_t outcomes[FUZZ_OUTCOMES];
};

#endif
