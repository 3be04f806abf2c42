/* The flat parameter map: api/params.c with api/validate.c. Each test is one request. */
/* link: ngx_tator_module/api/params.c ngx_tator_module/api/validate.c ngx_tator_module/api/schema.c */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "api/params.h"

#include <cmocka.h> /* behind ours: its macro fail() would change rq.h */

static const field_t query_fields[] = {
    {"media_id", ARRAY(INTEGER(MINIMUM(1))), OPTIONAL, "Ids."},
    {"type", INTEGER(), OPTIONAL, "Type."},
    {"merge", INTEGER(MINIMUM(0), MAXIMUM(1), DEFAULT("1")), OPTIONAL, "Default."},
    {"fps", NUMBER(), OPTIONAL, "Number."},
    {"no_cache", BOOLEAN(), OPTIONAL, "Boolean."},
    {"dtype", STRING(ENUM("image", "video")), OPTIONAL, "Choice."},
    {"attribute", ARRAY(STRING()), OPTIONAL, "Texts."},
    {"sort_by", ARRAY(STRING()), EXPLODED, "Not split."},
    {0},
};

static const field_t required_fields[] = {{"role", STRING(ENUM("image")), REQUIRED, "Needed."}, {0}};

static const field_t nested_fields[] = {
    {"mode", STRING(DEFAULT_TEXT("tator")), OPTIONAL, "Default."},
    {"match", BOOLEAN(DEFAULT("false")), OPTIONAL, "Default."},
    {0},
};

static const schema_t schema_nested = OBJECT(nested_fields, NULLABLE, NAMED("Nested"));

static const schema_t schema_value = ANY(NULLABLE, ONE_OF(INLINE(BOOLEAN()), INLINE(NUMBER()), INLINE(STRING()),
                                                          INLINE(ARRAY(NUMBER(), MIN_ITEMS(1))), INLINE(ARRAY(STRING(), MIN_ITEMS(1)))));

static const field_t filter_fields[] = {
    {"attribute", STRING(), OPTIONAL, "Name."},
    {"inverse", BOOLEAN(DEFAULT("false")), OPTIONAL, "Default."},
    {0},
};

static const field_t combinator_fields[] = {{"method", STRING(ENUM("and", "or")), OPTIONAL, "Method."}, {0}};

static const schema_t schema_filter = OBJECT(filter_fields), schema_combinator = OBJECT(combinator_fields);

static const field_t more_fields[] = {{"frame", INTEGER(MINIMUM(0)), OPTIONAL, "Frame."}, {0}};

static const field_t body_fields[] = {
    {"name", STRING(MIN_LENGTH(1), MAX_LENGTH(4)), REQUIRED, "Name."},
    {"x", NUMBER(MINIMUM(0), MAXIMUM(1), NULLABLE), OPTIONAL, "Number."},
    {"flag", BOOLEAN(), OPTIONAL, "Boolean."},
    {"type", INTEGER(), OPTIONAL, "Type."},
    {"ids", ARRAY(INTEGER(MINIMUM(1)), MAX_ITEMS(3)), OPTIONAL, "Ids."},
    {"nested", REF(schema_nested), OPTIONAL, "Nested."},
    {"list", ARRAY(REF(schema_nested)), OPTIONAL, "List of them."},
    {"attributes", FREE_OBJECT(ADDITIONAL(REF(schema_value))), OPTIONAL, "Values."},
    {"search", ANY(ANY_OF(&schema_combinator, &schema_filter)), OPTIONAL, "Search."},
    {"page", INTEGER(DEFAULT("1")), OPTIONAL, "Default."},
    {"when", STRING(FORMAT("date-time")), OPTIONAL, "Time."},
    {"gid", STRING(FORMAT("uuid")), OPTIONAL, "UUID."},
    {"color", STRING(PATTERN("^#(?:[0-9a-fA-F]{3}){1,2}$")), OPTIONAL, "Color."},
    {0},
};

static const schema_t schema_body = OBJECT(body_fields, SHARED(more_fields), NAMED("Body"));

static const endpoint_t read_row = {GET(OPEN), "/rest/Things/{project}", "GetThings", .params = {query_fields}};
static const endpoint_t role_row = {GET(OPEN), "/rest/Thing/{id}", "GetThing", .params = {required_fields}};
static const endpoint_t write_row = {PATCH(OPEN), "/rest/Things/{project}", "UpdateThings", .params = {query_fields}, .body = &schema_body};
static const endpoint_t list_row = {POST(OPEN), "/rest/Things/{project}", "CreateThings", .body = &schema_body, .flags = BODY_LIST};
static const endpoint_t delete_row = {DELETE(OPEN), "/rest/Things/{project}", "DeleteThings", .body = &schema_body, .flags = BODY_OPTIONAL};

static arena_t *arena;
static params_t out;


static int
start(void **state)
{
    arena = arena_create(NULL, NULL);

    return 0;
}


static int
end(void **state)
{
    arena_destroy(arena);

    return 0;
}


static bool
request(const endpoint_t *endpoint, const char *query, const char *type, const char *body)
{
    route_t        route = {.endpoint = endpoint, .n = 1, .values = {{.name = "project", .integer = true, .number = 7}}};
    params_input_t input = {.query = str_of(query), .content_type = str_of(type), .body = str_of(body)};

    return params_read(arena, &route, &input, &out);
}


/* The map of a request that passes, as JSON with sorted members. */
static char *
map_of(const endpoint_t *endpoint, const char *query, const char *body)
{
    char   *text, *copy;
    json_t *map;

    if (!request(endpoint, query, "application/json", body)) {
        return arena_format(arena, "%s / %s", out.message, out.details ? out.details : "None");
    }

    map = out.params;
    text = json_dumps(map, JSON_COMPACT | JSON_SORT_KEYS);
    copy = arena_text(arena, text);
    free(text);

    return copy;
}


static void
query_refused(const char *query, const char *message)
{
    assert_false(request(&read_row, query, NULL, NULL));
    assert_string_equal(out.message, message);
}


static void
body_refused(const endpoint_t *endpoint, const char *body, const char *details)
{
    assert_false(request(endpoint, NULL, "application/json", body));
    assert_string_equal(out.message, "Request body validation error");
    assert_non_null(out.details);
    assert_non_null(strstr(out.details, details));
}


static void
defaults_of_the_query_are_there(void **state)
{
    assert_string_equal(map_of(&read_row, NULL, NULL), "{\"merge\":1,\"project\":7}");
}


static void
query_values_are_cast(void **state)
{
    assert_string_equal(map_of(&read_row, "media_id=3,4&type=-5&merge=0&fps=2.5&no_cache=TRUE&dtype=video", NULL),
                        "{\"dtype\":\"video\",\"fps\":2.5,\"media_id\":[3,4],\"merge\":0,\"no_cache\":true,\"project\":7,\"type\":-5}");
}


static void
unknown_query_parameters_are_ignored(void **state)
{
    assert_string_equal(map_of(&read_row, "nothing=1&format=json", NULL), "{\"merge\":1,\"project\":7}");
}


static void
the_last_occurrence_counts(void **state)
{
    assert_string_equal(map_of(&read_row, "type=1&type=2&media_id=1,2&media_id=9", NULL),
                        "{\"media_id\":[9],\"merge\":1,\"project\":7,\"type\":2}");
}


static void
query_text_is_decoded(void **state)
{
    assert_string_equal(map_of(&read_row, "attribute=a%3A%3Ab+c,d%2Ce&attr%69bute=%C3%A9%zz", NULL),
                        "{\"attribute\":[\"\xc3\xa9%zz\"],\"merge\":1,\"project\":7}");
    assert_string_equal(query_value(arena, STR("a=1&format=cs%76&format="), "format"), "");
    assert_null(query_value(arena, STR("a=1"), "format"));
}


static void
lists_are_split_at_commas_but_for_sort_by(void **state)
{
    assert_string_equal(map_of(&read_row, "attribute=x::1,y::2&sort_by=a,b", NULL),
                        "{\"attribute\":[\"x::1\",\"y::2\"],\"merge\":1,\"project\":7,\"sort_by\":[\"a,b\"]}");
    assert_string_equal(map_of(&read_row, "sort_by=-$id,$name&sort_by=$id", NULL), "{\"merge\":1,\"project\":7,\"sort_by\":[\"$id\"]}");
}


static void
what_can_not_be_cast_is_an_error(void **state)
{
    query_refused("type=x", "Query parameter error: type");
    query_refused("type=", "Query parameter error: type");
    query_refused("type", "Query parameter error: type");
    query_refused("type=1.5", "Query parameter error: type");
    query_refused("type=99999999999999999999", "Query parameter error: type");
    query_refused("media_id=", "Query parameter error: media_id");
    query_refused("media_id=1,,2", "Query parameter error: media_id");
    query_refused("media_id=1,", "Query parameter error: media_id");
    query_refused("fps=fast", "Query parameter error: fps");
    query_refused("fps=nan", "Query parameter error: fps");
    query_refused("no_cache=1", "Query parameter error: no_cache");
    query_refused("dtype=%ff", "Query parameter error: dtype");
    query_refused("dtype=a%00b", "Query parameter error: dtype");
}


static void
what_is_out_of_range_is_invalid(void **state)
{
    query_refused("merge=2", "Invalid query parameter: merge");
    query_refused("media_id=1,0", "Invalid query parameter: media_id");
    query_refused("dtype=live", "Invalid query parameter: dtype");
    assert_string_equal(out.details, "Input should be 'image' or 'video', not 'live' (literal_error)");
}


static void
a_required_query_parameter_is_missed(void **state)
{
    assert_false(request(&role_row, "", NULL, NULL));
    assert_string_equal(out.message, "Missing required query parameter: role");
}


static void
later_sources_win(void **state)
{
    assert_string_equal(map_of(&write_row, "type=2", "{\"name\":\"n\",\"type\":1,\"project\":99,\"merge\":0,\"page\":5}"),
                        "{\"merge\":1,\"name\":\"n\",\"page\":5,\"project\":7,\"type\":2}");
}


static void
members_without_schema_are_kept(void **state)
{
    assert_string_equal(map_of(&write_row, NULL, "{\"name\":\"n\",\"version\":[1,{\"a\":null}]}"),
                        "{\"merge\":1,\"name\":\"n\",\"page\":1,\"project\":7,\"version\":[1,{\"a\":null}]}");
}


static void
single_objects_are_cast_leniently(void **state)
{
    assert_string_equal(map_of(&write_row, NULL, "{\"name\":\"n\",\"x\":\"0.5\",\"flag\":\"True\",\"type\":1.7,\"ids\":[\"5\",true],\"frame\":true}"),
                        "{\"flag\":true,\"frame\":1,\"ids\":[5,1],\"merge\":1,\"name\":\"n\",\"page\":1,\"project\":7,\"type\":1,\"x\":0.5}");
    assert_string_equal(map_of(&write_row, NULL, "{\"name\":\"n\",\"x\":1}"),
                        "{\"merge\":1,\"name\":\"n\",\"page\":1,\"project\":7,\"x\":1.0}");
    body_refused(&write_row, "{\"name\":\"n\",\"type\":\"five\"}", "type: must be an integer");
    body_refused(&write_row, "{\"name\":5}", "name: must be a text");
}


static void
attributes_are_never_cast(void **state)
{
    assert_string_equal(map_of(&write_row, NULL, "{\"name\":\"n\",\"attributes\":{\"a\":\"5\",\"b\":1,\"c\":true,\"d\":[1,2.5],\"e\":[\"x\"]}}"),
                        "{\"attributes\":{\"a\":\"5\",\"b\":1,\"c\":true,\"d\":[1,2.5],\"e\":[\"x\"]},\"merge\":1,\"name\":\"n\",\"page\":1,\"project\":7}");
    body_refused(&write_row, "{\"name\":\"n\",\"attributes\":{\"a\":null}}", "attributes.a");
    body_refused(&write_row, "{\"name\":\"n\",\"attributes\":{\"a\":{}}}", "attributes.a");
    body_refused(&write_row, "{\"name\":\"n\",\"attributes\":{\"a\":[]}}", "attributes.a");
    body_refused(&write_row, "{\"name\":\"n\",\"attributes\":{\"a\":[1,\"x\"]}}", "attributes.a");
}


static void
defaults_are_filled_at_every_depth(void **state)
{
    assert_string_equal(map_of(&write_row, NULL, "{\"name\":\"n\",\"nested\":{\"match\":true},\"list\":[{},{\"mode\":\"m\"}]}"),
                        "{\"list\":[{\"match\":false,\"mode\":\"tator\"},{\"match\":false,\"mode\":\"m\"}],\"merge\":1,\"name\":\"n\","
                        "\"nested\":{\"match\":true,\"mode\":\"tator\"},\"page\":1,\"project\":7}");
}


static void
alternatives_give_their_defaults(void **state)
{
    assert_string_equal(map_of(&write_row, NULL, "{\"name\":\"n\",\"search\":{\"attribute\":\"a\"}}"),
                        "{\"merge\":1,\"name\":\"n\",\"page\":1,\"project\":7,\"search\":{\"attribute\":\"a\",\"inverse\":false}}");
    assert_string_equal(map_of(&write_row, NULL, "{\"name\":\"n\",\"search\":{\"method\":\"AND\"}}"),
                        "{\"merge\":1,\"name\":\"n\",\"page\":1,\"project\":7,\"search\":{\"inverse\":false,\"method\":\"AND\"}}");
    body_refused(&write_row, "{\"name\":\"n\",\"search\":[]}", "search: is not what may stand here");
}


static void
null_needs_permission(void **state)
{
    assert_string_equal(map_of(&write_row, NULL, "{\"name\":\"n\",\"x\":null,\"nested\":null}"),
                        "{\"merge\":1,\"name\":\"n\",\"nested\":null,\"page\":1,\"project\":7,\"x\":null}");
    body_refused(&write_row, "{\"name\":\"n\",\"type\":null}", "type: null is not permitted");
}


static void
bodies_are_held_against_the_schema(void **state)
{
    body_refused(&write_row, "{}", "name: is required");
    body_refused(&write_row, "{\"name\":\"\"}", "name: must have 1 to 4 characters");
    body_refused(&write_row, "{\"name\":\"abcde\"}", "name: must have 1 to 4 characters");
    body_refused(&write_row, "{\"name\":\"n\",\"x\":1.5}", "x: 1.5 is more than 1");
    body_refused(&write_row, "{\"name\":\"n\",\"x\":-0.1}", "x: -0.1 is less than 0");
    body_refused(&write_row, "{\"name\":\"n\",\"frame\":-1}", "frame: -1 is less than 0");
    body_refused(&write_row, "{\"name\":\"n\",\"ids\":[1,2,0]}", "ids[2]: 0 is less than 1");
    body_refused(&write_row, "{\"name\":\"n\",\"ids\":[1,2,3,4]}", "ids: must have at most 3 items");
    body_refused(&write_row, "{\"name\":\"n\",\"list\":[{\"mode\":[]}]}", "list[0].mode: must be a text");
    body_refused(&write_row, "{\"name\":\"n\",\"when\":\"yesterday\"}", "when:");
    body_refused(&write_row, "{\"name\":\"n\",\"gid\":\"1234\"}", "gid:");
    body_refused(&write_row, "{\"name\":\"n\",\"color\":\"#12345\"}", "color:");
    assert_non_null(strstr(map_of(&write_row, NULL, "{\"name\":\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\",\"color\":\"#A0b0C0\","
                                                    "\"gid\":\"12345678-1234-1234-1234-123456789abc\",\"when\":\"2024-02-29T12:00:00Z\"}"),
                           "#A0b0C0"));
}


static void
what_is_no_body_is_refused(void **state)
{
    assert_false(request(&write_row, NULL, "application/json", ""));
    assert_string_equal(out.message, "Missing required request body");
    body_refused(&write_row, "{\"name\":", "not JSON");
    body_refused(&write_row, "[]", "must be an object");
    body_refused(&write_row, "5", "must be an object");
    assert_false(request(&write_row, NULL, "text/plain", "{\"name\":\"n\"}"));
    assert_string_equal(out.message, "Request body validation error");
    assert_false(request(&write_row, NULL, NULL, "{\"name\":\"n\"}"));
    assert_true(request(&write_row, NULL, "Application/JSON; charset=utf-8", "{\"name\":\"n\"}"));
}


static void
a_body_without_use_is_not_looked_at(void **state)
{
    assert_true(request(&read_row, NULL, "text/plain", "no JSON at all"));
}


static void
optional_bodies_bring_defaults_only_when_they_are_there(void **state)
{
    assert_string_equal(map_of(&delete_row, NULL, ""), "{\"project\":7}");
    assert_string_equal(map_of(&delete_row, NULL, "{\"name\":\"n\"}"), "{\"name\":\"n\",\"page\":1,\"project\":7}");
}


static void
lists_are_taken_as_they_are(void **state)
{
    assert_string_equal(map_of(&list_row, NULL, "[{\"name\":\"a\"},{\"name\":\"b\"}]"), "{\"project\":7}");
    assert_false(out.single);
    assert_int_equal(json_array_size(out.body), 2);
    assert_null(json_object_get(json_array_get(out.body, 0), "page"));
    body_refused(&list_row, "[{\"name\":\"a\"},{\"name\":\"b\",\"frame\":1.0}]", "[1].frame: must be an integer");
    body_refused(&list_row, "[{\"name\":\"a\",\"x\":\"0.5\"}]", "[0].x: must be a number");
    assert_true(request(&list_row, NULL, "application/json", "[]"));
    assert_null(out.body);
}


static void
a_single_object_comes_as_a_list_of_one(void **state)
{
    assert_string_equal(map_of(&list_row, NULL, "{\"name\":\"a\"}"), "{\"name\":\"a\",\"page\":1,\"project\":7}");
    assert_true(out.single);
    assert_int_equal(json_array_size(out.body), 1);
    body_refused(&list_row, "{\"name\":\"a\",\"frame\":\"1\"}", "frame: must be an integer");
    body_refused(&list_row, "true", "must be an object or a list");
}


static void
at_most_500_at_once(void **state)
{
    json_t *list = json_array();

    for (int k = 0; k < 500; k++) {
        json_array_append_new(list, json_pack("{s:s}", "name", "n"));
    }

    assert_true(request(&list_row, NULL, "application/json", json_text(arena, list)));
    json_array_append_new(list, json_pack("{s:s}", "name", "n"));
    body_refused(&list_row, json_text(arena, list), "must have at most 500 items");
    json_decref(list);
}


static void
deep_bodies_are_refused_without_recursion(void **state)
{
    char deep[20001];

    memset(deep, '[', 20000);
    deep[20000] = '\0';
    body_refused(&write_row, deep, "not JSON");
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_of_the_query_are_there),
        cmocka_unit_test(query_values_are_cast),
        cmocka_unit_test(unknown_query_parameters_are_ignored),
        cmocka_unit_test(the_last_occurrence_counts),
        cmocka_unit_test(query_text_is_decoded),
        cmocka_unit_test(lists_are_split_at_commas_but_for_sort_by),
        cmocka_unit_test(what_can_not_be_cast_is_an_error),
        cmocka_unit_test(what_is_out_of_range_is_invalid),
        cmocka_unit_test(a_required_query_parameter_is_missed),
        cmocka_unit_test(later_sources_win),
        cmocka_unit_test(members_without_schema_are_kept),
        cmocka_unit_test(single_objects_are_cast_leniently),
        cmocka_unit_test(attributes_are_never_cast),
        cmocka_unit_test(defaults_are_filled_at_every_depth),
        cmocka_unit_test(alternatives_give_their_defaults),
        cmocka_unit_test(null_needs_permission),
        cmocka_unit_test(bodies_are_held_against_the_schema),
        cmocka_unit_test(what_is_no_body_is_refused),
        cmocka_unit_test(a_body_without_use_is_not_looked_at),
        cmocka_unit_test(optional_bodies_bring_defaults_only_when_they_are_there),
        cmocka_unit_test(lists_are_taken_as_they_are),
        cmocka_unit_test(a_single_object_comes_as_a_list_of_one),
        cmocka_unit_test(at_most_500_at_once),
        cmocka_unit_test(deep_bodies_are_refused_without_recursion),
    };

    return cmocka_run_group_tests(tests, start, end);
}
