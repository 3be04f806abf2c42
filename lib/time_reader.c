/*
 * The lenient reader of dates and times (time_parse() of include/tator/time.h). It goes from left to right: numbers with what follows
 * them decide whether they are a time, a packed date or one of up to three members of a date, whose order is settled at the end.
 */

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <tator/time.h>

#include "time_parts.h"

/* Three members of a date in the order they came. */
typedef struct {
    const char *p, *end;
    int         members[3], n;
    int         month_at;  /* which one is a month's name, -1: none */
    int         year_at;   /* which one is a year for sure, -1: none */
    bool        century;   /* it has more than two digits */
    int         hour, minute, second, microsecond; /* -1: not given */
    int         weekday;   /* 0 Monday, -1: not given */
    int         half;      /* -1: not given, 0: am, 12: pm */
    bool        zoned;
    int         offset;
} reader_t;

static const char *const time_months[] = {"january", "february", "march",     "april",   "may",      "june",
                                          "july",    "august",   "september", "october", "november", "december"};

static const char *const time_weekdays[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

/* Say nothing. */
static const char *const time_fillers[] = {"t", "at", "on", "and", "ad", "of", "st", "nd", "rd", "th", "m"};

static const struct {
    const char *name;
    int         offset;
} time_zones[] = {{"z", 0}, {"utc", 0}, {"gmt", 0}, {"est", TIME_SERVER_OFFSET}};

static bool    read_number(reader_t *reader);
static bool    read_date(reader_t *reader, int value, int digits);
static bool    read_clock(reader_t *reader, int hour);
static bool    read_packed(reader_t *reader, const char *digits, int n);
static bool    read_unit(reader_t *reader, int value, bool *unit);
static bool    read_word(reader_t *reader);
static bool    read_offset(reader_t *reader);
static bool    add_member(reader_t *reader, int value, int digits);
static bool    add_month(reader_t *reader, int month);
static bool    resolve_date(const reader_t *reader, const datetime_t *today, datetime_t *out);
static int     word_length(const reader_t *reader);
static int     word_find(const char *word, int len, const char *const *names, int n);
static int     full_year(int year, const datetime_t *today);


bool
time_parse(const char *text, size_t len, const datetime_t *today, datetime_t *out)
{
    reader_t reader = {.p = text,         .end = text + len,  .month_at = -1, .year_at = -1, .hour = -1, .minute = -1,
                       .second = -1,      .microsecond = -1,  .weekday = -1,  .half = -1};

    while (reader.p < reader.end) {
        char c = *reader.p;

        if (c >= '0' && c <= '9') {
            if (!read_number(&reader)) {
                return false;
            }

        } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
            if (!read_word(&reader)) {
                return false;
            }

        } else if ((c == '+' || c == '-') && reader.hour >= 0 && (!reader.zoned || reader.offset == 0)) {
            if (!read_offset(&reader)) {
                return false;
            }

        } else if (c != '\0' && strchr(" ,;/-.'\t", c) != NULL) {
            reader.p++;

        } else {
            return false;
        }
    }

    if (reader.n == 0 && reader.hour < 0 && reader.minute < 0 && reader.second < 0 && reader.weekday < 0) {
        return false;
    }

    if (reader.half >= 0) {
        if (reader.hour < 0 || reader.hour > 12) {
            return false;
        }
        reader.hour = reader.hour % 12 + reader.half;
    }

    if (!resolve_date(&reader, today, out)) {
        return false;
    }

    out->hour = reader.hour < 0 ? 0 : reader.hour;
    out->minute = reader.minute < 0 ? 0 : reader.minute;
    out->second = reader.second < 0 ? 0 : reader.second;
    out->microsecond = reader.microsecond < 0 ? 0 : reader.microsecond;
    out->zoned = reader.zoned;
    out->offset = reader.offset;

    return time_valid(out);
}


static bool
read_number(reader_t *reader)
{
    int         n = 0, value = 0;
    bool        unit;
    const char *digits = reader->p;

    for (; reader->p < reader->end && *reader->p >= '0' && *reader->p <= '9'; reader->p++, n++) {
        if (n < 9) {
            value = value * 10 + (*reader->p - '0');
        }
    }

    if (reader->p < reader->end && *reader->p == ':') {
        return n <= 2 && read_clock(reader, value);
    }

    if (n == 6 || n == 8 || n == 12 || n == 14 || (reader->n == 3 && reader->hour < 0 && (n == 2 || n == 4))) {
        return read_packed(reader, digits, n);
    }

    if (n > 4) {
        return false;
    }

    if (!read_unit(reader, value, &unit)) {
        return false;
    }

    return unit || read_date(reader, value, n);
}


/* A member of a date, and those that a separator ties to it. */
static bool
read_date(reader_t *reader, int value, int digits)
{
    int         len, month, next;
    char        separator;
    const char *p;

    if (!add_member(reader, value, digits)) {
        return false;
    }

    for (separator = 0; reader->p + 1 < reader->end && strchr("-/.", *reader->p) != NULL && *reader->p != '\0'; ) {
        if (separator != 0 && *reader->p != separator) {
            break;
        }

        p = reader->p + 1;

        if (*p >= '0' && *p <= '9') {
            for (digits = 0, next = 0; p < reader->end && *p >= '0' && *p <= '9' && digits < 9; p++, digits++) {
                next = next * 10 + (*p - '0');
            }
            if (digits > 4 || (p < reader->end && *p == ':')) {
                break;
            }
            separator = *reader->p;
            reader->p = p;
            if (!add_member(reader, next, digits)) {
                return false;
            }
            continue;
        }

        reader->p++;
        len = word_length(reader);
        month = word_find(reader->p, len, time_months, 12);
        if (month < 0) {
            reader->p--;
            break;
        }

        separator = reader->p[-1];
        reader->p += len;
        if (!add_month(reader, month + 1)) {
            return false;
        }
    }

    return true;
}


/* hour has been read, a colon comes. */
static bool
read_clock(reader_t *reader, int hour)
{
    if (reader->hour >= 0) {
        return false;
    }

    reader->hour = hour;
    reader->p++;

    if (!time_read_digits(&reader->p, reader->end, 2, &reader->minute)) {
        return false;
    }

    if (reader->p == reader->end || *reader->p != ':') {
        return true;
    }

    reader->p++;
    if (!time_read_digits(&reader->p, reader->end, 2, &reader->second)) {
        return false;
    }

    if (reader->p + 1 < reader->end && (*reader->p == '.' || *reader->p == ',') && reader->p[1] >= '0' && reader->p[1] <= '9') {
        reader->p++;
        return time_read_fraction(&reader->p, reader->end, &reader->microsecond);
    }

    return true;
}


/* YYYYMMDD[HHMM[SS]], three members of two digits, and after a whole date HH, HHMM, HHMMSS[.ffffff]. */
static bool
read_packed(reader_t *reader, const char *digits, int n)
{
    int         value;
    const char *p = digits, *end = digits + n;

    if (reader->n == 0 && n >= 6) {
        if (!time_read_digits(&p, end, n == 6 ? 2 : 4, &value) || !add_member(reader, value, n == 6 ? 2 : 4) || !time_read_digits(&p, end, 2, &value)
            || !add_member(reader, value, 2) || !time_read_digits(&p, end, 2, &value) || !add_member(reader, value, 2))
        {
            return false;
        }
    }

    if (p == end) {
        return true;
    }

    if (reader->hour >= 0 || end - p > 6) {
        return false;
    }

    if (!time_read_digits(&p, end, 2, &reader->hour) || (p < end && !time_read_digits(&p, end, 2, &reader->minute))
        || (p < end && !time_read_digits(&p, end, 2, &reader->second)))
    {
        return false;
    }

    if (reader->second >= 0 && reader->p + 1 < reader->end && *reader->p == '.' && reader->p[1] >= '0' && reader->p[1] <= '9') {
        reader->p++;
        return time_read_fraction(&reader->p, reader->end, &reader->microsecond);
    }

    return true;
}


/* "10 pm", "10h", "30 min": the number is no member of the date. */
static bool
read_unit(reader_t *reader, int value, bool *unit)
{
    int         len;
    const char *number = reader->p;
    static const struct {
        const char *name;
        char        kind;
    } units[] = {{"am", 'a'},     {"a", 'a'},  {"pm", 'p'},  {"p", 'p'},       {"h", 'h'},      {"hour", 'h'}, {"hours", 'h'}, {"m", 'm'},
                 {"min", 'm'},    {"mins", 'm'}, {"minute", 'm'}, {"minutes", 'm'}, {"s", 's'}, {"sec", 's'},  {"second", 's'}, {"seconds", 's'}};

    *unit = false;

    while (reader->p < reader->end && *reader->p == ' ') {
        reader->p++;
    }

    len = word_length(reader);

    for (size_t k = 0; k < sizeof(units) / sizeof(units[0]); k++) {
        int *part;

        if ((int) strlen(units[k].name) != len || strncasecmp(units[k].name, reader->p, (size_t) len) != 0) {
            continue;
        }

        part = units[k].kind == 'm' ? &reader->minute : units[k].kind == 's' ? &reader->second : &reader->hour;
        if (*part >= 0) {
            return false;
        }

        *part = value;
        *unit = true;

        if (units[k].kind == 'a' || units[k].kind == 'p') {
            reader->half = units[k].kind == 'a' ? 0 : 12;
        }

        reader->p += len;
        return true;
    }

    reader->p = number;

    return true;
}


static bool
read_word(reader_t *reader)
{
    int         len = word_length(reader), k;
    const char *word = reader->p;

    reader->p += len;

    k = word_find(word, len, time_months, 12);
    if (k >= 0) {
        return add_month(reader, k + 1);
    }

    k = word_find(word, len, time_weekdays, 7);
    if (k >= 0) {
        if (reader->weekday >= 0) {
            return false;
        }
        reader->weekday = k;
        return true;
    }

    if ((len == 2 && (strncasecmp(word, "am", 2) == 0 || strncasecmp(word, "pm", 2) == 0)) && reader->hour >= 0 && reader->half < 0) {
        reader->half = (*word | 0x20) == 'a' ? 0 : 12;
        return true;
    }

    for (size_t j = 0; j < sizeof(time_zones) / sizeof(time_zones[0]); j++) {
        if ((int) strlen(time_zones[j].name) == len && strncasecmp(time_zones[j].name, word, (size_t) len) == 0 && reader->hour >= 0
            && !reader->zoned)
        {
            reader->zoned = true;
            reader->offset = time_zones[j].offset;
            return true;
        }
    }

    for (size_t j = 0; j < sizeof(time_fillers) / sizeof(time_fillers[0]); j++) {
        if ((int) strlen(time_fillers[j]) == len && strncasecmp(time_fillers[j], word, (size_t) len) == 0) {
            return true;
        }
    }

    return false;
}


/* A sign after the time: [+-]HH[[:]MM]. */
static bool
read_offset(reader_t *reader)
{
    int  sign = *reader->p == '-' ? -1 : 1, hours, minutes = 0;
    long digits;

    reader->p++;

    for (digits = 0; reader->p + digits < reader->end && reader->p[digits] >= '0' && reader->p[digits] <= '9'; digits++) { /* void */
    }

    if (digits != 1 && digits != 2 && digits != 4) {
        return false;
    }

    if (!time_read_digits(&reader->p, reader->end, digits == 1 ? 1 : 2, &hours)) {
        return false;
    }

    if (digits == 4) {
        (void) time_read_digits(&reader->p, reader->end, 2, &minutes);

    } else if (reader->p < reader->end && *reader->p == ':') {
        reader->p++;
        if (!time_read_digits(&reader->p, reader->end, 2, &minutes)) {
            return false;
        }
    }

    if (minutes > 59) {
        return false;
    }

    reader->zoned = true;
    reader->offset = sign * (hours * 3600 + minutes * 60);

    return true;
}


static bool
add_member(reader_t *reader, int value, int digits)
{
    if (reader->n == 3) {
        return false;
    }

    if (digits > 2) {
        if (reader->year_at >= 0) {
            return false;
        }
        reader->year_at = reader->n;
        reader->century = true;
    }

    reader->members[reader->n++] = value;

    return true;
}


static bool
add_month(reader_t *reader, int month)
{
    if (reader->n == 3 || reader->month_at >= 0) {
        return false;
    }

    reader->month_at = reader->n;
    reader->members[reader->n++] = month;

    return true;
}


/*
 * Which member is what: a row for each case, "y", "m", "d" in the order of the members. A member is a year for sure when it is above
 * 31 or has more than two digits.
 */
static bool
resolve_date(const reader_t *reader, const datetime_t *today, datetime_t *out)
{
    int         k, days;
    bool        year[3], day_given = false;
    const char *order;

    for (k = 0; k < 3; k++) {
        year[k] = k < reader->n && k != reader->month_at && (reader->members[k] > 31 || k == reader->year_at);
    }

    switch (reader->n * 10 + reader->month_at + 1) { /* how many members, and which is a month's name (0: none) */

    case 0:
        order = "";
        break;
    case 10:
        order = year[0] ? "y" : "d";
        break;
    case 11:
        order = "m";
        break;
    case 20:
        order = year[0] ? "ym" : year[1] ? "my" : "md";
        break;
    case 21:
        order = year[1] ? "my" : "md";
        break;
    case 22:
        order = year[0] ? "ym" : "dm";
        break;
    case 30:
        order = year[0] ? "ymd" : reader->members[0] > 12 ? "dmy" : "mdy";
        break;
    case 31:
        order = year[1] ? "myd" : "mdy";
        break;
    case 32:
        order = year[0] ? "ymd" : "dmy";
        break;
    default: /* 33 */
        order = year[1] ? "dym" : "ydm";
        break;
    }

    *out = (datetime_t) {.year = today->year, .month = today->month, .day = today->day};

    for (k = 0; order[k] != '\0'; k++) {
        switch (order[k]) {
        case 'y':
            out->year = reader->year_at == k && reader->century ? reader->members[k] : full_year(reader->members[k], today);
            break;
        case 'm':
            out->month = reader->members[k];
            break;
        default:
            out->day = reader->members[k];
            day_given = true;
        }
    }

    if (out->year < 1 || out->year > 9999 || out->month < 1 || out->month > 12) {
        return false;
    }

    if (!day_given && out->day > time_month_length(out->year, out->month)) {
        out->day = time_month_length(out->year, out->month);
    }

    if (reader->weekday >= 0 && !day_given) { /* the next such day, today too */
        days = (int) ((reader->weekday - (time_days(out->year, out->month, out->day) + 3) % 7 + 14) % 7);
        time_calendar((time_days(out->year, out->month, out->day) + days) * 86400 * SECOND, 0, out);
        out->zoned = false;
    }

    return true;
}


static int
word_length(const reader_t *reader)
{
    const char *p = reader->p;

    while (p < reader->end && ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z'))) {
        p++;
    }

    return (int) (p - reader->p);
}


/* The whole name, or its first letters: three, or four ("sept", "tues", "thur") or five ("thurs"). */
static int
word_find(const char *word, int len, const char *const *names, int n)
{
    for (int k = 0; k < n; k++) {
        if (len >= 3 && (len <= 5 || len == (int) strlen(names[k])) && len <= (int) strlen(names[k])
            && strncasecmp(names[k], word, (size_t) len) == 0)
        {
            return k;
        }
    }

    return -1;
}


/* Two digits: within fifty years of today. */
static int
full_year(int year, const datetime_t *today)
{
    if (year >= 100) {
        return year;
    }

    year += today->year / 100 * 100;

    if (year >= today->year + 50) {
        year -= 100;
    } else if (year < today->year - 50) {
        year += 100;
    }

    return year;
}
