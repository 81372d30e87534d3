/// Numbers of twice the precision of a double: the unevaluated sum of two, the second at most half a unit in the last
/// place of the first.
///
/// Sums follow Knuth (1969) and Dekker (1971). Their relative error is below 2^-104, and sums of whole numbers below
/// 2^100 are exact. The compiler must not reassociate (no fast-math).
#pragma once

#include <cmath>
#include <limits>

namespace mot {

struct DoubleDouble {
    double high = 0;
    double low = 0;

    constexpr DoubleDouble() = default;
    constexpr DoubleDouble(double value) : high(value) {}
    constexpr DoubleDouble(double high_, double low_) : high(high_), low(low_) {}

    /// x + y without error.
    static DoubleDouble sum(double x, double y) {
        const double total = x + y;
        const double of_y = total - x;
        return {total, (x - (total - of_y)) + (y - of_y)};
    }
    /// x y without error, unless it underflows.
    static DoubleDouble product(double x, double y) {
        const double total = x * y;
        return {total, std::fma(x, y, -total)};
    }

    DoubleDouble operator-() const { return {-high, -low}; }
    DoubleDouble& operator+=(const DoubleDouble& other) { return *this = *this + other; }
    DoubleDouble& operator-=(const DoubleDouble& other) { return *this = *this + -other; }
    friend DoubleDouble operator-(const DoubleDouble& x, const DoubleDouble& y) { return x + -y; }
    friend bool operator<(const DoubleDouble& x, const DoubleDouble& y) {
        return x.high < y.high || (x.high == y.high && x.low < y.low);
    }
    friend bool operator<=(const DoubleDouble& x, const DoubleDouble& y) { return x.high <= y.high && !(y < x); }
    friend DoubleDouble operator+(const DoubleDouble& x, const DoubleDouble& y) {
        const DoubleDouble highs = sum(x.high, y.high);
        const DoubleDouble lows = sum(x.low, y.low);
        const DoubleDouble nearly = normalized(highs.high, highs.low + lows.high);
        return normalized(nearly.high, nearly.low + lows.low);
    }

private:
    /// For |x| >= |y|.
    static DoubleDouble normalized(double x, double y) {
        const double total = x + y;
        return {total, y - (total - x)};
    }
};

/// A sum of products in about twice the precision of a double: what every product and every sum rounds off is added up
/// apart (Ogita, Rump and Oishi 2005). No addition waits for more than one other, as those of `DoubleDouble` do.
class SumOfProducts {
public:
    void add(double x, double y) {
        const DoubleDouble product = DoubleDouble::product(x, y);
        const DoubleDouble sum = DoubleDouble::sum(total_, product.high);
        total_ = sum.high;
        rounded_off_ += sum.low + product.low;
    }
    DoubleDouble value() const { return DoubleDouble::sum(total_, rounded_off_); }

private:
    double total_ = 0;
    double rounded_off_ = 0;
};

/// The double nearest to a number, and the relative rounding error of its sums: all that the solvers ask of a number
/// type.
inline double rounded(double x) {
    return x;
}
inline double rounded(const DoubleDouble& x) {
    return x.high;
}
template <class Real>
constexpr double unit_roundoff = std::numeric_limits<double>::epsilon() / 2;
template <>
constexpr double unit_roundoff<DoubleDouble> = 0x1p-104;

}  // namespace mot
