/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_machine.c - see support_machine.h. Called by tests that run whole machines. */
#include "tests/support_machine.h"

static void transcript_put(void *context, const uint8_t *data, size_t size_bytes)
{
    struct transcript *transcript = context;
    for (size_t i = 0; i < size_bytes && transcript->length + 1 < sizeof(transcript->text); i++)
        transcript->text[transcript->length++] = (char)data[i];
    transcript->text[transcript->length] = '\0';
}

struct console_sink transcript_sink(struct transcript *transcript)
{
    return (struct console_sink){.context = transcript, .put = transcript_put};
}
