/* SPDX-License-Identifier: GPL-2.0-or-later */
/* input_script.h - `--input FILE`: outside events at stated virtual times, as text.
 *
 * One event a line; '#' starts a comment. A time is a number with ns, us, ms or s; "+TIME" counts
 * from the line before.
 *
 *   500ms console "text\n"       bytes to the uart
 *   1s    type "Hello"           keys down and up, 20 ms apart, US layout
 *   2s    key down KEY_A         or key up; names of Linux input-event-codes.h, or a number
 *   2s    pointer 512 384        pixels of a 1024 x 768 screen
 *   +5ms  button left down       left, right, middle; down or up
 *   +5ms  wheel -1
 */
#ifndef LATCHKEY_EMULATOR_INPUT_SCRIPT_H
#define LATCHKEY_EMULATOR_INPUT_SCRIPT_H

#include "emulator/machine.h"

/* input_script_queue - read a script and queue all its events.
 *
 * Errors   ERROR_IO the file; ERROR_FORMAT "FILE:LINE: ..."; ERROR_LIMIT more events than the queue
 *          holds.
 */
MUST_CHECK bool input_script_queue(const char *path, struct machine *machine,
                                   struct error *error);

#endif
