/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record_parse.h - the contents of a trace's frames. For record_read.c. */
#ifndef LATCHKEY_EMULATOR_RECORD_PARSE_H
#define LATCHKEY_EMULATOR_RECORD_PARSE_H

#include "emulator/base/bytes.h"
#include "emulator/record.h"

struct record_parser {
    struct record *record;
    struct machine_position last; /* of the entries so far */
    bool ended;                   /* a RECORD_END was there */
};

/* record_parse - take what a frame holds. false: no writer wrote that. */
bool record_parse(struct record_parser *parser, uint32_t kind, struct byte_reader *content);

#endif
