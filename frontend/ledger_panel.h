/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_panel.h - the ledger as text over the machine's picture: where time goes right now.
 *
 * Called by window_run.c. Calls ledger.h. A machine is only watched while a panel is open.
 */
#ifndef LATCHKEY_FRONTEND_LEDGER_PANEL_H
#define LATCHKEY_FRONTEND_LEDGER_PANEL_H

#include "emulator/ledger.h"

#define LEDGER_PANEL_PERIOD_NS 500000000u /* of the host: how often the figures are renewed */

struct ledger_panel;

/* ledger_panel_open - begin to watch.
 *
 * shared  a ledger that watches the machine already, and outlives the panel; NULL: none.
 * Errors  as ledger_open().
 */
MUST_CHECK bool ledger_panel_open(struct ledger_panel **panel, struct machine *machine,
                                  const char *kernel_path, struct ledger *shared,
                                  struct error *error);
void ledger_panel_close(struct ledger_panel *panel); /* NULL is fine */

/* ledger_panel_text - between runs: what the last period in which anything ran was spent on.
 *
 * host_ns  now.
 * remedy   what would make it run: is said when nothing has run since.
 * Returns  a text of the panel's, until the next call.
 */
const char *ledger_panel_text(struct ledger_panel *panel, uint64_t host_ns, const char *remedy);

#endif
