"""The peers' side of a case: python peers.py PEER CASE BATCH

PEER is torch (NCHW), channels_last or onnx. Speaks as `bench serve` does: `ready`, then for every line N of standard
input the milliseconds of N repetitions; for `memory` the peak memory in MiB.
"""
import os
import resource
import sys
import tempfile
import time

THREADS = int(os.environ.get('MMSWIFT_NUM_THREADS', '2'))


def classifier(name):
    import torchvision
    return getattr(torchvision.models, name)()


def inference(peer, name, batch):
    import torch
    model, x = classifier(name).eval(), torch.randn(batch, 3, 224, 224)
    if peer == 'onnx':
        return onnx_inference(model, x)
    if peer == 'channels_last':
        model, x = model.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)

    def run():
        with torch.inference_mode():
            model(x)
    return run


def pspnet():
    """PSPNet with a ResNet-50 that begins with three 3x3 convolutions and keeps an eighth of the resolution."""
    import torch
    import torchvision
    from torch import nn

    def conv(a, b, kernel, stride=1):
        return nn.Sequential(nn.Conv2d(a, b, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(b), nn.ReLU(True))

    class PSPNet(nn.Module):
        def __init__(self):
            super().__init__()
            net = torchvision.models.resnet50(replace_stride_with_dilation=[False, True, True])
            self.backbone = nn.Sequential(conv(3, 32, 3, 2), conv(32, 32, 3), conv(32, 64, 3), net.maxpool, net.layer1,
                                          net.layer2, net.layer3, net.layer4)
            self.pools = nn.ModuleList(nn.Sequential(nn.AdaptiveAvgPool2d(s), conv(2048, 512, 1)) for s in (1, 2, 3, 6))
            self.head = nn.Sequential(conv(4096, 512, 3), nn.Conv2d(512, 19, 1))

        def forward(self, x):
            y = self.backbone(x)
            resize = nn.functional.interpolate
            parts = [resize(pool(y), y.shape[2:], mode='bilinear') for pool in self.pools]
            scores = self.head(torch.cat([y, *parts], 1))
            return resize(scores, x.shape[2:], mode='bilinear').softmax(1).argmax(1)
    return PSPNet()


def segmentation(peer):
    import torch
    model, x = pspnet().eval(), torch.randn(1, 3, 512, 1024)
    if peer == 'channels_last':
        model, x = model.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)

    def run():
        with torch.inference_mode():
            model(x)
    return run


def onnx_inference(model, x):
    import onnxruntime
    import torch
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'model.onnx')
        torch.onnx.export(model, (x,), path, input_names=['x'], dynamo=False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        session = onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
    feed = {'x': x.numpy()}
    return lambda: session.run(None, feed)


def training_step(peer, batch):
    import torch
    model, x = classifier('resnet50'), torch.randn(batch, 3, 224, 224)
    if peer == 'channels_last':
        model, x = model.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    labels = torch.arange(batch) * 37 % 1000
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9, weight_decay=1e-4)

    def run():
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()
    return run


def attention(images, tokens, width, heads):
    import torch
    from torch.nn.functional import scaled_dot_product_attention
    x = torch.randn(images, tokens, width, requires_grad=True)
    inward, outward = torch.nn.Linear(width, 3 * width), torch.nn.Linear(width, width)
    leaves = [x, *inward.parameters(), *outward.parameters()]

    def run():
        for leaf in leaves:
            leaf.grad = None
        q, k, v = inward(x).reshape(images, tokens, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
        y = scaled_dot_product_attention(q, k, v)
        outward(y.transpose(1, 2).reshape(images, tokens, width)).sum().backward()
    return run


def operation(peer, name):
    import torch
    F = torch.nn.functional

    def image(*shape):
        x = torch.randn(*shape)
        return x.contiguous(memory_format=torch.channels_last) if peer == 'channels_last' else x

    def quiet(call):
        def run():
            with torch.inference_mode():
                call()
        return run

    def depthwise_step(x, w):
        def run():
            a, b = x.detach().requires_grad_(), w.detach().requires_grad_()
            F.conv2d(a, b, padding=1, groups=144).sum().backward()
        return run

    if name == 'attention-vit':
        return attention(8, 197, 768, 12)
    if name == 'attention-swin':
        return attention(8 * 64, 49, 96, 3)
    if name == 'depthwise-step':
        return depthwise_step(image(8, 144, 56, 56), torch.randn(144, 1, 3, 3))
    x, w = {
        'layer_norm': lambda: (torch.randn(8, 3136, 96), torch.randn(96)),
        'gelu': lambda: (torch.randn(8, 3136, 384), None),
        'softmax': lambda: (torch.randn(8, 12, 197, 197), None),
        'depthwise': lambda: (image(8, 144, 56, 56), torch.randn(144, 1, 3, 3)),
        'bilinear': lambda: (image(1, 256, 65, 65), None),
        'bilinear-narrow': lambda: (image(1, 19, 64, 128), None),
    }[name]()
    return quiet({
        'layer_norm': lambda: F.layer_norm(x, (96,), w, w),
        'gelu': lambda: F.gelu(x),
        'softmax': lambda: F.softmax(x, -1),
        'depthwise': lambda: F.conv2d(x, w, padding=1, groups=144),
        'bilinear': lambda: F.interpolate(x, (129, 129), mode='bilinear'),
        'bilinear-narrow': lambda: F.interpolate(x, (512, 1024), mode='bilinear'),
    }[name])


def main():
    peer, name, batch = sys.argv[1], sys.argv[2], int(sys.argv[3])
    import torch
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    if name in ('resnet50', 'mobilenet_v2', 'swin_t'):
        run = inference(peer, name, batch)
    elif name == 'pspnet':
        run = segmentation(peer)
    elif name == 'resnet50-step':
        run = training_step(peer, batch)
    else:
        run = operation(peer, name)
    for _ in range(2):
        run()
    print('ready', flush=True)
    for line in sys.stdin:
        if line.strip() == 'memory':
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, flush=True)
            continue
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            run()
            times.append((time.perf_counter() - start) * 1e3)
        print(' '.join(f'{t:.4f}' for t in times), flush=True)


if __name__ == '__main__':
    main()
