/* SPDX-License-Identifier: GPL-2.0-or-later */
/* object.h - the object cache: pages and nodes of the store, in frames, brought in on use.
 *
 * Who calls: everything that uses a key. Whom it calls: pot.c and io.c for what is not in memory.
 *
 * Invariants
 *  1. An object is in at most one frame; a frame in use is on exactly one hash chain.
 *  2. A clean, unpinned frame may be taken for another object at any time outside of
 *     commit..perform; taking it undoes every page-table entry that depends on it (depend.c).
 *  3. Whoever changes a frame's contents has called node_dirty() or page_dirty() before; the latter
 *     after object_page_writable() has said yes. A page that is mapped for writing is dirty.
 *  4. A frame met since object_begin() is not taken: all that one kernel operation has prepared
 *     stays in memory until it commits or stalls.
 */
#ifndef LATCHKEY_KERNEL_OBJECT_H
#define LATCHKEY_KERNEL_OBJECT_H

#include "kernel/key.h"
#include "kernel/queue.h"

enum node_role {
    NODE_PLAIN,     /* keys are what they are */
    NODE_ROOT,      /* root node of a cached domain: in some slots struct domain has the truth */
    NODE_REGISTERS, /* register node of a cached domain: all slots are stale */
    NODE_METER,     /* a decoded meter: struct meter has the truth of its counters */
};

struct directory_entry;
struct domain;

struct node_frame {
    uint64_t object_id; /* 0: free */
    uint64_t allocation_count;
    uint64_t call_count;
    uint64_t resume_head; /* of its RESUME_RETURN keys, for arch/gate.S */
    struct node_frame *hash_next;
    uint8_t role; /* enum node_role */
    bool dirty;
    bool used;          /* referenced since the clock hand came by */
    uint8_t locked;     /* held by this many cached domains and operations: not to be taken */
    uint32_t met;       /* number of the last operation that met it */
    uint32_t stamp; /* another when this frame gets another node, or its allocation count changes */
    bool walked;    /* a segment walk went through it, since it is in this frame */
    bool dry; /* a meter that some of the callers wait for, or the root of one of them: a change
               * wakes them */
    bool device_wait : 1, /* this domain waits for a device to send something */
        restarted : 1;    /* and did so when the system went down: it is told, once */
    uint8_t frozen;       /* enum node_frozen; the frame is kept, and not dirty, until it is 0 */
    struct domain *domain; /* that it is part of, when role is not NODE_PLAIN */
    const struct domain *gate; /* the same if it is the root, else domain_nobody: never NULL */
    struct queue callers;  /* domains stalled on this domain being busy, or on this meter being
                            * dry */
    struct queue_link link; /* this domain's place in a queue; root nodes only */
    struct node_frame *grant; /* the domain that became free for this one to call (gate.h) */
    struct key slots[NODE_SLOTS];
    union {
        struct node_frame *dirty_next;  /* while dirty */
        struct disk_node *frozen_place; /* while frozen: where its contents go (pot.h) */
    };
};

/* What a node was at the last freeze, until its contents of then are in an area pot. */
enum node_frozen { NODE_NOT_FROZEN, NODE_FROZEN, NODE_FROZEN_RUNNING, NODE_FROZEN_DEVICE_WAIT };

/* A copy has the frozen contents of a page that was touched again; nobody finds it by its id. */
enum page_state { PAGE_FREE, PAGE_READING, PAGE_PRESENT, PAGE_FROZEN_COPY };

struct page_frame {
    uint64_t object_id;
    uint64_t allocation_count;
    struct page_frame *hash_next;
    uint8_t *data; /* 4096 bytes, kernel virtual; here, where a node frame has its resume head */
    uint64_t built;             /* depend.h */
    uint64_t leaf;              /* table_leaf() of data */
    struct queue waiters;       /* domains waiting for PAGE_READING to end */
    uint8_t state;  /* enum page_state */
    bool dirty;
    bool used;
    uint16_t pinned; /* device or operation count */
    uint32_t met;    /* number of the last operation that met it */
    bool known;      /* some domain remembers it as its buffer or string (domain.h) */
    bool failed;     /* all homes unreadable: the next user is told, then the frame is freed */
    bool frozen;     /* of the checkpoint being written: its contents must not change */
    bool writing;    /* a disk is taking them */
    bool open;       /* dirty, and the journal does not count on its contents */
    uint8_t journal; /* enum journal_state */
    uint8_t leg, run; /* migrate.c */
    struct page_frame *copy; /* that has the frozen contents; NULL: this has, or none */
    /* While dirty; from freeze to sort, and while it is migrated. */
    struct page_frame *dirty_next, *frozen_next;
};

/* The frame of no object: what the hint of a key in a node frame points to when nothing better is
 * known. */
extern struct node_frame object_nowhere;

struct objects {
    struct node_frame *nodes;
    struct page_frame *pages;
    struct node_frame **node_hash;
    struct page_frame **page_hash;
    uint32_t node_count, page_count;
    uint32_t node_mask, page_mask; /* hash sizes - 1 */
    uint32_t node_hand, page_hand;
    uint32_t node_high, page_high; /* frames from there on were never in use, and hold anything */
    uint32_t operation; /* number of the one under way */
    uint8_t *page_memory; /* of the first page frame */
};
extern struct objects objects;

/* What came of looking for an object. */
enum fetch {
    FETCH_PRESENT, /* the frame is in memory */
    FETCH_STALL,   /* the current domain was queued; run its instruction again later */
    FETCH_VOID,    /* no such object, or it cannot be read */
};

/* object_init - take the memory [start, end) for frames: about node_bytes of it for nodes,
 * LIMIT_NODES_MIN at least, the rest for pages, pages_max at most. */
void object_init(uint64_t start, uint64_t end, uint64_t node_bytes, uint32_t pages_max);

/* object_nodes_of - node frames that so much memory makes. */
uint32_t object_nodes_of(uint64_t node_bytes);
/* object_begin - a kernel operation begins: what it meets from now on stays in memory until the
 * next. */
void object_begin(void);

/* object_node - the frame of a node, brought in if need be. object_page likewise.
 * On FETCH_STALL the current domain has been queued where it will be woken. */
enum fetch object_node(uint64_t object_id, struct node_frame **node);
enum fetch object_page(uint64_t object_id, struct page_frame **page);
/* object_page_frame - the frame whose memory holds this kernel address. */
struct page_frame *object_page_frame(const uint8_t *data);
/* object_page_meet - the same, and the present operation has met it (invariant 4). */
struct page_frame *object_page_meet(const uint8_t *data);
/* object_page_take - a frame for something else; the caller makes it so at once. NULL: none can be
 * taken. */
struct page_frame *object_page_take(void);
/* object_page_lend - while the system starts: a frame of no object, for the kernel's own use while
 * it is pinned. */
struct page_frame *object_page_lend(void);
/* object_page_claim - a frame of a page that is in no frame, for the caller to read it: whoever
 * wants it meanwhile waits. NULL: none can be taken. object_page_arrived - it was read.
 * object_page_unclaim - it was not: no frame has it. */
struct page_frame *object_page_claim(uint64_t object_id, uint64_t allocation_count);
void object_page_arrived(void *page, bool good);
void object_page_unclaim(struct page_frame *page);
/* object_page_present - the frame of a page if it has one, else NULL. */
struct page_frame *object_page_present(uint64_t object_id);
/* object_node_present - the frame if it is in memory, else NULL. */
struct node_frame *object_node_present(uint64_t object_id);

/* key_node - the valid frame of a key that names a node. FETCH_VOID: the key was void and has
 * become data key 0, or the object is on no disk that is there: the key stays what it is, for the
 * disk may come back. key_page likewise. */
enum fetch key_node(struct key *key, struct node_frame **node);
enum fetch key_page(struct key *key, struct page_frame **page);

/* node_dirty, page_dirty - about to change it. */
void node_dirtied(struct node_frame *node);
void page_dirtied(struct page_frame *page);
static inline void node_dirty(struct node_frame *node)
{
    if (!node->dirty)
        node_dirtied(node);
}
static inline void page_dirty(struct page_frame *page)
{
    if (!page->dirty)
        page_dirtied(page);
}
/* object_page_writable - it may be made dirty: FETCH_PRESENT, after its frozen contents, if it has
 * any, went to another frame; or FETCH_STALL. */
enum fetch object_page_writable(struct page_frame *page);
bool object_page_is_zero(const struct page_frame *page);
/* object_page_entry - of its contents, in a directory; without a place, which zeros do not need.
 * object_page_sum - their checksum. */
struct directory_entry object_page_entry(const struct page_frame *page);
uint64_t object_page_sum(const struct page_frame *page);

/* object_node_idle - nothing in memory is a part of it, or waits for it. */
bool object_node_idle(const struct node_frame *node);

/* For the checkpoint: how many are dirty, and how many frames are kept for it. */
struct object_changes {
    uint32_t dirty_nodes, dirty_pages, frozen_nodes, frozen_pages;
};
extern struct object_changes object_changes;
/* object_nodes_freeze - all dirty nodes are frozen, and have places in area pots.
 * object_pages_freeze - all dirty pages are frozen and not mapped for writing. */
void object_nodes_freeze(void);
void object_pages_freeze(void);
/* object_node_keep - the contents of a frozen node go to their place: it is about to change, or it
 * is its turn. Nothing if it is not frozen. */
void object_node_keep(struct node_frame *node);
/* object_page_hold - a clean page is frozen too. */
void object_page_hold(struct page_frame *page);
/* object_page_out - the page that has been dirty for longest, of those that can go: frozen, and
 * being written, until object_page_written(). NULL: none. object_node_out - such a node, from now
 * on clean. */
struct page_frame *object_page_out(void);
struct node_frame *object_node_out(void);
/* object_frozen_take - the frame that has the contents of the next frozen page, each once; NULL: no
 * more. */
struct page_frame *object_frozen_take(void);
/* object_page_frozen - the frame that has the contents of a frozen page. object_page_writing - and
 * a disk takes them from now on until object_page_written(). */
struct page_frame *object_page_frozen(uint64_t object_id);
struct page_frame *object_page_writing(uint64_t object_id);
void object_page_written(struct page_frame *page);
/* key_put - store a key in a slot of a node that is dirty already, or as it was at the freeze;
 * undoes page-table entries that depended on the slot. node_slot_set - the same for any node. */
void key_put(struct key *slot, const struct key *key);
void node_slot_set(struct node_frame *node, unsigned slot, const struct key *key);
/* object_meter_changed - a meter that domains wait for, or the meter of such a domain, may not be
 * dry any more. */
void object_meter_changed(struct node_frame *node);

/* object_forget_hints - amnesia: drop the hints of all keys. */
void object_forget_hints(void);

/* object_check_node, object_check_page - check.h. */
bool object_check_node(uint32_t index);
bool object_check_page(uint32_t index);

#endif
