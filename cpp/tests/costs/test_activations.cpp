/// The first NaN or infinity in reading order is found, counted within the selected rows.
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "mot/costs/standardized_layer.hpp"
#include "mot/types/half.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

using mot::ActivationsView;
using mot::first_nonfinite;

constexpr std::int64_t n_stimuli = 9;
constexpr std::int64_t n_units = 21;

template <class Real>
void check_found(const ActivationsView<Real>& view, std::int64_t stimulus, std::int64_t unit) {
    const auto found = first_nonfinite(view);
    CHECK(found && found->stimulus == stimulus && found->unit == unit);
}

/// Plants `bad` at every place in turn, with more of it behind.
template <class Real>
void test_every_place(Real good, Real bad) {
    const std::int64_t n = n_stimuli * n_units;
    std::vector<Real> values(static_cast<std::size_t>(n), good);
    const ActivationsView<Real> view{values.data(), n_stimuli, n_units, n_units, 1, nullptr};
    CHECK(!first_nonfinite(view));
    for (std::int64_t k = n; k-- > 0;) {
        values[static_cast<std::size_t>(k)] = bad;
        check_found(view, k / n_units, k % n_units);
    }
    // A view of the transposed array.
    values.assign(values.size(), good);
    values[static_cast<std::size_t>(3 * n_stimuli + 5)] = bad;
    values[static_cast<std::size_t>(2 * n_stimuli + 7)] = bad;
    check_found(ActivationsView<Real>{values.data(), n_stimuli, n_units, 1, n_stimuli, nullptr}, 5, 3);
}

void test_selected_rows() {
    std::vector<double> values(static_cast<std::size_t>(n_stimuli * n_units), 1.0);
    values[static_cast<std::size_t>(2 * n_units + 4)] = std::numeric_limits<double>::quiet_NaN();
    values[static_cast<std::size_t>(6 * n_units + 20)] = std::numeric_limits<double>::infinity();
    const auto selected = [&](const std::vector<std::int64_t>& rows) {
        return ActivationsView<double>{values.data(), static_cast<std::int64_t>(rows.size()), n_units, n_units, 1,
                                       rows.data()};
    };
    const std::vector<std::int64_t> later_first{0, 6, 2};
    const std::vector<std::int64_t> at_the_end{8, 8, 8, 2};
    const std::vector<std::int64_t> clean{0, 1, 3, 8};
    check_found(selected(later_first), 1, 20);
    check_found(selected(at_the_end), 3, 4);
    CHECK(!first_nonfinite(selected(clean)));
}

}  // namespace

int main() {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    constexpr double largest = std::numeric_limits<double>::max();
    test_every_place<double>(largest, infinite);
    test_every_place<double>(-largest, -infinite);
    test_every_place<double>(0.0, std::numeric_limits<double>::quiet_NaN());
    test_every_place<float>(std::numeric_limits<float>::max(), std::numeric_limits<float>::infinity());
    test_every_place<float>(1.0f, std::numeric_limits<float>::quiet_NaN());
    test_every_place<mot::Half>({0x7BFF}, {0x7C00});  // 65,504 and infinity
    test_every_place<mot::Half>({0x3C00}, {0x7E01});  // 1 and a NaN
    test_selected_rows();
}
