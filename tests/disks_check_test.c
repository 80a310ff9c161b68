/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disks_check_test.c - damage of every kind, planted in a good image: the checker finds each, says
 * where, and knows what can be repaired. */
#include "disks/check.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "kernel/abi.h"
#include "tests/support_store.h"

#define ALPHA 16u /* root nodes of the sample's domains; alpha runs */
#define BETA 21u
#define TOOLBOX 26u
#define WORDS_PAGE 66u /* after 50 pages of notes: the only page of words that is not zero */
#define BOTH 3u

static void byte_flip(const char *path, uint64_t block, unsigned offset)
{
    uint8_t bytes[BLOCK_BYTES];
    block_load(path, block, bytes);
    bytes[offset] ^= 0x10;
    block_save(path, block, bytes);
}

static uint64_t last_block(const char *path)
{
    struct volume_header header;
    block_load(path, 0, &header);
    return header.block_count - 1;
}

static void range_flip(const char *path, enum range_kind kind, uint64_t plex_or_place,
                       unsigned offset)
{
    byte_flip(path, range_of(path, kind, plex_or_place).start_block, offset);
}

/* Change both copies of the header. */
static void header_change(const char *path, void (*change)(struct volume_header *header))
{
    struct volume_header header;
    uint64_t last = last_block(path);
    block_load(path, 0, &header);
    change(&header);
    seal_header(&header);
    block_save(path, 0, &header);
    block_save(path, last, &header);
}

static struct volume_range *range_in(struct volume_header *header, enum range_kind kind,
                                     unsigned plex)
{
    for (uint32_t i = 0; i < header->range_count; i++)
        if (header->ranges[i].kind == kind && header->ranges[i].plex == plex)
            return &header->ranges[i];
    cr_assert_fail("no such range");
    return NULL;
}

/* --- headers and ranges --- */

static void damage_first_header(const char *path)
{
    byte_flip(path, 0, 100);
}

static void damage_last_header(const char *path)
{
    byte_flip(path, last_block(path), 100);
}

static void damage_one_label(const char *path)
{
    struct volume_header header;
    block_load(path, 0, &header);
    header.label[0] = 'S';
    seal_header(&header);
    block_save(path, 0, &header);
}

static void damage_length(const char *path)
{
    cr_assert_eq(truncate(path, (off_t)(last_block(path) * BLOCK_BYTES)), 0);
}

static void damage_length_longer(const char *path)
{
    cr_assert_eq(truncate(path, (off_t)((last_block(path) + 1) * BLOCK_BYTES + 1)), 0);
}

static void change_kind(struct volume_header *header)
{
    range_in(header, RANGE_NODES, 1)->kind = 99;
}

static void damage_range_kind(const char *path)
{
    header_change(path, change_kind);
}

static void change_overlap(struct volume_header *header)
{
    range_in(header, RANGE_NODES, 1)->start_block = range_in(header, RANGE_NODES, 0)->start_block;
}

static void damage_range_overlap(const char *path)
{
    header_change(path, change_overlap);
}

static void change_outside(struct volume_header *header)
{
    range_in(header, RANGE_NODES, 1)->start_block = header->block_count - 1;
}

static void damage_range_outside(const char *path)
{
    header_change(path, change_outside);
}

static void change_huge(struct volume_header *header)
{
    struct volume_range *range = range_in(header, RANGE_PAGES, 0);
    range->object_count = range->block_count = UINT64_MAX;
}

static void damage_range_huge(const char *path)
{
    header_change(path, change_huge);
}

static void change_objects(struct volume_header *header)
{
    range_in(header, RANGE_NODES, 1)->object_count += POT_NODES;
}

static void damage_range_objects(const char *path)
{
    header_change(path, change_objects);
}

static void change_to_spare(struct volume_header *header)
{
    range_in(header, RANGE_PAGE_POTS, 1)->kind = RANGE_SPARE;
}

static void damage_range_twin(const char *path)
{
    header_change(path, change_to_spare);
}

static void change_shorter(struct volume_header *header)
{
    struct volume_range *range = range_in(header, RANGE_PAGES, 0);
    range->object_count--;
    range->block_count--;
}

static void damage_page_without_home(const char *path)
{
    header_change(path, change_shorter);
}

static void change_area(struct volume_header *header)
{
    for (uint32_t i = 0; i < header->range_count; i++)
        if (header->ranges[i].kind == RANGE_CKPT_AREA)
            header->ranges[i].first_id = AREA_ID(0, 0);
}

static void damage_area_twice(const char *path)
{
    header_change(path, change_area);
}

/* --- checkpoint headers and directories --- */

static void damage_ckpt_header(const char *path)
{
    range_flip(path, RANGE_CKPT_HEADER, 0, 40);
}

static void damage_ckpt_header_both(const char *path)
{
    const uint8_t rubbish[BLOCK_BYTES] = {1};
    plexes_save(&path, 1, RANGE_CKPT_HEADER, 0, rubbish);
}

static void damage_empty_ckpt_header(const char *path)
{
    range_flip(path, RANGE_CKPT_HEADER, 1, 40);
}

static void damage_ckpt_twins(const char *path)
{
    uint8_t block[BLOCK_BYTES];
    block_load(path, range_of(path, RANGE_CKPT_HEADER, 0).start_block, block);
    block_save(path, range_of(path, RANGE_CKPT_HEADER, 1).start_block, block);
}

static void damage_directory_copy(const char *path)
{
    struct volume_range area = range_of(path, RANGE_CKPT_AREA, 0);
    byte_flip(path, area.start_block + area.block_count - 1, 40);
}

static void damage_directory(const char *path)
{
    range_flip(path, RANGE_CKPT_AREA, 0, 40);
    damage_directory_copy(path);
}

/* Add an entry to both copies of the directory, or replace the first. */
static void directory_change(const char *path, struct directory_entry entry, bool add)
{
    union {
        struct ckpt_header header;
        uint8_t bytes[BLOCK_BYTES];
    } place;
    uint64_t place_block = range_of(path, RANGE_CKPT_HEADER, 0).start_block;
    block_load(path, place_block, &place);
    for (unsigned copy = 0; copy < 2; copy++) {
        struct directory_block block;
        uint64_t at = range_of(path, RANGE_CKPT_AREA, 0).start_block +
                      AREA_ID_INDEX(place.header.directory_block[copy]);
        block_load(path, at, &block);
        block.entries[add ? block.entry_count++ : 0] = entry;
        seal_directory(&block);
        block_save(path, at, &block);
        place.header.directory_entries = block.entry_count;
    }
    seal_ckpt(&place.header);
    plexes_save(&path, 1, RANGE_CKPT_HEADER, 0, &place);
}

static struct directory_entry entry_of(uint8_t kind, uint64_t id, uint64_t location)
{
    struct directory_entry entry = {.kind = kind, .location = location};
    memcpy(entry.object_id, &id, 6);
    return entry;
}

static void damage_entry_kind(const char *path)
{
    directory_change(path, entry_of(77, 20, 0), true);
}

static void damage_entry_object(const char *path)
{
    directory_change(path, entry_of(DIRECTORY_ZERO_PAGE, 5000, 0), true);
}

static void damage_entry_twice(const char *path)
{
    directory_change(path, entry_of(DIRECTORY_RUNNING, ALPHA, 0), true);
}

static void damage_entry_location(const char *path)
{
    directory_change(path, entry_of(DIRECTORY_PAGE, 20, 1), true);
}

static void damage_entry_block_twice(const char *path)
{
    directory_change(path, entry_of(DIRECTORY_PAGE, 20, AREA_ID(0, 0)), true);
}

static void damage_area_page(const char *path)
{
    directory_change(path, entry_of(DIRECTORY_PAGE, 20, AREA_ID(0, 2)), true);
}

static void damage_area_node(const char *path)
{
    directory_change(path, entry_of(DIRECTORY_NODE, 30, AREA_ID(0, 2)), true);
}

static void damage_not_listed(const char *path)
{
    directory_change(path, entry_of(DIRECTORY_RUNNING, BETA, 0), false);
}

static void damage_listed_nothing(const char *path)
{
    directory_change(path, entry_of(DIRECTORY_RUNNING, 90, 0), true);
}

/* --- pots and pages --- */

static void damage_node_pot(const char *path)
{
    range_flip(path, RANGE_NODES, 0, 777);
}

static void damage_node_pot_both(const char *path)
{
    range_flip(path, RANGE_NODES, 0, 777);
    range_flip(path, RANGE_NODES, 1, 778);
}

static void damage_page_pot(const char *path)
{
    range_flip(path, RANGE_PAGE_POTS, 1, 777);
}

static void damage_page_pot_both(const char *path)
{
    range_flip(path, RANGE_PAGE_POTS, 0, 777);
    range_flip(path, RANGE_PAGE_POTS, 1, 777);
}

static void change_slot_0(struct disk_node *node, const void *key)
{
    node->slots[0] = *(const struct disk_key *)key;
}

static void damage_plexes_differ(const char *path)
{
    struct disk_key key = {.count = 78};
    node_change(path, TOOLBOX, 1, change_slot_0, &key);
}

/* Change the start of a node pot of plex 0 (or both) and reseal. */
static void pot_change(const char *path, unsigned plexes, uint8_t generation, uint16_t reserved)
{
    for (unsigned plex = 0; plex < 2; plex++) {
        struct node_pot pot;
        if (!(plexes >> plex & 1))
            continue;
        struct volume_range range = range_of(path, RANGE_NODES, plex);
        block_load(path, range.start_block + 1, &pot);
        pot.generation[0] = generation;
        pot.reserved = reserved;
        pot.nodes[2].slots[0].count ^= plexes == 1; /* node 18: a register of alpha */
        seal_node_pot(&pot, range.first_id + POT_NODES);
        block_save(path, range.start_block + 1, &pot);
    }
}

static void damage_old_plex(const char *path)
{
    pot_change(path, 1, 0, 0);
}

static void damage_pot_reserved(const char *path)
{
    pot_change(path, BOTH, 1, 9);
}

static void damage_pot_generation(const char *path)
{
    pot_change(path, BOTH, 2, 0);
}

static void damage_past_the_end(const char *path)
{
    for (unsigned plex = 0; plex < 2; plex++) {
        struct node_pot pot;
        struct volume_range range = range_of(path, RANGE_NODES, plex);
        uint64_t last = range.block_count - 1;
        block_load(path, range.start_block + last, &pot);
        pot.nodes[POT_NODES - 1].call_count = 1; /* 100 nodes: the last pot holds 10 */
        seal_node_pot(&pot, range.first_id + last * POT_NODES);
        block_save(path, range.start_block + last, &pot);
    }
}

static void damage_page(const char *path)
{
    byte_flip(path, range_of(path, RANGE_PAGES, 0).start_block + WORDS_PAGE - 1, 4000);
}

static void damage_page_flags(const char *path)
{
    for (unsigned plex = 0; plex < 2; plex++) {
        struct page_pot pot;
        struct volume_range range = range_of(path, RANGE_PAGE_POTS, plex);
        block_load(path, range.start_block, &pot);
        pot.pages[30].count_and_flags |= 1ull << 60;
        seal_page_pot(&pot, range.first_id);
        block_save(path, range.start_block, &pot);
    }
}

/* --- keys and domains --- */

static void key_plant(const char *path, struct disk_key key)
{
    node_change(path, TOOLBOX, BOTH, change_slot_0, &key);
}

static struct disk_key key_of(uint8_t type, uint8_t data_byte, uint8_t id, uint64_t count)
{
    return (struct disk_key){
        .type = type, .data_byte = data_byte, .object_id = {id}, .count = count};
}

struct slot_change {
    unsigned slot;
    struct disk_key key;
};

static void change_slot(struct disk_node *node, const void *argument)
{
    const struct slot_change *change = argument;
    node->slots[change->slot] = change->key;
}

static void slot_plant(const char *path, uint64_t id, unsigned slot, struct disk_key key)
{
    struct slot_change change = {slot, key};
    node_change(path, id, BOTH, change_slot, &change);
}

static void damage_domain_keys(const char *path)
{
    slot_plant(path, ALPHA, DOMAIN_SLOT_KEYS, key_of(KEY_DATA, 0, 0, 0));
}

static void damage_domain_void_part(const char *path)
{
    slot_plant(path, ALPHA, DOMAIN_SLOT_REGISTERS_1, key_of(KEY_NODE, 0, 101, 0));
}

static void damage_domain_register(const char *path)
{
    slot_plant(path, ALPHA + 2, 3, key_of(KEY_PAGE, 0, 20, 0));
}

static void damage_domain_state(const char *path)
{
    slot_plant(path, ALPHA, DOMAIN_SLOT_STATE, key_of(KEY_DATA, 0, 0, 3));
}

static void damage_domain_stopped(const char *path)
{
    slot_plant(path, ALPHA, DOMAIN_SLOT_STATE, key_of(KEY_DATA, 0, 0, DOMAIN_WAITING));
}

static void damage_domain_priority(const char *path)
{
    slot_plant(path, ALPHA, DOMAIN_SLOT_PRIORITY, key_of(KEY_CONSOLE, 0, 0, 0));
}

static void damage_shared_part(const char *path)
{
    slot_plant(path, ALPHA, DOMAIN_SLOT_KEYS, key_of(KEY_NODE, 0, BETA + 1, 0));
}

static void damage_prime_meter(const char *path)
{
    slot_plant(path, OBJECT_ID_PRIME_METER, METER_SLOT_COUNTER, key_of(KEY_CONSOLE, 0, 0, 0));
}

/* What is legal: a void key, and a broken domain that does not run. */
static void change_count(struct disk_node *node, const void *argument)
{
    (void)argument;
    node->allocation_count = 5;
}

static void void_keys(const char *path)
{
    node_change(path, TOOLBOX, BOTH, change_count, NULL);
}

static void broken_beta(const char *path)
{
    slot_plant(path, BETA, DOMAIN_SLOT_KEYS, key_of(KEY_DATA, 0, 0, 0));
}

static const struct planted {
    void (*plant)(const char *path);
    enum finding_kind worst; /* of all findings */
    const char *says;        /* one of them */
} all_planted[] = {
    {damage_first_header, FINDING_REPAIRABLE, "volume 0: header in block 0: its checksum"},
    {damage_last_header, FINDING_REPAIRABLE, "volume 0: header in last block: its checksum"},
    {damage_one_label, FINDING_DAMAGE, "its two headers are both good and not the same"},
    {damage_length, FINDING_DAMAGE, "bytes long, where its header says"},
    {damage_length_longer, FINDING_DAMAGE, "bytes long, where its header says"},
    {damage_range_kind, FINDING_DAMAGE, "its kind is unknown"},
    {damage_range_overlap, FINDING_DAMAGE, "it overlaps another range"},
    {damage_range_outside, FINDING_DAMAGE, "it lies outside of the volume"},
    {damage_range_huge, FINDING_DAMAGE, "it lies outside of the volume"},
    {damage_range_objects, FINDING_DAMAGE, "its blocks are not what its objects need"},
    {damage_range_twin, FINDING_DAMAGE, "page pots 1..300: no second range"},
    {damage_page_without_home, FINDING_DAMAGE, "page pots: id 300 has no page"},
    {damage_area_twice, FINDING_DAMAGE, "checkpoint area: id 1099511627776 has two homes"},
    {damage_ckpt_header, FINDING_REPAIRABLE, "checkpoint header 0, plex 0: neither good nor"},
    {damage_ckpt_header_both, FINDING_DAMAGE, "checkpoint headers: none is good"},
    {damage_empty_ckpt_header, FINDING_REPAIRABLE, "header 1, plex 0: neither good nor empty"},
    {damage_ckpt_twins, FINDING_DAMAGE, "header 1: its generation belongs in the other place"},
    {damage_directory_copy, FINDING_REPAIRABLE, "directory of generation 1, copy 1: the checksum"},
    {damage_directory, FINDING_DAMAGE, "directory of generation 1, copy 0: the checksum"},
    {damage_entry_kind, FINDING_DAMAGE, "directory: kind 77, id 20: its kind is unknown"},
    {damage_entry_object, FINDING_DAMAGE, "directory: kind 3, id 5000: there is no such object"},
    {damage_entry_twice, FINDING_DAMAGE, "directory: kind 4, id 16: it is listed twice"},
    {damage_entry_location, FINDING_DAMAGE, "id 20: it lies outside of the checkpoint areas"},
    {damage_entry_block_twice, FINDING_DAMAGE, "area 0 block 0: the directory uses it twice"},
    {damage_area_page, FINDING_DAMAGE, "page 20 in checkpoint area or journal: its"},
    {damage_area_node, FINDING_DAMAGE, "node 30 in the checkpoint area: its checksum"},
    {damage_not_listed, FINDING_DAMAGE, "domain 16: it runs, and is not listed as running"},
    {damage_listed_nothing, FINDING_DAMAGE, "domain 90: slot 14 is not a plain node key"},
    {damage_node_pot, FINDING_REPAIRABLE, "pot of nodes from 1, plex 0: its checksum is wrong"},
    {damage_node_pot_both, FINDING_DAMAGE, "pot of nodes from 1, plex 1: its checksum is wrong"},
    {damage_page_pot, FINDING_REPAIRABLE, "pot of pages from 1, plex 1: its checksum is wrong"},
    {damage_page_pot_both, FINDING_DAMAGE, "pot of pages from 1, plex 0: its checksum is wrong"},
    {damage_plexes_differ, FINDING_DAMAGE, "node 26: its plexes differ (generations 1 and 1)"},
    {damage_old_plex, FINDING_REPAIRABLE, "node 18: its plexes differ (generations 0 and 1)"},
    {damage_pot_reserved, FINDING_DAMAGE, "pot of nodes from 16: reserved bytes are set"},
    {damage_pot_generation, FINDING_DAMAGE, "from 16: generation 2, later than the checkpoint's"},
    {damage_past_the_end, FINDING_DAMAGE, "from 91: entry 14 is past the end of its range"},
    {damage_page, FINDING_DAMAGE, "page 66, plex 0: its checksum is wrong"},
    {damage_page_flags, FINDING_DAMAGE, "page 31: its pot has unknown flags"},
    {damage_domain_keys, FINDING_DAMAGE, "domain 16: slot 14 is not a plain node key"},
    {damage_domain_void_part, FINDING_DAMAGE, "domain 16: slot 8 is void"},
    {damage_domain_register, FINDING_DAMAGE, "domain 16: slot 15 names a node of registers that"},
    {damage_domain_state, FINDING_DAMAGE, "domain 16: its state is not one of a domain's"},
    {damage_domain_stopped, FINDING_DAMAGE, "domain 16: it is listed as running, and its state"},
    {damage_domain_priority, FINDING_DAMAGE, "domain 16: its priority is not a number"},
    {damage_shared_part, FINDING_DAMAGE, "node 22: it is part of domain"},
    {damage_prime_meter, FINDING_DAMAGE, "node 1: the prime meter's counter is not a number"},
    {void_keys, FINDING_NOTE, NULL},
    {broken_beta, FINDING_NOTE, "domain 21: slot 14 is not a plain node key"},
};

/* Keys that slot 0 of the toolbox must not hold, and what is said of each. */
static const struct bad_key {
    uint8_t type, data_byte, id;
    uint64_t count;
    const char *says;
} bad_keys[] = {
    {KEY_TYPE_COUNT, 0, 0, 0, "node 26 slot 0: key of type 27: its type is unknown"},
    {KEY_PAGE, 1, 20, 0, "key of type 1: its data byte is not one of its type"},
    {KEY_DATA, 1, 0, 5, "key of type 0: its data byte is not one of its"},
    {KEY_RESUME, 3, ALPHA, 0, "key of type 7: its data byte is not one of its type's"},
    {KEY_NODE, 0, 101, 0, "key of type 3: there is no such node"},
    {KEY_PAGE, 0, 0, 0, "key of type 1: there is no such page"},
    {KEY_NODE, 0, 50, 1, "key of type 3: its count is higher than its object's"},
    {KEY_RESUME, 0, ALPHA, 7, "key of type 7: its count is higher than its object's"},
    {KEY_CONSOLE, 0, 4, 0, "key of type 20: it names an object and its type has"},
    {KEY_NODE_RANGE, 0, 90, 12, "key of type 11: its objects are not all there"},
};

static bool report_says(const struct check_report *report, const char *text)
{
    for (size_t i = 0; i < report->count; i++)
        if (strstr(report->findings[i].text, text))
            return true;
    return false;
}

/* What check finds in the image is what was planted. */
static void expect_found(const char *path, enum finding_kind worst, const char *text)
{
    struct check_report report;
    bool clean = image_check(path, &report);
    const char *first = report.count ? report.findings[0].text : "nothing";
    const char *says = text ? text : "clean";
    cr_expect_eq(clean, worst == FINDING_NOTE, "%s: %s", says, first);
    if (text)
        cr_expect(report_says(&report, text), "%s: %s", says, first);
    if (worst == FINDING_REPAIRABLE)
        cr_expect_eq(report.counts[FINDING_DAMAGE], 0, "%s: %s", says, first);
    if (worst == FINDING_DAMAGE)
        cr_expect_gt(report.counts[FINDING_DAMAGE], 0, "%s: %s", says, first);
    check_report_finish(&report);
}

Test(check, finds_damage_of_every_kind)
{
    struct scratch scratch;
    char path[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    for (size_t i = 0; i < sizeof(all_planted) / sizeof(all_planted[0]); i++) {
        sample_make(&scratch, path);
        all_planted[i].plant(path);
        expect_found(path, all_planted[i].worst, all_planted[i].says);
    }
    scratch_remove(&scratch);
}

Test(check, finds_every_key_that_cannot_be)
{
    struct scratch scratch;
    char path[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    for (size_t i = 0; i < sizeof(bad_keys) / sizeof(bad_keys[0]); i++) {
        const struct bad_key *bad = &bad_keys[i];
        sample_make(&scratch, path);
        key_plant(path, key_of(bad->type, bad->data_byte, bad->id, bad->count));
        expect_found(path, FINDING_DAMAGE, bad->says);
    }
    scratch_remove(&scratch);
}

Test(check, a_good_image_has_no_findings_at_all)
{
    struct scratch scratch;
    struct check_report report;
    char path[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    sample_make(&scratch, path);
    cr_expect(image_check(path, &report));
    cr_expect_eq(report.count, 0, "%s", report.count ? report.findings[0].text : "");
    check_report_finish(&report);
    scratch_remove(&scratch);
}

Test(check, a_damaged_page_is_repairable_where_pages_are_mirrored)
{
    struct scratch scratch;
    struct error error;
    struct check_report report;
    char path[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    scratch_write(&scratch, "file", "x", 1);
    cr_assert(recipe_make(&scratch, "store s nodes 20 pages 20 mirror\nsegment a file file\n",
                          "x.img", &error));
    scratch_file(&scratch, "x.img", path);
    byte_flip(path, range_of(path, RANGE_PAGES, 0).start_block + 15, 9);
    cr_expect_not(image_check(path, &report));
    cr_expect(report_says(&report, "page 16, plex 0: its checksum is wrong"));
    cr_expect_eq(report.counts[FINDING_DAMAGE], 0);
    check_report_finish(&report);
    scratch_remove(&scratch);
}

Test(check, keeps_a_thousand_findings_and_counts_the_rest)
{
    struct scratch scratch;
    struct error error;
    struct check_report report;
    char path[SCRATCH_PATH_BYTES];
    const uint8_t zeros[BLOCK_BYTES] = {0};
    scratch_make(&scratch);
    cr_assert(recipe_make(&scratch, "store s nodes 18000 pages 20\n", "x.img", &error));
    scratch_file(&scratch, "x.img", path);
    struct volume_range range = range_of(path, RANGE_NODES, 0);
    for (uint64_t i = 0; i < range.block_count; i++)
        block_save(path, range.start_block + i, zeros);
    cr_expect_not(image_check(path, &report));
    cr_expect_eq(report.count, CHECK_FINDINGS_MAX);
    cr_expect_eq(report.counts[FINDING_REPAIRABLE], range.block_count);
    cr_expect_eq(report.counts[FINDING_DAMAGE], 0);
    check_report_finish(&report);
    scratch_remove(&scratch);
}
