/*
 * Tags of objects: a small file beside the object's. It names the write that it belongs to, so that tags of an object that was
 * replaced since do not count.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <tator/uri.h>
#include <tator/xml.h>

#include "objects.h"


void
objects_tags_get(objects_request_t *request)
{
    int         fd;
    char       *path;
    json_t     *stored, *value;
    const char *name;

    path = objects_key_path(request);
    fd = path != NULL ? object_open(request->arena, path, &request->info) : -1;
    if (fd < 0) {
        objects_fail_errno(request);
        return;
    }
    close(fd);

    objects_xml_begin(request, "Tagging");
    text_puts(&request->xml, "<TagSet>");

    stored = object_get_json(arena_format(request->arena, "%stags", path));
    name = json_string_value(json_object_get(stored, "id"));

    if (name != NULL && strcmp(name, request->info.id) == 0) {
        json_object_foreach (json_object_get(stored, "tags"), name, value) {
            text_puts(&request->xml, "<Tag>");
            objects_xml_put(request, "Key", name);
            objects_xml_put(request, "Value", json_string_value(value));
            text_puts(&request->xml, "</Tag>");
        }
    }

    json_decref(stored);
    text_puts(&request->xml, "</TagSet>");
    objects_xml_end(request, "Tagging");
}


void
objects_tags_put(objects_request_t *request)
{
    int     fd;
    char   *path;
    xml_t  *root, *tag;
    json_t *tags;

    root = xml_parse(request->arena, request->text.data, request->text.len);
    if (root == NULL || strcmp(root->name, "Tagging") != 0) {
        objects_fail(request, "MalformedXML");
        return;
    }

    path = objects_key_path(request);
    fd = path != NULL ? object_open(request->arena, path, &request->info) : -1;
    if (fd < 0) {
        objects_fail_errno(request);
        return;
    }
    close(fd);

    tags = json_object();
    for (tag = xml_child(xml_child(root, "TagSet"), "Tag"); tag != NULL; tag = xml_next(tag)) {
        json_object_set_new(tags, xml_text(tag, "Key"), json_string(xml_text(tag, "Value")));
    }

    if (objects_store_tags(request, path, request->info.id, tags)) {
        request->status = 200;
    }
}


void
objects_tags_delete(objects_request_t *request)
{
    char *path;

    path = objects_key_path(request);
    if (path == NULL) {
        return;
    }

    if (unlink(arena_format(request->arena, "%stags", path)) != 0 && errno != ENOENT) {
        objects_fail_errno(request);
        return;
    }

    sync_folder_of(path);
    request->status = 204;
}


/* Takes the tags. */
bool
objects_store_tags(objects_request_t *request, const char *path, const char *id, json_t *tags)
{
    bool    good;
    json_t *value;

    value = json_pack("{s:s, s:o}", "id", id, "tags", tags);
    if (value == NULL) {
        return objects_fail(request, "InvalidArgument");
    }

    good = object_put_json(request, arena_format(request->arena, "%stags", path), value);
    json_decref(value);

    return good;
}


/* "a=1&b=2" */
json_t *
objects_tags_of_header(const char *header, arena_t *arena)
{
    size_t      n, name_len;
    json_t     *tags;
    const char *p, *equals;

    tags = json_object();

    for (p = header; *p != '\0'; p += n + (p[n] != '\0')) {
        n = strcspn(p, "&");
        equals = memchr(p, '=', n);
        name_len = equals != NULL ? (size_t) (equals - p) : n;

        json_object_set_new(
            tags, uri_decode(arena, p, name_len, true, NULL),
            json_string(equals != NULL ? uri_decode(arena, equals + 1, n - name_len - 1, true, NULL) : "")
        );
    }

    return tags;
}
