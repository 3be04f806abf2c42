/* Templates: what Jinja2 itself makes of the same texts and variables; faults; bounds. */

#include <tator/jinja.h>

#include "unit.h"

static const jinja_variable_t variables[] = {
    {"name", "World"}, {"greeting", "hi"}, {"n", "7"}, {"list", "a,b,c"}, {"html", "<a href=\"x\">it's</a>"}, {"empty", ""},
};


static const char *
rendered(const char *source, const char **fault)
{
    size_t len;

    return jinja_render(arena, source, strlen(source), variables, sizeof(variables) / sizeof(variables[0]), &len, fault);
}


static void
templates_give_what_jinja_gives(void **state)
{
    static const struct {
        const char *source, *right;
    } cases[] = {
        {"Hello {{ name }}, {{ greeting|upper }}{{ missing }}!{% for n in [1, 2] %} {{ n }}{% endfor %}",
         "Hello World, HI! 1 2"},
        {"no variables é",
         "no variables é"},
        {"kind: {{ name }}\n",
         "kind: World"},
        {"a\r\nb\rc\n\n",
         "a\nb\nc\n"},
        {"{% if name == 'World' %}yes{% elif n %}no{% else %}never{% endif %}",
         "yes"},
        {"{% if missing %}a{% elif n == '7' %}b{% else %}c{% endif %}",
         "b"},
        {"{% if not missing and (n or x) %}a{% endif %}",
         "a"},
        {"{# gone #}x{#- and -#}  y",
         "xy"},
        {"a  {%- if true -%}  b  {%- endif %}  c",
         "ab  c"},
        {"{{- name -}}  x",
         "Worldx"},
        {"{% raw %}{{workflow.parameters.x}}{% endraw %}",
         "{{workflow.parameters.x}}"},
        {"a {%- raw -%} {{ x }} {%- endraw -%} b",
         "a{{ x }}b"},
        {"{{ '{{' }}{{ \"}}\" }}",
         "{{}}"},
        {"{{ 1 + 2 * 3 - 4 // 3 }} {{ 7 / 2 }} {{ 7 % 3 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 2 ** 10 }} {{ 1.5 * 2 }}",
         "6 3.5 1 -4 2 1024 3.0"},
        {"{{ 'a' ~ 1 ~ none ~ true }}",
         "a1NoneTrue"},
        {"{{ 'ab' * 3 }}{{ [1] + [2, 'x'] }}",
         "ababab[1, 2, 'x']"},
        {"{{ [1, 'a', none, true, 1.0, (1,), {'k': 'v'}] }}",
         "[1, 'a', None, True, 1.0, (1,), {'k': 'v'}]"},
        {"{{ {'a': 1}.a }} {{ {'a': 1}['a'] }} {{ {'a': 1}.b }}",
         "1 1 "},
        {"{{ 'x' if n == '7' else 'y' }} {{ 'x' if empty }}",
         "x "},
        {"{{ 1 < 2 < 3 }} {{ 1 < 2 > 3 }} {{ 'b' > 'a' }} {{ 1 == 1.0 }} {{ 3 >= 3 != 4 }}",
         "True False True True True"},
        {"{{ 'a' in 'cat' }} {{ 2 in [1] }} {{ 'z' not in 'cat' }} {{ 'k' in {'k': 1} }}",
         "True False True True"},
        {"{% for x in list.split(',') %}{{ loop.index }}/{{ loop.length }}:{{ x }}{{ ', ' if not loop.last }}{% endfor %}",
         "1/3:a, 2/3:b, 3/3:c"},
        {"{% for x in [] %}a{% else %}none{% endfor %}",
         "none"},
        {"{% for x in missing %}a{% else %}none{% endfor %}",
         "none"},
        {"{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}",
         "a=1;b=2;"},
        {"{% for x in range(10) if x is even %}{{ x }}{{ loop.index0 }} {% endfor %}",
         "00 21 42 63 84 "},
        {"{% for x in range(5, 0, -2) %}{{ x }}{% endfor %}",
         "531"},
        {"{% for x in [3, 1] %}{% for y in 'ab' %}{{ x }}{{ y }}{{ loop.first }}{% endfor %}{{ loop.last }}{% endfor %}",
         "3aTrue3bFalseFalse1aTrue1bFalseTrue"},
        {"{% set x = 3 %}{{ x }}{% for i in [1] %}{% set x = 4 %}{{ x }}{% endfor %}{{ x }}",
         "343"},
        {"{% set a, b = 1, 2 %}{{ a }}{{ b }}",
         "12"},
        {"{% set t %}in {{ name }}{% endset %}[{{ t }}]",
         "[in World]"},
        {"{% set ns = namespace(x=1) %}{% for i in range(4) %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}",
         "7"},
        {"{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a }}",
         "3"},
        {"{% macro m(a, b='d') %}<{{ a }}|{{ b }}>{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(b=3, a=4) }}",
         "<1|d><1|2><4|3>"},
        {"{% filter upper %}abc {{ name }}{% endfilter %}",
         "ABC WORLD"},
        {"{% block x %}inner{% endblock %}",
         "inner"},
        {"{{ html|e }} {{ html|escape|length }}",
         "&lt;a href=&#34;x&#34;&gt;it&#39;s&lt;/a&gt; 44"},
        {"{{ missing|default('d') }} {{ empty|default('d') }} {{ empty|default('d', true) }} {{ missing|d }}",
         "d  d "},
        {"{{ ' x y '|trim }}|{{ 'hello world'|title }}|{{ 'HELLO'|capitalize }}|{{ 'aXb'|lower }}",
         "x y|Hello World|Hello|axb"},
        {"{{ 'a-b-c'|replace('-', '+') }} {{ 'aaa'|replace('a', 'b', 2) }}",
         "a+b+c bba"},
        {"{{ [1, 2, 3]|join(', ') }} {{ [1,2,3]|sum }} {{ [3,1,2]|sort }} {{ [3,1,2]|sort(reverse=true)|first }} {{ [1,2]|last }} {{ 'abc'|reverse }} {{ [1,2,3]|reverse|list }}",
         "1, 2, 3 6 [1, 2, 3] 3 2 cba [3, 2, 1]"},
        {"{{ ['b', 'A', 'a']|sort }} {{ ['b', 'A']|sort(case_sensitive=true) }} {{ ['a', 'A', 'b']|unique|list }}",
         "['A', 'a', 'b'] ['A', 'b'] ['a', 'b']"},
        {"{{ [{'a': 2}, {'a': 1}]|sort(attribute='a') }} {{ [{'a': 2}, {'a': 1}]|map(attribute='a')|list }} {{ ['x', 'y']|map('upper')|join }}",
         "[{'a': 1}, {'a': 2}] [2, 1] XY"},
        {"{{ [1,2,3,4]|select('even')|list }} {{ [1,2,3]|reject('gt', 2)|list }} {{ [{'a': 1}, {'a': 0}]|selectattr('a')|list }} {{ [{'a': 1}, {'a': 2}]|rejectattr('a', 'eq', 1)|list }}",
         "[2, 4] [1, 2] [{'a': 1}] [{'a': 2}]"},
        {"{{ '3.7'|int }} {{ 'x'|int }} {{ 'x'|int(5) }} {{ '12'|float }} {{ 3.7|int }} {{ -3|abs }} {{ 2.5|round }} {{ 2.567|round(2) }} {{ 2.1|round(0, 'ceil') }} {{ 'ff'|int(base=16) }}",
         "3 0 5 12.0 3 3 2.0 2.57 3.0 255"},
        {"{{ {'b': 1, 'a': 2}|dictsort }} {{ [1,2,3]|max }} {{ ['b','a']|min }}",
         "[('a', 2), ('b', 1)] 3 a"},
        {"{{ {'a': [1, none, true, 1.5, 'x<y']}|tojson }}",
         "{\"a\": [1, null, true, 1.5, \"x\\u003cy\"]}"},
        {"{{ 'a b/c?d=e'|urlencode }} {{ {'a': 1, 'b': 'x y'}|urlencode }}",
         "a%20b/c%3Fd%3De a=1&b=x+y"},
        {"{{ 'a\nb\n\nc'|indent(2) }}|{{ 'a\nb'|indent(2, true) }}",
         "a\n  b\n\n  c|  a\n  b"},
        {"{{ 'some longer text here'|truncate(12) }} {{ 'some longer text here'|truncate(12, true) }} {{ 'short'|truncate(12) }}",
         "some... some long... short"},
        {"{{ [1,2,3,4,5]|batch(2)|list }} {{ [1,2,3]|batch(2, 0)|list }}",
         "[[1, 2], [3, 4], [5]] [[1, 2], [3, 0]]"},
        {"{{ 'abcdef'[1:3] }} {{ 'abcdef'[-2:] }} {{ [1,2,3,4][::2] }} {{ 'abc'[::-1] }} {{ 'abc'[0] }} {{ [1,2][5] }}",
         "bc ef [1, 3] cba a "},
        {"{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a-b'.upper() }} {{ 'xx'.startswith('x') }} {{ ','.join(['a', 'b']) }} {{ 'a b'.title() }} {{ {'a': 1}.get('b', 3) }} {{ {'a': 1}.keys()|list }}",
         "['a', 'b', '', 'c'] ['a', 'b'] A-B True a,b A B 3 ['a']"},
        {"{{ missing is defined }} {{ name is defined }} {{ none is none }} {{ 1 is number }} {{ 'a' is string }} {{ [] is iterable }} {{ {} is mapping }} {{ 4 is divisibleby 2 }} {{ 3 is odd }} {{ true is true }} {{ 1 is not string }} {{ 'a' is in ['a'] }} {{ 2 is eq 2 }} {{ 'AB' is upper }}",
         "False True True True True True True True True True True True True True"},
        {"{{ \"it's\" }} {{ ['it\\'s', 'q\"', 'n\\n'] }}",
         "it's [\"it's\", 'q\"', 'n\\n']"},
        {"{{ 'wordy words, here'|wordcount }} {{ 'mid'|center(9) }}|",
         "3    mid   |"},
        {"{{ 1e3 }} {{ 1_000 }} {{ 0.1 + 0.2 }} {{ 10 / 5 }} {{ 3 * -2 }} {{ not true }} {{ not 1 == 2 }}",
         "1000.0 1000 0.30000000000000004 2.0 -6 False True"},
        {"{{ (1, 2) }} {{ 1, 2 }} {{ () }} {{ (3) }}",
         "(1, 2) (1, 2) () 3"},
        {"{{ loop }}{{ name.missing }}x",
         "x"},
        {"{% for i in range(3) %}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}",
         "1;02;1;"},
        {"{ not a tag } {{ name }} {",
         "{ not a tag } World {"},
        {"{{ 'né'|length }} {{ 'né'[1] }}",
         "2 é"},
        {"{%- for x in [1,2] -%}\n {{ x }}\n{%- endfor -%}\n",
         "12"},
        {"{{ none|default('x') }} {{ none|default('x', true) }} {{ [none, 1]|join('-') }}",
         "None x None-1"},
        {"{{ name|lower|title|replace('W', 'w')|length }}",
         "5"},
        {"{{ 5 is gt 3 and 2 is lt 3 or false }}",
         "True"},
        {"{{ dict(a=1, b='x') }} {{ dict(a=1).a }}",
         "{'a': 1, 'b': 'x'} 1"},
        {"{{ [[1, 2], [3, 4]]|map('last')|list }} {{ [[2, 'b'], [1, 'a']]|sort }} {{ 'c'|string ~ 1|string }}",
         "[2, 4] [[1, 'a'], [2, 'b']] c1"},
        {"{{ -2 ** 2 }} {{ 2 ** 3 ** 2 }} {{ -'3'|int|abs if false else 1 }}", "4 64 1"},
    };

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        const char *fault = NULL, *got = rendered(cases[k].source, &fault);

        if (got == NULL || strcmp(got, cases[k].right) != 0) {
            fail_msg("%s\n  gives %s\n  not   %s", cases[k].source, got == NULL ? fault : got, cases[k].right);
        }
    }
}


static void
what_is_no_template_is_a_fault(void **state)
{
    static const char *const cases[] = {
        "{% if %}", "{{ }}", "{{ 1 +", "{% for x in %}{% endfor %}", "{% endif %}", "{% if a %}", "{{ x.y.z }}", "{{ 1 / 0 }}", "{{ 'a' + 1 }}",
        "{{ x | nofilter }}", "{{ x is notest }}", "{% include 'a' %}", "{% extends 'a' %}", "{{ f() }}", "{{ 'abc' < 1 }}", "{# open", "{% raw %} x",
        "{% set 1 = 2 %}", "{{ 'open }}", "{% for a, b in [1] %}{% endfor %}", "{% wrong %}", "{{ [1, 2 }}", "{{ 'a' if }}", "{{", "{%", "{{ 'a\\", "{% set x",
    };

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        const char *fault = NULL;

        if (rendered(cases[k], &fault) != NULL || fault == NULL) {
            fail_msg("%s is rendered", cases[k]);
        }
    }
}


static void
a_fault_names_its_line(void **state)
{
    const char *fault = NULL;

    assert_null(rendered("one\n{# two\n three #}\n{{ 1 /\n 0 }}\n", &fault));
    assert_non_null(strstr(fault, "line 4: division by zero"));
}


/* Each ends soon, with a fault, whatever it asks for. */
static void
rendering_is_bounded(void **state)
{
    size_t                   used;
    static const char *const cases[] = {
        "{{ range(1000000000) }}", "{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}", "{{ 'a' * 100000000 }}",
        "{{ [1] * 100000000 }}", "{% set n = namespace(x='aaaaaaaa') %}{% for a in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{% set n = namespace(x=[1]) %}{% for a in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x=[]) %}{% for a in range(9000) %}{% set n.x = [n.x] %}{% endfor %}{{ n.x }}",
        "{% set n = namespace(x=[], y=[]) %}{% for a in range(9000) %}{% set n.x = [n.x] %}{% set n.y = [n.y] %}{% endfor %}{{ n.x == n.y }}",
        "{% set n = namespace() %}{% set n.x = n %}{{ n }}", "{% set n = namespace() %}{% set n.x = n %}{{ n|tojson }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{% for a in range(3000) %}{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' * 100 }}{% endfor %}",
        "{{ ((((((((((((((((((((((((((((((((((((((((((((((((((1)))))))))))))))))))))))))))))))))))))))))))))))))) }}",
        "{{ 9223372036854775807 + 1 }}", "{{ 10 ** 1000 }}", "{{ 2 ** 63 }}", "{{ 'a'|center(100000000) }}", "{{ 'a\nb'|indent(100000000) }}",
        "{{ 'aaaaaaaaaaaaaaaaaaaa'|replace('a', 'b' * 100000) }}",
    };

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        const char *fault = NULL;

        used = arena_used(arena);
        if (rendered(cases[k], &fault) != NULL) {
            fail_msg("%s is rendered", cases[k]);
        }
        assert_true(arena_used(arena) - used < 64 * 1024 * 1024);
    }
}


static void
a_zero_byte_is_refused(void **state)
{
    size_t      len;
    const char *fault = NULL;

    assert_null(jinja_render(arena, "a\0b", 3, NULL, 0, &len, &fault));
    assert_non_null(fault);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(templates_give_what_jinja_gives, start, end),
        cmocka_unit_test_setup_teardown(what_is_no_template_is_a_fault, start, end),
        cmocka_unit_test_setup_teardown(a_fault_names_its_line, start, end),
        cmocka_unit_test_setup_teardown(rendering_is_bounded, start, end),
        cmocka_unit_test_setup_teardown(a_zero_byte_is_refused, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
