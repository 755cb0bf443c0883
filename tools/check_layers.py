#!/usr/bin/env python3
"""Checks who may use whom: imports between modules, types between the folders of Core, and who touches memory.

Prints `file:line: what is wrong` for each offence and ends with 1 if there is one. The rules stand in docs/architecture.md.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# The modules of this package that each one may import.
C_MODULES = {'CKernels', 'COpenBLAS', 'CPNG', 'CJPEG', 'CZlib'}
CORE = {'Core', 'PyConfig', 'TorchFile'}
TASKS = {'Cls', 'Det', 'Seg'}
MODULES = C_MODULES | CORE | TASKS | {'ToolSupport', 'TestSupport'}
MAY_IMPORT = {
    'PyConfig': set(),
    'TorchFile': {'CZlib'},
    'Core': C_MODULES | {'PyConfig', 'TorchFile'},
    **{task: CORE for task in TASKS},
    'ToolSupport': CORE | TASKS,
}
TOOLS_MAY_IMPORT = CORE | TASKS | {'ToolSupport'}

# The folders of Core in layers: each may use itself and the ones before it.
LAYERS = [
    {'Registry'},
    {'Basics'},
    {'Tensor', 'Backend'},
    {'Autograd'},
    {'NN'},
    {'Image'},
    {'Bricks'},
    {'Backbones', 'Necks'},
    {'Optim', 'Data', 'Checkpoint'},
    {'Runner'},
    {'Hooks'},
    {'Training'},
]
# Folders of one layer that do not know each other.
STRANGERS = [{'Optim', 'Data', 'Checkpoint'}]
# Types that a file may name all the same.
EXCEPTIONS = {
    # A tensor holds its place in the graph that it came from.
    'Sources/Core/Tensor/Tensor.swift': {'GradientEdge'},
    # The step of an optimizer takes the optimizer's options as they are.
    'Sources/Core/Backend/OptimizerBackend.swift': {'SGD', 'Adam', 'RMSprop'},
    'Sources/Core/Backend/CPU/CPUBackend+Optimizer.swift': {'SGD', 'Adam', 'RMSprop'},
}

# Where memory may be touched by its address: the CPU's backend, storage and what is copied into it, and what reads files.
MAY_POINT = (
    'Sources/Core/Backend/', 'Sources/Core/Tensor/', 'Sources/Core/Image/', 'Sources/Core/Data/', 'Sources/TorchFile/',
    'Sources/Core/Checkpoint/StoredTensor+Tensor.swift', 'Sources/Core/Runner/LineFile.swift',
    'Sources/Core/Hooks/EventFile.swift',
    # Fills an array of the host with random numbers.
    'Sources/Core/Autograd/Operations/Tensor+Random.swift',
)
POINTER = re.compile(r'\b(?:Unsafe(?:Mutable)?(?:Raw)?(?:Buffer)?Pointer|withUnsafe\w+|OpaquePointer)\b')
# The threads of the pool, the set of instructions and whether gradients are recorded are no kernels.
KERNEL = re.compile(r'\b(?:mm_(?!pool_|isa_|grad_enabled|set_grad_enabled)|cblas_)\w+\s*\(')

IMPORT = re.compile(r'^\s*(?:@\w+\s+)?(?:public |package |internal |private )?import\s+(?:\w+\s+)?(\w+)')
TYPE = re.compile(
    r'^(?:@\w+(?:\([^)]*\))?\s+)*(?:public |package |open |final |indirect |nonisolated )*'
    r'(?:struct|class|enum|protocol|actor|typealias)\s+(\w+)')
WORD = re.compile(r'\b[A-Z]\w+\b')


def code(text):
    """The text without comments and the contents of strings; lines keep their numbers. Interpolations stay code."""
    text = re.sub(r'/\*.*?\*/', lambda match: '\n' * match.group().count('\n'), text, flags=re.S)
    text = re.sub(r'"""(.*?)"""', lambda match: '\n' * match.group().count('\n'), text, flags=re.S)
    result = []
    for line in text.split('\n'):
        line = re.sub(r'"(?:[^"\\]|\\[^(]|\\\([^"]*?\))*"', strip_string, line)
        result.append(line.split('//')[0])
    return result


def strip_string(match):
    return '"' + ' '.join(re.findall(r'\\\(([^"]*?)\)', match.group())) + '"'


def module_of(path):
    parts = path.relative_to(ROOT).parts
    return parts[1] if parts[0] == 'Sources' else None


def check_imports(path, lines):
    module = module_of(path)
    allowed = MAY_IMPORT.get(module, TOOLS_MAY_IMPORT) if module else TOOLS_MAY_IMPORT
    for number, line in enumerate(lines, 1):
        match = IMPORT.match(line)
        if match and match.group(1) in MODULES - allowed:
            name = module or 'tools'
            yield number, f'{name} must not import {match.group(1)}; it may import {", ".join(sorted(allowed)) or "none"}'


def check_pointers(path, lines):
    name = str(path.relative_to(ROOT))
    if name.startswith(MAY_POINT) or module_of(path) is None:
        return
    for number, line in enumerate(lines, 1):
        match = POINTER.search(line)
        if match:
            yield number, f'{match.group()} must stay in backends and loaders'
        match = KERNEL.search(line)
        if match:
            yield number, f'{match.group().rstrip("( ")} must be called by backends only'


def core_types(files):
    """Types by the folder of Core that declares them; names that several folders declare are left out."""
    folders = {}
    for path, lines in files.items():
        parts = path.relative_to(ROOT).parts
        if parts[:2] == ('Sources', 'Core') and len(parts) > 3:
            for line in lines:
                match = TYPE.match(line)
                if match:
                    folders.setdefault(match.group(1), set()).add(parts[2])
    return {name: next(iter(found)) for name, found in folders.items() if len(found) == 1}


def check_layers(path, lines, types, reported_folders):
    parts = path.relative_to(ROOT).parts
    if parts[:2] != ('Sources', 'Core') or len(parts) < 4:
        return
    folder = parts[2]
    ranks = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
    if folder not in ranks:
        if folder not in reported_folders:
            reported_folders.add(folder)
            yield 1, f'Core/{folder} has no place among the layers; give it one in tools/check_layers.py'
        return
    excepted = EXCEPTIONS.get(str(path.relative_to(ROOT)), set())
    strangers = next((group for group in STRANGERS if folder in group), set()) - {folder}
    for number, line in enumerate(lines, 1):
        for match in WORD.finditer(line):
            other = types.get(match.group())
            # A member of another type (`.Options`) is not the type of that name.
            if other is None or other not in ranks or match.group() in excepted or line[:match.start()].endswith('.'):
                continue
            if ranks[other] > ranks[folder] or other in strangers:
                yield number, f'Core/{folder} must not know Core/{other}, found {match.group()}'


def main():
    files = {
        path: code(path.read_text(encoding='utf-8'))
        for folder in ('Sources', 'tools') for path in sorted((ROOT / folder).rglob('*.swift'))
    }
    types = core_types(files)
    offences, reported_folders = [], set()
    for path, lines in files.items():
        for found in (check_imports(path, lines), check_pointers(path, lines), check_layers(path, lines, types, reported_folders)):
            offences += [(path.relative_to(ROOT), number, text) for number, text in found]
    for path, number, text in offences:
        print(f'{path}:{number}: {text}')
    print(f'{len(files)} files, {len(types)} types of Core, {len(offences)} offences', file=sys.stderr)
    return 1 if offences else 0


if __name__ == '__main__':
    sys.exit(main())
