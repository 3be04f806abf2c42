/* The SQL builder: lib/sql.c. */

#include "unit.h"

#include <tator/sql.h>


static void
conversions_bind_and_number(void **state)
{
    sql_t      *sql = sql_new(arena);
    const char *volatile absent = NULL;
    json_t     *json = json_pack("{s:[i,f]}", "a", 1, 0.5);

    sql_put(sql, "a = %d AND b = %ld AND c = %f", -7, INT64_MAX, 0.1);
    sql_put(sql, " AND d = %s AND e = %s AND f = %p AND g LIKE 'x%%'", "it's", absent, json);
    json_decref(json);

    assert_string_equal(sql->text, "a = $1 AND b = $2 AND c = $3 AND d = $4 AND e = $5 AND f = $6 AND g LIKE 'x%'");
    assert_int_equal(sql->len, strlen(sql->text));
    assert_int_equal(sql->n, 6);
    assert_string_equal(sql->values[0], "-7");
    assert_string_equal(sql->values[1], "9223372036854775807");
    assert_string_equal(sql->values[2], "0.1");
    assert_string_equal(sql->values[3], "it's");
    assert_null(sql->values[4]);
    assert_string_equal(sql->values[5], "{\"a\":[1,0.5]}");
}


static void
raw_text_is_plain(void **state)
{
    sql_t *sql = sql_new(arena);

    sql_raw(sql, "x % 2 = ");
    sql_bind(sql, "1");
    sql_raw(sql, " AND y = $2");
    sql_value(sql, "5");

    assert_string_equal(sql->text, "x % 2 = $1 AND y = $2");
    assert_int_equal(sql->n, 2);
}


static void
many_parameters(void **state)
{
    sql_t *sql = sql_new(arena);

    for (int k = 0; k < 5000; k++) {
        sql_put(sql, k ? ", %d" : "%d", k);
    }

    assert_int_equal(sql->n, 5000);
    assert_string_equal(sql->values[4999], "4999");
    assert_string_equal(sql->text + sql->len - 7, ", $5000");
}


static void
appending_renumbers(void **state)
{
    sql_t *outer = sql_new(arena), *inner = sql_new(arena);

    sql_put(inner, "SELECT id FROM t WHERE a = %s AND b = %s AND path = '$' AND c = '$ 1'", "x", "y");
    sql_put(outer, "DELETE FROM u WHERE n = %d AND id IN (", 3);
    sql_append(outer, inner);
    sql_put(outer, ") AND z = %s", "z");

    assert_string_equal(outer->text, "DELETE FROM u WHERE n = $1 AND id IN (SELECT id FROM t WHERE a = $2 AND b = $3 AND path = '$' AND "
                                     "c = '$ 1') AND z = $4");
    assert_string_equal(outer->values[1], "x");
    assert_string_equal(outer->values[3], "z");
}


static void
arrays(void **state)
{
    int64_t     ids[] = {1, -2, 9007199254740993};
    const char *texts[] = {"plain", "with \"quotes\" and \\", "NULL", "", "a,{b}"};
    json_t     *list = json_pack("[i,s,n,f,b]", 5, "x\"y", 0.25, 1), *empty = json_array();

    assert_string_equal(sql_int_array(arena, ids, 3), "{1,-2,9007199254740993}");
    assert_string_equal(sql_int_array(arena, NULL, 0), "{}");
    assert_string_equal(sql_text_array(arena, texts, 5), "{\"plain\",\"with \\\"quotes\\\" and \\\\\",\"NULL\",\"\",\"a,{b}\"}");
    assert_string_equal(sql_json_array(arena, list), "{5,\"x\\\"y\",NULL,0.25,true}");
    assert_string_equal(sql_json_array(arena, empty), "{}");
    json_decref(list);
    json_decref(empty);

    list = json_pack("[{s:s}]", "a", "b");
    assert_string_equal(sql_json_array(arena, list), "{\"{\\\"a\\\":\\\"b\\\"}\"}");
    json_decref(list);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(conversions_bind_and_number, start, end),
        cmocka_unit_test_setup_teardown(raw_text_is_plain, start, end),
        cmocka_unit_test_setup_teardown(many_parameters, start, end),
        cmocka_unit_test_setup_teardown(appending_renumbers, start, end),
        cmocka_unit_test_setup_teardown(arrays, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
