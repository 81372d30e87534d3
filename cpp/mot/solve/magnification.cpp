#include "mot/solve/magnification.hpp"

namespace mot {

bool needs_magnification(double scale) {
    constexpr double least_scale = 0x1p-500;
    return scale > 0 && scale < least_scale;
}

std::vector<double> magnified(const double* costs, std::int64_t n) {
    std::vector<double> result(costs, costs + n);
    for (double& cost : result) cost *= magnification;
    return result;
}

Potentials magnified(Potentials potentials) {
    for (double& u : potentials.u) u *= magnification;
    for (double& v : potentials.v) v *= magnification;
    return potentials;
}

Solution reduced(Solution solution) {
    constexpr double factor = 1 / magnification;
    for (double& u : solution.potentials.u) u *= factor;
    for (double& v : solution.potentials.v) v *= factor;
    Certificate& certificate = solution.certificate;
    for (double* figure :
         {&solution.cost, &solution.price, &certificate.dual_violation, &certificate.slackness,
          &certificate.duality_gap, &certificate.primal, &certificate.cost_scale, &certificate.tolerance})
        *figure *= factor;
    return solution;
}

}  // namespace mot
