/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.h - what the device tree said, for whoever asks after boot. */
#ifndef LATCHKEY_KERNEL_MAIN_H
#define LATCHKEY_KERNEL_MAIN_H

#include "kernel/driver/fdt.h"

/* main_facts - valid once kernel_main() has parsed the tree. */
extern struct fdt_facts main_facts;

#endif
