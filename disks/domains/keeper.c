/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keeper.c - a domain keeper: told of another domain's traps by the kernel, it prints them, repairs
 * what it can and starts the domain again where it cannot. Argument 0: 1 prints all registers, not
 * just a line. Keys: console. Messages: abi.h, "Message to a domain keeper"; KEEPER_* in
 * protocol.h. */
#include <stdio.h>

#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/layout.h"
#include "disks/domains/rt/slots.h"

#define SLOT_TRAPPED SLOT_TEMPORARY /* domain key of the one that trapped */
#define CAUSE_ILLEGAL 2u
#define CAUSE_BREAK 3u

struct trap_message {
    struct domain_registers registers;
    struct domain_control control;
};

static struct {
    struct trap_message trap;
    struct keeper_report report;
    bool all_registers;
} keeper;

static const char *trap_name(uint64_t code)
{
    static const char *const memory[] = {"memory",          "write to read-only memory",
                                         "memory key type", "outside the segment",
                                         "memory overlap",  "no memory"};
    if (code >= TRAP_HARDWARE)
        return code == TRAP_HARDWARE + CAUSE_ILLEGAL ? "illegal instruction"
               : code == TRAP_HARDWARE + CAUSE_BREAK ? "breakpoint"
                                                     : "hardware trap";
    if (code >= TRAP_MEMORY && code < TRAP_MEMORY + 4 * 6)
        return memory[(code - TRAP_MEMORY) / 4];
    if (code == TRAP_MEMORY + 4 * MEMORY_KERNEL)
        return "address of the kernel";
    if (code == TRAP_KEEPER_REFUSED)
        return "no help from the segment's keeper";
    return code == TRAP_LENGTH ? "message too long" : "bad call";
}

static void trap_print(void)
{
    static const char names[31][4] = {"ra", "sp",  "gp",  "tp", "t0", "t1", "t2", "s0",
                                      "s1", "a0",  "a1",  "a2", "a3", "a4", "a5", "a6",
                                      "a7", "s2",  "s3",  "s4", "s5", "s6", "s7", "s8",
                                      "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
    const struct domain_control *control = &keeper.trap.control;
    const struct domain_registers *registers = &keeper.trap.registers;
    printf("keeper: trap 0x%lx (%s) at pc 0x%lx, value 0x%lx\n", control->trap_code,
           trap_name(control->trap_code), registers->pc, control->trap_value);
    for (unsigned i = 0; keeper.all_registers && i < 31; i++)
        printf("%s%4s %016lx%s", i % 4 ? " " : "keeper:", names[i], registers->x[i],
               i % 4 == 3 || i == 30 ? "\n" : "");
}

static uint64_t register_value(unsigned number)
{
    return number ? keeper.trap.registers.x[number - 1] : 0;
}

/* Carry out the instruction that faulty.c wishes for. false: it is another one. */
static bool instruction_emulate(uint32_t instruction)
{
    if ((instruction & 0xfe00707f) != FAULTY_OPCODE)
        return false;
    unsigned target = instruction >> 7 & 31;
    uint64_t left = register_value(instruction >> 15 & 31);
    uint64_t right = register_value(instruction >> 20 & 31);
    if (target)
        keeper.trap.registers.x[target - 1] = (left << 7 | left >> 57) ^ right;
    keeper.trap.registers.pc += sizeof(instruction);
    return true;
}

/* Change the registers so that the domain can go on. false: nothing sensible can be done. */
static bool repair(void)
{
    struct domain_registers *registers = &keeper.trap.registers;
    uint64_t code = keeper.trap.control.trap_code;
    if (code == TRAP_HARDWARE + CAUSE_ILLEGAL)
        return instruction_emulate((uint32_t)keeper.trap.control.trap_value);
    if (registers->x[REGISTER_SP] == 0)
        return false;
    if (code == TRAP_LENGTH)
        registers->x[REGISTER_A0] = RC_FORMAT;
    else if (code == TRAP_MEMORY + 4 * MEMORY_NO_KEY || code == TRAP_MEMORY + 4 * MEMORY_OUTSIDE) {
        if (registers->pc == keeper.trap.control.trap_value) {
            registers->pc = registers->x[REGISTER_RA];
            return true;
        }
        registers->x[REGISTER_A0] = FAULTY_LOADED;
    } else if (code == TRAP_KEEPER_REFUSED) {
        registers->x[REGISTER_A0] = FAULTY_LOADED;
    } else if (code != TRAP_HARDWARE + CAUSE_BREAK && code != TRAP_MEMORY + 4 * MEMORY_READ_ONLY)
        return false;
    registers->pc = registers->x[REGISTER_S10];
    return true;
}

static void begin_again(void)
{
    keeper.trap.registers = (struct domain_registers){.pc = LAYOUT_ENTRY};
    keeper.trap.registers.x[REGISTER_SP] = LAYOUT_STACK_END;
    keeper.trap.registers.x[REGISTER_A0] = FAULTY_AGAIN;
    keeper.report.restart_count++;
    printf("keeper: started again\n");
}

static void trap_handle(void)
{
    const struct domain_control no_trap = {0};
    keeper.report.trap_count++;
    trap_print();
    if (!repair())
        begin_again();
    if (domain_put_registers(SLOT_TRAPPED, &keeper.trap.registers) != RC_OK ||
        domain_put_control(SLOT_TRAPPED, &no_trap) != RC_OK)
        printf("keeper: the domain cannot be changed\n");
}

int domain_main(uint64_t all_registers, uint64_t argument_1)
{
    (void)argument_1;
    uint64_t code = RC_OK;
    struct message message = MESSAGE(0);
    keeper.all_registers = all_registers != 0;
    message.receive = &keeper.trap;
    message.receive_bytes = sizeof(keeper.trap);
    message.receive_slots[2] = SLOT_TRAPPED;
    for (;;) {
        uint64_t order = serve_next(&message, code, &keeper.report, sizeof(keeper.report));
        code = RC_OK;
        if (order == ORDER_TYPE)
            code = TYPE_KEEPER;
        else if (message.data_byte == KEEPER_FOR_TRAPS &&
                 message_received(&message) == sizeof(keeper.trap))
            trap_handle();
        else if (order != KEEPER_REPORT)
            code = RC_BAD_ORDER;
    }
}
