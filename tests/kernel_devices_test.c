/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_devices_test.c - the device keys: console, display, input, timer, power. Natively, over
 * pretended devices that answer when the test says so. */
#include <criterion/criterion.h>
#include <string.h>

#include "kernel/object.h"
#include "tests/arch_host.h"
#include "tests/kernel_screen.h"

#define RAM_BYTES ((size_t)4 << 20)
#define CALL_SLOT(slot) EXIT_BLOCK(INVOKE_CALL, slot)
#define SEND_MEMORY EXIT_STRING(STRING_MEMORY)
#define SEND_REGISTERS EXIT_STRING(STRING_REGISTERS)
#define SEND_KEY(i, slot) EXIT_SENDS(i, slot)
#define TAKE_MEMORY ENTRY_STRING(STRING_MEMORY)
#define TAKE_REGISTERS ENTRY_STRING(STRING_REGISTERS)
#define TAKE ENTRY_CODE

#define BUFFER 0x1000u /* in the domain's memory */
#define WIDTH 64u
#define HEIGHT 48u
#define SCREEN_PAGES (WIDTH * HEIGHT * 4 / PAGE_BYTES)

/* Slots of a user of the devices. */
enum { SLOT_CONSOLE, SLOT_DISPLAY, SLOT_TIMER, SLOT_POWER, SLOT_KEYBOARD, SLOT_POINTER, SLOT_BOTH,
       SLOT_STRANGE, SLOT_PICTURE, SLOT_OTHER_PICTURE, SLOT_SHORT, SLOT_NUMBER, SLOT_GAP };

struct users {
    struct store *store;
    uint64_t first, second;   /* domains, both running */
    uint64_t picture, other;  /* ids of the first pages */
};

static uint64_t user_make(struct users *users)
{
    static const struct {
        unsigned slot;
        enum key_type type;
        uint8_t data_byte;
    } keys[] = {
        {SLOT_CONSOLE, KEY_CONSOLE, 0},
        {SLOT_DISPLAY, KEY_DISPLAY, 0},
        {SLOT_TIMER, KEY_TIMER, 0},
        {SLOT_POWER, KEY_POWER, 0},
        {SLOT_KEYBOARD, KEY_INPUT, INPUT_KEYBOARD},
        {SLOT_POINTER, KEY_INPUT, INPUT_POINTER_DEVICE},
        {SLOT_BOTH, KEY_INPUT, INPUT_BOTH},
        {SLOT_STRANGE, KEY_INPUT, 3},
    };
    uint64_t first_page, root = store_domain(users->store, DOMAIN_RUNNING);
    store_node(users->store, root)->slots[DOMAIN_SLOT_MEMORY] =
        store_segment(users->store, 16, &first_page);
    for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        store_slot(users->store, root, keys[i].slot, store_key(keys[i].type, keys[i].data_byte, 0));
    store_slot(users->store, root, SLOT_NUMBER, store_number(5));
    store_running(users->store, root);
    return root;
}

/* Two users who hold every device key, and segments for the screen. */
static struct users users_make(unsigned picture_pages)
{
    uint64_t first_page;
    struct users users = {.store = store_create(600, 800)};
    users.first = user_make(&users);
    users.second = user_make(&users);
    struct disk_key picture = store_segment(users.store, picture_pages, &users.picture);
    struct disk_key other = store_segment(users.store, picture_pages, &users.other);
    struct disk_key cut_short = store_segment(users.store, picture_pages - 1, &first_page);
    for (unsigned i = 0; i < picture_pages; i++) /* not zero pages: they have to be read */
        store_page(users.store, users.picture + i)[0] = (uint8_t)(i + 1);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t root = i ? users.second : users.first;
        store_slot(users.store, root, SLOT_PICTURE, picture);
        store_slot(users.store, root, SLOT_OTHER_PICTURE, other);
        store_slot(users.store, root, SLOT_SHORT, cut_short);
    }
    return users;
}

static void users_boot(struct users *users, size_t ram_bytes)
{
    store_finish(users->store);
    cr_assert_null(host_boot(users->store, ram_bytes));
    host_knobs(false, true);
    cr_assert_not_null(host_run());
}

/* The first user goes to sleep for good, so that only the second runs; or both, at the end. */
static void sleep_for_ever(uint64_t root)
{
    uint64_t never = UINT64_MAX;
    cr_assert_eq(host_running_id(), root);
    host_set_string(&never, sizeof(never));
    host_call(TIMER_WAIT_UNTIL, CALL_SLOT(SLOT_TIMER) | SEND_REGISTERS, TAKE, 0, 8, 0, 0);
    cr_assert_neq(host_running_id(), root);
}

static struct users one_user(unsigned picture_pages)
{
    struct users users = users_make(picture_pages);
    users_boot(&users, RAM_BYTES);
    if (host_running_id() == users.first) {
        sleep_for_ever(users.first);
    } else {
        sleep_for_ever(users.second);
        users.second = users.first;
    }
    cr_assert_eq(host_running_id(), users.second);
    return users;
}

static void attach(unsigned slot)
{
    host_call(DISPLAY_ATTACH, CALL_SLOT(SLOT_DISPLAY) | SEND_KEY(0, slot), TAKE, 0, 0, 0, 0);
}

static void flush(uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    const struct display_rectangle at = {x, y, width, height};
    host_set_string(&at, sizeof(at));
    host_call(DISPLAY_FLUSH, CALL_SLOT(SLOT_DISPLAY) | SEND_REGISTERS, TAKE, 0, sizeof(at), 0, 0);
}

/* What the device key answered, after what it waited for. */
static uint64_t answer(void)
{
    cr_assert_not_null(host_run());
    return host_argument(0);
}

static unsigned pins(void)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < objects.page_high; i++)
        count += objects.pages[i].pinned;
    return count;
}

static void attached(unsigned slot)
{
    attach(slot);
    cr_assert_eq(host_running_id(), 0, "it waits for the device");
    cr_assert_eq(screen_command(), SCREEN_COMMAND_SHOW);
    screen_finish(true);
    cr_assert_eq(answer(), RC_OK);
}

Test(devices, an_attached_segment_is_on_the_screen_page_after_page)
{
    screen_set(WIDTH, HEIGHT);
    struct users users = one_user(SCREEN_PAGES);
    attached(SLOT_PICTURE);
    for (unsigned i = 0; i < SCREEN_PAGES; i++)
        cr_assert_eq(screen_backing(i)[0], i + 1);
    cr_assert_eq(pins(), SCREEN_PAGES);
    cr_assert_eq(host_running_id(), users.second);
}

Test(devices, a_flush_returns_when_the_screen_shows_it_and_not_before)
{
    screen_set(WIDTH, HEIGHT);
    (void)one_user(SCREEN_PAGES);
    attached(SLOT_PICTURE);
    for (unsigned round = 0; round < 3; round++) {
        flush(1, 2, 3 + round, 4);
        cr_assert_eq(host_running_id(), 0);
        cr_assert_eq(screen_command(), SCREEN_COMMAND_FLUSH);
        cr_assert_eq(screen_rectangle().width, 3 + round);
        cr_assert_null(host_run(), "still");
        screen_finish(true);
        cr_assert_eq(answer(), RC_OK);
        cr_assert_eq(screen_command(), SCREEN_COMMAND_NONE, "it was not asked twice");
    }
}

Test(devices, the_same_flush_again_is_a_new_flush)
{
    screen_set(WIDTH, HEIGHT);
    (void)one_user(SCREEN_PAGES);
    attached(SLOT_PICTURE);
    unsigned before = screen_commands();
    for (unsigned round = 1; round <= 10; round++) {
        flush(0, 0, WIDTH, HEIGHT);
        screen_finish(true);
        cr_assert_eq(answer(), RC_OK);
        cr_assert_eq(screen_commands(), before + round);
    }
}

Test(devices, errors_of_the_screen_reach_the_caller_who_may_try_again)
{
    screen_set(WIDTH, HEIGHT);
    (void)one_user(SCREEN_PAGES);
    attach(SLOT_PICTURE);
    screen_finish(false);
    cr_assert_eq(answer(), RC_DEVICE);
    attach(SLOT_PICTURE);
    cr_assert_eq(screen_command(), SCREEN_COMMAND_HIDE, "whatever is left of it goes first");
    screen_finish(true);
    cr_assert_null(host_run());
    screen_finish(true);
    cr_assert_eq(answer(), RC_OK);
    flush(0, 0, 1, 1);
    screen_finish(false);
    cr_assert_eq(answer(), RC_DEVICE);
    flush(0, 0, 1, 1);
    screen_finish(true);
    cr_assert_eq(answer(), RC_OK);
}

Test(devices, a_second_attach_replaces_the_first_and_lets_its_pages_go)
{
    screen_set(WIDTH, HEIGHT);
    (void)one_user(SCREEN_PAGES);
    attached(SLOT_PICTURE);
    attach(SLOT_OTHER_PICTURE);
    cr_assert_eq(screen_command(), SCREEN_COMMAND_HIDE);
    cr_assert_eq(pins(), SCREEN_PAGES, "until the device has let go of them");
    screen_finish(true);
    cr_assert_null(host_run());
    cr_assert_eq(screen_command(), SCREEN_COMMAND_SHOW);
    screen_finish(true);
    cr_assert_eq(answer(), RC_OK);
    cr_assert_eq(screen_backing(0)[0], 0);
    cr_assert_eq(pins(), SCREEN_PAGES);
    host_call(DISPLAY_DETACH, CALL_SLOT(SLOT_DISPLAY), TAKE, 0, 0, 0, 0);
    cr_assert_eq(screen_command(), SCREEN_COMMAND_HIDE);
    screen_finish(true);
    cr_assert_eq(answer(), RC_OK);
    cr_assert_eq(pins(), 0);
    host_call(DISPLAY_DETACH, CALL_SLOT(SLOT_DISPLAY), TAKE, 0, 0, 0, 0);
    cr_assert_eq(host_argument(0), RC_OK, "twice does not matter");
}

Test(devices, what_cannot_be_shown_is_refused_and_leaves_nothing_pinned)
{
    static const unsigned slots[] = {SLOT_SHORT, SLOT_NUMBER, SLOT_CONSOLE, SLOT_GAP};
    screen_set(WIDTH, HEIGHT);
    (void)one_user(SCREEN_PAGES);
    for (unsigned i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
        attach(slots[i]);
        cr_assert_eq(host_argument(0), RC_FORMAT, "slot %u", slots[i]);
        cr_assert_eq(screen_command(), SCREEN_COMMAND_NONE);
        cr_assert_eq(pins(), 0);
    }
}

Test(devices, rectangles_are_checked_before_the_screen_hears_of_them)
{
    static const struct display_rectangle bad[] = {
        {0, 0, WIDTH + 1, 1},  {0, 0, 1, HEIGHT + 1},      {WIDTH, 0, 1, 1},
        {1, 0, WIDTH, 1},      {UINT32_MAX, 0, 1, 1},      {1, 0, UINT32_MAX, 1},
        {0, UINT32_MAX, 1, 2}, {0, 1, 1, UINT32_MAX},
    };
    screen_set(WIDTH, HEIGHT);
    (void)one_user(SCREEN_PAGES);
    attached(SLOT_PICTURE);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        flush(bad[i].x, bad[i].y, bad[i].width, bad[i].height);
        cr_assert_eq(host_argument(0), RC_FORMAT, "%u", i);
    }
    host_call(DISPLAY_FLUSH, CALL_SLOT(SLOT_DISPLAY) | SEND_REGISTERS, TAKE, 0, 15, 0, 0);
    cr_assert_eq(host_argument(0), RC_FORMAT, "too short");
    flush(3, 3, 0, 7);
    cr_assert_eq(host_argument(0), RC_OK, "nothing to do");
    cr_assert_eq(screen_command(), SCREEN_COMMAND_NONE);
    flush(WIDTH - 1, HEIGHT - 1, 1, 1);
    cr_assert_eq(screen_command(), SCREEN_COMMAND_FLUSH, "the last pixel");
}

Test(devices, a_flush_with_nothing_attached_says_attach_again)
{
    screen_set(WIDTH, HEIGHT);
    (void)one_user(SCREEN_PAGES);
    flush(0, 0, 1, 1);
    cr_assert_eq(host_argument(0), RC_RESTARTED);
}

/* A domain goes on with something else until the screen has been told what the other one wants. */
static void run_until_told(uint64_t root)
{
    for (unsigned i = 0; i < 1000 && screen_command() == SCREEN_COMMAND_NONE; i++) {
        cr_assert_eq(host_running_id(), root);
        host_call(ORDER_TYPE, CALL_SLOT(SLOT_CONSOLE), TAKE, 0, 0, 0, 0);
        cr_assert_eq(host_argument(0), AKT_CONSOLE);
        host_tick(1);
    }
    cr_assert_eq(screen_command(), SCREEN_COMMAND_SHOW);
}

Test(devices, two_who_draw_at_once_wait_for_each_other)
{
    screen_set(WIDTH, HEIGHT);
    struct users users = users_make(SCREEN_PAGES);
    users_boot(&users, RAM_BYTES);
    uint64_t one = host_running_id();
    attach(SLOT_PICTURE);
    uint64_t two = host_running_id();
    cr_assert_neq(two, one);
    cr_assert_neq(two, 0, "the other runs meanwhile");
    run_until_told(two);
    flush(0, 0, 2, 2); /* waits for the attach to end */
    cr_assert_eq(host_running_id(), 0);
    screen_finish(true);
    cr_assert_eq(answer(), RC_OK);
    cr_assert_eq(host_running_id(), one);
    flush(0, 0, 3, 3);
    cr_assert_eq(host_running_id(), 0);
    cr_assert_eq(screen_rectangle().width, 2, "the second user was first");
    screen_finish(true);
    cr_assert_eq(answer(), RC_OK);
    cr_assert_eq(host_running_id(), two);
    sleep_for_ever(two);
    cr_assert_eq(screen_rectangle().width, 3);
    screen_finish(true);
    cr_assert_eq(answer(), RC_OK);
    cr_assert_eq(host_running_id(), one);
}

Test(devices, a_screen_that_breaks_is_told_to_whoever_waits_for_it)
{
    screen_set(WIDTH, HEIGHT);
    (void)one_user(SCREEN_PAGES);
    attached(SLOT_PICTURE);
    flush(0, 0, 1, 1);
    screen_break();
    cr_assert_eq(answer(), RC_DEVICE);
    cr_assert_eq(pins(), 0, "the device was reset: it reads nothing any more");
    attach(SLOT_PICTURE);
    cr_assert_eq(host_argument(0), RC_DEVICE);
}

Test(devices, without_a_screen_every_order_says_so)
{
    (void)one_user(SCREEN_PAGES);
    for (uint64_t order = DISPLAY_INFO; order <= DISPLAY_DETACH; order++) {
        host_call(order, CALL_SLOT(SLOT_DISPLAY) | SEND_REGISTERS | SEND_KEY(0, SLOT_PICTURE),
                  TAKE, 0, 16, 0, 0);
        cr_assert_eq(host_argument(0), RC_DEVICE, "order %llu", (unsigned long long)order);
    }
    host_call(ORDER_TYPE, CALL_SLOT(SLOT_DISPLAY), TAKE, 0, 0, 0, 0);
    cr_assert_eq(host_argument(0), AKT_DISPLAY);
    host_call(77, CALL_SLOT(SLOT_DISPLAY), TAKE, 0, 0, 0, 0);
    cr_assert_eq(host_argument(0), RC_BAD_ORDER);
}

/* Gathering more pages than are pinned in one turn; with every cache dropped at every exit too. */
static void large_screen(bool amnesia)
{
    screen_set(256, 256); /* 64 pages: several stalls, one for each group of pages that is read */
    (void)one_user(64);
    host_knobs(amnesia, true);
    attached(SLOT_PICTURE);
    for (unsigned i = 0; i < 64; i++)
        cr_assert_eq(screen_backing(i)[0], i + 1);
    flush(0, 0, 256, 256);
    screen_finish(true);
    cr_assert_eq(answer(), RC_OK);
    cr_assert_eq(pins(), 64);
}

Test(devices, a_large_screen_is_gathered_in_turns)
{
    large_screen(false);
}

Test(devices, a_large_screen_is_gathered_in_turns_under_amnesia)
{
    large_screen(true);
}

Test(devices, more_pages_than_one_turn_pins_are_gathered_while_others_run)
{
    screen_set(512, 320); /* 160 pages, and a turn pins 128 */
    struct users users = users_make(160);
    users_boot(&users, RAM_BYTES);
    uint64_t one = host_running_id();
    attach(SLOT_OTHER_PICTURE);
    uint64_t two = host_running_id();
    cr_assert_neq(two, one);
    run_until_told(two);
    cr_assert_eq(pins(), 160);
}

Test(devices, a_screen_too_large_for_the_memory_is_refused_and_not_waited_for)
{
    screen_set(1920, 1080);
    (void)one_user(SCREEN_PAGES);
    attach(SLOT_PICTURE);
    cr_assert_eq(host_argument(0), RC_NO_PAGES);
}

/* Input. */

static void input_read(unsigned slot, uint64_t buffer_bytes)
{
    host_call(INPUT_READ, CALL_SLOT(slot), TAKE | TAKE_MEMORY, 0, 0, BUFFER, buffer_bytes);
}

Test(devices, a_reader_of_input_waits_for_its_device_and_gets_what_fits)
{
    const struct input_event down = {1, 30, 1}, up = {1, 30, 0}, motion = {3, 0, 77};
    struct input_event events[4];
    input_set(true, true);
    struct users users = one_user(SCREEN_PAGES);
    input_read(SLOT_KEYBOARD, sizeof(events));
    cr_assert_eq(host_running_id(), 0);
    input_arrive(INPUT_POINTER_DEVICE, &motion);
    cr_assert_null(host_run(), "that is not the keyboard");
    input_arrive(INPUT_KEYBOARD, &down);
    input_arrive(INPUT_KEYBOARD, &up);
    cr_assert_eq(answer(), RC_OK);
    cr_assert_eq(host_argument(4), 2 * sizeof(struct input_event));
    cr_assert(host_load(BUFFER, events, sizeof(events)));
    cr_assert_arr_eq((uint8_t *)&events[1], (const uint8_t *)&up, sizeof(up));
    for (unsigned i = 0; i < 5; i++)
        input_arrive(INPUT_KEYBOARD, &down);
    input_read(SLOT_BOTH, 2 * sizeof(struct input_event) + 7);
    cr_assert_eq(host_argument(4), 2 * sizeof(struct input_event), "whole events only");
    input_read(SLOT_BOTH, 3 * sizeof(struct input_event));
    input_read(SLOT_POINTER, sizeof(events));
    cr_assert_eq(host_argument(4), sizeof(struct input_event));
    cr_assert(host_load(BUFFER, events, sizeof(events[0])));
    cr_assert_eq(events[0].value, 77);
    cr_assert_eq(host_running_id(), users.second);
}

Test(devices, input_without_a_device_or_without_room_is_refused)
{
    input_set(true, false);
    (void)one_user(SCREEN_PAGES);
    input_read(SLOT_POINTER, 64);
    cr_assert_eq(host_argument(0), RC_DEVICE);
    input_read(SLOT_STRANGE, 64);
    cr_assert_eq(host_argument(0), RC_DEVICE);
    input_read(SLOT_KEYBOARD, sizeof(struct input_event) - 1);
    cr_assert_eq(host_argument(0), RC_FORMAT);
}

/* Console. */

Test(devices, console_bytes_are_handed_out_in_order_as_many_as_fit)
{
    char bytes[5] = {0};
    (void)one_user(SCREEN_PAGES);
    host_call(CONSOLE_READ, CALL_SLOT(SLOT_CONSOLE), TAKE | TAKE_MEMORY, 0, 0, BUFFER, 4);
    cr_assert_eq(host_running_id(), 0);
    host_type("abcdef");
    cr_assert_eq(answer(), RC_OK);
    cr_assert_eq(host_argument(4), 4);
    cr_assert(host_load(BUFFER, bytes, 4));
    cr_assert_str_eq(bytes, "abcd");
    host_call(CONSOLE_READ, CALL_SLOT(SLOT_CONSOLE), TAKE | TAKE_REGISTERS, 0, 0, 0, 0);
    cr_assert_eq(host_argument(4), 2);
    cr_assert_eq(host_string(0), 0x6665, "\"ef\"");
    host_call(CONSOLE_READ, CALL_SLOT(SLOT_CONSOLE), TAKE, 0, 0, 0, 0);
    cr_assert_eq(host_argument(0), RC_FORMAT, "no room for a single byte");
}

Test(devices, a_console_write_may_cross_a_page_and_is_shown_whole)
{
    (void)one_user(SCREEN_PAGES);
    cr_assert(host_store(BUFFER + PAGE_BYTES - 5, "over the edge", 13));
    host_call(CONSOLE_WRITE, CALL_SLOT(SLOT_CONSOLE) | SEND_MEMORY, TAKE,
              BUFFER + PAGE_BYTES - 5, 13, 0, 0);
    cr_assert_eq(host_argument(0), RC_OK);
    cr_assert_str_eq(host_console() + strlen(host_console()) - 13, "over the edge");
}

/* Timer and power. */

static uint64_t time_order(uint64_t order)
{
    host_call(order, CALL_SLOT(SLOT_TIMER), TAKE | TAKE_REGISTERS, 0, 0, 0, 0);
    cr_assert_eq(host_argument(0), RC_OK);
    cr_assert_eq(host_argument(4), 8);
    return host_string(0);
}

Test(devices, a_wait_ends_when_its_time_has_come_and_not_before)
{
    struct users users = one_user(SCREEN_PAGES);
    uint64_t now = time_order(TIMER_NOW);
    uint64_t then = now + 123456789;
    host_set_string(&then, sizeof(then));
    host_call(TIMER_WAIT_UNTIL, CALL_SLOT(SLOT_TIMER) | SEND_REGISTERS, TAKE, 0, 8, 0, 0);
    cr_assert_eq(host_running_id(), users.second, "time skips forward while all wait");
    cr_assert_eq(host_argument(0), RC_OK);
    uint64_t woken = time_order(TIMER_NOW);
    cr_assert_geq(woken, then);
    cr_assert_lt(woken, then + 100, "the tick in which it ends");
    host_set_string(&then, sizeof(then));
    host_call(TIMER_WAIT_UNTIL, CALL_SLOT(SLOT_TIMER) | SEND_REGISTERS, TAKE, 0, 8, 0, 0);
    cr_assert_eq(host_argument(0), RC_OK, "it has come already");
    host_call(TIMER_WAIT_UNTIL, CALL_SLOT(SLOT_TIMER) | SEND_REGISTERS, TAKE, 0, 7, 0, 0);
    cr_assert_eq(host_argument(0), RC_FORMAT);
    cr_assert_gt(time_order(TIMER_CALENDAR), 1000000000000000000ull);
}

Test(devices, power_off_hands_out_its_code_and_refuses_one_that_does_not_fit)
{
    (void)one_user(SCREEN_PAGES);
    uint64_t code = 0x10000;
    host_set_string(&code, sizeof(code));
    host_call(POWER_OFF_ORDER, CALL_SLOT(SLOT_POWER) | SEND_REGISTERS, TAKE, 0, 8, 0, 0);
    cr_assert_eq(host_argument(0), RC_FORMAT);
    code = 77;
    host_set_string(&code, sizeof(code));
    host_call(POWER_OFF_ORDER, CALL_SLOT(SLOT_POWER) | SEND_REGISTERS, TAKE, 0, 8, 0, 0);
    cr_assert(host_powered_off());
    cr_assert_eq(host_exit_code(), 77);
}
