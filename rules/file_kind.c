#include "rules/file_kind.h"

#include <string.h>

enum {
    PDF_BEGIN = 1024,         /* readers look for %PDF- that far in */
    ZIP_END = 22 + 64 * 1024, /* its directory's end may be followed by a comment (APPNOTE 4.3.16) */
    EXTENSION_MAX = 4,
};

static const char *const fault_codes[] = {
#define X(name, code) [FILE_FAULT_##name] = code,
    FILE_FAULT_LIST(X)
#undef X
};

static const char *const types[] = {
    [FILE_NONE] = "application/octet-stream",
    [FILE_PNG] = "image/png",
    [FILE_JPEG] = "image/jpeg",
    [FILE_GIF] = "image/gif",
    [FILE_WEBP] = "image/webp",
    [FILE_PDF] = "application/pdf",
    [FILE_TEXT] = "text/plain",
};

static const struct {
    const char *extension;
    enum file_kind kind;
} extensions[] = {
    {"png", FILE_PNG},   {"jpg", FILE_JPEG}, {"jpeg", FILE_JPEG}, {"gif", FILE_GIF},
    {"webp", FILE_WEBP}, {"pdf", FILE_PDF},  {"txt", FILE_TEXT},  {"log", FILE_TEXT},
};

const char *file_fault_code(enum file_fault f)
{
    return fault_codes[f];
}

const char *file_kind_type(enum file_kind k)
{
    return types[k];
}

enum file_kind file_kind_of_name(struct str name)
{
    size_t dot = name.len;

    while (dot > 0 && name.at[dot - 1] != '.')
        dot--;
    if (dot <= 1 || name.len - dot > EXTENSION_MAX) /* ".png" is a name without an extension */
        return FILE_NONE;

    struct str extension = {name.at + dot, name.len - dot};

    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++)
        if (str_equal_nocase(extension, str_of(extensions[i].extension)))
            return extensions[i].kind;
    return FILE_NONE;
}

/* ---- bytes ---- */

static const uint8_t *bytes_at(struct str s, size_t at)
{
    return (const uint8_t *)s.at + at;
}

static bool holds(struct str s, size_t at, const char *mark, size_t n)
{
    return s.len >= at + n && memcmp(s.at + at, mark, n) == 0;
}

static uint32_t big(struct str s, size_t at, size_t n)
{
    uint32_t x = 0;

    for (size_t i = 0; i < n; i++)
        x = x << 8 | *bytes_at(s, at + i);
    return x;
}

static uint32_t little(struct str s, size_t at, size_t n)
{
    uint32_t x = 0;

    for (size_t i = n; i > 0; i--)
        x = x << 8 | *bytes_at(s, at + i - 1);
    return x;
}

static bool found(struct str s, size_t from, size_t to, const char *mark, size_t n)
{
    if (to > s.len)
        to = s.len;
    return from < to && memmem(s.at + from, to - from, mark, n) != NULL;
}

static bool is_text(struct str s)
{
    return s.len > 0 && memchr(s.at, '\0', s.len) == NULL && text_utf8_valid(s);
}

enum file_kind file_kind_of_bytes(struct str s)
{
    if (holds(s, 0, "\x89PNG\r\n\x1a\n", 8))
        return FILE_PNG;
    if (holds(s, 0, "\xff\xd8\xff", 3))
        return FILE_JPEG;
    if (holds(s, 0, "GIF87a", 6) || holds(s, 0, "GIF89a", 6))
        return FILE_GIF;
    if (holds(s, 0, "RIFF", 4) && holds(s, 8, "WEBP", 4))
        return FILE_WEBP;
    if (holds(s, 0, "%PDF-", 5))
        return FILE_PDF;
    return is_text(s) ? FILE_TEXT : FILE_NONE;
}

/* ---- pixels ---- */

static bool set_size(uint32_t w, uint32_t h, uint32_t *width, uint32_t *height)
{
    if (w == 0 || h == 0)
        return false;
    *width = w;
    *height = h;
    return true;
}

/* PNG 11.2.2: the first chunk is IHDR, 13 bytes. */
static bool png_size(struct str s, uint32_t *width, uint32_t *height)
{
    if (s.len < 33 || big(s, 8, 4) != 13 || !holds(s, 12, "IHDR", 4))
        return false;
    return set_size(big(s, 16, 4), big(s, 20, 4), width, height);
}

/* A marker that begins a frame: SOF0 to SOF15 without DHT, JPG and DAC (ITU-T T.81, table B.1). */
static bool begins_frame(uint8_t marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/* From marker to marker up to the first frame; each step goes on by two bytes at least. */
static bool jpeg_size(struct str s, uint32_t *width, uint32_t *height)
{
    for (size_t at = 2; at + 4 <= s.len;) {
        uint8_t marker = *bytes_at(s, at + 1);

        if (*bytes_at(s, at) != 0xff)
            return false;
        if (marker == 0xff) { /* a fill byte */
            at++;
            continue;
        }

        uint32_t length = big(s, at + 2, 2);

        if (marker == 0xd9 || marker == 0xda || length < 2) /* end, or pixels without a frame */
            return false;
        if (begins_frame(marker))
            return at + 9 <= s.len && length >= 8 && set_size(big(s, at + 7, 2), big(s, at + 5, 2), width, height);
        at += 2 + (size_t)length;
    }
    return false;
}

static bool gif_size(struct str s, uint32_t *width, uint32_t *height)
{
    return s.len >= 13 && set_size(little(s, 6, 2), little(s, 8, 2), width, height);
}

/* WebP container specification: the first chunk is VP8 (RFC 6386 9.1), VP8L or VP8X. */
static bool webp_size(struct str s, uint32_t *width, uint32_t *height)
{
    if (s.len < 30)
        return false;
    if (holds(s, 12, "VP8 ", 4))
        return holds(s, 23, "\x9d\x01\x2a", 3) &&
               set_size(little(s, 26, 2) & 0x3fff, little(s, 28, 2) & 0x3fff, width, height);
    if (holds(s, 12, "VP8L", 4)) {
        uint32_t bits = little(s, 21, 4);

        return *bytes_at(s, 20) == 0x2f && set_size((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1, width, height);
    }
    return holds(s, 12, "VP8X", 4) && set_size(little(s, 24, 3) + 1, little(s, 27, 3) + 1, width, height);
}

bool file_pixels(enum file_kind k, struct str bytes, uint32_t *width, uint32_t *height)
{
    switch (k) {
    case FILE_PNG:
        return png_size(bytes, width, height);
    case FILE_JPEG:
        return jpeg_size(bytes, width, height);
    case FILE_GIF:
        return gif_size(bytes, width, height);
    case FILE_WEBP:
        return webp_size(bytes, width, height);
    case FILE_NONE:
    case FILE_PDF:
    case FILE_TEXT:
        break;
    }
    return false;
}

/* ---- the judgement ---- */

static bool is_image(enum file_kind k)
{
    return k == FILE_PNG || k == FILE_JPEG || k == FILE_GIF || k == FILE_WEBP;
}

/* K4 */
static bool is_double(enum file_kind k, struct str s)
{
    if (k == FILE_TEXT)
        return false;
    if (found(s, s.len > ZIP_END ? s.len - ZIP_END : 0, s.len, "PK\x05\x06", 4))
        return true;
    return is_image(k) && found(s, 0, PDF_BEGIN, "%PDF-", 5);
}

enum file_fault file_judge(struct str name, struct str bytes, size_t max, enum file_kind *kind)
{
    enum file_kind called = file_kind_of_name(name), is;
    uint32_t width, height;

    if (called == FILE_NONE)
        return FILE_FAULT_KIND;
    if (bytes.len == 0)
        return FILE_FAULT_EMPTY;
    if (bytes.len > max)
        return FILE_FAULT_LARGE;
    is = file_kind_of_bytes(bytes);
    if (called == FILE_TEXT && is == FILE_NONE)
        return FILE_FAULT_ENCODING;
    if (is == FILE_NONE)
        return FILE_FAULT_CONTENT;
    if (is != called)
        return FILE_FAULT_DIFFERS;
    if (is_image(is) && !file_pixels(is, bytes, &width, &height))
        return FILE_FAULT_CONTENT;
    if (is_image(is) && (uint64_t)width * height > FILE_PIXELS_MAX)
        return FILE_FAULT_PIXELS;
    if (is_double(is, bytes))
        return FILE_FAULT_DOUBLE;
    *kind = is;
    return FILE_FAULT_GOOD;
}
