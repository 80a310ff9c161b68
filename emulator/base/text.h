/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.h - text that is made piece by piece, and text that others read: HTML, XML, JSON.
 *
 * Used by json.c, the options, gdb's monitor, and by the plan, the reports and the command of a
 * campaign.
 *
 * Invariants
 *  1. What text_clean() and text_escape() add is well-formed UTF-8 that XML 1.0 allows, whatever
 *     they were given.
 */
#ifndef LATCHKEY_BASE_TEXT_H
#define LATCHKEY_BASE_TEXT_H

#include "emulator/base/bytes.h"

/* text_add - append as printf does; nothing is cut. */
void text_add(struct byte_writer *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* text_clean - append; a byte that is no part of a character, and a character that is none of text,
 * becomes a question mark. */
void text_clean(struct byte_writer *text, const char *source);
/* text_escape - the same, and what HTML and XML mean something by is written as an entity. */
void text_escape(struct byte_writer *text, const char *source);
/* text_number - the number that the whole of source is, decimal, or hexadecimal behind 0x. false:
 * it is none, or above 64 bits. */
bool text_number(const char *source, uint64_t *number);

#endif
