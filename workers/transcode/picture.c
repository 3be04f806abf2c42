/*
 * Foreign images.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libraw/libraw.h>
#include <libswscale/swscale.h>

#include "picture.h"

#define SIDE         65500
#define DNG_VERSION  50706 /* the tag that makes a TIFF a DNG */
#define TAGS_LIMIT   200
#define CACHE_MEMORY (64 << 20)
#define HEAD         512
#define DECODED      (1UL << 30) /* bytes of a file that is not read by libvips */

typedef struct {
    const char *loader, *format;
} format_t;

/* Names of formats by libvips' loaders. */
static const format_t formats[] = {
    {"VipsForeignLoadJpegSource", "jpeg"}, {"VipsForeignLoadPngSource", "png"},   {"VipsForeignLoadNsgifSource", "gif"},
    {"VipsForeignLoadWebpSource", "webp"}, {"VipsForeignLoadTiffSource", "tiff"}, {"VipsForeignLoadHeifSource", "heif"},
};


/* The file as libvips reads it: several may be open at a time, each with its own position. */
typedef struct {
    int    fd;
    size_t len;
    gint64 position;
} place_t;


static const char *format_of(const picture_t *picture);
static bool        decode(picture_t *picture, fault_t *fault);
static VipsImage  *shrunk(const picture_t *picture, int side);
static VipsSource *source_new(const picture_t *picture);
static gint64      on_read(VipsSourceCustom *source, void *data, gint64 len, void *place);
static gint64      on_seek(VipsSourceCustom *source, gint64 offset, int whence, void *place);
static int         shrink_of(const picture_t *picture, int side);
static bool        is_dng(const picture_t *picture, const unsigned char *head, size_t len);
static unsigned    number(const unsigned char *data, size_t size, bool little);
static VipsImage  *dng_read(const void *data, size_t len, fault_t *fault);
static VipsImage  *bmp_read(const void *data, size_t len, fault_t *fault);
static VipsImage  *frame_image(const AVFrame *frame);
static VipsImage  *stored(const picture_t *picture, VipsAccess access, int shrink);
static VipsImage  *colours(VipsImage *image);
static bool        is_sixteen(const VipsImage *image);


bool
picture_start(int threads, fault_t *fault)
{
    if (VIPS_INIT("tator-transcode") != 0) {
        return fault_set(fault, true, "libvips does not start");
    }

    vips_block_untrusted_set(TRUE);
    vips_cache_set_max(0);
    vips_cache_set_max_mem(CACHE_MEMORY);
    vips_concurrency_set(threads);

    return true;
}


bool
picture_open(picture_t *picture, int fd, size_t len, fault_t *fault)
{
    int swap;

    memset(picture, 0, sizeof(picture_t));
    picture->fd = fd;
    picture->len = len;
    picture->format = format_of(picture);

    if (picture->format == NULL) {
        return fault_set(fault, false, "the image's format is not known, or it is damaged");
    }

    picture->decoded = strcmp(picture->format, "dng") == 0 || strcmp(picture->format, "bmp") == 0;

    if (picture->decoded) {
        if (!decode(picture, fault)) {
            return fault_set(fault, false, "the image can not be read");
        }

    } else {
        picture->image = stored(picture, VIPS_ACCESS_SEQUENTIAL, 1);
        if (picture->image == NULL) {
            return picture_fault(fault, "the image can not be read");
        }
    }

    picture->width = vips_image_get_width(picture->image);
    picture->height = vips_image_get_height(picture->image);
    picture->orientation = picture->decoded ? 1 : vips_image_get_orientation(picture->image);

    if (picture->width > SIDE || picture->height > SIDE || (long) picture->width * picture->height > PICTURE_PIXELS) {
        fault_of(fault, FAULT_LIMIT, false, "an image of %d x %d pixels is too large", picture->width, picture->height);
        picture_close(picture);
        return false;
    }

    if (picture->orientation >= 5) {
        swap = picture->width;
        picture->width = picture->height;
        picture->height = swap;
    }

    return true;
}


void
picture_close(picture_t *picture)
{
    if (picture->image != NULL) {
        g_object_unref(picture->image);
        picture->image = NULL;
    }
}


VipsImage *
picture_small(picture_t *picture, int side, fault_t *fault)
{
    VipsImage *small = shrunk(picture, side);

    if (small == NULL) {
        picture_fault(fault, "the image can not be read");
    }

    return small;
}


VipsImage *
picture_plain(const picture_t *picture, fault_t *fault)
{
    VipsImage *image, *upright = NULL, *plain;

    if (picture->decoded) {
        g_object_ref(picture->image);
        return picture->image;
    }

    image = stored(picture, picture->orientation > 1 ? VIPS_ACCESS_RANDOM : VIPS_ACCESS_SEQUENTIAL, 1);

    if (image == NULL || vips_autorot(image, &upright, NULL) != 0) {
        picture_fault(fault, "the image can not be turned");
        plain = NULL;
        goto done;
    }

    plain = colours(upright);
    if (plain == NULL) {
        picture_fault(fault, "the image's colours can not be converted");
    }

done:

    if (upright != NULL) {
        g_object_unref(upright);
    }

    if (image != NULL) {
        g_object_unref(image);
    }

    return plain;
}


bool
picture_fault(fault_t *fault, const char *what)
{
    char        reason[200];
    const char *end;

    snprintf(reason, sizeof(reason), "%s", vips_error_buffer());
    end = strchr(reason, '\n');
    vips_error_clear();

    return fault_set(fault, false, "%s: %.*s", what, end ? (int) (end - reason) : (int) strlen(reason), reason);
}


/* In memory. NULL: libvips knows why. */
static VipsImage *
shrunk(const picture_t *picture, int side)
{
    int        failed;
    VipsImage *whole = picture->image, *small = NULL, *plain, *flat = NULL, *kept;

    if (!picture->decoded) {
        whole = stored(picture, VIPS_ACCESS_SEQUENTIAL, shrink_of(picture, side));
    }

    failed = whole == NULL ||
             vips_thumbnail_image(whole, &small, side, "height", side, "size", VIPS_SIZE_DOWN, NULL) != 0;

    if (whole != NULL && whole != picture->image) {
        g_object_unref(whole);
    }

    if (failed) {
        return NULL;
    }

    plain = colours(small);
    g_object_unref(small);

    if (plain != NULL && is_sixteen(plain)) {
        small = plain;
        plain = NULL;
        failed = vips_colourspace(small, &plain, VIPS_INTERPRETATION_sRGB, NULL);
        g_object_unref(small);
    }

    if (plain != NULL && vips_image_hasalpha(plain)) {
        failed = vips_flatten(plain, &flat, NULL);
        g_object_unref(plain);
        plain = failed ? NULL : flat;
    }

    kept = plain != NULL ? vips_image_copy_memory(plain) : NULL;

    if (plain != NULL) {
        g_object_unref(plain);
    }

    return kept;
}


static const char *
format_of(const picture_t *picture)
{
    size_t        i;
    ssize_t       len;
    VipsSource   *source;
    const char   *loader;
    unsigned char head[HEAD];

    len = pread(picture->fd, head, sizeof(head), 0);

    if (len > 26 && memcmp(head, "BM", 2) == 0) {
        return "bmp";
    }

    if (len > 0 && is_dng(picture, head, (size_t) len)) {
        return "dng";
    }

    source = source_new(picture);
    loader = vips_foreign_find_load_source(source);
    g_object_unref(source);

    for (i = 0; loader != NULL && i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(loader, formats[i].loader) == 0) {
            if (strcmp(formats[i].format, "heif") == 0 && len > 12 && memcmp(head + 8, "avi", 3) == 0) {
                return "avif";
            }

            return formats[i].format;
        }
    }

    vips_error_clear();

    return NULL;
}


/* By a library that wants the whole file in memory. */
static bool
decode(picture_t *picture, fault_t *fault)
{
    void *data;

    if (picture->len > DECODED) {
        return fault_of(fault, FAULT_LIMIT, false, "an image file of %zu bytes is too large", picture->len);
    }

    data = mmap(NULL, picture->len, PROT_READ, MAP_PRIVATE, picture->fd, 0);
    if (data == MAP_FAILED) {
        return fault_set(fault, true, "no memory");
    }

    picture->image = strcmp(picture->format, "dng") == 0 ? dng_read(data, picture->len, fault) : bmp_read(data, picture->len, fault);
    munmap(data, picture->len);

    return picture->image != NULL;
}


static VipsSource *
source_new(const picture_t *picture)
{
    place_t          *place = g_new0(place_t, 1);
    VipsSourceCustom *source = vips_source_custom_new();

    place->fd = picture->fd;
    place->len = picture->len;

    g_signal_connect(source, "read", G_CALLBACK(on_read), place);
    g_signal_connect(source, "seek", G_CALLBACK(on_seek), place);
    g_object_set_data_full(G_OBJECT(source), "place", place, g_free);

    return VIPS_SOURCE(source);
}


static gint64
on_read(VipsSourceCustom *source, void *data, gint64 len, void *closure)
{
    place_t *place = closure;
    gint64   n = pread(place->fd, data, (size_t) len, place->position);

    (void) source;

    place->position += n > 0 ? n : 0;

    return n;
}


static gint64
on_seek(VipsSourceCustom *source, gint64 offset, int whence, void *closure)
{
    place_t *place = closure;

    (void) source;

    offset += whence == SEEK_CUR ? place->position : whence == SEEK_END ? (gint64) place->len : 0;
    if (offset < 0) {
        return -1;
    }

    place->position = offset;

    return offset;
}


/* By how much a JPEG may be shrunk while it is read, so that something is left for a good filter. */
static int
shrink_of(const picture_t *picture, int side)
{
    int shrink = 8, larger = picture->width > picture->height ? picture->width : picture->height;

    if (strcmp(picture->format, "jpeg") != 0) {
        return 1;
    }

    while (shrink > 1 && larger / shrink < 2 * side) {
        shrink /= 2;
    }

    return shrink;
}


/* A TIFF whose first directory has the tag of DNG's version. */
static bool
is_dng(const picture_t *picture, const unsigned char *head, size_t len)
{
    bool          little;
    ssize_t       i, n;
    unsigned char tags[12 * TAGS_LIMIT + 2];

    if (len < 16 || (memcmp(head, "II*\0", 4) != 0 && memcmp(head, "MM\0*", 4) != 0)) {
        return false;
    }

    little = head[0] == 'I';
    n = pread(picture->fd, tags, sizeof(tags), number(head + 4, 4, little));

    if (n < 2) {
        return false;
    }

    n = n - 2 < (ssize_t) number(tags, 2, little) * 12 ? n - 2 : (ssize_t) number(tags, 2, little) * 12;

    for (i = 2; i + 12 <= n + 2; i += 12) {
        if (number(tags + i, 2, little) == DNG_VERSION) {
            return true;
        }
    }

    return false;
}


static unsigned
number(const unsigned char *data, size_t size, bool little)
{
    size_t   i;
    unsigned value = 0;

    for (i = 0; i < size; i++) {
        value |= (unsigned) data[little ? i : size - 1 - i] << (8 * i);
    }

    return value;
}


static VipsImage *
dng_read(const void *data, size_t len, fault_t *fault)
{
    int                       error;
    size_t                    size;
    VipsImage                *image = NULL;
    libraw_data_t            *raw = libraw_init(LIBRAW_OPIONS_NO_MEMERR_CALLBACK | LIBRAW_OPIONS_NO_DATAERR_CALLBACK);
    libraw_processed_image_t *made = NULL;

    if (raw == NULL) {
        fault_set(fault, true, "no memory");
        return NULL;
    }

    raw->params.use_camera_wb = 1;
    raw->params.output_bps = 8;

    error = libraw_open_buffer(raw, (void *) data, len);

    if (error == 0 && ((long) raw->sizes.width > SIDE || (long) raw->sizes.height > SIDE ||
                       (long) raw->sizes.raw_width * raw->sizes.raw_height > PICTURE_PIXELS / 8)) {
        fault_of(fault, FAULT_LIMIT, false, "an image of %d x %d pixels is too large", raw->sizes.width, raw->sizes.height);
        libraw_close(raw);
        return NULL;
    }

    error = error == 0 ? libraw_unpack(raw) : error;
    error = error == 0 ? libraw_dcraw_process(raw) : error;
    made = error == 0 ? libraw_dcraw_make_mem_image(raw, &error) : NULL;

    if (made != NULL && made->type == LIBRAW_IMAGE_BITMAP && made->bits == 8) {
        size = (size_t) made->width * made->height * made->colors;

        if (size <= made->data_size) {
            image = vips_image_new_from_memory_copy(made->data, size, made->width, made->height, made->colors, VIPS_FORMAT_UCHAR);
        }
    }

    if (image == NULL) {
        fault_set(fault, false, "the image can not be read: %s", error != 0 ? libraw_strerror(error) : "no picture in it");
    } else {
        image->Type = made->colors >= 3 ? VIPS_INTERPRETATION_sRGB : VIPS_INTERPRETATION_B_W;
    }

    if (made != NULL) {
        libraw_dcraw_clear_mem(made);
    }

    libraw_close(raw);

    return image;
}


static VipsImage *
bmp_read(const void *data, size_t len, fault_t *fault)
{
    int             error;
    AVFrame        *frame = av_frame_alloc();
    AVPacket       *packet = av_packet_alloc();
    VipsImage      *image = NULL;
    AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_BMP));

    if (frame == NULL || packet == NULL || decoder == NULL || len > INT32_MAX || av_new_packet(packet, (int) len) < 0) {
        fault_set(fault, true, "no memory");
        goto done;
    }

    memcpy(packet->data, data, len);
    decoder->max_pixels = PICTURE_PIXELS;
    decoder->err_recognition = AV_EF_EXPLODE;

    error = avcodec_open2(decoder, NULL, NULL);
    error = error < 0 ? error : avcodec_send_packet(decoder, packet);
    error = error < 0 ? error : avcodec_receive_frame(decoder, frame);

    if (error < 0) {
        fault_av(fault, error, "the image can not be read");
        goto done;
    }

    image = frame_image(frame);
    if (image == NULL) {
        fault_set(fault, true, "no memory");
    }

done:

    avcodec_free_context(&decoder);
    av_packet_free(&packet);
    av_frame_free(&frame);

    return image;
}


static VipsImage *
frame_image(const AVFrame *frame)
{
    int                bands = frame->format == AV_PIX_FMT_BGRA ? 4 : 3, stride[4] = {0};
    uint8_t           *pixels, *planes[4] = {0};
    VipsImage         *image = NULL;
    struct SwsContext *scaler;

    scaler = sws_getContext(frame->width, frame->height, frame->format, frame->width, frame->height,
                            bands == 4 ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24, SWS_POINT, NULL, NULL, NULL);
    pixels = malloc((size_t) frame->width * (size_t) frame->height * (size_t) bands + 64);

    if (scaler != NULL && pixels != NULL) {
        planes[0] = pixels;
        stride[0] = frame->width * bands;
        sws_scale(scaler, (const uint8_t *const *) frame->data, frame->linesize, 0, frame->height, planes, stride);
        image = vips_image_new_from_memory_copy(pixels, (size_t) frame->width * (size_t) frame->height * (size_t) bands,
                                                frame->width, frame->height, bands, VIPS_FORMAT_UCHAR);
    }

    if (image != NULL) {
        image->Type = VIPS_INTERPRETATION_sRGB;
    }

    sws_freeContext(scaler);
    free(pixels);

    return image;
}


static VipsImage *
stored(const picture_t *picture, VipsAccess access, int shrink)
{
    VipsImage  *image;
    VipsSource *source = source_new(picture);

    image = shrink > 1 ? vips_image_new_from_source(source, "", "access", access, "fail_on", VIPS_FAIL_ON_TRUNCATED,
                                                    "shrink", shrink, NULL)
                       : vips_image_new_from_source(source, "", "access", access, "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);
    g_object_unref(source);

    return image;
}


/* To sRGB or grey of 8 or 16 bits: by the embedded profile, else as the colour space is meant. NULL: libvips knows why. */
static VipsImage *
colours(VipsImage *image)
{
    bool               deep = is_sixteen(image), alpha = vips_image_hasalpha(image);
    int                bands = vips_image_get_bands(image) - alpha;
    VipsImage         *out = NULL;
    VipsInterpretation kind = vips_image_guess_interpretation(image), wanted;

    if (vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0 &&
        vips_icc_transform(image, &out, "srgb", "embedded", TRUE, "intent", VIPS_INTENT_RELATIVE, "depth", deep ? 16 : 8, NULL) == 0) {
        return out;
    }

    vips_error_clear(); /* a profile that does not fit is none */

    wanted = bands < 3 ? (deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W)
                       : (deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB);

    if (kind == wanted && (vips_image_get_format(image) == VIPS_FORMAT_UCHAR || deep)) {
        g_object_ref(image);
        return image;
    }

    return vips_colourspace(image, &out, wanted, NULL) == 0 ? out : NULL;
}


static bool
is_sixteen(const VipsImage *image)
{
    return vips_image_get_format(image) == VIPS_FORMAT_USHORT;
}
