/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keys.h - the functions of the kernel's own keys, one a type; invoke.c dispatches to them.
 *
 * Each takes an invocation whose key is prepared and whose replyee's buffer is ready, and either
 * performs it (INVOKED_DONE, committed, reply set) or stalls the sender having changed nothing.
 * Orders: abi.h. */
#ifndef LATCHKEY_KERNEL_KEYS_H
#define LATCHKEY_KERNEL_KEYS_H

#include "kernel/invoke.h"
#include "kernel/meter.h"

/* key_misc.c: data, returner, discrim, compare. key_node.c: node, fetch, sense and segment keys. */
enum invoked data_invoke(struct invocation *invocation);
enum invoked returner_invoke(struct invocation *invocation);
enum invoked discrim_invoke(struct invocation *invocation);
enum invoked compare_invoke(struct invocation *invocation);
enum invoked node_invoke(struct invocation *invocation);
enum invoked page_invoke(struct invocation *invocation);
enum invoked domain_invoke(struct invocation *invocation);
/* Devices: key_timer.c, key_console.c, key_display.c, key_input.c, key_power.c. */
enum invoked timer_invoke(struct invocation *invocation);
enum invoked console_invoke(struct invocation *invocation);
enum invoked display_invoke(struct invocation *invocation);
enum invoked input_invoke(struct invocation *invocation);
enum invoked power_invoke(struct invocation *invocation);
/* key_range.c: node and page ranges. key_domain_tool.c. key_data_creator.c. */
enum invoked range_invoke(struct invocation *invocation);
enum invoked domain_tool_invoke(struct invocation *invocation);
enum invoked data_creator_invoke(struct invocation *invocation);

/* key_settle - a void key becomes data key 0. false: its object had to be fetched, the sender
 * stalled. */
MUST_CHECK bool key_settle(struct key *key);
/* display_release - a page is about to become someone else's. false: it is on the screen, which is
 * being taken down; the sender stalled. */
MUST_CHECK bool display_release(const struct page_frame *page);

#endif
