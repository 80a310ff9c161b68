/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commands.c - the shell's commands. Called by main.c. */
#include "disks/domains/shell/commands.h"

#include <stdio.h>
#include <string.h>

#include "disks/domains/rt/creator.h"
#include "disks/domains/rt/layout.h"
#include "disks/domains/shell/call.h"
#include "disks/domains/shell/orders.h"
#include "disks/domains/shell/shelf.h"

struct command {
    const char *name, *arguments, *help;
    unsigned words_min, words_max; /* with the name */
    enum command_end (*run)(struct arguments *arguments);
};

static const char *word(const struct arguments *arguments, unsigned index)
{
    return arguments->words[index].bytes;
}

/* The key of a name into a slot. false: there is none, which is said. */
static bool key_take(const char *name, unsigned slot)
{
    unsigned place = shelf_find(name);
    if (place == SHELF_NONE)
        printf("%s: no key of this name\n", name);
    else
        shelf_take(place, slot);
    return place != SHELF_NONE;
}

static void key_keep(const char *name, unsigned slot, struct look look)
{
    const char *why = shelf_put(name, slot, look);
    if (why)
        printf("%s: %s\n", name, why);
}

static enum command_end run_keys(struct arguments *arguments)
{
    (void)arguments;
    for (unsigned place = 0; place < SHELF_PLACES; place++) {
        char text[64];
        if (!shelf_name(place))
            continue;
        look_describe(shelf_look(place), text);
        printf("  %-*s%s\n", (int)SHELF_NAME_BYTES, shelf_name(place), text);
    }
    return COMMAND_DONE;
}

/* The message that the hand has in hand. */
static struct call call;

static enum command_end run_call(struct arguments *arguments)
{
    if (!call_read(&call, arguments))
        return COMMAND_DONE;
    call.what = strcmp(word(arguments, 0), "call") == 0 ? HAND_CALL : HAND_SEND;
    call_begin(&call);
    return COMMAND_WAITS;
}

void command_answered(const struct hand_answer *answer, const uint8_t *string)
{
    call_end(&call, answer, string);
}

static enum command_end run_copy(struct arguments *arguments)
{
    if (key_take(word(arguments, 1), SLOT_TARGET))
        key_keep(word(arguments, 2), SLOT_TARGET, shelf_look(shelf_find(word(arguments, 1))));
    return COMMAND_DONE;
}

static enum command_end run_name(struct arguments *arguments)
{
    if (strcmp(word(arguments, 1), word(arguments, 2)) == 0 ||
        !key_take(word(arguments, 1), SLOT_TARGET))
        return COMMAND_DONE;
    const char *why = shelf_put(word(arguments, 2), SLOT_TARGET,
                                shelf_look(shelf_find(word(arguments, 1))));
    if (why)
        printf("%s: %s\n", word(arguments, 2), why);
    else
        shelf_drop(shelf_find(word(arguments, 1)));
    return COMMAND_DONE;
}

static enum command_end run_drop(struct arguments *arguments)
{
    for (unsigned i = 1; i < arguments->count; i++) {
        unsigned place = shelf_find(word(arguments, i));
        if (place == SHELF_NONE)
            printf("%s: no key of this name\n", word(arguments, i));
        else
            shelf_drop(place);
    }
    return COMMAND_DONE;
}

static enum command_end run_orders(struct arguments *arguments)
{
    unsigned place = shelf_find(word(arguments, 1));
    if (place == SHELF_NONE)
        printf("%s: no key of this name\n", word(arguments, 1));
    else if (shelf_look(place).kind == KEY_KIND_OTHER)
        orders_print(shelf_look(place).value);
    else
        printf("%s: its type is not known\n", word(arguments, 1));
    return COMMAND_DONE;
}

static enum command_end run_show(struct arguments *arguments)
{
    call = (struct call){.place = shelf_find(word(arguments, 1)), .what = HAND_SHOW};
    if (call.place == SHELF_NONE) {
        printf("%s: no key of this name\n", word(arguments, 1));
        return COMMAND_DONE;
    }
    call_begin(&call);
    return COMMAND_WAITS;
}

static enum command_end run_bank(struct arguments *arguments)
{
    const char *above = arguments->count > 2 ? word(arguments, 2) : "bank";
    if (!key_take(above, SLOT_TARGET))
        return COMMAND_DONE;
    uint64_t code = bank_create_bank(SLOT_TARGET, SLOT_GOT);
    if (code == RC_OK)
        key_keep(word(arguments, 1), SLOT_GOT, (struct look){KEY_KIND_OTHER, AKT_BANK});
    else
        code_say(code);
    return COMMAND_DONE;
}

/* What the new domain in SLOT_GOT needs: memory, meter; and it runs. */
static uint64_t domain_equip(void)
{
    uint64_t code = domain_fetch_root(SLOT_SEND, DOMAIN_SLOT_MEMORY, SLOT_GOT + 1);
    if (code == RC_OK)
        code = domain_swap_root(SLOT_GOT, DOMAIN_SLOT_MEMORY, SLOT_GOT + 1, SLOT_NONE);
    if (code == RC_OK)
        code = domain_fetch_root(SLOT_SEND, DOMAIN_SLOT_METER, SLOT_GOT + 1);
    if (code == RC_OK)
        code = domain_swap_root(SLOT_GOT, DOMAIN_SLOT_METER, SLOT_GOT + 1, SLOT_NONE);
    for (unsigned slot = 0; code == RC_OK && slot < NODE_SLOTS; slot++) {
        code = domain_fetch(SLOT_SEND, slot, SLOT_GOT + 1);
        if (code == RC_OK)
            code = domain_swap(SLOT_GOT, slot, SLOT_GOT + 1, SLOT_NONE);
    }
    if (code == RC_OK)
        code = creator_start_domain(SLOT_GOT, LAYOUT_ENTRY, LAYOUT_STACK_END);
    return code == RC_OK ? domain_make_start(SLOT_GOT, 0, SLOT_GOT + 2) : code;
}

/* The shell's own domain creator into SLOT_TARGET, made from the bank of that name if there is none
 * yet. */
static bool creator_take(void)
{
    if (shelf_find("creator") != SHELF_NONE)
        return key_take("creator", SLOT_TARGET);
    if (!key_take("creators", SLOT_TARGET) || !key_take("bank", SLOT_GOT))
        return false;
    uint64_t code = creators_create(SLOT_TARGET, SLOT_GOT, SLOT_TARGET);
    if (code == RC_OK)
        key_keep("creator", SLOT_TARGET, (struct look){KEY_KIND_OTHER, AKT_CREATOR});
    else
        code_say(code);
    return code == RC_OK;
}

static enum command_end run_spawn(struct arguments *arguments)
{
    char name[SHELF_NAME_BYTES + 16];
    const char *bank = arguments->count > 3 ? word(arguments, 3) : "bank";
    if (!creator_take() || !key_take(word(arguments, 2), SLOT_SEND) ||
        !key_take(bank, SLOT_SEND + 1))
        return COMMAND_DONE;
    uint64_t code = creator_create(SLOT_TARGET, SLOT_SEND + 1, SLOT_GOT);
    if (code != RC_OK) {
        code_say(code);
        return COMMAND_DONE;
    }
    code = domain_equip();
    if (code != RC_OK) {
        code_say(code);
        (void)creator_destroy(SLOT_TARGET, SLOT_GOT, SLOT_SEND + 1);
        return COMMAND_DONE;
    }
    key_keep(word(arguments, 1), SLOT_GOT + 2, (struct look){KEY_KIND_UNKNOWN, 0});
    (void)snprintf(name, sizeof(name), "%s-domain", word(arguments, 1));
    key_keep(name, SLOT_GOT, (struct look){KEY_KIND_OTHER, AKT_DOMAIN});
    return COMMAND_DONE;
}

static enum command_end run_off(struct arguments *arguments)
{
    uint64_t code = 0;
    if (arguments->count > 1 && !argument_number(&arguments->words[1], &code)) {
        printf("%s: not a number\n", word(arguments, 1));
    } else if (key_take("power", SLOT_TARGET)) {
        printf("off\n");
        fflush(stdout);
        code_say(power_off(SLOT_TARGET, code));
    }
    return COMMAND_DONE;
}

static enum command_end run_exit(struct arguments *arguments)
{
    (void)arguments;
    return COMMAND_EXIT;
}

static enum command_end run_help(struct arguments *arguments);

static const struct command commands[] = {
    {"help", "", "this list", 1, 1, run_help},
    {"keys", "", "all keys by name, with what they said they are", 1, 1, run_keys},
    {"call", "KEY ORDER ...", "send a message and wait for the answer", 1, ARGUMENTS_MAX, run_call},
    {"send", "KEY ORDER ...", "send it and go on", 1, ARGUMENTS_MAX, run_call},
    {"orders", "KEY", "orders that keys of this type know", 2, 2, run_orders},
    {"show", "NODE", "the keys in a node", 2, 2, run_show},
    {"copy", "KEY NEW", "a second name", 3, 3, run_copy},
    {"name", "KEY NEW", "another name", 3, 3, run_name},
    {"drop", "KEY...", "forget keys", 2, ARGUMENTS_MAX, run_drop},
    {"bank", "NEW [BANK]", "a bank below a bank", 2, 3, run_bank},
    {"spawn", "NEW PATTERN [BANK]", "a domain with the memory and keys of one that does not run", 3,
     4, run_spawn},
    {"off", "[CODE]", "power off", 1, 2, run_off},
    {"exit", "", "back to who called the shell", 1, 1, run_exit},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static enum command_end run_help(struct arguments *arguments)
{
    (void)arguments;
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf("  %-7s%-20s%s\n", commands[i].name, commands[i].arguments, commands[i].help);
    printf("A message: call KEY ORDER [string \"...\"] [hex 00ff] [word N] [keys a,b,c] [as x,y]\n"
           "ORDER is a number, KT+N or a name that orders KEY lists. The keys that come back\n"
           "get the names after as, or k1, k2, ... Ctrl-C ends a call that is not answered.\n");
    return COMMAND_DONE;
}

enum command_end command_run(char *line)
{
    static struct arguments arguments;
    const char *why = arguments_split(&arguments, line);
    if (why) {
        printf("%s\n", why);
        return COMMAND_DONE;
    }
    if (arguments.count == 0)
        return COMMAND_DONE;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct command *command = &commands[i];
        if (strcmp(word(&arguments, 0), command->name) != 0)
            continue;
        if (arguments.count >= command->words_min && arguments.count <= command->words_max)
            return command->run(&arguments);
        printf("%s %s\n", command->name, command->arguments);
        return COMMAND_DONE;
    }
    printf("%s: no such command; type help\n", word(&arguments, 0));
    return COMMAND_DONE;
}
