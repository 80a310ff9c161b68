/* SPDX-License-Identifier: GPL-2.0-or-later */
/* signals.h - signals that ask a run to end become something to read, so that it ends in order:
 * disks flushed, files written, the terminal as it was. Used by headless.c and window_run.c. */
#ifndef LATCHKEY_FRONTEND_SIGNALS_H
#define LATCHKEY_FRONTEND_SIGNALS_H

#include <signal.h>

struct signals {
    sigset_t saved;
    int descriptor; /* readable when a signal waits; -1: none can be told */
};

/* signals_hold - from here on SIGHUP, SIGINT, SIGQUIT and SIGTERM wait, and a broken pipe is an
 * error of write(). Threads made later inherit it. */
void signals_hold(struct signals *signals);
/* signals_next - the signal that came, 0: none. */
int signals_next(struct signals *signals);
/* signals_release - as before signals_hold(); what still waits is forgotten, as the run ends. */
void signals_release(struct signals *signals);

#endif
