/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - the shell: a person at the console names keys, lists them and sends messages through
 * them. Calls parts/line for editing, commands.c for what a line says.
 *
 * It waits for messages only: bytes of the console from its pump, answers from its hand, and calls
 * of those who want it to begin (hand.h).
 *
 * Argument 0: 1 begins at once; 0 when it is called. Argument 1: size of the text with the names of
 * the first keys, which is mapped at LAYOUT_NAMES. Keys: enum shell_slot and enum shelf_own;
 * console.
 *
 * Invariants
 *  1. While the hand is at something, no line is begun: the one before must last.
 */
#include <stdio.h>
#include <string.h>

#include "disks/domains/parts/line.h"
#include "disks/domains/rt/creator.h"
#include "disks/domains/rt/layout.h"
#include "disks/domains/rt/protocol.h"
#include "disks/domains/shell/commands.h"
#include "disks/domains/shell/shelf.h"

#define TYPED_BYTES 512u /* typed ahead; more is dropped */
#define CONTROL_C 3
#define RC_IN_USE 1u

static struct {
    struct line line;
    uint8_t typed[TYPED_BYTES];
    size_t typed_count;
    bool active; /* a person is at it */
    bool waits;  /* the hand is at it */
    struct {
        struct hand_answer head;
        uint8_t string[HAND_STRING_BYTES];
    } came; /* with a message */
} shell;

static void console_put(void *state, const char *bytes, size_t size_bytes)
{
    (void)state;
    fwrite(bytes, 1, size_bytes, stdout);
}

/* Start the pump or the hand at its beginning, whatever it is doing. */
static void restart(enum shelf_own domain)
{
    shelf_take(domain, SLOT_TARGET);
    (void)creator_start_domain(SLOT_TARGET, LAYOUT_ENTRY, LAYOUT_STACK_END);
}

static void session_begin(void)
{
    struct message go = MESSAGE(0);
    restart(SHELF_PUMP_DOMAIN);
    restart(SHELF_HAND_DOMAIN);
    shelf_take(SHELF_PUMP, SLOT_TARGET);
    (void)key_fork(SLOT_TARGET, &go);
    printf("shell: type help\n");
    shell.active = true;
    shell.waits = false;
    shell.typed_count = 0;
    line_begin(&shell.line);
}

/* The console is let go of, and whoever called the shell goes on. */
static void session_end(void)
{
    struct message done = MESSAGE(RC_OK);
    shell.active = false;
    fflush(stdout);
    restart(SHELF_PUMP_DOMAIN);
    shelf_take(SHELF_CLIENT, SLOT_TARGET);
    shelf_keep(SHELF_CLIENT, SLOT_VOID);
    if (look_at(SLOT_DISCRIM, SLOT_TARGET).kind == KEY_KIND_RESUME)
        (void)key_fork(SLOT_TARGET, &done);
}

/* What was typed before Ctrl-C is for what is broken off, and gone with it. */
static void break_off(void)
{
    const uint8_t *at = memchr(shell.typed, CONTROL_C, shell.typed_count);
    if (!at)
        return;
    size_t used = (size_t)(at - shell.typed) + 1;
    shell.typed_count -= used;
    memmove(shell.typed, shell.typed + used, shell.typed_count);
    restart(SHELF_HAND_DOMAIN);
    shell.waits = false;
    printf("^C\nbroken off\n");
    line_begin(&shell.line);
}

static void typed_add(size_t count)
{
    const uint8_t *bytes = (const uint8_t *)&shell.came;
    for (size_t i = 0; i < count && shell.typed_count < TYPED_BYTES; i++)
        shell.typed[shell.typed_count++] = bytes[i];
    if (shell.waits)
        break_off();
}

/* Use what was typed, up to a line that has to be waited for. */
static void feed(void)
{
    size_t at = 0;
    while (shell.active && !shell.waits && at < shell.typed_count) {
        enum line_event event = line_feed(&shell.line, shell.typed[at++]);
        enum command_end end = COMMAND_DONE;
        if (event == LINE_MORE)
            continue;
        if (event == LINE_DONE)
            end = command_run(shell.line.text);
        if (end == COMMAND_EXIT)
            session_end();
        else if (end == COMMAND_DONE)
            line_begin(&shell.line);
        shell.waits = end == COMMAND_WAITS;
    }
    shell.typed_count -= at;
    memmove(shell.typed, shell.typed + at, shell.typed_count);
    fflush(stdout);
}

/* Somebody calls the shell. true: it is answered later, when the session ends. */
static bool called(uint64_t order, uint64_t *code)
{
    *code = order == ORDER_TYPE ? TYPE_SHELL : RC_IN_USE;
    if (order == ORDER_TYPE || shell.active)
        return false;
    shelf_keep(SHELF_CLIENT, SLOT_CALLER);
    session_begin();
    return true;
}

/* true: there is no answer now. */
static bool serve(uint64_t order, const struct message *message, uint64_t *code)
{
    *code = RC_OK;
    if (message->data_byte == SHELL_FROM_PUMP) {
        if (shell.active && message->length_bytes == 0)
            session_end(); /* there is nothing to read from */
        else if (shell.active)
            typed_add(message_received(message));
        return false;
    }
    if (message->data_byte != SHELL_FROM_HAND)
        return called(order, code);
    if (shell.active && shell.waits) {
        shell.waits = false;
        command_answered(&shell.came.head, shell.came.string);
        line_begin(&shell.line);
    }
    return false;
}

int domain_main(uint64_t at_once, uint64_t names_bytes)
{
    struct line_sink sink = {console_put, NULL};
    struct message message = MESSAGE(RC_OK);
    bool later = true;
    message.receive = &shell.came;
    message.receive_bytes = sizeof(shell.came);
    for (unsigned i = 0; i < HAND_KEYS; i++)
        message.receive_slots[i] = (uint8_t)(SLOT_GOT + i);
    shelf_begin((const char *)LAYOUT_NAMES, names_bytes);
    line_init(&shell.line, "shell> ", sink);
    if (at_once)
        session_begin();
    for (;;) {
        fflush(stdout);
        uint64_t order =
            serve_next_through(later ? SLOT_VOID : SLOT_CALLER, SLOT_DISCRIM, &message);
        later = serve(order, &message, &message.code);
        if (!later)
            feed();
    }
}
