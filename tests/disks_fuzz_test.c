/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disks_fuzz_test.c - random recipes make clean images with steady digests; random damage never
 * hurts the readers, and no damage to a byte that means something goes unnoticed. Build with
 * LATCHKEY_SANITIZE for the full proof.
 */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disks/checksum.h"
#include "disks/digest.h"
#include "disks/info.h"
#include "emulator/base/input_file.h"
#include "tests/support_store.h"

/* Everything that reads an image, on this one. Returns whether the checker was content. */
static bool read_all(const char *path)
{
    struct error error;
    struct check_report report = {0};
    struct store_digest digest;
    struct byte_writer writer = {0};
    struct store *store = malloc(sizeof(*store));
    cr_assert_not_null(store);
    bool clean = false;
    if (store_open(store, &path, 1, &error)) {
        info_text(store, &writer);
        info_json(store, &writer);
        clean = check_store(store, &report);
        bool digested = digest_store(store, 0, &digest, &error);
        if (clean)
            cr_expect(digested, "clean, and no digest: %s", digested ? "" : error.text);
    }
    check_report_finish(&report);
    writer_finish(&writer);
    store_close(store);
    free(store);
    return clean;
}

/* Is a byte at this place of a fresh image covered by some check? Blocks that nothing uses, pages
 * of zeros, and what follows the first sector of a checkpoint header are not. */
static bool covered(struct store *store, uint64_t block, unsigned offset)
{
    struct store_page page;
    for (unsigned i = 0; i < store->range_count; i++) {
        const struct volume_range *range = &store->ranges[i].range;
        if (block < range->start_block || block - range->start_block >= range->block_count)
            continue;
        uint64_t index = block - range->start_block;
        if (range->kind == RANGE_CKPT_HEADER)
            return offset < SECTOR_BYTES;
        if (range->kind == RANGE_CKPT_AREA)
            return AREA_ID_AREA(range->first_id) == 0 &&
                   (index == 0 || index == range->block_count - 1); /* a directory of one block */
        if (range->kind == RANGE_JOURNAL)
            return false;
        if (range->kind == RANGE_PAGES)
            return !store_page(store, range->first_id + index, &page) && !page.zero;
        return true;
    }
    return true; /* the header and its copy */
}

Test(fuzz, a_flipped_byte_is_found_wherever_it_means_something)
{
    const uint64_t seed = 11;
    struct random random = {seed};
    struct scratch scratch;
    char path[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    sample_make(&scratch, path);
    struct store *store = store_opened(path);
    unsigned found = 0;
    for (unsigned round = 0; round < 1500; round++) {
        uint8_t block[BLOCK_BYTES];
        uint64_t at = random_below(&random, store->volumes[0].header.block_count);
        unsigned offset = (unsigned)random_below(&random, BLOCK_BYTES);
        uint8_t flip = (uint8_t)(1 + random_below(&random, 255));
        bool meant = covered(store, at, offset);
        block_load(path, at, block);
        block[offset] ^= flip;
        block_save(path, at, block);
        cr_assert_eq(read_all(path), !meant, "seed %u round %u: block %u byte %u", (unsigned)seed,
                     round, (unsigned)at, offset);
        block[offset] ^= flip;
        block_save(path, at, block);
        found += meant;
    }
    cr_expect_gt(found, 50);
    cr_expect(read_all(path), "all flips were taken back");
    store_dropped(store);
    scratch_remove(&scratch);
}

Test(fuzz, an_image_cut_at_any_block_is_found)
{
    struct scratch scratch;
    char path[SCRATCH_PATH_BYTES];
    struct volume_header header;
    scratch_make(&scratch);
    sample_make(&scratch, path);
    block_load(path, 0, &header);
    for (uint64_t blocks = header.block_count; blocks-- > 0;) {
        cr_assert_eq(truncate(path, (off_t)(blocks * BLOCK_BYTES + blocks % 3)), 0);
        cr_assert_not(read_all(path), "%u blocks left", (unsigned)blocks);
    }
    scratch_remove(&scratch);
}

static void random_bytes(struct random *random, void *target, size_t size_bytes)
{
    uint8_t *bytes = target;
    for (size_t i = 0; i < size_bytes; i++)
        bytes[i] = (uint8_t)random_next(random);
}

/* A number that is near an edge more often than chance would have it. */
static uint64_t edge_number(struct random *random)
{
    static const uint64_t edges[] = {0, 1, 2, 15, 16, 255, 300, 1ull << 47, 1ull << 48,
                                     1ull << 56, 1ull << 63, UINT64_MAX};
    uint64_t edge = edges[random_below(random, sizeof(edges) / sizeof(edges[0]))];
    return random_below(random, 4) ? edge + random_below(random, 3) - 1 : random_next(random);
}

/* One field of a range, in both header copies, with a good checksum. */
static void damage_ranges(struct random *random, const char *path)
{
    struct volume_header header;
    block_load(path, 0, &header);
    uint64_t last = header.block_count - 1;
    struct volume_range *range = &header.ranges[random_below(random, header.range_count)];
    switch (random_below(random, 7)) {
    case 0:
        range->kind = (uint8_t)random_below(random, RANGE_KIND_LAST + 2);
        break;
    case 1:
        range->plex = (uint8_t)random_below(random, 3);
        break;
    case 2:
        range->first_id = edge_number(random);
        break;
    case 3:
        range->object_count = edge_number(random);
        break;
    case 4:
        range->start_block = edge_number(random);
        break;
    case 5:
        range->block_count = edge_number(random);
        break;
    default:
        header.range_count = (uint32_t)random_below(random, VOLUME_RANGES_MAX + 2);
    }
    seal_header(&header);
    block_save(path, 0, &header);
    block_save(path, last, &header);
}

static void damage_nodes(struct random *random, const char *path)
{
    struct node_pot pot;
    struct volume_range range = range_of(path, RANGE_NODES, 0);
    uint64_t index = random_below(random, 3);
    block_load(path, range.start_block + index, &pot);
    for (unsigned i = 0; i < 8; i++) {
        struct disk_key *key = &pot.nodes[random_below(random, POT_NODES)]
                                    .slots[random_below(random, 16)];
        uint64_t id = edge_number(random);
        key->type = (uint8_t)random_below(random, 30);
        memcpy(key->object_id, &id, 6);
        key->count = edge_number(random);
    }
    seal_node_pot(&pot, range.first_id + index * POT_NODES);
    block_save(path, range.start_block + index, &pot);
}

/* Random entries in the directory, and a checkpoint header to match. */
static void damage_directory(struct random *random, const char *path)
{
    struct directory_block block;
    union {
        struct ckpt_header header;
        uint8_t bytes[BLOCK_BYTES];
    } place;
    uint64_t place_block = range_of(path, RANGE_CKPT_HEADER, 0).start_block;
    block_load(path, place_block, &place);
    uint64_t at = range_of(path, RANGE_CKPT_AREA, 0).start_block +
                  AREA_ID_INDEX(place.header.directory_block[0]);
    block_load(path, at, &block);
    block.entry_count = (uint32_t)random_below(random, DIRECTORY_ENTRIES + 2);
    random_bytes(random, block.entries, sizeof(block.entries));
    for (unsigned i = 0; i < DIRECTORY_ENTRIES; i++) {
        uint64_t id = random_below(random, 110);
        block.entries[i].kind = (uint8_t)random_below(random, 6);
        block.entries[i].index = (uint8_t)random_below(random, 17);
        memcpy(block.entries[i].object_id, &id, 6);
        block.entries[i].location = random_below(random, 4) ? AREA_ID(0, random_below(random, 16))
                                                            : edge_number(random);
    }
    block.next_block = random_below(random, 2) ? 0 : edge_number(random);
    seal_directory(&block);
    block_save(path, at, &block);
    place.header.directory_entries = block.entry_count;
    place.header.directory_blocks = 1 + random_below(random, 3);
    place.header.migrated_generation = random_below(random, 2);
    if (random_below(random, 4) == 0)
        place.header.directory_block[random_below(random, 2)] = edge_number(random);
    seal_ckpt(&place.header);
    plexes_save(&path, 1, RANGE_CKPT_HEADER, 0, &place);
}

/* Groups with entries near the edges, right checksums and wrong ones. */
static void damage_journal(struct random *random, const char *path)
{
    static uint8_t pages[2][BLOCK_BYTES];
    uint64_t at = 0;
    struct volume_range ring = range_of(path, RANGE_JOURNAL, 0);
    for (uint64_t sequence = 1; sequence < 8; sequence++) {
        uint64_t ids[2] = {edge_number(random) & OBJECT_ID_MAX, random_below(random, 310)};
        struct group group = {.ids = ids, .pages = (const uint8_t(*)[BLOCK_BYTES])pages, .count = 2,
                              .sequence = sequence, .generation = random_below(random, 3),
                              .restart_count = random_below(random, 2)};
        random_bytes(random, pages[0], 16);
        at = group_write(&path, 1, &group, at);
        if (random_below(random, 3))
            continue;
        struct journal_block head;
        block_load(path, ring.start_block + at - 3, &head);
        head.entry_count = (uint32_t)edge_number(random);
        head.entries[1].allocation_count = edge_number(random);
        head.checksum = checksum64((const uint8_t *)&head + 8, BLOCK_BYTES - 8,
                                   checksum_seed(CHECKSUM_JOURNAL, sequence));
        block_save(path, ring.start_block + at - 3, &head);
    }
}

/* A checkpoint of random objects in the other area, then a flipped byte in that area. */
static void damage_area(struct random *random, const char *path)
{
    uint8_t bytes[BLOCK_BYTES];
    struct commit *commit = malloc(sizeof(*commit));
    cr_assert_not_null(commit);
    commit_begin(commit, &path, 1, 2);
    for (unsigned i = 0; i < 3; i++) {
        struct disk_node node = {.call_count = edge_number(random)};
        random_bytes(random, bytes, sizeof(bytes));
        commit_page(commit, random_below(random, 310), edge_number(random), bytes);
        commit_node(commit, random_below(random, 110), &node);
    }
    commit->journal_block = edge_number(random);
    commit_end(commit);
    free(commit);
    struct volume_range area = range_of(path, RANGE_CKPT_AREA, 1);
    uint64_t block = area.start_block + random_below(random, area.block_count);
    block_load(path, block, bytes);
    bytes[random_below(random, BLOCK_BYTES)] ^= 0x40;
    block_save(path, block, bytes);
}

static void damage_block(struct random *random, const char *path)
{
    uint8_t bytes[BLOCK_BYTES];
    struct volume_header header;
    block_load(path, 0, &header);
    random_bytes(random, bytes, sizeof(bytes));
    block_save(path, 1 + random_below(random, 420), bytes);
}

Test(fuzz, no_damage_with_good_checksums_hurts_the_readers)
{
    const uint64_t seed = 23;
    static void (*const damages[])(struct random *, const char *) = {
        damage_ranges, damage_nodes,   damage_directory,
        damage_block,  damage_journal, damage_area};
    struct random random = {seed};
    struct scratch scratch;
    struct error error;
    char path[SCRATCH_PATH_BYTES];
    uint8_t *good;
    size_t size_bytes;
    unsigned noticed = 0;
    scratch_make(&scratch);
    sample_make(&scratch, path);
    cr_assert(input_read(path, 64u << 20, &good, &size_bytes, &error), "%s", error.text);
    for (unsigned round = 0; round < 900; round++) {
        scratch_write(&scratch, "sample.img", good, size_bytes);
        damages[round % 6](&random, path);
        noticed += !read_all(path);
    }
    cr_expect_gt(noticed, 600, "seed %u: %u of 900", (unsigned)seed, noticed);
    free(good);
    scratch_remove(&scratch);
}

/* Recipe text that grows; what does not fit is left out. */
struct text {
    char bytes[16384];
    size_t length;
};

static void say(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text->bytes + text->length, sizeof(text->bytes) - text->length, format,
                           arguments);
    va_end(arguments);
    cr_assert(length >= 0 && text->length + (size_t)length < sizeof(text->bytes));
    text->length += (size_t)length;
}

static void say_key(struct text *text, struct random *random, unsigned slot, unsigned things)
{
    static const char *const plain[] = {"zero", "meter", "timer", "console", "display", "power",
                                        "discrim", "returner", "compare", "input both", "journal"};
    static const char *const named[] = {"start d", "domain d", "node n", "fetch n", "sense n",
                                        "segment s", "meter n"};
    uint64_t number = random_below(random, things);
    say(text, "%u = ", slot);
    if (random_below(random, 3) == 0)
        say(text, "number 0x%llx\n", (unsigned long long)random_next(random));
    else if (random_below(random, 2))
        say(text, "%s\n", plain[random_below(random, sizeof(plain) / sizeof(plain[0]))]);
    else if (random_below(random, 8) == 0)
        say(text, "page s%u 0 read-only\n", (unsigned)number);
    else
        say(text, "%s%u\n", named[random_below(random, sizeof(named) / sizeof(named[0]))],
            (unsigned)number);
}

static void say_segment(struct text *text, struct random *random, unsigned index)
{
    uint64_t pages = 1 + random_below(random, 20);
    switch (random_below(random, 3)) {
    case 0:
        say(text, "segment s%u zero %uK\n", index, (unsigned)(4 * pages));
        break;
    case 1:
        say(text, "segment s%u file words.txt %uK read-only\n", index, (unsigned)(4 * pages));
        break;
    default:
        say(text, "segment s%u sparse %uK {\n", index, (unsigned)(128 << random_below(random, 8)));
        say(text, "    zero 4K at %uK\n", (unsigned)(4 * pages));
        if (random_below(random, 2))
            say(text, "    keeper = start d0 %u\n", (unsigned)random_below(random, 256));
        say(text, "}\n");
    }
}

/* As many segments, nodes and domains as things, with keys between all of them. */
static void say_recipe(struct text *text, struct random *random, unsigned things)
{
    text->length = 0;
    say(text, "store r%u nodes 900 pages 900 area %u volumes %u%s seed %llu\n", things,
        (unsigned)(4 + random_below(random, 9)), (unsigned)(1 + random_below(random, 4)),
        random_below(random, 2) ? " mirror" : "", (unsigned long long)random_next(random));
    for (unsigned i = 0; i < things; i++) {
        say_segment(text, random, i);
        say(text, "node n%u {\n", i);
        for (unsigned slot = 0; slot < 16; slot += 1 + (unsigned)random_below(random, 5))
            say_key(text, random, slot, things);
        say(text, "}\ndomain d%u {\n    program program.elf\n", i);
        say(text, "    stack %uK\n    priority %u\n", (unsigned)random_below(random, 40),
            (unsigned)random_below(random, 8));
        if (random_below(random, 2))
            say(text, "    map s%u at 0x80000000\n    run\n", i);
        for (unsigned slot = 0; slot < 16; slot += 1 + (unsigned)random_below(random, 5)) {
            say(text, "    key ");
            say_key(text, random, slot, things);
        }
        say(text, "}\n");
    }
}

static bool volumes_clean(const struct scratch *scratch, struct digest *digest)
{
    static const char *const names[] = {"x.img", "x-1.img", "x-2.img", "x-3.img"};
    char text[4][SCRATCH_PATH_BYTES];
    const char *paths[4];
    struct check_report report;
    struct store_digest result;
    struct error error = {0};
    unsigned count = 0;
    for (; count < 4; count++) {
        scratch_file(scratch, names[count], text[count]);
        paths[count] = text[count];
        if (access(paths[count], R_OK) != 0)
            break;
    }
    struct store *store = malloc(sizeof(*store));
    cr_assert_not_null(store);
    cr_assert(store_open(store, paths, count, &error), "%s", error.text);
    bool clean = check_store(store, &report);
    cr_expect(clean, "%s", report.count ? report.findings[0].text : "");
    cr_assert(digest_store(store, 0, &result, &error), "%s", error.text);
    *digest = result.digest;
    check_report_finish(&report);
    store_close(store);
    free(store);
    for (unsigned i = 0; i < count; i++)
        cr_assert_eq(unlink(paths[i]), 0);
    return clean;
}

Test(fuzz, random_recipes_make_clean_images_with_steady_digests)
{
    const uint64_t seed = 5;
    struct random random = {seed};
    struct scratch scratch;
    struct text *text = malloc(sizeof(*text));
    cr_assert_not_null(text);
    scratch_make(&scratch);
    scratch_program(&scratch);
    scratch_write(&scratch, "words.txt", "ink and paper", 13);
    for (unsigned round = 0; round < 30; round++) {
        struct error error;
        struct digest first, second;
        say_recipe(text, &random, 1 + round % 12);
        cr_assert(recipe_make(&scratch, text->bytes, "x.img", &error), "seed %u round %u: %s",
                  (unsigned)seed, round, error.text);
        cr_assert(volumes_clean(&scratch, &first), "seed %u round %u", (unsigned)seed, round);
        cr_assert(recipe_make(&scratch, text->bytes, "x.img", &error), "%s", error.text);
        cr_assert(volumes_clean(&scratch, &second), "seed %u round %u", (unsigned)seed, round);
        cr_assert(first.low == second.low && first.high == second.high, "seed %u round %u",
                  (unsigned)seed, round);
    }
    free(text);
    scratch_remove(&scratch);
}
