/* SPDX-License-Identifier: GPL-2.0-or-later */
/* abi.h - what a domain may rely on: the one kernel call, keys by number, order and return codes.
 *
 * Shared by the kernel, the domain runtime (disks/domains/rt), the image builder and the tests; it
 * holds constants and plain structs only. The semantics are those of KeyKOS, as its C kernel
 * has them (Agorics' release under the MIT licence, folder Base). Where a comment in this tree says
 * "KeyKOS gatec.c", that file of it is meant; no code was taken from it.
 *
 * THE CALL. A domain executes `ecall` with
 *
 *   a0  order code (CALL, FORK, RETURN through a start key) or return code (through a resume key),
 *       64 bits
 *   a1  exit block: which key, how, what is sent
 *   a2  entry block: what is accepted when the next message arrives
 *   a3  address of the string to send          (STRING_MEMORY)
 *   a4  its length in bytes, 0..4096           (STRING_MEMORY and STRING_REGISTERS; there 0..32)
 *   a5  address of the buffer to receive into  (entry STRING_MEMORY)
 *   a6  size of that buffer in bytes           (entry STRING_MEMORY)
 *   t3..t6  the string itself, 32 bytes        (STRING_REGISTERS)
 *
 * and when its next message arrives it continues after the ecall with
 *
 *   a0  order or return code (0 unless accepted)
 *   a1  data byte of the start key through which it came; 0 for a reply
 *   a4  length that was sent, which may be more than was accepted
 *   t3..t6  the string                         (entry STRING_REGISTERS, else 0)
 *   sp gp tp s0..s11 and, if FS was Dirty, f0..f31 and fcsr: as they were
 *   every other register: 0. They are dead across the call, so that no other domain's value can be
 *   seen.
 *
 * From registers to registers all 32 bytes pass as they are, whatever the length says; from memory
 * to registers, and from the kernel's own keys, the rest is 0.
 * After FORK the sender continues at once with a0, a1, a4, t3..t6 as 0 and the same registers dead.
 * A string longer than the receiver's buffer is cut; a4 still tells what was sent.
 * Keys that were not sent arrive as data key 0; keys that are not accepted are dropped.
 * While a domain waits for a message, its dead registers read as 0 through its domain key; only the
 * entry block and the buffer it names are kept.
 */
#ifndef LATCHKEY_KERNEL_ABI_H
#define LATCHKEY_KERNEL_ABI_H

#include <stdint.h>

/* Exit block (a1). Bits without a meaning are ignored, in both blocks. Slots of the keys that most
 * messages carry stand where one masking gives the offset into the keys node. */
#define EXIT_KIND(exit) ((unsigned)(exit) & 3u) /* bits 0..1: enum invoke_kind */
#define EXIT_SLOT_SHIFT 5                       /* bits 5..8: slot of the key invoked */
#define EXIT_STRING_SHIFT 9                     /* bits 9..10: enum string_mode */
#define EXIT_MASK_SHIFT 12                      /* bits 12..15: bit i set: key i is sent */
#define EXIT_KEYS_SHIFT 16                      /* bits 16+4i..19+4i: slot of key i, i = 0..3 */
#define EXIT_BLOCK(kind, slot) ((uint64_t)(kind) | ((uint64_t)(slot) & 15u) << EXIT_SLOT_SHIFT)
#define EXIT_SENDS(i, slot)                                                                        \
    (1ull << (EXIT_MASK_SHIFT + (i)) | ((uint64_t)(slot) & 15u) << (EXIT_KEYS_SHIFT + 4 * (i)))
#define EXIT_STRING(mode) ((uint64_t)(mode) << EXIT_STRING_SHIFT)
#define EXIT_SLOT(exit) ((unsigned)((exit) >> EXIT_SLOT_SHIFT) & 15u)
#define EXIT_STRING_MODE(exit) ((unsigned)((exit) >> EXIT_STRING_SHIFT) & 3u)
#define EXIT_IS_SENT(exit, i) ((exit) >> (EXIT_MASK_SHIFT + (i)) & 1u)
#define EXIT_KEY_SLOT(exit, i) ((unsigned)((exit) >> (EXIT_KEYS_SHIFT + 4 * (i))) & 15u)
enum invoke_kind { INVOKE_CALL = 1, INVOKE_RETURN = 2, INVOKE_FORK = 3 };
enum string_mode { STRING_NONE = 0, STRING_MEMORY = 1, STRING_REGISTERS = 2 };

/* Entry block (a2). */
#define ENTRY_MASK 15u                          /* bits 0..3: bit i set: key i is accepted */
#define ENTRY_CODE 16u                          /* accepts a nonzero order or return code */
#define ENTRY_KEY_3_SHIFT 5                     /* bits 5..8: slot that receives key 3 */
#define ENTRY_STRING_SHIFT 9                    /* bits 9..10: enum string_mode */
#define ENTRY_KEYS_SHIFT 16                     /* bits 16+4i..19+4i: slot for key i < 3 */
#define ENTRY_KEY_SHIFT(i) ((i) == 3 ? ENTRY_KEY_3_SHIFT : ENTRY_KEYS_SHIFT + 4 * (int)(i))
#define ENTRY_TAKES(i, slot)                                                                       \
    (1ull << (i) | ((uint64_t)(slot) & 15u) << ENTRY_KEY_SHIFT(i))
#define ENTRY_STRING(mode) ((uint64_t)(mode) << ENTRY_STRING_SHIFT)
#define ENTRY_STRING_MODE(entry) ((unsigned)((entry) >> ENTRY_STRING_SHIFT) & 3u)
#define ENTRY_IS_TAKEN(entry, i) ((entry) >> (i) & 1u)
#define ENTRY_KEY_SLOT(entry, i) ((unsigned)((entry) >> ENTRY_KEY_SHIFT(i)) & 15u)

#define STRING_BYTES_MAX 4096u
#define STRING_REGISTER_BYTES 32u
/* Key 3 of a CALL is the fresh resume key, whatever the sender's mask says. */
#define MESSAGE_KEYS 4u

#define PAGE_BYTES 4096u
#define NODE_SLOTS 16u
#define USER_ADDRESS_BITS 38u /* Sv39, lower half: domains see addresses 0 .. 2^38 - 1 */

/* Key types, as byte 0 of a key on disk. Data bytes (byte 1) beside them. */
enum key_type {
    KEY_DATA = 0,       /* 14 bytes of data; all zero = data key 0 */
    KEY_PAGE = 1,       /* KEY_READ_ONLY */
    KEY_SEGMENT = 2,    /* KEY_READ_ONLY | KEY_NO_CALL | size code */
    KEY_NODE = 3,       /* same */
    KEY_METER = 4,
    KEY_FETCH = 5,      /* as KEY_NODE, fetch orders only */
    KEY_START = 6,      /* the byte handed to the callee */
    KEY_RESUME = 7,     /* enum resume_kind; count is the call count */
    KEY_DOMAIN = 8,     /* KEY_READ_ONLY */
    KEY_SENSE = 9,      /* as KEY_NODE; everything fetched is weakened */
    KEY_FRONT_END = 10,
    KEY_NODE_RANGE = 11, /* oid: first; count: number of nodes */
    KEY_PAGE_RANGE = 12,
    KEY_RETURNER = 13,
    KEY_DISCRIM = 14,
    KEY_DOMAIN_TOOL = 15,
    KEY_DATA_CREATOR = 16,
    KEY_COMPARE = 17,
    KEY_PEEK = 18,
    KEY_TIMER = 19,
    KEY_CONSOLE = 20,
    KEY_DISPLAY = 21,
    KEY_INPUT = 22,     /* enum input_select */
    KEY_CHECKPOINT = 23,
    KEY_JOURNAL = 24,
    KEY_ERROR_LOG = 25,
    KEY_POWER = 26,
    KEY_TYPE_COUNT
};
#define KEY_READ_ONLY 0x80u
#define KEY_NO_CALL 0x40u
/* LSS: a node spans 16^(LSS+1) bytes, LSS 3..9; 0: red; a page acts as 2. */
#define KEY_SIZE_CODE 0x0fu
#define SIZE_CODE_PAGE 2u
#define SIZE_CODE_MIN 3u
#define SIZE_CODE_MAX 9u
enum resume_kind { RESUME_RESTART = 0, RESUME_RETURN = 2, RESUME_FAULT = 4 };
enum input_select { INPUT_KEYBOARD = 0, INPUT_POINTER_DEVICE = 1, INPUT_BOTH = 2 };

/* Order and return codes that every kernel key knows (KeyKOS: KT = 2^31). */
#define KT 0x80000000ull
#define RC_OK 0ull
#define RC_DATA_KEY (KT + 1)     /* a data key (or a voided one) was invoked */
#define RC_BAD_ORDER (KT + 2)    /* this key has no such order */
#define RC_FORMAT (KT + 3)       /* string or keys of the message have the wrong shape */
/* No space: where it may come from, or for more changes when no checkpoints are taken. */
#define RC_NO_NODES (KT + 6)
#define RC_NO_PAGES (KT + 7)
#define RC_READ_ONLY (KT + 8)    /* a change through a read-only key */
#define RC_NOT_YET (KT + 16)     /* the facility is present in the protocol and not available */
#define RC_DEVICE (KT + 17)      /* the device, or the disk with the object, failed or is absent */
#define RC_RESTARTED (KT + 18)   /* the system restarted while the caller waited for the device */
#define RC_NOT_THERE 0xffffffffffffffffull /* "-1": no such object, comparison false */
#define ORDER_TYPE KT            /* answered with one of AKT_* */
#define ORDER_KEEPER 0xffffffffffffffffull /* a segment or meter keeper is called */

/* Alleged key types: the answer to ORDER_TYPE. Values of KeyKOS where it had the type. */
#define AKT_SENSE 0x01u
#define AKT_NODE 0x03u
#define AKT_FETCH 0x04u
#define AKT_SEGMENT 0x05u        /* | size code << 8 | AKT_READ_ONLY */
#define AKT_METER 0x06u
#define AKT_DOMAIN 0x07u
#define AKT_PAGE 0x202u          /* | AKT_READ_ONLY */
#define AKT_READ_ONLY 0x1000u
#define AKT_DOMAIN_TOOL 0x109u
#define AKT_RETURNER 0x209u
#define AKT_DATA_CREATOR 0x309u
#define AKT_DISCRIM 0x409u
#define AKT_TIMER 0x509u
#define AKT_PEEK 0x909u
#define AKT_JOURNAL 0xb09u
#define AKT_CONSOLE 0xc09u
#define AKT_COMPARE 0xe09u
#define AKT_CHECKPOINT 0xf09u
#define AKT_DISPLAY 0x12cu
#define AKT_INPUT 0x22cu
#define AKT_POWER 0x42cu
#define AKT_ERROR_LOG 0x52cu
#define AKT_NODE_RANGE 0x62cu
#define AKT_PAGE_RANGE 0x72cu

/* Data key: any order answers RC_DATA_KEY with a string: order 1, 16 bytes (2 zero bytes, then
 * bytes 2..15 of the key); any other, the last 8 bytes (the number, little-endian). */

/* Every key type with every order, what it takes, gives and answers: kernel/orders.md. */

/* Node keys. Fetch, sense and segment keys know some of these. */
#define NODE_FETCH 0u            /* + slot -> [key] */
#define NODE_SWAP 16u            /* + slot [key] -> [old key] */
#define NODE_MAKE_FETCH 32u      /* string: data byte, in all MAKE orders; default: as this key */
#define NODE_MAKE_SEGMENT 33u
#define NODE_MAKE_METER 34u
#define NODE_MAKE_NODE 35u
#define NODE_MAKE_SENSE 36u
#define NODE_MAKE_FRONT_END 37u
#define NODE_COMPARE 38u         /* [node-like key] -> 0 same node, 1 not */
#define NODE_CLEAR 39u
#define NODE_DATA_BYTE 40u       /* -> the key's data byte as return code */
#define NODE_WRITE_DATA 45u      /* string: u64 slot, u64 number: the slot holds that data key */
#define NODE_CLONE 46u           /* [node-like key]: copy all 16 of its keys into this node */

/* Page keys. */
#define PAGE_MAKE_READ_ONLY 0u   /* -> [key] */
#define PAGE_CLEAR 39u
#define PAGE_TEST_ZERO 41u       /* -> 0 all zero, 1 not */
#define PAGE_COPY 42u            /* [page key]: copy its contents into this page */
#define PAGE_READ 43u            /* string: u64 offset, u64 length -> string */
#define PAGE_WRITE 4096u         /* + offset 0..4095, string: bytes to write */

/* Domain keys (KeyKOS numbers). Root slots that may be fetched and swapped: METER, KEEPER, MEMORY,
 * and the general root slots SPARE_0, SPARE_1, PRIORITY. */
#define DOMAIN_FETCH_ROOT 0u     /* + root slot -> [key] */
#define DOMAIN_FETCH 16u         /* + general slot -> [key] */
#define DOMAIN_SWAP_ROOT 32u     /* + root slot [key] -> [old key] */
#define DOMAIN_SWAP 48u          /* + general slot [key] -> [old key] */
#define DOMAIN_MAKE_START 64u    /* string: u8 data byte -> [start key] */
#define DOMAIN_MAKE_AVAILABLE 65u
#define DOMAIN_MAKE_FAULT 66u    /* -> [resume key, RESUME_FAULT] */
#define DOMAIN_MAKE_BUSY 67u     /* -> [resume key, RESUME_FAULT] */
#define DOMAIN_GET_CONTROL 68u   /* -> string: struct domain_control */
#define DOMAIN_PUT_CONTROL 69u
#define DOMAIN_GET_REGISTERS 70u /* -> string: struct domain_registers, or as much as is accepted */
#define DOMAIN_PUT_REGISTERS 71u /* string: a whole number of words from word 0 (pc) on */
#define DOMAIN_WEAKEN 72u        /* -> [domain key, KEY_READ_ONLY: GET_*, COMPARE, WEAKEN only] */
#define DOMAIN_MAKE_RESUME 73u   /* -> [resume key, RESUME_RETURN] */
#define DOMAIN_REPLACE_MEMORY 74u /* [segment], string: u64 pc -> [old segment] */
#define DOMAIN_PUT_ALL 75u       /* string as to a domain keeper: registers, then control */
#define DOMAIN_MAKE_RESTART 76u  /* -> [resume key, RESUME_RESTART] */
#define DOMAIN_COMPARE 80u       /* [domain key] -> 0 same, 1 not */

/* Slots of a domain's root node. */
enum domain_slot {
    DOMAIN_SLOT_BRAND = 0,
    DOMAIN_SLOT_METER = 1,
    DOMAIN_SLOT_KEEPER = 2,
    DOMAIN_SLOT_MEMORY = 3,
    DOMAIN_SLOT_TRAP = 5,       /* data key: trap code; 0: none */
    DOMAIN_SLOT_TRAP_VALUE = 6, /* data key: stval or faulting address */
    DOMAIN_SLOT_REGISTERS_1 = 8, /* register nodes: words 28..55 */
    DOMAIN_SLOT_REGISTERS_2 = 9, /* words 56..64 */
    DOMAIN_SLOT_SPARE_0 = 10,   /* general, e.g. the symbol table */
    DOMAIN_SLOT_SPARE_1 = 11,
    DOMAIN_SLOT_PRIORITY = 12,  /* data key 0..7, 0 the lowest */
    DOMAIN_SLOT_STATE = 13,     /* data key: enum domain_state */
    DOMAIN_SLOT_KEYS = 14,      /* node key: the 16 general slots */
    DOMAIN_SLOT_REGISTERS_0 = 15 /* words 0..27 */
};
enum domain_state { DOMAIN_AVAILABLE = 0, DOMAIN_WAITING = 1, DOMAIN_RUNNING = 2 };

/* The user-visible machine state, in the order of the register nodes. Each of the three nodes holds
 * 224 bytes: 14 in each of its 16 data keys (bytes 2..15 of the key), slot after slot. */
#define REGISTER_WORDS 65u /* pc, x1..x31, f0..f31, fcsr */
struct domain_registers {
    uint64_t pc;
    uint64_t x[31]; /* x1..x31 */
    uint64_t f[32];
    uint64_t fcsr;
};
struct domain_control {
    uint64_t trap_code;  /* 0: none; writing 0 lets a restart succeed */
    uint64_t trap_value;
    uint64_t state;      /* enum domain_state; ignored when written */
    uint64_t trap_scause; /* low 8 bits of RISC-V scause for hardware traps */
};
#define REGISTER_NODE_WORDS 28u
#define REGISTER_KEY_BYTES 14u

/* Trap codes given to domain keepers as order KT + code. Hardware causes are TRAP_HARDWARE +
 * scause. */
#define TRAP_NO_JUMPS 0x0bcu
#define TRAP_CODE_REJECTED 0x100u
#define TRAP_KEEPER_REFUSED 0x104u /* by its segment or meter keeper; the value is the code */
#define TRAP_MEMORY 0x200u       /* + 4 * enum memory_fault, when no segment keeper takes it */
#define TRAP_SELF_JUMP 0x300u
#define TRAP_BAD_EXIT 0x304u
#define TRAP_BAD_ENTRY 0x308u
#define TRAP_LENGTH 0x30cu
#define TRAP_BAD_STRING 0x310u   /* the sent string is not readable */
#define TRAP_BAD_BUFFER 0x314u   /* the receive buffer is not writable */
#define TRAP_METER_KEY 0x404u
#define TRAP_METER_SHAPE 0x408u
#define TRAP_METER_OVERLAP 0x40cu
#define TRAP_METER_DEPTH 0x410u
#define TRAP_DOMAIN_OVERLAP 0x600u
#define TRAP_FRONT_END_LOOP 0x640u /* a message was passed on more than FRONT_END_DEPTH_MAX times */
#define TRAP_HARDWARE 0x800u
enum memory_fault {
    MEMORY_OK = 0, MEMORY_READ_ONLY = 1, MEMORY_KEY_TYPE = 2, MEMORY_OUTSIDE = 3,
    MEMORY_OVERLAP = 4, MEMORY_NO_KEY = 5, MEMORY_TOO_DEEP = 6, MEMORY_FORMAT_KEY = 7,
    MEMORY_FORMAT = 8, MEMORY_SIZE_CODE = 9, MEMORY_WINDOW_ALIGN = 10, MEMORY_NO_BACKGROUND = 13,
    MEMORY_WINDOW_LARGE = 14, MEMORY_KERNEL = 21,
    MEMORY_NO_SPACE = 22 /* no checkpoints are taken, and memory is full of changes */
};
/* Message to a domain keeper: order KT + trap code, string struct domain_registers then struct
 * domain_control, key 2 the domain key, key 3 a resume key RESUME_FAULT. To a segment keeper: order
 * ORDER_KEEPER, string u64 offset in the segment, u64 enum memory_fault, key 2 the node key of the
 * red node, key 3 RESUME_RESTART. To a meter keeper: ORDER_KEEPER, string u64 USED of the meter,
 * key 2 node key of the dry meter, key 3 RESUME_RESTART. A keeper key may be a start key or a
 * resume key RESUME_RETURN. A RESUME_RESTART that is invoked with the code 0 lets the domain try
 * again; with another code the domain traps, as TRAP_KEEPER_REFUSED. */
#define SEGMENT_DEPTH_MAX 20u
#define FRONT_END_DEPTH_MAX 20u
#define METER_DEPTH_MAX 20u

/* Red segment node: slot 15 holds the format data key; its number (bytes 8..15) is
 * flags << 24 | local << 20 | background << 16 | keeper << 12 | initial slots << 4 | size code. */
#define RED_FORMAT_SLOT 15u
#define RED_NO_SLOT 15u          /* in local, background or keeper: none */
#define RED_FLAG_NO_NODE 1u      /* the keeper does not get the node key */
#define RED_SIZE_CODE(f) ((unsigned)(f) & 15u)
#define RED_INITIAL_SLOTS(f) ((unsigned)((f) >> 4) & 15u)
#define RED_KEEPER_SLOT(f) ((unsigned)((f) >> 12) & 15u)
#define RED_BACKGROUND_SLOT(f) ((unsigned)((f) >> 16) & 15u)
#define RED_LOCAL_SLOT(f) ((unsigned)((f) >> 20) & 15u)
#define RED_FLAGS(f) ((unsigned)((f) >> 24) & 15u)

/* Calling a front-end key, or a red segment key without KEY_NO_CALL whose node names a keeper, is
 * calling the key in the keeper's slot: the message goes there as it is, but with a node key of the
 * red node as key 2 (unless RED_FLAG_NO_NODE). Such a slot may hold another such key. */

/* Window: a data key in a slot of a segment node whose number has WINDOW_MARK. It shows a part of
 * another segment there: of the background key of the innermost red node around it, or of that
 * node's slot WINDOW_SLOT, from the page-aligned offset in the number's remaining bits on. Source:
 * KeyKOS memoryc.c. */
#define WINDOW_MARK 2u
#define WINDOW_BACKGROUND 1u
#define WINDOW_READ_ONLY 8u
#define WINDOW_NO_CALL 4u
#define WINDOW_SLOT(number) ((unsigned)((number) >> 4) & 15u)
#define WINDOW_OFFSET(number) ((number) & ~(uint64_t)0xfff)

/* Meter node slots. COUNTER is a data key: cycles left; it counts down to 0 for this meter and
 * every meter above. At 0 the meter is dry: a domain that pays by it, or by one below it, calls
 * KEEPER, or, if that is no key to a domain that can be called, waits until a slot of the node is
 * written. USED is a data key, too: all cycles that were charged, also those that ran between 0 and
 * the moment when that was noticed. SUPERIOR is the meter key of the one above; only the prime
 * meter has none. A fresh store's prime meter starts at METER_PRIME_START: centuries. */
#define METER_PRIME_START 0x7fffffffffffffffull
enum meter_slot {
    METER_SLOT_SUPERIOR = 1, METER_SLOT_KEEPER = 2, METER_SLOT_COUNTER = 3, METER_SLOT_USED = 4
};

/* Discrim: 0 type -> 1 data 2 resume 3 memory 4 meter 5 other; 1 discreet -> 0 yes 1 no;
 * 2 compare two keys -> 0 equal 1 not. Compare key: order 0 [key, key] -> 0 equal 1 not. */
#define DISCRIM_TYPE 0u
#define DISCRIM_DISCREET 1u
#define DISCRIM_COMPARE 2u
#define COMPARE_KEYS 0u

/* Range keys: authority over a run of nodes or of pages, named by their offset in it. Keys given
 * are node keys (page keys) without KEY_READ_ONLY; others are not of the range. RC_DEVICE: the
 * object cannot be read. RC_NO_NODES, RC_NO_PAGES: it is retired (disks/format.h, rule 4), or
 * became so by this order; no key to it is valid, and none will ever be.
 * SEVER leaves the contents, and a domain's process, as they are. CREATE makes the node or page all
 * zero; a process whose root it was is gone. A node that the caller itself is made of traps as an
 * overlap in both. */
#define RANGE_MAKE 0u            /* string: u64 offset -> [key]; RC_NOT_THERE: not in the range */
#define RANGE_IDENTIFY 1u        /* [key] -> string: u64 offset; RC_NOT_THERE: not of this range */
#define RANGE_SEVER 2u           /* [key] -> [key]: all other keys to the object are void */
#define RANGE_CREATE 9u          /* string: u64 offset -> [key]: severed and cleared */
#define RANGE_COUNT 10u          /* -> string: u64 number of objects */
#define RANGE_SUBRANGE 11u       /* string: u64 first offset, u64 number, not 0 -> [range key] */

/* Domain tool: who holds it and a brand can tell the domains with that brand (root slot
 * DOMAIN_SLOT_BRAND), and open them. RC_NOT_THERE: another brand, or no such thing; data keys are
 * no brands. */
#define DOMAIN_TOOL_MAKE 0u      /* [node key of a root, brand] -> [domain key] */
#define DOMAIN_TOOL_START 1u     /* [start key, brand] -> [node key of the root] */
#define DOMAIN_TOOL_RESUME 2u    /* [resume key, brand] -> [node key of the root] */
#define DOMAIN_TOOL_DOMAIN 3u    /* [domain key, brand] -> [node key of the root] */
#define DOMAIN_TOOL_SEGMENT 5u   /* [segment, brand]: its keeper is a start key with the brand ->
                                  * [root node key, node key of the red node]; 6, 7: resume,
                                  * domain key */
#define DOMAIN_TOOL_METER 9u     /* [meter, brand] likewise; 10, 11 */

/* Data creator. */
#define DATA_CREATE_NUMBER 0u    /* string: u64 -> [data key] */
#define DATA_CREATE 1u           /* string: 16 bytes, as a data key's order 1 gives -> [data key] */

/* Peek: the kernel's counters. */
#define PEEK_COUNT 0u            /* -> return code: how many there are */
#define PEEK_NAME 1u             /* string: u64 index -> string: its name */
#define PEEK_READ 2u             /* string: u64 first index -> string: u64 values from there on */

/* Error log: the last bytes that the kernel printed, numbered from 0 since power-on. */
#define ERROR_LOG_READ 0u        /* string: u64 from -> string: u64 number of the first, bytes */

/* Checkpoint and journal keys. */
#define CHECKPOINT_WAIT 0u       /* string: u64 generation: returns when it is committed */
#define CHECKPOINT_FORCE 1u      /* -> string: u64 generation, when it is committed */
#define CHECKPOINT_STATUS 2u     /* -> string: u64 generation, u64 phase, u64 interval */
#define CHECKPOINT_INTERVAL 3u   /* string: u64 nanoseconds between checkpoints; 0: only forced */
#define JOURNAL_WRITE 0u         /* [page key]: returns when its contents will survive */
#define JOURNAL_RESTARTS 1u      /* -> string: u64 restarts of this store so far */

/* Devices. A read that finds nothing makes the caller wait in the call, its pc at the ecall. */
#define CONSOLE_READ 0u          /* -> string: 1 or more bytes, as many as are there and fit */
#define CONSOLE_WRITE 1u         /* string */
#define DISPLAY_INFO 0u          /* -> string: struct display_info */
#define DISPLAY_ATTACH 1u /* [segment]: the pixels, row after row, x8r8g8b8, from its offset 0 */
#define DISPLAY_FLUSH 2u /* string: struct display_rectangle; shown when the call returns */
#define DISPLAY_DETACH 3u
/* An attach ends the one before, whatever comes of it. RC_FORMAT: the segment does not reach over
 * the whole screen; RC_NO_PAGES: the screen is too large for this much memory. A flush with nothing
 * attached answers RC_RESTARTED: attach again. */
#define INPUT_READ 0u            /* -> string: 1 or more struct input_event */
#define TIMER_NOW 0u             /* -> string: u64 nanoseconds of system time, never going back */
#define TIMER_WAIT_UNTIL 1u      /* string: u64 system time; returns when it has come */
#define TIMER_CALENDAR 2u        /* -> string: u64 nanoseconds since 1970-01-01 UTC */
#define POWER_OFF_ORDER 0u       /* string: u64 exit code */
#define POWER_RESET_ORDER 1u
struct display_info {
    uint32_t width, height, stride_bytes, reserved;
};
struct display_rectangle {
    uint32_t x, y, width, height;
};
/* As Linux evdev: types EV_SYN 0, EV_KEY 1, EV_REL 2, EV_ABS 3; tablet axes 0..32767. */
struct input_event {
    uint16_t type, code;
    int32_t value;
};

#endif
