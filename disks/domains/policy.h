/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy.h - what policy.c and those who call it agree on: the data bytes of its start keys. From 0
 * on they are the numbers of shares, whose meters have such a key as keeper. */
#ifndef LATCHKEY_DOMAINS_POLICY_H
#define LATCHKEY_DOMAINS_POLICY_H

#define POLICY_SHARES 2u
#define POLICY_BEAT 255u /* any order: some time has passed */
#define POLICY_BEAT_NS 2000000u

#endif
