/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commit.c - counts in a page that it commits to the journal at each step, and forces a checkpoint
 * every few steps. Whenever the power goes, the page goes on from the last step that was answered,
 * while the domain itself is back at the last checkpoint. Keys: 0 the page, 1 journal,
 * 2 checkpoint; console, power. */
#include <stdio.h>

#include "disks/domains/rt/life.h"
#include "disks/domains/rt/slots.h"

enum commit_slot { SLOT_PAGE = 0, SLOT_JOURNAL = 1, SLOT_CHECKPOINT = 2 };

#define STEPS 60u
#define STEPS_A_CHECKPOINT 25u

static uint64_t count_read(void)
{
    const uint64_t where[2] = {0, sizeof(uint64_t)};
    uint64_t count = 0;
    size_t size_bytes = sizeof(count);
    (void)key_order_string(SLOT_PAGE, PAGE_READ, where, sizeof(where), &count, &size_bytes);
    return count;
}

static uint64_t count_write(uint64_t count)
{
    uint64_t code =
        key_order_string(SLOT_PAGE, PAGE_WRITE, &count, sizeof(count), NULL, NULL);
    return code ? code : journal_write(SLOT_JOURNAL, SLOT_PAGE);
}

static uint64_t checkpoint_now(void)
{
    uint64_t generation;
    uint64_t code = checkpoint_force(SLOT_CHECKPOINT, &generation);
    return code ? code : checkpoint_wait(SLOT_CHECKPOINT, generation);
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    uint64_t life = 0, steps = 0;
    (void)argument_0;
    (void)argument_1;
    while (count_read() < STEPS) {
        uint64_t count = count_read() + 1;
        if (life_is_new(SLOT_JOURNAL, &life))
            life_say(life, count - 1);
        uint64_t code = count_write(count);
        if (code != RC_OK) {
            printf("step %llu failed with code %llu\n", (unsigned long long)count,
                   (unsigned long long)code);
            return (int)power_off(SLOT_POWER, 1);
        }
        life_promise(count);
        if (++steps % STEPS_A_CHECKPOINT == 0)
            printf("checkpoint: code %llu\n", (unsigned long long)checkpoint_now());
    }
    printf("all %u steps are durable\n", STEPS);
    return (int)power_off(SLOT_POWER, 0);
}
