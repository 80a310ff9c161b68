/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arch_host.c - kernel/arch and the drivers, pretended; see arch_host.h. Physical addresses are the
 * host's own. */
#include "tests/arch_host.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disks/checksum.h"
#include "kernel/arch/arch.h"
#include "kernel/check.h"
#include "kernel/driver/devices.h"
#include "kernel/driver/driver.h"
#include "kernel/driver/sbi.h"
#include "kernel/driver/uart.h"
#include "kernel/entry.h"
#include "kernel/fault.h"
#include "kernel/io.h"
#include "kernel/keys.h"
#include "kernel/main.h"
#include "kernel/pools.h"
#include "kernel/print.h"
#include "kernel/restart.h"
#include "kernel/sched.h"
#include "tests/host_disk.h"

#define HOST_CONSOLE_BYTES 65536u

#define HOST_DOMAINS 256u

/* A domain that executed an ecall which has not gone through yet: user mode will execute it
 * again. */
struct host_ecall {
    uint64_t root_id; /* 0: unused */
    uint64_t pc;
};

#define HOST_ASID_MAX 70u /* few: so that they are given again often; host_asid_max() */
#define HOST_TRANSLATIONS 64u

/* What the hart remembers of page tables: what it saw, until a fence. */
struct host_translation {
    uint64_t asid, page; /* asid 0: unused */
    uint8_t *data;       /* NULL: nothing was mapped there */
    bool writable;
};

struct fdt_facts main_facts;
static struct {
    struct store *store;
    uint8_t *ram;
    uint64_t kernel_root[512];
    uint64_t time, alarm, cycles;
    char console[HOST_CONSOLE_BYTES];
    size_t console_bytes;
    const char *typed;
    bool deaf; /* the uart does not interrupt */
    bool quick; /* page faults go by fault_quick() first */
    struct host_translation translations[HOST_TRANSLATIONS];
    unsigned translation_hand;
    uint64_t asid_less; /* than HOST_ASID_MAX is the largest */
    uint64_t fences[3]; /* so many of one address, of one space, of all */
    uint64_t quick_faults;
    struct domain *running;
    struct host_ecall ecalls[HOST_DOMAINS];
    jmp_buf away; /* out of sched_next(): nothing to do, or powered off */
    bool inside, powered_off, amnesia, check;
    unsigned exit_code;
} host;

/* arch.h */

void *arch_physical_to_virtual(uint64_t physical)
{
    return (void *)physical;
}

uint64_t arch_virtual_to_physical(const void *virtual_address)
{
    return (uint64_t)virtual_address;
}

uint64_t arch_satp(uint64_t root_physical, uint64_t asid)
{
    return root_physical ^ asid;
}

struct domain *arch_deliver(uint64_t code, uint64_t data_byte, struct domain *target,
                            uint64_t word_0, uint64_t length_bytes, uint64_t word_1)
{
    uint64_t *a = &target->registers[REGISTER_A0], *words = &target->registers[REGISTER_T3];
    memset(a, 0, 8 * sizeof(uint64_t));
    memset(words, 0, 4 * sizeof(uint64_t));
    a[0] = code;
    a[1] = data_byte;
    a[4] = length_bytes;
    words[0] = word_0;
    words[1] = word_1;
    target->status = DOMAIN_RUNNING;
    return target;
}

void arch_space_leave(void)
{
}

uint64_t arch_asid_max(void)
{
    return HOST_ASID_MAX - host.asid_less;
}

void host_asid_max(uint64_t max)
{
    host.asid_less = HOST_ASID_MAX - max;
}

static void translations_forget(uint64_t asid, uint64_t addr)
{
    for (unsigned i = 0; i < HOST_TRANSLATIONS; i++) {
        struct host_translation *one = &host.translations[i];
        if ((asid == FENCE_ALL || one->asid == asid) &&
            (addr == FENCE_ALL || one->page == addr / PAGE_BYTES))
            one->asid = 0;
    }
}

void arch_fence(uint64_t asid, uint64_t addr)
{
    host.fences[asid == FENCE_ALL ? 2 : addr == FENCE_ALL ? 1 : 0]++;
    translations_forget(asid, asid == FENCE_ALL ? FENCE_ALL : addr);
}

struct domain *arch_fence_page(struct domain *domain, uint64_t addr)
{
    host.fences[0]++;
    translations_forget(FENCE_ALL, addr);
    return domain;
}

uint64_t arch_time(void)
{
    return host.time;
}

uint64_t arch_cycles(void)
{
    return host.cycles++;
}

bool arch_timer_pending(void)
{
    return host.time >= host.alarm;
}

/* The uart's interrupt. */
static bool bytes_waiting(void)
{
    return !host.deaf && host.typed && *host.typed;
}

bool arch_external_pending(void)
{
    return host_disk_busy() || bytes_waiting();
}

/* Nothing is ready: time goes on to the next alarm; without one there is nothing to come. */
void arch_wait(void)
{
    if (host.alarm == UINT64_MAX)
        longjmp(host.away, 1);
    if (host.time < host.alarm)
        host.time = host.alarm;
}

void arch_float_save(struct domain *domain)
{
    (void)domain;
}

void arch_float_load(const struct domain *domain)
{
    (void)domain;
}

bool arch_float_dirty(void)
{
    return false;
}

void arch_float_clean(void)
{
}

/* sbi.h, driver.h, uart.h, main.h */

void sbi_put(char character)
{
    if (host.console_bytes < HOST_CONSOLE_BYTES - 1)
        host.console[host.console_bytes++] = character;
    fputc(character, stderr);
}

_Noreturn void sbi_power_off(uint32_t exit_code)
{
    host.powered_off = true;
    host.exit_code = exit_code;
    if (!host.inside)
        abort();
    longjmp(host.away, 1);
}

_Noreturn void sbi_reset(void)
{
    sbi_power_off(0);
}

void driver_timer_set(uint64_t time)
{
    host.alarm = time;
}

void driver_interrupt(void)
{
    if (bytes_waiting())
        console_received();
}

uint64_t driver_calendar_ns(void)
{
    return 1700000000000000000ull;
}

void driver_trace(enum trace_kind kind, uint64_t argument)
{
    (void)kind;
    (void)argument;
}

bool uart_present(void)
{
    return true;
}

void uart_write(uint8_t byte)
{
    sbi_put((char)byte);
}

bool uart_read(uint8_t *byte)
{
    if (!host.typed || !*host.typed)
        return false;
    *byte = (uint8_t)*host.typed++;
    return true;
}

void uart_listen(bool on)
{
    host.deaf = !on;
}

/* arch_host.h */

const char *host_boot(struct store *store, size_t ram_bytes)
{
    struct pool_sizes sizes = pools_of(ram_bytes);
    return host_boot_with(store, ram_bytes, &sizes, HOST_REQUESTS);
}

const char *host_boot_with(struct store *store, size_t ram_bytes, const struct pool_sizes *sizes,
                           unsigned requests)
{
    host_disk_requests(requests);
    host_disk_add(store->bytes, store->block_count);
    host.store = store;
    host.alarm = UINT64_MAX;
    main_facts.timebase_hz = BOARD_TIMEBASE_HZ;
    host.ram = aligned_alloc(PAGE_BYTES, (ram_bytes + 4095) & ~(size_t)4095);
    if (!host.ram)
        abort();
    memset(host.ram, 0xa5, ram_bytes);
    uint64_t start = (uint64_t)host.ram;
    pools_init(start, start + ram_bytes, host.kernel_root, sizes);
    return restart();
}

/* Run one piece of the kernel; a power-off or an endless wait in it comes back here. */
#define HOST_ENTER(statement)                                                                      \
    do {                                                                                           \
        host.inside = true;                                                                        \
        if (setjmp(host.away) == 0)                                                                \
            statement;                                                                             \
        host.inside = false;                                                                       \
    } while (0)

/* The mark of a domain; a free one if it has none. */
static struct host_ecall *ecall_of(uint64_t root_id)
{
    struct host_ecall *free_mark = NULL;
    for (unsigned i = 0; i < HOST_DOMAINS; i++) {
        if (host.ecalls[i].root_id == root_id)
            return &host.ecalls[i];
        if (host.ecalls[i].root_id == 0)
            free_mark = &host.ecalls[i];
    }
    if (!free_mark)
        abort();
    return free_mark;
}

static void choose(void)
{
    host.running = NULL;
    if (arch_external_pending()) /* the interrupt that user mode would have taken by now */
        sched_devices_poll();
    HOST_ENTER(host.running = sched_next());
    if (host.check && !host.powered_off)
        check_all();
}

struct domain *host_run(void)
{
    for (unsigned tries = 0; tries < 100000; tries++) {
        choose();
        if (!host.running)
            return NULL;
        struct host_ecall *ecall = ecall_of(host.running->root->object_id);
        bool again = ecall->root_id && ecall->pc == host.running->registers[REGISTER_PC];
        if (!again) {
            ecall->root_id = 0;
            return host.running;
        }
        HOST_ENTER(entry_call(host.running));
        if (host.powered_off)
            return host.running = NULL;
    }
    abort(); /* a call that never goes through */
}

static struct domain *after_entry(void)
{
    if (host.powered_off)
        return host.running = NULL;
    return host_run();
}

struct domain *host_call(uint64_t order, uint64_t exit, uint64_t entry, uint64_t string,
                         uint64_t length, uint64_t buffer, uint64_t buffer_bytes)
{
    const uint64_t arguments[7] = {order, exit, entry, string, length, buffer, buffer_bytes};
    if (!host.running)
        abort();
    memcpy(&host.running->registers[REGISTER_A0], arguments, sizeof(arguments));
    uint64_t root_id = host.running->root->object_id;
    *ecall_of(root_id) =
        (struct host_ecall){.root_id = root_id, .pc = host.running->registers[REGISTER_PC]};
    HOST_ENTER(entry_call(host.running));
    return after_entry();
}

struct domain *host_fault(uint64_t addr, enum access access)
{
    if (host.quick) {
        struct domain *next =
            fault_quick(host.running, addr, access == ACCESS_WRITE ? FAULT_STORE : 0);
        if (next) {
            host.quick_faults++;
            sched_enter(next);
            return host.running = next;
        }
    }
    HOST_ENTER(entry_page_fault(host.running, addr, access));
    return after_entry();
}

struct domain *host_trap(uint64_t trap_code, uint64_t trap_value)
{
    HOST_ENTER(entry_trap(host.running, trap_code, trap_value));
    return after_entry();
}

struct domain *host_tick(uint64_t ticks)
{
    host.time += ticks;
    HOST_ENTER(sched_tick());
    return after_entry();
}

bool host_check(void)
{
    HOST_ENTER(check_all());
    return !host.powered_off;
}

void host_work(uint64_t cycles)
{
    host.cycles += cycles;
}

uint64_t host_cycles(void)
{
    return host.cycles;
}

uint64_t host_alarm(void)
{
    return host.alarm;
}

uint64_t host_running_id(void)
{
    return host.running ? host.running->root->object_id : 0;
}

uint64_t host_argument(unsigned n)
{
    return host.running->registers[REGISTER_A0 + n];
}

uint64_t host_string(unsigned n)
{
    return host.running->registers[REGISTER_T3 + n];
}

void host_set_string(const void *bytes, size_t size_bytes)
{
    memset(&host.running->registers[REGISTER_T3], 0, STRING_REGISTER_BYTES);
    memcpy(&host.running->registers[REGISTER_T3], bytes, size_bytes);
}

/* What the tables of a space say; NULL: nothing that allows the access. */
static uint8_t *mapped_at(const struct space *space, uint64_t addr, enum access access)
{
    return addr >> USER_ADDRESS_BITS ? NULL
                                     : table_lookup(space->root, addr, access == ACCESS_WRITE);
}

/* What the hart knows, or finds out, of an address of the running domain. */
static struct host_translation *translation_of(const struct domain *domain, uint64_t addr)
{
    uint64_t asid = domain->satp % PAGE_BYTES; /* arch_satp() */
    uint64_t *root = arch_physical_to_virtual(domain->satp - asid);
    struct space *space = domain->space;
    uint64_t most = arch_asid_max() ? arch_asid_max() : 1; /* 1 is as good as 0 where none is */
    if (asid == 0 || asid > most || root != space->root->entries)
        abort(); /* it is not its own space that it is in */
    for (unsigned i = 0; i < HOST_TRANSLATIONS; i++) {
        struct host_translation *known = &host.translations[i];
        if (known->asid == asid && known->page == addr / PAGE_BYTES)
            return known;
    }
    struct host_translation *new = &host.translations[host.translation_hand++ % HOST_TRANSLATIONS];
    *new = (struct host_translation){.asid = asid, .page = addr / PAGE_BYTES};
    new->data = mapped_at(space, addr & ~(uint64_t)(PAGE_BYTES - 1), ACCESS_READ);
    new->writable = mapped_at(space, addr, ACCESS_WRITE);
    return new;
}

/* One access inside one page, with its faults, as the hart makes it: by what it remembers, which
 * may be less than what the tables say, but never more. NULL: the domain no longer runs. */
static uint8_t *host_access(uint64_t addr, enum access access)
{
    struct domain *domain = host.running;
    struct node_frame *root = domain->root;
    for (unsigned tries = 0; tries < 64; tries++) {
        (void)domain_space(domain); /* a test may have changed something since the kernel ran */
        table_fence();
        const struct host_translation *known = translation_of(domain, addr);
        uint8_t *data = known->data;
        if (data && (access != ACCESS_WRITE || known->writable)) {
            data += addr % PAGE_BYTES;
            if (mapped_at(domain->space, addr, access) != data)
                abort(); /* a fence is missing */
            return data;
        }
        domain = host_fault(addr, access);
        if (!domain || domain->root != root)
            return NULL;
    }
    abort(); /* the same access faulted 64 times */
}

bool host_store(uint64_t addr, const void *bytes, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++) {
        uint8_t *data = host_access(addr + i, ACCESS_WRITE);
        if (!data)
            return false;
        *data = ((const uint8_t *)bytes)[i];
    }
    return true;
}

bool host_load(uint64_t addr, void *bytes, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++) {
        const uint8_t *data = host_access(addr + i, ACCESS_READ);
        if (!data)
            return false;
        ((uint8_t *)bytes)[i] = *data;
    }
    return true;
}

struct key *host_slot(unsigned slot)
{
    return &host.running->keys->slots[slot];
}

/* Outside of any domain's work a stall queues nobody: just try again. */
struct node_frame *host_node(uint64_t object_id)
{
    struct node_frame *node = NULL, *current = sched.current;
    enum fetch fetch;
    sched_switch(NULL);
    while ((fetch = object_node(object_id, &node)) == FETCH_STALL)
        (void)io_poll();
    sched_switch(current);
    return fetch == FETCH_PRESENT ? node : NULL;
}

struct domain *host_domain(uint64_t root_id)
{
    struct domain *domain = NULL;
    enum fetch fetch = FETCH_VOID;
    struct node_frame *root = host_node(root_id), *current = sched.current;
    if (host.running) /* it is not in the kernel, but tests go on using it */
        host.running->locked++;
    sched_switch(NULL);
    while (root && (fetch = domain_load(root, &domain)) == FETCH_STALL)
        (void)io_poll();
    sched_switch(current);
    if (host.running)
        host.running->locked--;
    return fetch == FETCH_PRESENT ? domain : NULL;
}

const char *host_console(void)
{
    host.console[host.console_bytes] = '\0';
    return host.console;
}

unsigned host_exit_code(void)
{
    return host.exit_code;
}

bool host_powered_off(void)
{
    return host.powered_off;
}

uint64_t host_disk_reads(void)
{
    return host_disk_counters(0)->read_requests;
}

void host_type(const char *text)
{
    host.typed = text;
}

void host_knobs(bool amnesia, bool check)
{
    host.check = check;
    host.amnesia = amnesia;
    sched_knobs(amnesia, false, false);
}

void host_quick_faults(bool quick)
{
    host.quick = quick;
}

uint64_t host_fences(enum host_fence kind)
{
    return host.fences[kind];
}

uint64_t host_quick_fault_count(void)
{
    return host.quick_faults;
}

struct page_frame *host_page(uint64_t object_id)
{
    struct page_frame *page = NULL;
    struct node_frame *current = sched.current;
    enum fetch fetch;
    sched_switch(NULL);
    while ((fetch = object_page(object_id, &page)) == FETCH_STALL)
        (void)io_poll();
    sched_switch(current);
    return fetch == FETCH_PRESENT ? page : NULL;
}

/* A key as everyone would see it: a void one is data key 0. */
static uint64_t key_digest(struct key key, uint64_t seed)
{
    while (!key_settle(&key))
        (void)io_poll();
    uint64_t words[2] = {key.head, key.count};
    return checksum64(words, sizeof(words), seed);
}

uint64_t host_digest(void)
{
    uint64_t digest = 1;
    struct node_frame *current = sched.current;
    domain_unload_all();
    sched_switch(NULL);
    for (uint64_t id = OBJECT_ID_FIRST; id <= host.store->node_count; id++) {
        object_begin();
        struct node_frame *node = host_node(id);
        uint64_t words[2] = {node->allocation_count, node->call_count};
        digest = checksum64(words, sizeof(words), digest);
        for (unsigned slot = 0; slot < NODE_SLOTS; slot++)
            digest = key_digest(node->slots[slot], digest);
    }
    for (uint64_t id = 1; id <= host.store->page_count; id++) {
        object_begin();
        digest = checksum64(host_page(id)->data, PAGE_BYTES, digest);
    }
    sched_switch(current);
    host.running = NULL; /* its decoded form is gone: host_run() chooses again */
    return digest;
}

uint64_t host_apart(uint64_t (*run)(const void *argument), const void *argument)
{
    int ends[2], status = 1;
    uint64_t answer = 0;
    if (pipe(ends) != 0)
        abort();
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        answer = run(argument);
        _exit(write(ends[1], &answer, sizeof(answer)) == sizeof(answer) ? 0 : 1);
    }
    close(ends[1]);
    if (read(ends[0], &answer, sizeof(answer)) != sizeof(answer))
        answer = 0;
    close(ends[0]);
    if (waitpid(child, &status, 0) != child)
        abort();
    return status == 0 ? answer : 0;
}
