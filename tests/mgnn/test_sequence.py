"""Modules for sequences give the numbers and gradients of PyTorch's functions."""

import random

import pytest

import mgcompile
from mgcore import Value, grad, ops
from mgnn import (
    Embedding,
    Linear,
    MultiHeadAttention,
    RMSNorm,
    attention,
    rmsnorm,
    softmax,
)
from mgnn.errors import ShapeError

torch = pytest.importorskip("torch", reason="PyTorch is the independent reference")
functional = torch.nn.functional


def _numbers(*shape):
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def _values(tensor):
    return [_values(x) for x in tensor] if tensor.dim() else Value(float(tensor))


def _tensor(nest):
    return torch.tensor([[float(x.data) for x in row] for row in nest], dtype=torch.float64)


def test_softmax_and_rmsnorm():
    x = _numbers(7) * 300.0
    torch.testing.assert_close(
        _tensor([softmax(_values(x))])[0], torch.softmax(x, 0), rtol=1e-13, atol=0.0
    )
    torch.testing.assert_close(
        _tensor([rmsnorm(_values(x), 1e-3)])[0], functional.rms_norm(x, (7,), eps=1e-3)
    )


def test_attention_and_its_gradients():
    q, k, v = (_numbers(n, 4).requires_grad_() for n in (1, 5, 5))
    query, keys, values = (_values(x.detach()) for x in (q, k, v))
    out = attention(query[0], keys, values)
    expected = functional.scaled_dot_product_attention(q, k, v)
    torch.testing.assert_close(_tensor([out]), expected.detach())
    (expected**2).sum().backward()
    leaves = [*query[0], *(x for row in keys for x in row), *(x for row in values for x in row)]
    slopes = grad(ops.sum(*[x * x for x in out]), leaves)
    wanted = torch.cat([q.grad.ravel(), k.grad.ravel(), v.grad.ravel()])
    torch.testing.assert_close(torch.tensor(slopes, dtype=torch.float64), wanted)


def test_multi_head_attention_is_causal_and_torchs():
    module = MultiHeadAttention(8, 2, seed=1)
    x = _numbers(5, 8)
    matrices = [_tensor(part.w) for part in (module.query, module.key, module.value, module.out)]
    q, k, v = ((x @ w.T).reshape(5, 2, 4).transpose(0, 1) for w in matrices[:3])
    mixed = (
        functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        .transpose(0, 1)
        .reshape(5, 8)
    )
    out = module(_values(x))
    torch.testing.assert_close(_tensor(out), mixed @ matrices[3].T)
    assert len(module.parameters()) == 4 * 64
    assert len(dict(module.named_parameters())) == 4 * 64


def test_steps_are_the_whole():
    module = MultiHeadAttention(4, 2, seed=1)
    xs = _values(_numbers(3, 4))
    keys, values = [], []
    one_by_one = [module.step(x, keys, values) for x in xs]
    assert [[z.data for z in row] for row in one_by_one] == [
        [z.data for z in row] for row in module(xs)
    ]


def test_linear_and_norm_have_their_parameters():
    assert [z.data for z in Linear(2, 3, std=0.0)([1.0, 2.0])] == [0.0] * 3
    assert len(Linear(2, 3).parameters()) == 9
    assert len(Linear(2, 3, bias=False).parameters()) == 6
    norm = RMSNorm(2)
    for gain in norm.gain:
        gain.data = 3.0
    assert [round(z.data, 4) for z in norm([2.0, 2.0])] == [3.0, 3.0]
    assert RMSNorm(2, gain=False).parameters() == []


def test_seeds_make_weights_repeatable():
    one, other = (MultiHeadAttention(4, 2, seed=5).state_dict() for _ in range(2))
    assert one == other
    shared = random.Random(5)
    assert MultiHeadAttention(4, 2, rng=shared).state_dict() == one


def test_an_embedding_looks_up_rows_with_numbers_and_with_inputs():
    table = Embedding(3, 2, seed=4)
    assert table(1) == table.table[1]
    index = Value(2.0, "token")
    loss = ops.dot(*table(index), 10.0, 1.0)
    assert loss.data == 10.0 * table.table[2][0].data + table.table[2][1].data
    assert grad(loss, table.parameters()) == [0.0, 0.0, 0.0, 0.0, 10.0, 1.0]
    kernel = mgcompile.compile(loss, [index], table.parameters())
    for token in range(3):
        value, slopes = kernel.loss_and_grad([float(token)])
        first, second = (x.data for x in table.table[token])
        assert value == pytest.approx(10.0 * first + second, rel=1e-15)
        assert slopes.tolist() == [x * (row == token) for row in range(3) for x in (10.0, 1.0)]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: softmax([]), "softmax of nothing"),
        (lambda: rmsnorm([]), "rmsnorm of nothing"),
        (lambda: attention([1.0], [[1.0, 2.0]], [[1.0]]), "do not fit a query of 1"),
        (lambda: MultiHeadAttention(6, 4), "4 heads do not divide 6"),
        (lambda: Linear(2, 0), "nout is 0"),
        (lambda: Linear(2, 1, std=-1.0), "std is -1.0"),
        (lambda: Linear(2, 1)([1.0]), "x has 1 numbers"),
        (lambda: RMSNorm(3)([1.0]), "x has 1 numbers"),
        (lambda: Embedding(3, 2)(3), "no row 3"),
        (lambda: Embedding(3, 2)(0.5), "no row 0.5"),
        (lambda: Embedding(3, 2)(True), "no row True"),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    with pytest.raises(ShapeError, match=message):
        call()
