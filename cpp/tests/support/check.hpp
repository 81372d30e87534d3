/// CHECK and CHECK_NEAR: the first that fails names its place and its case, and ends the program with status 1.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

/// What the test is working on, printed with a failure.
inline std::string case_name;

inline void report_failure(const char* file, int line, const std::string& what) {
    std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
    if (!case_name.empty()) std::fprintf(stderr, "    in case: %s\n", case_name.c_str());
    std::exit(1);
}

inline void check_near(double found, double expected, double tolerance, const char* file, int line) {
    // Written so that a NaN fails.
    if (std::abs(found - expected) <= tolerance) return;
    char what[160];
    std::snprintf(what, sizeof what, "found %.17g, expected %.17g within %.3g", found, expected, tolerance);
    report_failure(file, line, what);
}

#define CHECK(condition) ((condition) ? void() : report_failure(__FILE__, __LINE__, #condition))
#define CHECK_NEAR(found, expected, tolerance) check_near((found), (expected), (tolerance), __FILE__, __LINE__)
