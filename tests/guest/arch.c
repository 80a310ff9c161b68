/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arch.c - the architecture, one line of output a fact: faults with cause, pc and value, page
 * tables, CSRs, atomics, floating point, self-modifying code, interrupts. The output must be the
 * same, byte for byte, on our machine and on QEMU, but for the lines that begin with "spec:": there
 * QEMU 7.2 reports faults of atomic instructions as load faults, and volume II table 3.6 wants
 * store faults. */
#include "tests/guest/guest.h"

/* A piece of code in pages of its own; it ends with ret, or traps. */
#define CODE(name, text)                                                                           \
    extern char name[], name##_end[];                                                              \
    __asm__(".section .text.pieces, \"ax\"\n.balign 8\n" #name ":\n" text "\n" #name               \
            "_end:\n.text\n")

CODE(ld_a0, "ld a0, 0(a0)\n ret");
CODE(lw_a0, "lw a0, 0(a0)\n ret");
CODE(lbu_a0, "lbu a0, 0(a0)\n ret");
CODE(sd_a1, "sd a1, 0(a0)\n li a0, 7\n ret");
CODE(sw_a1, "sw a1, 0(a0)\n li a0, 7\n ret");
CODE(third_store, "addi a2, a0, 8\n addi a2, a2, 0\n sd a1, 0(a0)\n ret");
CODE(add_w, "amoadd.w a0, a1, (a0)\n ret");
CODE(swap_d, "amoswap.d a0, a1, (a0)\n ret");
CODE(min_w, "mv t0, a0\n amomin.w a0, a1, (t0)\n lw t1, 0(t0)\n slli t1, t1, 32\n slli a0, a0, "
            "32\n srli a0, a0, 32\n or a0, a0, t1\n ret");
CODE(max_w, "mv t0, a0\n amomax.w a0, a1, (t0)\n lw t1, 0(t0)\n slli t1, t1, 32\n slli a0, a0, "
            "32\n srli a0, a0, 32\n or a0, a0, t1\n ret");
CODE(minu_w, "mv t0, a0\n amominu.w a0, a1, (t0)\n lw t1, 0(t0)\n slli t1, t1, 32\n slli a0, a0, "
             "32\n srli a0, a0, 32\n or a0, a0, t1\n ret");
CODE(maxu_w, "mv t0, a0\n amomaxu.w a0, a1, (t0)\n lw t1, 0(t0)\n slli t1, t1, 32\n slli a0, a0, "
             "32\n srli a0, a0, 32\n or a0, a0, t1\n ret");
CODE(max_d, "amomax.d a0, a1, (a0)\n ret");
CODE(lr_sc,
     "mv t0, a0\n 1: lr.d a0, (t0)\n add a1, a1, a0\n sc.d t1, a1, (t0)\n bnez t1, 1b\n ret");
CODE(sc_alone, "sc.w a0, a1, (a0)\n ret");
CODE(lr_w, "lr.w a0, (a0)\n ret");
CODE(break_wide, ".option push\n.option norvc\n addi a0, a0, 1\n ebreak\n.option pop\n ret");
CODE(break_narrow, "c.ebreak\n ret");
CODE(call_a0, "jr a0");
CODE(illegal_wide, "addi a0, a0, 1\n .word 0xffffffff\n ret");
CODE(illegal_narrow, "addi a0, a0, 1\n .half 0\n ret");
CODE(illegal_reserved, "c.addi a0, 1\n .half 0x8004\n ret");
CODE(illegal_subw, "c.addi a0, 1\n .half 0x9c41\n ret");
CODE(write_cycle, "csrw cycle, a0\n ret");
CODE(user_cycle, "csrr a0, cycle\n li a0, 1\n ecall");
CODE(user_time, "csrr a0, time\n li a0, 1\n ecall");
CODE(user_instret, "li a0, 1\n csrr x0, instret\n ecall");
CODE(user_counter_3, "csrr a0, hpmcounter3\n ecall");
CODE(user_counter_write, "csrrs x0, instret, a0\n ecall");
CODE(user_float_csr, "csrw fcsr, a0\n ecall");
CODE(read_none, "csrr a0, 0x5c0\n ret");
CODE(machine_csr, "csrr a0, mstatus\n ret");
CODE(machine_return, "mret");
CODE(set_satp, "csrw satp, a0\n ret");
CODE(do_sret, "sret");
CODE(do_sfence, "sfence.vma\n ret");
CODE(do_wfi, "addi a0, a0, 1\n wfi\n ret");
CODE(do_ecall, "addi a0, a0, 1\n ecall\n ret");
CODE(fence_code, "fence.i\n fence\n li a0, 5\n ret");
CODE(float_wide, ".option push\n.option arch, +d\n fld fa0, 0(a0)\n fadd.d fa0, fa0, fa0\n fsd "
                 "fa0, 0(a0)\n ld a0, 0(a0)\n.option pop\n ret");
CODE(float_narrow, "addi a1, a1, 1\n .half 0x2108\n ret"); /* c.fld fa0, 0(a0) */
CODE(float_stack, "addi a1, a1, 1\n .half 0xa02a\n ret");  /* c.fsdsp fa0, 0(sp) */
CODE(
    float_convert,
    ".option push\n.option arch, +d\n fcvt.d.l fa0, a0\n fcvt.d.l fa1, a1\n fdiv.d fa0, fa0, fa1\n "
    "fmv.x.d a0, fa0\n csrr a1, fflags\n xor a0, a0, a1\n csrw fflags, x0\n.option pop\n ret");
CODE(float_mode, ".option push\n.option arch, +d\n csrw frm, a1\n fcvt.d.l fa0, a0\n fcvt.w.d a0, "
                 "fa0\n.option pop\n ret");
CODE(divide, "div a2, a0, a1\n rem a3, a0, a1\n divu a4, a0, a1\n xor a0, a2, a3\n xor a0, a0, "
             "a4\n mulh a2, a3, a4\n xor a0, a0, a2\n ret");

#define FAR 0x50000000ul /* nothing is mapped there */
#define PAGE_ADDR 0x400000ul
#define TEXT_ADDR 0x500000ul
#define USER_STATUS 0u
#define SUPER_STATUS SSTATUS_SPP

static uint64_t *root;
static uint64_t data_page, text_page, text_page_2;
static volatile uint64_t interrupts, interrupt_cause, interrupt_pc;

void guest_trap(struct frame *frame)
{
    if ((int64_t)frame->cause < 0) {
        interrupts++;
        interrupt_cause = frame->cause & 63;
        interrupt_pc = frame->pc;
        if (interrupt_cause == 1)
            csr_clear(sip, SIP_SOFT);
        else
            csr_clear(sie, SIP_TIMER);
        frame_resume();
    }
    try_end(frame->cause);
}

static void show(const char *name, uint64_t cause, uint64_t base)
{
    put_text(name);
    if (cause == TRY_RETURNED) {
        put_pair("returned", try_value);
    } else {
        put_pair("cause", cause);
        put_pair("at", trap_frame.pc - base);
        put_pair("value", trap_frame.value);
        put_pair("from", trap_frame.status & (SSTATUS_SPP | SSTATUS_SPIE | SSTATUS_SIE));
        put_pair("a0", trap_frame.x[10]);
    }
    put_char('\n');
}

static void kernel_run(const char *name, const void *code, uint64_t a0, uint64_t a1)
{
    uint64_t status = csr_read(sstatus);
    uint64_t cause = try_run((uint64_t)code, a0, a1, (status & ~0x122ul) | SUPER_STATUS);
    csr_write(sstatus, status);
    show(name, cause, (uint64_t)code);
}

static void copy_code(uint64_t target, const char *start, const char *end)
{
    for (const char *at = start; at < end; at += 2, target += 2)
        *(volatile uint16_t *)target = *(const uint16_t *)(const void *)at;
    code_flush();
}

/* Copy a piece into the user's page and run it in U-mode. */
static void user_run(const char *name, const char *start, const char *end, uint64_t a0)
{
    uint64_t status = csr_read(sstatus);
    copy_code(text_page, start, end);
    uint64_t cause = try_run(TEXT_ADDR, a0, 0, (status & ~0x122ul) | USER_STATUS);
    csr_write(sstatus, status);
    show(name, cause, TEXT_ADDR);
}
#define USER_RUN(name, piece, a0) user_run(name, piece, piece##_end, a0)

static void map(uint64_t addr, uint64_t page, uint64_t bits)
{
    space_map(root, addr, page, bits);
    tlb_flush();
}

static void faults_of_loads_and_stores(void)
{
    kernel_run("ld", ld_a0, data_page, 0);
    kernel_run("ld unmapped", ld_a0, FAR, 0);
    kernel_run("sd unmapped", sd_a1, FAR, 1);
    kernel_run("third unmapped", third_store, FAR, 1);
    kernel_run("spec: amo unmapped", add_w, FAR, 1);
    kernel_run("lr unmapped", lr_w, FAR, 1);
    kernel_run("sc unmapped", sc_alone, FAR, 1);
    kernel_run("ld not canonical", ld_a0, 0x4000000000000000, 0);
    kernel_run("ld last page", ld_a0, UINT64_MAX - 7, 0);
    kernel_run("sd last page", sd_a1, UINT64_MAX - 7, 0);
    kernel_run("jump unmapped", call_a0, FAR, 0);
    kernel_run("jump not canonical", call_a0, 0x4000000000000000, 0);
    kernel_run("ld misaligned", ld_a0, data_page + 3, 0);
    kernel_run("spec: amo misaligned", add_w, data_page + 2, 0);
    kernel_run("lr misaligned", lr_w, data_page + 2, 0);
    map(PAGE_ADDR, data_page, PTE_V | PTE_R | PTE_A);
    kernel_run("ld read-only", ld_a0, PAGE_ADDR, 0);
    kernel_run("sd read-only", sd_a1, PAGE_ADDR, 1);
    kernel_run("amo read-only", add_w, PAGE_ADDR, 1);
    kernel_run("min read-only", min_w, PAGE_ADDR, 1);
    kernel_run("spec: min misaligned", min_w, PAGE_ADDR + 1, 1);
    kernel_run("jump read-only", call_a0, PAGE_ADDR, 0);
    kernel_run("ld across to unmapped", ld_a0, PAGE_ADDR + 4092, 0);
    map(PAGE_ADDR, data_page, PTE_V | PTE_X | PTE_A);
    kernel_run("ld execute-only", ld_a0, PAGE_ADDR, 0);
    csr_set(sstatus, 1u << 19);
    kernel_run("ld execute-only with MXR", ld_a0, PAGE_ADDR, 0);
    csr_clear(sstatus, 1u << 19);
    map(PAGE_ADDR, data_page, PTE_V | PTE_W | PTE_A | PTE_D);
    kernel_run("ld write-only", ld_a0, PAGE_ADDR, 0);
}

static void pages_of_the_user(void)
{
    map(PAGE_ADDR, data_page, PTE_USER_DATA);
    kernel_run("ld user page", ld_a0, PAGE_ADDR, 0);
    kernel_run("spec: min user page", min_w, PAGE_ADDR, 1);
    csr_set(sstatus, SSTATUS_SUM);
    kernel_run("ld user page with SUM", ld_a0, PAGE_ADDR, 0);
    kernel_run("jump user page with SUM", call_a0, PAGE_ADDR, 0);
    csr_clear(sstatus, SSTATUS_SUM);
    map(PAGE_ADDR, data_page, PTE_V | PTE_R | PTE_W | PTE_U);
    csr_set(sstatus, SSTATUS_SUM);
    kernel_run("ld sets A", lw_a0, PAGE_ADDR, 0);
    put_pair("entry", *space_entry(root, PAGE_ADDR) & 0xff);
    kernel_run("\nsd sets D", sd_a1, PAGE_ADDR, 9);
    put_pair("entry", *space_entry(root, PAGE_ADDR) & 0xff);
    put_char('\n');
    map(PAGE_ADDR, data_page, PTE_V | PTE_R | PTE_W | PTE_U);
    kernel_run("min sets A and D", min_w, PAGE_ADDR, 3);
    put_pair("entry", *space_entry(root, PAGE_ADDR) & 0xff);
    put_char('\n');
    csr_clear(sstatus, SSTATUS_SUM);
    root[3] = (0x80000000ul >> 12 << 10 | 1u << 19) | PTE_V | PTE_R | PTE_W | PTE_A | PTE_D;
    tlb_flush();
    kernel_run("ld misaligned superpage", ld_a0, 0xc0000000, 0);
    kernel_run("spec: min misaligned superpage", min_w, 0xc0000000, 0);
    root[3] = 0;
    tlb_flush();
}

static void atomics(void)
{
    static const uint64_t pairs[][2] = {{5, 3},          {0xfffffffb, 3},          {5, 0xfffffffd},
                                        {0x80000000, 1}, {0x7fffffff, 0x80000000}, {7, 7}};
    volatile uint64_t *word = (volatile uint64_t *)data_page;
    for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        *word = pairs[i][0];
        kernel_run("amomin.w", min_w, data_page, pairs[i][1]);
        *word = pairs[i][0];
        kernel_run("amomax.w", max_w, data_page, pairs[i][1]);
        *word = pairs[i][0];
        kernel_run("amominu.w", minu_w, data_page, pairs[i][1]);
        *word = pairs[i][0];
        kernel_run("amomaxu.w", maxu_w, data_page, pairs[i][1]);
        *word = pairs[i][0];
        kernel_run("amomax.d", max_d, data_page, pairs[i][1]);
        kernel_run("amoadd.w", add_w, data_page, pairs[i][1]);
        kernel_run("amoswap.d", swap_d, data_page, pairs[i][1]);
        kernel_run("lr sc", lr_sc, data_page, pairs[i][1]);
    }
    kernel_run("sc without lr", sc_alone, data_page, 1);
    put_pair("word", *word);
    put_char('\n');
}

static void illegal_instructions(void)
{
    kernel_run("ebreak", break_wide, 1, 0);
    kernel_run("c.ebreak", break_narrow, 1, 0);
    kernel_run("illegal wide", illegal_wide, 1, 0);
    kernel_run("illegal narrow", illegal_narrow, 1, 0);
    kernel_run("illegal reserved", illegal_reserved, 1, 0);
    kernel_run("illegal reserved alone", illegal_reserved + 2, 1, 0);
    kernel_run("illegal c.subw", illegal_subw, 1, 0);
    kernel_run("write cycle", write_cycle, 1, 0);
    kernel_run("read no csr", read_none, 1, 0);
    kernel_run("read mstatus", machine_csr, 1, 0);
    kernel_run("mret", machine_return, 1, 0);
    kernel_run("fences", fence_code, 1, 0);
    kernel_run("divide", divide, UINT64_MAX, 0);
    kernel_run("divide overflow", divide, 1ul << 63, UINT64_MAX);
    kernel_run("divide", divide, 0x123456789abcdef, 0xffff1234);
}

static void floating_point(void)
{
    volatile uint64_t *word = (volatile uint64_t *)data_page;
    csr_clear(sstatus, SSTATUS_FS_DIRTY);
    *word = 0x3ff8000000000000;
    kernel_run("float off", float_wide, data_page, 0);
    kernel_run("float off narrow", float_narrow, data_page, 0);
    kernel_run("float off stack", float_stack, data_page, 0);
    csr_set(sstatus, 1u << 13);
    kernel_run("float initial", float_wide, data_page, 0);
    csr_set(sstatus, SSTATUS_FS_DIRTY);
    kernel_run("float on narrow", float_narrow, data_page, 0);
    kernel_run("float inexact", float_convert, 1, 3);
    kernel_run("float by zero", float_convert, 1, 0);
    kernel_run("float invalid", float_convert, 0, 0);
    for (uint64_t mode = 0; mode < 6; mode++)
        kernel_run("float mode", float_mode, 7, mode);
    kernel_run("float mode back", float_mode, 7, 0);
}

static void user_mode(void)
{
    map(TEXT_ADDR, text_page, PTE_USER_TEXT);
    map(PAGE_ADDR, data_page, PTE_USER_DATA);
    USER_RUN("user ecall", do_ecall, 4);
    USER_RUN("user ld", ld_a0, PAGE_ADDR);
    USER_RUN("user ld kernel", ld_a0, data_page);
    USER_RUN("spec: user min kernel", min_w, data_page);
    USER_RUN("user sd kernel", sd_a1, data_page);
    USER_RUN("user jump kernel", call_a0, data_page);
    USER_RUN("user jump unmapped", call_a0, FAR);
    USER_RUN("user jump data", call_a0, PAGE_ADDR);
    USER_RUN("user csr", set_satp, 0);
    USER_RUN("user sret", do_sret, 0);
    USER_RUN("user sfence", do_sfence, 0);
    USER_RUN("user wfi", do_wfi, 0);
    USER_RUN("user ebreak", break_wide, 0);
    USER_RUN("user illegal", illegal_wide, 0);
    USER_RUN("user reserved", illegal_reserved, 0);
    USER_RUN("user fences", fence_code, 0);
    try_run(FAR, 0, 0, USER_STATUS);
    show("user enters unmapped", trap_frame.cause, 0);
}

/* What scounteren lets a user read, and that sstatus tells of floating point that was touched. */
static void counters_of_the_user(void)
{
    uint64_t before = csr_read(scounteren);
    for (uint64_t allowed = 0; allowed < 16; allowed++) {
        csr_write(scounteren, allowed);
        USER_RUN("user cycle", user_cycle, 0);
        USER_RUN("user time", user_time, 0);
        USER_RUN("user instret", user_instret, 0);
        USER_RUN("user write", user_counter_write, 1);
        if (!(allowed & 8)) /* QEMU's firmware does not pass that one on */
            USER_RUN("user hpmcounter3", user_counter_3, 0);
    }
    csr_write(scounteren, before);
    csr_set(sstatus, 1u << 13);
    USER_RUN("user fcsr", user_float_csr, 3);
    put_pair("FS", trap_frame.status >> 13 & 3);
    put_pair("SD", trap_frame.status >> 63);
    put_char('\n');
    csr_clear(sstatus, SSTATUS_FS_DIRTY);
}

/* Instructions at the ends of pages. */
static void page_ends(void)
{
    map(TEXT_ADDR, text_page, PTE_V | PTE_R | PTE_X | PTE_A);
    map(TEXT_ADDR + 4096, 0, 0);
    volatile uint16_t *last = (volatile uint16_t *)(text_page + 4094);
    last[-1] = 0x0505; /* c.addi a0, 1 */
    last[0] = 0x0513;  /* the first half of addi a0, a0, 16 */
    code_flush();
    kernel_run("straddle, no next page", (void *)(TEXT_ADDR + 4092), 3, 0);
    kernel_run("straddle alone, no next page", (void *)(TEXT_ADDR + 4094), 3, 0);
    volatile uint16_t *next = (volatile uint16_t *)text_page_2;
    next[0] = 0x0105;
    next[1] = 0x8082; /* ret */
    map(TEXT_ADDR + 4096, text_page_2, PTE_V | PTE_R | PTE_X | PTE_A);
    code_flush();
    kernel_run("straddle", (void *)(TEXT_ADDR + 4092), 3, 0);
    next[0] = 0x0205;
    code_flush();
    kernel_run("straddle rewritten", (void *)(TEXT_ADDR + 4092), 3, 0);
    map(TEXT_ADDR + 4096, 0, 0);
    last[0] = 0;
    code_flush();
    kernel_run("illegal at page end", (void *)(TEXT_ADDR + 4092), 3, 0);
    *(volatile uint16_t *)text_page = 0;
    code_flush();
    kernel_run("illegal at page start", (void *)TEXT_ADDR, 3, 0);
    *(volatile uint32_t *)text_page = 0xffffffff;
    code_flush();
    kernel_run("illegal wide at page start", (void *)TEXT_ADDR, 3, 0);
}

/* Code that changes. */
static void changing_code(void)
{
    volatile uint16_t *code = (volatile uint16_t *)text_page;
    for (unsigned i = 0; i < 6; i++) {
        code[0] = (uint16_t)(0x4501 | i << 2); /* c.li a0, i */
        code[1] = 0x8082;
        code_flush();
        kernel_run("rewritten", (void *)TEXT_ADDR, 0, 0);
    }
    code[0] = 0x0505;
    code[1] = 0xffff;
    code[2] = 0xffff;
    code_flush();
    kernel_run("now illegal", (void *)TEXT_ADDR, 3, 0);
    code[1] = 0x0505;
    code[2] = 0x8082;
    code_flush();
    kernel_run("legal again", (void *)TEXT_ADDR, 3, 0);
    /* through a second, non-executable mapping */
    map(PAGE_ADDR, text_page, PTE_V | PTE_R | PTE_W | PTE_A | PTE_D);
    *(volatile uint32_t *)PAGE_ADDR = 0x80824511;
    code_flush();
    kernel_run("rewritten elsewhere", (void *)TEXT_ADDR, 0, 0);
    *(volatile uint32_t *)(text_page_2) = 0x80824515;
    code_flush();
    map(TEXT_ADDR, text_page_2, PTE_V | PTE_R | PTE_X | PTE_A);
    kernel_run("mapped elsewhere", (void *)TEXT_ADDR, 0, 0);
    map(TEXT_ADDR, text_page, PTE_V | PTE_R | PTE_X | PTE_A);
    kernel_run("mapped back", (void *)TEXT_ADDR, 0, 0);
}

static void show_interrupt(const char *name, uint64_t from)
{
    put_text(name);
    put_pair("count", interrupts);
    put_pair("cause", interrupt_cause);
    put_pair("at", interrupts ? interrupt_pc - from : 0);
    put_pair("pending", csr_read(sip));
    put_char('\n');
    interrupts = 0;
}

static void interrupts_taken(void)
{
    uint64_t from;
    interrupts = 0;
    csr_clear(sstatus, SSTATUS_SIE);
    csr_write(sie, SIP_SOFT);
    csr_set(sip, SIP_SOFT);
    __asm__ volatile("wfi"); /* pending and enabled in sie: goes on */
    show_interrupt("masked", 0);
    __asm__ volatile("la %0, 1f\n csrsi sstatus, 2\n 1: nop" : "=r"(from) : : "memory");
    show_interrupt("by sstatus", from);
    __asm__ volatile("la %0, 1f\n csrsi sip, 2\n 1: nop" : "=r"(from) : : "memory");
    show_interrupt("by sip", from);
    csr_write(sie, 0);
    csr_set(sip, SIP_SOFT);
    __asm__ volatile("la %0, 1f\n csrwi sie, 2\n 1: nop" : "=r"(from) : : "memory");
    show_interrupt("by sie", from);
    csr_clear(sstatus, SSTATUS_SIE);
    csr_set(sip, SIP_SOFT);
    __asm__ volatile("la %0, 1f\n csrw sepc, %0\n li t0, 0x120\n csrs sstatus, t0\n sret\n 1: nop"
                     : "=r"(from)
                     :
                     : "t0", "memory");
    show_interrupt("by sret", from);
    /* a pending interrupt is taken on the way to U, before its first instruction */
    csr_clear(sstatus, SSTATUS_SIE);
    csr_set(sip, SIP_SOFT);
    copy_code(text_page, do_ecall, do_ecall_end);
    map(TEXT_ADDR, text_page, PTE_USER_TEXT);
    show("user with interrupt", try_run(TEXT_ADDR, 4, 0, USER_STATUS), TEXT_ADDR);
    show_interrupt("on the way to U", TEXT_ADDR);
    csr_write(stvec, (uint64_t)trap_entry);
    csr_write(sie, SIP_TIMER);
    (void)sbi_call(SBI_SET_TIMER, csr_read(time) + 1000, 0, 0);
    csr_clear(sstatus, SSTATUS_SIE);
    while (!(csr_read(sip) & SIP_TIMER))
        __asm__ volatile("wfi");
    show_interrupt("timer pending", 0);
    __asm__ volatile("la %0, 1f\n csrsi sstatus, 2\n 1: nop" : "=r"(from) : : "memory");
    show_interrupt("timer taken", from);
    (void)sbi_call(SBI_SET_TIMER, UINT64_MAX, 0, 0);
    csr_clear(sstatus, SSTATUS_SIE);
    show_interrupt("timer off", 0);
}

/* Sv48 and Sv57: the same tables one and two levels further down. */
static void deeper_tables(void)
{
    uint64_t plain = csr_read(satp), table = (uint64_t)root;
    map(PAGE_ADDR, data_page, PTE_V | PTE_R | PTE_W);
    for (uint64_t mode = 9; mode <= 10; mode++) {
        uint64_t page = page_create();
        *(volatile uint64_t *)page = table >> 12 << 10 | PTE_V;
        table = page;
        csr_write(satp, mode << 60 | table >> 12);
        tlb_flush();
        put_pair("mode", csr_read(satp) >> 60);
        *(volatile uint64_t *)PAGE_ADDR = 5;
        kernel_run(" min", min_w, PAGE_ADDR, 3);
        kernel_run("third unmapped", third_store, FAR, 1);
        kernel_run("ld", ld_a0, PAGE_ADDR + (1ul << 39), 0);
        kernel_run("ld not canonical", ld_a0, PAGE_ADDR + (1ul << 60), 0);
        kernel_run("spec: min not canonical", min_w, PAGE_ADDR + (1ul << 60), 0);
    }
    csr_write(satp, plain);
    tlb_flush();
}

static void registers(void)
{
    uint64_t vector = csr_read(stvec);
    csr_write(stvec, vector | 1);
    put_pair("stvec vectored", csr_read(stvec) - vector);
    csr_write(stvec, vector);
    csr_write(sepc, 0x12345677);
    put_pair("sepc", csr_read(sepc));
    csr_write(sscratch, 0xfedcba9876543210);
    put_pair("sscratch", csr_read(sscratch));
    csr_write(sscratch, (uint64_t)&trap_frame);
    csr_write(sie, 0);
    put_pair("sie", csr_read(sie));
    csr_write(satp, csr_read(satp) | 15ul << 60);
    put_pair("satp mode", csr_read(satp) >> 60);
    put_char('\n');
}

void guest_main(uint64_t hart, uint64_t tree)
{
    (void)hart;
    (void)tree;
    root = space_create();
    data_page = GUEST_DATA;
    text_page = GUEST_DATA + 0x1000;
    text_page_2 = GUEST_DATA + 0x2000;
    for (unsigned i = 0; i < 1536; i++)
        ((volatile uint64_t *)data_page)[i] = 0x1111111111111111 * (i & 7);
    csr_write(satp, space_satp(root, 0));
    tlb_flush();
    faults_of_loads_and_stores();
    pages_of_the_user();
    atomics();
    illegal_instructions();
    floating_point();
    user_mode();
    counters_of_the_user();
    page_ends();
    changing_code();
    interrupts_taken();
    deeper_tables();
    registers();
    put_text("end\n");
}
