/* SPDX-License-Identifier: GPL-2.0-or-later */
/* call.c - messages by hand. Called by commands.c. */
#include "disks/domains/shell/call.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/names.h"
#include "disks/domains/shell/orders.h"
#include "disks/domains/shell/shelf.h"

#define KEYS_SENT_MAX 3u
#define KEYS_GOT_MAX 3u /* the fourth one of an answer is dropped */
#define LINE_BYTES 16u

static bool wrong(const char *what, const char *why)
{
    printf("%s: %s\n", what, why);
    return false;
}

/* The next name of a list between commas; *list moves behind it. NULL: there is none. */
static char *name_next(char **list)
{
    char *name = *list;
    if (!name || *name == '\0')
        return NULL;
    char *comma = strchr(name, ',');
    *list = comma ? comma + 1 : NULL;
    if (comma)
        *comma = '\0';
    return name;
}

static bool read_keys(struct call *call, char *list)
{
    for (char *name; (name = name_next(&list)) != NULL;) {
        unsigned place = shelf_find(name);
        if (place == SHELF_NONE)
            return wrong(name, "no key of this name");
        if (call->key_count == KEYS_SENT_MAX)
            return wrong(name, "a message has three keys, and the one to answer through");
        shelf_take(place, SLOT_SEND + call->key_count++);
    }
    return true;
}

static bool append(struct call *call, const void *bytes, size_t size_bytes)
{
    if (size_bytes > sizeof(call->string) - call->string_bytes)
        return wrong("string", "too long");
    memcpy(call->string + call->string_bytes, bytes, size_bytes);
    call->string_bytes += size_bytes;
    call->has_string = true;
    return true;
}

/* One part: string "...", "...", hex 00ff, word N, keys a,b,c, as x,y. */
static bool read_part(struct call *call, const struct argument *kind, struct argument *value)
{
    uint64_t number;
    if (!value)
        return wrong(kind->bytes, "something must follow");
    if (strcmp(kind->bytes, "string") == 0)
        return append(call, value->bytes, value->size_bytes);
    if (strcmp(kind->bytes, "hex") == 0)
        return argument_hex(value) ? append(call, value->bytes, value->size_bytes)
                                   : wrong(value->bytes, "not pairs of hexadecimal digits");
    if (strcmp(kind->bytes, "word") == 0)
        return argument_number(value, &number) ? append(call, &number, sizeof(number))
                                               : wrong(value->bytes, "not a number");
    if (strcmp(kind->bytes, "keys") == 0)
        return read_keys(call, value->bytes);
    if (strcmp(kind->bytes, "as") != 0)
        return wrong(kind->bytes, "expected string, hex, word, keys or as");
    call->as = value->bytes;
    return true;
}

static bool read_order(struct call *call, const struct argument *order)
{
    enum shelf_kind kind = shelf_kind(call->place);
    if (argument_number(order, &call->order))
        return true;
    if (kind == SHELF_OTHER && order_find(shelf_value(call->place), order->bytes, &call->order))
        return true;
    return wrong(order->bytes, "no such order of this key; orders KEY lists those that are known");
}

bool call_read(struct call *call, struct arguments *arguments)
{
    struct argument *words = arguments->words;
    *call = (struct call){.place = SHELF_NONE};
    if (arguments->count < 3)
        return wrong("call",
                     "KEY ORDER [string \"...\"] [hex 00ff] [word N] [keys a,b,c] [as x,y]");
    call->place = shelf_find(words[1].bytes);
    if (call->place == SHELF_NONE)
        return wrong(words[1].bytes, "no key of this name");
    if (!read_order(call, &words[2]))
        return false;
    for (unsigned i = 3; i < arguments->count; i++) {
        bool literal = words[i].quoted;
        struct argument *value = i + 1 < arguments->count ? &words[i + 1] : NULL;
        if (literal ? !append(call, words[i].bytes, words[i].size_bytes)
                    : !read_part(call, &words[i], value))
            return false;
        i += !literal;
    }
    return true;
}

void code_say(uint64_t code)
{
    const char *name = code_name(code);
    if (code == RC_NOT_THERE)
        printf("-> -1");
    else if (code >= KT && code < KT + 0x1000)
        printf("-> KT+%lu", (unsigned long)(code - KT));
    else
        printf("-> %lu", code);
    if (name)
        printf(", %s", name);
    else if (code > 9)
        printf(" (0x%lx)", code);
    printf("\n");
}

static void string_say(const uint8_t *bytes, size_t size_bytes, size_t length_bytes)
{
    for (size_t at = 0; at < size_bytes; at += LINE_BYTES) {
        size_t count = size_bytes - at < LINE_BYTES ? size_bytes - at : LINE_BYTES;
        printf("   ");
        for (size_t i = 0; i < LINE_BYTES; i++) {
            if (i < count)
                printf(" %02x", bytes[at + i]);
            else
                printf("   ");
        }
        printf("  ");
        for (size_t i = 0; i < count; i++)
            putchar(isprint(bytes[at + i]) ? bytes[at + i] : '.');
        printf("\n");
    }
    for (size_t at = 0; size_bytes % 8 == 0 && size_bytes <= 32 && at < size_bytes; at += 8) {
        uint64_t word;
        memcpy(&word, bytes + at, sizeof(word));
        printf("    word %lu: %lu", at / 8, word);
        if (word >> 63)
            printf(", or %ld", (int64_t)word);
        printf("\n");
    }
    if (length_bytes > size_bytes)
        printf("    and %lu bytes more\n", length_bytes - size_bytes);
}

/* Name the keys that came; a data key 0 is none. */
static void keys_say(char *as)
{
    for (unsigned i = 0; i < KEYS_GOT_MAX; i++) {
        char text[64], *name = name_next(&as);
        uint64_t value;
        enum shelf_kind kind = key_look(SLOT_GOT + i, &value);
        if (kind == SHELF_DATA && value == 0)
            continue;
        key_describe(kind, value, text);
        const char *why = name ? shelf_put(name, SLOT_GOT + i) : NULL;
        if (!name) {
            unsigned place = shelf_put_some(SLOT_GOT + i);
            why = place == SHELF_NONE ? "no more names; drop one" : NULL;
            name = place == SHELF_NONE ? "a key" : (char *)(uintptr_t)shelf_name(place);
        }
        if (why)
            printf("    %s, not kept: %s\n", text, why);
        else
            printf("    %s = %s\n", name, text);
    }
}

void call_perform(const struct call *call, bool waits)
{
    static uint8_t answer[STRING_BYTES_MAX];
    struct message message = MESSAGE(call->order);
    message.send = call->has_string ? call->string : NULL;
    message.send_bytes = call->string_bytes;
    for (unsigned i = 0; i < call->key_count; i++)
        message.send_slots[i] = (uint8_t)(SLOT_SEND + i);
    shelf_take(call->place, SLOT_TARGET);
    if (!waits) {
        (void)key_fork(SLOT_TARGET, &message);
        printf("sent\n");
        return;
    }
    message.receive = answer;
    message.receive_bytes = sizeof(answer);
    for (unsigned i = 0; i < KEYS_GOT_MAX; i++)
        message.receive_slots[i] = (uint8_t)(SLOT_GOT + i);
    fflush(stdout);
    uint64_t code = key_call(SLOT_TARGET, &message);
    const char *type = call->order == ORDER_TYPE ? key_name(code) : NULL;
    if (type)
        printf("-> 0x%lx, %s\n", code, type);
    else
        code_say(code);
    string_say(answer, message_received(&message), message.length_bytes);
    keys_say(call->as);
}
