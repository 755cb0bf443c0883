"""Writes cases.json: what PyTorch computes for operators that have no spatial axes, with gradients.

Run with PyTorch 1.12 or later: `python make.py` in this folder. Every case has inputs (floats on a grid of 1/64, so that
they are short and exact), the outputs, and the gradients of sum(output * seed) with seed[i] = ((i * 7) % 11 - 5) / 4.
"""
import json
import os

import torch
import torch.nn.functional as F

torch.manual_seed(0)
cases = []


def numbers(*shape, low=-2.0, high=2.0):
    return torch.round(torch.empty(*shape).uniform_(low, high) * 64) / 64


def flat(t):
    if t.dtype == torch.bool:
        return [int(v) for v in t.reshape(-1)]
    if not t.dtype.is_floating_point:
        return t.reshape(-1).tolist()
    return [float(f"{v:.8g}") for v in t.reshape(-1).tolist()]


def pack(t):
    kind = "f" if t.dtype.is_floating_point else "b" if t.dtype == torch.bool else "i"
    return {"shape": list(t.shape), "kind": kind, "values": flat(t.detach())}


def seed_like(t):
    n = t.numel()
    return (((torch.arange(n) * 7) % 11 - 5).float() / 4).reshape(t.shape)


def case(name, inputs, function):
    leaves = [t.clone().requires_grad_(t.dtype.is_floating_point) for t in inputs]
    outputs = function(*leaves)
    outputs = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
    wanted = [o for o in outputs if o.dtype.is_floating_point and o.requires_grad]
    gradients = [None] * len(leaves)
    if wanted:
        total = sum((o * seed_like(o)).sum() for o in wanted)
        total.backward()
        gradients = [None if t.grad is None else flat(t.grad) for t in leaves]
    cases.append({"name": name, "inputs": [pack(t) for t in inputs], "outputs": [pack(o) for o in outputs],
                  "gradients": gradients})


x23, x234 = numbers(2, 3), numbers(2, 3, 4)
case("matmul 2d", [x23, numbers(3, 4)], torch.matmul)
case("matmul batch by matrix", [x234, numbers(4, 2)], torch.matmul)
case("matmul broadcast", [numbers(2, 1, 3, 4), numbers(3, 4, 2)], torch.matmul)
case("matmul matrix by batch", [x23, numbers(2, 3, 2)], torch.matmul)
case("matmul vectors", [numbers(5), numbers(5)], torch.matmul)
case("matmul vector by matrix", [numbers(3), numbers(3, 2)], torch.matmul)
case("matmul batch by vector", [x234, numbers(4)], torch.matmul)
case("linear", [x234, numbers(5, 4), numbers(5)], F.linear)
case("linear vector", [numbers(4), numbers(3, 4)], F.linear)
case("einsum attention", [numbers(2, 3, 4), numbers(2, 5, 4)], lambda a, b: torch.einsum("bnc,bmc->bnm", a, b))
case("einsum mixed", [numbers(2, 3, 4), numbers(4, 2)], lambda a, b: torch.einsum("bic,cb->ib", a, b))
case("einsum sum", [numbers(2, 3, 4), numbers(3, 2)], lambda a, b: torch.einsum("abc,bd->da", a, b))
case("einsum implicit", [numbers(2, 3), numbers(3, 4)], lambda a, b: torch.einsum("ij,jk", a, b))
case("softmax last", [x234], lambda x: x.softmax(-1))
case("softmax middle", [x234], lambda x: x.softmax(1))
case("log softmax first", [x234], lambda x: x.log_softmax(0))
case("sum axes", [x234], lambda x: x.sum((0, 2)))
case("mean", [x234], lambda x: x.mean((1,), keepdim=True))
case("max axis", [numbers(3, 4)], lambda x: x.max(1))
case("min axis", [numbers(3, 4)], lambda x: x.min(0, keepdim=True))
ties = torch.tensor([[1.0, 2, 2], [3, 3, 3]])
case("max ties", [ties], lambda x: x.max(1))
case("amax ties", [ties], lambda x: x.amax(1))
case("amin axes", [x234], lambda x: x.amin((0, 2)))
case("argmax", [x234], lambda x: x.argmax())
case("argmin axis", [x234], lambda x: x.argmin(1))
case("product", [torch.tensor([[1.5, -2, 0.5], [0, 2, 3], [0, 4, 0]])], lambda x: x.prod(1))
case("variance", [x234], lambda x: x.var((0, 2)))
case("variance biased", [x234], lambda x: x.var((1,), unbiased=False, keepdim=True))
case("standard deviation", [x234], lambda x: x.std())
case("log sum exp", [x234 * 8], lambda x: x.logsumexp((0, 1)))
case("cumulative sum", [x234], lambda x: x.cumsum(1))
case("norm 2", [torch.tensor([[3.0, 4], [0, 0], [1, -2]])], lambda x: x.norm(2, dim=1))
case("norm 1", [x23], lambda x: x.norm(1, dim=0))
case("norm 3", [x23], lambda x: x.norm(3, dim=1))
case("norm infinity", [x23], lambda x: x.norm(float("inf")))
case("normalized", [x234], lambda x: F.normalize(x, dim=1))
case("any", [x23 > 1], lambda x: x.any(1))
case("all", [x23 > -1], lambda x: x.all(0))

index = torch.tensor([2, 0, 2])
case("index select", [x234, index], lambda x, i: x.index_select(1, i))
case("gather", [x234, torch.randint(0, 3, (2, 2, 4))], lambda x, i: x.gather(1, i))
case("gather corner", [numbers(3, 4), torch.tensor([[3, 0, 1], [1, 1, 2]])], lambda x, i: x.gather(1, i))
case("scatter", [numbers(2, 4), torch.tensor([[3, 0, 1], [1, 2, 3]]), x23],
     lambda x, i, y: x.scatter(1, i, y))
case("scatter add", [numbers(3, 4), torch.tensor([[2, 0, 0, 1], [2, 1, 0, 1]]), numbers(2, 4)],
     lambda x, i, y: x.scatter_add(0, i, y))
case("embedding", [numbers(4, 3), torch.tensor([[1, 3], [1, 0]])], lambda t, i: F.embedding(i, t, padding_idx=3))
case("one hot", [torch.tensor([2, 0, 1])], lambda i: F.one_hot(i, 4).float())
case("masked select", [x23, x23 > 0], lambda x, m: x.masked_select(m))
case("nonzero", [torch.tensor([[0.0, 2, 0], [1, 0, 3]])], lambda x: x.detach().nonzero())
case("where", [x23 > 0, x23, numbers(3)], torch.where)
case("masked fill", [x23, x23 > 0.5], lambda x, m: x.masked_fill(m, -3.0))
case("sort", [numbers(3, 5)], lambda x: x.sort(1))
case("sort descending", [numbers(4, 2)], lambda x: x.sort(0, descending=True))
case("top k", [numbers(3, 5)], lambda x: x.topk(2, 1))
case("top k smallest", [numbers(5, 2)], lambda x: x.topk(3, 0, largest=False))
case("kth value", [numbers(3, 5)], lambda x: x.kthvalue(2, 1))
case("unique", [torch.tensor([[3.0, 1, 3], [2, 1, 1]])],
     lambda x: torch.unique(x.detach(), return_inverse=True, return_counts=True))
case("concatenate", [x23, numbers(2, 1), numbers(2, 2)], lambda a, b, c: torch.cat([a, b, c], 1))
case("stack", [x23, numbers(2, 3)], lambda a, b: torch.stack([a, b], -1))
case("split", [numbers(2, 6)], lambda x: [x.split([1, 2, 3], 1)[0], x.split([1, 2, 3], 1)[2]])
case("chunk", [numbers(5, 2)], lambda x: x.chunk(3))
case("flip", [x234], lambda x: x.flip(0, 2))
case("roll", [numbers(3, 4)], lambda x: x.roll((1, -2), (0, 1)))
case("repeat", [x23], lambda x: x.repeat(2, 1, 2))
case("repeat interleave", [x23], lambda x: x.repeat_interleave(2, 1))
case("lower triangle", [numbers(3, 4)], lambda x: x.tril(1))
case("upper triangle", [x234], lambda x: x.triu(-1))
case("mesh grid", [numbers(2), numbers(3)], lambda a, b: torch.meshgrid(a, b, indexing="ij"))
case("outer", [numbers(2), numbers(3)], torch.outer)
case("clamp tensors", [x23, numbers(2, 1, high=0), numbers(3, low=0.5)], lambda x, a, b: x.clamp(a, b))
integers = torch.tensor([[7, -7, 5], [-3, 4, 0]])
case("integer arithmetic", [integers, torch.tensor([2, -3, 4])],
     lambda a, b: [a + b, a - b, a * b, torch.div(a, b, rounding_mode="floor"), torch.remainder(a, b), a > b, a == b])
case("logic", [x23 > 0, x23 > 1], lambda a, b: [a & b, a | b, a ^ b, ~a])
case("power", [numbers(2, 3, low=0.5), numbers(3)], torch.pow)
case("maximum", [ties, torch.tensor([2.0, 2, 3])], torch.maximum)
case("division", [x23, numbers(3, low=0.5)], torch.div)

logits, labels = numbers(4, 5, low=-4, high=4), torch.tensor([1, 4, 0, 3])
weights = numbers(5, low=0.25, high=2)
some = torch.tensor([1, -100, 0, 3])
case("cross entropy", [logits, labels], F.cross_entropy)
case("cross entropy sum", [logits, labels], lambda x, t: F.cross_entropy(x, t, reduction="sum"))
case("cross entropy none", [logits, some], lambda x, t: F.cross_entropy(x, t, reduction="none"))
case("cross entropy weight", [logits, some, weights], lambda x, t, w: F.cross_entropy(x, t, w.detach()))
case("cross entropy smooth", [logits, some, weights],
     lambda x, t, w: F.cross_entropy(x, t, w.detach(), label_smoothing=0.1))
case("cross entropy smooth none", [logits, labels],
     lambda x, t: F.cross_entropy(x, t, label_smoothing=0.2, reduction="none"))
maps, pixels = numbers(2, 3, 2, 3, low=-4, high=4), torch.randint(0, 3, (2, 2, 3))
pixels[0, 0, 0] = 255
case("cross entropy maps", [maps, pixels],
     lambda x, t: F.cross_entropy(x, t, ignore_index=255, reduction="none"))
case("cross entropy maps smooth", [maps, pixels],
     lambda x, t: F.cross_entropy(x, t, ignore_index=255, label_smoothing=0.1))
case("cross entropy vector", [numbers(5), torch.tensor(2)], F.cross_entropy)
soft = numbers(4, 5).softmax(1)
case("soft cross entropy", [logits, torch.round(soft * 256) / 256, weights],
     lambda x, t, w: (-(t.detach() * F.log_softmax(x, -1)) * w.detach()).sum(-1).mean())
case("nll", [logits.log_softmax(1), some, weights], lambda x, t, w: F.nll_loss(x, t, w.detach()))
target = numbers(4, 5, low=0, high=1)
case("bce with logits", [logits, target], lambda x, t: F.binary_cross_entropy_with_logits(x, t.detach()))
case("bce with logits weights", [logits, target, weights],
     lambda x, t, w: F.binary_cross_entropy_with_logits(
         x, t.detach(), weight=w.detach(), pos_weight=w.detach() + 1, reduction="none"))
case("bce", [torch.tensor([0.0, 0.25, 0.75, 1.0]), torch.tensor([0.5, 1, 0, 1])],
     lambda x, t: F.binary_cross_entropy(x, t.detach(), reduction="sum"))
other = numbers(4, 5, low=-4, high=4)
case("mse", [logits, other], F.mse_loss)
case("l1", [logits, other], lambda x, t: F.l1_loss(x, t, reduction="sum"))
case("smooth l1", [logits, other], lambda x, t: F.smooth_l1_loss(x, t, beta=0.75))
case("kl divergence", [logits, torch.tensor([[0.0, 0.5, 0.25, 0.25, 0]] * 4)],
     lambda x, t: F.kl_div(x, t.detach(), reduction="none"))

q, k, v = numbers(2, 2, 3, 4), numbers(2, 2, 5, 4), numbers(2, 2, 5, 3)
case("attention", [q, k, v, numbers(2, 3, 5)],
     lambda q, k, v, b: ((q @ k.transpose(-2, -1)) * 0.5 + b).softmax(-1) @ v)

curve = torch.tensor([-7.0, -3, -2.5, -1, -0.25, 0, 0.25, 1, 2.5, 3, 6, 7])
for name, function in {
    "relu": F.relu, "relu6": F.relu6, "leaky relu": lambda x: F.leaky_relu(x, 0.1), "elu": lambda x: F.elu(x, 0.5),
    "sigmoid": torch.sigmoid, "tanh": torch.tanh, "silu": F.silu, "hswish": F.hardswish,
    "hsigmoid": lambda x: ((x + 3) / 6).clamp(0, 1), "gelu": F.gelu, "mish": F.mish,
    "softplus": lambda x: F.softplus(x, 2, 5), "log sigmoid": F.logsigmoid,
    "clamp": lambda x: x.clamp(-1, 2.5),
}.items():
    case(name, [curve], function)
case("prelu", [numbers(2, 3, 2), numbers(3, low=0, high=0.5)], F.prelu)
case("prelu single", [numbers(2, 3), torch.tensor([0.25])], F.prelu)

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases.json")
with open(path, "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
print(len(cases), "cases,", os.path.getsize(path), "bytes")
