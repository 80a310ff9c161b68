/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shelf.c - named keys. Called by the shell's commands. */
#include "disks/domains/shell/shelf.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "disks/domains/rt/names.h"
#include "disks/domains/rt/slots.h"

static struct {
    struct place {
        char name[SHELF_NAME_BYTES];
        struct look look;
    } places[SHELF_PLACES];
} shelf;

void look_describe(struct look look, char text[64])
{
    const char *name = look.kind == KEY_KIND_OTHER ? key_name(look.value) : NULL;
    if (look.kind == KEY_KIND_UNKNOWN)
        (void)snprintf(text, 64, "not asked yet");
    else if (look.kind == KEY_KIND_RESUME)
        (void)snprintf(text, 64, "resume key");
    else if (look.kind == KEY_KIND_DATA)
        (void)snprintf(text, 64, "number %lu", look.value);
    else if (name)
        (void)snprintf(text, 64, "%s", name);
    else
        (void)snprintf(text, 64, "of type 0x%lx", look.value);
}

static bool name_good(const char *name)
{
    size_t length = strlen(name);
    if (name[0] == '-') /* as words that are none begin */
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '-' && name[i] != '_')
            return false;
    return length > 0 && length < SHELF_NAME_BYTES;
}

unsigned shelf_find(const char *name)
{
    for (unsigned place = 0; place < SHELF_PLACES; place++)
        if (shelf.places[place].name[0] && strcmp(shelf.places[place].name, name) == 0)
            return place;
    return SHELF_NONE;
}

static unsigned place_free(void)
{
    for (unsigned place = 0; place < SHELF_PLACES; place++)
        if (!shelf.places[place].name[0])
            return place;
    return SHELF_NONE;
}

static void place_fill(unsigned index, unsigned slot)
{
    (void)node_swap(SLOT_SHELF + index / NODE_SLOTS, index % NODE_SLOTS, slot, SLOT_NONE);
}

static void place_set(unsigned index, const char *name, unsigned slot, struct look look)
{
    struct place *place = &shelf.places[index];
    place->look = look;
    strcpy(place->name, name);
    place_fill(index, slot);
}

const char *shelf_put(const char *name, unsigned slot, struct look look)
{
    if (!name_good(name))
        return "a name is 1 to 23 letters, digits, - and _";
    unsigned index = shelf_find(name);
    if (index == SHELF_NONE)
        index = place_free();
    if (index == SHELF_NONE)
        return "no more names; drop one";
    place_set(index, name, slot, look);
    return NULL;
}

unsigned shelf_put_some(unsigned slot, struct look look)
{
    char name[SHELF_NAME_BYTES];
    unsigned index = place_free();
    for (unsigned i = 1; index != SHELF_NONE; i++) {
        (void)snprintf(name, sizeof(name), "k%u", i);
        if (shelf_find(name) != SHELF_NONE)
            continue;
        place_set(index, name, slot, look);
        return index;
    }
    return SHELF_NONE;
}

void shelf_take(unsigned index, unsigned slot)
{
    (void)node_fetch(SLOT_SHELF + index / NODE_SLOTS, index % NODE_SLOTS, slot);
}

void shelf_drop(unsigned index)
{
    shelf.places[index].name[0] = '\0';
    place_fill(index, SLOT_VOID);
}

void shelf_keep(enum shelf_own place, unsigned slot)
{
    place_fill(place, slot);
}

void shelf_learn(unsigned index, struct look look)
{
    shelf.places[index].look = look;
}

const char *shelf_name(unsigned index)
{
    return shelf.places[index].name[0] ? shelf.places[index].name : NULL;
}

struct look shelf_look(unsigned index)
{
    return shelf.places[index].look;
}

void shelf_begin(const char *text, size_t size_bytes)
{
    char name[SHELF_NAME_BYTES];
    const char *end = text + size_bytes;
    for (unsigned index = 0; text < end && *text && index < SHELF_PLACES;) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t length = (size_t)((newline ? newline : end) - text);
        (void)snprintf(name, sizeof(name), "%.*s", (int)length, text);
        shelf_take(index, SLOT_TARGET);
        if (name_good(name) && shelf_find(name) == SHELF_NONE)
            place_set(index, name, SLOT_TARGET, look_at(SLOT_DISCRIM, SLOT_TARGET));
        else if (*text != '#' && strcmp(name, "-") != 0)
            printf("shell: name %u, \"%s\", is no name or there twice\n", index, name);
        index += *text != '#';
        text += length + 1;
    }
}
