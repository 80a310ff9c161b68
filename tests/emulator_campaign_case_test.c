/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_campaign_case_test.c - events, cases and their content, from logs that are made up. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "disks/format.h"
#include "emulator/campaign_fault.h"

#define SECTORS 64u

struct world {
    struct campaign_images images;
    struct campaign_view view;
    struct campaign_log *log;
    struct campaign_events events;
    struct campaign_index *index;
    uint64_t order;
};

static void world_make(struct world *world, unsigned disks)
{
    struct error error;
    *world = (struct world){.images.count = disks};
    for (unsigned i = 0; i < disks; i++) {
        world->images.names[i] = "made up";
        world->images.sector_count[i] = SECTORS;
        world->images.bytes[i] = memory_zeroed(SECTORS, DISK_SECTOR_BYTES);
    }
    world->view.images = &world->images;
    cr_assert(campaign_log_create(&world->log, &error), "%s", error.text);
}

/* A write of sectors that are all of one byte. Returns the order of the first. */
static uint64_t entered(struct world *world, unsigned disk, uint64_t sector, uint32_t count,
                        uint8_t byte)
{
    uint8_t data[SECTORS * DISK_SECTOR_BYTES];
    struct campaign_record record = {.kind = RECORD_ENTERED, .disk = (uint8_t)disk,
                                     .sector = sector, .sector_count = count,
                                     .order = world->order, .instructions = world->order};
    memset(data, byte, sizeof(data));
    campaign_log_add(world->log, &record, data, count * DISK_SECTOR_BYTES);
    world->order += count;
    return record.order;
}

static void settled(struct world *world, unsigned disk, uint64_t sector, uint64_t order,
                    uint8_t byte)
{
    uint8_t data[DISK_SECTOR_BYTES];
    struct campaign_record record = {.kind = RECORD_WRITTEN, .disk = (uint8_t)disk,
                                     .sector = sector, .sector_count = 1,
                                     .instructions = world->order};
    memset(data, byte, sizeof(data));
    campaign_log_add(world->log, &record, data, sizeof(data));
    record.kind = RECORD_SETTLED;
    record.order = order;
    campaign_log_add(world->log, &record, NULL, 0);
}

static void announced(struct world *world, uint64_t generation)
{
    struct campaign_record record = {.kind = RECORD_TRACE, .order = TRACE_COMMITTED,
                                     .sector = generation};
    campaign_log_add(world->log, &record, NULL, 0);
}

static void world_learn(struct world *world)
{
    campaign_events_find(world->log, &world->events);
    world->index = campaign_index_create(world->log, &world->events, &world->view);
}

static void world_end(struct world *world)
{
    campaign_index_destroy(world->index);
    campaign_events_finish(&world->events);
    campaign_log_destroy(world->log);
    campaign_images_finish(&world->images);
}

/* The first and the last byte of a sector in a case. */
static unsigned first_byte(const struct world *world, const struct campaign_case *which,
                           unsigned disk, uint64_t sector)
{
    uint8_t bytes[DISK_SECTOR_BYTES];
    struct campaign_view view = {.images = &world->images, .below = &world->view,
                                 .index = world->index, .which = *which};
    cr_assert(campaign_view_read(&view, disk, sector, bytes));
    return bytes[0];
}

static unsigned last_byte(const struct world *world, const struct campaign_case *which,
                          unsigned disk, uint64_t sector)
{
    uint8_t bytes[DISK_SECTOR_BYTES];
    struct campaign_view view = {.images = &world->images, .below = &world->view,
                                 .index = world->index, .which = *which};
    cr_assert(campaign_view_read(&view, disk, sector, bytes));
    return bytes[DISK_SECTOR_BYTES - 1];
}

Test(campaign_case, an_event_is_a_write_that_enters_or_a_flush_as_a_whole)
{
    struct world world;
    world_make(&world, 1);
    uint64_t first = entered(&world, 0, 3, 2, 1);
    announced(&world, 7);
    settled(&world, 0, 3, first, 1);
    settled(&world, 0, 4, first + 1, 1);
    (void)entered(&world, 0, 3, 1, 2);
    world_learn(&world);
    cr_assert_eq(world.events.count, 4);
    cr_expect_eq(world.events.list[0].records, 0);
    cr_expect_eq(world.events.list[0].promised, 0);
    cr_expect_eq(world.events.list[1].promised, 7, "it was announced before the next event");
    cr_expect_eq(world.events.list[2].records, 6);
    cr_expect_eq(world.events.list[3].records, 7);
    cr_expect_eq(world.events.list[3].promised, 7);
    world_end(&world);
}

/* A verdict that is all right, of generation 7. */
static struct campaign_verdict verdict_good(struct world *world)
{
    struct campaign_verdict verdict = {
        .offline = {.judged = true, .whole = true, .generation = 7, .digest = {1, 2}},
        .online = {.outcome = OUTCOME_PASSED, .generation = 7}};
    struct campaign_record state = {.kind = RECORD_STATE, .order = 7};
    campaign_log_add(world->log, &state, &verdict.offline.digest, sizeof(struct digest));
    return verdict;
}

Test(campaign_case, what_was_promised_is_what_a_case_is_held_to)
{
    struct world world;
    char text[CAMPAIGN_TEXT_BYTES];
    world_make(&world, 1);
    struct campaign_verdict verdict = verdict_good(&world);
    struct campaign_event event = {.promised = 7};
    cr_expect_eq(campaign_judge(world.log, &event, &verdict, text), OUTCOME_PASSED);
    event.promised = 6; /* the next was under way */
    cr_expect_eq(campaign_judge(world.log, &event, &verdict, text), OUTCOME_PASSED);
    event.promised = 8;
    cr_expect_eq(campaign_judge(world.log, &event, &verdict, text), OUTCOME_LOST);
    event.promised = 5;
    cr_expect_eq(campaign_judge(world.log, &event, &verdict, text), OUTCOME_WRONG);
    event.promised = 7;
    event.state = 1; /* a later one than this */
    cr_expect_eq(campaign_judge(world.log, &event, &verdict, text), OUTCOME_LOST, "a step");
    cr_expect_not_null(strstr(text, "called durable since is gone"), "%s", text);
    event.state = 0;
    verdict.online.generation = 6;
    cr_expect_eq(campaign_judge(world.log, &event, &verdict, text), OUTCOME_LOST);
    verdict.online = (struct campaign_online){.outcome = OUTCOME_NO_CHECKPOINT, .text = "slow"};
    cr_expect_eq(campaign_judge(world.log, &event, &verdict, text), OUTCOME_NO_CHECKPOINT);
    cr_expect(campaign_outcome_is_liveness(OUTCOME_NO_CHECKPOINT));
    verdict.offline.digest.low = 9;
    cr_expect_eq(campaign_judge(world.log, &event, &verdict, text), OUTCOME_WRONG);
    verdict.offline.whole = false;
    cr_expect_eq(campaign_judge(world.log, &event, &verdict, text), OUTCOME_DAMAGED);
    verdict.offline.judged = false;
    cr_expect_eq(campaign_judge(world.log, &event, &verdict, text), OUTCOME_NONE);
    world_end(&world);
}

/* So many sectors from 3 on of byte 1, of which the first settled and was written again, with 2.
 * Returns the order of its first write. */
static uint64_t written_twice(struct world *world, uint32_t count)
{
    world_make(world, 1);
    uint64_t first = entered(world, 0, 3, count, 1);
    settled(world, 0, 3, first, 1);
    (void)entered(world, 0, 3, 1, 2);
    return first;
}

/* The case of a policy at the last event. */
static struct campaign_case last_case(struct world *world, enum campaign_policy policy)
{
    world_learn(world);
    return (struct campaign_case){.event = (uint32_t)world->events.count - 1,
                                  .policy = (uint8_t)policy};
}

Test(campaign_case, keep_drop_and_prefix_leave_what_they_say)
{
    struct world world;
    uint64_t first = written_twice(&world, 2);
    (void)entered(&world, 0, 3, 1, 3);
    struct campaign_case which = last_case(&world, CAMPAIGN_KEEP);
    cr_expect_eq(first_byte(&world, &which, 0, 3), 3);
    cr_expect_eq(first_byte(&world, &which, 0, 4), 1);
    which.policy = CAMPAIGN_DROP;
    cr_expect_eq(first_byte(&world, &which, 0, 3), 1, "it had settled");
    cr_expect_eq(first_byte(&world, &which, 0, 4), 0);
    which.policy = CAMPAIGN_PREFIX;
    which.argument = first + 2; /* the write of 2 is lost */
    cr_expect_eq(first_byte(&world, &which, 0, 3), 1);
    cr_expect_eq(first_byte(&world, &which, 0, 4), 1);
    which.argument = first + 3;
    cr_expect_eq(first_byte(&world, &which, 0, 3), 2);
    which.event = 1; /* before it settled */
    which.policy = CAMPAIGN_DROP;
    cr_expect_eq(first_byte(&world, &which, 0, 3), 0);
    cr_expect_eq(first_byte(&world, &which, 0, 60), 0, "no write was there");
    world_end(&world);
}

Test(campaign_case, torn_garbage_and_misreport_leave_what_they_say)
{
    struct world world;
    uint64_t second = written_twice(&world, 1) + 1;
    struct campaign_case which = last_case(&world, CAMPAIGN_TORN);
    which.argument = second;
    which.bytes = 100;
    cr_expect_eq(first_byte(&world, &which, 0, 3), 2);
    cr_expect_eq(last_byte(&world, &which, 0, 3), 1);
    which.policy = CAMPAIGN_GARBAGE;
    which.bytes = 0;
    uint8_t bytes[DISK_SECTOR_BYTES];
    cr_expect_not(campaign_content_read(world.index, campaign_index_find(world.index, 0, 3),
                                        &which, bytes));
    uint64_t unreadable = campaign_content_hash(world.index, 0, &which);
    which.bytes = 1;
    cr_expect(campaign_content_read(world.index, 0, &which, bytes));
    cr_expect_eq(campaign_content_hash(world.index, 0, &which), hash64(bytes, sizeof(bytes)));
    cr_expect_neq(campaign_content_hash(world.index, 0, &which), unreadable);
    which = (struct campaign_case){.event = which.event, .policy = CAMPAIGN_MISREPORT,
                                   .choice = CHOICE_MASK};
    cr_expect_eq(first_byte(&world, &which, 0, 3), 0, "the flush did nothing");
    world_end(&world);
}

Test(campaign_case, subsets_of_few_writes_are_all_there)
{
    struct world world;
    struct campaign_cases cases;
    const struct campaign_request request = {.policies = 1u << CAMPAIGN_SUBSET, .subsets = 6,
                                             .disks = 2};
    bool seen[8] = {false};
    world_make(&world, 2);
    (void)entered(&world, 0, 3, 1, 1);
    (void)entered(&world, 1, 3, 1, 2);
    (void)entered(&world, 0, 9, 1, 3);
    world_learn(&world);
    campaign_cases_list(world.log, &world.events, &request, &cases);
    for (size_t i = 0; i < cases.count; i++) {
        const struct campaign_case *which = &cases.list[i];
        if (which->event == 3)
            seen[(first_byte(&world, which, 0, 3) != 0) |
                 (first_byte(&world, which, 1, 3) != 0) << 1 |
                 (first_byte(&world, which, 0, 9) != 0) << 2] = true;
    }
    for (unsigned i = 0; i < 8; i++)
        cr_expect(seen[i], "subset %u", i);
    cr_expect_eq(cases.count, 1 + 2 + 4 + 8);
    campaign_cases_finish(&cases);
    world_end(&world);
}

static bool same_case(const struct campaign_case *left, const struct campaign_case *right)
{
    return left->event == right->event && left->policy == right->policy &&
           left->choice == right->choice && left->disk == right->disk &&
           left->others == right->others && left->apart == right->apart &&
           left->bytes == right->bytes && left->argument == right->argument &&
           memcmp(left->orders, right->orders, sizeof(left->orders)) == 0 &&
           left->fault == right->fault && left->fault_disk == right->fault_disk &&
           left->fault_sector == right->fault_sector &&
           left->fault_argument == right->fault_argument;
}

/* What the minimiser asks for: more writes than are listed in all their subsets. */
Test(campaign_case, a_mask_tells_many_writes_apart_and_keeps_halves)
{
    struct world world;
    world_make(&world, 1);
    for (unsigned i = 0; i < 20; i++)
        (void)entered(&world, 0, 3 * i, 3, (uint8_t)(i + 1));
    world_learn(&world);
    struct campaign_case which = {.event = 20, .policy = CAMPAIGN_SUBSET,
                                  .choice = CHOICE_REQUESTS, .argument = 1u << 19 | 1u << 7};
    for (unsigned i = 0; i < 60; i++) {
        bool kept = i / 3 == 7 || i / 3 == 19;
        which.choice = CHOICE_REQUESTS;
        cr_expect_eq(first_byte(&world, &which, 0, i), kept ? i / 3 + 1 : 0, "sector %u", i);
        which.choice = CHOICE_HALVES;
        kept = kept && i % 3 == 0;
        cr_expect_eq(first_byte(&world, &which, 0, i), kept ? i / 3 + 1 : 0, "half: %u", i);
    }
    which = (struct campaign_case){.event = 20, .policy = CAMPAIGN_SUBSET, .choice = CHOICE_MASK,
                                   .argument = 1ull << 59};
    cr_expect_eq(first_byte(&world, &which, 0, 59), 20);
    cr_expect_eq(first_byte(&world, &which, 0, 58), 0);
    world_end(&world);
}

Test(campaign_case, every_case_reads_back_from_its_name)
{
    struct world world;
    struct campaign_cases cases;
    struct campaign_place places[] = {{.sector_count = 32}, {.sector = 32, .sector_count = 32}};
    const struct campaign_layout layout = {.list = places, .count = 2};
    const struct campaign_request request = {.policies = (1u << CAMPAIGN_POLICY_COUNT) - 1,
                                             .faults = (1u << DISK_FAULT_KINDS) - 1,
                                             .layout = &layout, .subsets = 6, .draws = 4,
                                             .disks = 2, .seed = 5};
    unsigned faulty_cases[1 + DISK_FAULT_KINDS] = {0};
    world_make(&world, 2);
    for (unsigned i = 0; i < 9; i++)
        (void)entered(&world, i % 2, 3 * i, 2, (uint8_t)i);
    world_learn(&world);
    campaign_cases_list(world.log, &world.events, &request, &cases);
    cr_assert_gt(cases.count, 300);
    for (size_t i = 0; i < cases.count; i++) {
        char name[CAMPAIGN_NAME_BYTES];
        struct campaign_case again;
        struct error error;
        campaign_case_name(&cases.list[i], name);
        cr_assert(campaign_case_parse(name, &again, &error), "%s: %s", name, error.text);
        cr_assert(same_case(&again, &cases.list[i]), "%s", name);
        faulty_cases[again.fault]++;
    }
    for (unsigned kind = 0; kind <= DISK_FAULT_KINDS; kind++)
        cr_expect_gt(faulty_cases[kind], 0, "fault %u", kind);
    campaign_cases_finish(&cases);
    world_end(&world);
}

Test(campaign_case, what_is_no_name_is_refused)
{
    static const char *const wrong[] = {"", "event=1", "event=1,policy=kept", "policy=keep",
                                        "event=1,policy=keep,", "event=1,policy=keep,disk=0",
                                        "event=01,policy=keep", "event=-1,policy=keep",
                                        "event=1,policy=torn,disk=0,others=0,order=1,bytes=512"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct campaign_case which;
        struct error error;
        cr_expect_not(campaign_case_parse(wrong[i], &which, &error), "%s", wrong[i]);
        cr_expect_eq(error.code, ERROR_USAGE);
    }
}

Test(campaign_case, a_sample_is_a_part_of_all_and_the_same_each_time)
{
    struct world world;
    struct campaign_cases all, some, again;
    struct campaign_request request = {.policies = 0x1f, .subsets = 6, .draws = 8, .disks = 1};
    world_make(&world, 1);
    for (unsigned i = 0; i < 20; i++)
        (void)entered(&world, 0, 2 * i, 2, (uint8_t)i);
    world_learn(&world);
    campaign_cases_list(world.log, &world.events, &request, &all);
    request.sample = 50;
    campaign_cases_list(world.log, &world.events, &request, &some);
    campaign_cases_list(world.log, &world.events, &request, &again);
    cr_assert_eq(some.count, 50);
    for (size_t i = 0, at = 0; i < some.count; i++) {
        cr_assert(same_case(&some.list[i], &again.list[i]), "number %zu", i);
        while (at < all.count && !same_case(&all.list[at], &some.list[i]))
            at++;
        cr_assert_lt(at, all.count, "number %zu is none of all, or out of order", i);
    }
    campaign_cases_finish(&all);
    campaign_cases_finish(&some);
    campaign_cases_finish(&again);
    world_end(&world);
}

Test(campaign_case, equal_media_have_equal_hashes_and_different_ones_have_not)
{
    struct world world;
    uint64_t hashes[5];
    world_make(&world, 1);
    uint64_t first = entered(&world, 0, 3, 2, 1);
    settled(&world, 0, 3, first, 1);
    settled(&world, 0, 4, first + 1, 1);
    world_learn(&world);
    const struct campaign_case cases[] = {
        {.event = 0, .policy = CAMPAIGN_KEEP},
        {.event = 1, .policy = CAMPAIGN_DROP},
        {.event = 1, .policy = CAMPAIGN_PREFIX, .argument = first + 1},
        {.event = 1, .policy = CAMPAIGN_KEEP},
        {.event = 2, .policy = CAMPAIGN_DROP},
    };
    campaign_media_hashes(world.index, cases, 5, hashes);
    cr_expect_eq(hashes[0], hashes[1]);
    cr_expect_neq(hashes[1], hashes[2]);
    cr_expect_neq(hashes[2], hashes[3]);
    cr_expect_eq(hashes[3], hashes[4], "a flush makes durable what keep had kept");
    world_end(&world);
}

/* Sector 8 was 1, and is 2; sectors 16 and up were never written. */
static struct campaign_case faulty(struct world *world, enum disk_fault_kind kind)
{
    world_make(world, 1);
    uint64_t first = entered(world, 0, 8, 1, 1);
    settled(world, 0, 8, first, 1);
    (void)entered(world, 0, 8, 1, 2);
    world_learn(world);
    struct campaign_case which = {.event = (uint32_t)world->events.count - 1,
                                  .policy = CAMPAIGN_KEEP, .fault = (uint8_t)(1 + kind),
                                  .fault_sector = 8, .fault_argument = 16};
    campaign_index_touch(world->index, &which);
    return which;
}

Test(campaign_case, faults_leave_what_they_say)
{
    struct world world;
    uint8_t bytes[DISK_SECTOR_BYTES];
    struct campaign_case which = faulty(&world, DISK_FAULT_UNREADABLE);
    struct campaign_view view = {.images = &world.images, .below = &world.view,
                                 .index = world.index, .which = which};
    cr_expect_not(campaign_view_read(&view, 0, 8, bytes));
    cr_expect(campaign_view_read(&view, 0, 9, bytes));
    world_end(&world);
    which = faulty(&world, DISK_FAULT_FLIP);
    which.fault_argument = 2; /* bit */
    cr_expect_eq(first_byte(&world, &which, 0, 8), 2 ^ 4);
    cr_expect_eq(last_byte(&world, &which, 0, 8), 2);
    world_end(&world);
    which = faulty(&world, DISK_FAULT_LOST);
    cr_expect_eq(first_byte(&world, &which, 0, 8), 1);
    world_end(&world);
    which = faulty(&world, DISK_FAULT_MISDIRECTED);
    cr_expect_eq(first_byte(&world, &which, 0, 8), 1);
    cr_expect_eq(first_byte(&world, &which, 0, 16), 2);
    cr_expect_eq(first_byte(&world, &which, 0, 17), 0);
    world_end(&world);
    which = faulty(&world, DISK_FAULT_DEAD);
    view.index = world.index;
    view.which = which;
    cr_expect_not(campaign_view_read(&view, 0, 40, bytes));
    world_end(&world);
}

Test(campaign_case, each_fault_makes_other_media_and_none_does_not)
{
    struct world world;
    struct campaign_case cases[1 + DISK_FAULT_KINDS];
    uint64_t hashes[1 + DISK_FAULT_KINDS];
    cases[0] = faulty(&world, DISK_FAULT_MISDIRECTED);
    for (unsigned i = 1; i <= DISK_FAULT_KINDS; i++) {
        cases[i] = cases[0];
        cases[i].fault = (uint8_t)(DISK_FAULT_KINDS - i);
    }
    campaign_media_hashes(world.index, cases, 1 + DISK_FAULT_KINDS, hashes);
    for (unsigned i = 0; i <= DISK_FAULT_KINDS; i++)
        for (unsigned j = 0; j < i; j++)
            cr_expect_eq(hashes[i] == hashes[j], cases[i].fault == cases[j].fault, "%u and %u", i,
                         j);
    world_end(&world);
}

Test(campaign_case, what_is_damaged_is_right_or_refused)
{
    struct world world;
    char text[CAMPAIGN_TEXT_BYTES];
    struct campaign_place places[] = {{.kind = RANGE_NODES, .sector_count = 8},
                                      {.kind = RANGE_JOURNAL, .sector = 8, .sector_count = 8}};
    struct campaign_layout layout = {.list = places, .count = 2};
    struct campaign_event event = {.promised = 7};
    struct campaign_case flip = {.fault = 1 + DISK_FAULT_FLIP};
    struct campaign_case lost = {.fault = 1 + DISK_FAULT_LOST};
    struct campaign_case journal = {.fault = 1 + DISK_FAULT_FLIP, .fault_sector = 9};
    world_make(&world, 1);
    const struct campaign_verdict good = verdict_good(&world);
    struct campaign_verdict verdict = good;
#define JUDGED(which) campaign_judge_fault(&layout, world.log, &event, &(which), &verdict, text)
    cr_expect_eq(JUDGED(flip), OUTCOME_PASSED);
    cr_expect_str_empty(text);
    verdict.offline.whole = false;
    (void)snprintf(verdict.offline.text, sizeof(verdict.offline.text), "a pot is damaged");
    verdict.online.outcome = OUTCOME_INVARIANT; /* a domain trapped */
    cr_expect_eq(JUDGED(flip), OUTCOME_PASSED);
    cr_expect_str_eq(text, "refused: a pot is damaged");
    verdict.online.wrong = true;
    cr_expect_eq(JUDGED(flip), OUTCOME_WRONG, "it took what is damaged for the truth");
    verdict.online.wrong = false;
    verdict.online.generation = 6;
    cr_expect_eq(JUDGED(flip), OUTCOME_WRONG, "it took the older one");
    verdict.online = (struct campaign_online){.outcome = OUTCOME_NO_RESTART, .endless = true};
    cr_expect_eq(JUDGED(flip), OUTCOME_NO_RESTART, "it says nothing");
    layout.mirrored = true;
    verdict = good;
    verdict.offline.whole = false;
    cr_expect_eq(JUDGED(flip), OUTCOME_DAMAGED);
    layout.mirrored = false;
    /* A step that was promised is gone. */
    verdict = good;
    event.steps = 3;
    cr_expect_eq(JUDGED(flip), OUTCOME_LOST);
    cr_expect_eq(JUDGED(lost), OUTCOME_PASSED, "nobody can know");
    cr_expect_eq(JUDGED(journal), OUTCOME_PASSED, "nor that it was not being written");
    verdict.offline.digest.low++;
    cr_expect_eq(JUDGED(lost), OUTCOME_WRONG, "a digest that never was");
    cr_expect_eq(JUDGED(journal), OUTCOME_PASSED, "a shorter journal");
    cr_expect_str_eq(text, "refused: what the journal has from there on");
    verdict.online.outcome = OUTCOME_INVARIANT;
    cr_expect_eq(JUDGED(journal), OUTCOME_WRONG, "but what it does is right");
#undef JUDGED
    world_end(&world);
}

Test(campaign_case, prefixes_of_two_disks_are_there_in_all_combinations)
{
    struct world world;
    struct campaign_cases cases;
    const struct campaign_request request = {.policies = 1u << CAMPAIGN_PREFIX, .disks = 2};
    bool seen[3][4] = {{false}};
    world_make(&world, 2);
    (void)entered(&world, 0, 3, 2, 1);
    (void)entered(&world, 1, 5, 3, 2);
    world_learn(&world);
    campaign_cases_list(world.log, &world.events, &request, &cases);
    unsigned count = 0;
    for (size_t i = 0; i < cases.count; i++) {
        const struct campaign_case *which = &cases.list[i];
        if (which->event != 2)
            continue;
        unsigned left = 0, right = 0;
        while (left < 2 && first_byte(&world, which, 0, 3 + left) != 0)
            left++;
        while (right < 3 && first_byte(&world, which, 1, 5 + right) != 0)
            right++;
        seen[left][right] = true;
        count++;
    }
    for (unsigned i = 0; i < 12; i++)
        cr_expect(seen[i / 4][i % 4], "%u and %u", i / 4, i % 4);
    cr_expect_eq(count, 12, "each once");
    campaign_cases_finish(&cases);
    world_end(&world);
}

Test(campaign_case, all_subsets_of_as_many_writes_as_was_asked_for)
{
    struct world world;
    struct campaign_cases cases;
    struct campaign_request request = {.policies = 1u << CAMPAIGN_SUBSET, .subsets = 9,
                                       .disks = 1};
    uint64_t *hashes;
    world_make(&world, 1);
    for (unsigned i = 0; i < 9; i++)
        (void)entered(&world, 0, 2 * i, 2, (uint8_t)(i + 1));
    world_learn(&world);
    campaign_cases_list(world.log, &world.events, &request, &cases);
    hashes = memory_zeroed(cases.count, sizeof(*hashes));
    campaign_media_hashes(world.index, cases.list, cases.count, hashes);
    size_t last = 0, different = 0;
    while (cases.list[last].event != 9)
        last++;
    for (size_t i = last; i < cases.count; i++) {
        bool fresh = true;
        for (size_t j = last; j < i; j++)
            fresh = fresh && hashes[j] != hashes[i];
        different += fresh;
    }
    cr_expect_eq(different, 512, "of nine writes");
    free(hashes);
    campaign_cases_finish(&cases);
    world_end(&world);
}
