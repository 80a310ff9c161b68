/* SPDX-License-Identifier: GPL-2.0-or-later */
/* error.h - how a host function says what went wrong.
 *
 * A function that can fail for outside reasons returns bool, is marked MUST_CHECK and takes a
 * `struct error *` last. It either succeeds or fills the error and returns false. Libraries never
 * print: frontend and bench do.
 */
#ifndef LATCHKEY_BASE_ERROR_H
#define LATCHKEY_BASE_ERROR_H

#include <stdbool.h>

#define MUST_CHECK __attribute__((warn_unused_result))

#define ERROR_TEXT_BYTES 240

enum error_code {
    ERROR_NONE,
    ERROR_USAGE,   /* the caller's words are wrong: exit status 2 */
    ERROR_FORMAT,  /* an input has the wrong shape (image, kernel, recipe, trace): exit status 1 */
    ERROR_LIMIT,   /* a number is out of its stated range: exit status 2 */
    ERROR_IO,      /* the host refused: missing file, full disk, no display: exit status 3 */
    ERROR_UNSUPPORTED, /* understood, and not available: exit status 3 */
};

struct error {
    enum error_code code;
    char text[ERROR_TEXT_BYTES]; /* "WHAT: WHY", no newline, always NUL-terminated */
};

/* error_set - record a failure.
 *
 * error    out: code and formatted text; text longer than ERROR_TEXT_BYTES - 1 is cut.
 * code     why, never ERROR_NONE.
 * format   printf format of "WHAT: WHY"; control characters are written as '?'.
 * Returns  false always, so that `return error_set(...)` reads well.
 */
bool error_set(struct error *error, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* error_exit_status - the exit status that README.md promises for a failure.
 *
 * error    a filled error.
 * Returns  2 for USAGE and LIMIT, 1 for FORMAT, 3 for IO and UNSUPPORTED.
 */
int error_exit_status(const struct error *error);

#endif
