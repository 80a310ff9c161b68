/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices_board_test.c - the board's table makes sense as a whole, and every device on it starts.
 */
#include "devices/board_table.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/support_device.h"

Test(board, every_device_is_complete)
{
    for (unsigned index = 0; index < BOARD_REGION_COUNT; index++) {
        const struct board_region *region = &board_regions[index];
        cr_assert_not_null(region->ops, "entry %u", index);
        cr_assert_not_null(region->name);
        cr_assert_not_null(region->node);
        cr_assert_not_null(region->ops->compatible);
        cr_assert_gt(region->ops->state_bytes, 0);
        cr_assert(region->ops->init && region->ops->reset && region->ops->read &&
                  region->ops->write && region->ops->save && region->ops->load);
        cr_assert_eq(region->ops->deadline_ns == NULL, region->ops->tick == NULL);
    }
}

Test(board, names_irqs_and_places_are_unique)
{
    for (unsigned index = 0; index < BOARD_REGION_COUNT; index++) {
        const struct board_region *region = &board_regions[index];
        cr_assert_eq(region->base % 0x100, 0);
        cr_assert_leq(region->base + region->size_bytes, BOARD_RAM_BASE);
        cr_assert_lt(region->irq, BOARD_PLIC_SOURCES);
        for (unsigned other = 0; other < index; other++) {
            const struct board_region *before = &board_regions[other];
            cr_assert_neq(strcmp(region->name, before->name), 0);
            cr_assert(region->irq == 0 || region->irq != before->irq);
            cr_assert(region->base >= before->base + before->size_bytes ||
                      before->base >= region->base + region->size_bytes);
        }
    }
}

Test(board, slots_are_where_the_data_sheet_says)
{
    cr_assert_eq(board_regions[BOARD_INDEX_BLOCK_0].base, 0x10001000u);
    cr_assert_eq(board_regions[BOARD_INDEX_BLOCK_3].irq, 4);
    cr_assert_eq(board_regions[BOARD_INDEX_GPU].base, 0x10005000u);
    cr_assert_eq(board_regions[BOARD_INDEX_TABLET].irq, 7);
    cr_assert_eq(board_regions[BOARD_INDEX_EMPTY].base, 0x10008000u);
    cr_assert_eq(board_regions[BOARD_INDEX_UART].irq, 10);
}

Test(board, an_empty_slot_answers_as_one)
{
    struct fake_board *board = fake_board_create(4096);
    struct fake_device device;
    uint64_t value;
    fake_device_init(&device, board, board_regions[BOARD_INDEX_EMPTY].ops, 8, NULL);
    cr_assert_eq(fake_get(&device, 0x0, 4), 0x74726976u);
    cr_assert_eq(fake_get(&device, 0x4, 4), 2);
    cr_assert_eq(fake_get(&device, 0x8, 4), 0);
    cr_assert_eq(fake_get(&device, 0x34, 4), 0);
    fake_set(&device, 0x70, 4, 3);
    cr_assert_eq(fake_get(&device, 0x70, 4), 0);
    cr_assert_not(fake_read(&device, 0x0, 8, &value));
    cr_assert_not(fake_read(&device, 0x18, 4, &value));
    cr_assert_not(fake_write(&device, 0x18, 4, 0));
    cr_assert(fake_round_trip(&device));
    fake_device_finish(&device);
    fake_board_destroy(board);
}
