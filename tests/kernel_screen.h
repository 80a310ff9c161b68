/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_screen.h - a pretended screen, keyboard and pointer under the display and input keys. The
 * screen answers when the test says so; meanwhile whoever waits for it waits. */
#ifndef LATCHKEY_TESTS_KERNEL_SCREEN_H
#define LATCHKEY_TESTS_KERNEL_SCREEN_H

#include <stdbool.h>

#include "kernel/abi.h"

enum screen_command { SCREEN_COMMAND_NONE, SCREEN_COMMAND_SHOW, SCREEN_COMMAND_FLUSH,
                      SCREEN_COMMAND_HIDE };

/* screen_set - the size of the screen; width 0: there is none. It is idle and shows nothing. */
void screen_set(uint32_t width, uint32_t height);
/* screen_command - what it was last told to do and has not done; screen_commands - how many it was
 * told in all. */
enum screen_command screen_command(void);
unsigned screen_commands(void);
/* screen_finish - it does that, well or not, and interrupts. */
void screen_finish(bool good);
/* screen_break - it is gone for good, and interrupts. */
void screen_break(void);
/* screen_backing - the page that holds pixels from page index on; NULL: nothing is shown. */
const uint8_t *screen_backing(unsigned index);
struct display_rectangle screen_rectangle(void);

/* input_set - which devices there are. input_arrive - one sends an event, and interrupts. */
void input_set(bool keyboard, bool pointer);
void input_arrive(enum input_select device, const struct input_event *event);

#endif
