/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bad.h - the bad programs of bad.c by number, shared with those who watch and judge them. */
#ifndef LATCHKEY_DOMAINS_BAD_H
#define LATCHKEY_DOMAINS_BAD_H

#include <stdint.h>

enum bad_kind {
    BAD_JUMP_NOWHERE, /* to where there is no memory */
    BAD_JUMP_KERNEL,  /* to an address of the kernel */
    BAD_STACK,        /* calls itself until the stack ends */
    BAD_INSTRUCTION,  /* that does not exist */
    BAD_AMO,          /* atomic operation that is not aligned */
    BAD_FLOAT,        /* rounding mode that does not exist */
    BAD_BREAK,        /* ebreak */
    BAD_WRITE_CODE,   /* a store into its own program */
    BAD_SELF_MESSAGE, /* a call of a start key to itself */
    BAD_EXIT_BLOCK,   /* a call of no kind */
    BAD_STRING,       /* a call with a string that is not there */
    BAD_SEGMENT,      /* gives a puppet a segment that leads round in circles, and starts it */
    BAD_REPORTED,     /* from here on nobody is told */
    BAD_LOOP = BAD_REPORTED, /* traps; its keepers are such domains in a circle, or itself */
    BAD_LOST,         /* traps; its keeper is no domain */
    BAD_STUBBORN,     /* traps; its keeper lets it try again, for ever */
    BAD_MALFORMED,    /* gives a puppet a keeper that is no domain after all, and starts it */
    BAD_STORM,        /* calls a keeper-less, cycle-less domain's meter: writes it for ever */
    BAD_KIND_COUNT
};

/* bad_watch: the domain keeper of all that are reported; data byte: the kind. Asked with
 * BAD_REPORT: word: kind -> word: 0, or the order that its trap came with. */
#define BAD_QUESTION 255u /* data byte */
#define BAD_REPORT 1u

#endif
