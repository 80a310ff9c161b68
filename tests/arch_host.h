/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arch_host.h - the kernel's modules on the host: a pretended hart, disk, clock and console, so
 * that tests can be user mode themselves: they set a domain's registers, make the call, and look
 * who runs next.
 *
 * One kernel a process: Criterion runs every test in its own.
 */
#ifndef LATCHKEY_TESTS_ARCH_HOST_H
#define LATCHKEY_TESTS_ARCH_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/domain.h"
#include "kernel/pools.h"
#include "kernel/space.h"
#include "tests/host_disk.h"
#include "tests/kernel_store.h"

#define HOST_REQUESTS HOST_DISK_REQUESTS

/* host_boot - start the kernel on a store (finished; it must stay) with so much RAM for its pools.
 * Returns what restart() does: NULL, or why not. */
const char *host_boot(struct store *store, size_t ram_bytes);
/* host_boot_with - the same with these pools, and a disk that takes so many requests at once, 1 to
 * HOST_REQUESTS. */
const char *host_boot_with(struct store *store, size_t ram_bytes, const struct pool_sizes *sizes,
                           unsigned requests);

/* host_run - let the kernel choose. Returns the domain that user mode would run, or NULL when
 * everything waits and no event is due. Check and amnesia, when set, are done on the way. */
struct domain *host_run(void);

/* host_call - the running domain executes an ecall with these registers, a0 to a6; then
 * host_run(). */
struct domain *host_call(uint64_t order, uint64_t exit, uint64_t entry, uint64_t string,
                         uint64_t length, uint64_t buffer, uint64_t buffer_bytes);
/* host_fault, host_trap - the running domain faults on an address, or traps. Then host_run(). */
struct domain *host_fault(uint64_t addr, enum access access);
struct domain *host_trap(uint64_t trap_code, uint64_t trap_value);
/* host_tick - time passes and the timer fires. Then host_run(). */
struct domain *host_tick(uint64_t ticks);

/* host_running_id - root id of the domain that user mode runs; 0: none. */
uint64_t host_running_id(void);
/* host_argument - register a0 + n of the running domain; host_string - t3 + n. */
uint64_t host_argument(unsigned n);
uint64_t host_string(unsigned n);
/* host_set_string - registers t3.. of the running domain. */
void host_set_string(const void *bytes, size_t size_bytes);

/* host_store, host_load - the running domain writes or reads its memory; faults are taken as the
 * hart would and retried. Returns false when a fault led away from the domain. At most a page
 * boundary is crossed. */
bool host_store(uint64_t addr, const void *bytes, size_t size_bytes);
bool host_load(uint64_t addr, void *bytes, size_t size_bytes);

/* host_check - check_all(). false: it stopped the machine; host_console() says why. */
bool host_check(void);
/* host_work - the running domain runs for so many cycles. host_cycles - the cycle counter; the
 * kernel's own looks at it are one cycle each. host_alarm - when the timer interrupts next. */
void host_work(uint64_t cycles);
uint64_t host_cycles(void);
uint64_t host_alarm(void);

/* host_slot - a general slot of the running domain. host_node, host_page - the frame of an object,
 * brought in. */
struct key *host_slot(unsigned slot);
struct node_frame *host_node(uint64_t object_id);
struct page_frame *host_page(uint64_t object_id);
/* host_domain - a domain's decoded form, brought in. */
struct domain *host_domain(uint64_t root_id);

/* What the outside sees. */
const char *host_console(void);
unsigned host_exit_code(void);    /* of the power-off that ended the last host_run */
bool host_powered_off(void);
uint64_t host_disk_reads(void);
/* host_type - bytes arrive on the console. */
void host_type(const char *text);
/* host_quick_faults - page faults go by fault_quick() first, as they do on the machine. The count
 * says how many it took. */
void host_quick_faults(bool quick);
uint64_t host_quick_fault_count(void);
/* host_fences - how often the kernel had the hart forget what it knows of page tables. */
enum host_fence { HOST_FENCE_ADDR, HOST_FENCE_SPACE, HOST_FENCE_ALL };
uint64_t host_fences(enum host_fence kind);
/* host_asid_max - the largest address space number that the hart knows, 70 if nobody says. 0: it
 * has none. Before the kernel starts. */
void host_asid_max(uint64_t max);
/* host_knobs - as the device tree's. Every exit is checked when check is set. */
void host_knobs(bool amnesia, bool check);
/* host_digest - a number over all abstract state: every node and page that differs from the store,
 * with domains written back. Equal states give equal digests whatever is cached. */
uint64_t host_digest(void);

/* host_apart - what run(argument) answers in a process of its own, as a kernel boots once. 0: it
 * crashed or stopped. */
uint64_t host_apart(uint64_t (*run)(const void *argument), const void *argument);

#endif
