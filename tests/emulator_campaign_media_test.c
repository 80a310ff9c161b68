/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_campaign_media_test.c - undecided media divide where cases differ, and nowhere else. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulator/base/memory.h"
#include "emulator/campaign_media.h"

#define SECTORS 64u
#define WRITES 12u
#define CASES_MAX 4096u

struct ending {
    uint32_t process; /* that it ended in */
    uint8_t seen[WRITES];
    uint64_t history;
};

struct world {
    struct campaign_images images;
    struct campaign_view view;
    struct campaign_log *log;
    struct campaign_events events;
    struct campaign_index *index;
    struct campaign_cases cases;
    struct ending *endings; /* shared; one a case */
};

/* Sector n is written once, with n + 1. */
static void world_make(struct world *world, const struct campaign_request *request)
{
    struct error error;
    *world = (struct world){.images = {.count = 1, .names = {"made up"},
                                       .sector_count = {SECTORS}}};
    world->images.bytes[0] = memory_zeroed(SECTORS, DISK_SECTOR_BYTES);
    world->view.images = &world->images;
    cr_assert(campaign_log_create(&world->log, &error), "%s", error.text);
    for (unsigned i = 0; i < WRITES; i++) {
        uint8_t data[DISK_SECTOR_BYTES];
        struct campaign_record record = {.kind = RECORD_ENTERED, .sector = i, .order = i,
                                         .sector_count = 1};
        memset(data, (int)i + 1, sizeof(data));
        campaign_log_add(world->log, &record, data, sizeof(data));
    }
    campaign_events_find(world->log, &world->events);
    world->index = campaign_index_create(world->log, &world->events, &world->view);
    campaign_cases_list(world->log, &world->events, request, &world->cases);
    cr_assert_leq(world->cases.count, CASES_MAX);
    world->endings = mmap(NULL, CASES_MAX * sizeof(*world->endings), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(world->endings, MAP_FAILED);
}

static void world_end(struct world *world)
{
    (void)munmap(world->endings, CASES_MAX * sizeof(*world->endings));
    campaign_cases_finish(&world->cases);
    campaign_index_destroy(world->index);
    campaign_events_finish(&world->events);
    campaign_log_destroy(world->log);
    campaign_images_finish(&world->images);
}

/* In a child: read these sectors with the cases undecided, and note where each case ends. */
static void reads_run(struct world *world, const unsigned *sectors, unsigned count)
{
    uint32_t members[CASES_MAX];
    int status;
    for (uint32_t i = 0; i < world->cases.count; i++)
        members[i] = i;
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        struct campaign_media media;
        struct ending ending = {.process = 0};
        campaign_media_open(&media, &world->view);
        campaign_media_doubt(&media, world->index, world->cases.list, members,
                             (uint32_t)world->cases.count);
        for (unsigned i = 0; i < count; i++) {
            uint8_t bytes[DISK_SECTOR_BYTES];
            if (!campaign_media_read(&media, 0, sectors[i], bytes, 1, false))
                _exit(2);
            ending.seen[i] = bytes[0];
        }
        ending.process = (uint32_t)getpid();
        ending.history = media.history;
        for (uint32_t i = 0; i < media.member_count; i++)
            world->endings[media.members[i]] = ending;
        _exit(media.host_failed);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

Test(campaign_media, a_process_that_falls_takes_only_its_own_cases_with_it)
{
    static const uint32_t members[] = {0, 1, 2};
    const struct campaign_request request = {.policies = 1u << CAMPAIGN_PREFIX, .disks = 1};
    struct world world;
    world_make(&world, &request);
    /* The prefixes of event 2: nothing, the first sector, both. */
    const struct campaign_case *cases = world.cases.list;
    while (cases->event != 2)
        cases++;
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        struct campaign_media media;
        uint8_t bytes[2 * DISK_SECTOR_BYTES];
        (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        campaign_media_open(&media, &world.view);
        campaign_media_doubt(&media, world.index, cases, members, 3);
        if (!campaign_media_read(&media, 0, 0, bytes, 2, false))
            _exit(2);
        if (bytes[0] && !bytes[DISK_SECTOR_BYTES])
            abort();
        for (uint32_t i = 0; i < media.member_count; i++)
            world.endings[media.members[i]].process = 1;
        _exit(media.host_failed);
    }
    enum campaign_child ending = campaign_child_wait(child);
    cr_expect(ending == CHILD_GOOD || ending == CHILD_FELL, "which part stays is not said");
    cr_expect_eq(world.endings[0].process, 1);
    cr_expect_eq(world.endings[1].process, 0, "it fell");
    cr_expect_eq(world.endings[2].process, 1);
    world_end(&world);
}

static unsigned processes_count(const struct world *world)
{
    unsigned count = 0;
    for (size_t i = 0; i < world->cases.count; i++) {
        bool fresh = true;
        for (size_t j = 0; j < i && fresh; j++)
            fresh = world->endings[j].process != world->endings[i].process;
        count += fresh;
    }
    return count;
}

Test(campaign_media, every_case_sees_its_own_content_and_no_other)
{
    static const unsigned sectors[] = {11, 0, 5, 6, 63, 5};
    const struct campaign_request request = {.policies = 0xf, .subsets = 6, .draws = 16,
                                             .disks = 1};
    struct world world;
    world_make(&world, &request);
    reads_run(&world, sectors, 6);
    for (size_t i = 0; i < world.cases.count; i++) {
        struct campaign_view view = {.images = &world.images, .below = &world.view,
                                     .index = world.index, .which = world.cases.list[i]};
        cr_assert_neq(world.endings[i].process, 0, "case %zu did not end", i);
        for (unsigned j = 0; j < 6; j++) {
            uint8_t bytes[DISK_SECTOR_BYTES];
            cr_assert(campaign_view_read(&view, 0, sectors[j], bytes));
            cr_assert_eq(world.endings[i].seen[j], bytes[0], "case %zu, read %u", i, j);
        }
    }
    world_end(&world);
}

Test(campaign_media, cases_that_no_read_tells_apart_end_in_one_process)
{
    static const unsigned sectors[] = {3, 7};
    const struct campaign_request request = {.policies = 0xf, .subsets = 6, .draws = 16,
                                             .disks = 1};
    struct world world;
    world_make(&world, &request);
    reads_run(&world, sectors, 2);
    cr_expect_eq(processes_count(&world), 4, "two sectors, each written or not");
    for (size_t i = 0; i < world.cases.count; i++)
        for (size_t j = 0; j < i; j++)
            cr_assert_eq(world.endings[i].history == world.endings[j].history,
                         world.endings[i].process == world.endings[j].process);
    world_end(&world);
}

Test(campaign_media, reads_of_what_nobody_changed_divide_nothing)
{
    static const unsigned sectors[] = {40, 63, 40};
    const struct campaign_request request = {.policies = 0xf, .subsets = 6, .draws = 16,
                                             .disks = 1};
    struct world world;
    world_make(&world, &request);
    reads_run(&world, sectors, 3);
    cr_expect_eq(processes_count(&world), 1);
    world_end(&world);
}

Test(campaign_media, what_was_written_is_decided)
{
    const struct campaign_request request = {.policies = 3, .disks = 1};
    struct world world;
    struct campaign_media media;
    static const uint32_t members[] = {24, 25};
    uint8_t bytes[DISK_SECTOR_BYTES];
    world_make(&world, &request);
    cr_assert_eq(world.cases.count, 2 * (WRITES + 1));
    campaign_media_open(&media, &world.view);
    campaign_media_doubt(&media, world.index, world.cases.list, members, 2);
    const struct disk_store *store = &media.disks[0].store;
    memset(bytes, 0x77, sizeof(bytes));
    cr_assert(store->write(store->context, 4, bytes, 1));
    cr_assert(store->read(store->context, 4, bytes, 1));
    cr_expect_eq(bytes[0], 0x77);
    cr_expect_eq(media.member_count, 2);
    cr_expect_eq(media.history, 0);
    campaign_media_close(&media);
    world_end(&world);
}
