/*
 * Headers of pictures (picture.h). Each format is one row: what it begins with and who reads its size.
 */

#include <stdint.h>
#include <string.h>

#include <tator/picture.h>

typedef struct {
    const char *format, *magic;
    size_t      len;
    bool (*size)(const unsigned char *data, size_t len, picture_t *picture);
} format_t;

static bool     png_size(const unsigned char *data, size_t len, picture_t *picture);
static bool     jpeg_size(const unsigned char *data, size_t len, picture_t *picture);
static bool     gif_size(const unsigned char *data, size_t len, picture_t *picture);
static bool     webp_size(const unsigned char *data, size_t len, picture_t *picture);
static bool     bmp_size(const unsigned char *data, size_t len, picture_t *picture);
static uint32_t big(const unsigned char *data, int n);
static uint32_t little(const unsigned char *data, int n);

static const format_t formats[] = {
    {"png", "\x89PNG\r\n\x1a\n", 8, png_size},
    {"jpeg", "\xff\xd8\xff", 3, jpeg_size},
    {"gif", "GIF8", 4, gif_size},
    {"webp", "RIFF", 4, webp_size},
    {"bmp", "BM", 2, bmp_size},
};


bool
picture_probe(const void *data, size_t len, picture_t *picture)
{
    for (size_t k = 0; k < sizeof(formats) / sizeof(formats[0]); k++) {
        if (len >= formats[k].len && memcmp(data, formats[k].magic, formats[k].len) == 0) {
            picture->format = formats[k].format;
            return formats[k].size(data, len, picture) && picture->width > 0 && picture->height > 0;
        }
    }

    return false;
}


/* IHDR is always first. */
static bool
png_size(const unsigned char *data, size_t len, picture_t *picture)
{
    if (len < 24 || memcmp(data + 12, "IHDR", 4) != 0 || data[16] & 0x80 || data[20] & 0x80) {
        return false;
    }

    picture->width = (int) big(data + 16, 4);
    picture->height = (int) big(data + 20, 4);

    return true;
}


/* Segments up to the first start of frame: C0-CF but DHT, JPG and DAC. */
static bool
jpeg_size(const unsigned char *data, size_t len, picture_t *picture)
{
    size_t        at = 2;
    unsigned char marker;

    while (at + 4 <= len) {
        if (data[at] != 0xff) {
            return false;
        }

        marker = data[at + 1];
        if (marker == 0xff) {
            at++;
            continue;
        }
        if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
            at += 2;
            continue;
        }

        if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
            if (at + 9 > len) {
                return false;
            }
            picture->height = (int) big(data + at + 5, 2);
            picture->width = (int) big(data + at + 7, 2);
            return true;
        }

        at += 2 + big(data + at + 2, 2);
    }

    return false;
}


static bool
gif_size(const unsigned char *data, size_t len, picture_t *picture)
{
    if (len < 10) {
        return false;
    }

    picture->width = (int) little(data + 6, 2);
    picture->height = (int) little(data + 8, 2);

    return true;
}


static bool
webp_size(const unsigned char *data, size_t len, picture_t *picture)
{
    uint32_t bits;

    if (len < 30 || memcmp(data + 8, "WEBP", 4) != 0) {
        return false;
    }

    if (memcmp(data + 12, "VP8X", 4) == 0) {
        picture->width = (int) little(data + 24, 3) + 1;
        picture->height = (int) little(data + 27, 3) + 1;
        return true;
    }

    if (memcmp(data + 12, "VP8L", 4) == 0 && data[20] == 0x2f) {
        bits = little(data + 21, 4);
        picture->width = (int) (bits & 0x3fff) + 1;
        picture->height = (int) (bits >> 14 & 0x3fff) + 1;
        return true;
    }

    if (memcmp(data + 12, "VP8 ", 4) == 0 && memcmp(data + 23, "\x9d\x01\x2a", 3) == 0) {
        picture->width = (int) (little(data + 26, 2) & 0x3fff);
        picture->height = (int) (little(data + 28, 2) & 0x3fff);
        return true;
    }

    return false;
}


/* A negative height means rows from the top. */
static bool
bmp_size(const unsigned char *data, size_t len, picture_t *picture)
{
    int32_t height;

    if (len < 26) {
        return false;
    }

    height = (int32_t) little(data + 22, 4);
    if (height == INT32_MIN || (data[21] & 0x80)) {
        return false;
    }

    picture->width = (int) little(data + 18, 4);
    picture->height = height < 0 ? -height : height;

    return true;
}


static uint32_t
big(const unsigned char *data, int n)
{
    uint32_t value = 0;

    while (n-- > 0) {
        value = value << 8 | *data++;
    }

    return value;
}


static uint32_t
little(const unsigned char *data, int n)
{
    uint32_t value = 0;

    while (n-- > 0) {
        value = value << 8 | data[n];
    }

    return value;
}
