/* SPDX-License-Identifier: GPL-2.0-or-later */
/* call.c - messages by hand. Called by commands.c. */
#include "disks/domains/shell/call.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "disks/domains/rt/names.h"
#include "disks/domains/rt/slots.h"
#include "disks/domains/shell/orders.h"
#include "disks/domains/shell/shelf.h"

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
        if (call->key_count == HAND_KEYS)
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
    struct look look = shelf_look(call->place);
    uint64_t type = look.kind == KEY_KIND_OTHER ? look.value : UINT64_MAX;
    if (argument_number(order, &call->order) || order_find(type, order->bytes, &call->order))
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
static void keys_say(const struct hand_answer *answer, char *as)
{
    for (unsigned i = 0; i < HAND_KEYS; i++) {
        struct look look = answer->looks[i];
        char text[64], *given = name_next(&as);
        const char *name = given, *why = NULL;
        if (look.kind == KEY_KIND_DATA && look.value == 0)
            continue;
        look_describe(look, text);
        if (given) {
            why = shelf_put(given, SLOT_GOT + i, look);
        } else {
            unsigned place = shelf_put_some(SLOT_GOT + i, look);
            why = place == SHELF_NONE ? "no more names; drop one" : NULL;
            name = place == SHELF_NONE ? NULL : shelf_name(place);
        }
        if (why)
            printf("    %s, not kept: %s\n", text, why);
        else
            printf("    %s = %s\n", name, text);
    }
}

void call_begin(const struct call *call)
{
    static struct {
        struct hand_request head;
        uint8_t string[CALL_STRING_BYTES];
    } request;
    struct message message = MESSAGE(call->what);
    request.head = (struct hand_request){call->order, call->has_string};
    memcpy(request.string, call->string, call->string_bytes);
    message.send = &request;
    message.send_bytes = sizeof(request.head) + call->string_bytes;
    message.send_slots[0] = SLOT_TARGET;
    for (unsigned i = 0; i < call->key_count; i++)
        message.send_slots[1 + i] = (uint8_t)(SLOT_SEND + i);
    shelf_take(call->place, SLOT_TARGET);
    shelf_take(SHELF_HAND, SLOT_TEMPORARY);
    (void)key_fork(SLOT_TEMPORARY, &message);
}

static void node_say(const struct hand_answer *answer)
{
    if (answer->code != RC_OK)
        code_say(answer->code);
    for (unsigned slot = 0; slot < NODE_SLOTS && answer->code == RC_OK; slot++) {
        char text[64];
        look_describe(answer->looks[slot], text);
        if (answer->looks[slot].kind != KEY_KIND_DATA || answer->looks[slot].value != 0)
            printf("  %2u  %s\n", slot, text);
    }
}

void call_end(const struct call *call, const struct hand_answer *answer, const uint8_t *string)
{
    bool asked = call->what == HAND_CALL && call->order == ORDER_TYPE;
    if (call->what == HAND_SHOW) {
        node_say(answer);
        return;
    }
    if (call->what == HAND_SEND) {
        printf("sent\n");
        return;
    }
    if (asked && answer->code != RC_DATA_KEY && shelf_look(call->place).kind == KEY_KIND_UNKNOWN)
        shelf_learn(call->place, (struct look){KEY_KIND_OTHER, answer->code});
    if (asked && key_name(answer->code))
        printf("-> 0x%lx, %s\n", answer->code, key_name(answer->code));
    else
        code_say(answer->code);
    size_t size_bytes = answer->length_bytes;
    string_say(string, size_bytes < HAND_STRING_BYTES ? size_bytes : HAND_STRING_BYTES,
               answer->length_bytes);
    keys_say(answer, call->as);
}
