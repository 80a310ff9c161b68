/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json.c - see json.h. */
#include "emulator/base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/base/output_file.h"
#include "emulator/base/text.h"

void json_count_add(cJSON *object, const char *name, uint64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%" PRIu64, value);
    cJSON_AddRawToObject(object, name, text);
}

void json_text_add(cJSON *object, const char *name, const char *text)
{
    struct byte_writer clean = {0};
    text_clean(&clean, text);
    write_u8(&clean, 0);
    cJSON_AddStringToObject(object, name, (const char *)clean.data);
    writer_finish(&clean);
}

char *json_text(cJSON *object)
{
    char *text = memory_must(cJSON_Print(object));
    cJSON_Delete(object);
    return text;
}

bool json_write(char *text, const char *path, struct error *error)
{
    size_t length = strlen(text);
    text[length] = '\n'; /* in the place of the NUL */
    bool good = output_write(path, text, length + 1, error);
    free(text);
    return good;
}
