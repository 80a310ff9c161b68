/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb_packet.c - see gdb_packet.h. Called by gdb*.c; calls bytes.h. */
#include "emulator/gdb_packet.h"

#include <assert.h>
#include <string.h>

#define ESCAPE '}'
#define ESCAPE_FLIP 0x20u
#define INTERRUPT 0x03u

int gdb_hex_value(uint8_t digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

static void hex_write(struct byte_writer *writer, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    write_u8(writer, (uint8_t)digits[byte >> 4]);
    write_u8(writer, (uint8_t)digits[byte & 0xf]);
}

static enum gdb_event between(struct gdb_parser *parser, uint8_t byte)
{
    if (byte == INTERRUPT)
        return GDB_EVENT_INTERRUPT;
    if (byte == '-')
        return GDB_EVENT_AGAIN;
    if (byte == '$') {
        parser->state = GDB_DATA;
        parser->size_bytes = parser->raw_bytes = 0;
        parser->sum = parser->told = 0;
        parser->bad = false;
    }
    return GDB_EVENT_NONE; /* of anything else, nothing begins */
}

static void data_take(struct gdb_parser *parser, uint8_t byte)
{
    parser->sum = (uint8_t)(parser->sum + byte);
    if (++parser->raw_bytes > GDB_PACKET_BYTES) {
        parser->bad = true;
        return;
    }
    if (parser->state == GDB_DATA && byte == ESCAPE) {
        parser->state = GDB_ESCAPE;
        return;
    }
    assert(parser->size_bytes < GDB_PACKET_BYTES);
    parser->data[parser->size_bytes++] =
        parser->state == GDB_ESCAPE ? (uint8_t)(byte ^ ESCAPE_FLIP) : byte;
    parser->state = GDB_DATA;
}

static enum gdb_event sum_take(struct gdb_parser *parser, uint8_t byte)
{
    int value = gdb_hex_value(byte);
    parser->bad = parser->bad || value < 0;
    parser->told = (uint8_t)(parser->told << 4 | (value & 0xf));
    if (parser->state == GDB_SUM_HIGH) {
        parser->state = GDB_SUM_LOW;
        return GDB_EVENT_NONE;
    }
    parser->state = GDB_BETWEEN;
    parser->data[parser->size_bytes] = 0;
    return parser->bad || parser->told != parser->sum ? GDB_EVENT_BAD : GDB_EVENT_PACKET;
}

enum gdb_event gdb_parse(struct gdb_parser *parser, uint8_t byte)
{
    switch (parser->state) {
    case GDB_BETWEEN:
        return between(parser, byte);
    case GDB_DATA:
    case GDB_ESCAPE:
        if (byte == '$') { /* the end of the one before was lost */
            parser->state = GDB_BETWEEN;
            return between(parser, byte);
        }
        if (byte == '#') {
            parser->bad = parser->bad || parser->state == GDB_ESCAPE;
            parser->state = GDB_SUM_HIGH;
        } else {
            data_take(parser, byte);
        }
        return GDB_EVENT_NONE;
    case GDB_SUM_HIGH:
    case GDB_SUM_LOW:
        return sum_take(parser, byte);
    }
    assert(!"a state of the parser");
    return GDB_EVENT_NONE;
}

void gdb_packet_write(struct byte_writer *writer, const void *data, size_t size_bytes)
{
    const uint8_t *bytes = data;
    uint8_t sum = 0;
    write_u8(writer, '$');
    for (size_t i = 0; i < size_bytes; i++) {
        uint8_t byte = bytes[i];
        if (byte == '$' || byte == '#' || byte == ESCAPE || byte == '*') {
            write_u8(writer, ESCAPE);
            sum = (uint8_t)(sum + ESCAPE);
            byte ^= ESCAPE_FLIP;
        }
        write_u8(writer, byte);
        sum = (uint8_t)(sum + byte);
    }
    write_u8(writer, '#');
    hex_write(writer, sum);
}

void gdb_hex_write(struct byte_writer *writer, const void *data, size_t size_bytes)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size_bytes; i++)
        hex_write(writer, bytes[i]);
}

bool gdb_hex_read(const char *text, void *data, size_t size_bytes)
{
    uint8_t *bytes = data;
    for (size_t i = 0; i < size_bytes; i++) {
        int high = gdb_hex_value((uint8_t)text[2 * i]);
        int low = high < 0 ? -1 : gdb_hex_value((uint8_t)text[2 * i + 1]);
        if (low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool gdb_number_read(const char **text, uint64_t *number)
{
    const char *at = *text;
    *number = 0;
    for (; gdb_hex_value((uint8_t)*at) >= 0; at++) {
        if (*number >> 60)
            return false;
        *number = *number << 4 | (uint64_t)gdb_hex_value((uint8_t)*at);
    }
    bool found = at != *text;
    *text = at;
    return found;
}
