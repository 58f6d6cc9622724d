/* file_kind: what is taken as what, and why not. */
#include "rules/file_kind.h"

#include "rules/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX = 100 * 1024 };

/* Each is the least that is one of its kind. */
#define PNG(w, h) "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" w h "\x08\x02\0\0\0\0\0\0\0\0\0\0\0IEND\xae\x42\x60\x82"
#define JPEG(w, h) \
    "\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xff\xc2\0\x0b\x08" h w "\x01\x01\x11\0\xff\xd9"
#define GIF(w, h)  "GIF89a" w h "\x80\0\0\xff\xff\xff\0\0\0;"
#define VP8(w, h)  "RIFF\x1a\0\0\0WEBPVP8 \x0e\0\0\0\x10\0\0\x9d\x01\x2a" w h "\0\0\0\0"
#define VP8L(bits) "RIFF\x1a\0\0\0WEBPVP8L\x0e\0\0\0\x2f" bits "\0\0\0\0\0\0\0\0\0"
#define VP8X(w, h) "RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" w h
#define PDF        "%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
#define ZIP_END    "PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define B(literal)                   \
    {                                \
        literal, sizeof(literal) - 1 \
    }

static void a_file_is_judged_by_content_and_name(void **state)
{
    static const struct {
        const char *label, *name;
        struct str bytes;
        enum file_fault fault;
        enum file_kind kind;
    } cases[] = {
        {"a PNG", "a.png", B(PNG("\0\0\0\x01", "\0\0\0\x01")), FILE_FAULT_GOOD, FILE_PNG},
        {"a JPEG", "a.jpg", B(JPEG("\x01\x02", "\x01\x02")), FILE_FAULT_GOOD, FILE_JPEG},
        {"its longer ending, shouted", "A.JPEG", B(JPEG("\0\x01", "\0\x01")), FILE_FAULT_GOOD, FILE_JPEG},
        {"a GIF", "a.gif", B(GIF("\x01\0", "\x01\0")), FILE_FAULT_GOOD, FILE_GIF},
        {"an old GIF", "a.gif", B("GIF87a\x01\0\x01\0\x80\0\0;"), FILE_FAULT_GOOD, FILE_GIF},
        {"WebP, lossy", "a.webp", B(VP8("\x01\0", "\x01\0")), FILE_FAULT_GOOD, FILE_WEBP},
        {"WebP, lossless", "a.webp", B(VP8L("\x01\x40\0\0")), FILE_FAULT_GOOD, FILE_WEBP},
        {"WebP, extended", "a.webp", B(VP8X("\x01\0\0", "\x01\0\0")), FILE_FAULT_GOOD, FILE_WEBP},
        {"a PDF", "a.pdf", B(PDF), FILE_FAULT_GOOD, FILE_PDF},
        {"a text", "a.txt", B("Sign-in fails: \xe7\x99\xbb\xe5\x85\xa5\n"), FILE_FAULT_GOOD, FILE_TEXT},
        {"a log", "a.b.log", B("\x1b[31mERROR\x1b[0m\r\n"), FILE_FAULT_GOOD, FILE_TEXT},
        {"a text with a byte order mark", "a.txt", B("\xef\xbb\xbfx"), FILE_FAULT_GOOD, FILE_TEXT},

        {"no ending", "README", B("x"), FILE_FAULT_KIND, 0},
        {"nothing but an ending", ".png", B(PNG("\0\0\0\x01", "\0\0\0\x01")), FILE_FAULT_KIND, 0},
        {"an empty ending", "a.", B("x"), FILE_FAULT_KIND, 0},
        {"an ending that is not taken", "a.exe", B("MZ"), FILE_FAULT_KIND, 0},
        {"a drawing with scripts", "a.svg", B("<svg/>"), FILE_FAULT_KIND, 0},
        {"a page", "a.html", B("<p>"), FILE_FAULT_KIND, 0},
        {"an archive", "a.zip", B("PK\x03\x04"), FILE_FAULT_KIND, 0},
        {"a picture of a phone that few can open", "a.heic",
         B("\0\0\0\x18"
           "ftypheic"),
         FILE_FAULT_KIND, 0},
        {"an ending behind a good one", "a.png.exe", B(PNG("\0\0\0\x01", "\0\0\0\x01")), FILE_FAULT_KIND, 0},
        {"a NUL behind the ending", "a.png", B(""), FILE_FAULT_EMPTY, 0},
        {"no bytes", "a.txt", B(""), FILE_FAULT_EMPTY, 0},
        {"a program called a picture", "a.png", B("MZ\x90\0\x03\0\0\0"), FILE_FAULT_CONTENT, 0},
        {"a picture called a text", "a.txt", B(GIF("\x01\0", "\x01\0")), FILE_FAULT_DIFFERS, 0},
        {"a PDF called a text", "a.txt", B(PDF), FILE_FAULT_DIFFERS, 0},
        {"a text called a picture", "a.png", B("hello"), FILE_FAULT_DIFFERS, 0},
        {"a page called a picture", "a.gif", B("<script>"), FILE_FAULT_DIFFERS, 0},
        {"one picture called another", "a.jpg", B(PNG("\0\0\0\x01", "\0\0\0\x01")), FILE_FAULT_DIFFERS, 0},
        {"a PDF behind other words", "a.pdf", B("hello %PDF-1.4"), FILE_FAULT_DIFFERS, 0},
        {"UTF-16", "a.txt", B("\xff\xfeh\0i\0"), FILE_FAULT_ENCODING, 0},
        {"Latin-1", "a.txt",
         B("Gr\xfc\xdf"
           "e"),
         FILE_FAULT_ENCODING, 0},
        {"a text with U+0000", "a.txt", B("a\0b"), FILE_FAULT_ENCODING, 0},
        {"a PNG that ends in its header", "a.png", B("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"), FILE_FAULT_CONTENT, 0},
        {"a PNG whose first chunk is another", "a.png",
         B("\x89PNG\r\n\x1a\n\0\0\0\x0dIDAT\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\0\0\0\0"), FILE_FAULT_CONTENT, 0},
        {"a PNG without width", "a.png", B(PNG("\0\0\0\0", "\0\0\0\x01")), FILE_FAULT_CONTENT, 0},
        {"a JPEG without a frame", "a.jpg", B("\xff\xd8\xff\xe0\0\x04xx\xff\xda\0\x04xx"), FILE_FAULT_CONTENT, 0},
        {"a JPEG of fill bytes", "a.jpg", B("\xff\xd8\xff\xff\xff\xff\xff\xff\xff\xff\xff"), FILE_FAULT_CONTENT, 0},
        {"a JPEG whose segment has no length", "a.jpg", B("\xff\xd8\xff\xe0\0\0\xff\xc0\0\x0b\x08\0\1\0\1\1\1\1\0"),
         FILE_FAULT_CONTENT, 0},
        {"a JPEG that ends in its frame", "a.jpg", B("\xff\xd8\xff\xc0\0\x0b\x08\0"), FILE_FAULT_CONTENT, 0},
        {"a JPEG whose segment runs out", "a.jpg", B("\xff\xd8\xff\xe0\xff\xff\0"), FILE_FAULT_CONTENT, 0},
        {"a GIF cut short", "a.gif", B("GIF89a\x01\0"), FILE_FAULT_CONTENT, 0},
        {"a WebP of another chunk", "a.webp", B("RIFF\x1a\0\0\0WEBPANIM\x0e\0\0\0\x2f\0\0\0\0\0\0\0\0\0\0\0\0\0"),
         FILE_FAULT_CONTENT, 0},
        {"sound in the same box", "a.webp", B("RIFF\x1a\0\0\0WAVEfmt \0\0"), FILE_FAULT_CONTENT, 0},

        {"40 million pixels", "a.png", B(PNG("\0\0\x27\x10", "\0\0\x0f\xa0")), FILE_FAULT_GOOD, FILE_PNG},
        {"one line more", "a.png", B(PNG("\0\0\x27\x10", "\0\0\x0f\xa1")), FILE_FAULT_PIXELS, 0},
        {"pixels that overflow 32 bits", "a.png", B(PNG("\xff\xff\xff\xff", "\xff\xff\xff\xff")), FILE_FAULT_PIXELS, 0},
        {"a JPEG of 65535 by 65535", "a.jpg", B(JPEG("\xff\xff", "\xff\xff")), FILE_FAULT_PIXELS, 0},
        {"a GIF of 65535 by 65535", "a.gif", B(GIF("\xff\xff", "\xff\xff")), FILE_FAULT_PIXELS, 0},
        {"a WebP of 16384 by 16384", "a.webp", B(VP8L("\xff\xff\xff\x0f")), FILE_FAULT_PIXELS, 0},
        {"a WebP of 2^24 by 2^24", "a.webp", B(VP8X("\xff\xff\xff", "\xff\xff\xff")), FILE_FAULT_PIXELS, 0},

        {"a picture that is an archive", "a.gif", B(GIF("\x01\0", "\x01\0") ZIP_END), FILE_FAULT_DOUBLE, 0},
        {"a PDF that is an archive", "a.pdf", B(PDF ZIP_END), FILE_FAULT_DOUBLE, 0},
        {"a picture that is a PDF", "a.gif", B(GIF("\x01\0", "\x01\0") PDF), FILE_FAULT_DOUBLE, 0},
        {"a text that speaks of archives", "a.txt", B("PK\x05\x06"), FILE_FAULT_GOOD, FILE_TEXT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum file_kind kind = FILE_NONE;
        /* Exactly as long as it is, so that a sanitizer sees a byte too far. */
        char *copy = malloc(cases[i].bytes.len + 1);

        memcpy(copy, cases[i].bytes.at, cases[i].bytes.len);
        copy = realloc(copy, cases[i].bytes.len == 0 ? 1 : cases[i].bytes.len);

        enum file_fault fault = file_judge(str_of(cases[i].name), (struct str){copy, cases[i].bytes.len}, MAX, &kind);

        free(copy);
        if (fault != cases[i].fault || (fault == FILE_FAULT_GOOD && kind != cases[i].kind))
            fail_msg("%s: %s, %s", cases[i].label, file_fault_code(fault), file_kind_type(kind));
    }
}

static void a_file_is_as_large_as_it_may_be(void **state)
{
    char *bytes = malloc(MAX + 1);
    enum file_kind kind;

    (void)state;
    memset(bytes, 'x', MAX + 1);
    assert_int_equal(file_judge(STR("a.txt"), (struct str){bytes, MAX}, MAX, &kind), FILE_FAULT_GOOD);
    assert_int_equal(file_judge(STR("a.txt"), (struct str){bytes, MAX + 1}, MAX, &kind), FILE_FAULT_LARGE);
    free(bytes);
}

/* The end of an archive's directory is found however long its comment is. */
static void an_archive_is_seen_behind_its_comment(void **state)
{
    static const char image[] = GIF("\x01\0", "\x01\0"), end[] = ZIP_END;
    size_t comment = 65535, n = sizeof image - 1 + sizeof end - 1 + comment;
    char *bytes = malloc(n);
    enum file_kind kind;

    (void)state;
    memset(bytes, 'c', n);
    memcpy(bytes, image, sizeof image - 1);
    memcpy(bytes + sizeof image - 1, end, sizeof end - 1);
    assert_int_equal(file_judge(STR("a.gif"), (struct str){bytes, n}, MAX, &kind), FILE_FAULT_DOUBLE);
    free(bytes);
}

static void sizes_are_read_as_the_header_says(void **state)
{
    static const struct {
        const char *label;
        enum file_kind kind;
        struct str bytes;
        uint32_t width, height;
    } cases[] = {
        {"PNG", FILE_PNG, B(PNG("\0\0\x12\x34", "\0\0\x43\x21")), 0x1234, 0x4321},
        {"JPEG, a progressive frame behind fill bytes", FILE_JPEG, B(JPEG("\x12\x34", "\x43\x21")), 0x1234, 0x4321},
        {"GIF", FILE_GIF, B(GIF("\x34\x12", "\x21\x43")), 0x1234, 0x4321},
        {"WebP, lossy: 14 bits, the rest is scale", FILE_WEBP, B(VP8("\x34\xd2", "\x21\x43")), 0x1234, 0x0321},
        {"WebP, lossless: 14 bits each, less one", FILE_WEBP, B(VP8L("\x33\xd2\xc8\x00")), 0x1234, 0x0324},
        {"WebP, extended: 24 bits each, less one", FILE_WEBP, B(VP8X("\x33\x12\0", "\x20\x43\x01")), 0x1234, 0x14321},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t w = 0, h = 0;

        if (!file_pixels(cases[i].kind, cases[i].bytes, &w, &h) || w != cases[i].width || h != cases[i].height)
            fail_msg("%s: %x by %x", cases[i].label, w, h);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_judged_by_content_and_name),
        cmocka_unit_test(a_file_is_as_large_as_it_may_be),
        cmocka_unit_test(an_archive_is_seen_behind_its_comment),
        cmocka_unit_test(sizes_are_read_as_the_header_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
