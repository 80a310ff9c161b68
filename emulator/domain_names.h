/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domain_names.h - what the domains on a machine's disks are called, for people. Called by ledger,
 * exports and gdb; calls machine.h for the media, and disks/names.h, which is the format. */
#ifndef LATCHKEY_EMULATOR_DOMAIN_NAMES_H
#define LATCHKEY_EMULATOR_DOMAIN_NAMES_H

#include "disks/names.h"
#include "emulator/machine.h"

/* domain_names_read - the names of the first disk that has some; else none. The guest does not
 * notice. */
void domain_names_read(const struct machine *machine, struct names *names);

#endif
