#!/usr/bin/env python3
"""Times this suite against PyTorch and ONNX Runtime, alternately in one run, and prints ratios.

usage: compare.py PEERS_ENVIRONMENT [--only SUBSTRING] [--rounds N] [--threads N]
       compare.py PEERS_ENVIRONMENT --gradients
       compare.py PYTHON --mmcv                                         operations of detectors; PYTHON has mmcv-full 1.7

All programs of a case are started first and warmed up; then they take turns, the others asleep. The ratio of a round is
the better of PyTorch's two memory formats (or ONNX Runtime) to ours; medians over rounds are printed.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BENCH = os.path.join(HERE, '.build/release/bench')
#        case, batch, repetitions a round, peers, whether peak memory is compared
CASES = [
    ('resnet50', 1, 9, ('torch', 'channels_last', 'onnx'), False),
    ('resnet50', 8, 3, ('torch', 'channels_last', 'onnx'), False),
    ('mobilenet_v2', 1, 15, ('torch', 'channels_last', 'onnx'), False),
    ('mobilenet_v2', 8, 5, ('torch', 'channels_last', 'onnx'), False),
    ('swin_t', 1, 5, ('torch',), False),
    ('swin_t', 8, 2, ('torch',), False),
    ('pspnet', 1, 1, ('torch', 'channels_last'), False),
    ('resnet50-step', 8, 2, ('torch', 'channels_last'), True),
    ('attention-vit', 1, 5, ('torch',), False),
    ('attention-swin', 1, 5, ('torch',), False),
    ('layer_norm', 1, 15, ('torch',), False),
    ('gelu', 1, 9, ('torch',), False),
    ('softmax', 1, 15, ('torch',), False),
    ('depthwise', 1, 15, ('torch', 'channels_last'), False),
    ('depthwise-step', 1, 5, ('torch', 'channels_last'), False),
    ('bilinear', 1, 15, ('torch', 'channels_last'), False),
    ('bilinear-narrow', 1, 9, ('torch', 'channels_last'), False),
]


#             case, repetitions a round
OPERATIONS = [('roi_align', 5), ('roi_align-step', 3), ('deform_conv', 5), ('deform_conv-step', 3), ('nms', 9)]


class Peer:
    """A program that repeats a case when it is told to."""

    def __init__(self, command, threads):
        environment = dict(os.environ, MMSWIFT_NUM_THREADS=str(threads), OMP_NUM_THREADS=str(threads))
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE,
                                        env=environment, stderr=subprocess.DEVNULL)
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit(f'{" ".join(command)}: ended before it was ready')
            if line.strip() == 'ready':
                return

    def ask(self, line):
        self.process.stdin.write(f'{line}\n')
        self.process.stdin.flush()
        return [float(x) for x in self.process.stdout.readline().split()]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def compare(case, environment, rounds, threads):
    name, batch, repetitions, peers, memory = case
    python = os.path.join(environment, 'bin/python')
    programs = {'ours': Peer([BENCH, 'serve', name, str(batch)], threads)}
    for peer in peers:
        programs[peer] = Peer([python, os.path.join(HERE, 'peers.py'), peer, name, str(batch)], threads)
    times = {name: [] for name in programs}
    for _ in range(rounds):
        for key, program in programs.items():
            time.sleep(0.05)
            times[key].append(statistics.median(program.ask(repetitions)))
    peaks = {key: program.ask('memory')[0] for key, program in programs.items()} if memory else {}
    for program in programs.values():
        program.close()
    torch = [key for key in peers if key != 'onnx']
    best = min(torch, key=lambda key: statistics.median(times[key]))
    cells = [f'{name} b{batch}', f'{statistics.median(times["ours"]):.2f}', f'{statistics.median(times[best]):.2f} ({best})',
             ratio(times[best], times['ours'])]
    if 'onnx' in peers:
        cells += [f'{statistics.median(times["onnx"]):.2f}', ratio(times['onnx'], times['ours'])]
    else:
        cells += ['', '']
    print('| ' + ' | '.join(cells) + ' |', flush=True)
    if peaks:
        print(f'  peak memory in MiB: ' + ', '.join(f'{key} {value:.0f}' for key, value in peaks.items()), flush=True)


def compare_with_mmcv(name, repetitions, python, rounds, threads):
    programs = {'ours': Peer([BENCH, 'serve', name], threads),
                'mmcv': Peer([python, '-W', 'ignore', os.path.join(HERE, 'mmcv_peers.py'), name], threads)}
    times = {name: [] for name in programs}
    for _ in range(rounds):
        for key, program in programs.items():
            time.sleep(0.05)
            times[key].append(statistics.median(program.ask(repetitions)))
    for program in programs.values():
        program.close()
    ours, theirs = (statistics.median(times[key]) for key in ('ours', 'mmcv'))
    print(f'| {name} | {ours:.2f} | {theirs:.2f} | {ratio(times["mmcv"], times["ours"])} |', flush=True)


def ratio(theirs, ours):
    ratios = [a / b for a, b in zip(theirs, ours)]
    return f'{statistics.median(ratios):.2f} [{min(ratios):.2f}-{max(ratios):.2f}]'


def gradients(environment):
    """The loss and the gradients of a ResNet-50 step on equal weights and images, relative to PyTorch's.

    Once with batch statistics, whose network of random weights magnifies the last digit, and once with running ones.
    """
    for mode in ('batch', 'running'):
        gradients_with(environment, mode)


def gradients_with(environment, mode):
    with tempfile.TemporaryDirectory() as folder:
        theirs, ours = os.path.join(folder, 'theirs.pth'), os.path.join(folder, 'ours.pth')
        script = f'''
import subprocess, torch, torchvision
torch.manual_seed(0)
train = {mode == 'batch'}
model, x, labels = torchvision.models.resnet50().train(train), torch.randn(8, 3, 224, 224), torch.arange(8) * 37 % 1000
rename = lambda key: 'head.' + key if key.startswith('fc.') else 'backbone.' + key
state = {{rename(k): v.clone() for k, v in model.state_dict().items()}}
torch.save(dict(state, images=x, labels=labels), {theirs!r})
def step(model, x):
    loss = torch.nn.functional.cross_entropy(model(x), labels)
    loss.backward()
    return loss.item(), {{rename(k): p.grad for k, p in model.named_parameters()}}
loss, expected = step(model, x)
subprocess.run([{BENCH!r}, 'gradients', {theirs!r}, {ours!r}, {mode!r}], check=True, cwd={HERE!r})
found = torch.load({ours!r}, weights_only=True)['state_dict']
exact_model = torchvision.models.resnet50().train(train).double()
exact_model.load_state_dict({{k: state[rename(k)].double() if v.dtype.is_floating_point else state[rename(k)] for k, v in exact_model.state_dict().items()}})
exact_loss, exact = step(exact_model, x.double())
def error(a):
    top = sum((a[k].double() - exact[k]).pow(2).sum() for k in exact); bottom = sum(e.pow(2).sum() for e in exact.values())
    return (top / bottom).sqrt().item()
print(f'{mode} statistics; loss: ours {{found["loss"].item():.7f}}, PyTorch {{loss:.7f}}, in double precision {{exact_loss:.7f}}')
top = sum((found[k] - expected[k]).pow(2).sum() for k in expected); bottom = sum(e.pow(2).sum() for e in expected.values())
print(f'gradients, relative: ours to PyTorch {{(top / bottom).sqrt().item():.1e}}; to double precision ours {{error(found):.1e}}, PyTorch {{error(expected):.1e}}')
'''
        subprocess.run([os.path.join(environment, 'bin/python'), '-c', script], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('environment')
    parser.add_argument('--only', default='')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--gradients', action='store_true')
    parser.add_argument('--mmcv', action='store_true')
    options = parser.parse_args()
    if not os.path.exists(BENCH):
        raise SystemExit('build first: swift build -c release --package-path Benchmarks')
    if options.gradients:
        return gradients(options.environment)
    if options.mmcv:
        print('| case | ours, ms | mmcv, ms | ratio |\n|---|---|---|---|')
        for name, repetitions in OPERATIONS:
            if options.only in name:
                compare_with_mmcv(name, repetitions, options.environment, options.rounds, options.threads)
        return None
    print('| case | ours, ms | PyTorch, ms | ratio | ONNX Runtime, ms | ratio |\n|---|---|---|---|---|---|')
    for case in CASES:
        if options.only in f'{case[0]} b{case[1]}':
            compare(case, options.environment, options.rounds, options.threads)


if __name__ == '__main__':
    main()
