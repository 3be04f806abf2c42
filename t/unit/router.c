/* From method and path to the row: api/router.c. */
/* link: ngx_tator_module/api/router.c */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "api/router.h"

#include <cmocka.h> /* behind ours: its macro fail() would change rq.h */

static const field_t path_id[] = {{"id", INTEGER(), PATH, "Id."}, {0}};
static const field_t path_uid[] = {{"uid", STRING(), PATH, "Id."}, {0}};
static const field_t path_version[] = {
    {"version", INTEGER(), PATH, "Version."},
    {"elemental_id", STRING(), PATH, "UUID."},
    {0},
};

static const endpoint_t rows[] = {
    {GET(OPEN), "/rest/State/{id}", "GetState", .params = {path_id}},
    {PATCH(OPEN), "/rest/State/{id}", "UpdateState", .params = {path_id}},
    {DELETE(OPEN), "/rest/State/{id}", "DeleteState", .params = {path_id}},
    {GET(OPEN), "/rest/State/{version}/{elemental_id}", "GetStateByElementalId", .params = {path_version}},
    {GET(OPEN), "/rest/User/{id}", "GetUser", .params = {path_id}},
    {GET(OPEN), "/rest/User/GetCurrent", "Whoami", .doc = "The caller."},
    {GET(OPEN), "/rest/Job/{uid}", "GetJob", .params = {path_uid}},
    {POST(OPEN), "/rest/Notify", "Notify", .flags = OWN_ERRORS},
    {GET(OPEN), "/schema", .doc = "A page."},
    {GET(OPEN), "/schema/", .doc = "A page."},
    {0},
};

static const endpoint_t *const tables[] = {rows, NULL};

static arena_t  *arena;
static router_t *router;
static route_t   route;


static int
start(void **state)
{
    const char *error = NULL;

    arena = arena_create(NULL, NULL);
    router = router_create(arena, tables, &error);

    return router == NULL;
}


static int
end(void **state)
{
    arena_destroy(arena);

    return 0;
}


static const char *
find(const char *method, const char *path)
{
    router_find(router, str_of(method), str_of(path), &route);

    return route.endpoint ? route.endpoint->operation ? route.endpoint->operation : "page" : NULL;
}


static void
path_and_method_find_the_row(void **state)
{
    assert_string_equal(find("GET", "/rest/State/12"), "GetState");
    assert_int_equal(route.status, 0);
    assert_int_equal(route.n, 1);
    assert_string_equal(route.values[0].name, "id");
    assert_true(route.values[0].integer);
    assert_int_equal(route.values[0].number, 12);
    assert_string_equal(find("DELETE", "/rest/State/12"), "DeleteState");
}


static void
two_parameters_come_in_the_order_of_the_path(void **state)
{
    assert_string_equal(find("GET", "/rest/State/7/abc-def"), "GetStateByElementalId");
    assert_int_equal(route.n, 2);
    assert_string_equal(route.values[0].name, "version");
    assert_int_equal(route.values[0].number, 7);
    assert_string_equal(route.values[1].name, "elemental_id");
    assert_false(route.values[1].integer);
    assert_int_equal(route.values[1].text.len, 7);
    assert_memory_equal(route.values[1].text.data, "abc-def", 7);
}


static void
literals_win_over_parameters(void **state)
{
    assert_string_equal(find("GET", "/rest/User/GetCurrent"), "Whoami");
    assert_string_equal(find("GET", "/rest/User/3"), "GetUser");
}


static void
what_is_no_path_is_404(void **state)
{
    static const char *const paths[] = {"", "/", "/rest", "/rest/", "/rest/State", "/rest/State/", "/rest/State/12/", "/rest/State/1x",
                                        "/rest/State/-1", "/rest/State/+1", "/rest/State//a", "/rest/User/Other", "/rest/state/1",
                                        "rest/State/1", "/rest/State/1/a/b", "//rest/State/1", "/rest/Notify/"};

    for (size_t k = 0; k < sizeof(paths) / sizeof(paths[0]); k++) {
        assert_null(find("GET", paths[k]));
        assert_int_equal(route.status, 404);
        assert_null(route.allow);
    }
}


static void
a_method_that_the_path_lacks_is_405_with_the_others(void **state)
{
    assert_null(find("POST", "/rest/State/12"));
    assert_int_equal(route.status, 405);
    assert_string_equal(route.allow, "GET, PATCH, DELETE");
    assert_null(find("HEAD", "/rest/State/12"));
    assert_int_equal(route.status, 405);
    assert_null(find("get", "/rest/State/12"));
    assert_null(find("GET", "/rest/Notify"));
    assert_string_equal(route.allow, "POST, OPTIONS");
}


static void
pages_answer_head_and_both_spellings(void **state)
{
    assert_string_equal(find("GET", "/schema"), "page");
    assert_string_equal(find("GET", "/schema/"), "page");
    assert_string_equal(find("HEAD", "/schema"), "page");
    assert_null(find("GET", "/schema//"));
}


static void
numbers_beyond_64_bits_are_the_largest(void **state)
{
    assert_non_null(find("GET", "/rest/State/9223372036854775807"));
    assert_true(route.values[0].number == INT64_MAX);
    assert_non_null(find("GET", "/rest/State/99999999999999999999999999"));
    assert_true(route.values[0].number == INT64_MAX);
    assert_non_null(find("GET", "/rest/State/0000000000000000000000000012"));
    assert_int_equal(route.values[0].number, 12);
}


static void
text_parameters_take_anything_but_a_slash(void **state)
{
    assert_string_equal(find("GET", "/rest/Job/a b\xff"), "GetJob");
    assert_int_equal(route.values[0].text.len, 4);
    assert_null(find("GET", "/rest/Job/"));
}


static void
tables_that_contradict_themselves_are_refused(void **state)
{
    const char             *error = NULL;
    const endpoint_t        twice[] = {rows[0], rows[0], {0}};
    const endpoint_t        undeclared[] = {{GET(OPEN), "/rest/State/{id}", "GetState", .doc = "A state."}, {0}};
    const endpoint_t        kinds[] = {rows[0], {PUT(OPEN), "/rest/State/{uid}", "PutState", .params = {path_uid}}, {0}};
    const endpoint_t *const lists[][2] = {{twice, NULL}, {undeclared, NULL}, {kinds, NULL}};

    for (size_t k = 0; k < 3; k++) {
        error = NULL;
        assert_null(router_create(arena, lists[k], &error));
        assert_non_null(error);
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_and_method_find_the_row),
        cmocka_unit_test(two_parameters_come_in_the_order_of_the_path),
        cmocka_unit_test(literals_win_over_parameters),
        cmocka_unit_test(what_is_no_path_is_404),
        cmocka_unit_test(a_method_that_the_path_lacks_is_405_with_the_others),
        cmocka_unit_test(pages_answer_head_and_both_spellings),
        cmocka_unit_test(numbers_beyond_64_bits_are_the_largest),
        cmocka_unit_test(text_parameters_take_anything_but_a_slash),
        cmocka_unit_test(tables_that_contradict_themselves_are_refused),
    };

    return cmocka_run_group_tests(tests, start, end);
}
