/* SPDX-License-Identifier: GPL-2.0-or-later */
/* counter.c - holds one number. It lives in this domain's memory and so lasts as long as the store.
 * Protocol: COUNTER_* in protocol.h. */
#include <string.h>

#include "disks/domains/rt/key.h"
#include "disks/domains/rt/protocol.h"

static struct {
    uint64_t value;
} counter;

static uint64_t answer(uint64_t order, const struct message *message, uint64_t operand)
{
    switch (order) {
    case ORDER_TYPE:
        return TYPE_COUNTER;
    case COUNTER_GET:
        return RC_OK;
    case COUNTER_ADD:
        if (message->data_byte == COUNTER_READER)
            return RC_READ_ONLY;
        if (message->length_bytes != sizeof(operand))
            return RC_FORMAT;
        counter.value += operand;
        return RC_OK;
    default:
        return RC_BAD_ORDER;
    }
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    uint64_t operand = 0, value = 0, code = RC_OK;
    struct message message = MESSAGE(0);
    message.receive = &operand;
    message.receive_bytes = sizeof(operand);
    for (;;) {
        uint64_t order = serve_next(&message, code, &value, sizeof(value));
        code = answer(order, &message, operand);
        value = counter.value;
    }
}
