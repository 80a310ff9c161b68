/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - boot, as one list of calls. Called by arch/start.S on the kernel's stack, in the high
 * half, with the boot tables; ends in the first domain. */
#include "kernel/main.h"

#include "kernel/arch/arch.h"
#include "kernel/arch/mmu.h"
#include "kernel/check.h"
#include "kernel/checkpoint.h"
#include "kernel/driver/driver.h"
#include "kernel/limits.h"
#include "kernel/meter.h"
#include "kernel/object.h"
#include "kernel/pools.h"
#include "kernel/print.h"
#include "kernel/restart.h"
#include "kernel/sched.h"

struct fdt_facts main_facts;

/* Called by arch/start.S. */
_Noreturn void kernel_main(uint64_t hart_id, uint64_t tree_physical);

/* RAM that the pools may use: after the kernel, up to the first of what the loader put there. */
static uint64_t pools_end(uint64_t tree_physical)
{
    uint64_t first = arch_ram_first();
    uint64_t end = main_facts.ram_base + main_facts.ram_bytes;
    if (tree_physical > first && tree_physical < end)
        end = tree_physical;
    if (main_facts.initrd_start > first && main_facts.initrd_start < end)
        end = main_facts.initrd_start;
    return end & ~(uint64_t)(PAGE_BYTES - 1);
}

/* Give the memory that nothing else has to the pools. */
static void memory_divide(uint64_t tree_physical, const uint64_t *kernel_root)
{
    uint64_t start = (uint64_t)arch_physical_to_virtual(arch_ram_first());
    uint64_t end = (uint64_t)arch_physical_to_virtual(pools_end(tree_physical));
    struct pool_sizes sizes = pools_of(main_facts.small ? 0 : end - start);
    if (main_facts.pages_max < sizes.pages_max)
        sizes.pages_max = (uint32_t)main_facts.pages_max;
    pools_init(start, end, kernel_root, &sizes);
}

/* Checks that are to be frequent come with the general path for every message: then each message
 * counts. */
static uint32_t check_interval(void)
{
    if (main_facts.check)
        return LIMIT_CHECK_INTERVAL;
    return main_facts.check_seldom ? LIMIT_CHECK_INTERVAL_SELDOM : 0;
}

/* Boot is over: its code is no longer there to come back to. */
static _Noreturn __attribute__((noinline)) void domains_run(void)
{
    arch_boot_unmap();
    arch_traps_enable();
    meter_start();
    struct domain *first = sched_next();
    driver_trace(TRACE_PHASE_LEAVE, TRACE_PHASE_BOOT);
    driver_trace(TRACE_FIRST_DOMAIN, 0);
    arch_enter(first);
}

BOOT void kernel_main(uint64_t hart_id, uint64_t tree_physical)
{
    const char *problem = fdt_parse(arch_physical_to_virtual(tree_physical), &main_facts);
    if (problem)
        halt("device tree: %s", problem);
    const uint64_t *kernel_root =
        arch_memory_map(main_facts.ram_base + main_facts.ram_bytes);
    memory_divide(tree_physical, kernel_root);
    driver_init();
    driver_trace(TRACE_PHASE_ENTER, TRACE_PHASE_BOOT);
    driver_trace(TRACE_PHASE_ENTER, TRACE_PHASE_RESTART);
    print_line("latchkey: hart %lu, %lu MiB, %u pages, %u nodes", hart_id,
               main_facts.ram_bytes >> 20, objects.page_count, objects.node_count);
    problem = restart();
    if (problem)
        halt("store: %s", problem);
    print_line("restarted generation %lu", checkpoint_facts.generation);
    check_all();
    driver_trace(TRACE_RESTARTED, checkpoint_facts.generation);
    driver_trace(TRACE_PHASE_LEAVE, TRACE_PHASE_RESTART);
    sched_knobs(main_facts.amnesia, check_interval(), main_facts.general || main_facts.check);
    bool asked = main_facts.checkpoint_ms != FDT_NO_NUMBER;
    checkpoint_interval(asked ? main_facts.checkpoint_ms : LIMIT_CHECKPOINT_MS);
    domains_run();
}
