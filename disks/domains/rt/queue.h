/* SPDX-License-Identifier: GPL-2.0-or-later */
/* queue.h - a queue of messages between domains that need not wait for each other.
 *
 * Served by queue/. A message is a string of at most QUEUE_STRING_BYTES and two keys; they come out
 * in the order in which they went in, each once. Who puts into a full queue, or takes from an empty
 * one, waits; others are served meanwhile.
 */
#ifndef LATCHKEY_DOMAINS_QUEUE_H
#define LATCHKEY_DOMAINS_QUEUE_H

#include "disks/domains/rt/interface.h"

#define TYPE_QUEUE 0x10007u
#define QUEUE_STRING_BYTES 256u
#define QUEUE_PUT 0u      /* [key, key] string */
#define QUEUE_TAKE 1u     /* -> [key, key] string */
#define QUEUE_TRY_PUT 2u  /* as PUT, but RC_QUEUE_FULL instead of waiting */
#define QUEUE_TRY_TAKE 3u /* as TAKE, but RC_QUEUE_EMPTY instead of waiting */
#define QUEUE_STATUS 4u   /* -> struct queue_status */
#define QUEUE_CLOSE 5u    /* what is in it can still be taken; all others get RC_QUEUE_CLOSED */

/* Return codes. RC_FORMAT: the string is too long; nothing was put. */
#define RC_QUEUE_FULL 1u
#define RC_QUEUE_EMPTY 2u
#define RC_QUEUE_CLOSED 3u
#define RC_QUEUE_CROWDED 4u /* too many wait already */

/* Data bytes of its start keys. */
#define QUEUE_BOTH 0u
#define QUEUE_PRODUCER 1u /* PUT, TRY_PUT, STATUS only */
#define QUEUE_CONSUMER 2u /* TAKE, TRY_TAKE, STATUS only */

struct queue_status {
    uint64_t messages, capacity;
    uint64_t producers, consumers; /* how many wait */
};

/* QUEUE_INTERFACE - the typed calls: shapes as in interface.h. */
#define QUEUE_INTERFACE(LINE)                                                                      \
    LINE(STRUCT_IN, queue_status, QUEUE_STATUS, struct queue_status)                               \
    LINE(ORDER, queue_close, QUEUE_CLOSE, void)
/* QUEUE_INTERFACE - the calls themselves. */
QUEUE_INTERFACE(INTERFACE_CALL)

/* queue_put, queue_take - one message with at most one key; slots may be SLOT_NONE. *size_bytes:
 * in, room; out, bytes that came and fitted. order: QUEUE_PUT or QUEUE_TRY_PUT; QUEUE_TAKE or
 * QUEUE_TRY_TAKE. */
static inline uint64_t queue_put(unsigned slot, uint64_t order, const void *bytes,
                                 size_t size_bytes, unsigned key_slot)
{
    struct message message = MESSAGE(order);
    message.send = bytes;
    message.send_bytes = size_bytes;
    message.send_slots[0] = (uint8_t)key_slot;
    return key_call(slot, &message);
}

/* queue_take - see above. */
static inline uint64_t queue_take(unsigned slot, uint64_t order, void *buffer, size_t *size_bytes,
                                  unsigned key_slot)
{
    struct message message = MESSAGE(order);
    message.receive = buffer;
    message.receive_bytes = *size_bytes;
    message.receive_slots[0] = (uint8_t)key_slot;
    uint64_t code = key_call(slot, &message);
    *size_bytes = message_received(&message);
    return code;
}

#endif
