/*
 * Import of an archive: first a look at all members, then one after another.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tator/crypto.h>

#include "archive.h"
#include "film.h"
#include "image.h"
#include "members.h"
#include "remote.h"
#include "row.h"
#include "table.h"

#define BATCH         500
#define FINGERPRINT   (100L << 20)
#define ROW_RATE      25 /* pictures a second of a row of images */

/* What a member may be. */
typedef struct {
    char  *path;
    int    index;
    bool   image, film; /* film: by its name */
    bool   sequence;    /* JPEG or PNG: may be one of a row */
    int    digits;      /* where the number in its name begins; -1: none */
    long   number;
} entry_t;

/* A table of annotations. */
typedef struct {
    char  *path, *text;
    size_t len;
    bool   state;
    long   type;
    bool   used;
} notes_t;

typedef struct {
    archive_order_t *order;
    fault_t         *fault;
    source_t        *source;
    entry_t         *entries;
    size_t           n_entries;
    row_image_t     *images; /* when the entries are a row */
    notes_t         *notes;
    size_t           n_notes;
    json_t          *types; /* of annotations; NULL: not asked for yet */
    int64_t          media; /* the job's own */
    bool             alone; /* one member, or a row of images: it becomes the job's own media */
    size_t           done, passed, failed;
    double           width, height; /* of the last member, in its own pixels; 0: not known */
    char             reason[300]; /* of the first that failed */
} import_t;


static bool    look(import_t *import);
static bool    look_at(import_t *import, member_t *member);
static bool    notes_add(import_t *import, member_t *member, bool state);
static bool    notes_path(const char *path, bool *state);
static void    number_find(entry_t *entry);
static bool    is_film(const char *path);
static bool    is_row(import_t *import);
static int     by_number(const void *one, const void *other);
static bool    row_make(import_t *import);
static bool    row_write(import_t *import, int fd);
static bool    members_make(import_t *import);
static bool    member_make(import_t *import, member_t *member, entry_t *entry);
static bool    member_failed(import_t *import, const entry_t *entry, fault_t *fault);
static int64_t media_make(import_t *import, const entry_t *entry, int fd, fault_t *fault);
static bool    film_of(import_t *import, int64_t media, const json_t *row, int fd, double rate, fault_t *fault);
static bool    image_of(import_t *import, int64_t media, int fd, fault_t *fault);
static bool    annotate(import_t *import, const entry_t *entry, int64_t media, fault_t *fault);
static bool    size_of(import_t *import, int64_t media, fault_t *fault);
static bool    notes_send(import_t *import, notes_t *notes, int64_t media, fault_t *fault);
static json_t *type_find(import_t *import, const notes_t *notes, fault_t *fault);
static bool    belongs(const notes_t *notes, const char *path);
static bool    fingerprint(int fd, char text[33]);
static void    progress(double part, void *import);
static const char *base_of(const char *path);


bool
archive_is(const void *data, size_t len, const char *name)
{
    static const char *const packed[] = {".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz", ".tar.zst"};
    size_t                   i, n = name != NULL ? strlen(name) : 0;

    if (len >= 4 && (memcmp(data, "PK\3\4", 4) == 0 || memcmp(data, "PK\5\6", 4) == 0)) {
        return true;
    }

    if (len >= 262 && memcmp((const char *) data + 257, "ustar", 5) == 0) {
        return true;
    }

    for (i = 0; i < sizeof(packed) / sizeof(packed[0]); i++) {
        if (n > strlen(packed[i]) && strcasecmp(name + n - strlen(packed[i]), packed[i]) == 0) {
            return true;
        }
    }

    return false;
}


bool
archive_import(archive_order_t *order, fault_t *fault)
{
    bool     good = false;
    size_t   i;
    import_t import = {.order = order, .fault = fault};

    import.media = json_integer_value(json_object_get(order->task, "media_id"));
    import.source = source_open(order->url, order->flags, fault);

    if (import.source == NULL || !look(&import)) {
        goto done;
    }

    if (import.n_entries == 0) {
        fault_set(fault, false, "the archive has no video and no image");
        goto done;
    }

    if (is_row(&import)) {
        good = row_make(&import);
        goto done;
    }

    import.alone = import.n_entries == 1 && !import.entries[0].image;
    good = members_make(&import);

    for (i = 0; good && i < import.n_notes; i++) {
        if (!import.notes[i].used) {
            snprintf(order->note, sizeof(order->note), "%.100s belongs to no media of the archive", import.notes[i].path);
        }
    }

done:

    for (i = 0; i < import.n_entries; i++) {
        free(import.entries[i].path);
    }

    for (i = 0; i < import.n_notes; i++) {
        free(import.notes[i].path);
        free(import.notes[i].text);
    }

    free(import.images);
    free(import.entries);
    free(import.notes);
    json_decref(import.types);
    source_close(import.source);

    return good;
}


static bool
look(import_t *import)
{
    bool       good = true;
    member_t   member;
    members_t *walk = members_open(import->source, import->fault);

    while (walk != NULL && good && members_next(walk, &member)) {
        good = look_at(import, &member);
    }

    members_close(walk);

    return good && !fault_is_set(import->fault);
}


/* Files that are neither tables nor, by their beginning or name, media are passed over. */
static bool
look_at(import_t *import, member_t *member)
{
    bool     state, image = image_is(member->head, member->head_len);
    entry_t *grown;

    if (notes_path(member->path, &state)) {
        return notes_add(import, member, state);
    }

    if (!image && !is_film(member->path)) {
        return true;
    }

    grown = realloc(import->entries, (import->n_entries + 1) * sizeof(entry_t));
    if (grown == NULL) {
        return fault_set(import->fault, true, "no memory");
    }

    import->entries = grown;
    grown += import->n_entries;

    *grown = (entry_t){.path = strdup(member->path), .index = member->index, .image = image, .film = !image};
    if (grown->path == NULL) {
        return fault_set(import->fault, true, "no memory");
    }

    grown->sequence = image && (member->head[0] == 0xff || member->head[0] == 0x89);
    number_find(grown);
    import->n_entries++;

    return true;
}


static bool
notes_add(import_t *import, member_t *member, bool state)
{
    char    *end;
    size_t   len;
    notes_t *grown = realloc(import->notes, (import->n_notes + 1) * sizeof(notes_t));

    if (grown == NULL) {
        return fault_set(import->fault, true, "no memory");
    }

    import->notes = grown;
    grown += import->n_notes;

    *grown = (notes_t){.path = strdup(member->path), .state = state};
    grown->text = member_text(member, &len);
    grown->len = len;
    import->n_notes++;

    if (grown->path == NULL || grown->text == NULL) {
        return fault_set(import->fault, true, "no memory");
    }

    grown->type = strtol(base_of(grown->path), &end, 10);

    return (end != base_of(grown->path) && strcasecmp(end, ".csv") == 0) ||
           fault_set(import->fault, false, "%.200s is not named by the id of a type", grown->path);
}


/* …/states/N.csv and …/localizations/N.csv */
static bool
notes_path(const char *path, bool *state)
{
    size_t      len = (size_t) (base_of(path) - path), n = strlen(path);
    const char *folders[] = {"/localizations/", "/states/"};

    for (*state = false;; *state = true) {
        if (len > strlen(folders[*state]) && strncmp(path + len - strlen(folders[*state]), folders[*state], strlen(folders[*state])) == 0) {
            return n > 4 && strcasecmp(path + n - 4, ".csv") == 0;
        }

        if (*state) {
            return false;
        }
    }
}


/* The last number in a file's name. */
static void
number_find(entry_t *entry)
{
    const char *base = base_of(entry->path), *dot = strrchr(base, '.'), *at;

    entry->digits = -1;

    for (at = dot != NULL ? dot : base; at > base && at[-1] >= '0' && at[-1] <= '9'; at--) {
        /* to the first digit */
    }

    if (dot != NULL && at < dot && dot - at < 10) {
        entry->digits = (int) (at - entry->path);
        entry->number = strtol(at, NULL, 10);
    }
}


static bool
is_film(const char *path)
{
    static const char *const suffixes[] = {".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".ts",  ".mts", ".m2ts", ".mpg",
                                           ".mpeg", ".wmv", ".asf", ".flv", ".gif",  ".mxf", ".ogv", ".3gp", ".nut",  ".dv"};
    size_t                   i;
    const char              *dot = strrchr(base_of(path), '.');

    for (i = 0; dot != NULL && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (strcasecmp(dot, suffixes[i]) == 0) {
            return true;
        }
    }

    return false;
}


/* At least two images, of one format, whose names differ in their number alone, which has no gap. They are sorted then. */
static bool
is_row(import_t *import)
{
    size_t   i;
    entry_t *first = import->entries, *entry;

    if (import->n_entries < 2 || import->n_notes > 0) {
        return false;
    }

    for (i = 0; i < import->n_entries; i++) {
        entry = &import->entries[i];

        if (!entry->sequence || entry->digits == -1 || entry->digits != first->digits ||
            strncmp(entry->path, first->path, (size_t) first->digits) != 0 ||
            strcasecmp(strrchr(entry->path, '.'), strrchr(first->path, '.')) != 0) {
            return false;
        }
    }

    qsort(import->entries, import->n_entries, sizeof(entry_t), by_number);

    for (i = 1; i < import->n_entries; i++) {
        if (import->entries[i].number != import->entries[i - 1].number + 1) {
            return false;
        }
    }

    return true;
}


static int
by_number(const void *one, const void *other)
{
    long a = ((const entry_t *) one)->number, b = ((const entry_t *) other)->number;

    return (a > b) - (a < b);
}


/* The images become a video file, and that the film. */
static bool
row_make(import_t *import)
{
    int    from = source_unnamed(import->fault), to = source_unnamed(import->fault);
    bool   good;
    double rate = json_number_value(json_object_get(import->order->task, "force_fps"));

    good = from != -1 && to != -1 && row_write(import, from) &&
           row_film(from, import->images, import->n_entries, rate > 0 ? rate : ROW_RATE, to, import->fault) &&
           film_of(import, import->media, json_object_get(import->order->task, "media"), to, 0, import->fault);

    if (from != -1) {
        close(from);
    }

    if (to != -1) {
        close(to);
    }

    return good;
}


/* Into a file as they come. */
static bool
row_write(import_t *import, int fd)
{
    bool       good = true;
    size_t     i;
    off_t      at = 0;
    member_t   member;
    members_t *walk;

    import->images = calloc(import->n_entries, sizeof(row_image_t));
    if (import->images == NULL) {
        return fault_set(import->fault, true, "no memory");
    }

    walk = members_open(import->source, import->fault);

    while (walk != NULL && good && members_next(walk, &member)) {
        for (i = 0; i < import->n_entries; i++) {
            if (import->entries[i].index == member.index) {
                good = member_write(&member, fd);
                import->images[i] = (row_image_t){at, lseek(fd, 0, SEEK_CUR) - at};
                at += import->images[i].len;
            }
        }
    }

    members_close(walk);

    return good && !fault_is_set(import->fault);
}


static bool
members_make(import_t *import)
{
    bool       good = true;
    size_t     i = 0;
    member_t   member;
    members_t *walk = members_open(import->source, import->fault);

    while (walk != NULL && good && i < import->n_entries && members_next(walk, &member)) {
        if (import->entries[i].index == member.index) {
            good = member_make(import, &member, &import->entries[i++]);
            import->done++;
        }
    }

    members_close(walk);

    if (!good || fault_is_set(import->fault)) {
        return false;
    }

    if (import->failed > 0) {
        return fault_set(import->fault, false, "%.250s; %zu of %zu files were imported", import->reason, import->passed,
                         import->n_entries);
    }

    return import->alone || !json_is_true(json_object_get(import->order->task, "made")) ||
           remote_media_drop(import->media, import->fault);
}


/* One that is damaged does not keep the others from being imported. false: the fault is noted, and it may go well another time. */
static bool
member_make(import_t *import, member_t *member, entry_t *entry)
{
    int     fd;
    bool    good;
    fault_t fault = FAULT_INITIALIZER;
    int64_t media = import->media;
    json_t *none = json_object();

    fd = source_unnamed(&fault);
    good = fd != -1 && none != NULL && member_write(member, fd);

    if (!good && !fault_is_set(&fault)) {
        json_decref(none);
        return fault_set(import->fault, true, "no memory"); /* unless the archive's own fault is noted */
    }

    if (!import->alone) {
        media = good ? media_make(import, entry, fd, &fault) : 0;
        good = media != 0;
    }

    good = good && (entry->image ? image_of(import, media, fd, &fault)
                                 : film_of(import, media,
                                           import->alone ? json_object_get(import->order->task, "media") : none, fd,
                                           json_number_value(json_object_get(import->order->task, "force_fps")), &fault)) &&
           annotate(import, entry, media, &fault);

    if (fd != -1) {
        close(fd);
    }

    json_decref(none);
    import->passed += good;

    return good || member_failed(import, entry, &fault);
}


static bool
member_failed(import_t *import, const entry_t *entry, fault_t *fault)
{
    if (fault->again || fault->kind == FAULT_REFUSED) {
        return fault_of(import->fault, fault->kind, fault->again, "%.100s: %.250s", entry->path, fault->text);
    }

    if (import->failed++ == 0) {
        snprintf(import->reason, sizeof(import->reason), "%.100s: %.180s", entry->path, fault->text);
    }

    return true;
}


static int64_t
media_make(import_t *import, const entry_t *entry, int fd, fault_t *fault)
{
    char md5[33];

    (void) import;

    if (!fingerprint(fd, md5)) {
        fault_set(fault, true, "no memory");
        return 0;
    }

    return remote_media_make(json_pack("{s:s,s:s,s:b,s:i}", "name", base_of(entry->path), "md5", md5, "image", entry->image,
                                       "number", entry->index),
                             fault);
}


static bool
film_of(import_t *import, int64_t media, const json_t *row, int fd, double rate, fault_t *fault)
{
    bool           good;
    char           number[16];
    destination_t *destination = remote_destination_open(media, fault);
    film_t         film = {.url = number,
                           .flags = SOURCE_DESCRIPTOR,
                           .media = row,
                           .type = json_object_get(import->order->task, "type"),
                           .force_fps = rate,
                           .threads = import->order->threads,
                           .progress = progress,
                           .data = import};

    snprintf(number, sizeof(number), "%d", fd);

    good = destination != NULL && film_make(&film, media, destination, fault);
    remote_destination_close(destination);
    import->order->played += film.played;
    import->width = film.width;
    import->height = film.height;

    if (good && film.note[0] != '\0') {
        snprintf(import->order->note, sizeof(import->order->note), "%s", film.note);
    }

    return good;
}


static bool
image_of(import_t *import, int64_t media, int fd, fault_t *fault)
{
    bool           good;
    char           number[16];
    destination_t *destination = remote_destination_open(media, fault);
    image_order_t  order = {.url = number, .flags = SOURCE_DESCRIPTOR, .threads = import->order->threads};

    snprintf(number, sizeof(number), "%d", fd);

    good = destination != NULL && image_import(&order, destination, fault);
    remote_destination_close(destination);
    import->width = import->height = 0;
    progress(1, import);

    return good;
}


/* The tables that belong to a member. */
static bool
annotate(import_t *import, const entry_t *entry, int64_t media, fault_t *fault)
{
    bool   good = true;
    size_t i;

    for (i = 0; good && i < import->n_notes; i++) {
        if (belongs(&import->notes[i], entry->path)) {
            good = size_of(import, media, fault) && notes_send(import, &import->notes[i], media, fault);
            import->notes[i].used = true;
        }
    }

    return good;
}


/* An image's is that of its media. */
static bool
size_of(import_t *import, int64_t media, fault_t *fault)
{
    json_t *row;

    if (import->width > 0) {
        return true;
    }

    row = remote_media(media, fault);
    import->width = fmax(json_number_value(json_object_get(row, "width")), 1);
    import->height = fmax(json_number_value(json_object_get(row, "height")), 1);
    json_decref(row);

    return row != NULL;
}


static bool
notes_send(import_t *import, notes_t *notes, int64_t media, fault_t *fault)
{
    bool        good = true;
    char        problem[200];
    size_t      at, end;
    json_t     *rows, *batch, *type = type_find(import, notes, fault);
    int64_t     before;
    const char *kind = notes->state ? "States" : "Localizations";
    table_t     table = {.text = notes->text,
                         .len = notes->len,
                         .state = notes->state,
                         .type = notes->type,
                         .attributes = json_object_get(type, "attribute_types"),
                         .media = media,
                         .width = import->width,
                         .height = import->height};

    if (type == NULL) {
        return false;
    }

    rows = table_read(&table, problem);
    if (rows == NULL) {
        return fault_set(fault, false, "%.150s: %s", notes->path, problem);
    }

    before = remote_annotated(media, kind, notes->type, fault);
    good = before >= 0;

    for (at = good ? (size_t) before : 0; good && at < json_array_size(rows); at = end) {
        end = at + BATCH < json_array_size(rows) ? at + BATCH : json_array_size(rows);
        batch = json_array();

        for (; batch != NULL && at < end; at++) {
            json_array_append(batch, json_array_get(rows, at));
        }

        good = batch != NULL ? remote_annotate(kind, batch, fault) : fault_set(fault, true, "no memory");
    }

    json_decref(rows);

    return good;
}


/* Borrowed. NULL: the fault is noted. */
static json_t *
type_find(import_t *import, const notes_t *notes, fault_t *fault)
{
    size_t  i;
    json_t *list, *type;

    import->types = import->types != NULL ? import->types : remote_types(fault);
    list = json_object_get(import->types, notes->state ? "States" : "Localizations");

    json_array_foreach(list, i, type)
    {
        if (json_integer_value(json_object_get(type, "id")) == notes->type) {
            return type;
        }
    }

    fault_set(fault, false, "%.200s: the project has no such type", notes->path);

    return NULL;
}


/* A table in FOLDER/STEM/states/ belongs to FOLDER/STEM.suffix. */
static bool
belongs(const notes_t *notes, const char *path)
{
    const char *dot = strrchr(base_of(path), '.'), *folder = base_of(notes->path);
    size_t      len = dot != NULL ? (size_t) (dot - path) : strlen(path);

    for (folder--; folder > notes->path && folder[-1] != '/'; folder--) {
        /* to the name of its own folder */
    }

    return (size_t) (folder - notes->path) == len + 1 && strncmp(notes->path, path, len) == 0;
}


/* As clients make it (contract/media.md §19). */
static bool
fingerprint(int fd, char text[33])
{
    int           i;
    char          all[64];
    void         *data = NULL;
    size_t        len;
    struct stat   facts;
    unsigned char hash[MD5_LENGTH];

    if (fstat(fd, &facts) != 0) {
        return false;
    }

    len = facts.st_size < FINGERPRINT ? (size_t) facts.st_size : (size_t) FINGERPRINT;

    if (len > 0) {
        data = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
        if (data == MAP_FAILED) {
            return false;
        }
    }

    md5(hash, data != NULL ? data : "", len);

    if (data != NULL) {
        munmap(data, len);
    }

    for (i = 0; i < MD5_LENGTH; i++) {
        snprintf(all + 2 * i, 3, "%02x", hash[i]);
    }

    snprintf(all + 32, sizeof(all) - 32, "%ld", (long) facts.st_size);
    md5(hash, all, strlen(all));

    for (i = 0; i < MD5_LENGTH; i++) {
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    }

    return true;
}


/* Each member counts the same. */
static void
progress(double part, void *closure)
{
    import_t *import = closure;

    if (import->order->progress != NULL) {
        import->order->progress(((double) import->done + part) / (double) import->n_entries, import->order->data);
    }
}


static const char *
base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}
