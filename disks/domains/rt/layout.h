/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layout.h - where things are in a domain's address space, for whoever starts a domain again. */
#ifndef LATCHKEY_DOMAINS_LAYOUT_H
#define LATCHKEY_DOMAINS_LAYOUT_H

#define LAYOUT_ENTRY 0x10000ull        /* domain_start: rt/domain.ld */
#define LAYOUT_STACK_END 0x40000000ull /* disks/make.c */
#define LAYOUT_MAPPED 0x40000000ull    /* from here on: what recipes map */
#define LAYOUT_BOOKS 0x50000000ull     /* a space bank's books */
#define LAYOUT_NAMES 0x50000000ull     /* the shell's names of its first keys */

/* Indices in struct domain_registers.x, which begins with x1. */
enum register_index {
    REGISTER_RA = 0,
    REGISTER_SP = 1,
    REGISTER_A0 = 9,
    REGISTER_A1 = 10,
    REGISTER_S10 = 25
};

#endif
