/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_store.h - the fast store path: see cpu_store.c.
 *
 * Who calls: cpu_engine.c, around every call into the engine; cpu_selftest.c for the counters.
 *
 * Invariants
 *  1. A page that holds translated code never has a fast writable TLB entry.
 *  2. Between store_path_enter() and store_path_leave() on a thread, the engine's calls on that
 * thread belong to that store_path and to no other.
 */
#ifndef LATCHKEY_EMULATOR_CPU_STORE_H
#define LATCHKEY_EMULATOR_CPU_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_PATH_WATCHED_MAX 64u

struct store_path {
    bool fast;        /* give pages without code fast TLB entries */
    bool quiet_clock; /* inside the engine: the host's clock stands still */
    uint64_t ram_base, ram_bytes;
    uint8_t *code_pages; /* one byte a RAM page: 1 while translated code lies there; owned */
    struct tlb_fill *last_fills; /* by virtual page and mode; owned */
    uint64_t fills, protects, slow_stores; /* calls seen, for the self-test and reports */
    void *engine_cpu;                      /* the engine's own handle, as last seen */
    void (*real_set_page)(void *, uint64_t, uint64_t, int, int, uint64_t);
    void (*set_dirty)(void *, uint64_t);
    void (*flush)(void *);
    bool (*real_privileges)(void *, uint64_t, uint64_t, int, uint64_t);
    /* Physical pages that loads and stores cannot reach; watch_open: while one is let through. */
    uint64_t watched[STORE_PATH_WATCHED_MAX];
    size_t watched_count;
    bool watch_open;
    /* Where the engine asks from for page tables, which it always reaches; and where it asked from
     * last, for an address that it is still looking up. */
    const void *table_caller, *last_caller;
    uint64_t refused_addr;
    bool watch_refused; /* out: the exception that comes now is because of that */
};

/* store_path_init - look up what the engine offers.
 *
 * path      out. path->fast is set when every symbol was found; false leaves everything as the
 * engine made it, slow and right. wanted    false: never fast.
 */
void store_path_init(struct store_path *path, uint64_t ram_base, uint64_t ram_bytes, bool wanted);
void store_path_finish(struct store_path *path);
/* store_path_forget - the engine is gone, and its translations with it. */
void store_path_forget(struct store_path *path);
/* store_path_has_code - may translated code lie in [offset, offset + size) of RAM? */
bool store_path_has_code(const struct store_path *path, uint64_t offset, size_t size_bytes);

/* store_path_page - the physical page that the engine last found for a virtual address, in mode
 * mmu_index. It may be using that still, though the page tables have changed since. false: not
 * known, so look into the page tables. */
bool store_path_page(const struct store_path *path, uint64_t addr_virtual, unsigned mmu_index,
                     uint64_t *page_physical);
/* store_path_flush - the engine looks every address up in the page tables again. Inside
 * store_path_enter(). false: this engine does not offer that. */
bool store_path_flush(struct store_path *path);

/* store_path_watch - from now on these pages cannot be reached; the caller then flushes. false: not
 * with this engine. */
bool store_path_watch(struct store_path *path, const uint64_t *pages, size_t count);

/* store_path_enter - this thread calls into the engine of path; returns what store_path_leave()
 * wants. */
struct store_path *store_path_enter(struct store_path *path);
void store_path_leave(struct store_path *previous);

#endif
