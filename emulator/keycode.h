/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keycode.h - Linux input codes by name and by the character that a US keyboard types with them. */
#ifndef LATCHKEY_EMULATOR_KEYCODE_H
#define LATCHKEY_EMULATOR_KEYCODE_H

#include <stdbool.h>
#include <stdint.h>

/* keycode_by_name - KEY_A, KEY_LEFTSHIFT, BTN_LEFT ... false: unknown. */
bool keycode_by_name(const char *name, uint16_t *code);
/* keycode_by_character - the key, and whether shift is held. false: no key types it. */
bool keycode_by_character(char character, uint16_t *code, bool *shift);

#endif
