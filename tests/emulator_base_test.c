/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_base_test.c - errors, the serializer, packed blocks, digests, executables, text. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/base/bytes.h"
#include "emulator/base/elf_file.h"
#include "emulator/base/input_file.h"
#include "emulator/base/error.h"
#include "emulator/base/json.h"
#include "emulator/base/pack.h"
#include "emulator/base/text.h"

Test(error, text_is_one_line_and_bounded)
{
    struct error error;
    char longer[2 * ERROR_TEXT_BYTES];
    cr_assert_not(error_set(&error, ERROR_IO, "%s: a\nb\x1b[31m", "file"));
    cr_assert_str_eq(error.text, "file: a?b?[31m");
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    cr_assert_not(error_set(&error, ERROR_FORMAT, "%s", longer));
    cr_assert_eq(strlen(error.text), ERROR_TEXT_BYTES - 1);
}

Test(error, statuses_are_those_of_the_contract)
{
    static const struct {
        enum error_code code;
        int status;
    } expected[] = {{ERROR_USAGE, 2}, {ERROR_LIMIT, 2}, {ERROR_FORMAT, 1}, {ERROR_IO, 3},
                    {ERROR_UNSUPPORTED, 3}};
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        struct error error;
        cr_assert_not(error_set(&error, expected[i].code, "x"));
        cr_assert_eq(error_exit_status(&error), expected[i].status);
    }
}

Test(bytes, what_is_written_is_read_back)
{
    struct byte_writer writer = {0};
    struct byte_reader reader;
    char text[8];
    uint8_t raw[3];
    write_u8(&writer, 0xab);
    write_u16(&writer, 0x1234);
    write_u32(&writer, 0xdeadbeef);
    write_u64(&writer, 0x0123456789abcdefull);
    write_string(&writer, "keykos");
    write_bytes(&writer, "xyz", 3);
    cr_assert_eq(writer.data[1], 0x34, "little-endian");
    reader_init(&reader, writer.data, writer.size_bytes);
    cr_assert_eq(read_u8(&reader), 0xab);
    cr_assert_eq(read_u16(&reader), 0x1234);
    cr_assert_eq(read_u32(&reader), 0xdeadbeef);
    cr_assert_eq(read_u64(&reader), 0x0123456789abcdefull);
    read_string(&reader, text, sizeof(text));
    cr_assert_str_eq(text, "keykos");
    read_bytes(&reader, raw, 3);
    cr_assert_arr_eq(raw, "xyz", 3);
    cr_assert_eq(reader_left(&reader), 0);
    cr_assert_not(reader.failed);
    writer_finish(&writer);
}

Test(bytes, a_short_read_fails_for_ever_and_gives_zeros)
{
    static const uint8_t bytes[] = {1, 2, 3};
    struct byte_reader reader;
    reader_init(&reader, bytes, sizeof(bytes));
    cr_assert_eq(read_u32(&reader), 0);
    cr_assert(reader.failed);
    cr_assert_eq(read_u8(&reader), 0, "also what would have fitted");
    cr_assert_eq(reader_left(&reader), 0);
}

Test(bytes, a_string_longer_than_its_room_fails)
{
    struct byte_writer writer = {0};
    struct byte_reader reader;
    char text[4];
    write_string(&writer, "four");
    reader_init(&reader, writer.data, writer.size_bytes);
    read_string(&reader, text, sizeof(text));
    cr_assert(reader.failed);
    cr_assert_eq(text[0], '\0');
    writer_finish(&writer);
}

static void fill(uint8_t *bytes, size_t size_bytes, bool noise)
{
    uint64_t state = 88172645463325252ull;
    for (size_t i = 0; i < size_bytes; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes[i] = noise ? (uint8_t)state : (uint8_t)(i / 100);
    }
}

Test(pack, blocks_of_every_kind_come_back)
{
    uint8_t *source = calloc(2, 70000), *target = source + 70000;
    static const size_t sizes[] = {0, 1, 15, 4096, 65536, 70000};
    for (unsigned noise = 0; noise < 2; noise++)
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            struct byte_writer writer = {0};
            struct byte_reader reader;
            struct error error;
            fill(source, sizes[i], noise);
            pack_write(&writer, source, sizes[i]);
            cr_assert_leq(writer.size_bytes, sizes[i] + PACK_HEADER_BYTES, "never longer");
            reader_init(&reader, writer.data, writer.size_bytes);
            cr_assert(pack_read(&reader, target, sizes[i], &error), "%s", error.text);
            cr_assert_arr_eq(source, target, sizes[i]);
            writer_finish(&writer);
        }
    free(source);
}

Test(pack, every_flipped_bit_and_every_truncation_is_refused)
{
    uint8_t source[2000], target[2000];
    struct byte_writer writer = {0};
    struct byte_reader reader;
    struct error error;
    fill(source, sizeof(source), false);
    pack_write(&writer, source, sizeof(source));
    for (size_t bit = 0; bit < 8 * writer.size_bytes; bit++) {
        writer.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        reader_init(&reader, writer.data, writer.size_bytes);
        cr_assert_not(pack_read(&reader, target, sizeof(target), &error) &&
                      memcmp(source, target, sizeof(source)) != 0);
        writer.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t length = 0; length < writer.size_bytes; length++) {
        reader_init(&reader, writer.data, length);
        cr_assert_not(pack_read(&reader, target, sizeof(target), &error));
        cr_assert_eq(error.code, ERROR_FORMAT);
    }
    writer_finish(&writer);
}

Test(digest, depends_on_the_bytes_and_not_on_how_they_came)
{
    char whole[33], parts[33], other[33];
    struct digest_state *state = digest_create();
    digest_add(state, "abcdef", 6);
    digest_text(digest_end(state), whole);
    state = digest_create();
    digest_add(state, "abc", 3);
    digest_add(state, "", 0);
    digest_add(state, "def", 3);
    digest_text(digest_end(state), parts);
    state = digest_create();
    digest_add(state, "abcdeg", 6);
    digest_text(digest_end(state), other);
    cr_assert_str_eq(whole, parts);
    cr_assert_str_neq(whole, other);
    cr_assert_eq(strlen(whole), 32);
}

static void file_write(char *path, const void *data, size_t size_bytes)
{
    strcpy(path, "test-base-XXXXXX");
    int descriptor = mkstemp(path);
    cr_assert_geq(descriptor, 0);
    cr_assert_eq(write(descriptor, data, size_bytes), (ssize_t)size_bytes);
    close(descriptor);
}

Test(elf_file, the_kernel_opens_and_every_damage_is_refused_or_bounded)
{
    struct elf_file elf;
    struct error error;
    uint8_t *image;
    size_t size_bytes;
    char path[32];
    cr_assert(elf_file_open(&elf, LATCHKEY_BUILD_DIR "/kernel.elf", &error), "%s", error.text);
    cr_assert_geq(elf.segment_count, 3);
    elf_file_finish(&elf);
    cr_assert(input_read(LATCHKEY_BUILD_DIR "/kernel.elf", 1u << 26, &image, &size_bytes,
                              &error));
    for (unsigned i = 0; i < 300; i++) {
        size_t at = (i * 7) % 600; /* the headers */
        uint8_t before = image[at];
        image[at] = (uint8_t)(before ^ (1u + i));
        file_write(path, image, 4096);
        if (elf_file_open(&elf, path, &error))
            for (unsigned s = 0; s < elf.segment_count; s++)
                cr_assert(elf.segments[s].data >= elf.image &&
                          elf.segments[s].data + elf.segments[s].data_bytes <=
                              elf.image + elf.image_bytes);
        elf_file_finish(&elf);
        unlink(path);
        image[at] = before;
    }
    free(image);
}

Test(elf_file, missing_empty_and_foreign_files_get_one_clear_line)
{
    struct elf_file elf;
    struct error error;
    char path[32];
    cr_assert_not(elf_file_open(&elf, "no-such-file", &error));
    cr_assert_eq(error.code, ERROR_IO);
    cr_assert_str_eq(error.text, "no-such-file: No such file or directory");
    elf_file_finish(&elf);
    file_write(path, "", 0);
    cr_assert_not(elf_file_open(&elf, path, &error));
    cr_assert_eq(error.code, ERROR_FORMAT);
    elf_file_finish(&elf);
    unlink(path);
    cr_assert_not(elf_file_open(&elf, "/proc/self/exe", &error));
    cr_assert_eq(error.code, ERROR_FORMAT);
    cr_assert(strstr(error.text, "not a 64-bit RISC-V executable"), "%s", error.text);
    elf_file_finish(&elf);
}

/* What a function appends, as a string; the caller frees it. */
static char *text_of(void (*add)(struct byte_writer *text, const char *source), const char *source)
{
    struct byte_writer text = {0};
    add(&text, source);
    write_u8(&text, 0);
    return (char *)text.data;
}

Test(text, what_is_no_text_becomes_a_question_mark_and_markup_becomes_entities)
{
    static const struct {
        const char *source, *clean, *escaped;
    } expected[] = {
        {"", "", ""},
        {"a<b>&\"'c", "a<b>&\"'c", "a&lt;b&gt;&amp;&quot;&#39;c"},
        {"]]>", "]]>", "]]&gt;"},
        {"tab\tline\nbell\a\x1b[31m\x7f", "tab\tline\nbell??[31m?", "tab\tline\nbell??[31m?"},
        {"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
         "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\xc3", "?", "?"},             /* cut short */
        {"\x80 \xff", "? ?", "? ?"},    /* no first byte */
        {"\xc0\xbc", "??", "??"},       /* '<', longer than it may be */
        {"\xe0\x80\xbc", "???", "???"},
        {"\xed\xa0\x80", "???", "???"}, /* half of a pair */
        {"\xef\xbf\xbe", "???", "???"}, /* U+FFFE, which XML forbids */
        {"\xf4\x90\x80\x80", "????", "????"}, /* past the last */
        {"\xc2\x9b", "??", "??"},       /* a control of terminals */
        {"\xe2\x82<", "?\?<", "?\?&lt;"}, /* cut short by markup */
    };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        char *clean = text_of(text_clean, expected[i].source);
        char *escaped = text_of(text_escape, expected[i].source);
        cr_expect_str_eq(clean, expected[i].clean, "row %zu", i);
        cr_expect_str_eq(escaped, expected[i].escaped, "row %zu", i);
        free(clean);
        free(escaped);
    }
}

Test(text, a_number_is_all_of_its_text_and_has_64_bits)
{
    static const struct {
        const char *source;
        uint64_t number;
    } good[] = {{"0", 0}, {"010", 10}, {"0x10", 16}, {"0XfF", 255},
                {"18446744073709551615", UINT64_MAX}, {"0xffffffffffffffff", UINT64_MAX}};
    static const char *const bad[] = {"", " 1", "-1", "+1", "x", "0x", "1 ", "12k", "1.5", "0x1g",
                                      "18446744073709551616", "0x10000000000000000"};
    uint64_t number;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cr_expect(text_number(good[i].source, &number), "\"%s\"", good[i].source);
        cr_expect_eq(number, good[i].number, "\"%s\"", good[i].source);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_not(text_number(bad[i], &number), "\"%s\"", bad[i]);
}

Test(json, counts_are_exact_and_text_is_text)
{
    cJSON *object = cJSON_CreateObject();
    json_count_add(object, "largest", UINT64_MAX);
    json_text_add(object, "text", "a\"b\xff\x1b");
    char *text = json_text(object);
    cr_expect_not_null(strstr(text, "18446744073709551615"), "%s", text);
    cr_expect_not_null(strstr(text, "\"a\\\"b??\""), "%s", text);
    struct error error;
    cr_expect_not(json_write(text, "no-such-folder/file.json", &error));
    cr_expect_eq(error.code, ERROR_IO);
}
