/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plic.c - sifive,plic-1.0.0: a gateway a source, and per context the enabled source of highest
 * priority.
 *
 * Called by the bus (registers) and by emulator/machine.c (plic_line_set); calls the output() of
 * its config.
 *
 * Invariants
 *  1. A source is in one of three states: idle, pending, or claimed. A high line makes an idle
 *     source pending; a claim makes it claimed; a completion makes it idle, and pending again if
 *     its line is still high. A line that falls takes no request back: the handler finds nothing to
 *     do.
 *  2. A context's output is high exactly when an enabled pending source has a priority above its
 *     threshold.
 *  3. Source 0 does not exist: its bits and its priority read as zero.
 *
 * Source: RISC-V Platform-Level Interrupt Controller Specification 1.0.0, sections 3 to 9.
 * Registers of sources that the board does not have read as zero and ignore writes (section 3:
 * reserved space of the 1024-source layout); contexts that it does not have are access faults.
 */
#include "devices/plic.h"

#include <assert.h>
#include <string.h>

#include "devices/board.h"

#define PLIC_WORDS ((BOARD_PLIC_SOURCES + 31u) / 32u)
#define PLIC_LAYOUT_SOURCES 1024u
#define PLIC_LAYOUT_WORDS (PLIC_LAYOUT_SOURCES / 32u)
#define PLIC_PRIORITY_MAX 7u /* three bits, as on QEMU's virt board and the FU540 */

#define PLIC_PRIORITY 0x0u
#define PLIC_PENDING 0x1000u
#define PLIC_ENABLE 0x2000u
#define PLIC_ENABLE_STRIDE 0x80u
#define PLIC_CONTEXT 0x200000u
#define PLIC_CONTEXT_STRIDE 0x1000u
#define PLIC_THRESHOLD 0x0u
#define PLIC_CLAIM 0x4u

static_assert(BOARD_PLIC_SOURCES <= PLIC_LAYOUT_SOURCES, "more sources than the layout has");
static_assert(PLIC_CONTEXT + BOARD_PLIC_CONTEXTS * PLIC_CONTEXT_STRIDE <= BOARD_PLIC_SIZE,
              "contexts outside the region");

struct plic {
    const struct plic_config *config;
    uint32_t line[PLIC_WORDS];    /* level of each line, bit n of the array = source n */
    uint32_t pending[PLIC_WORDS]; /* IP bits */
    uint32_t claimed[PLIC_WORDS]; /* claimed and not yet completed */
    uint8_t priority[BOARD_PLIC_SOURCES];
    uint32_t enable[BOARD_PLIC_CONTEXTS][PLIC_WORDS];
    uint8_t threshold[BOARD_PLIC_CONTEXTS];
    bool output[BOARD_PLIC_CONTEXTS]; /* as last told to config->output */
};

static bool bit_get(const uint32_t *words, uint32_t source)
{
    return (words[source / 32] >> (source % 32) & 1) != 0;
}

static void bit_set(uint32_t *words, uint32_t source, bool value)
{
    uint32_t mask = 1u << (source % 32);
    words[source / 32] = value ? words[source / 32] | mask : words[source / 32] & ~mask;
}

/* The enabled pending source of highest priority, the lowest number among equals; 0: none. */
static uint32_t plic_best(const struct plic *plic, unsigned context)
{
    uint32_t best = 0;
    for (uint32_t word = 0; word < PLIC_WORDS; word++) {
        uint32_t bits = plic->pending[word] & plic->enable[context][word];
        while (bits != 0) {
            uint32_t source = word * 32 + (uint32_t)__builtin_ctz(bits);
            bits &= bits - 1;
            if (plic->priority[source] > plic->priority[best])
                best = source;
        }
    }
    assert(best < BOARD_PLIC_SOURCES);
    return best;
}

static void plic_update(struct plic *plic)
{
    for (unsigned context = 0; context < BOARD_PLIC_CONTEXTS; context++) {
        uint32_t best = plic_best(plic, context);
        bool level = plic->priority[best] > plic->threshold[context];
        if (level == plic->output[context])
            continue;
        plic->output[context] = level;
        plic->config->output(plic->config->context, context, level);
    }
}

/* The gateway: forward the line's request unless one is outstanding. */
static void plic_gateway(struct plic *plic, uint32_t source)
{
    if (bit_get(plic->line, source) && !bit_get(plic->claimed, source))
        bit_set(plic->pending, source, true);
}

void plic_line_set(struct plic *plic, uint32_t irq, bool level)
{
    assert(plic != NULL);
    if (irq == 0 || irq >= BOARD_PLIC_SOURCES || bit_get(plic->line, irq) == level)
        return;
    bit_set(plic->line, irq, level);
    plic_gateway(plic, irq);
    plic_update(plic);
}

static void plic_init(void *state, const struct device_env *env, const void *config)
{
    struct plic *plic = state;
    assert(env != NULL);
    assert(config != NULL);
    plic->config = config;
}

/* Every device lowers its line when it is reset, so the lines are low whichever is reset first. */
static void plic_reset(void *state)
{
    struct plic *plic = state;
    memset(plic->line, 0, sizeof(plic->line));
    memset(plic->pending, 0, sizeof(plic->pending));
    memset(plic->claimed, 0, sizeof(plic->claimed));
    memset(plic->priority, 0, sizeof(plic->priority));
    memset(plic->enable, 0, sizeof(plic->enable));
    memset(plic->threshold, 0, sizeof(plic->threshold));
    plic_update(plic);
}

static uint32_t plic_claim(struct plic *plic, unsigned context)
{
    uint32_t source = plic_best(plic, context);
    if (source != 0) {
        bit_set(plic->pending, source, false);
        bit_set(plic->claimed, source, true);
        plic_update(plic);
    }
    return source;
}

static void plic_complete(struct plic *plic, unsigned context, uint64_t source)
{
    if (source == 0 || source >= BOARD_PLIC_SOURCES)
        return;
    uint32_t index = (uint32_t)source;
    if (!bit_get(plic->enable[context], index) || !bit_get(plic->claimed, index))
        return;
    bit_set(plic->claimed, index, false);
    plic_gateway(plic, index);
    plic_update(plic);
}

/* Where an offset points to. */
enum plic_area { AREA_NONE, AREA_PRIORITY, AREA_PENDING, AREA_ENABLE, AREA_THRESHOLD, AREA_CLAIM };
struct plic_place {
    enum plic_area area;
    unsigned context;
    uint32_t index; /* source of a priority, word of a bit array */
};

static struct plic_place plic_place_of(uint64_t offset)
{
    struct plic_place place = {.area = AREA_NONE};
    if (offset < PLIC_PRIORITY + 4 * PLIC_LAYOUT_SOURCES) {
        place.area = AREA_PRIORITY;
        place.index = (uint32_t)(offset - PLIC_PRIORITY) / 4;
    } else if (offset >= PLIC_PENDING && offset < PLIC_PENDING + 4 * PLIC_LAYOUT_WORDS) {
        place.area = AREA_PENDING;
        place.index = (uint32_t)(offset - PLIC_PENDING) / 4;
    } else if (offset >= PLIC_ENABLE &&
               offset < PLIC_ENABLE + BOARD_PLIC_CONTEXTS * PLIC_ENABLE_STRIDE) {
        place.area = AREA_ENABLE;
        place.context = (unsigned)((offset - PLIC_ENABLE) / PLIC_ENABLE_STRIDE);
        place.index = (uint32_t)((offset - PLIC_ENABLE) % PLIC_ENABLE_STRIDE) / 4;
    } else if (offset >= PLIC_CONTEXT &&
               offset < PLIC_CONTEXT + BOARD_PLIC_CONTEXTS * PLIC_CONTEXT_STRIDE) {
        uint64_t within = (offset - PLIC_CONTEXT) % PLIC_CONTEXT_STRIDE;
        place.context = (unsigned)((offset - PLIC_CONTEXT) / PLIC_CONTEXT_STRIDE);
        if (within == PLIC_THRESHOLD)
            place.area = AREA_THRESHOLD;
        else if (within == PLIC_CLAIM)
            place.area = AREA_CLAIM;
    }
    assert(place.context < BOARD_PLIC_CONTEXTS);
    return place;
}

static bool plic_read(void *state, uint64_t offset, unsigned size_bytes, uint64_t *value)
{
    struct plic *plic = state;
    if (size_bytes != 4)
        return false;
    struct plic_place place = plic_place_of(offset);
    *value = 0;
    switch (place.area) {
    case AREA_PRIORITY:
        *value = place.index < BOARD_PLIC_SOURCES ? plic->priority[place.index] : 0;
        return true;
    case AREA_PENDING:
        *value = place.index < PLIC_WORDS ? plic->pending[place.index] : 0;
        return true;
    case AREA_ENABLE:
        *value = place.index < PLIC_WORDS ? plic->enable[place.context][place.index] : 0;
        return true;
    case AREA_THRESHOLD:
        *value = plic->threshold[place.context];
        return true;
    case AREA_CLAIM:
        *value = plic_claim(plic, place.context);
        return true;
    case AREA_NONE:
        break;
    }
    return false;
}

/* The bits of a word that stand for sources of the board. */
static uint32_t plic_word_mask(uint32_t word)
{
    uint32_t mask = word == 0 ? ~1u : ~0u;
    uint32_t sources_left = BOARD_PLIC_SOURCES - word * 32;
    return sources_left >= 32 ? mask : mask & ((1u << sources_left) - 1);
}

static bool plic_write(void *state, uint64_t offset, unsigned size_bytes, uint64_t value)
{
    struct plic *plic = state;
    if (size_bytes != 4)
        return false;
    struct plic_place place = plic_place_of(offset);
    switch (place.area) {
    case AREA_PRIORITY:
        if (place.index != 0 && place.index < BOARD_PLIC_SOURCES)
            plic->priority[place.index] = (uint8_t)(value & PLIC_PRIORITY_MAX);
        break;
    case AREA_PENDING:
        break;
    case AREA_ENABLE:
        if (place.index < PLIC_WORDS)
            plic->enable[place.context][place.index] =
                (uint32_t)value & plic_word_mask(place.index);
        break;
    case AREA_THRESHOLD:
        plic->threshold[place.context] = (uint8_t)(value & PLIC_PRIORITY_MAX);
        break;
    case AREA_CLAIM:
        plic_complete(plic, place.context, value);
        break;
    case AREA_NONE:
        return false;
    }
    plic_update(plic);
    return true;
}

static void plic_words_write(struct byte_writer *writer, const uint32_t *words)
{
    for (uint32_t word = 0; word < PLIC_WORDS; word++)
        write_u32(writer, words[word]);
}

static void plic_words_read(struct byte_reader *reader, uint32_t *words)
{
    for (uint32_t word = 0; word < PLIC_WORDS; word++) {
        words[word] = read_u32(reader);
        if ((words[word] & ~plic_word_mask(word)) != 0)
            reader_fail(reader);
    }
}

static void plic_save(const void *state, struct byte_writer *writer)
{
    const struct plic *plic = state;
    plic_words_write(writer, plic->line);
    plic_words_write(writer, plic->pending);
    plic_words_write(writer, plic->claimed);
    write_bytes(writer, plic->priority, sizeof(plic->priority));
    for (unsigned context = 0; context < BOARD_PLIC_CONTEXTS; context++) {
        plic_words_write(writer, plic->enable[context]);
        write_u8(writer, plic->threshold[context]);
        write_u8(writer, plic->output[context]);
    }
}

/* A source never is both pending and claimed, and outputs follow from the rest. */
static bool plic_is_consistent(const struct plic *plic)
{
    for (uint32_t word = 0; word < PLIC_WORDS; word++)
        if ((plic->pending[word] & plic->claimed[word]) != 0)
            return false;
    for (uint32_t source = 0; source < BOARD_PLIC_SOURCES; source++)
        if (plic->priority[source] > (source == 0 ? 0 : PLIC_PRIORITY_MAX))
            return false;
    for (unsigned context = 0; context < BOARD_PLIC_CONTEXTS; context++) {
        if (plic->threshold[context] > PLIC_PRIORITY_MAX)
            return false;
        uint32_t best = plic_best(plic, context);
        if (plic->output[context] != (plic->priority[best] > plic->threshold[context]))
            return false;
    }
    return true;
}

static void plic_load(void *state, struct byte_reader *reader)
{
    struct plic *plic = state;
    struct plic loaded = {.config = plic->config};
    plic_words_read(reader, loaded.line);
    plic_words_read(reader, loaded.pending);
    plic_words_read(reader, loaded.claimed);
    read_bytes(reader, loaded.priority, sizeof(loaded.priority));
    for (unsigned context = 0; context < BOARD_PLIC_CONTEXTS; context++) {
        plic_words_read(reader, loaded.enable[context]);
        loaded.threshold[context] = read_u8(reader);
        uint8_t output = read_u8(reader);
        if (output > 1)
            reader_fail(reader);
        loaded.output[context] = output == 1;
    }
    if (!reader->failed && !plic_is_consistent(&loaded))
        reader_fail(reader);
    if (!reader->failed)
        *plic = loaded;
}

const struct device_ops plic_ops = {
    .name = "plic",
    .compatible = "sifive,plic-1.0.0",
    .state_bytes = sizeof(struct plic),
    .init = plic_init,
    .reset = plic_reset,
    .read = plic_read,
    .write = plic_write,
    .save = plic_save,
    .load = plic_load,
};
