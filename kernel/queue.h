/* SPDX-License-Identifier: GPL-2.0-or-later */
/* queue.h - first-in first-out queues of domains, chained through their root nodes.
 *
 * Invariants
 *  1. A domain is in at most one queue; link.queue says which.
 *  2. A zeroed queue is empty; a zeroed link is in no queue.
 */
#ifndef LATCHKEY_KERNEL_QUEUE_H
#define LATCHKEY_KERNEL_QUEUE_H

#include "kernel/base.h"

struct node_frame;
struct queue {
    struct node_frame *first, *last;
};
struct queue_link {
    struct queue *queue; /* NULL: in none */
    struct node_frame *previous, *next;
};

/* queue_append, queue_prepend - put a domain (its root node) in; it must be in no queue. */
void queue_append(struct queue *queue, struct node_frame *root);
void queue_prepend(struct queue *queue, struct node_frame *root);
/* queue_remove - take it out of whatever queue it is in; nothing if in none. */
void queue_remove(struct node_frame *root);
/* queue_pop - the first, taken out; NULL when empty. */
struct node_frame *queue_pop(struct queue *queue);

#endif
