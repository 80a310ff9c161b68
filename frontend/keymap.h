/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keymap.h - from USB keyboard usages (which SDL calls scancodes) to Linux key codes. */
#ifndef LATCHKEY_FRONTEND_KEYMAP_H
#define LATCHKEY_FRONTEND_KEYMAP_H

#include <stdint.h>

/* keymap_code - the Linux key code of a usage on the HID keyboard page; 0: none. */
uint16_t keymap_code(uint32_t usage);

#endif
