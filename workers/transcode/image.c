/*
 * Import of an image.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image.h"
#include "picture.h"
#include "source.h"
#include "strict.h"

#define BLOCK     (1 << 20)
#define THUMBNAIL 256
#define WIDE      100000000L /* pixels from which time counts more than size */

typedef struct {
    const image_order_t *order;
    destination_t       *destination;
    picture_t            picture;
    fault_t             *fault;
} import_t;


static bool   fetch(import_t *import, const char *url, picture_t *picture);
static void   release(picture_t *picture);
static bool   thumbnail_make(import_t *import);
static bool   thumbnail_take(import_t *import);
static bool   is_sound(picture_t *picture);
static bool   media_set(import_t *import);
static bool   image_store(import_t *import);
static bool   image_encode(import_t *import, sink_t *sink);
static bool   is_kept(const picture_t *picture);
static gint64 on_write(VipsTargetCustom *target, const void *data, gint64 len, void *sink);
static bool   keep(import_t *import, const picture_t *picture, const char *role, const char *name, const char *mime);
static bool   put(import_t *import, const char *role, const char *name, const void *data, size_t len, int width, int height,
                  const char *mime);
static bool   add(import_t *import, const char *role, const char *path, int64_t size, int width, int height, const char *mime);


bool
image_import(const image_order_t *order, destination_t *destination, fault_t *fault)
{
    bool     good;
    import_t import = {.order = order, .destination = destination, .picture.fd = -1, .fault = fault};

    /* The image comes last: whoever sees it sees the rest too. */
    good = picture_start(order->threads, fault) && fetch(&import, order->url, &import.picture) &&
           (order->thumbnail != NULL ? thumbnail_take(&import) : thumbnail_make(&import)) && media_set(&import) &&
           image_store(&import);

    release(&import.picture);

    return good;
}


bool
image_is(const void *data, size_t len)
{
    static const struct {
        size_t      at, len;
        const char *bytes;
    } marks[] = {
        {0, 3, "\xff\xd8\xff"}, {0, 8, "\x89PNG\r\n\x1a\n"}, {0, 4, "II*\0"},     {0, 4, "MM\0*"},    {0, 4, "II+\0"},
        {0, 4, "MM\0+"},        {8, 4, "WEBP"},              {4, 8, "ftypavif"}, {4, 8, "ftypheic"}, {4, 8, "ftypheix"},
        {4, 8, "ftypmif1"},
    };
    size_t               i;
    const unsigned char *bytes = data;

    for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (len >= marks[i].at + marks[i].len && memcmp(bytes + marks[i].at, marks[i].bytes, marks[i].len) == 0) {
            return true;
        }
    }

    /* BM alone is too little: the header's reserved bytes are zero, and its own size is a small number. */
    return len > 18 && memcmp(bytes, "BM", 2) == 0 && memcmp(bytes + 6, "\0\0\0\0", 4) == 0 && bytes[15] == 0 && bytes[16] == 0;
}


static bool
fetch(import_t *import, const char *url, picture_t *picture)
{
    int       fd;
    bool      good;
    source_t *source = source_open(url, import->order->flags, import->fault);

    fd = source != NULL ? source_file(source) : -1;
    good = fd != -1 && picture_open(picture, fd, (size_t) source_size(source), import->fault);
    source_close(source);

    if (!good && fd != -1) {
        close(fd);
        picture->fd = -1;
    }

    return good;
}


static void
release(picture_t *picture)
{
    picture_close(picture);

    if (picture->fd != -1) {
        close(picture->fd);
    }
}


/* Fitted into a square, never enlarged (contract/media.md §12; its mime of a generated one is part of what clients get). */
static bool
thumbnail_make(import_t *import)
{
    void      *data = NULL;
    bool       good;
    size_t     len = 0;
    VipsImage *small = picture_small(&import->picture, THUMBNAIL, import->fault);

    if (small == NULL) {
        return false;
    }

    good = vips_jpegsave_buffer(small, &data, &len, "Q", 85, "strip", TRUE, NULL) == 0 ||
           picture_fault(import->fault, "the image can not be read");
    good = good && put(import, "thumbnail", "thumb.jpg", data, len, vips_image_get_width(small), vips_image_get_height(small),
                       "image/None");

    g_object_unref(small);
    g_free(data);

    return good;
}


/* The given thumbnail as it is, a damaged one is replaced by one of the image; its mime tells the main image's format, as clients get it
   from the reference. */
static bool
thumbnail_take(import_t *import)
{
    char      mime[32];
    bool      good;
    size_t    i;
    picture_t picture = {.fd = -1};

    snprintf(mime, sizeof(mime), "image/%s", import->picture.format);
    for (i = 6; mime[i]; i++) {
        mime[i] = (char) g_ascii_toupper(mime[i]);
    }

    good = fetch(import, import->order->thumbnail, &picture) &&
           (is_sound(&picture) ? keep(import, &picture, "thumbnail", import->order->thumbnail_name, mime) : thumbnail_make(import));
    release(&picture);

    return good;
}


/* Whether it can be read to its end. */
static bool
is_sound(picture_t *picture)
{
    bool       browsers = strcmp(picture->format, "jpeg") == 0 || strcmp(picture->format, "png") == 0;
    fault_t    fault = FAULT_INITIALIZER;
    VipsImage *small = picture_small(picture, THUMBNAIL, &fault);

    if (small == NULL) {
        return false;
    }

    g_object_unref(small);

    return !browsers || strict_is_whole(picture->format, picture->fd);
}


static bool
media_set(import_t *import)
{
    return import->destination->set(import->destination, json_pack("{s:i,s:i}", "width", import->picture.width, "height",
                                                                   import->picture.height));
}


static bool
image_store(import_t *import)
{
    bool             good;
    char             mime[32];
    sink_t          *sink;
    const picture_t *picture = &import->picture;

    if (import->order->reference_only) {
        snprintf(mime, sizeof(mime), "image/%s", picture->format);
        return add(import, "image", NULL, (int64_t) picture->len, picture->width, picture->height, mime);
    }

    if (is_kept(picture)) {
        return strcmp(picture->format, "jpeg") == 0
                   ? keep(import, picture, "image", "image.jpeg", "image/jpeg")
                   : keep(import, picture, "image", "image.png", "image/png");
    }

    sink = import->destination->open(import->destination, "image.png", (int64_t) picture->width * picture->height * 8);

    good = sink != NULL && image_encode(import, sink) && sink->finish(sink) &&
           add(import, "image", sink->key, sink->size, picture->width, picture->height, "image/png");

    if (sink != NULL) {
        sink->close(sink);
    }

    return good;
}


/* As PNG, into the sink while it is made. */
static bool
image_encode(import_t *import, sink_t *sink)
{
    bool              good;
    long              pixels = (long) import->picture.width * import->picture.height;
    VipsImage        *plain = picture_plain(&import->picture, import->fault);
    VipsTargetCustom *target;

    if (plain == NULL) {
        return false;
    }

    target = vips_target_custom_new();
    g_signal_connect(target, "write", G_CALLBACK(on_write), sink);

    good = vips_pngsave_target(plain, VIPS_TARGET(target), "compression", pixels > WIDE ? 1 : 6, "strip", TRUE, NULL) == 0 ||
           picture_fault(import->fault, "the image can not be stored as PNG");

    g_object_unref(target);
    g_object_unref(plain);

    return good;
}


/* What browsers show as it is keeps its bytes (contract/media.md §12); pictures for print and those that a strict reader refuses are none of that. */
static bool
is_kept(const picture_t *picture)
{
    return picture->orientation <= 1 && vips_image_guess_interpretation(picture->image) != VIPS_INTERPRETATION_CMYK &&
           strict_is_whole(picture->format, picture->fd);
}


static gint64
on_write(VipsTargetCustom *target, const void *data, gint64 len, void *closure)
{
    sink_t *sink = closure;

    (void) target;

    return sink->write(sink, data, (size_t) len) ? len : -1;
}


/* The file's own bytes. */
static bool
keep(import_t *import, const picture_t *picture, const char *role, const char *name, const char *mime)
{
    bool    good;
    char   *data = malloc(BLOCK);
    off_t   at;
    sink_t *sink = import->destination->open(import->destination, name, (int64_t) picture->len);
    ssize_t n = 0;

    good = sink != NULL && data != NULL;

    for (at = 0; good && (n = pread(picture->fd, data, BLOCK, at)) > 0; at += n) {
        good = sink->write(sink, data, (size_t) n);
    }

    good = good && n == 0 && sink->finish(sink) &&
           add(import, role, sink->key, sink->size, picture->width, picture->height, mime);

    if (sink != NULL) {
        sink->close(sink);
    }

    free(data);

    return good || fault_set(import->fault, true, "no memory");
}


static bool
put(import_t *import, const char *role, const char *name, const void *data, size_t len, int width, int height, const char *mime)
{
    bool    good;
    sink_t *sink = import->destination->open(import->destination, name, (int64_t) len);

    good = sink != NULL && sink->write(sink, data, len) && sink->finish(sink) &&
           add(import, role, sink->key, (int64_t) len, width, height, mime);

    if (sink != NULL) {
        sink->close(sink);
    }

    return good;
}


/* Without a path it is the source's own address. */
static bool
add(import_t *import, const char *role, const char *path, int64_t size, int width, int height, const char *mime)
{
    return import->destination->add(import->destination, "ImageFiles", role,
                                    json_pack("{s:s?,s:I,s:[i,i],s:s}", "path", path, "size", (json_int_t) size, "resolution",
                                              height, width, "mime", mime));
}
