/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - a queue of messages. Protocol: rt/queue.h.
 *
 * The messages stand in a ring of entries: strings in memory, keys in nodes. A producer that has to
 * wait has its message in an entry beyond the capacity, with its resume key; it is answered when
 * the entry comes within the capacity. Consumers that wait are resume keys in a ring of their own.
 *
 * Argument 0: the capacity; ENTRIES less the capacity is how many producers may wait. Keys: 0..5
 * nodes for the messages' keys; 6 a node for the consumers; 7 discrim.
 *
 * Invariants
 *  1. No consumer waits while there is a message that it could have.
 *  2. A message leaves its entry only for a consumer whose resume key is good then.
 */
#include <string.h>

#include "disks/domains/rt/queue.h"
#include "disks/domains/rt/slots.h"

#define NODES 6u
#define ENTRY_KEYS 3u /* two of the message, the producer's resume key */
#define NODE_ENTRIES (NODE_SLOTS / ENTRY_KEYS)
#define ENTRIES (NODES * NODE_ENTRIES)
#define CLASS_RESUME 2u /* answer to DISCRIM_TYPE */

enum queue_slot {
    SLOT_CONSUMERS = 6,
    SLOT_DISCRIM = 7,
    SLOT_KEY_0 = 8,
    SLOT_KEY_1 = 9,
    SLOT_PRODUCER = 10,
    SLOT_CONSUMER = 11
};

struct entry {
    size_t size_bytes;
    uint8_t bytes[QUEUE_STRING_BYTES];
    bool waits; /* its producer has not been answered */
};

static struct {
    struct entry entries[ENTRIES];
    uint64_t first, count, capacity;
    uint64_t consumer_first, consumer_count;
    bool closed;
    struct message message;
    uint8_t string[QUEUE_STRING_BYTES];
    struct queue_status status;
} queue;

/* The node of an entry's keys, and the slot of the first of them. */
static unsigned entry_node(uint64_t index)
{
    return (unsigned)(index / NODE_ENTRIES);
}

static unsigned entry_slot(uint64_t index)
{
    return (unsigned)(index % NODE_ENTRIES * ENTRY_KEYS);
}

/* Answer somebody who waits: the key in a slot is void from then on. */
static void answer(unsigned slot, uint64_t code, const struct entry *entry)
{
    struct message message = MESSAGE(code);
    if (entry) {
        message.send = entry->bytes;
        message.send_bytes = entry->size_bytes;
        message.send_slots[0] = SLOT_KEY_0;
        message.send_slots[1] = SLOT_KEY_1;
    }
    (void)key_fork(slot, &message);
}

static bool resumable(unsigned slot)
{
    return discrim_type(SLOT_DISCRIM, slot) == CLASS_RESUME;
}

/* The next consumer that still waits into SLOT_CONSUMER. */
static bool consumer_next(void)
{
    while (queue.consumer_count > 0) {
        (void)node_swap(SLOT_CONSUMERS, (unsigned)queue.consumer_first, SLOT_VOID, SLOT_CONSUMER);
        queue.consumer_first = (queue.consumer_first + 1) % NODE_SLOTS;
        queue.consumer_count--;
        if (resumable(SLOT_CONSUMER))
            return true;
    }
    return false;
}

/* The entry beyond the capacity that came within it: its producer may go on. */
static void producer_release(void)
{
    if (queue.count < queue.capacity)
        return;
    uint64_t index = (queue.first + queue.capacity - 1) % ENTRIES;
    struct entry *entry = &queue.entries[index];
    if (!entry->waits)
        return;
    entry->waits = false;
    (void)node_swap(entry_node(index), entry_slot(index) + 2, SLOT_VOID, SLOT_PRODUCER);
    if (resumable(SLOT_PRODUCER))
        answer(SLOT_PRODUCER, RC_OK, NULL);
}

/* The first message: its keys into SLOT_KEY_0 and 1; its entry, which is free from now on, but
 * keeps the string until the next one is put. */
static const struct entry *message_next(void)
{
    uint64_t index = queue.first;
    (void)node_swap(entry_node(index), entry_slot(index), SLOT_VOID, SLOT_KEY_0);
    (void)node_swap(entry_node(index), entry_slot(index) + 1, SLOT_VOID, SLOT_KEY_1);
    queue.first = (queue.first + 1) % ENTRIES;
    queue.count--;
    producer_release();
    return &queue.entries[index];
}

/* Put the message at hand into the next entry. */
static void message_store(bool waits)
{
    uint64_t index = (queue.first + queue.count) % ENTRIES;
    struct entry *entry = &queue.entries[index];
    entry->size_bytes = queue.message.length_bytes;
    memcpy(entry->bytes, queue.string, entry->size_bytes);
    entry->waits = waits;
    (void)node_swap(entry_node(index), entry_slot(index), SLOT_KEY_0, SLOT_NONE);
    (void)node_swap(entry_node(index), entry_slot(index) + 1, SLOT_KEY_1, SLOT_NONE);
    (void)node_swap(entry_node(index), entry_slot(index) + 2, waits ? SLOT_CALLER : SLOT_VOID,
                    SLOT_NONE);
    queue.count++;
}

/* How an order ends: with an answer to the caller, or without one yet. */
struct outcome {
    bool answered;
    uint64_t code;
    const struct entry *entry; /* what comes with it, and the keys */
};

static struct outcome ends(uint64_t code)
{
    return (struct outcome){.answered = true, .code = code};
}

static struct outcome put(bool may_wait)
{
    if (queue.closed)
        return ends(RC_QUEUE_CLOSED);
    if (queue.message.length_bytes > QUEUE_STRING_BYTES)
        return ends(RC_FORMAT);
    bool full = queue.count >= queue.capacity;
    if (full && !may_wait)
        return ends(RC_QUEUE_FULL);
    if (queue.count == ENTRIES)
        return ends(RC_QUEUE_CROWDED);
    message_store(full);
    if (queue.count == 1 && consumer_next())
        answer(SLOT_CONSUMER, RC_OK, message_next());
    return full ? (struct outcome){.answered = false} : ends(RC_OK);
}

static struct outcome take(bool may_wait)
{
    if (queue.count > 0) {
        const struct entry *entry = message_next();
        return (struct outcome){.answered = true, .code = RC_OK, .entry = entry};
    }
    if (queue.closed)
        return ends(RC_QUEUE_CLOSED);
    if (!may_wait)
        return ends(RC_QUEUE_EMPTY);
    if (queue.consumer_count == NODE_SLOTS)
        return ends(RC_QUEUE_CROWDED);
    unsigned slot = (unsigned)((queue.consumer_first + queue.consumer_count) % NODE_SLOTS);
    (void)node_swap(SLOT_CONSUMERS, slot, SLOT_CALLER, SLOT_NONE);
    queue.consumer_count++;
    return (struct outcome){.answered = false};
}

/* All who wait are told; messages of waiting producers are dropped with them. */
static struct outcome close_queue(void)
{
    queue.closed = true;
    while (consumer_next())
        answer(SLOT_CONSUMER, RC_QUEUE_CLOSED, NULL);
    while (queue.count > queue.capacity) {
        uint64_t index = (queue.first + --queue.count) % ENTRIES;
        for (unsigned i = 0; i < ENTRY_KEYS; i++)
            (void)node_swap(entry_node(index), entry_slot(index) + i, SLOT_VOID, SLOT_PRODUCER);
        if (resumable(SLOT_PRODUCER))
            answer(SLOT_PRODUCER, RC_QUEUE_CLOSED, NULL);
    }
    return ends(RC_OK);
}

static bool allowed(uint64_t order)
{
    bool produces = order == QUEUE_PUT || order == QUEUE_TRY_PUT;
    bool consumes = order == QUEUE_TAKE || order == QUEUE_TRY_TAKE;
    if (queue.message.data_byte == QUEUE_BOTH || order == QUEUE_STATUS || order == ORDER_TYPE)
        return true;
    return queue.message.data_byte == QUEUE_PRODUCER ? produces : consumes;
}

static struct outcome serve(uint64_t order)
{
    switch (allowed(order) ? order : UINT64_MAX) {
    case ORDER_TYPE:
        return ends(TYPE_QUEUE);
    case QUEUE_PUT:
    case QUEUE_TRY_PUT:
        return put(order == QUEUE_PUT);
    case QUEUE_TAKE:
    case QUEUE_TRY_TAKE:
        return take(order == QUEUE_TAKE);
    case QUEUE_CLOSE:
        return close_queue();
    case QUEUE_STATUS:
        return ends(RC_OK);
    default:
        return ends(RC_BAD_ORDER);
    }
}

static void status_read(void)
{
    bool crowd = queue.count > queue.capacity;
    queue.status = (struct queue_status){.messages = crowd ? queue.capacity : queue.count,
                                         .capacity = queue.capacity,
                                         .producers = crowd ? queue.count - queue.capacity : 0,
                                         .consumers = queue.consumer_count};
}

int domain_main(uint64_t capacity, uint64_t argument_1)
{
    (void)argument_1;
    struct message *message = &queue.message;
    queue.capacity = capacity == 0 ? 1 : capacity > ENTRIES ? ENTRIES : capacity;
    *message = (struct message)MESSAGE(RC_OK);
    message->receive = queue.string;
    message->receive_bytes = sizeof(queue.string);
    message->receive_slots[0] = SLOT_KEY_0;
    message->receive_slots[1] = SLOT_KEY_1;
    unsigned reply_slot = SLOT_VOID;
    for (;;) {
        uint64_t order = serve_next_through(reply_slot, SLOT_DISCRIM, message);
        struct outcome outcome = serve(order);
        reply_slot = outcome.answered ? SLOT_CALLER : SLOT_VOID;
        message->code = outcome.code;
        message->send = outcome.entry ? outcome.entry->bytes : NULL;
        message->send_bytes = outcome.entry ? outcome.entry->size_bytes : 0;
        message->send_slots[0] = outcome.entry ? SLOT_KEY_0 : SLOT_NONE;
        message->send_slots[1] = outcome.entry ? SLOT_KEY_1 : SLOT_NONE;
        if (order == QUEUE_STATUS && outcome.code == RC_OK) {
            status_read();
            message->send = &queue.status;
            message->send_bytes = sizeof(queue.status);
        }
    }
}
