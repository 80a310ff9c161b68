/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json.h - what every report in JSON needs beyond cJSON: counts of any size, text that may have
 * come from a guest, and a file at the end.
 *
 * Used by disks, frontend, bench and the results of a campaign. Calls cJSON.
 */
#ifndef LATCHKEY_BASE_JSON_H
#define LATCHKEY_BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "emulator/base/error.h"

/* json_count_add - a number as it is; cJSON's own are doubles, which end at 2^53. */
void json_count_add(cJSON *object, const char *name, uint64_t value);
/* json_text_add - text; what is no UTF-8 or controls a terminal becomes a question mark. */
void json_text_add(cJSON *object, const char *name, const char *text);
/* json_text - the text of an object, which is deleted. The caller frees it. */
char *json_text(cJSON *object);
/* json_write - a text of json_text() and a newline to a file, which is replaced; the text is freed.
 *
 * Errors   ERROR_IO as output_write.
 */
MUST_CHECK bool json_write(char *text, const char *path, struct error *error);

#endif
