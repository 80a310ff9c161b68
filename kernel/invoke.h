/* SPDX-License-Identifier: GPL-2.0-or-later */
/* invoke.h - one invocation of a key, from the ecall to the reply.
 *
 * Every key type's function has the same four parts in order: decode (read the message), prepare
 * (bring in objects; may stall; may refuse), commit_point(), perform (cannot fail). Nothing that a
 * domain could see is changed before the commit point; a stall starts the whole invocation again
 * later.
 */
#ifndef LATCHKEY_KERNEL_INVOKE_H
#define LATCHKEY_KERNEL_INVOKE_H

#include "kernel/pieces.h"

struct message {
    uint64_t code;
    uint64_t length_bytes; /* of the string */
    struct pieces string;
    const uint64_t *registers; /* the string came in registers: these four; NULL: from memory */
    struct key keys[MESSAGE_KEYS];
    uint8_t data_byte;
};

struct invocation {
    struct domain *sender;
    struct node_frame *sender_root;
    struct key *key; /* the slot of the key invoked */
    struct node_frame *node; /* its node, prepared, when it names one */
    struct page_frame *page; /* its page, likewise */
    enum invoke_kind kind;
    struct message message;  /* what was sent */
    struct message reply;    /* of a kernel key: code 0, no string and no keys unless set */
    uint8_t reply_bytes[64]; /* room for short strings */
    struct domain *replyee;  /* who gets the reply; NULL: nobody */
    struct pieces replyee_buffer;
    bool committed;
};

/* How a key's function ended. */
enum invoked {
    INVOKED_DONE,  /* performed; reply is set */
    INVOKED_STALL, /* the sender was queued; nothing has changed */
    INVOKED_GONE,  /* performed, and the sender or replyee was dealt with: no reply */
};

/* invoke - the current domain executed ecall. */
void invoke(struct domain *sender);
/* commit_point - from here on nothing may fail. */
void commit_point(struct invocation *invocation);
/* invoke_answer - reply with a code; commits. Returns INVOKED_DONE. */
enum invoked invoke_answer(struct invocation *invocation, uint64_t code);
/* invoke_wait - the sender waits for a device that has nothing for it, with its pc at the call. If
 * it did so when the system went down, it is told: RC_RESTARTED. */
enum invoked invoke_wait(struct invocation *invocation, struct queue *queue);
/* invoke_absent - stands for a key whose object cannot be brought in; every order answers
 * RC_DEVICE. */
extern struct key invoke_absent;
/* invoke_key_replace - another key takes the place of the one that was invoked. false: it
 * stalled. */
MUST_CHECK bool invoke_key_replace(struct invocation *invocation, struct key *key);
/* invoke_string - the short string sent, copied to target; bytes beyond what was sent are 0.
 * Returns how many bytes were sent, at most size_bytes. */
size_t invoke_string(const struct invocation *invocation, void *target, size_t size_bytes);
/* invoke_answer_key, invoke_answer_string, invoke_answer_bytes - reply RC_OK with a key; with a
 * string that stays where it is; with a short one, at most 64 bytes, copied. */
enum invoked invoke_answer_key(struct invocation *invocation, struct key key);
enum invoked invoke_answer_string(struct invocation *invocation, const void *data,
                                  size_t size_bytes);
enum invoked invoke_answer_bytes(struct invocation *invocation, const void *source,
                                 size_t size_bytes);
/* invoke_unfetched - the object of a key in the message is not FETCH_PRESENT: the sender waits for
 * it, or is answered this code. */
enum invoked invoke_unfetched(struct invocation *invocation, enum fetch fetch, uint64_t code);
/* invoke_reply_room - how many bytes of string the receiver of the reply takes. */
size_t invoke_reply_room(const struct invocation *invocation);

#endif
