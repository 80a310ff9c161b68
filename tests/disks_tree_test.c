/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disks_tree_test.c - trees built from parts show exactly these parts to a walk that follows the
 * rules of the kernel's (abi.h, size codes). */
#include "disks/tree.h"

#include <criterion/criterion.h>
#include <string.h>

#include "disks/volume.h"
#include "kernel/abi.h"
#include "tests/support_disks.h"

#define NODES 4000u

/* The key of the page at an address; data key 0: none. Black nodes only. */
static struct disk_key walk(struct image *image, struct disk_key key, uint64_t addr)
{
    unsigned above = SIZE_CODE_MAX + 1;
    while (key.type == KEY_SEGMENT) {
        unsigned size_code = key.data_byte & KEY_SIZE_CODE;
        cr_assert_geq(size_code, SIZE_CODE_MIN);
        cr_assert_lt(size_code, above, "size codes fall on the way down");
        if (addr >> (4 * (size_code + 1)))
            return (struct disk_key){0};
        key = image_node(image, disk_id(key.object_id))->slots[addr >> (4 * size_code)];
        addr &= tree_span(size_code - 1) - 1;
        above = size_code;
    }
    if (key.type == KEY_PAGE && addr >= PAGE_BYTES)
        return (struct disk_key){0};
    return key;
}

static struct disk_key page_key(uint64_t id)
{
    return disk_key_object(KEY_PAGE, 0, id, 0);
}

Test(tree, one_page_at_zero_is_its_own_tree)
{
    struct image image;
    struct tree tree = {0};
    struct tree_part root;
    image_init(&image, NODES, 16);
    tree_add(&tree, 0, SIZE_CODE_PAGE, page_key(20));
    cr_assert_null(tree_build(&tree, &image, &root));
    cr_expect_eq(root.key.type, KEY_PAGE);
    cr_expect_eq(root.size_code, SIZE_CODE_PAGE);
    cr_expect_eq(image.node_next, OBJECT_ID_FIRST, "no node is used");
    tree_finish(&tree);
    image_finish(&image);
}

Test(tree, spans_are_powers_of_sixteen)
{
    cr_expect_eq(tree_span(SIZE_CODE_PAGE), PAGE_BYTES);
    cr_expect_eq(tree_span(3), 65536);
    cr_expect_eq(tree_span(9), 1ull << 40);
}

Test(tree, shows_random_pages_where_they_were_put_and_nothing_else)
{
    const uint64_t seed = 7;
    struct random random = {seed};
    for (unsigned round = 0; round < 50; round++) {
        struct image image;
        struct tree tree = {0};
        struct tree_part root;
        uint64_t addrs[60], count = 1 + random_below(&random, 60);
        image_init(&image, NODES, 16);
        for (unsigned i = 0; i < count; i++) { /* near and far: distinct by construction */
            addrs[i] = random_below(&random, 1u << 20) * PAGE_BYTES * 60 + i * PAGE_BYTES;
            tree_add(&tree, addrs[i], SIZE_CODE_PAGE, page_key(100 + i));
        }
        cr_assert_null(tree_build(&tree, &image, &root));
        for (unsigned i = 0; i < count; i++) {
            struct disk_key found = walk(&image, root.key, addrs[i] + random_below(&random, 4096));
            cr_assert_eq(disk_id(found.object_id), 100 + i, "seed %u round %u", (unsigned)seed,
                         round);
        }
        for (unsigned i = 0; i < 200; i++) {
            uint64_t addr = random_below(&random, 1ull << 38);
            uint64_t expected = 0;
            for (unsigned j = 0; j < count; j++)
                if (addrs[j] == (addr & ~(uint64_t)4095))
                    expected = 100 + j;
            struct disk_key found = walk(&image, root.key, addr);
            cr_assert_eq(disk_id(found.object_id), expected, "seed %u", (unsigned)seed);
        }
        tree_finish(&tree);
        image_finish(&image);
    }
}

Test(tree, mixes_pages_and_whole_segments)
{
    struct image image;
    struct tree inner = {0}, outer = {0};
    struct tree_part segment, root;
    image_init(&image, NODES, 16);
    tree_add(&inner, 0x3000, SIZE_CODE_PAGE, page_key(50));
    cr_assert_null(tree_build(&inner, &image, &segment));
    tree_add(&outer, 0x1000, SIZE_CODE_PAGE, page_key(51));
    tree_add(&outer, 0x30000, segment.size_code, segment.key);
    cr_assert_null(tree_build(&outer, &image, &root));
    cr_expect_eq(disk_id(walk(&image, root.key, 0x1000).object_id), 51);
    cr_expect_eq(disk_id(walk(&image, root.key, 0x33000).object_id), 50);
    cr_expect_eq(walk(&image, root.key, 0x32000).type, KEY_DATA);
    tree_finish(&inner);
    tree_finish(&outer);
    image_finish(&image);
}

Test(tree, refuses_parts_that_overlap)
{
    struct image image;
    struct tree twice = {0}, inside = {0};
    struct tree_part root;
    image_init(&image, NODES, 16);
    tree_add(&twice, 0x5000, SIZE_CODE_PAGE, page_key(50));
    tree_add(&twice, 0x5000, SIZE_CODE_PAGE, page_key(51));
    cr_expect_not_null(tree_build(&twice, &image, &root));
    tree_add(&inside, 0x25000, SIZE_CODE_PAGE, page_key(50));
    tree_add(&inside, 0x20000, SIZE_CODE_MIN, disk_key_object(KEY_SEGMENT, 3, 99, 0));
    cr_expect_not_null(tree_build(&inside, &image, &root));
    tree_finish(&twice);
    tree_finish(&inside);
    image_finish(&image);
}

Test(tree, refuses_to_build_from_nothing_or_without_nodes)
{
    struct image image;
    struct tree tree = {0};
    struct tree_part root;
    image_init(&image, OBJECT_ID_FIRST, 16); /* one node is left */
    cr_expect_not_null(tree_build(&tree, &image, &root));
    tree_add(&tree, 0, SIZE_CODE_PAGE, page_key(50));
    tree_add(&tree, 0x10000000, SIZE_CODE_PAGE, page_key(51));
    const char *problem = tree_build(&tree, &image, &root);
    cr_assert_not_null(problem);
    cr_expect_not_null(strstr(problem, "no node is left"));
    tree_finish(&tree);
    image_finish(&image);
}
