/* SPDX-License-Identifier: GPL-2.0-or-later */
/* oracle.c - what must come of every order on every key; see oracle.h. */
#include "disks/domains/parts/oracle.h"

#define NUMBER 222u /* + index: the keys sent that nobody asks for */

static struct expected reply(uint64_t code)
{
    return (struct expected){.outcome = OUTCOME_REPLY, .code = code};
}

static struct expected reply_bytes(uint64_t length_bytes)
{
    return (struct expected){.outcome = OUTCOME_REPLY, .length_bytes = length_bytes};
}

static struct expected reply_key(enum key_type type, uint64_t id)
{
    return (struct expected){.outcome = OUTCOME_REPLY, .keys[0] = {type, id}};
}

static bool in_run(uint64_t order, uint64_t first, uint64_t count)
{
    return order >= first && order - first < count;
}

/* One of a list that ends with UINT64_MAX. */
static bool among(uint64_t order, const uint64_t *list)
{
    while (*list != UINT64_MAX && *list != order)
        list++;
    return *list == order && order != UINT64_MAX;
}

static bool is_domain_slot_order(uint64_t order)
{
    static const uint64_t root[] = {1, 2, 3, 10, 11, 12, 33, 34, 35, 42, 43, 44, UINT64_MAX};
    return among(order, root) || in_run(order, 16, 16) || in_run(order, 48, 16);
}

/* The least string in words of 8 bytes. */
static uint64_t words_needed(enum key_type type, uint64_t order)
{
    switch ((unsigned)type) {
    case KEY_PAGE:
        return order == PAGE_READ ? 2 : 0;
    case KEY_NODE:
        return order == NODE_WRITE_DATA ? 2 : 0;
    case KEY_NODE_RANGE:
    case KEY_PAGE_RANGE:
        return order == RANGE_SUBRANGE ? 2 : order == RANGE_MAKE || order == RANGE_CREATE;
    case KEY_DOMAIN:
        if (order == DOMAIN_PUT_CONTROL)
            return 2;
        return order == DOMAIN_PUT_REGISTERS || order == DOMAIN_REPLACE_MEMORY ||
               order == DOMAIN_PUT_ALL;
    case KEY_DATA_CREATOR:
        return order == DATA_CREATE ? 2 : 1;
    case KEY_PEEK:
        return order == PEEK_NAME || order == PEEK_READ;
    case KEY_TIMER:
        return order == TIMER_WAIT_UNTIL;
    case KEY_DISPLAY:
        return order == DISPLAY_FLUSH ? 2 : 0;
    case KEY_CHECKPOINT:
        return order == CHECKPOINT_WAIT || order == CHECKPOINT_INTERVAL;
    case KEY_ERROR_LOG:
        return 1;
    default:
        return 0;
    }
}

/* The highest order of the types whose orders are 0, 1, ... */
static bool small_order(enum key_type type, uint64_t order)
{
    switch ((unsigned)type) {
    case KEY_DISCRIM:
    case KEY_PEEK:
    case KEY_TIMER:
        return order <= 2;
    case KEY_DATA_CREATOR:
    case KEY_CONSOLE:
    case KEY_JOURNAL:
        return order <= 1;
    case KEY_DISPLAY:
    case KEY_CHECKPOINT:
        return order <= 3;
    default: /* compare, input, error log */
        return order == 0;
    }
}

static bool order_exists(enum key_type type, uint64_t order)
{
    static const uint64_t page[] = {0, 39, 41, 42, 43, UINT64_MAX};
    static const uint64_t node[] = {32, 33, 34, 35, 36, 37, 38, 39, 40, 45, 46, UINT64_MAX};
    static const uint64_t look[] = {32, 36, 38, 40, UINT64_MAX};
    static const uint64_t segment[] = {33, 38, 40, UINT64_MAX};
    static const uint64_t domain[] = {64, 65, 66, 67, 68, 69, 70,        71,
                                      72, 73, 74, 75, 76, 80, UINT64_MAX};
    static const uint64_t range[] = {0, 1, 2, 9, 10, 11, UINT64_MAX};
    static const uint64_t tool[] = {0, 1, 2, 3, 5, 6, 7, 9, 10, 11, UINT64_MAX};
    switch ((unsigned)type) {
    case KEY_PAGE:
        return among(order, page) || in_run(order, PAGE_WRITE, PAGE_BYTES);
    case KEY_NODE:
        return among(order, node) || order < 32;
    case KEY_FETCH:
    case KEY_SENSE:
        return among(order, look) || order < 16;
    case KEY_SEGMENT:
        return among(order, segment);
    case KEY_DOMAIN:
        return among(order, domain) || is_domain_slot_order(order);
    case KEY_NODE_RANGE:
    case KEY_PAGE_RANGE:
        return among(order, range);
    case KEY_DOMAIN_TOOL:
        return among(order, tool);
    case KEY_METER:
        return false;
    case KEY_DATA:
    case KEY_RETURNER:
    case KEY_FRONT_END:
        return true;
    default:
        return small_order(type, order);
    }
}

static bool order_changes(enum key_type type, uint64_t order)
{
    static const uint64_t node[] = {34, 37, 39, 45, 46, UINT64_MAX};
    static const uint64_t domain_looks[] = {68, 70, 72, 80, UINT64_MAX};
    if (type == KEY_PAGE)
        return order == PAGE_CLEAR || order == PAGE_COPY || order >= PAGE_WRITE;
    if (type == KEY_NODE)
        return among(order, node) || in_run(order, NODE_SWAP, NODE_SLOTS);
    return type == KEY_DOMAIN && !among(order, domain_looks);
}

static uint64_t type_answer(const struct thing *thing)
{
    static const uint16_t answers[KEY_TYPE_COUNT] = {
        [KEY_PAGE] = 0x202,         [KEY_SEGMENT] = 0x005,    [KEY_NODE] = 0x003,
        [KEY_METER] = 0x006,        [KEY_FETCH] = 0x004,      [KEY_DOMAIN] = 0x007,
        [KEY_SENSE] = 0x001,        [KEY_RETURNER] = 0x209,   [KEY_DISCRIM] = 0x409,
        [KEY_DOMAIN_TOOL] = 0x109,  [KEY_PEEK] = 0x909,       [KEY_TIMER] = 0x509,
        [KEY_DATA_CREATOR] = 0x309, [KEY_COMPARE] = 0xe09,    [KEY_CONSOLE] = 0xc09,
        [KEY_CHECKPOINT] = 0xf09,   [KEY_JOURNAL] = 0xb09,    [KEY_DISPLAY] = 0x12c,
        [KEY_INPUT] = 0x22c,        [KEY_POWER] = 0x42c,      [KEY_ERROR_LOG] = 0x52c,
        [KEY_NODE_RANGE] = 0x62c,   [KEY_PAGE_RANGE] = 0x72c,
    };
    uint64_t answer = answers[thing->type];
    if (thing->type == KEY_SEGMENT)
        answer |= (uint64_t)(thing->data_byte & KEY_SIZE_CODE) << 8;
    if ((thing->type == KEY_SEGMENT || thing->type == KEY_PAGE) &&
        (thing->data_byte & KEY_READ_ONLY))
        answer |= 0x1000;
    return answer;
}

static uint64_t length_of(const struct matrix_case *one)
{
    return one->mode == STRING_NONE ? 0 : one->length_bytes;
}

static struct expected page_order(const struct oracle_objects *objects,
                                  const struct matrix_case *one)
{
    uint64_t length = length_of(one);
    if (one->order == PAGE_MAKE_READ_ONLY)
        return reply_key(KEY_PAGE, objects->page);
    if (one->order == PAGE_TEST_ZERO)
        return reply(1);
    if (one->order == PAGE_COPY)
        return reply(one->key_count > 0 ? RC_OK : RC_FORMAT);
    if (one->order == PAGE_READ)
        return reply_bytes(32);
    if (one->order >= PAGE_WRITE)
        return reply(one->order - PAGE_WRITE + length > PAGE_BYTES ? RC_FORMAT : RC_OK);
    return reply(RC_OK);
}

static struct expected node_make(const struct matrix_case *one)
{
    static const enum key_type made[] = {KEY_FETCH, KEY_SEGMENT, KEY_METER,
                                         KEY_NODE,  KEY_SENSE,   KEY_FRONT_END};
    enum key_type type = made[one->order - NODE_MAKE_FETCH];
    return reply_key(one->thing->type == KEY_SENSE ? KEY_SENSE : type, one->thing->id);
}

static struct expected node_fetch(const struct oracle_objects *objects,
                                  const struct matrix_case *one)
{
    uint64_t slot = one->order % NODE_SLOTS;
    if (slot == ORACLE_NODE_START && one->thing->type == KEY_SENSE)
        return reply(RC_OK); /* weakened to nothing */
    if (slot == ORACLE_NODE_START)
        return reply_key(KEY_START, objects->target);
    if (slot == ORACLE_NODE_PAGE)
        return reply_key(KEY_PAGE, objects->page);
    return reply_key(KEY_DATA, ORACLE_NODE_NUMBER + slot);
}

static struct expected node_order(const struct oracle_objects *objects,
                                  const struct matrix_case *one)
{
    if (one->order < NODE_MAKE_FETCH)
        return node_fetch(objects, one);
    if (one->order <= NODE_MAKE_FRONT_END)
        return node_make(one);
    if (one->order == NODE_COMPARE)
        return reply(one->key_count > 0 && one->thing->id == objects->node ? 0 : 1);
    if (one->order == NODE_DATA_BYTE)
        return reply(one->thing->data_byte);
    if (one->order == NODE_CLONE)
        return reply(one->key_count > 0 ? RC_OK : RC_FORMAT);
    return reply(RC_OK); /* clear, write data */
}

static struct expected domain_slot(const struct oracle_objects *objects,
                                   const struct matrix_case *one)
{
    uint64_t slot = one->order % NODE_SLOTS;
    if (in_run(one->order, DOMAIN_FETCH, NODE_SLOTS) || in_run(one->order, DOMAIN_SWAP, NODE_SLOTS))
        return reply_key(KEY_DATA, ORACLE_SLOT_NUMBER + slot);
    if (slot == DOMAIN_SLOT_METER)
        return reply_key(KEY_METER, objects->prime_meter);
    if (slot == DOMAIN_SLOT_MEMORY)
        return reply_key(KEY_SEGMENT, objects->memory);
    return reply_key(KEY_DATA, slot == DOMAIN_SLOT_PRIORITY ? ORACLE_PRIORITY : 0);
}

static struct expected domain_order(const struct oracle_objects *objects,
                                    const struct matrix_case *one)
{
    uint64_t length = length_of(one);
    if (is_domain_slot_order(one->order))
        return domain_slot(objects, one);
    switch (one->order) {
    case DOMAIN_MAKE_START:
        return reply_key(KEY_START, objects->target);
    case DOMAIN_MAKE_FAULT:
    case DOMAIN_MAKE_BUSY:
    case DOMAIN_MAKE_RESUME:
    case DOMAIN_MAKE_RESTART:
        return reply_key(KEY_RESUME, objects->target);
    case DOMAIN_GET_CONTROL:
        return reply_bytes(32);
    case DOMAIN_GET_REGISTERS:
        return reply_bytes(REGISTER_WORDS * 8);
    case DOMAIN_PUT_REGISTERS:
        return reply(length % 8 || length > REGISTER_WORDS * 8 ? RC_FORMAT : RC_OK);
    case DOMAIN_PUT_ALL:
        return reply(length == REGISTER_WORDS * 8 + 32 ? RC_OK : RC_FORMAT);
    case DOMAIN_WEAKEN:
        return reply_key(KEY_DOMAIN, objects->target);
    case DOMAIN_REPLACE_MEMORY:
        return reply_key(KEY_SEGMENT, objects->memory);
    case DOMAIN_COMPARE:
        return reply(one->key_count > 0 ? 0 : 1);
    default:
        return reply(RC_OK);
    }
}

static struct expected range_order(const struct oracle_objects *objects,
                                   const struct matrix_case *one)
{
    bool nodes = one->thing->type == KEY_NODE_RANGE;
    struct expected object =
        reply_key(nodes ? KEY_NODE : KEY_PAGE, nodes ? objects->other_node : objects->other_page);
    switch (one->order) {
    case RANGE_MAKE:
    case RANGE_CREATE:
        return object;
    case RANGE_IDENTIFY:
        return one->key_count > 0 ? reply_bytes(8) : reply(RC_NOT_THERE);
    case RANGE_SEVER:
        return one->key_count > 0 ? object : reply(RC_NOT_THERE);
    case RANGE_SUBRANGE:
        return reply_key(one->thing->type, one->thing->id + 1);
    default:
        return reply_bytes(8);
    }
}

static struct expected tool_order(const struct oracle_objects *objects,
                                  const struct matrix_case *one)
{
    bool good = one->key_count > 1; /* the thing and the brand */
    uint64_t order = one->order;
    if (order == DOMAIN_TOOL_SEGMENT + 1 || order == DOMAIN_TOOL_SEGMENT + 2 ||
        order == DOMAIN_TOOL_METER + 1 || order == DOMAIN_TOOL_METER + 2)
        good = false; /* both have start keys as keepers */
    if (!good)
        return reply(RC_NOT_THERE);
    struct expected expected =
        reply_key(order == DOMAIN_TOOL_MAKE ? KEY_DOMAIN : KEY_NODE, objects->target);
    if (order >= DOMAIN_TOOL_SEGMENT)
        expected.keys[1] = (struct expected_key){
            KEY_NODE, order < DOMAIN_TOOL_METER ? objects->red : objects->meter};
    return expected;
}

static struct expected returner_order(const struct oracle_objects *objects,
                                      const struct matrix_case *one)
{
    struct expected expected = reply(one->order);
    expected.length_bytes = length_of(one);
    for (unsigned i = 0; i < 3 && i < one->key_count; i++)
        expected.keys[i].type = oracle_key(objects, one, i, &expected.keys[i].id);
    return expected;
}

/* The store is read-only here: no checkpoint is taken after the first, and no page is committed. */
static struct expected store_order(const struct matrix_case *one)
{
    if (one->thing->type == KEY_JOURNAL) {
        if (one->order == JOURNAL_RESTARTS)
            return reply_bytes(8);
        return reply(one->key_count > 0 ? RC_DEVICE : RC_FORMAT);
    }
    if (one->order == CHECKPOINT_STATUS)
        return reply_bytes(24);
    return reply(one->order == CHECKPOINT_WAIT ? RC_OK : RC_DEVICE);
}

static struct expected device_order(const struct matrix_case *one)
{
    switch ((unsigned)one->thing->type) {
    case KEY_TIMER:
        return one->order == TIMER_WAIT_UNTIL ? reply(RC_OK) : reply_bytes(8);
    case KEY_CONSOLE:
        return reply_bytes(one->order == CONSOLE_READ ? ORACLE_ANY : 0);
    case KEY_DISPLAY: /* there is none */
    case KEY_INPUT:
        return reply(RC_DEVICE);
    case KEY_PEEK:
        if (one->order == PEEK_COUNT)
            return reply(ORACLE_COUNTERS);
        return reply_bytes(one->order == PEEK_READ ? (ORACLE_COUNTERS - 1) * 8 : ORACLE_ANY);
    case KEY_ERROR_LOG:
        return reply_bytes(ORACLE_ANY);
    default: /* checkpoint, journal */
        return store_order(one);
    }
}

static struct expected known_order(const struct oracle_objects *objects,
                                   const struct matrix_case *one)
{
    switch ((unsigned)one->thing->type) {
    case KEY_PAGE:
        return page_order(objects, one);
    case KEY_SEGMENT:
    case KEY_NODE:
    case KEY_FETCH:
    case KEY_SENSE:
        return node_order(objects, one);
    case KEY_DOMAIN:
        return domain_order(objects, one);
    case KEY_NODE_RANGE:
    case KEY_PAGE_RANGE:
        return range_order(objects, one);
    case KEY_DOMAIN_TOOL:
        return tool_order(objects, one);
    case KEY_FRONT_END: /* without a keeper */
        return reply(RC_DATA_KEY);
    case KEY_DISCRIM:
        if (one->order == DISCRIM_TYPE)
            return reply(one->key_count > 0 ? 3 : 1);
        return reply(one->order == DISCRIM_DISCREET ? one->key_count > 0 : one->key_count == 1);
    case KEY_COMPARE:
        return reply(one->key_count == 1);
    case KEY_DATA_CREATOR:
        return reply_key(KEY_DATA, 9);
    default:
        return device_order(one);
    }
}

/* A message to the target through a start key. */
static struct expected start(const struct matrix_case *one, uint8_t data_byte, bool forwarded)
{
    if (one->state != DOMAIN_AVAILABLE)
        return (struct expected){.outcome = OUTCOME_STALLED};
    return (struct expected){.outcome = OUTCOME_DELIVERED,
                             .code = one->order,
                             .length_bytes = length_of(one),
                             .data_byte = data_byte,
                             .forwarded = forwarded};
}

static struct expected resume(const struct matrix_case *one)
{
    if (one->state != DOMAIN_WAITING)
        return (struct expected){.outcome = OUTCOME_VANISHED};
    if (one->thing->data_byte == RESUME_RESTART && one->order != 0)
        return (struct expected){.outcome = OUTCOME_REFUSED};
    if (one->thing->data_byte != RESUME_RETURN)
        return (struct expected){.outcome = OUTCOME_RESUMED};
    return (struct expected){
        .outcome = OUTCOME_DELIVERED, .code = one->order, .length_bytes = length_of(one)};
}

struct expected oracle(const struct oracle_objects *objects, const struct matrix_case *one)
{
    const struct thing *thing = one->thing;
    enum key_type type = thing->type;
    uint64_t most = one->mode == STRING_REGISTERS ? STRING_REGISTER_BYTES : STRING_BYTES_MAX;
    if (length_of(one) > most)
        return (struct expected){.outcome = OUTCOME_TRAPPED, .code = TRAP_LENGTH};
    bool red = thing->id == objects->red && thing->data_byte == 0;
    if ((type == KEY_SEGMENT || type == KEY_FRONT_END) && red)
        return start(one, ORACLE_KEEPER_BYTE, true);
    if (type == KEY_START)
        return start(one, thing->data_byte, false);
    if (type == KEY_RESUME)
        return resume(one);
    if (type == KEY_DATA) {
        struct expected expected = reply_bytes(one->order == 1 ? 16 : 8);
        expected.code = RC_DATA_KEY;
        return expected;
    }
    if (one->order == ORDER_TYPE && type != KEY_FRONT_END)
        return reply(type_answer(thing));
    if (type == KEY_RETURNER)
        return returner_order(objects, one);
    if (!order_exists(type, one->order))
        return reply(RC_BAD_ORDER);
    if (order_changes(type, one->order) && (thing->data_byte & KEY_READ_ONLY))
        return reply(RC_READ_ONLY);
    if (length_of(one) < 8 * words_needed(type, one->order))
        return reply(RC_FORMAT);
    return known_order(objects, one);
}

void oracle_words(const struct matrix_case *one, uint64_t words[2])
{
    enum key_type type = one->thing->type;
    uint64_t order = one->order;
    words[0] = words[1] = 0;
    if (type == KEY_PAGE && order == PAGE_READ)
        words[0] = 16, words[1] = 32;
    if (type == KEY_NODE && order == NODE_WRITE_DATA)
        words[0] = 5, words[1] = 77;
    if (type == KEY_NODE_RANGE || type == KEY_PAGE_RANGE)
        words[0] = 1, words[1] = 2;
    if (type == KEY_DATA_CREATOR && order == DATA_CREATE_NUMBER)
        words[0] = 9;
    if (type == KEY_DATA_CREATOR && order == DATA_CREATE)
        words[0] = 0x12340000, words[1] = 9;
    if (type == KEY_PEEK)
        words[0] = 1;
}

/* Key 0 for the domain tool. */
static enum key_type tool_key(const struct oracle_objects *objects, uint64_t order, uint64_t *id)
{
    static const enum key_type types[] = {KEY_NODE, KEY_START, KEY_RESUME, KEY_DOMAIN};
    *id = objects->target;
    if (order <= DOMAIN_TOOL_DOMAIN)
        return types[order];
    *id = order < DOMAIN_TOOL_METER ? objects->red : objects->meter;
    return order < DOMAIN_TOOL_METER ? KEY_FRONT_END : KEY_METER;
}

static enum key_type key_0(const struct oracle_objects *objects, const struct matrix_case *one,
                           uint64_t *id)
{
    switch ((unsigned)one->thing->type) {
    case KEY_PAGE:
    case KEY_PAGE_RANGE:
    case KEY_JOURNAL:
        *id = objects->other_page;
        return KEY_PAGE;
    case KEY_NODE_RANGE:
        *id = objects->other_node;
        return KEY_NODE;
    case KEY_DOMAIN:
        *id = objects->target;
        return one->order == DOMAIN_COMPARE ? KEY_DOMAIN : KEY_FETCH;
    case KEY_DOMAIN_TOOL:
        return tool_key(objects, one->order, id);
    default:
        *id = objects->node;
        return KEY_FETCH;
    }
}

enum key_type oracle_key(const struct oracle_objects *objects, const struct matrix_case *one,
                         unsigned index, uint64_t *id)
{
    bool two_equal = one->thing->type == KEY_DISCRIM || one->thing->type == KEY_COMPARE;
    if (index == 0 || (index == 1 && two_equal))
        return key_0(objects, one, id);
    if (index == 1 && one->thing->type == KEY_DOMAIN_TOOL) {
        *id = objects->waiter;
        return KEY_START;
    }
    if (index == 3) {
        *id = objects->waiter;
        return KEY_RESUME;
    }
    *id = NUMBER + index;
    return KEY_DATA;
}
