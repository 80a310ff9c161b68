/* SPDX-License-Identifier: GPL-2.0-or-later */
/* demo_screen_test.c - what a person sees: the screen domain draws, shows typed keys and the
 * pointer, also after the plug was pulled. */
#include <criterion/criterion.h>
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support_power.h"

#define KERNEL LATCHKEY_BUILD_DIR "/kernel.elf"
#define IMAGE LATCHKEY_BUILD_DIR "/shared-demo.img"
#define SECOND_NS 1000000000u
#define TYPED 26, 520, 680, 750 /* where the typed text is */
#define CANVAS 520, 104, 1000, 470

static struct machine *start(struct machine_disk disk, const char *append,
                             struct transcript *transcript)
{
    struct machine *machine;
    struct error error;
    struct machine_config config = {.kernel_path = KERNEL, .disk_count = 1, .append = append};
    config.disks[0] = disk;
    config.console = transcript_sink(transcript);
    cr_assert(machine_create(&machine, &config, &error), "%s", error.text);
    return machine;
}

static void run_to(struct machine *machine, uint64_t time_ns)
{
    struct machine_until until = machine_until_never();
    until.time_ns = time_ns;
    cr_assert_eq(machine_run(machine, &until).reason, MACHINE_STOP_TIME);
}

/* How many pixels of an area differ between two pictures. */
static unsigned differing(const struct machine_display *display, const uint32_t *before, int x0,
                          int y0, int x1, int y1)
{
    unsigned count = 0;
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            count += display->pixels[(size_t)y * display->stride_pixels + (size_t)x] !=
                     before[(size_t)y * 1024 + (size_t)x];
    return count;
}

static void picture_keep(const struct machine_display *display, uint32_t *kept)
{
    cr_assert_not_null(display->pixels);
    cr_assert_eq(display->width, 1024);
    cr_assert_eq(display->height, 768);
    for (uint32_t y = 0; y < 768; y++)
        memcpy(kept + (size_t)y * 1024, display->pixels + (size_t)y * display->stride_pixels,
               1024 * sizeof(uint32_t));
}

static void key_press(struct machine *machine, uint16_t code, uint64_t time_ns)
{
    struct machine_input input = {.time_ns = time_ns, .kind = INPUT_KEY, .code = code,
                                  .down = true};
    cr_assert(machine_input(machine, &input));
    input.down = false;
    cr_assert(machine_input(machine, &input));
}

Test(demo, the_picture_moves_and_keys_and_pointer_change_it)
{
    struct transcript transcript = {.length = 0};
    struct machine *machine =
        start((struct machine_disk){.path = IMAGE, .read_only = true}, "", &transcript);
    uint32_t *kept = calloc(1024 * 768, sizeof(*kept));
    run_to(machine, SECOND_NS);
    struct machine_display display = machine_display(machine);
    picture_keep(&display, kept);
    run_to(machine, 2 * (uint64_t)SECOND_NS);
    display = machine_display(machine);
    cr_assert_gt(differing(&display, kept, 16, 110, 500, 470), 1000, "the picture moved");
    cr_assert_eq(differing(&display, kept, CANVAS), 0, "the canvas did not");
    cr_assert_eq(differing(&display, kept, TYPED), 0, "nothing was typed");
    picture_keep(&display, kept);
    for (unsigned i = 0; i < 40; i++)
        key_press(machine, (uint16_t)(KEY_Q + i % 10), 2100000000u + i * 5000000u);
    for (unsigned i = 0; i < 40; i++) {
        struct machine_input input = {.time_ns = 2100000000u + i * 7000000u,
                                      .kind = INPUT_POINTER, .x = (int32_t)(19000 + i * 200),
                                      .y = (int32_t)(6000 + i * 200)};
        cr_assert(machine_input(machine, &input));
        input = (struct machine_input){.time_ns = input.time_ns, .kind = INPUT_BUTTON,
                                       .code = BTN_LEFT, .down = true};
        if (i == 0)
            cr_assert(machine_input(machine, &input));
    }
    run_to(machine, 3 * (uint64_t)SECOND_NS);
    display = machine_display(machine);
    cr_assert_gt(differing(&display, kept, TYPED), 40 * 8, "letters came");
    cr_assert_gt(differing(&display, kept, CANVAS), 500, "a stroke was drawn");
    cr_assert_null(strstr(transcript.text, "trap"), "%s", transcript.text);
    machine_destroy(machine);
    free(kept);
}

static void generations_wait(struct machine *machine, unsigned count)
{
    struct machine_until until = machine_until_never();
    until.trace_kind = TRACE_COMMITTED;
    until.trace_argument = UINT64_MAX;
    until.cycles = machine_cycles(machine) + POWER_CYCLES_MAX;
    while (count-- > 0)
        cr_assert_eq(machine_run(machine, &until).reason, MACHINE_STOP_TRACE);
}

Test(demo, what_was_typed_is_there_after_a_power_cut_and_more_can_be_typed)
{
    struct transcript transcript = {.length = 0};
    struct error error;
    const char *image = LATCHKEY_BUILD_DIR "/demo_screen_test.img";
    image_copy(IMAGE, image);
    struct machine *machine = start((struct machine_disk){.path = image}, "checkpoint=500",
                                    &transcript);
    uint32_t *kept = calloc(1024 * 768, sizeof(*kept)), *typed = calloc(1024 * 768, sizeof(*typed));
    run_to(machine, 2 * (uint64_t)SECOND_NS);
    struct machine_display display = machine_display(machine);
    picture_keep(&display, kept);
    for (unsigned i = 0; i < 10; i++)
        key_press(machine, (uint16_t)(KEY_Q + i), 2100000000u + i * 5000000u);
    run_to(machine, 3 * (uint64_t)SECOND_NS);
    display = machine_display(machine);
    cr_assert_gt(differing(&display, kept, TYPED), 10 * 8, "letters came");
    picture_keep(&display, typed);
    generations_wait(machine, 2); /* the first may have been frozen before the last letter came */
    struct power_cut cut = {.policy = POWER_DROP};
    cr_assert(machine_power_cut(machine, &cut, &error), "%s", error.text);
    cr_assert(machine_reset(machine, &error), "%s", error.text);
    uint64_t now_ns = machine_stats(machine).virtual_time_ns;
    run_to(machine, now_ns + SECOND_NS);
    display = machine_display(machine);
    cr_assert_not_null(display.pixels);
    cr_assert_eq(differing(&display, typed, TYPED), 0, "the text is there again");
    cr_assert_gt(differing(&display, typed, 16, 110, 500, 470), 1000, "and the picture moves");
    key_press(machine, KEY_A, now_ns + SECOND_NS);
    run_to(machine, now_ns + 2 * (uint64_t)SECOND_NS);
    display = machine_display(machine);
    cr_assert_gt(differing(&display, typed, TYPED), 8, "one more letter came");
    machine_destroy(machine);
    free(kept);
    free(typed);
}
