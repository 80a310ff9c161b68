/* SPDX-License-Identifier: GPL-2.0-or-later */
/* queue.c - doubly linked queues through the root nodes of domains. Called by sched, gate, domain
 * and the keys that take one out; calls nothing. Invariants: queue.h. */
#include "kernel/queue.h"

#include "kernel/object.h"

/* Between these two of the queue; NULL: at its end. */
static void insert(struct queue *queue, struct node_frame *previous, struct node_frame *root,
                   struct node_frame *next)
{
    kassert(root->link.queue == NULL);
    root->link = (struct queue_link){queue, previous, next};
    *(previous ? &previous->link.next : &queue->first) = root;
    *(next ? &next->link.previous : &queue->last) = root;
}

void queue_append(struct queue *queue, struct node_frame *root)
{
    insert(queue, queue->last, root, NULL);
}

void queue_prepend(struct queue *queue, struct node_frame *root)
{
    insert(queue, NULL, root, queue->first);
}

void queue_remove(struct node_frame *root)
{
    struct queue_link *link = &root->link;
    if (!link->queue)
        return;
    *(link->previous ? &link->previous->link.next : &link->queue->first) = link->next;
    *(link->next ? &link->next->link.previous : &link->queue->last) = link->previous;
    *link = (struct queue_link){0};
}

struct node_frame *queue_pop(struct queue *queue)
{
    struct node_frame *root = queue->first;
    if (root)
        queue_remove(root);
    return root;
}
