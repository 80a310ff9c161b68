/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices.h - what the drivers tell the device keys when something has come. */
#ifndef LATCHKEY_KERNEL_DEVICES_H
#define LATCHKEY_KERNEL_DEVICES_H

#include "kernel/base.h"

/* console_received - the uart has bytes: take them and wake the reader. */
void console_received(void);
/* input_received - the keyboard (0) or pointer (1) has events. display_finished - the screen
 * answered. */
void input_received(void);
void display_finished(void);

#endif
