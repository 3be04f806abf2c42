/*
 * Import of an image.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vips/vips.h>

#include "common/rest.h"
#include "image.h"
#include "source.h"

#define BYTES_LIMIT (2UL << 30)
#define THUMBNAIL   256

typedef struct {
    const char *loader, *format;
} format_t;

/* Names of formats by libvips' loaders. */
static const format_t formats[] = {
    {"VipsForeignLoadJpegBuffer",  "jpeg"},
    {"VipsForeignLoadPngBuffer",   "png" },
    {"VipsForeignLoadNsgifBuffer", "gif" },
    {"VipsForeignLoadWebpBuffer",  "webp"},
    {"VipsForeignLoadTiffBuffer",  "tiff"},
    {"VipsForeignLoadHeifBuffer",  "heif"},
};

typedef struct {
    const json_t *spec;
    rest_t       *rest;
    int64_t       media;
    void         *data; /* the source's bytes */
    size_t        len;
    const char   *format;
    VipsImage    *image;  /* upright */
    bool          turned; /* is not what the bytes hold as they are */
    fault_t      *fault;
} import_t;


static bool        fetch(import_t *import, const char *url, bool trusted, void **data, size_t *len);
static bool        image_open(import_t *import);
static const char *format_of(const void *data, size_t len);
static bool        thumbnail_make(import_t *import);
static bool        thumbnail_take(import_t *import, const char *url);
static bool        media_set(import_t *import);
static bool        image_store(import_t *import);
static bool        put(import_t *import, const char *name, const void *data, size_t len, const char **key);
static bool        add(import_t *import, const char *role, const char *path, size_t size, int width, int height,
                       const char *mime);
static bool        vips_fault(import_t *import, const char *what);
static const char *text(const json_t *object, const char *name);


bool
image_import(const json_t *spec, fault_t *fault)
{
    bool        good = false;
    import_t    import = {.spec = spec, .fault = fault};
    const char *url = text(spec, "url"), *thumbnail = text(spec, "thumbnail_url"), *host = text(spec, "host"),
               *token = text(spec, "token");

    import.media = json_integer_value(json_object_get(spec, "media_id"));

    if (url == NULL || host == NULL || token == NULL || import.media <= 0) {
        return fault_set(fault, false, "the job's spec lacks url, host, token or media_id");
    }

    if (VIPS_INIT("tator-transcode") != 0) {
        return fault_set(fault, true, "libvips does not start");
    }

    vips_block_untrusted_set(TRUE);
    vips_cache_set_max(0);

    import.rest = rest_open(host, token);
    if (import.rest == NULL) {
        fault_set(fault, true, "no memory");
        goto done;
    }

    /* The image comes last: whoever sees it sees the rest too. */
    good = fetch(&import, url, json_is_true(json_object_get(spec, "trusted")), &import.data, &import.len) &&
           image_open(&import) &&
           (thumbnail != NULL && *thumbnail ? thumbnail_take(&import, thumbnail) : thumbnail_make(&import)) &&
           media_set(&import) && image_store(&import);

done:

    if (import.image != NULL) {
        g_object_unref(import.image);
    }

    rest_close(import.rest);
    free(import.data);
    vips_shutdown();

    return good;
}


static bool
fetch(import_t *import, const char *url, bool trusted, void **data, size_t *len)
{
    source_t *source = source_open(url, trusted ? SOURCE_TRUSTED : 0, import->fault);

    *data = source != NULL ? source_whole(source, BYTES_LIMIT, len) : NULL;
    source_close(source);

    return *data != NULL;
}


static bool
image_open(import_t *import)
{
    int        orientation;
    VipsImage *plain;

    import->format = format_of(import->data, import->len);
    if (import->format == NULL) {
        return fault_set(import->fault, false, "the image's format is not known, or it is damaged");
    }

    plain = vips_image_new_from_buffer(import->data, import->len, "", "access", VIPS_ACCESS_RANDOM, "fail_on",
                                       VIPS_FAIL_ON_TRUNCATED, NULL);
    if (plain == NULL) {
        return vips_fault(import, "the image can not be read");
    }

    orientation = vips_image_get_orientation(plain);
    import->turned = orientation > 1;

    if (vips_autorot(plain, &import->image, NULL) != 0) {
        g_object_unref(plain);
        return vips_fault(import, "the image can not be turned");
    }

    g_object_unref(plain);

    return true;
}


static const char *
format_of(const void *data, size_t len)
{
    size_t      i;
    const char *loader = vips_foreign_find_load_buffer(data, len);

    for (i = 0; loader != NULL && i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(loader, formats[i].loader) == 0) {
            if (strcmp(formats[i].format, "heif") == 0 && len > 12 && memcmp((const char *) data + 8, "avi", 3) == 0) {
                return "avif";
            }

            return formats[i].format;
        }
    }

    return NULL;
}


/* Fitted into a square, never enlarged (contract/media.md §12; its mime of a generated one is part of what clients get). */
static bool
thumbnail_make(import_t *import)
{
    void       *data = NULL;
    bool        good;
    size_t      len = 0;
    const char *key;
    VipsImage  *small = NULL, *flat = NULL;

    if (vips_thumbnail_image(import->image, &small, THUMBNAIL, "height", THUMBNAIL, "size", VIPS_SIZE_DOWN, "no_rotate",
                             TRUE, NULL) != 0) {
        return vips_fault(import, "the thumbnail can not be made");
    }

    if (!vips_image_hasalpha(small) || vips_flatten(small, &flat, NULL) != 0) { /* no alpha in JPEG */
        vips_error_clear();
        flat = small;
        g_object_ref(flat);
    }

    good = vips_jpegsave_buffer(flat, &data, &len, "Q", 85, "strip", TRUE, NULL) == 0 ||
           vips_fault(import, "the thumbnail can not be made");
    good = good && put(import, "thumb.jpg", data, len, &key) &&
           add(import, "thumbnail", key, len, vips_image_get_width(flat), vips_image_get_height(flat), "image/None");

    g_object_unref(flat);
    g_object_unref(small);
    g_free(data);

    return good;
}


/* The given thumbnail as it is; its mime tells the main image's format, as clients get it from the reference. */
static bool
thumbnail_take(import_t *import, const char *url)
{
    char        mime[32], *name;
    void       *data = NULL;
    bool        good = false;
    size_t      i, len;
    VipsImage  *image = NULL;
    const char *key, *query, *base;

    query = url + strcspn(url, "?#");
    for (base = query; base > url && base[-1] != '/'; base--) {
        /* to the last slash of the path */
    }

    name = strndup(base, (size_t) (query - base));
    if (name == NULL ||
        !fetch(import, url, json_is_true(json_object_get(import->spec, "thumbnail_trusted")), &data, &len)) {
        goto done;
    }

    image = format_of(data, len) != NULL ? vips_image_new_from_buffer(data, len, "", NULL) : NULL;
    if (image == NULL) {
        vips_fault(import, "the thumbnail can not be read");
        goto done;
    }

    snprintf(mime, sizeof(mime), "image/%s", import->format);
    for (i = 6; mime[i]; i++) {
        mime[i] = (char) g_ascii_toupper(mime[i]);
    }

    good = put(import, name, data, len, &key) &&
           add(import, "thumbnail", key, len, vips_image_get_width(image), vips_image_get_height(image), mime);

done:

    if (image != NULL) {
        g_object_unref(image);
    }

    free(data);
    free(name);

    return good;
}


static bool
media_set(import_t *import)
{
    int     status;
    char    path[64];
    json_t *body = json_pack("{s:i,s:i}", "width", vips_image_get_width(import->image), "height",
                             vips_image_get_height(import->image));

    snprintf(path, sizeof(path), "/rest/Media/%ld", (long) import->media);
    status = rest_call(import->rest, "PATCH", path, body, NULL);
    json_decref(body);

    return status == 200 || fault_set(import->fault, import->rest->again, "%s", import->rest->error);
}


static bool
image_store(import_t *import)
{
    int         width = vips_image_get_width(import->image), height = vips_image_get_height(import->image);
    char        name[32], mime[32];
    bool        good, keep;
    void       *data = NULL;
    size_t      len = 0;
    const char *key;

    if (json_integer_value(json_object_get(import->spec, "reference_only")) == 1) {
        snprintf(mime, sizeof(mime), "image/%s", import->format);
        return add(import, "image", text(import->spec, "url"), import->len, width, height, mime);
    }

    keep = !import->turned && (strcmp(import->format, "jpeg") == 0 || strcmp(import->format, "png") == 0);
    snprintf(name, sizeof(name), "image.%s", keep ? import->format : "png");
    snprintf(mime, sizeof(mime), "image/%s", keep ? import->format : "png");

    if (!keep && vips_pngsave_buffer(import->image, &data, &len, "compression", 6, NULL) != 0) {
        return vips_fault(import, "the image can not be stored as PNG");
    }

    good = put(import, name, keep ? import->data : data, keep ? import->len : len, &key) &&
           add(import, "image", key, keep ? import->len : len, width, height, mime);

    g_free(data);

    return good;
}


/* To the address that the spec has for this name. */
static bool
put(import_t *import, const char *name, const void *data, size_t len, const char **key)
{
    size_t        i;
    const json_t *upload;

    json_array_foreach(json_object_get(import->spec, "uploads"), i, upload)
    {
        if (text(upload, "name") != NULL && strcmp(text(upload, "name"), name) == 0 && text(upload, "key") != NULL &&
            text(upload, "url") != NULL) {
            *key = text(upload, "key");
            return rest_put(import->rest, text(upload, "url"), data, len, NULL) ||
                   fault_set(import->fault, import->rest->again, "%s", import->rest->error);
        }
    }

    return fault_set(import->fault, false, "the job has no upload address for %s", name);
}


/* Once: a job that was taken over finds what the one before has registered. */
static bool
add(import_t *import, const char *role, const char *path, size_t size, int width, int height, const char *mime)
{
    int     status;
    char    address[96];
    json_t *body, *present;

    snprintf(address, sizeof(address), "/rest/ImageFiles/%ld?role=%s", (long) import->media, role);

    if (rest_call(import->rest, "GET", address, NULL, &present) != 200) {
        return fault_set(import->fault, import->rest->again, "%s", import->rest->error);
    }

    if (json_array_size(present) > 0) {
        json_decref(present);
        return true;
    }

    json_decref(present);

    body = json_pack("{s:s,s:I,s:[i,i],s:s}", "path", path, "size", (json_int_t) size, "resolution", height, width,
                     "mime", mime);
    status = rest_call(import->rest, "POST", address, body, NULL);
    json_decref(body);

    return status == 201 || fault_set(import->fault, import->rest->again, "%s", import->rest->error);
}


static bool
vips_fault(import_t *import, const char *what)
{
    char        reason[200];
    const char *end;

    snprintf(reason, sizeof(reason), "%s", vips_error_buffer());
    end = strchr(reason, '\n');
    vips_error_clear();

    return fault_set(import->fault, false, "%s: %.*s", what, end ? (int) (end - reason) : (int) strlen(reason), reason);
}


static const char *
text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}
