/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slots.h - which key is where, by convention of all programs here. Recipes follow it.
 *
 * 0..9 are given by the recipe, each program says which; the upper ones have fixed meanings. */
#ifndef LATCHKEY_DOMAINS_SLOTS_H
#define LATCHKEY_DOMAINS_SLOTS_H

enum slot {
    SLOT_POWER = 10,
    SLOT_TIMER = 11,
    SLOT_CONSOLE = 12, /* stdout */
    SLOT_TEMPORARY = 13,
    SLOT_CALLER = 14,  /* resume key of the caller being served */
    SLOT_VOID = 15     /* always data key 0 */
};

#endif
