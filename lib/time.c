/*
 * Dates and times (include/tator/time.h): the calendar, the strict forms and writing. The lenient reader is time_reader.c.
 */

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <tator/time.h>

#include "time_parts.h"


int64_t
time_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);

    return (int64_t) now.tv_sec * SECOND + now.tv_nsec / 1000;
}


int64_t
time_instant(const datetime_t *datetime, int offset)
{
    int64_t seconds;

    seconds = time_days(datetime->year, datetime->month, datetime->day) * 86400 + datetime->hour * 3600 + datetime->minute * 60 + datetime->second;

    return (seconds - (datetime->zoned ? datetime->offset : offset)) * SECOND + datetime->microsecond;
}


/* Civil date from days, by counting 400-year eras from 0000-03-01. */
void
time_calendar(int64_t instant, int offset, datetime_t *out)
{
    int     day_of_year, month;
    int64_t seconds, micro, days, era, day_of_era, year_of_era;

    micro = instant % SECOND;
    seconds = instant / SECOND;
    if (micro < 0) {
        micro += SECOND;
        seconds--;
    }
    seconds += offset;

    days = seconds / 86400;
    seconds %= 86400;
    if (seconds < 0) {
        seconds += 86400;
        days--;
    }

    days += 719468;
    era = (days >= 0 ? days : days - 146096) / 146097;
    day_of_era = days - era * 146097;
    year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    day_of_year = (int) (day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100));
    month = (5 * day_of_year + 2) / 153;

    *out = (datetime_t) {
        .day = day_of_year - (153 * month + 2) / 5 + 1,
        .month = month < 10 ? month + 3 : month - 9,
        .year = (int) (year_of_era + era * 400) + (month >= 10),
        .hour = (int) (seconds / 3600),
        .minute = (int) (seconds / 60 % 60),
        .second = (int) (seconds % 60),
        .microsecond = (int) micro,
        .zoned = true,
        .offset = offset,
    };
}


bool
time_parse_rfc3339(const char *text, size_t len, datetime_t *out)
{
    int         hours, minutes, sign;
    const char *p = text, *end = text + len;

    *out = (datetime_t) {.zoned = true};

    if (!time_read_digits(&p, end, 4, &out->year) || p == end || *p++ != '-' || !time_read_digits(&p, end, 2, &out->month) || p == end || *p++ != '-'
        || !time_read_digits(&p, end, 2, &out->day) || p == end || (*p != 'T' && *p != 't' && *p != ' '))
    {
        return false;
    }
    p++;

    if (!time_read_digits(&p, end, 2, &out->hour) || p == end || *p++ != ':' || !time_read_digits(&p, end, 2, &out->minute) || p == end || *p++ != ':'
        || !time_read_digits(&p, end, 2, &out->second))
    {
        return false;
    }

    if (p < end && *p == '.') {
        p++;
        if (!time_read_fraction(&p, end, &out->microsecond)) {
            return false;
        }
    }

    if (p == end) {
        return false;
    }

    sign = *p++;

    if (sign == '+' || sign == '-') {
        if (!time_read_digits(&p, end, 2, &hours) || p == end || *p++ != ':' || !time_read_digits(&p, end, 2, &minutes) || hours > 23 || minutes > 59) {
            return false;
        }
        out->offset = (hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);

    } else if (sign != 'Z' && sign != 'z') {
        return false;
    }

    if (out->second == 60) {
        out->second = 59;
    }

    return p == end && time_valid(out);
}


bool
time_parse_iso(const char *text, size_t len, datetime_t *out)
{
    int         ignored;
    const char *p = text, *end = text + len;
    datetime_t  today = {.year = 1970, .month = 1, .day = 1};

    if (!time_read_digits(&p, end, 4, &ignored) || p == end || *p++ != '-' || !time_read_digits(&p, end, 2, &ignored) || p == end || *p++ != '-'
        || !time_read_digits(&p, end, 2, &ignored) || (p < end && *p != 'T' && *p != 't' && *p != ' '))
    {
        return false;
    }

    return time_parse(text, len, &today, out);
}


size_t
time_write(char *out, const datetime_t *datetime)
{
    int n, offset;

    n = snprintf(out, TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d", datetime->year, datetime->month, datetime->day, datetime->hour,
                 datetime->minute, datetime->second);

    if (datetime->microsecond != 0) {
        n += snprintf(out + n, (size_t) (TIME_TEXT - n), ".%06d", datetime->microsecond);
    }

    if (datetime->zoned) {
        offset = datetime->offset < 0 ? -datetime->offset : datetime->offset;
        n += snprintf(out + n, (size_t) (TIME_TEXT - n), "%c%02d:%02d", datetime->offset < 0 ? '-' : '+', offset / 3600, offset / 60 % 60);
    }

    return (size_t) n;
}


size_t
time_write_utc(char *out, int64_t instant, bool always)
{
    int        n;
    datetime_t utc;

    time_calendar(instant, 0, &utc);

    n = snprintf(out, TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d", utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second);

    if (always || utc.microsecond != 0) {
        n += snprintf(out + n, (size_t) (TIME_TEXT - n), ".%03d", utc.microsecond / 1000);
    }

    out[n++] = 'Z';
    out[n] = '\0';

    return (size_t) n;
}


/* "2024-01-02 03:04:05.123456+00": the session's zone is UTC, so that nearly always the text is only rearranged. */
size_t
time_write_database(char *out, const char *text, size_t len, bool always)
{
    char       *p = out;
    datetime_t  read;

    if (len < 22 || len > 29 || text[10] != ' ' || (text[19] != '.' && text[19] != '+') || memcmp(text + len - 3, "+00", 3) != 0) {
        return time_parse_iso(text, len, &read) ? time_write_utc(out, time_instant(&read, 0), always) : 0;
    }

    memcpy(p, text, 19);
    p[10] = 'T';
    p += 19;

    if (text[19] == '.') {
        memcpy(p, ".000", 4);
        memcpy(p, text + 19, len - 22 < 4 ? len - 22 : 4);
        p += 4;

    } else if (always) {
        memcpy(p, ".000", 4);
        p += 4;
    }

    *p++ = 'Z';
    *p = '\0';

    return (size_t) (p - out);
}


int64_t
time_days(int year, int month, int day)
{
    int64_t y = year - (month <= 2), era, year_of_era, day_of_year;

    era = (y >= 0 ? y : y - 399) / 400;
    year_of_era = y - era * 400;
    day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}


int
time_month_length(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) {
        return 29;
    }

    return lengths[month - 1];
}


bool
time_valid(const datetime_t *datetime)
{
    return datetime->year >= 1 && datetime->year <= 9999 && datetime->month >= 1 && datetime->month <= 12 && datetime->day >= 1
           && datetime->day <= time_month_length(datetime->year, datetime->month) && datetime->hour >= 0 && datetime->hour < 24
           && datetime->minute >= 0 && datetime->minute < 60 && datetime->second >= 0 && datetime->second < 60
           && datetime->offset > -86400 && datetime->offset < 86400;
}


bool
time_read_digits(const char **p, const char *end, int n, int *out)
{
    *out = 0;

    for (; n > 0; n--, (*p)++) {
        if (*p == end || **p < '0' || **p > '9') {
            return false;
        }
        *out = *out * 10 + (**p - '0');
    }

    return true;
}


/* Digits after the point; more than six are dropped. */
bool
time_read_fraction(const char **p, const char *end, int *microsecond)
{
    int n = 0;

    *microsecond = 0;

    for (; *p < end && **p >= '0' && **p <= '9'; (*p)++, n++) {
        if (n < 6) {
            *microsecond = *microsecond * 10 + (**p - '0');
        }
    }

    for (int k = n; k < 6; k++) {
        *microsecond *= 10;
    }

    return n > 0;
}
