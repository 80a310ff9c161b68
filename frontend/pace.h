/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pace.h - keeps a run near real time: the only place where the program reads the host clock.
 *
 * Called by headless.c and window_run.c; session.c times runs with its clock. The guest never sees
 * the clock: pacing only decides how far a run may go before the host waits.
 *
 * Invariants
 *  1. A run that cannot keep up is not chased: what is lost beyond PACE_LAG_MAX_NS is forgotten.
 */
#ifndef LATCHKEY_FRONTEND_PACE_H
#define LATCHKEY_FRONTEND_PACE_H

#include <stdint.h>

#define PACE_LAG_MAX_NS 100000000u /* a tenth of a second: longer hangs are not made up for */

struct pace {
    uint64_t host_start_ns, virtual_start_ns;
    unsigned speed; /* virtual seconds in a real one; 0: no limit */
};

/* host_clock_ns - monotonic time of the host. */
uint64_t host_clock_ns(void);

/* pace_start - from now on, virtual_ns goes along with real time, speed times as fast. */
void pace_start(struct pace *pace, unsigned speed, uint64_t virtual_ns, uint64_t host_ns);
/* pace_allowed_ns - the virtual time that may be reached at host_ns; UINT64_MAX without a limit.
 *
 * virtual_ns   where the run is: when it lags by more than PACE_LAG_MAX_NS, the pace starts anew.
 */
uint64_t pace_allowed_ns(struct pace *pace, uint64_t virtual_ns, uint64_t host_ns);

#endif
