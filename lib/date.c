/*
 * A lenient reader of dates (date.h). The text is cut into numbers, words and signs; a number is what its neighbours make of it:
 * 10:30 a time, 2024-05-06 a date, +01:00 behind a time a zone. Numbers that are left fill day, month and year as Americans read
 * them, unless their size says otherwise.
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>
#include <time.h>

#include <tator/date.h>

#define DATE_NUMBERS 3

typedef struct {
    const char *p;
    date_t     *date;
    int         numbers[DATE_NUMBERS], digits[DATE_NUMBERS]; /* parts of the date not yet placed */
    int         n;
    bool        month_named, timed, weekday;
    int         half; /* 1: am, 2: pm */
} reader_t;

static bool read_token(reader_t *reader);
static bool read_number(reader_t *reader);
static bool read_block(reader_t *reader, const char *digits, size_t len);
static bool read_time(reader_t *reader);
static bool read_zone(reader_t *reader);
static bool read_word(reader_t *reader);
static bool place_numbers(reader_t *reader);
static int  two_digits(const char *text);
static int  full_year(const reader_t *reader, int k);
static bool date_valid(const date_t *date);
static int  month_days(int year, int month);

static const char *const months[] = {"january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
                                     "november", "december"};
static const char *const weekdays[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
static const char *const fillers[] = {"at", "on", "and", "ad", "of", "st", "nd", "rd", "th", "t", "m"};


date_t
date_now(void)
{
    struct tm      tm;
    struct timeval now;

    gettimeofday(&now, NULL);
    gmtime_r(&now.tv_sec, &tm);

    return (date_t) {.year = tm.tm_year + 1900, .month = tm.tm_mon + 1, .day = tm.tm_mday, .hour = tm.tm_hour, .minute = tm.tm_min,
                     .second = tm.tm_sec, .microsecond = (int) now.tv_usec, .zoned = true};
}


bool
date_parse(const char *text, const date_t *today, date_t *out)
{
    reader_t reader = {.p = text, .date = out};

    *out = (date_t) {.year = today->year, .month = today->month, .day = today->day};

    while (*reader.p != '\0') {
        if (!read_token(&reader)) {
            return false;
        }
    }

    if (reader.n == 0 && !reader.month_named && !reader.timed && !reader.weekday) {
        return false;
    }

    if (reader.half == 1 && out->hour == 12) {
        out->hour = 0;
    } else if (reader.half == 2 && out->hour < 12) {
        out->hour += 12;
    }

    return place_numbers(&reader) && date_valid(out);
}


size_t
date_iso(char out[DATE_ISO_SIZE], const date_t *date)
{
    int n, offset = date->offset;

    n = snprintf(out, DATE_ISO_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d", date->year % 10000, date->month % 100, date->day % 100,
                 date->hour % 100, date->minute % 100, date->second % 100);

    if (date->microsecond != 0) {
        n += snprintf(out + n, DATE_ISO_SIZE - (size_t) n, ".%06d", date->microsecond % 1000000);
    }

    if (date->zoned) {
        n += snprintf(out + n, DATE_ISO_SIZE - (size_t) n, "%c%02d:%02d", offset < 0 ? '-' : '+', abs(offset) / 3600 % 100,
                      abs(offset) / 60 % 60);
    }

    return (size_t) n;
}


int64_t
date_microseconds(const date_t *date, int offset)
{
    int64_t   seconds;
    struct tm tm = {.tm_year = date->year - 1900, .tm_mon = date->month - 1, .tm_mday = date->day, .tm_hour = date->hour,
                    .tm_min = date->minute, .tm_sec = date->second};

    seconds = (int64_t) timegm(&tm) - (date->zoned ? date->offset : offset);

    return seconds * 1000000 + date->microsecond;
}


static bool
read_token(reader_t *reader)
{
    const char *p = reader->p;

    if (isdigit((unsigned char) *p)) {
        return read_number(reader);
    }

    if (isalpha((unsigned char) *p)) {
        return read_word(reader);
    }

    if ((*p == '+' || *p == '-') && reader->timed && !reader->date->zoned && isdigit((unsigned char) p[1])) {
        return read_zone(reader);
    }

    if (strchr(" \t\n,.;-/+'()", *p) == NULL) {
        return false;
    }

    reader->p++;

    return true;
}


static bool
read_number(reader_t *reader)
{
    size_t      len;
    const char *p = reader->p;

    len = strspn(p, "0123456789");

    if (len <= 2 && p[len] == ':') {
        return read_time(reader);
    }

    if (len > 4 || (len == 4 && reader->n == DATE_NUMBERS && p[-1] == 'T')) {
        reader->p += len;
        return read_block(reader, p, len);
    }

    /* 10am, 10 am */
    if (len <= 2 && !reader->timed) {
        const char *word = p + len + strspn(p + len, " ");

        if (strchr("aApP", *word) != NULL && *word != '\0' && strchr("mM", word[1]) != NULL && word[1] != '\0'
            && !isalpha((unsigned char) word[2]))
        {
            reader->date->hour = atoi(p);
            reader->timed = true;
            reader->p += len;
            return true;
        }
    }

    if (reader->n == DATE_NUMBERS) {
        return false;
    }

    reader->numbers[reader->n] = atoi(p);
    reader->digits[reader->n] = (int) len;
    reader->n++;
    reader->p += len;

    return true;
}


/* 20240506, 20240506103000, 240506, and behind T: 1030, 103000. */
static bool
read_block(reader_t *reader, const char *digits, size_t len)
{
    date_t *date = reader->date;

    if ((len == 4 || len == 6) && reader->n == DATE_NUMBERS && digits[-1] == 'T') {
        date->hour = two_digits(digits);
        date->minute = two_digits(digits + 2);
        date->second = len == 6 ? two_digits(digits + 4) : 0;
        reader->timed = true;
        return true;
    }

    if (reader->n > 0 || (len != 6 && len != 8 && len != 12 && len != 14)) {
        return false;
    }

    reader->n = DATE_NUMBERS;
    reader->digits[0] = len == 6 ? 2 : 4;
    reader->digits[1] = reader->digits[2] = 2;
    reader->numbers[0] = len == 6 ? two_digits(digits) : two_digits(digits) * 100 + two_digits(digits + 2);
    digits += len == 6 ? 2 : 4;
    reader->numbers[1] = two_digits(digits);
    reader->numbers[2] = two_digits(digits + 2);

    if (len == 6) { /* year first, also when it looks like a day */
        reader->numbers[0] = full_year(reader, 0);
        reader->digits[0] = 4;
    }

    if (len > 8) {
        date->hour = two_digits(digits + 4);
        date->minute = two_digits(digits + 6);
        date->second = len == 14 ? two_digits(digits + 8) : 0;
        reader->timed = true;
    }

    return true;
}


/* 10:30, 10:30:59, 10:30:59.123456 */
static bool
read_time(reader_t *reader)
{
    int     scale = 100000;
    char   *end;
    date_t *date = reader->date;

    if (reader->timed) {
        return false;
    }

    date->hour = (int) strtol(reader->p, &end, 10);

    if (!isdigit((unsigned char) end[1])) {
        return false;
    }

    date->minute = (int) strtol(end + 1, &end, 10);

    if (end[0] == ':' && isdigit((unsigned char) end[1])) {
        date->second = (int) strtol(end + 1, &end, 10);
    }

    if ((end[0] == '.' || end[0] == ',') && isdigit((unsigned char) end[1])) {
        for (end++; isdigit((unsigned char) *end); end++) {
            date->microsecond += (*end - '0') * scale;
            scale /= 10;
        }
    }

    reader->timed = true;
    reader->p = end;

    return true;
}


/* +01, +0100, +01:00 */
static bool
read_zone(reader_t *reader)
{
    int         sign = *reader->p == '-' ? -1 : 1, hours, minutes = 0;
    size_t      len;
    const char *p = reader->p + 1;

    len = strspn(p, "0123456789");

    if (len > 4 || len == 3) {
        return false;
    }

    hours = len > 2 ? two_digits(p) : atoi(p);

    if (len == 4) {
        minutes = two_digits(p + 2);

    } else if (p[len] == ':' && isdigit((unsigned char) p[len + 1]) && isdigit((unsigned char) p[len + 2])) {
        minutes = two_digits(p + len + 1);
        len += 3;
    }

    if (hours > 23 || minutes > 59) {
        return false;
    }

    reader->date->zoned = true;
    reader->date->offset = sign * (hours * 3600 + minutes * 60);
    reader->p = p + len;

    return true;
}


static bool
read_word(reader_t *reader)
{
    size_t      len;
    const char *p = reader->p;

    for (len = 0; isalpha((unsigned char) p[len]); len++) { /* count */ }

    reader->p += len;

    for (int k = 0; k < 12; k++) {
        if ((len == 3 || (len == 4 && k == 8) || len == strlen(months[k])) && strncasecmp(p, months[k], len) == 0) {
            reader->date->month = k + 1;
            reader->month_named = true;
            return true;
        }
    }

    for (int k = 0; k < 7; k++) {
        if ((len == 3 || len == strlen(weekdays[k])) && strncasecmp(p, weekdays[k], len) == 0) {
            reader->weekday = true;
            return true;
        }
    }

    if (len == 2 && strchr("aApP", p[0]) != NULL && strchr("mM", p[1]) != NULL) {
        reader->half = tolower((unsigned char) p[0]) == 'a' ? 1 : 2;
        return reader->timed && reader->date->hour >= 1 && reader->date->hour <= 12;
    }

    if ((len == 1 && toupper((unsigned char) *p) == 'Z') || (len == 3 && (strncasecmp(p, "UTC", 3) == 0 || strncasecmp(p, "GMT", 3) == 0))) {
        reader->date->zoned = true;
        return reader->timed;
    }

    for (size_t k = 0; k < sizeof(fillers) / sizeof(fillers[0]); k++) {
        if (len == strlen(fillers[k]) && strncasecmp(p, fillers[k], len) == 0) {
            return true;
        }
    }

    return false;
}


/* Which of the numbers are year, month and day. */
static bool
place_numbers(reader_t *reader)
{
    int     y = -1, m = -1, d = -1, n = reader->n;
    date_t *date = reader->date;

    for (int k = 0; k < n; k++) {
        if (y < 0 && (reader->digits[k] > 2 || reader->numbers[k] > 31)) {
            y = k;
        }
    }

    if (reader->month_named) {
        if (n > 2) {
            return false;
        }
        if (n == 2 && y < 0) {
            y = 1;
        }
        d = n == 0 || (n == 1 && y == 0) ? -1 : n == 1 ? 0 : 1 - y;

    } else if (n == 3) {
        y = y < 0 ? 2 : y;
        m = y == 0 ? 1 : 0;
        d = y == 2 ? 1 : 2;
        if (reader->numbers[m] > 12 && y != 1) { /* the day stands first */
            int other = m;

            m = d;
            d = other;
        }

    } else if (n == 2) {
        m = y == 0 ? 1 : 0;
        d = y < 0 ? 1 : -1;
        if (d == 1 && reader->numbers[0] > 12) {
            m = 1;
            d = 0;
        }

    } else if (n == 1 && y < 0) {
        d = 0;
    }

    if (y >= 0) {
        date->year = full_year(reader, y);
    }
    if (m >= 0) {
        date->month = reader->numbers[m];
    }
    if (d >= 0) {
        date->day = reader->numbers[d];

    } else if (date->month >= 1 && date->month <= 12 && date->day > month_days(date->year, date->month)) {
        date->day = month_days(date->year, date->month);
    }

    return true;
}


static int
two_digits(const char *text)
{
    return (text[0] - '0') * 10 + text[1] - '0';
}


/* Two digits are the year within fifty years of today. */
static int
full_year(const reader_t *reader, int k)
{
    int year = reader->numbers[k], century;

    if (reader->digits[k] > 2) {
        return year;
    }

    century = date_now().year;
    year += century / 100 * 100;

    if (year >= century + 50) {
        return year - 100;
    }

    return year < century - 50 ? year + 100 : year;
}


static bool
date_valid(const date_t *date)
{
    return date->year >= 1 && date->year <= 9999 && date->month >= 1 && date->month <= 12 && date->day >= 1
           && date->day <= month_days(date->year, date->month) && date->hour < 24 && date->minute < 60 && date->second < 60;
}


static int
month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) {
        return 29;
    }

    return days[month - 1];
}
