/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domain.h - a domain, decoded: a cache over its root, keys and register nodes.
 *
 * A domain is named by its root node. While it is cached here, registers, trap and state are the
 * truth and the slots of its register nodes (and STATE, TRAP, TRAP_VALUE of its root) are stale;
 * who takes the entry writes them back and dissolves it. Nothing is ever only here that a node
 * could not hold.
 *
 * A freeze only closes the gates of all cached domains: no message reaches one, and it does not
 * run, before domain_load() has opened its gate again. Until then, or until the writer comes to one
 * of its nodes, it is itself what its frozen nodes are to hold.
 *
 * Invariants
 *  1. domain->root->domain == domain, and the three register nodes point back too.
 *  2. A domain in state RUNNING is the current one, or in a queue (ready, stalled, waiting for a
 *     device). A domain in another state is in no queue.
 *  3. The cache entry of the current domain, and of both sides of a message, is never taken.
 *  4. The root and keys nodes of a cached domain whose gate is open are dirty: messages change them
 *     unannounced.
 *  5. A frozen domain's gate is closed, and its root and register nodes are frozen.
 */
#ifndef LATCHKEY_KERNEL_DOMAIN_H
#define LATCHKEY_KERNEL_DOMAIN_H

#include "kernel/object.h"

/* The status word of a domain that loads every register, beside its state. */
#define STATUS_RESTORE_ALL 0x100u

/* Index into registers: pc at 0, x1.. at 1... (arch/trap.S knows these offsets.) */
enum {
    REGISTER_PC = 0,
    REGISTER_A0 = 10,
    REGISTER_T3 = 28,
    REGISTER_FLOAT = 32,
    REGISTER_FCSR = 64
};

struct domain {
    uint64_t registers[REGISTER_WORDS]; /* offset 0, used by trap.S */
    uint64_t satp;                      /* arch/offsets.h has the offsets from here on */
    /* What a message must know of both sides, as one word: the state alone when nothing is special.
     * Each byte but the first is a bool. */
    union {
        uint64_t status;
        struct {
            uint8_t state;       /* enum domain_state */
            uint8_t restore_all; /* load every register: after an interrupt, a fault, a restart;
                                  * else what abi.h says a message carries, the rest cleared */
            uint8_t trapped;     /* trap_code is not 0 */
            uint8_t float_used;  /* f registers or fcsr are not all zero */
            uint8_t unchanged;   /* nothing to write back */
            uint8_t unused;      /* since the clock hand came by */
            uint8_t space_stale; /* satp is not that of the address key: domain_space() */
            uint8_t keys_walked : 1, /* a segment walk went through the keys node; or shared */
                called : 1;          /* someone is, or was, stalled on it */
        };
    };
    struct node_frame *root; /* NULL: this entry is free */
    struct node_frame *keys;
    uint64_t gate_limit; /* its meter's address << GATE_LIMIT_BITS | (2 << its priority) - 1; the
                          * short path is open to it if that is as much as sched.gate_floor, or
                          * more, and equal above those bits; 0: not known */
    /* The receive buffer that was found writable: as the registers named it, where it is, and how
     * many bytes are there in one piece. BUFFER_UNKNOWN: none. */
    uint64_t buffer_addr, buffer_bytes;
    const uint8_t *buffer_data;
    uint64_t buffer_room;
    /* The page that was found readable under the last string sent: addresses [start, end), and what
     * to add for the kernel's address of a byte. end 0: none. */
    uint64_t string_start, string_end, string_delta;
    const uint8_t *buffer_more; /* the buffer goes on here, in its second page; NULL: it does not */
    struct node_frame *register_nodes[3];
    struct meter *meter; /* NULL: look it up */
    struct space *space; /* NULL: look it up */
    uint64_t trap_code, trap_value;
    uint8_t locked;
    bool frozen; /* its frozen nodes are to hold what it is now */
};
#define BUFFER_UNKNOWN UINT64_MAX /* no address of a user */

/* The cache; an entry is free while its root is NULL. */
struct domains {
    struct domain *list;
    unsigned count;
    unsigned hand;
};
extern struct domains domains;

/* What the gate of a node is that is no root of a cached domain: its status suits nobody. */
extern struct domain domain_nobody;

/* domain_init - from start on there is room for count cached domains, LIMIT_DOMAINS_MIN to
 * LIMIT_DOMAINS_CACHED. Returns the end. */
uint64_t domain_init(uint64_t start, unsigned count);

/* domain_load - the cached domain of a root node, decoded if need be. FETCH_VOID: its nodes do not
 * make a domain: it behaves as a data key. */
enum fetch domain_load(struct node_frame *root, struct domain **domain);
/* domain_unload_all - amnesia. */
void domain_unload_all(void);
/* domain_freeze_all - all nodes that are not what a cached domain is become dirty, and its gate is
 * closed; the dirty nodes are then frozen. domain_keep - a frozen domain is written to its frozen
 * nodes: one of them goes to its place now. */
void domain_freeze_all(void);
void domain_keep(struct domain *domain);
/* domain_plain - before a node is used as a plain node: dissolve the cache over it. */
void domain_plain(struct node_frame *node);
/* domain_dissolve - before keys to a node become void, or it is emptied: dissolve every cache entry
 * that it is a part of, also as keys node. false: one of them is in the present operation. */
MUST_CHECK bool domain_dissolve(struct node_frame *node);
/* domain_meter_lost - a decoded meter goes: the domains that pay by it look theirs up again. */
void domain_meter_lost(const struct meter *meter);
/* domain_space - its address space; NULL when the address slot holds no segment. FETCH rules apply
 * through segment.c when it is walked. */
struct space *domain_space(struct domain *domain);
/* domain_priority - what the root says: 0..LIMIT_PRIORITIES - 1; 0 unless it is such a number. */
unsigned domain_priority(const struct node_frame *root);
/* domain_called_set - the cached domain, if there is one, notes whether callers wait for it. */
void domain_called_set(const struct node_frame *root, bool called);
/* domain_trap_set - its trap code (0: none) and value. */
void domain_trap_set(struct domain *domain, uint64_t code, uint64_t value);
/* domain_spaces_lost - spaces were taken from their keys: each domain must look its own up again.
 * domain_page_lost - an entry for this page was cleared: who remembers it as a buffer or string is
 * to check again. domain_buffers_lost - all entries were. */
void domain_spaces_lost(void);
void domain_page_lost(struct page_frame *page);
void domain_buffers_lost(void);
/* domain_buffer_known - the buffer that its registers name was found writable: here, so many bytes
 * in its first page, and, if it has a second page, more there. domain_string_known - the page of
 * this address was found readable, the byte is here. */
void domain_buffer_known(struct domain *domain, const uint8_t *data, uint64_t size_bytes,
                         const uint8_t *more);
void domain_string_known(struct domain *domain, uint64_t addr, const uint8_t *data);
/* domain_keys_walked - a segment walk goes through this node, which some domains may have as their
 * keys node: storing into its slots may have to undo table entries. */
void domain_keys_walked(const struct node_frame *keys);
/* domain_results_clear - the registers that a message comes in, which are all that an ecall sets.
 */
void domain_results_clear(struct domain *domain);
/* domain_settle - a domain that waits for a message keeps only its entry block, and its buffer if
 * that names one: clear what else its ecall left behind. Before anyone looks at its registers. */
void domain_settle(struct domain *domain);
/* domain_state_set - to a new state, marking the change. */
void domain_state_set(struct domain *domain, enum domain_state state);

#endif
