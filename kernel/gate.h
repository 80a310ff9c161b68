/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gate.h - messages from domain to domain, through start and resume keys.
 *
 * The rules are those of KeyKOS gatec.c and jresumec.c. A resume key is {domain, call count}: it is
 * valid while its count is the domain's; using one adds 1 to the domain's count, which voids all
 * copies at once. */
#ifndef LATCHKEY_KERNEL_GATE_H
#define LATCHKEY_KERNEL_GATE_H

#include "kernel/invoke.h"

struct gate_target {
    struct domain *domain;
    uint8_t data_byte;      /* of a start key; 0 for a resume key */
    enum resume_kind resume; /* of a resume key; RESUME_RETURN for a start key */
};

enum gate_prepared {
    GATE_READY,
    GATE_STALL,     /* the current domain was queued */
    GATE_DATA,      /* no domain there: the key behaves as a data key */
    GATE_SELF,      /* the sender itself */
    GATE_VANISHES,  /* a resume key whose domain no longer waits: the message goes nowhere */
};

/* gate_prepare - decode the domain behind a start or resume key, for a sender. A busy domain stalls
 * it. */
enum gate_prepared gate_prepare(struct key *key, const struct domain *sender,
                                struct gate_target *target);
/* gate_invoke - carry out an invocation of a start or resume key. */
void gate_invoke(struct invocation *invocation);
/* gate_buffer_prepare - the buffer that a domain's saved registers name, by its entry block.
 * TOUCH_DONE with empty pieces when it takes no string into memory. */
enum touch gate_buffer_prepare(struct domain *domain, struct pieces *buffer,
                               struct segment_walk *walk);
/* gate_buffer_is_known - the buffer that its registers name is known to be writable, or it names
 * none. */
bool gate_buffer_is_known(const struct domain *domain);
/* gate_deliver - put a message into a domain's registers, buffer and slots, as its entry block
 * says. */
void gate_deliver(struct domain *domain, const struct message *message,
                  const struct pieces *buffer);
/* gate_grant - a domain became free: the first of its stalled callers may try again; it is granted
 * the next turn, so that the others need not be woken with it. gate_grant_return - what is left of
 * the grant that a caller got, after it tried: if it did not call, the next one is woken. */
void gate_grant(struct node_frame *root);
void gate_grant_return(struct node_frame *caller);
/* gate_sender_goes - the sender's part, after the commit point: past its ecall, and of a CALL it
 * waits, of a RETURN it is open to callers, of a FORK it goes on with cleared results. */
void gate_sender_goes(const struct invocation *invocation);
/* gate_resume - a waiting domain runs again: all its resume keys are void. It joins no queue. */
void gate_resume(struct domain *domain);
/* gate_resume_key - a fresh resume key to a domain. */
struct key gate_resume_key(const struct domain *domain, enum resume_kind kind);

#endif
