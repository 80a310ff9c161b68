/* SPDX-License-Identifier: GPL-2.0-or-later */
/* signals.c - see signals.h. Calls the host's signalfd. */
#include "frontend/signals.h"

#include <assert.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static sigset_t endings(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGQUIT);
    sigaddset(&set, SIGTERM);
    return set;
}

void signals_hold(struct signals *signals)
{
    sigset_t told = endings(), held = told;
    sigaddset(&held, SIGPIPE);
    int failed = sigprocmask(SIG_BLOCK, &held, &signals->saved);
    assert(failed == 0);
    signals->descriptor = signalfd(-1, &told, SFD_CLOEXEC | SFD_NONBLOCK);
}

int signals_next(struct signals *signals)
{
    struct signalfd_siginfo info;
    if (signals->descriptor < 0 ||
        read(signals->descriptor, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return 0;
    assert(info.ssi_signo != 0);
    return (int)info.ssi_signo;
}

void signals_release(struct signals *signals)
{
    sigset_t held = endings();
    const struct timespec at_once = {0};
    sigaddset(&held, SIGPIPE);
    if (signals->descriptor >= 0)
        (void)close(signals->descriptor);
    while (sigtimedwait(&held, NULL, &at_once) > 0)
        continue;
    (void)sigprocmask(SIG_SETMASK, &signals->saved, NULL);
}
