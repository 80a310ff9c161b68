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
#define DOMAIN_PRIORITY_LIMIT 552
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

#define ECALL_BYTES 4 /* the length of the instruction of a kernel call */

#define KEY_HEAD   0
#define KEY_COUNT  8
#define KEY_OBJECT 16
#define KEY_SHIFT  5

#endif
