/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keyboard.h - from the key codes of a keyboard (Linux evdev numbers, US layout) to characters. */
#ifndef LATCHKEY_DOMAINS_KEYBOARD_H
#define LATCHKEY_DOMAINS_KEYBOARD_H

#include <stdbool.h>
#include <stdint.h>

/* Which of the keys that change others are down. Zeroed: none. */
struct keyboard {
    bool shift_left, shift_right, caps;
};

/* keyboard_key - a key goes down (value 1), repeats (2) or up (0). Returns the character it types,
 * '\b', '\t' or
 * '\n', or 0 when it types none. */
char keyboard_key(struct keyboard *keyboard, uint16_t code, int32_t value);

#endif
