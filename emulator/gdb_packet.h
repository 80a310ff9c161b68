/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb_packet.h - packets of the gdb remote protocol: bytes in, packets out, and back. Used by
 * gdb.c and tests. Calls bytes.h.
 *
 * Source: Debugging with GDB, appendix "GDB Remote Serial Protocol", "Overview".
 *
 * Invariants
 *  1. Whatever comes in, what is kept of it is no longer than one packet.
 */
#ifndef LATCHKEY_EMULATOR_GDB_PACKET_H
#define LATCHKEY_EMULATOR_GDB_PACKET_H

#include "emulator/base/bytes.h"

#define GDB_PACKET_BYTES 0x4000u /* between $ and #, as it is sent */

enum gdb_event {
    GDB_EVENT_NONE,
    GDB_EVENT_PACKET,    /* data[0 .. size_bytes), escapes undone, NUL behind it */
    GDB_EVENT_BAD,       /* the checksum is wrong, or it is too long */
    GDB_EVENT_INTERRUPT, /* Ctrl-C */
    GDB_EVENT_AGAIN,     /* the other side wants the last packet again */
};

struct gdb_parser {
    enum { GDB_BETWEEN, GDB_DATA, GDB_ESCAPE, GDB_SUM_HIGH, GDB_SUM_LOW } state;
    uint8_t data[GDB_PACKET_BYTES + 1];
    size_t size_bytes, raw_bytes;
    uint8_t sum, told; /* over the packet; the one that was sent with it */
    bool bad;
};

/* gdb_parse - one byte; a zeroed parser begins between packets. */
enum gdb_event gdb_parse(struct gdb_parser *parser, uint8_t byte);

/* gdb_packet_write - frame data[0 .. size_bytes) and escape what must be. */
void gdb_packet_write(struct byte_writer *writer, const void *data, size_t size_bytes);

/* gdb_hex_value - of one digit; -1: it is none. */
int gdb_hex_value(uint8_t digit);
/* gdb_hex_write - two digits a byte. gdb_hex_read - back. false: too short, or not hex. */
void gdb_hex_write(struct byte_writer *writer, const void *data, size_t size_bytes);
bool gdb_hex_read(const char *text, void *data, size_t size_bytes);
/* gdb_number_read - the hex number at *text, which is then behind it. false: none, or above 64
 * bits. */
bool gdb_number_read(const char **text, uint64_t *number);

#endif
