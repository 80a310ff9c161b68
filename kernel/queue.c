/* SPDX-License-Identifier: GPL-2.0-or-later */
/* queue.c - doubly linked queues through the root nodes of domains. Called by sched, object, gate
 * and the device keys; calls nothing. Invariants: queue.h. */
#include "kernel/queue.h"

#include "kernel/object.h"

void queue_append(struct queue *queue, struct node_frame *root)
{
    kassert(root->link.queue == NULL);
    root->link = (struct queue_link){.queue = queue, .previous = queue->last};
    if (queue->last)
        queue->last->link.next = root;
    else
        queue->first = root;
    queue->last = root;
}

void queue_prepend(struct queue *queue, struct node_frame *root)
{
    kassert(root->link.queue == NULL);
    root->link = (struct queue_link){.queue = queue, .next = queue->first};
    if (queue->first)
        queue->first->link.previous = root;
    else
        queue->last = root;
    queue->first = root;
}

void queue_remove(struct node_frame *root)
{
    struct queue *queue = root->link.queue;
    if (!queue)
        return;
    if (root->link.previous)
        root->link.previous->link.next = root->link.next;
    else
        queue->first = root->link.next;
    if (root->link.next)
        root->link.next->link.previous = root->link.previous;
    else
        queue->last = root->link.previous;
    root->link = (struct queue_link){0};
}

struct node_frame *queue_pop(struct queue *queue)
{
    struct node_frame *root = queue->first;
    if (root)
        queue_remove(root);
    return root;
}
