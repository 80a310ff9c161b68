/* SPDX-License-Identifier: GPL-2.0-or-later */
/* interface.h - every order as a typed call, made from the one table below.
 *
 * A line of the table gives a shape, the name of the call, its order code and, for structures, the
 * type. The calls are inline; all take the slot of the key first and return the return code.
 * Programs use these and hardly ever build a message by hand. INTERFACE() is also the list of
 * known orders that the fuzz domain tries.
 *
 *   ORDER       name(slot)
 *   WORD_OUT    name(slot, word)                    one 64-bit word is sent, in registers
 *   WORD_IN     name(slot, &word)                   one comes back
 *   WORD_BOTH   name(slot, word, &answer)
 *   BYTES_OUT   name(slot, bytes, size)             a string from memory
 *   BYTES_IN    name(slot, buffer, &size)           size: in, room; out, bytes that came and fitted
 *   STRUCT_OUT  name(slot, &structure)
 *   STRUCT_IN   name(slot, &structure)              RC_FORMAT when a shorter answer came
 *   KEY_OUT     name(slot, send_slot)
 *   KEY_IN      name(slot, receive_slot)
 *   KEY_BOTH    name(slot, send_slot, receive_slot)
 *   KEYS_IN     name(slot, receive_slots)           as in struct message; likewise:
 *   KEYS_OUT    name(slot, send_slots)
 *   KEYS_BOTH   name(slot, send_slots, receive_slots)
 *   WORD_KEY_IN name(slot, word, receive_slot)
 *   KEY_WORD    name(slot, send_slot, &answer)
 *   AT_IN       name(slot, index, receive_slot)     order + index
 *   AT_BOTH     name(slot, index, send_slot, receive_slot)
 *   BYTE_KEY_IN name(slot, byte, receive_slot)      one byte is sent, a key comes back
 */
#ifndef LATCHKEY_DOMAINS_INTERFACE_H
#define LATCHKEY_DOMAINS_INTERFACE_H

#include "disks/domains/rt/key.h"
#include "disks/domains/rt/protocol.h"

#define INTERFACE(LINE)                                                                            \
    /* every key */                                                                                \
    LINE(ORDER, key_type_of, ORDER_TYPE, void)                                                     \
    /* nodes */                                                                                    \
    LINE(AT_IN, node_fetch, NODE_FETCH, void)                                                      \
    LINE(AT_BOTH, node_swap, NODE_SWAP, void)                                                      \
    LINE(BYTE_KEY_IN, node_make_fetch, NODE_MAKE_FETCH, void)                                      \
    LINE(BYTE_KEY_IN, node_make_segment, NODE_MAKE_SEGMENT, void)                                  \
    LINE(BYTE_KEY_IN, node_make_node, NODE_MAKE_NODE, void)                                        \
    LINE(BYTE_KEY_IN, node_make_sense, NODE_MAKE_SENSE, void)                                      \
    LINE(KEY_IN, node_make_meter, NODE_MAKE_METER, void)                                           \
    LINE(KEY_IN, node_make_front_end, NODE_MAKE_FRONT_END, void)                                   \
    LINE(KEY_OUT, node_compare, NODE_COMPARE, void)                                                \
    LINE(ORDER, node_clear, NODE_CLEAR, void)                                                      \
    LINE(ORDER, node_data_byte, NODE_DATA_BYTE, void)                                              \
    LINE(KEY_OUT, node_clone, NODE_CLONE, void)                                                    \
    /* pages */                                                                                    \
    LINE(KEY_IN, page_make_read_only, PAGE_MAKE_READ_ONLY, void)                                   \
    LINE(ORDER, page_clear, PAGE_CLEAR, void)                                                      \
    LINE(ORDER, page_test_zero, PAGE_TEST_ZERO, void)                                              \
    LINE(KEY_OUT, page_copy, PAGE_COPY, void)                                                      \
    /* domains */                                                                                  \
    LINE(AT_IN, domain_fetch_root, DOMAIN_FETCH_ROOT, void)                                        \
    LINE(AT_IN, domain_fetch, DOMAIN_FETCH, void)                                                  \
    LINE(AT_BOTH, domain_swap_root, DOMAIN_SWAP_ROOT, void)                                        \
    LINE(AT_BOTH, domain_swap, DOMAIN_SWAP, void)                                                  \
    LINE(BYTE_KEY_IN, domain_make_start, DOMAIN_MAKE_START, void)                                  \
    LINE(ORDER, domain_make_available, DOMAIN_MAKE_AVAILABLE, void)                                \
    LINE(KEY_IN, domain_make_fault, DOMAIN_MAKE_FAULT, void)                                       \
    LINE(KEY_IN, domain_make_busy, DOMAIN_MAKE_BUSY, void)                                         \
    LINE(STRUCT_IN, domain_get_control, DOMAIN_GET_CONTROL, struct domain_control)                 \
    LINE(STRUCT_OUT, domain_put_control, DOMAIN_PUT_CONTROL, struct domain_control)                \
    LINE(STRUCT_IN, domain_get_registers, DOMAIN_GET_REGISTERS, struct domain_registers)           \
    LINE(STRUCT_OUT, domain_put_registers, DOMAIN_PUT_REGISTERS, struct domain_registers)          \
    LINE(KEY_IN, domain_make_resume, DOMAIN_MAKE_RESUME, void)                                     \
    LINE(KEY_OUT, domain_compare, DOMAIN_COMPARE, void)                                            \
    /* miscellaneous kernel keys */                                                                \
    LINE(KEY_OUT, discrim_type, DISCRIM_TYPE, void)                                                \
    LINE(KEY_OUT, discrim_discreet, DISCRIM_DISCREET, void)                                        \
    LINE(KEYS_OUT, key_compare, 0, void)                                                           \
    LINE(WORD_IN, number_read, 0, void)                                                            \
    LINE(WORD_KEY_IN, range_make, RANGE_MAKE, void)                                                \
    LINE(KEY_WORD, range_identify, RANGE_IDENTIFY, void)                                           \
    LINE(KEY_BOTH, range_sever, RANGE_SEVER, void)                                                 \
    LINE(WORD_KEY_IN, range_create, RANGE_CREATE, void)                                            \
    LINE(WORD_IN, range_count, RANGE_COUNT, void)                                                  \
    LINE(KEYS_BOTH, domain_tool_make, DOMAIN_TOOL_MAKE, void)                                      \
    LINE(KEYS_BOTH, domain_tool_start, DOMAIN_TOOL_START, void)                                    \
    LINE(KEYS_BOTH, domain_tool_resume, DOMAIN_TOOL_RESUME, void)                                  \
    LINE(KEYS_BOTH, domain_tool_domain, DOMAIN_TOOL_DOMAIN, void)                                  \
    LINE(KEYS_BOTH, domain_tool_segment, DOMAIN_TOOL_SEGMENT, void)                                \
    LINE(WORD_KEY_IN, data_create_number, DATA_CREATE_NUMBER, void)                                \
    /* the store */                                                                                \
    LINE(WORD_OUT, checkpoint_wait, CHECKPOINT_WAIT, void)                                         \
    LINE(WORD_IN, checkpoint_force, CHECKPOINT_FORCE, void)                                        \
    LINE(WORD_OUT, checkpoint_interval, CHECKPOINT_INTERVAL, void)                                 \
    LINE(KEY_OUT, journal_write, JOURNAL_WRITE, void)                                              \
    LINE(WORD_IN, journal_restarts, JOURNAL_RESTARTS, void)                                        \
    /* devices */                                                                                  \
    LINE(BYTES_IN, console_read, CONSOLE_READ, void)                                               \
    LINE(BYTES_OUT, console_write, CONSOLE_WRITE, void)                                            \
    LINE(STRUCT_IN, display_info, DISPLAY_INFO, struct display_info)                               \
    LINE(KEY_OUT, display_attach, DISPLAY_ATTACH, void)                                            \
    LINE(STRUCT_OUT, display_flush, DISPLAY_FLUSH, struct display_rectangle)                       \
    LINE(ORDER, display_detach, DISPLAY_DETACH, void)                                              \
    LINE(BYTES_IN, input_read, INPUT_READ, void)                                                   \
    LINE(WORD_IN, timer_now, TIMER_NOW, void)                                                      \
    LINE(WORD_OUT, timer_wait_until, TIMER_WAIT_UNTIL, void)                                       \
    LINE(WORD_IN, timer_calendar, TIMER_CALENDAR, void)                                            \
    LINE(WORD_OUT, power_off, POWER_OFF_ORDER, void)                                               \
    LINE(ORDER, power_reset, POWER_RESET_ORDER, void)                                              \
    /* domains of ours: protocol.h */                                                              \
    LINE(WORD_IN, counter_get, COUNTER_GET, void)                                                  \
    LINE(WORD_BOTH, counter_add, COUNTER_ADD, void)                                                \
    LINE(WORD_OUT, screen_tick, SCREEN_TICK, void)                                                 \
    LINE(BYTES_OUT, screen_keys, SCREEN_KEYS, void)                                                \
    LINE(BYTES_OUT, screen_pointer, SCREEN_POINTER, void)                                          \
    LINE(WORD_OUT, screen_color, SCREEN_COLOR, void)                                               \
    LINE(BYTES_OUT, screen_text, SCREEN_TEXT, void)                                                \
    LINE(WORD_BOTH, faulty_run, FAULTY_RUN, void)                                                  \
    LINE(STRUCT_IN, keeper_report, KEEPER_REPORT, struct keeper_report)

#define INTERFACE_ORDER(name, order, type)                                                         \
    static inline uint64_t name(unsigned slot) { return key_order(slot, order); }
#define INTERFACE_WORD_OUT(name, order, type)                                                      \
    static inline uint64_t name(unsigned slot, uint64_t word)                                      \
    {                                                                                              \
        return key_order_word(slot, order, word, NULL);                                            \
    }
#define INTERFACE_WORD_IN(name, order, type)                                                       \
    static inline uint64_t name(unsigned slot, uint64_t *word)                                     \
    {                                                                                              \
        struct key_words words = {.length_bytes = 0};                                              \
        uint64_t code = key_order_words(slot, order, &words);                                      \
        *word = words.word[0];                                                                     \
        return code;                                                                               \
    }
#define INTERFACE_WORD_BOTH(name, order, type)                                                     \
    static inline uint64_t name(unsigned slot, uint64_t word, uint64_t *answer)                    \
    {                                                                                              \
        return key_order_word(slot, order, word, answer);                                          \
    }
#define INTERFACE_BYTES_OUT(name, order, type)                                                     \
    static inline uint64_t name(unsigned slot, const void *bytes, size_t size_bytes)               \
    {                                                                                              \
        return key_order_string(slot, order, bytes, size_bytes, NULL, NULL);                       \
    }
#define INTERFACE_BYTES_IN(name, order, type)                                                      \
    static inline uint64_t name(unsigned slot, void *buffer, size_t *size_bytes)                   \
    {                                                                                              \
        return key_order_string(slot, order, NULL, 0, buffer, size_bytes);                         \
    }
#define INTERFACE_STRUCT_OUT(name, order, type)                                                    \
    static inline uint64_t name(unsigned slot, const type *structure)                              \
    {                                                                                              \
        return key_order_string(slot, order, structure, sizeof(type), NULL, NULL);                 \
    }
#define INTERFACE_STRUCT_IN(name, order, type)                                                     \
    static inline uint64_t name(unsigned slot, type *structure)                                    \
    {                                                                                              \
        size_t size_bytes = sizeof(type);                                                          \
        uint64_t code = key_order_string(slot, order, NULL, 0, structure, &size_bytes);            \
        return code == RC_OK && size_bytes < sizeof(type) ? RC_FORMAT : code;                      \
    }
#define INTERFACE_KEY_OUT(name, order, type)                                                       \
    static inline uint64_t name(unsigned slot, unsigned send_slot)                                 \
    {                                                                                              \
        return key_order_keys(slot, order, send_slot, SLOT_NONE);                                  \
    }
#define INTERFACE_KEY_IN(name, order, type)                                                        \
    static inline uint64_t name(unsigned slot, unsigned receive_slot)                              \
    {                                                                                              \
        return key_order_keys(slot, order, SLOT_NONE, receive_slot);                               \
    }
#define INTERFACE_KEY_BOTH(name, order, type)                                                      \
    static inline uint64_t name(unsigned slot, unsigned send_slot, unsigned receive_slot)          \
    {                                                                                              \
        return key_order_keys(slot, order, send_slot, receive_slot);                               \
    }
#define INTERFACE_KEYS_IN(name, order, type)                                                       \
    static inline uint64_t name(unsigned slot, const uint8_t receive_slots[MESSAGE_KEYS])          \
    {                                                                                              \
        return key_order_slots(slot, order, NULL, receive_slots);                                  \
    }
#define INTERFACE_KEYS_OUT(name, order, type)                                                      \
    static inline uint64_t name(unsigned slot, const uint8_t send_slots[MESSAGE_KEYS])             \
    {                                                                                              \
        return key_order_slots(slot, order, send_slots, NULL);                                     \
    }
#define INTERFACE_KEYS_BOTH(name, order, type)                                                     \
    static inline uint64_t name(unsigned slot, const uint8_t send_slots[MESSAGE_KEYS],             \
                                const uint8_t receive_slots[MESSAGE_KEYS])                         \
    {                                                                                              \
        return key_order_slots(slot, order, send_slots, receive_slots);                            \
    }
#define INTERFACE_WORD_KEY_IN(name, order, type)                                                   \
    static inline uint64_t name(unsigned slot, uint64_t word, unsigned receive_slot)               \
    {                                                                                              \
        struct key_words words = {{word}, sizeof(word)};                                           \
        return key_order_key_words(slot, order, SLOT_NONE, receive_slot, &words);                  \
    }
#define INTERFACE_KEY_WORD(name, order, type)                                                      \
    static inline uint64_t name(unsigned slot, unsigned send_slot, uint64_t *answer)               \
    {                                                                                              \
        struct key_words words = {.length_bytes = 0};                                              \
        uint64_t code = key_order_key_words(slot, order, send_slot, SLOT_NONE, &words);            \
        *answer = words.word[0];                                                                   \
        return code;                                                                               \
    }
#define INTERFACE_AT_IN(name, order, type)                                                         \
    static inline uint64_t name(unsigned slot, unsigned index, unsigned receive_slot)              \
    {                                                                                              \
        return key_order_keys(slot, order + index, SLOT_NONE, receive_slot);                       \
    }
#define INTERFACE_AT_BOTH(name, order, type)                                                       \
    static inline uint64_t name(unsigned slot, unsigned index, unsigned send_slot,                 \
                                unsigned receive_slot)                                             \
    {                                                                                              \
        return key_order_keys(slot, order + index, send_slot, receive_slot);                       \
    }
#define INTERFACE_BYTE_KEY_IN(name, order, type)                                                   \
    static inline uint64_t name(unsigned slot, uint8_t byte, unsigned receive_slot)                \
    {                                                                                              \
        struct key_words words = {{byte}, sizeof(byte)};                                           \
        return key_order_key_words(slot, order, SLOT_NONE, receive_slot, &words);                  \
    }
#define INTERFACE_CALL(shape, name, order, type) INTERFACE_##shape(name, order, type)
/* INTERFACE - the calls themselves. */
INTERFACE(INTERFACE_CALL)

#endif
