/* SPDX-License-Identifier: GPL-2.0-or-later */
/* protocol.h - the messages of our own domains: orders, return codes, data bytes of their start
 * keys.
 *
 * They keep the customs of kernel keys: 0 is success, codes from KT on are refusals, ORDER_TYPE is
 * answered with the type. The typed calls are in interface.h.
 */
#ifndef LATCHKEY_DOMAINS_PROTOCOL_H
#define LATCHKEY_DOMAINS_PROTOCOL_H

#include <stdint.h>

/* Answers to ORDER_TYPE. Above 16 bits, where no kernel key has its types. */
#define TYPE_PONG 0x10001u
#define TYPE_COUNTER 0x10002u
#define TYPE_SCREEN 0x10003u
#define TYPE_FAULTY 0x10004u
#define TYPE_KEEPER 0x10005u
#define TYPE_BYSTANDER 0x10006u
#define TYPE_SHELL 0x10008u

/* Pong. Any order but ORDER_TYPE is answered with the order plus one, the string with one added to
 * every byte, and keys 0..2 in the places in which they came. */

/* Shell. Any order but ORDER_TYPE: it takes the console until a person tells it to exit; 1: it is
 * in use. */

/* Counter: one 64-bit number, kept from run to run as all memory is. Through a start key with the
 * data byte COUNTER_READER it can only be read. */
#define COUNTER_GET 0u /* -> word */
#define COUNTER_ADD 1u /* word -> the sum */
#define COUNTER_READER 1u

/* Screen. RC_DEVICE from all orders: there is no display (now). Data byte SCREEN_CLIENT: only COLOR
 * and TEXT. */
#define SCREEN_TICK 1u    /* word: system time in ns; draws what moves */
#define SCREEN_KEYS 2u    /* string: struct input_event of a keyboard */
#define SCREEN_POINTER 3u /* the same, of a pointer */
#define SCREEN_COLOR 4u   /* word: 0xRRGGBB for the picture and the brush */
#define SCREEN_TEXT 5u    /* string: UTF-8 text, added to what was typed */
#define SCREEN_CLIENT 1u

/* Faulty: traps in the way asked for and answers with what came out of it. */
/* word: enum fault_kind -> word; return code 0 when the outcome is what it should be. */
#define FAULTY_RUN 1u
enum fault_kind {
    FAULT_INSTRUCTION, /* an instruction that does not exist: the keeper carries it out */
    FAULT_LOAD,        /* a load where there is no memory: the keeper supplies the value */
    FAULT_STORE,       /* a store into read-only memory: the keeper skips it */
    FAULT_BREAK,       /* ebreak: counted, skipped */
    FAULT_CALL,        /* a key call with a string longer than a message: answered for the kernel */
    FAULT_JUMP,        /* a jump into nowhere: brought back to its return address */
    FAULT_STACK,       /* its stack pointer is lost: begun again; caller told RC_NOT_THERE */
    FAULT_KIND_COUNT
};
#define FAULTY_LOADED 0x6b6579u /* what the keeper supplies for a bad load */
/* What faulty and its keeper have agreed on: at a trap s10 holds the address at which to go on, and
 * a0 is where a load goes to. The instruction that does not exist is in opcode space custom-0,
 * register form, and means rd = rs1 rotated left by 7, exclusive or rs2. Begun again, faulty gets
 * FAULTY_AGAIN as argument. */
#define FAULTY_OPCODE 0x0bu
#define FAULTY_AGAIN 1u

/* Keeper. Data byte KEEPER_FOR_TRAPS: messages of the kernel (abi.h); KEEPER_FOR_QUESTIONS:
 * reports. */
#define KEEPER_REPORT 1u /* -> struct keeper_report */
#define KEEPER_FOR_TRAPS 0u
#define KEEPER_FOR_QUESTIONS 1u
struct keeper_report {
    uint64_t trap_count;    /* since the beginning */
    uint64_t restart_count; /* of them, cases where nothing could be repaired */
};

#endif
