/// The one BLAS routine that the core needs, handed in by the caller: the binding passes scipy's, the tests a naive
/// one.
#pragma once

namespace mot {

/// Fortran's SGEMM: C <- alpha op(A) op(B) + beta C, column-major, every argument by address.
using Sgemm = void (*)(char* transpose_a, char* transpose_b, int* m, int* n, int* k, float* alpha, float* a, int* lda,
                       float* b, int* ldb, float* beta, float* c, int* ldc);

}  // namespace mot
