/* SPDX-License-Identifier: GPL-2.0-or-later */
/* services_check.c - tests queues, alarms and the integer allocator: alone, and with workers that
 * wait while this domain goes on.
 *
 * Keys: 0 queue of work, 1 queue of answers (each of capacity CAPACITY), 2 a queue nobody else uses
 * (the same), 3 its producer's key, 4 its consumer's, 5 alarm 0, 6 integers, 7 an alarm that is
 * none, 8 domain key of a worker, not running, that takes from the third queue, 9 alarm 1; timer,
 * power, console.
 */
#include <string.h>

#include "disks/domains/rt/check.h"
#include "disks/domains/rt/creator.h"
#include "disks/domains/rt/integers.h"
#include "disks/domains/rt/layout.h"
#include "disks/domains/rt/queue.h"
#include "disks/domains/rt/slots.h"
#include "disks/domains/rt/wait.h"

enum check_slot {
    SLOT_WORK = 0,
    SLOT_ANSWERS = 1,
    SLOT_QUEUE = 2,
    SLOT_PRODUCER = 3,
    SLOT_CONSUMER = 4,
    SLOT_ALARM = 5,
    SLOT_INTEGERS = 6,
    SLOT_NO_ALARM = 7,
    SLOT_WORKER = 8,
    SLOT_ALARM_1 = 9,
    SLOT_A = SLOT_CALLER,
};
#define CAPACITY 4u
#define WORKERS 3u
#define TO_BE_WAITED (1ull << 63)
/* How late is late: an order takes a millisecond when the kernel forgets all it can. */
#define LATE_NS 50000000u

static uint64_t put(unsigned slot, uint64_t order, uint64_t word, unsigned key_slot)
{
    return queue_put(slot, order, &word, sizeof(word), key_slot);
}

/* The word that is next; UINT64_MAX: none came. */
static uint64_t take(unsigned slot, uint64_t order)
{
    uint64_t word = 0;
    size_t size_bytes = sizeof(word);
    uint64_t code = queue_take(slot, order, &word, &size_bytes, SLOT_A);
    return code == RC_OK && size_bytes == sizeof(word) ? word : UINT64_MAX;
}

static struct queue_status status(unsigned slot)
{
    struct queue_status queue = {0};
    CHECK_CODE(RC_OK, queue_status(slot, &queue));
    return queue;
}

static void sleep_ns(uint64_t ns)
{
    uint64_t now = 0;
    (void)timer_now(SLOT_TIMER, &now);
    (void)timer_wait_until(SLOT_TIMER, now + ns);
}

static void messages_come_out_as_they_went_in(void)
{
    uint8_t sent[QUEUE_STRING_BYTES + 1], got[QUEUE_STRING_BYTES];
    size_t size_bytes = sizeof(got);
    CHECK_CODE(TYPE_QUEUE, key_type_of(SLOT_QUEUE));
    for (uint64_t round = 0; round < 10; round++) {
        for (uint64_t i = 0; i < CAPACITY; i++)
            CHECK_CODE(RC_OK, put(SLOT_QUEUE, QUEUE_PUT, 10 * round + i,
                                  i % 2 ? SLOT_INTEGERS : SLOT_ALARM));
        CHECK_CODE(RC_QUEUE_FULL, put(SLOT_QUEUE, QUEUE_TRY_PUT, 99, SLOT_NONE));
        CHECK(status(SLOT_QUEUE).messages == CAPACITY);
        for (uint64_t i = 0; i < CAPACITY; i++) {
            CHECK(take(SLOT_QUEUE, QUEUE_TAKE) == 10 * round + i);
            CHECK_CODE(i % 2 ? AKT_INTEGERS : AKT_WAIT, key_type_of(SLOT_A));
        }
        CHECK_CODE(UINT64_MAX, take(SLOT_QUEUE, QUEUE_TRY_TAKE));
    }
    for (size_t i = 0; i < sizeof(sent); i++)
        sent[i] = (uint8_t)(i * 7);
    CHECK_CODE(RC_OK, queue_put(SLOT_QUEUE, QUEUE_PUT, sent, QUEUE_STRING_BYTES, SLOT_NONE));
    CHECK_CODE(RC_FORMAT, queue_put(SLOT_QUEUE, QUEUE_PUT, sent, sizeof(sent), SLOT_NONE));
    CHECK_CODE(RC_OK, queue_put(SLOT_QUEUE, QUEUE_PUT, NULL, 0, SLOT_NONE));
    CHECK_CODE(RC_OK, queue_take(SLOT_QUEUE, QUEUE_TAKE, got, &size_bytes, SLOT_A));
    CHECK(size_bytes == QUEUE_STRING_BYTES && memcmp(sent, got, size_bytes) == 0);
    CHECK_CODE(RC_DATA_KEY, key_type_of(SLOT_A));
    CHECK_CODE(RC_OK, queue_take(SLOT_QUEUE, QUEUE_TAKE, got, &size_bytes, SLOT_A));
    CHECK(size_bytes == 0);
}

static void keys_for_one_side_do_one_thing(void)
{
    CHECK_CODE(RC_BAD_ORDER, key_order(SLOT_PRODUCER, QUEUE_TAKE));
    CHECK_CODE(RC_BAD_ORDER, key_order(SLOT_PRODUCER, QUEUE_TRY_TAKE));
    CHECK_CODE(RC_BAD_ORDER, queue_close(SLOT_PRODUCER));
    CHECK_CODE(RC_BAD_ORDER, put(SLOT_CONSUMER, QUEUE_PUT, 1, SLOT_NONE));
    CHECK_CODE(RC_BAD_ORDER, queue_close(SLOT_CONSUMER));
    CHECK_CODE(RC_BAD_ORDER, key_order(SLOT_QUEUE, 6));
    CHECK_CODE(RC_OK, put(SLOT_PRODUCER, QUEUE_PUT, 1, SLOT_NONE));
    CHECK(status(SLOT_PRODUCER).capacity == CAPACITY);
    CHECK(take(SLOT_CONSUMER, QUEUE_TAKE) == 1);
}

/* Three workers; many more messages than fit. */
static void producers_and_consumers_wait_for_each_other(void)
{
    const uint64_t count = 300;
    uint64_t sum = 0, put_count = 0;
    while (status(SLOT_WORK).consumers < WORKERS)
        sleep_ns(100000);
    for (uint64_t i = 0; i < count; i++) {
        CHECK_CODE(RC_OK, put(SLOT_WORK, QUEUE_PUT, i, SLOT_INTEGERS));
        for (put_count++; put_count > 2 * CAPACITY; put_count--) {
            sum += take(SLOT_ANSWERS, QUEUE_TAKE);
            CHECK_CODE(AKT_INTEGERS, key_type_of(SLOT_A));
        }
    }
    for (; put_count > 0; put_count--)
        sum += take(SLOT_ANSWERS, QUEUE_TAKE);
    CHECK(sum == count * (count - 1));
    CHECK(status(SLOT_ANSWERS).messages == 0 && status(SLOT_WORK).messages == 0);
    /* Nobody takes the answers: the workers wait with them. */
    for (uint64_t i = 0; i < CAPACITY + WORKERS; i++)
        CHECK_CODE(RC_OK, put(SLOT_WORK, QUEUE_PUT, i, SLOT_NONE));
    sleep_ns(10000000);
    CHECK(status(SLOT_ANSWERS).producers == WORKERS);
    CHECK(status(SLOT_ANSWERS).messages == CAPACITY);
    for (uint64_t i = 0; i < CAPACITY + WORKERS; i++)
        CHECK(take(SLOT_ANSWERS, QUEUE_TAKE) != UINT64_MAX);
}

/* A worker waits in the third queue, and then does not any more. */
static void a_message_is_not_lost_with_who_waited_for_it(void)
{
    CHECK_CODE(RC_OK, creator_start_domain(SLOT_WORKER, LAYOUT_ENTRY, LAYOUT_STACK_END));
    while (status(SLOT_QUEUE).consumers == 0)
        sleep_ns(100000);
    CHECK_CODE(RC_OK, domain_make_busy(SLOT_WORKER, SLOT_TEMPORARY));
    CHECK_CODE(RC_OK, put(SLOT_QUEUE, QUEUE_PUT, 4711, SLOT_NONE));
    CHECK(take(SLOT_QUEUE, QUEUE_TRY_TAKE) == 4711);
}

static void alarms_keep_the_time(void)
{
    uint64_t before = 0, after = 0, calendar = 0;
    char text[80] = "";
    size_t size_bytes = sizeof(text);
    CHECK_CODE(AKT_WAIT, key_type_of(SLOT_ALARM));
    CHECK_CODE(RC_OK, wait_wait(SLOT_ALARM)); /* never set */
    (void)timer_now(SLOT_TIMER, &before);
    CHECK_CODE(RC_OK, wait_interval_and_wait(SLOT_ALARM, 3000));
    (void)timer_now(SLOT_TIMER, &after);
    CHECK(after - before >= 3000000 && after - before < 3000000 + LATE_NS);
    CHECK_CODE(RC_OK, wait_set_interval(SLOT_ALARM, 2000));
    CHECK_CODE(RC_OK, wait_wait(SLOT_ALARM_1)); /* another alarm */
    CHECK_CODE(RC_OK, wait_wait(SLOT_ALARM));
    (void)timer_now(SLOT_TIMER, &before);
    CHECK(before - after >= 2000000 && before - after < 2000000 + LATE_NS);
    CHECK_CODE(RC_OK, wait_show_time(SLOT_ALARM, &calendar));
    CHECK_CODE(RC_OK, wait_set_and_wait(SLOT_ALARM, calendar + 1000000));
    (void)timer_calendar(SLOT_TIMER, &after);
    CHECK(after >= calendar + 1000000 && after < calendar + 1000000 + LATE_NS);
    CHECK_CODE(RC_OK, wait_set_and_wait(SLOT_ALARM, 5)); /* long past */
    CHECK_CODE(RC_OK, wait_show(SLOT_ALARM, text, &size_bytes));
    CHECK(size_bytes == 23 && memcmp(text + 19, " UTC", 4) == 0 && text[4] == '-');
    CHECK_CODE(RC_FORMAT, key_order(SLOT_ALARM, WAIT_SET));
    CHECK_CODE(RC_FORMAT, key_order(SLOT_ALARM, WAIT_INTERVAL_AND_WAIT));
    CHECK_CODE(RC_BAD_ORDER, key_order(SLOT_ALARM, 6));
    CHECK_CODE(RC_BAD_ORDER, key_order(SLOT_NO_ALARM, WAIT_WAIT));
}

/* The workers wait, each for another time; they are woken in the order of the times. */
static void several_wait_at_once(void)
{
    CHECK_CODE(RC_OK, put(SLOT_WORK, QUEUE_PUT, TO_BE_WAITED | 900000, SLOT_NONE));
    CHECK_CODE(RC_OK, put(SLOT_WORK, QUEUE_PUT, TO_BE_WAITED | 300000, SLOT_NONE));
    CHECK_CODE(RC_OK, put(SLOT_WORK, QUEUE_PUT, TO_BE_WAITED | 600000, SLOT_NONE));
    CHECK_CODE(RC_OK, wait_interval_and_wait(SLOT_ALARM, 1000));
    CHECK(take(SLOT_ANSWERS, QUEUE_TRY_TAKE) == UINT64_MAX);
    CHECK(take(SLOT_ANSWERS, QUEUE_TAKE) == 600000);
    CHECK(take(SLOT_ANSWERS, QUEUE_TAKE) == 1200000);
    CHECK(take(SLOT_ANSWERS, QUEUE_TAKE) == 1800000);
}

static void integers_are_given_out_once(void)
{
    CHECK_CODE(AKT_INTEGERS, key_type_of(SLOT_INTEGERS));
    CHECK_CODE(0, integers_lowest(SLOT_INTEGERS));
    for (uint64_t i = 1; i <= 200; i++)
        CHECK_CODE(i, integers_new(SLOT_INTEGERS));
    CHECK_CODE(0, integers_free(SLOT_INTEGERS, 64));
    CHECK_CODE(1, integers_free(SLOT_INTEGERS, 64));
    CHECK_CODE(0, integers_free(SLOT_INTEGERS, 1));
    CHECK_CODE(2, integers_lowest(SLOT_INTEGERS));
    CHECK_CODE(1, integers_new(SLOT_INTEGERS));
    CHECK_CODE(64, integers_new(SLOT_INTEGERS));
    CHECK_CODE(201, integers_new(SLOT_INTEGERS));
    CHECK_CODE(1, integers_free(SLOT_INTEGERS, INTEGERS_MAX));
    CHECK_CODE(RC_BAD_ORDER, integers_free(SLOT_INTEGERS, INTEGERS_MAX + 1));
    CHECK_CODE(RC_BAD_ORDER, key_order(SLOT_INTEGERS, KT + 4));
}

static void all_integers_can_be_given_out(void)
{
    uint64_t last = 0, wrong = 0;
    for (uint64_t i = 202; i <= INTEGERS_MAX; i++) {
        last = integers_new(SLOT_INTEGERS);
        wrong += last != i;
    }
    CHECK(wrong == 0 && last == INTEGERS_MAX);
    CHECK_CODE(RC_NOT_THERE, integers_new(SLOT_INTEGERS));
    CHECK_CODE(0, integers_free(SLOT_INTEGERS, 31000));
    CHECK_CODE(31000, integers_new(SLOT_INTEGERS));
}

static void a_closed_queue_tells_all(void)
{
    while (status(SLOT_WORK).consumers < WORKERS)
        sleep_ns(100000);
    CHECK_CODE(RC_OK, put(SLOT_ANSWERS, QUEUE_PUT, 1, SLOT_NONE));
    CHECK_CODE(RC_OK, queue_close(SLOT_ANSWERS));
    CHECK_CODE(RC_QUEUE_CLOSED, put(SLOT_ANSWERS, QUEUE_PUT, 2, SLOT_NONE));
    CHECK(take(SLOT_ANSWERS, QUEUE_TAKE) == 1);
    CHECK_CODE(RC_QUEUE_CLOSED, key_order(SLOT_ANSWERS, QUEUE_TAKE));
    CHECK_CODE(RC_OK, queue_close(SLOT_WORK));
    CHECK(status(SLOT_WORK).consumers == 0);
}

/* Argument 0: 1 leaves out what takes long when nothing is kept in the kernel's caches. */
int domain_main(uint64_t brief, uint64_t argument_1)
{
    (void)argument_1;
    messages_come_out_as_they_went_in();
    keys_for_one_side_do_one_thing();
    producers_and_consumers_wait_for_each_other();
    alarms_keep_the_time();
    several_wait_at_once();
    integers_are_given_out_once();
    if (!brief)
        all_integers_can_be_given_out();
    a_message_is_not_lost_with_who_waited_for_it();
    a_closed_queue_tells_all();
    check_end("services");
    return 0;
}
