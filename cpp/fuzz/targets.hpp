/// The kinds of problems that have a file of their own: each turns bytes into one, solves it, and checks the answer.
#pragma once

#include "bytes.hpp"

void test_correlations(Bytes& bytes);
void test_points(Bytes& bytes);
void test_partial(Bytes& bytes);
