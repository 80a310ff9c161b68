/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keycode.c - one table of keys. Called by input_script.c. Codes: the kernel's input-event-codes.h.
 */
#include "emulator/keycode.h"

#include <linux/input-event-codes.h>
#include <stddef.h>
#include <string.h>

struct key {
    const char *name;
    uint16_t code;
    char plain, shifted; /* what it types; 0: nothing */
};

#define KEY_ENTRY(name, plain, shifted) {#name, name, plain, shifted}

static const struct key keys[] = {
    KEY_ENTRY(KEY_A, 'a', 'A'),          KEY_ENTRY(KEY_B, 'b', 'B'),
    KEY_ENTRY(KEY_C, 'c', 'C'),          KEY_ENTRY(KEY_D, 'd', 'D'),
    KEY_ENTRY(KEY_E, 'e', 'E'),          KEY_ENTRY(KEY_F, 'f', 'F'),
    KEY_ENTRY(KEY_G, 'g', 'G'),          KEY_ENTRY(KEY_H, 'h', 'H'),
    KEY_ENTRY(KEY_I, 'i', 'I'),          KEY_ENTRY(KEY_J, 'j', 'J'),
    KEY_ENTRY(KEY_K, 'k', 'K'),          KEY_ENTRY(KEY_L, 'l', 'L'),
    KEY_ENTRY(KEY_M, 'm', 'M'),          KEY_ENTRY(KEY_N, 'n', 'N'),
    KEY_ENTRY(KEY_O, 'o', 'O'),          KEY_ENTRY(KEY_P, 'p', 'P'),
    KEY_ENTRY(KEY_Q, 'q', 'Q'),          KEY_ENTRY(KEY_R, 'r', 'R'),
    KEY_ENTRY(KEY_S, 's', 'S'),          KEY_ENTRY(KEY_T, 't', 'T'),
    KEY_ENTRY(KEY_U, 'u', 'U'),          KEY_ENTRY(KEY_V, 'v', 'V'),
    KEY_ENTRY(KEY_W, 'w', 'W'),          KEY_ENTRY(KEY_X, 'x', 'X'),
    KEY_ENTRY(KEY_Y, 'y', 'Y'),          KEY_ENTRY(KEY_Z, 'z', 'Z'),
    KEY_ENTRY(KEY_1, '1', '!'),          KEY_ENTRY(KEY_2, '2', '@'),
    KEY_ENTRY(KEY_3, '3', '#'),          KEY_ENTRY(KEY_4, '4', '$'),
    KEY_ENTRY(KEY_5, '5', '%'),          KEY_ENTRY(KEY_6, '6', '^'),
    KEY_ENTRY(KEY_7, '7', '&'),          KEY_ENTRY(KEY_8, '8', '*'),
    KEY_ENTRY(KEY_9, '9', '('),          KEY_ENTRY(KEY_0, '0', ')'),
    KEY_ENTRY(KEY_MINUS, '-', '_'),      KEY_ENTRY(KEY_EQUAL, '=', '+'),
    KEY_ENTRY(KEY_LEFTBRACE, '[', '{'),  KEY_ENTRY(KEY_RIGHTBRACE, ']', '}'),
    KEY_ENTRY(KEY_SEMICOLON, ';', ':'),  KEY_ENTRY(KEY_APOSTROPHE, '\'', '"'),
    KEY_ENTRY(KEY_GRAVE, '`', '~'),      KEY_ENTRY(KEY_BACKSLASH, '\\', '|'),
    KEY_ENTRY(KEY_COMMA, ',', '<'),      KEY_ENTRY(KEY_DOT, '.', '>'),
    KEY_ENTRY(KEY_SLASH, '/', '?'),      KEY_ENTRY(KEY_SPACE, ' ', 0),
    KEY_ENTRY(KEY_ENTER, '\n', 0),       KEY_ENTRY(KEY_TAB, '\t', 0),
    KEY_ENTRY(KEY_BACKSPACE, '\b', 0),   KEY_ENTRY(KEY_ESC, '\033', 0),
    KEY_ENTRY(KEY_LEFTSHIFT, 0, 0),      KEY_ENTRY(KEY_RIGHTSHIFT, 0, 0),
    KEY_ENTRY(KEY_LEFTCTRL, 0, 0),       KEY_ENTRY(KEY_RIGHTCTRL, 0, 0),
    KEY_ENTRY(KEY_LEFTALT, 0, 0),        KEY_ENTRY(KEY_RIGHTALT, 0, 0),
    KEY_ENTRY(KEY_LEFTMETA, 0, 0),       KEY_ENTRY(KEY_CAPSLOCK, 0, 0),
    KEY_ENTRY(KEY_UP, 0, 0),             KEY_ENTRY(KEY_DOWN, 0, 0),
    KEY_ENTRY(KEY_LEFT, 0, 0),           KEY_ENTRY(KEY_RIGHT, 0, 0),
    KEY_ENTRY(KEY_HOME, 0, 0),           KEY_ENTRY(KEY_END, 0, 0),
    KEY_ENTRY(KEY_PAGEUP, 0, 0),         KEY_ENTRY(KEY_PAGEDOWN, 0, 0),
    KEY_ENTRY(KEY_INSERT, 0, 0),         KEY_ENTRY(KEY_DELETE, 0, 0),
    KEY_ENTRY(KEY_F1, 0, 0),             KEY_ENTRY(KEY_F2, 0, 0),
    KEY_ENTRY(KEY_F3, 0, 0),             KEY_ENTRY(KEY_F4, 0, 0),
    KEY_ENTRY(KEY_F5, 0, 0),             KEY_ENTRY(KEY_F6, 0, 0),
    KEY_ENTRY(KEY_F7, 0, 0),             KEY_ENTRY(KEY_F8, 0, 0),
    KEY_ENTRY(KEY_F9, 0, 0),             KEY_ENTRY(KEY_F10, 0, 0),
    KEY_ENTRY(KEY_F11, 0, 0),            KEY_ENTRY(KEY_F12, 0, 0),
    KEY_ENTRY(BTN_LEFT, 0, 0),           KEY_ENTRY(BTN_RIGHT, 0, 0),
    KEY_ENTRY(BTN_MIDDLE, 0, 0),
};

bool keycode_by_name(const char *name, uint16_t *code)
{
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strcmp(keys[i].name, name) == 0) {
            *code = keys[i].code;
            return true;
        }
    return false;
}

bool keycode_by_character(char character, uint16_t *code, bool *shift)
{
    for (size_t i = 0; character != 0 && i < sizeof(keys) / sizeof(keys[0]); i++)
        if (keys[i].plain == character || keys[i].shifted == character) {
            *code = keys[i].code;
            *shift = keys[i].shifted == character;
            return true;
        }
    return false;
}
