/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_store.c - the fast store path, and a host clock that stands still inside the engine.
 *
 * Engine version 2.0.1 sends every store to RAM through a slow helper, 28 to 51 times slower,
 * because it marks every writable TLB entry as "may hold code" and never takes the mark away. The
 * functions around that are exported and called through the linkage table, so the ones this
 * executable defines are called instead. They call the engine's own, then take the mark away from
 * pages that hold no translated code:
 *
 *   tlb_set_page_riscv64          a TLB entry was filled: clear the mark unless the page has code
 *   tlb_protect_code_riscv64      first translation of a page: remember, drop all TLB entries
 *   tlb_unprotect_code_riscv64    the last translation of a page has gone: forget
 *   page_collection_lock_riscv64  one slow store, or an invalidation. The engine's builds a set of
 *                                 locks against other threads; there are none, so the empty set
 *                                 is right. Counts slow stores for the self-test
 *   page_collection_unlock_riscv64
 *   pmp_hart_has_privs_riscv64    may the hart reach this? Not, while the page is watched
 *                                 (cpu_debug.c)
 *   gettimeofday                  the engine resizes its TLB by the wall clock, which a guest could
 *                                 observe: constant inside the engine, the real time outside
 *
 * Called by the engine; store_path_*() by cpu_engine.c. Only opaque pointers pass through. When a
 * symbol is missing everything stays as the engine made it. cpu_selftest.c proves the effect at
 * every start.
 *
 * The one thread-local variable is unavoidable: the engine's functions carry no pointer of ours. It
 * is set only for the duration of a call into the engine, so machines stay independent.
 */
#include "emulator/cpu_store.h"

#include <assert.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#define PAGE_SHIFT 12
#define PROTECTION_READ 1 /* the engine's bits */
#define PROTECTION_WRITE 2
#define PRIVILEGE_EXECUTE 4 /* the engine's bit */

/* The last fill of each virtual page, or of one of those that share its place in the table. */
#define FILL_COUNT 8192u
struct tlb_fill {
    uint64_t key; /* fill_key(); 0: none */
    uint64_t page_physical;
};

static _Thread_local struct store_path *entered;

/* What the engine calls. Declared here: no header has them. All else of this program is hidden from
 * it (CMakeLists.txt), for it has functions with names like ours. */
#define INTERPOSED __attribute__((visibility("default")))
INTERPOSED void tlb_set_page_riscv64(void *engine_cpu, uint64_t addr_virtual,
                                     uint64_t addr_physical, int prot, int mmu_index,
                                     uint64_t size_bytes);
INTERPOSED void tlb_protect_code_riscv64(void *engine, uint64_t ram_offset);
INTERPOSED void tlb_unprotect_code_riscv64(void *engine, uint64_t ram_offset);
INTERPOSED void *page_collection_lock_riscv64(void *engine, uint64_t start, uint64_t end);
INTERPOSED void page_collection_unlock_riscv64(void *set);
INTERPOSED bool pmp_hart_has_privs_riscv64(void *state, uint64_t addr, uint64_t size_bytes,
                                           int privileges, uint64_t mode);
INTERPOSED int gettimeofday(struct timeval *restrict now, void *restrict zone);

/* Object and function pointers are not convertible in C17; POSIX promises that this works. */
static void find(const char *name, void *function, size_t size_bytes)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    assert(size_bytes == sizeof(symbol));
    memcpy(function, &symbol, size_bytes);
}

void store_path_init(struct store_path *path, uint64_t ram_base, uint64_t ram_bytes, bool wanted)
{
    assert(path);
    *path = (struct store_path){.ram_base = ram_base, .ram_bytes = ram_bytes};
    void *protect = NULL, *lock = NULL;
    find("tlb_set_page_riscv64", &path->real_set_page, sizeof(path->real_set_page));
    find("tlb_set_dirty_riscv64", &path->set_dirty, sizeof(path->set_dirty));
    find("tlb_flush_riscv64", &path->flush, sizeof(path->flush));
    find("pmp_hart_has_privs_riscv64", &path->real_privileges, sizeof(path->real_privileges));
    find("tlb_protect_code_riscv64", &protect, sizeof(protect));
    find("page_collection_lock_riscv64", &lock, sizeof(lock));
    path->code_pages = calloc(ram_bytes >> PAGE_SHIFT, 1);
    path->last_fills = calloc(FILL_COUNT, sizeof(*path->last_fills));
    path->fast = wanted && path->code_pages && path->real_set_page && path->set_dirty &&
                 path->flush && protect && lock;
}

void store_path_finish(struct store_path *path)
{
    free(path->code_pages);
    free(path->last_fills);
    *path = (struct store_path){.fast = false};
}

static void fills_forget(struct store_path *path)
{
    if (path->last_fills)
        memset(path->last_fills, 0, FILL_COUNT * sizeof(*path->last_fills));
}

void store_path_forget(struct store_path *path)
{
    fills_forget(path);
    path->engine_cpu = NULL;
    if (path->code_pages)
        memset(path->code_pages, 0, path->ram_bytes >> PAGE_SHIFT);
}

bool store_path_has_code(const struct store_path *path, uint64_t offset, size_t size_bytes)
{
    assert(size_bytes > 0);
    assert(offset + size_bytes <= path->ram_bytes);
    if (!path->fast)
        return true; /* nobody says where code lies */
    for (uint64_t page = offset >> PAGE_SHIFT; page <= (offset + size_bytes - 1) >> PAGE_SHIFT;
         page++)
        if (path->code_pages[page])
            return true;
    return false;
}

bool store_path_flush(struct store_path *path)
{
    assert(entered == path);
    if (!path->flush)
        return false;
    if (path->engine_cpu) /* else no address was looked up yet */
        path->flush(path->engine_cpu);
    fills_forget(path);
    return true;
}

bool store_path_watch(struct store_path *path, const uint64_t *pages, size_t count)
{
    assert(count <= STORE_PATH_WATCHED_MAX);
    if (count > 0 && (!path->real_privileges || !path->real_set_page || !path->flush))
        return false;
    path->watched_count = count;
    path->watch_open = path->watch_refused = false;
    if (count > 0)
        memcpy(path->watched, pages, count * sizeof(*pages));
    return true;
}

/* Only when the engine looks an address up. */
static bool watched(const struct store_path *path, uint64_t addr_physical)
{
    for (size_t i = 0; i < path->watched_count; i++)
        if (path->watched[i] == addr_physical >> PAGE_SHIFT << PAGE_SHIFT)
            return true;
    return false;
}

static uint64_t fill_key(uint64_t addr_virtual, unsigned mmu_index)
{
    return (addr_virtual >> PAGE_SHIFT) << 3 | (mmu_index & 3) << 1 | 1;
}

static struct tlb_fill *fill_place(const struct store_path *path, uint64_t addr_virtual)
{
    return &path->last_fills[(addr_virtual >> PAGE_SHIFT) % FILL_COUNT];
}

bool store_path_page(const struct store_path *path, uint64_t addr_virtual, unsigned mmu_index,
                     uint64_t *page_physical)
{
    assert(page_physical);
    if (!path->last_fills)
        return false;
    const struct tlb_fill *fill = fill_place(path, addr_virtual);
    if (fill->key != fill_key(addr_virtual, mmu_index))
        return false;
    *page_physical = fill->page_physical;
    return true;
}

struct store_path *store_path_enter(struct store_path *path)
{
    struct store_path *previous = entered;
    entered = path;
    return previous;
}

void store_path_leave(struct store_path *previous)
{
    entered = previous;
}

static bool in_ram(const struct store_path *path, uint64_t addr_physical)
{
    return addr_physical >= path->ram_base && addr_physical - path->ram_base < path->ram_bytes;
}

void tlb_set_page_riscv64(void *engine_cpu, uint64_t addr_virtual, uint64_t addr_physical, int prot,
                          int mmu_index, uint64_t size_bytes)
{
    struct store_path *path = entered;
    if (!path) {
        void (*real)(void *, uint64_t, uint64_t, int, int, uint64_t) = NULL;
        find("tlb_set_page_riscv64", &real, sizeof(real));
        assert(real);
        real(engine_cpu, addr_virtual, addr_physical, prot, mmu_index, size_bytes);
        return;
    }
    if (watched(path, addr_physical) && !path->watch_open)
        prot &= ~(PROTECTION_READ | PROTECTION_WRITE); /* it is to be executed */
    path->real_set_page(engine_cpu, addr_virtual, addr_physical, prot, mmu_index, size_bytes);
    path->engine_cpu = engine_cpu;
    path->last_caller = NULL;
    path->fills++;
    if (path->last_fills)
        *fill_place(path, addr_virtual) =
            (struct tlb_fill){fill_key(addr_virtual, (unsigned)mmu_index),
                              addr_physical & ~(uint64_t)((1u << PAGE_SHIFT) - 1)};
    if (path->fast && (prot & PROTECTION_WRITE) && in_ram(path, addr_physical) &&
        !path->code_pages[(addr_physical - path->ram_base) >> PAGE_SHIFT])
        path->set_dirty(engine_cpu, addr_virtual);
}

void tlb_protect_code_riscv64(void *engine, uint64_t ram_offset)
{
    (void)engine;
    struct store_path *path = entered;
    if (!path || ram_offset >= path->ram_bytes)
        return; /* the engine's own does nothing */
    path->protects++;
    if (path->code_pages)
        path->code_pages[ram_offset >> PAGE_SHIFT] = 1;
    if (path->fast && path->engine_cpu)
        path->flush(path->engine_cpu);
}

void tlb_unprotect_code_riscv64(void *engine, uint64_t ram_offset)
{
    (void)engine;
    struct store_path *path = entered;
    if (!path || ram_offset >= path->ram_bytes)
        return;
    if (path->code_pages)
        path->code_pages[ram_offset >> PAGE_SHIFT] = 0;
}

void *page_collection_lock_riscv64(void *engine, uint64_t start, uint64_t end)
{
    struct store_path *path = entered;
    if (path && path->fast) {
        path->slow_stores++;
        return NULL;
    }
    void *(*real)(void *, uint64_t, uint64_t) = NULL;
    find("page_collection_lock_riscv64", &real, sizeof(real));
    assert(real);
    if (path)
        path->slow_stores++;
    return real(engine, start, end);
}

void page_collection_unlock_riscv64(void *set)
{
    if (!set)
        return;
    void (*real)(void *) = NULL;
    find("page_collection_unlock_riscv64", &real, sizeof(real));
    assert(real);
    real(set);
}

bool pmp_hart_has_privs_riscv64(void *state, uint64_t addr, uint64_t size_bytes, int privileges,
                                uint64_t mode)
{
    struct store_path *path = entered;
    if (!path) {
        bool (*real)(void *, uint64_t, uint64_t, int, uint64_t) = NULL;
        find("pmp_hart_has_privs_riscv64", &real, sizeof(real));
        assert(real);
        return real(state, addr, size_bytes, privileges, mode);
    }
    const void *caller = __builtin_return_address(0);
    bool executes = privileges & PRIVILEGE_EXECUTE;
    if (!executes && !path->watch_open && caller != path->table_caller && watched(path, addr)) {
        path->watch_refused = true;
        path->refused_addr = addr;
        path->last_caller = NULL;
        return false;
    }
    /* What is looked up to be executed only reads page tables on the way. */
    if (executes && path->last_caller)
        path->table_caller = path->last_caller;
    bool may = path->real_privileges(state, addr, size_bytes, privileges, mode);
    path->last_caller = may && !executes ? caller : NULL;
    return may;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    (void)zone;
    struct timespec real = {0, 0};
    if (!entered && clock_gettime(CLOCK_REALTIME, &real) != 0)
        return -1;
    now->tv_sec = real.tv_sec;
    now->tv_usec = real.tv_nsec / 1000;
    return 0;
}
