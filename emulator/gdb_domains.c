/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb_domains.c - the domains that our kernel has in its cache, as threads: read in its memory
 * from outside. Called through gdb_machine_ops() and by gdb_monitor.c.
 *
 * Thread 1 is the hart itself, and all that happens happens to it: gdb does not survive that a step
 * ends in another thread. The number of the others is the object id of the domain's root, plus 2.
 *
 * Invariants
 *  1. What is read there is never trusted: addresses and counts are checked.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "devices/board.h"
#include "emulator/gdb_machine_state.h"
#include "kernel/abi.h"
#include "kernel/arch/offsets.h"

#define THREAD_HART 1u
#define THREAD_FIRST 2u
#define DOMAINS_MAX 65536u

bool kernel_read(struct gdb_machine *target, uint64_t addr, void *data, size_t size_bytes)
{
    uint64_t offset = addr - target->kernel_offset - BOARD_RAM_BASE;
    uint64_t ram_bytes = cpu_ram_bytes(target->cpu);
    if (target->domains == 0 || offset >= ram_bytes || size_bytes > ram_bytes - offset)
        return false;
    memcpy(data, cpu_ram(target->cpu) + offset, size_bytes);
    return true;
}

static uint64_t word_at(struct gdb_machine *target, uint64_t addr)
{
    uint64_t word = 0;
    (void)kernel_read(target, addr, &word, sizeof(word));
    return word;
}

void domains_find(struct gdb_machine *target)
{
    struct error ignored;
    struct elf_file *kernel = &target->kernel;
    const char *path = target->config.kernel_path;
    uint64_t addr;
    if (!path || !elf_file_open(kernel, path, &ignored) || kernel->segment_count == 0)
        return;
    target->kernel_offset = kernel->segments[0].virtual_addr - kernel->segments[0].physical_addr;
    if (elf_symbol(kernel, "trap_entry", &addr) && elf_symbol(kernel, "domain_nobody", &addr) &&
        elf_symbol(kernel, "sched", &target->sched) && elf_symbol(kernel, "domains", &addr))
        target->domains = addr;
}

/* The cache (struct domains): where it begins, and how many places it has; 0 before the kernel has
 * made it. */
static uint64_t cache(struct gdb_machine *target, uint64_t *count)
{
    struct {
        uint64_t list;
        uint32_t count, hand;
    } domains;
    uint8_t last[GDB_DOMAIN_BYTES];
    *count = 0;
    if (!kernel_read(target, target->domains, &domains, sizeof(domains)))
        return 0;
    if (domains.count > 0 && domains.count <= DOMAINS_MAX &&
        kernel_read(target, domains.list + (domains.count - 1) * sizeof(last), last, sizeof(last)))
        *count = domains.count;
    return domains.list;
}

static uint64_t id_of(struct gdb_machine *target, uint64_t domain)
{
    return word_at(target, word_at(target, domain + DOMAIN_ROOT) + NODE_ID);
}

/* What is in a place of the cache. 0: it is nobody's. */
static uint64_t domain_at(struct gdb_machine *target, uint64_t list, uint64_t place)
{
    uint64_t domain = list + place * GDB_DOMAIN_BYTES;
    return word_at(target, domain + DOMAIN_ROOT) != 0 ? domain : 0;
}

static bool is_domain(struct gdb_machine *target, uint64_t addr)
{
    uint64_t count, list = cache(target, &count), place = (addr - list) / GDB_DOMAIN_BYTES;
    return addr >= list && place < count && domain_at(target, list, place) == addr;
}

/* sscratch has the domain, but for the first instructions after a trap, when sp or gp has it
 * (kernel/arch/gate.S). 0: nobody. */
static uint64_t running(struct gdb_machine *target)
{
    const uint64_t places[] = {cpu_csr_get(target->cpu, CPU_CSR_SSCRATCH),
                               cpu_x_get(target->cpu, 2), cpu_x_get(target->cpu, 3)};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && target->domains; i++)
        if (is_domain(target, places[i]))
            return places[i];
    return 0;
}

uint64_t domain_id(struct gdb_machine *target)
{
    uint64_t domain = running(target);
    return domain ? id_of(target, domain) : 0;
}

bool domain_live(struct gdb_machine *target, uint64_t thread)
{
    if (thread == 0 || thread == THREAD_HART)
        return true;
    return cpu_privilege(target->cpu) == 0 && thread == domain_id(target) + THREAD_FIRST;
}

uint64_t domains_now(void *context)
{
    (void)context;
    return THREAD_HART;
}

static const char *state_name(uint8_t state, bool now)
{
    static const char *const names[] = {[DOMAIN_AVAILABLE] = "available",
                                        [DOMAIN_WAITING] = "waiting for an answer",
                                        [DOMAIN_RUNNING] = "ready or stalled"};
    if (now && state == DOMAIN_RUNNING)
        return "running";
    return state <= DOMAIN_RUNNING ? names[state] : "?";
}

static void thread_fill(struct gdb_machine *target, uint64_t domain, bool now,
                        struct gdb_thread *thread)
{
    uint8_t state = 0, trapped = 0;
    char called[NAMES_DOMAIN_BYTES];
    uint64_t id = id_of(target, domain);
    (void)kernel_read(target, domain + DOMAIN_STATUS, &state, 1);
    (void)kernel_read(target, domain + GDB_DOMAIN_TRAPPED, &trapped, 1);
    thread->id = id + THREAD_FIRST;
    names_domain(&target->names, id, called);
    (void)snprintf(thread->name, GDB_THREAD_NAME_BYTES, "%s, %s%s", called,
                   state_name(state, now), trapped ? ", trapped" : "");
}

size_t domains_list(void *context, struct gdb_thread *threads, size_t max)
{
    struct gdb_machine *target = context;
    size_t filled = 1;
    char called[NAMES_DOMAIN_BYTES];
    uint64_t count, list = cache(target, &count), now = running(target);
    assert(max > 0);
    threads[0].id = THREAD_HART;
    if (now)
        names_domain(&target->names, id_of(target, now), called);
    (void)snprintf(threads[0].name, GDB_THREAD_NAME_BYTES, now ? "hart, for %s" : "hart", called);
    for (uint64_t i = 0; i < count && filled < max; i++) {
        uint64_t domain = domain_at(target, list, i);
        if (domain)
            thread_fill(target, domain, domain == now, &threads[filled++]);
    }
    return filled;
}

uint64_t domain_of(struct gdb_machine *target, uint64_t id)
{
    uint64_t count, list = cache(target, &count);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t domain = domain_at(target, list, i);
        if (domain && id_of(target, domain) == id)
            return domain;
    }
    return 0;
}

static uint64_t domain_of_thread(struct gdb_machine *target, uint64_t thread)
{
    return thread < THREAD_FIRST ? 0 : domain_of(target, thread - THREAD_FIRST);
}

bool domain_register(struct gdb_machine *target, uint64_t thread, uint32_t number,
                     uint64_t *value)
{
    uint64_t domain = domain_of_thread(target, thread);
    if (!domain || number > NUMBER_PC)
        return false; /* its f registers may be in the hart, or not */
    *value = number == 0 ? 0 : word_at(target, domain + 8 * (number % NUMBER_PC));
    return true;
}

bool domain_satp(struct gdb_machine *target, uint64_t thread, uint64_t *satp)
{
    uint64_t domain = domain_of_thread(target, thread);
    *satp = domain ? word_at(target, domain + DOMAIN_SATP) : 0;
    return *satp != 0;
}
