/* SPDX-License-Identifier: GPL-2.0-or-later */
/* offsets.h - what assembler and C must agree upon: where trap.S and gate.S find things in struct
 * domain, struct node_frame and struct key (domain.c asserts each against the struct), and how long
 * the kernel call is. Constants only: assembler reads this. */
#ifndef LATCHKEY_KERNEL_OFFSETS_H
#define LATCHKEY_KERNEL_OFFSETS_H

/* struct domain begins with the registers in the order of abi.h: pc at 0, register n at 8n, f
 * register n at 256 + 8n, fcsr at 512. */
#define DOMAIN_SATP         520
#define DOMAIN_STATUS       528
#define DOMAIN_RESTORE_ALL  529
#define DOMAIN_SPECIAL      535
#define DOMAIN_ROOT         536
#define DOMAIN_KEYS         544
#define DOMAIN_GATE_LIMIT 552
#define DOMAIN_BUFFER_ADDR  560
#define DOMAIN_BUFFER_BYTES 568
#define DOMAIN_BUFFER_DATA  576
#define DOMAIN_BUFFER_ROOM  584
#define DOMAIN_STRING_START 592
#define DOMAIN_STRING_END   600
#define DOMAIN_STRING_DELTA 608

#define NODE_ID               0
#define NODE_ALLOCATION_COUNT 8
#define NODE_CALL_COUNT       16
#define NODE_RESUME_HEAD      24
#define NODE_ROLE             40
#define NODE_GATE             64
#define NODE_SLOT             120

/* kernel.ld: gp is among the small data, and the stack ends right below them. */
#define STACK_TOP_TO_GP (-1600)

#define ECALL_BYTES 4 /* the length of the instruction of a kernel call */

#define KEY_HEAD   0
#define KEY_COUNT  8
#define KEY_OBJECT 16
#define KEY_SHIFT  5

#define COPY_BLOCK_SHIFT 10
#define COPY_BLOCK_BYTES (1 << COPY_BLOCK_SHIFT) /* the offset of ld and sd is below 2048 */

#define EXIT_FORM         0x603 /* kind and string mode */
#define EXIT_CALL         0x001
#define EXIT_RETURN       0x002
#define EXIT_MASK_SHIFT   12
#define BLOCK_SLOT        0x1e0 /* in both blocks: slot << 5 */
#define ENTRY_STRING_BITS 0x600
#define STRING_MEMORY_BITS    0x200
#define STRING_REGISTERS_BITS 0x400
#define STRING_REGISTERS_ROOM 32
#define STRING_MEMORY_ROOM    4096
#define ENTRY_FORM        0x01f /* keys accepted, and the code */
#define ENTRY_CODE_BIT    0x010
#define ENTRY_KEY_3       0x008
#define ENTRY_KEYS_0_TO_2 0x007
#define ENTRY_KEYS_TO_SLOT 11   /* slot of key 0: bits 16..19, as slot << 5 */
#define ORDERS_OF_FETCH 16      /* a slot each */
#define TYPE_NODE   3
#define TYPE_FETCH  5
#define TYPE_START  6
#define TYPE_RESUME 7
#define STATE_WAITING 1
#define STATE_RUNNING 2
#define GATE_LIMIT_BITS 16      /* domain.h */
#define STATUS_RESTORE 0x100
#define RESUME_RESTART_BYTE 0
#define RESUME_RETURN_BYTE  2
#define RC_DATA_KEY_LOW 1

/* RISC-V privileged specification 1.12, chapter 4. */
#define CAUSE_ECALL 8
#define CAUSE_PAGE_EXECUTE 12 /* 13 is a load, 14 no cause */
#define CAUSE_PAGE_STORE   15
#define SSTATUS_SPP_BIT 0x100

#endif
