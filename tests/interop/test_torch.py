"""Tensors in, for networks and for the drop-ins; skipped where torch is not installed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import mot_fast as mot

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.torch


@pytest.fixture
def problem(rng):
    return rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(7)), rng.random((5, 7))


def tensors(problem, dtype=torch.float64, with_gradients=False):
    return [torch.tensor(x, dtype=dtype, requires_grad=with_gradients) for x in problem]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_results_are_tensors_like_the_masses(problem, dtype):
    a, b, cost = (x.to(dtype) for x in tensors(problem))
    plan, log = mot.ot.emd(a, b, cost, log=True, check_marginals=False)
    assert {x.dtype for x in (plan, log["u"], log["v"])} == {dtype}
    assert isinstance(log["cost"], float)
    value = mot.ot.emd2(a, b, cost, check_marginals=False)
    assert value.dtype == dtype
    assert value.shape == ()
    assert float(value) == pytest.approx(log["cost"], rel=1e-2)


def test_numbers_are_those_of_numpy(problem):
    ours, log = mot.ot.emd2(*tensors(problem), log=True, return_matrix=True)
    expected, expected_log = mot.ot.emd2(*problem, log=True, return_matrix=True)
    assert float(ours) == float(log["cost"]) == expected
    for key in ("u", "v", "G"):
        np.testing.assert_array_equal(log[key].numpy(), expected_log[key])
    _, _, cost = tensors(problem)
    assert float(mot.ot.emd2([], None, cost)) == mot.ot.emd2([], None, problem[2])
    assert mot.ot.emd([], [1 / 7] * 7, cost.float()).dtype == torch.float32


def test_derivatives_are_the_potentials_and_the_plan(problem):
    a, b, cost = tensors(problem, with_gradients=True)
    value, log = mot.ot.emd2(a, b, cost, log=True, return_matrix=True)
    (10 * value).backward()
    torch.testing.assert_close(a.grad, 10 * (log["u"] - log["u"].mean()))
    torch.testing.assert_close(b.grad, 10 * (log["v"] - log["v"].mean()))
    torch.testing.assert_close(cost.grad, 10 * log["G"])
    assert log["cost"].requires_grad
    assert not log["u"].requires_grad


def test_derivatives_foretell_the_cost(problem):
    a, b, cost = tensors(problem, with_gradients=True)
    value = mot.ot.emd2(a, b, cost)
    value.backward()
    rng = np.random.default_rng(1)
    with torch.no_grad():
        step = 1e-7 * torch.tensor(rng.standard_normal((5, 7)))
        changed = mot.ot.emd2(a, b, cost + step)
        assert float(changed - value) == pytest.approx(float((cost.grad * step).sum()), rel=1e-5)
        step = torch.tensor(rng.standard_normal(5))
        step = 1e-7 * (step - step.mean())
        changed = mot.ot.emd2(a + step, b, cost)
        assert float(changed - value) == pytest.approx(float((a.grad * step).sum()), rel=1e-5)


def test_derivatives_reach_a_single_argument(problem):
    a, b, cost = tensors(problem)
    cost.requires_grad_()
    mot.ot.emd2([], [], cost).backward()
    assert float(cost.grad.sum()) == pytest.approx(1)
    a.requires_grad_()
    mot.ot.emd2(a, b, cost.detach()).backward()
    assert float(a.grad.sum()) == pytest.approx(0, abs=1e-12)


def test_derivatives_of_many_problems_reach_their_columns(problem):
    a, b, cost = tensors(problem)
    many = torch.stack([b, b.flip(0)], dim=1).requires_grad_()
    costs = mot.ot.emd2(a, many, cost)
    (costs[0] + 2 * costs[1]).backward()
    for k, factor in enumerate((1, 2)):
        single = many.detach()[:, k].clone().requires_grad_()
        mot.ot.emd2(a, single, cost).backward()
        torch.testing.assert_close(many.grad[:, k], factor * single.grad)


def test_potentials_of_an_answer_start_the_next(problem):
    a, b, cost = tensors(problem, torch.float32, with_gradients=True)
    value, log = mot.ot.emd2(a, b, cost, log=True)
    start = log["u"].requires_grad_(), log["v"]
    again = mot.ot.emd2(a, b, cost, potentials_init=start)
    assert float(again.detach()) == pytest.approx(float(value.detach()), rel=1e-6)
    again.backward()
    assert cost.grad is not None
    assert start[0].grad is None
    with pytest.raises(ValueError, match=r"potentials_init\[0\]: expected shape"):
        mot.ot.emd2(a, b, cost, potentials_init=(log["u"][:-1], log["v"]))


@pytest.mark.parametrize("layout", ["coo", "csr"])
@pytest.mark.filterwarnings("ignore:Sparse")
def test_sparse_costs(problem, layout):
    a, b, cost = tensors(problem)
    sparse = cost.to_sparse(layout=getattr(torch, f"sparse_{layout}"))
    sparse.requires_grad_()
    plan = mot.ot.emd(a, b, sparse)
    assert plan.layout == torch.sparse_coo
    value = mot.ot.emd2(a, b, sparse)
    value.backward()
    assert float(value.detach()) == pytest.approx(mot.ot.emd2(*problem))
    assert sparse.grad.layout == sparse.layout
    torch.testing.assert_close(sparse.grad.to_dense(), plan.to_dense())
    if layout == "coo":
        assert len(sparse.grad.coalesce().values()) == cost.numel()


def test_integer_tensors_warn():
    with pytest.warns(UserWarning, match="fractions are cut off"):
        plan = mot.ot.emd(torch.tensor([3, 1]), torch.tensor([2, 2]), torch.eye(2))
    assert plan.dtype == torch.int64


def test_tensors_of_a_class_of_their_own_are_tensors(problem):
    class Weights(torch.Tensor):
        pass

    a, b, cost = tensors(problem)
    weights = cost.as_subclass(Weights).requires_grad_()
    mot.ot.emd2([], [], weights).backward()
    assert float(weights.grad.sum()) == pytest.approx(1)
    with pytest.raises(ValueError, match="a, b, M: expected arrays of one library"):
        mot.ot.emd2(a.as_subclass(Weights), b.numpy(), cost.numpy())


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("M", torch.eye(2) * 1j, TypeError, "M: expected real numbers, found torch.complex64"),
        ("a", torch.ones(2) * 0.5j, TypeError, "a: expected real numbers, found torch.complex64"),
        ("a", torch.tensor(1.0), AssertionError, r"a: expected shape \(2,\) as M says, found \(\)"),
        ("b", [[0.5], [0.5, 1]], ValueError, "b: expected an array of numbers, found list"),
        ("M", torch.tensor([[2**53 + 1, 0], [0, 0]]), ValueError, r"M: expected integers up to 2\*\*53"),
        ("M", "csc", ValueError, "M: expected a dense, COO or CSR tensor, found torch.sparse_csc"),
    ],
)
@pytest.mark.filterwarnings("ignore:Sparse")
def test_bad_tensors_are_named(name, value, error, message):
    value = torch.eye(2).to_sparse_csc() if value == "csc" else value
    arguments = {"a": torch.full((2,), 0.5), "b": torch.full((2,), 0.5), "M": torch.eye(2), name: value}
    for emd in (mot.ot.emd, mot.ot.emd2):
        with pytest.raises(error, match=message):
            emd(**arguments)


@pytest.mark.processes
def test_it_is_not_imported_for_others():
    code = "import sys, numpy as np, mot_fast as mot; mot.ot.emd2([], [], np.eye(3)); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_libraries_are_not_mixed(problem):
    a, b, cost = tensors(problem)
    for arguments in [(a.numpy(), b, cost), (a, b, cost.numpy()), (a, b.numpy(), cost)]:
        with pytest.raises(ValueError, match=r"a, b, M: expected arrays of one library, found \["):
            mot.ot.emd(*arguments)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("arrange", [torch.Tensor.contiguous, lambda x: x.T, lambda x: x[::2, 1:]])
def test_layers_share_the_memory_of_tensors(dtype, arrange):
    tensor = arrange(torch.arange(48.0).reshape(8, 6).to(dtype))
    layer = mot.load([tensor]).layer(0)
    assert layer.ctypes.data == tensor.data_ptr()
    assert np.shares_memory(layer, tensor.numpy())
    assert layer.dtype == tensor.numpy().dtype
    np.testing.assert_array_equal(layer, tensor.numpy())


def test_bfloat16_becomes_float32_exactly(rng):
    tensor = torch.tensor(rng.standard_normal((50, 4))).to(torch.bfloat16)
    layer = mot.load([tensor]).layer(0)
    assert layer.dtype == np.float32
    np.testing.assert_array_equal(layer, tensor.float().numpy())
    expected = mot.align([tensor.float()], [tensor.float().flip(1)])
    assert mot.align([tensor], [tensor.flip(1)]).cost == expected.cost


def test_tensors_are_aligned_like_arrays(layers):
    source, target = layers([5, 6]), layers([4], seed=2)
    expected = mot.align(source, target)
    found = mot.align({f"layer{k}": torch.from_numpy(x) for k, x in enumerate(source)}, list(map(torch.tensor, target)))
    np.testing.assert_array_equal(found.layer_costs, expected.layer_costs)
    assert found.score([torch.tensor(x) for x in source], target).value == expected.score(source, target).value


def test_a_tensor_that_stands_for_a_negative_keeps_its_sign():
    tensor = torch.complex(torch.zeros(4, 2), torch.arange(8.0).reshape(4, 2)).conj().imag
    assert tensor.is_neg()
    np.testing.assert_array_equal(mot.load([tensor]).layer(0), -np.arange(8.0).reshape(4, 2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x.requires_grad_(), r"found Tensor \(.*requires grad. Use tensor.detach\(\)"),
        (torch.nn.Parameter, r"found Parameter \(.*requires grad. Use tensor.detach\(\)"),
        (lambda x: x.bfloat16().requires_grad_(), r"found Tensor \(.*requires grad"),
        (lambda x: x.to_sparse(), r"found Tensor \(.*Use Tensor.to_dense\(\) first"),
        (lambda x: x.to("meta"), r"found Tensor \(.*meta"),
    ],
)
def test_tensors_that_numpy_cannot_read_say_why(change, message):
    with pytest.raises(ValueError, match=f"network 'network', layer 'layer0': expected an array of numbers, {message}"):
        mot.load([change(torch.ones(4, 2))])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_tensors_on_a_gpu_are_refused():
    with pytest.raises(ValueError, match=r"layer 'layer0': expected an array of numbers, found Tensor \(.*Tensor.cpu"):
        mot.load([torch.ones(4, 2, device="cuda")])


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2])
def test_float8_becomes_float32_exactly(dtype):
    values = torch.arange(24.0).reshape(6, 4).to(dtype)
    read = mot.load([values]).layer(0)
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, values.float().numpy())


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128])
def test_tensors_of_other_types_are_refused(dtype):
    with pytest.raises((TypeError, ValueError), match="layer 'layer0': expected"):
        mot.load([torch.ones(4, 2).to(dtype)])


def draw_batch(rng, k=4, n=5, m=6):
    costs, a, b = rng.random((k, n, m)), rng.dirichlet(np.ones(n), k), rng.dirichlet(np.ones(m), k)
    return [torch.tensor(x, requires_grad=True) for x in (costs, a, b)]


def assert_derivatives_of_a_loop(given, by_problem):
    """Costs and derivatives of a batch are those of `emd2`, one problem after the other."""
    costs, a, b = by_problem
    transports = mot.solve_transports(*given)
    weights = torch.arange(1.0, 1.0 + len(transports), dtype=torch.float64)
    leaves = [x for values in given for x in (values if isinstance(values, list) else [values])]
    found = torch.autograd.grad((weights * transports.costs).sum(), leaves)
    each = torch.stack([mot.ot.emd2(a[p], b[p], costs[p]) for p in range(len(transports))])
    expected = torch.autograd.grad((weights * each).sum(), leaves)
    assert torch.equal(transports.costs, each)
    for x, y in zip(found, expected, strict=True):
        torch.testing.assert_close(x, y)


def test_a_batch_has_the_derivatives_of_a_loop(rng):
    costs, a, b = draw_batch(rng)
    assert_derivatives_of_a_loop((costs, a, b), (costs, a, b))
    one_cost, one_a, one_b = (x[0].detach().requires_grad_() for x in (costs, a, b))
    assert_derivatives_of_a_loop((costs, one_a, one_b), (costs, [one_a] * 4, [one_b] * 4))
    assert_derivatives_of_a_loop((one_cost, one_a, b), ([one_cost] * 4, [one_a] * 4, b))
    lists = [[x.detach().requires_grad_() for x in values] for values in (costs, a, b)]
    assert_derivatives_of_a_loop(lists, lists)
    several = [[x[0] for x in draw_batch(rng, 1, n, n + 2)] for n in (2, 5, 3)]
    lists = [[x.detach().requires_grad_() for x in values] for values in zip(*several, strict=True)]
    assert_derivatives_of_a_loop(lists, lists)


def test_derivatives_of_a_batch_agree_with_finite_differences(rng):
    costs, logits_a, logits_b = draw_batch(rng, k=3)

    def least_costs(costs, logits_a, logits_b):
        return mot.solve_transports(costs, logits_a.softmax(1), logits_b.softmax(1)).costs

    assert torch.autograd.gradcheck(least_costs, (costs, logits_a, logits_b))
    assert torch.autograd.gradcheck(lambda points: mot.solve_transports(torch.cdist(points, costs)).costs, (costs + 1,))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_only_the_costs_of_a_batch_are_a_tensor(rng, dtype):
    costs = torch.tensor(rng.random((3, 4, 4)), dtype=dtype, requires_grad=True)
    transports = mot.solve_transports(costs)
    assert (transports.costs.dtype, transports.costs.shape) == (dtype, (3,))
    assert transports.costs.requires_grad
    assert transports[1:].costs.requires_grad
    expected = mot.solve_transports(costs.detach().double().numpy())
    assert transports[1].cost == pytest.approx(expected[1].cost, rel=1e-2)
    np.testing.assert_array_equal(transports.permutations, expected.permutations)
    assert repr(transports).startswith("Transports(3 of 4 x 4, 12 entries,")
    transports.costs.mean().backward()
    np.testing.assert_allclose(costs.grad.double(), expected.toarray() / 3, rtol=1e-2)
    with torch.no_grad():
        assert not mot.solve_transports(costs).costs.requires_grad
    assert not mot.solve_transports(costs.detach(), [torch.full((4,), 0.25), None, [0.25] * 4]).costs.requires_grad
    assert mot.solve_transports([], torch.full((4,), 0.25, requires_grad=True)).costs.shape == (0,)


def test_tensors_of_a_batch_that_are_refused_are_named(rng):
    cost = torch.tensor(rng.random((3, 3)))
    with pytest.raises(TypeError, match=r"costs\[1\]: expected real numbers, found torch.complex128"):
        mot.solve_transports([cost, cost + 1j])
    with pytest.raises(TypeError, match=r"b\[0\]: expected a dense array, found a sparse one"):
        mot.solve_transports([cost], None, [torch.full((3,), 1 / 3).to_sparse()])
    with pytest.raises(ValueError, match=r"costs\[0\]: expected finite numbers, found nan first at \(0, 0\)"):
        mot.solve_transports(cost[None] * torch.nan)


def draw_points(n, m):
    rng = np.random.default_rng(2)
    return rng.normal(size=(n, 4)), rng.normal(size=(m, 4)), rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "cityblock", "cosine", "correlation", "inner_product"])
def test_points_know_their_derivatives(metric):
    x, y, a, b = (tensor.requires_grad_() for tensor in tensors(draw_points(6, 5)))
    cost = mot.ot.emd2_lazy(x, y, a, b, metric=metric, return_matrix=False)
    cost.backward()
    step = 1e-6
    for tensor in (x, y):
        moved = tensor.detach().clone()
        moved[1, 2] += step
        inputs = (moved, y, a, b) if tensor is x else (x, moved, a, b)
        there = mot.ot.emd2_lazy(*inputs, metric=metric, return_matrix=False)
        assert float(there.detach() - cost.detach()) / step == pytest.approx(float(tensor.grad[1, 2]), abs=1e-4)
    u, v = (mot.ot.solve_sample(x, y, a, b, metric=metric).potentials[k] for k in (0, 1))
    torch.testing.assert_close(a.grad, u - u.mean())
    torch.testing.assert_close(b.grad, v - v.mean())


def test_points_without_masses():
    x, y, *_ = tensors(draw_points(30, 25))
    result = mot.ot.solve_sample(x, y)
    assert isinstance(result.value, torch.Tensor)
    assert result.sparse_plan.is_sparse
    assert float(result.plan.sum()) == pytest.approx(1.0)


def test_a_list_of_matrices_may_mix_libraries(rng):
    costs = rng.random((3, 5, 7))
    mixed = mot.solve_transports([costs[0], torch.from_numpy(costs[1]), costs[2].tolist()])
    np.testing.assert_array_equal(mixed.costs.numpy(), mot.solve_transports(costs).costs)
