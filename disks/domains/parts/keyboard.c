/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keyboard.c - see keyboard.h. Called by the screen domain. Codes: Linux input-event-codes.h. */
#include "disks/domains/parts/keyboard.h"

#define KEY_LEFTSHIFT 42u
#define KEY_RIGHTSHIFT 54u
#define KEY_CAPSLOCK 58u
#define CODES 128u

/* The codes follow the rows of the keyboard from left to right; '\0' where a key types nothing. */
static char plain(uint16_t code)
{
    static const char main_keys[] =
        "\0\0001234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
    static const char pad_keys[] = "789-456+1230."; /* from 71 on */
    if (code < sizeof(main_keys) - 1)
        return main_keys[code];
    if (code >= 71 && code < 71 + sizeof(pad_keys) - 1)
        return pad_keys[code - 71];
    if (code == 96)
        return '\n'; /* enter and slash of the number pad */
    return code == 98 ? '/' : '\0';
}

/* What shift makes of a character. */
static char shifted(char character)
{
    static const char from[] = "1234567890-=[];'`\\,./", to[] = "!@#$%^&*()_+{}:\"~|<>?";
    if (character >= 'a' && character <= 'z')
        return (char)(character - 'a' + 'A');
    for (unsigned i = 0; from[i]; i++)
        if (from[i] == character)
            return to[i];
    return character;
}

char keyboard_key(struct keyboard *keyboard, uint16_t code, int32_t value)
{
    bool down = value != 0;
    if (code == KEY_LEFTSHIFT)
        keyboard->shift_left = down;
    if (code == KEY_RIGHTSHIFT)
        keyboard->shift_right = down;
    if (code == KEY_CAPSLOCK && value == 1)
        keyboard->caps = !keyboard->caps;
    char character = code < CODES ? plain(code) : '\0';
    if (!down || character == '\0')
        return '\0';
    bool pad = code >= 71 && code != 96;
    bool letter = character >= 'a' && character <= 'z';
    bool shift = keyboard->shift_left || keyboard->shift_right;
    if (pad || shift == (letter && keyboard->caps))
        return character;
    return shifted(character);
}
