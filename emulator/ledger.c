/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger.c - what happens on the hart becomes intervals and stays, and they are written down.
 * Called back by cpu_profile.c; calls ledger_book.c, ledger_path.c, ledger_tree.c, ledger_guest.c
 * and the listener.
 *
 * Invariants
 *  1. From now.from on nothing is in rows and accounts, from now.at on nothing in the tree; what
 *     comes before is, each instruction once.
 */
#include "emulator/ledger.h"

#include <assert.h>
#include <stdlib.h>

#include "emulator/base/memory.h"
#include "emulator/ledger_state.h"
#include "kernel/abi.h"
#include "kernel/arch/offsets.h"

#define REGISTER_CODE 10u /* a0 */
#define REGISTER_EXIT 11u /* a1 */

static struct ledger_share share_of(const struct cpu_place *from, const struct cpu_place *to)
{
    assert(to->instructions >= from->instructions);
    assert(to->cycles >= from->cycles);
    return (struct ledger_share){to->instructions - from->instructions, to->cycles - from->cycles};
}

static void share_add(struct ledger_share *share, struct ledger_share more)
{
    share->instructions += more.instructions;
    share->cycles += more.cycles;
}

/* --- in the kernel --- */

/* What was retired up to place belongs to the present node. */
static void tree_add(struct ledger *ledger, const struct cpu_place *place)
{
    struct ledger_now *now = &ledger->now;
    struct ledger_node *node = &ledger->tree.nodes[now->node];
    node->instructions += place->instructions - now->at.instructions;
    node->cycles += place->cycles - now->at.cycles;
    now->at = *place;
}

static void blocks(void *context, const struct cpu_block_start *starts, size_t count)
{
    struct ledger *ledger = context;
    struct ledger_now *now = &ledger->now;
    assert(now->supervisor);
    uint32_t root = ledger->paths[now->path].node;
    for (size_t i = 0; i < count; i++) {
        tree_add(ledger, &starts[i].place);
        now->node = ledger_tree_go(&ledger->tree, &ledger->functions, root, now->node,
                                   starts[i].pc);
    }
}

static void interval_begin(struct ledger *ledger, const struct ledger_path *path,
                           struct ledger_who who, const struct cpu_place *place)
{
    struct ledger_now *now = &ledger->now;
    now->supervisor = true;
    now->who = who;
    now->from = now->at = *place;
    now->path = ledger_path_place(ledger, path);
    now->node = ledger->paths[now->path].node;
    ledger->tree.nodes[now->node].calls++;
}

static void account_add(struct ledger_account *account, struct ledger_share share, unsigned kind)
{
    share_add(&account->kernel, share);
    account->entries++;
    account->calls += kind == LEDGER_CALL;
    account->returns += kind == LEDGER_RETURN;
    account->forks += kind == LEDGER_FORK;
    account->faults += kind == LEDGER_PAGE_FAULT || kind == LEDGER_EXCEPTION;
    account->interrupts += kind >= LEDGER_TIMER && kind <= LEDGER_SOFTWARE;
}

/* The interval ends; after: who goes on, NULL: nobody. */
static void interval_end(struct ledger *ledger, const struct cpu_place *place,
                         const struct ledger_result *result, const struct ledger_who *after,
                         uint64_t satp)
{
    struct ledger_now *now = &ledger->now;
    struct ledger_share share = share_of(&now->from, place);
    const struct ledger_path *path = &ledger->paths[now->path].path;
    tree_add(ledger, place);
    if (path->kind == LEDGER_WAKE && share.cycles == 0)
        return; /* it went on waiting */
    struct ledger_row *row = ledger_row_place(ledger, now->path, result);
    occurrences_add(&row->instructions, share.instructions);
    occurrences_add(&row->cycles, share.cycles);
    account_add(ledger_account_place(&ledger->domains, now->who.domain), share, path->kind);
    account_add(ledger_account_place(&ledger->meters, now->who.meter), share, path->kind);
    if (result->outcome == RESULT_DELIVERED)
        ledger_account_place(&ledger->domains, now->target)->received++;
    share_add(&ledger->total, share);
    if (!ledger->listener.interval)
        return;
    const struct ledger_interval interval = {
        .path = path, .result = result, .before = now->who,
        .after = after ? *after : (struct ledger_who){0}, .satp_before = now->satp,
        .satp_after = satp, .from = now->from, .to = *place};
    ledger->listener.interval(ledger->listener.context, &interval);
}

/* --- in user mode --- */

static void stay_begin(struct ledger *ledger, struct ledger_who who, const struct cpu_place *place)
{
    struct ledger_now *now = &ledger->now;
    now->supervisor = false;
    now->who = who;
    now->from = *place;
}

static void stay_end(struct ledger *ledger, const struct cpu_place *place)
{
    struct ledger_now *now = &ledger->now;
    struct ledger_share share = share_of(&now->from, place);
    struct ledger_account *domain = ledger_account_place(&ledger->domains, now->who.domain);
    domain->meter = now->who.meter;
    share_add(&domain->user, share);
    share_add(&ledger_account_place(&ledger->meters, now->who.meter)->user, share);
    share_add(&ledger->total, share);
    share_add(&ledger->user, share);
    if (ledger->listener.stay && share.cycles)
        ledger->listener.stay(ledger->listener.context, now->who, &now->from, place);
}

/* --- crossings --- */

static struct ledger_path path_of(struct ledger *ledger, const struct cpu_crossing *crossing)
{
    struct ledger_now *now = &ledger->now;
    now->target = 0;
    if (!ledger->guest.ours || crossing->cause != CAUSE_ECALL || !ledger_is_call(crossing->x))
        return ledger_path_of_trap(crossing->cause);
    uint64_t head = ledger_guest_key(&ledger->guest, crossing->sscratch,
                                     EXIT_SLOT(crossing->x[REGISTER_EXIT]));
    struct ledger_path path = ledger_path_of_call(crossing->x, head);
    if (path.key_type == KEY_START || path.key_type == KEY_RESUME)
        now->target = ledger_head_object(head);
    return path;
}

static void enter(void *context, const struct cpu_crossing *crossing)
{
    struct ledger *ledger = context;
    struct ledger_now *now = &ledger->now;
    assert(!now->supervisor);
    if (now->who.domain == 0) /* in user mode when somebody began to watch */
        now->who = ledger_guest_who(&ledger->guest, crossing->sscratch, crossing->satp);
    stay_end(ledger, &crossing->place);
    now->satp = crossing->satp;
    now->pc = crossing->pc;
    struct ledger_path path = path_of(ledger, crossing);
    interval_begin(ledger, &path, now->who, &crossing->place);
}

static struct ledger_result result_of(const struct ledger *ledger,
                                      const struct cpu_crossing *crossing, struct ledger_who after)
{
    const struct ledger_now *now = &ledger->now;
    const struct ledger_path *path = &ledger->paths[now->path].path;
    bool same = after.domain == now->who.domain && now->who.domain != 0;
    bool behind = same && crossing->pc == now->pc + ECALL_BYTES;
    bool message = ledger_path_is_message(path);
    if (message && now->target &&
        (after.domain == now->target || (path->kind == LEDGER_FORK && behind)))
        return (struct ledger_result){.outcome = RESULT_DELIVERED};
    if (message && behind)
        return (struct ledger_result){.outcome = RESULT_ANSWERED,
                                      .code = ledger_code_of(crossing->x[REGISTER_CODE])};
    if (!same)
        return (struct ledger_result){.outcome = RESULT_OTHER};
    return (struct ledger_result){.outcome =
                                      crossing->pc == now->pc ? RESULT_AGAIN : RESULT_RESUMED};
}

static void leave(void *context, const struct cpu_crossing *crossing)
{
    struct ledger *ledger = context;
    assert(ledger->now.supervisor);
    struct ledger_who after =
        ledger_guest_who(&ledger->guest, crossing->sscratch, crossing->satp);
    struct ledger_result result = result_of(ledger, crossing, after);
    interval_end(ledger, &crossing->place, &result, &after, crossing->satp);
    stay_begin(ledger, after, &crossing->place);
}

static void waited(void *context, const struct cpu_place *place, uint64_t cycles)
{
    struct ledger *ledger = context;
    const struct ledger_path wake = {.kind = LEDGER_WAKE, .key_type = LEDGER_NO_KEY};
    struct cpu_place began = {place->instructions, place->cycles - cycles};
    assert(ledger->now.supervisor);
    interval_end(ledger, &began, &(struct ledger_result){.outcome = RESULT_WAITED}, NULL, 0);
    ledger->idle_cycles += cycles;
    if (ledger->listener.waited)
        ledger->listener.waited(ledger->listener.context, began.cycles, place->cycles);
    ledger->now.satp = 0;
    interval_begin(ledger, &wake, (struct ledger_who){0}, place);
}

static void start(void *context, const struct cpu_place *place, bool supervisor)
{
    struct ledger *ledger = context;
    const struct ledger_path path = {.kind = LEDGER_POWER_ON, .key_type = LEDGER_NO_KEY};
    ledger->now = (struct ledger_now){.watched = true};
    if (supervisor)
        interval_begin(ledger, &path, (struct ledger_who){0}, place);
    else
        stay_begin(ledger, (struct ledger_who){0}, place);
}

static void stop(void *context, const struct cpu_place *place)
{
    struct ledger *ledger = context;
    if (!ledger->now.watched)
        return;
    if (ledger->now.supervisor)
        interval_end(ledger, place, &(struct ledger_result){.outcome = RESULT_ENDED}, NULL, 0);
    else
        stay_end(ledger, place);
    ledger->now.watched = false;
}

/* --- the ledger --- */

static void kernel_read(struct ledger *ledger, const char *path)
{
    struct elf_file elf;
    struct error ignored;
    bool known = path && elf_file_open(&elf, path, &ignored);
    ledger_functions_read(&ledger->functions, known ? &elf : NULL);
    ledger_guest_find(&ledger->guest, ledger->cpu, known ? &elf : NULL,
                      ledger->functions.physical_offset);
    if (path)
        elf_file_finish(&elf);
}

bool ledger_open(struct ledger **ledger, struct machine *machine, const char *kernel_path,
                 const struct ledger_listener *listener, struct error *error)
{
    struct ledger *made = memory_zeroed(1, sizeof(*made));
    made->cpu = machine_cpu(machine);
    if (listener)
        made->listener = *listener;
    made->watcher = (struct cpu_watcher){.context = made, .start = start, .stop = stop,
                                         .enter = enter, .leave = leave, .blocks = blocks,
                                         .waited = waited};
    ledger_book_init(made);
    kernel_read(made, kernel_path);
    if (made->guest.ours)
        domain_names_read(machine, &made->names);
    if (cpu_watch(made->cpu, &made->watcher, error)) {
        *ledger = made;
        return true;
    }
    made->cpu = NULL;
    ledger_close(made);
    *ledger = NULL;
    return false;
}

void ledger_settle(struct ledger *ledger)
{
    struct cpu_place place = cpu_watch_flush(ledger->cpu);
    struct ledger_now *now = &ledger->now;
    if (!now->watched || place.cycles == now->from.cycles)
        return; /* nothing was under way */
    stop(ledger, &place);
    now->watched = true; /* what is left of it is another one, of the same path */
    now->from = now->at = place;
}

void ledger_close(struct ledger *ledger)
{
    struct error ignored;
    if (!ledger)
        return;
    if (ledger->cpu)
        (void)!cpu_watch(ledger->cpu, NULL, &ignored);
    ledger_book_finish(ledger);
    ledger_functions_finish(&ledger->functions);
    free(ledger);
}

struct ledger_view ledger_view(const struct ledger *ledger)
{
    return (struct ledger_view){.paths = ledger->paths, .path_count = ledger->path_count,
                                .rows = ledger->rows, .row_count = ledger->row_count,
                                .domains = &ledger->domains, .meters = &ledger->meters,
                                .tree = &ledger->tree, .functions = &ledger->functions,
                                .names = &ledger->names,
                                .total = ledger->total, .user = ledger->user,
                                .idle_cycles = ledger->idle_cycles, .ours = ledger->guest.ours};
}
