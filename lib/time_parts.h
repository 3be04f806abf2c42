/*
 * What time.c and time_reader.c share: parts of the calendar, and digits.
 */

#ifndef TATOR_TIME_PARTS_H
#define TATOR_TIME_PARTS_H

#include <tator/time.h>

#define SECOND 1000000LL /* microseconds */

/* Days from 1970-01-01 to that date of the Gregorian calendar. */
int64_t time_days(int year, int month, int day);

/* Days in a month, 1 to 12. */
int time_month_length(int year, int month);

/* Every member is within its range, and the date exists. */
bool time_valid(const datetime_t *datetime);

/* Exactly n decimal digits at *p, which moves behind them. */
bool time_read_digits(const char **p, const char *end, int n, int *out);

/* The digits after a decimal point, as microseconds; what is finer is cut off. */
bool time_read_fraction(const char **p, const char *end, int *microsecond);

#endif
