/*
 * Strict reading of images.
 */

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jerror.h>
#include <jpeglib.h>
#include <zlib.h>

#include "strict.h"

#define BLOCK  (64 << 10)
#define EIGHTH 8 /* JPEG's blocks have 8 pixels a side: at an eighth of the size there is little to compute */

typedef struct {
    struct jpeg_error_mgr base;
    jmp_buf               leave;
} jpeg_watch_t;


static bool     jpeg_is_whole(int fd);
static bool     jpeg_read(struct jpeg_decompress_struct *jpeg, FILE *file);
static void     on_fault(j_common_ptr jpeg);
static void     on_message(j_common_ptr jpeg, int level);
static bool     png_is_whole(int fd);
static bool     chunk_is_whole(FILE *file, char name[], unsigned char *block);
static unsigned number(const unsigned char bytes[]);


bool
strict_is_whole(const char *format, int fd)
{
    size_t i;

    static const struct {
        const char *format;
        bool (*is_whole)(int fd);
    } formats[] = {{"jpeg", jpeg_is_whole}, {"png", png_is_whole}};

    for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(format, formats[i].format) == 0) {
            return lseek(fd, 0, SEEK_SET) == 0 && formats[i].is_whole(fd);
        }
    }

    return false;
}


/* Faults and warnings both count. */
static bool
jpeg_is_whole(int fd)
{
    int                           copy = dup(fd);
    bool                          whole;
    FILE                         *file = copy != -1 ? fdopen(copy, "rb") : NULL;
    jpeg_watch_t                  watch;
    struct jpeg_decompress_struct jpeg;

    if (file == NULL) {
        if (copy != -1) {
            close(copy);
        }

        return false;
    }

    memset(&jpeg, 0, sizeof(jpeg));
    jpeg.err = jpeg_std_error(&watch.base);
    watch.base.error_exit = on_fault;
    watch.base.emit_message = on_message;

    whole = setjmp(watch.leave) == 0 && jpeg_read(&jpeg, file) && watch.base.num_warnings == 0;

    jpeg_destroy_decompress(&jpeg);
    fclose(file);

    return whole;
}


static bool
jpeg_read(struct jpeg_decompress_struct *jpeg, FILE *file)
{
    JSAMPARRAY row;

    jpeg_create_decompress(jpeg);
    jpeg_stdio_src(jpeg, file);
    jpeg_read_header(jpeg, TRUE);

    jpeg->scale_num = 1;
    jpeg->scale_denom = EIGHTH;
    jpeg->dct_method = JDCT_IFAST;
    jpeg->do_fancy_upsampling = FALSE;
    jpeg->out_color_space = jpeg->jpeg_color_space;
    jpeg_start_decompress(jpeg);

    row = jpeg->mem->alloc_sarray((j_common_ptr) jpeg, JPOOL_IMAGE, jpeg->output_width * (JDIMENSION) jpeg->output_components, 1);

    while (jpeg->output_scanline < jpeg->output_height) {
        if (jpeg_read_scanlines(jpeg, row, 1) != 1) {
            return false;
        }
    }

    return jpeg_finish_decompress(jpeg);
}


static void
on_fault(j_common_ptr jpeg)
{
    longjmp(((jpeg_watch_t *) (void *) jpeg->err)->leave, 1);
}


/* A warning is enough: what comes after it need not be read. */
static void
on_message(j_common_ptr jpeg, int level)
{
    if (level < 0) {
        on_fault(jpeg);
    }
}


static bool
png_is_whole(int fd)
{
    int            copy = dup(fd);
    char           name[5] = "";
    bool           whole, pixels = false;
    FILE          *file = copy != -1 ? fdopen(copy, "rb") : NULL;
    unsigned char *block = malloc(BLOCK);

    whole = file != NULL && block != NULL && fread(block, 1, 8, file) == 8 && memcmp(block, "\x89PNG\r\n\x1a\n", 8) == 0;

    while (whole && strcmp(name, "IEND") != 0) {
        whole = chunk_is_whole(file, name, block);
        pixels |= strcmp(name, "IDAT") == 0;
    }

    free(block);

    if (file != NULL) {
        fclose(file);
    } else if (copy != -1) {
        close(copy);
    }

    return whole && pixels;
}


/* A chunk (PNG, 5.3) is its length, its name, so many bytes, and the checksum of name and bytes. */
static bool
chunk_is_whole(FILE *file, char name[], unsigned char *block)
{
    uLong    sum;
    size_t   n;
    unsigned left;

    if (fread(block, 1, 8, file) != 8) {
        return false;
    }

    left = number(block);
    memcpy(name, block + 4, 4);
    sum = crc32(0, block + 4, 4);

    for (; left > 0; left -= (unsigned) n) {
        n = fread(block, 1, left < BLOCK ? left : BLOCK, file);
        if (n == 0) {
            return false;
        }

        sum = crc32(sum, block, (uInt) n);
    }

    return fread(block, 1, 4, file) == 4 && number(block) == sum;
}


static unsigned
number(const unsigned char bytes[])
{
    return (unsigned) bytes[0] << 24 | (unsigned) bytes[1] << 16 | (unsigned) bytes[2] << 8 | bytes[3];
}
