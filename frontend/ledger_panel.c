/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_panel.c - differences between two looks at a ledger, as lines of text. See ledger_panel.h.
 *
 * Invariants
 *  1. What is under way when a look is taken is in the next one: the ledger is not settled, so that
 *     looking cuts no interval in two.
 *  2. While nothing runs, what was spent last stays to be read.
 */
#include "frontend/ledger_panel.h"

#include <inttypes.h>
#include <stdlib.h>

#include "emulator/base/memory.h"
#include "emulator/base/text.h"

#define DOMAINS_SHOWN 6u
#define PATHS_SHOWN 10u

/* What a row, or a domain, had at the last look, and has had since. */
struct past {
    struct ledger_share user, kernel;
    uint64_t count;
};

struct pasts {
    struct past *then;
    size_t count;
};

struct news {
    struct past since;
    size_t place; /* of the row or the account */
};

struct ledger_panel {
    struct ledger *ledger;
    bool owned;
    struct pasts rows, domains;
    struct past all; /* count: idle cycles */
    uint64_t renewed_ns;
    struct byte_writer text; /* of it, */
    size_t figures_bytes;    /* so much is figures; behind them stands that nothing runs */
};

bool ledger_panel_open(struct ledger_panel **panel, struct machine *machine,
                       const char *kernel_path, struct ledger *shared, struct error *error)
{
    struct ledger_panel *made = memory_zeroed(1, sizeof(*made));
    made->ledger = shared;
    made->owned = !shared;
    *panel = made;
    if (shared || ledger_open(&made->ledger, machine, kernel_path, NULL, error))
        return true;
    ledger_panel_close(made);
    *panel = NULL;
    return false;
}

void ledger_panel_close(struct ledger_panel *panel)
{
    if (!panel)
        return;
    if (panel->owned)
        ledger_close(panel->ledger);
    free(panel->rows.then);
    free(panel->domains.then);
    writer_finish(&panel->text);
    free(panel);
}

static struct ledger_share less(struct ledger_share now, struct ledger_share then)
{
    return (struct ledger_share){now.instructions - then.instructions, now.cycles - then.cycles};
}

static struct past past_less(const struct past *now, const struct past *then)
{
    return (struct past){less(now->user, then->user), less(now->kernel, then->kernel),
                         now->count - then->count};
}

/* What is new since the last look, the greatest first; now, which is taken over, becomes what was
 * there. Returns how many there are, at most news_max. */
static size_t greatest(struct pasts *pasts, struct past *now, size_t count, struct news *news,
                       size_t news_max)
{
    struct news *all = memory_zeroed(count + 1, sizeof(*all));
    uint64_t *weights = memory_zeroed(count + 1, sizeof(*weights));
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const struct past none = {{0, 0}, {0, 0}, 0};
        const struct past *then = i < pasts->count ? &pasts->then[i] : &none;
        struct past since = past_less(&now[i], then);
        weights[found] = since.user.instructions + since.kernel.instructions;
        if (weights[found] == 0 || now[i].kernel.instructions < then->kernel.instructions)
            continue; /* nothing; or a row that was put to another one */
        all[found++] = (struct news){since, i};
    }
    uint32_t *ranked = ledger_ranked(weights, found);
    size_t shown = found < news_max ? found : news_max;
    for (size_t i = 0; i < shown; i++)
        news[i] = all[ranked[i]];
    free(ranked);
    free(weights);
    free(all);
    free(pasts->then);
    *pasts = (struct pasts){now, count};
    return shown;
}

static uint64_t all_add(struct ledger_panel *panel, const struct ledger_view *view)
{
    const struct past now = {
        .user = view->user, .kernel = less(view->total, view->user), .count = view->idle_cycles};
    struct past since = past_less(&now, &panel->all);
    uint64_t instructions = since.user.instructions + since.kernel.instructions;
    uint64_t cycles = since.user.cycles + since.kernel.cycles + since.count;
    panel->all = now;
    text_add(&panel->text,
             "Where time goes: user mode %.0f %%, kernel %.0f %%, waiting %.0f %%\n\n",
             ledger_percent(since.user.cycles, cycles), ledger_percent(since.kernel.cycles, cycles),
             ledger_percent(since.count, cycles));
    return instructions;
}

static void domains_add(struct ledger_panel *panel, const struct ledger_view *view, uint64_t whole)
{
    size_t count = view->domains->count;
    struct news news[DOMAINS_SHOWN];
    struct past *now = memory_zeroed(count + 1, sizeof(*now));
    for (size_t i = 0; i < count; i++) {
        const struct ledger_account *account = &view->domains->accounts[i];
        now[i] = (struct past){account->user, account->kernel, account->entries};
    }
    size_t shown = greatest(&panel->domains, now, count, news, DOMAINS_SHOWN);
    text_add(&panel->text, "%-10s %8s %12s %12s %10s %7s  %s\n", view->ours ? "domain" : "space",
             "meter", "user insn", "kernel insn", "entries", "% all",
             view->ours ? "name" : "");
    for (size_t i = 0; i < shown; i++) {
        const struct ledger_account *account = &view->domains->accounts[news[i].place];
        const struct past *since = &news[i].since;
        const char *name = account->id == 0 ? "nobody" : names_find(view->names, account->id);
        char id[LEDGER_TEXT_BYTES], meter[LEDGER_TEXT_BYTES];
        ledger_id_text(account->id, id);
        ledger_id_text(account->meter, meter);
        text_add(&panel->text,
                 "%10s %8s %12" PRIu64 " %12" PRIu64 " %10" PRIu64
                 " %7.1f  %s\n",
                 id, meter, since->user.instructions,
                 since->kernel.instructions, since->count,
                 ledger_percent(since->user.instructions + since->kernel.instructions, whole),
                 view->ours ? name : "");
    }
}

static void paths_add(struct ledger_panel *panel, const struct ledger_view *view, uint64_t whole)
{
    size_t count = view->row_count;
    struct news news[PATHS_SHOWN];
    struct past *now = memory_zeroed(count + 1, sizeof(*now));
    for (size_t i = 0; i < count; i++)
        now[i] = (struct past){.kernel = {view->rows[i].instructions.sum, view->rows[i].cycles.sum},
                               .count = view->rows[i].instructions.total};
    size_t shown = greatest(&panel->rows, now, count, news, PATHS_SHOWN);
    text_add(&panel->text, "\n%-40s %-10s %8s %9s %7s\n", "way through the kernel", "result",
             "times", "insn each", "% all");
    for (size_t i = 0; i < shown; i++) {
        char path[LEDGER_PATH_BYTES], result[LEDGER_TEXT_BYTES];
        const struct ledger_row *row = &view->rows[news[i].place];
        const struct past *since = &news[i].since;
        ledger_path_text(&view->paths[row->path].path, path);
        ledger_result_text(&row->result, result);
        text_add(&panel->text, "%-40s %-10s %8" PRIu64 " %9" PRIu64 " %7.1f\n", path, result,
                 since->count, since->count ? since->kernel.instructions / since->count : 0,
                 ledger_percent(since->kernel.instructions, whole));
    }
}

/* Has anything run, or waited, since the last look? */
static bool moved(const struct ledger_panel *panel, const struct ledger_view *view)
{
    const struct past *all = &panel->all;
    return view->total.cycles != all->user.cycles + all->kernel.cycles ||
           view->idle_cycles != all->count;
}

static void figures_renew(struct ledger_panel *panel, const struct ledger_view *view)
{
    writer_finish(&panel->text);
    uint64_t whole = all_add(panel, view);
    domains_add(panel, view, whole);
    paths_add(panel, view, whole);
    panel->figures_bytes = panel->text.size_bytes;
}

const char *ledger_panel_text(struct ledger_panel *panel, uint64_t host_ns, const char *remedy)
{
    if (panel->text.size_bytes && host_ns - panel->renewed_ns < LEDGER_PANEL_PERIOD_NS)
        return (const char *)panel->text.data;
    struct ledger_view view = ledger_view(panel->ledger);
    panel->renewed_ns = host_ns;
    panel->text.size_bytes = panel->figures_bytes;
    if (moved(panel, &view))
        figures_renew(panel, &view);
    else
        text_add(&panel->text, "%s: %s\n",
                 panel->figures_bytes ? "\nNothing has run since" : "Nothing has run since F11",
                 remedy);
    write_u8(&panel->text, 0);
    return (const char *)panel->text.data;
}
