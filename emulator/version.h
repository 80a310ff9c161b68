/* SPDX-License-Identifier: GPL-2.0-or-later */
/* version.h - which Latchkey this is: for people, and for traces, which belong to one version. */
#ifndef LATCHKEY_EMULATOR_VERSION_H
#define LATCHKEY_EMULATOR_VERSION_H

#define LATCHKEY_VERSION "0.1"

#endif
